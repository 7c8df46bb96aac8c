"""HTML pages of one file each, without script, which load nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from mtasts import __version__
from mtasts.clock import minute
from mtasts.templating import render

if TYPE_CHECKING:
    import datetime as dt


def page(name: str, at: dt.datetime, **values: object) -> str:
    """The page of the template ``name``, with the time ``at``.

    The page's content security policy allows the page's own style by its hash, and nothing else.
    """
    digest = hashlib.sha256(render("page.css").encode()).digest()
    return render(
        name,
        style_hash=f"sha256-{base64.b64encode(digest).decode()}",
        version=__version__,
        date=minute(at),
        **values,
    )
