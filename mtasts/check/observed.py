"""Everything there is to see of a domain: what the probes brought, put together.

`mtasts.observe.observer` fills it; the modules beside this one judge it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.observations import NULL_MX, DnsStatus

if TYPE_CHECKING:
    from mtasts.observations import ClientProfile, DnsAnswer, Fetch, Parsed, SmtpSession, TlsDetails


@dataclass(frozen=True, slots=True)
class ReverseDns:
    """What DNS calls an address (PTR), and where each of those names leads."""

    address: str
    names: DnsAnswer
    back: tuple[DnsAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class MxHost:
    """One MX host: its address look-ups, and what came of each address.

    ``profiles`` are sessions with other client profiles than the usual one, ``implicit`` handshakes
    on port 465 where port 25 gave none, ``tlsa`` its TLSA look-up (RFC 7672).
    """

    host: str
    addresses: tuple[DnsAnswer, ...]
    sessions: tuple[SmtpSession, ...] = ()
    profiles: tuple[tuple[ClientProfile, SmtpSession], ...] = ()
    tlsa: DnsAnswer | None = None
    reverse_dns: tuple[ReverseDns, ...] = ()
    implicit: tuple[Fetch, ...] = ()

    @property
    def has_no_address(self) -> bool:
        """Whether DNS said so of every type of address; a look-up that failed says nothing."""
        return all(each.settled and not each.values for each in self.addresses)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where reports are mailed to: the address, the MX of its domain, a session with the first."""

    uri: str
    domain: str
    mx: DnsAnswer
    session: SmtpSession | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where reports are posted to: how far a handshake with its host comes."""

    uri: str
    addresses: tuple[DnsAnswer, ...]
    fetch: Fetch | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was looked at; a look-up that did not end in time is a failed one.

    ``host`` are the address look-ups of the policy host, ``fetches`` one request an address,
    ``agents`` those that were made under a sender's own name, and ``profiles`` handshakes with
    other client profiles than the usual one. ``aliases`` are CNAME look-ups of the two records' own
    names, ``loops`` CNAME chains that come back, ``caa`` look-ups from the policy host upwards.
    ``patterns`` are look-ups of what the policy lists, ``revocations`` what says of certificates
    whether they were revoked, by address. ``details`` are of TLS, on demand. ``left_out`` counts MX
    hosts that were not looked at. ``private`` are those addresses of policy and MX hosts that
    nobody outside can reach (RFC 6890). ``dkim`` and ``dmarc`` are TXT look-ups, the latter from
    the domain upwards.
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
    profiles: tuple[tuple[ClientProfile, Fetch], ...] = ()
    aliases: tuple[DnsAnswer, ...] = ()
    loops: tuple[tuple[str, ...], ...] = ()
    caa: tuple[DnsAnswer, ...] = ()
    patterns: tuple[DnsAnswer, ...] = ()
    revocations: tuple[tuple[str, Fetch], ...] = ()
    details: tuple[TlsDetails, ...] = ()
    mx_hosts: tuple[MxHost, ...] = ()
    left_out: int = 0
    private: frozenset[str] = frozenset()
    mailboxes: tuple[Mailbox, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    dmarc: tuple[DnsAnswer, ...] = ()
    dkim: tuple[DnsAnswer, ...] = ()
    spf_parsed: Parsed | None = None
    dmarc_parsed: Parsed | None = None

    @property
    def takes_mail(self) -> bool:
        """False where a null MX says so (RFC 7505): nobody then asks for a policy."""
        return self.mx.mx_hosts != (NULL_MX,)

    @property
    def mail_hosts(self) -> tuple[str, ...]:
        """Who receives the mail: without MX records the domain itself (RFC 5321 section 5.1)."""
        if self.mx.status is DnsStatus.NO_DATA:
            return (self.domain,)
        return tuple(host for host in self.mx.mx_hosts if host != NULL_MX)


def dangling(answer: DnsAnswer) -> str:
    """Where the CNAME of a TXT look-up leads, if there is nothing there; else empty."""
    aliased = answer.settled and not answer.strings and answer.canonical not in ("", answer.name)
    return answer.canonical if aliased else ""


def loop_of(seen: Observed, name: str) -> str:
    """The CNAME chain from ``name`` that comes back to itself, as evidence; empty for none."""
    return next((" -> ".join(each) for each in seen.loops if each[0] == name), "")
