"""Everything there is to see of a domain: what the probes brought, put together.

`mtasts.checking` fills it; the modules beside this one judge it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.observations import NULL_MX

if TYPE_CHECKING:
    from mtasts.observations import DnsAnswer, Fetch, SmtpSession


@dataclass(frozen=True, slots=True)
class MxHost:
    """One MX host: its address look-ups, and a session with each address."""

    host: str
    addresses: tuple[DnsAnswer, ...]
    sessions: tuple[SmtpSession, ...] = ()


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where reports are mailed to: the address, and the MX of its domain."""

    uri: str
    domain: str
    mx: DnsAnswer


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was looked at; a look-up that did not end in time is a failed one.

    ``host`` are the address look-ups of the policy host, ``fetches`` one request an address, and
    ``agents`` those that were made under a sender's own name. ``left_out`` counts MX hosts that
    were not looked at. ``dkim`` and ``dmarc`` are TXT look-ups, the latter from the domain upwards.
    """

    domain: str
    sts: DnsAnswer
    tlsrpt: DnsAnswer
    legacy: DnsAnswer
    apex: DnsAnswer
    mx: DnsAnswer
    host: tuple[DnsAnswer, ...]
    fetches: tuple[Fetch, ...] = ()
    agents: tuple[tuple[str, Fetch], ...] = ()
    mx_hosts: tuple[MxHost, ...] = ()
    left_out: int = 0
    mailboxes: tuple[Mailbox, ...] = ()
    dmarc: tuple[DnsAnswer, ...] = ()
    dkim: tuple[DnsAnswer, ...] = ()

    @property
    def takes_mail(self) -> bool:
        """False where a null MX says so (RFC 7505): nobody then asks for a policy."""
        return self.mx.mx_hosts != (NULL_MX,)
