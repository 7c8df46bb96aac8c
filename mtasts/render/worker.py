"""The Cloudflare Worker that serves one policy: its source and its name, from the policy alone.

The policy stands in the script itself: Workers KV is eventually consistent, for a minute and more,
and an id published meanwhile would name a body that not every place serves.
"""

from __future__ import annotations

import hashlib
import re

from mtasts.policy import POLICY_PATH
from mtasts.templating import render

MODULE = "worker.js"
# No later one than the oldest runtime that has to run it.
COMPATIBILITY_DATE = "2026-01-01"
_NAME_MAX = 63  # Cloudflare's limit for the name of a Worker
_DIGEST = 8


def worker_source(domain: str, body: bytes, cache_seconds: int) -> str:
    """The module that answers GET and HEAD of the policy's path, and nothing else (section 3.3).

    ``body`` is the policy's exact bytes, UTF-8; every other answer is 404 or 405.
    """
    return render(
        "worker.js",
        domain=domain,
        body=body.decode("utf-8"),
        cache_seconds=cache_seconds,
        path=POLICY_PATH,
    )


def worker_name(domain: str) -> str:
    """The Worker of ``domain`` (A-labels): no two domains share one.

    Dots become hyphens, which would make one name of ``a-b.example`` and ``a.b.example``; so a
    piece of the domain's hash is part of it.
    """
    digest = hashlib.sha256(domain.encode("ascii")).hexdigest()[:_DIGEST]
    room = _NAME_MAX - len("mta-sts--") - _DIGEST
    slug = "-".join(re.findall(r"[a-z0-9]+", domain))[:room].strip("-")
    return f"mta-sts-{slug}-{digest}"
