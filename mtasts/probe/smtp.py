"""SMTP to one address of one MX host: STARTTLS and the certificate (RFC 3207, RFC 8461 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtasts.observations import SmtpSession
    from mtasts.probe.reach import Reach


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message to hand over."""

    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message: ``accepted``, and over what kind of session."""

    session: SmtpSession
    accepted: bool
    reply: str = ""


async def look(
    reach: Reach, host: str, address: str, *, port: int = 25, deadline_seconds: float = 30.0
) -> SmtpSession:
    """Greet, ask for STARTTLS, judge the certificate, and leave; no message is sent."""
    raise NotImplementedError


async def deliver(
    reach: Reach,
    host: str,
    address: str,
    envelope: Envelope,
    *,
    require_tls: bool,
    port: int = 25,
    deadline_seconds: float = 60.0,
) -> Delivery:
    """Hand a message over; with ``require_tls`` only after STARTTLS with a good certificate.

    Without it, TLS is used where it is offered and its certificate is not insisted on, as senders
    do without a policy.
    """
    raise NotImplementedError
