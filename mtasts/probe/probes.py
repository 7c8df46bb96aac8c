"""The functions that connect to live hosts, as one value that a caller passes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.probe import https, smtp

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from mtasts.observations import Delivery, Fetch, SmtpSession


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of a policy host and of an MX host; by default they go out to them."""

    fetch: Callable[..., Coroutine[Any, Any, Fetch]] = https.fetch
    greet: Callable[..., Coroutine[Any, Any, Fetch]] = https.greet
    look: Callable[..., Coroutine[Any, Any, SmtpSession]] = smtp.look
    deliver: Callable[..., Coroutine[Any, Any, Delivery]] = smtp.deliver


LIVE = Probes()
