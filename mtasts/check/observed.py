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
class RecordsSeen:
    """TXT look-ups: the two records, the one of an old draft, and the domain's own name.

    ``aliases`` are CNAME look-ups of the two records' own names, ``loops`` CNAME chains that come
    back, those of the policy host among them.
    """

    sts: DnsAnswer
    tlsrpt: DnsAnswer
    legacy: DnsAnswer
    apex: DnsAnswer
    aliases: tuple[DnsAnswer, ...] = ()
    loops: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyHostSeen:
    """The policy host: its address look-ups, and what came of each address.

    ``fetches`` are one request an address, ``agents`` those that were made under a sender's own
    name, ``profiles`` handshakes with other client profiles than the usual one. ``caa`` are
    look-ups from the policy host upwards, ``patterns`` those of what the policy lists.
    """

    addresses: tuple[DnsAnswer, ...]
    fetches: tuple[Fetch, ...] = ()
    agents: tuple[tuple[str, Fetch], ...] = ()
    profiles: tuple[tuple[ClientProfile, Fetch], ...] = ()
    caa: tuple[DnsAnswer, ...] = ()
    patterns: tuple[DnsAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class MxSeen:
    """The MX look-up, and its hosts; ``left_out`` counts those that were not looked at."""

    answer: DnsAnswer
    hosts: tuple[MxHost, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ReportingSeen:
    """Where the TLS-RPT record has reports sent to."""

    mailboxes: tuple[Mailbox, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthenticationSeen:
    """TXT look-ups of DKIM keys, and of DMARC from the domain upwards; what parsers say of records.

    The SPF record is a TXT record of the domain's own name.
    """

    dkim: tuple[DnsAnswer, ...] = ()
    dmarc: tuple[DnsAnswer, ...] = ()
    spf_parsed: Parsed | None = None
    dmarc_parsed: Parsed | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was looked at; a look-up that did not end in time is a failed one.

    Of policy host and MX hosts alike: ``revocations`` says of certificates whether they were
    revoked, by URL; ``details`` are of TLS, on demand; ``private`` are addresses that nobody
    outside can reach (RFC 6890).
    """

    domain: str
    records: RecordsSeen
    policy_host: PolicyHostSeen
    mx: MxSeen
    reporting: ReportingSeen = ReportingSeen()
    authentication: AuthenticationSeen = AuthenticationSeen()
    revocations: tuple[tuple[str, Fetch], ...] = ()
    details: tuple[TlsDetails, ...] = ()
    private: frozenset[str] = frozenset()

    @property
    def takes_mail(self) -> bool:
        """False where a null MX says so (RFC 7505): nobody then asks for a policy."""
        return self.mx.answer.mx_hosts != (NULL_MX,)

    @property
    def mail_hosts(self) -> tuple[str, ...]:
        """Who receives the mail: without MX records the domain itself (RFC 5321 section 5.1)."""
        if self.mx.answer.status is DnsStatus.NO_DATA:
            return (self.domain,)
        return tuple(host for host in self.mx.answer.mx_hosts if host != NULL_MX)


def dangling(answer: DnsAnswer) -> str:
    """Where the CNAME of a TXT look-up leads, if there is nothing there; else empty."""
    aliased = answer.settled and not answer.strings and answer.canonical not in ("", answer.name)
    return answer.canonical if aliased else ""


def loop_of(seen: Observed, name: str) -> str:
    """The CNAME chain from ``name`` that comes back to itself, as evidence; empty for none."""
    return next((" -> ".join(each) for each in seen.records.loops if each[0] == name), "")
