"""What is live of a domain, judged layer by layer: nothing stops at the first problem.

`mtasts.checking` looks; here observations become findings, and what could not be found out is told
apart from good and bad.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtasts.check.domain_catalogue import CATALOGUE
from mtasts.check.policy import check_policy
from mtasts.check.record import check_sts, check_tlsrpt
from mtasts.findings import Finding, ordered, printable
from mtasts.mail_authentication import begins_dmarc, is_dkim, is_dmarc, is_spf
from mtasts.observations import NULL_MX, CertificateFault, DnsStatus, FetchOutcome, SmtpOutcome
from mtasts.policy import Mode
from mtasts.records import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtasts.observations import DnsAnswer, Fetch, SmtpSession
    from mtasts.policy import Policy

_EXPIRING = dt.timedelta(days=14)
_TTL_LONG = 86_400
_AGE = re.compile(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_ELSEWHERE = "ask again from a network that has a way there"
_PORT_25 = "ask from a host whose port 25 is open to the outside, such as a mail relay"


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be found out, why, and how to find out."""

    id: str
    what: str
    reason: str
    how: str


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


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings on one domain, the gravest first, and what could not be found out."""

    domain: str
    findings: tuple[Finding, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    mode: str = ""
    id: str = ""


def finding(code: str, evidence: str = "", *, limit: int = 120) -> Finding:
    """The finding of the catalogue row ``code``, its evidence cut at ``limit`` characters."""
    severity, clause, summary, fix, _ = CATALOGUE[code]
    return Finding(code, severity, summary, clause, printable(evidence, limit), fix)


@dataclass(slots=True)
class _Notes:
    """Collects; every layer adds to it."""

    domain: str
    findings: list[Finding] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def find(self, code: str, evidence: str = "") -> None:
        found = finding(code, evidence)
        self.findings.append(replace(found, fix=found.fix.replace("<domain>", self.domain)))

    def ask(self, id_: str, what: str, reason: str, how: str) -> None:
        self.unknown.append(Unknown(id_, what, printable(reason, 300), how))


def check_domain(seen: Observed, now: dt.datetime) -> Checked:
    """Judge every layer of ``seen``."""
    notes = _Notes(seen.domain)
    id_ = _sts(seen, notes)
    has_policy = bool(id_) or any(each.status == 200 for each in seen.fetches)
    policy = _host(seen, notes, now) if has_policy or _is_there(seen) else None
    _mx(seen, notes, policy, now)
    _tlsrpt(seen, notes, policy)
    _authentication(seen, notes)
    mode = str(policy.mode) if policy else ""
    return Checked(seen.domain, ordered(notes.findings), tuple(notes.unknown), mode, id_)


def _is_there(seen: Observed) -> bool:
    """Whether there is a sign of MTA-STS at all; without one its absence is one finding."""
    return bool(seen.sts.strings) or any(each.values for each in seen.host)


def _sts(seen: Observed, notes: _Notes) -> str:
    """The STS record; its id."""
    if not seen.sts.settled:
        notes.ask("sts-record", "the STS record", seen.sts.reason, "ask DNS again")
        return ""
    report = check_sts(seen.sts.strings)
    notes.findings += report.findings if seen.sts.strings or seen.takes_mail else ()
    if seen.sts.strings:
        if seen.sts.canonical not in ("", seen.sts.name):
            notes.find("sts-record-delegated", seen.sts.canonical)
        if seen.sts.ttl_seconds > _TTL_LONG:
            notes.find("sts-record-ttl-long", f"{seen.sts.ttl_seconds} s")
        if not seen.sts.authenticated:
            notes.find("sts-record-dnssec")
    if any(text.startswith(b"v=STSv1") for text in join(seen.apex.strings)):
        notes.find("sts-record-apex", seen.domain)
    record = report.selection.record
    return record.id if record else ""


def _host(seen: Observed, notes: _Notes, now: dt.datetime) -> Policy | None:
    """The policy host, and the policy that it serves."""
    if not _host_addresses(seen, notes):
        return None
    for fetch in seen.fetches:
        _fetch(fetch, notes, now)
    for agent, fetch in seen.agents:
        first = next((each for each in seen.fetches if each.address == fetch.address), fetch)
        if (first.outcome, first.status) != (fetch.outcome, fetch.status):
            notes.find("host-agent-blocked", f"{agent}: {_said(fetch)}")
    bodies = dict.fromkeys(each.body for each in seen.fetches if each.status == 200)
    if len(bodies) > 1:
        notes.find("host-bodies-differ", f"{len(bodies)} bodies")
    if not bodies:
        return None
    hosts = [host for host in seen.mx.mx_hosts if host != NULL_MX]
    report = check_policy(next(iter(bodies)), domain=seen.domain, mx=hosts)
    notes.findings += report.findings
    return report.policy


def _host_addresses(seen: Observed, notes: _Notes) -> bool:
    """What leads to the policy host; whether it may have been asked."""
    failed = [each for each in seen.host if not each.settled]
    for each in failed:
        what = f"the {each.type} records of {each.name}"
        notes.ask("host-address", what, each.reason, "ask DNS again")
    aliased = ", ".join(sorted({each.canonical for each in seen.host} - {"", seen.host[0].name}))
    if not failed and not any(each.values for each in seen.host):
        notes.find("host-cname-dangling" if aliased else "host-missing", aliased)
        return False
    if aliased:
        notes.find("host-cname", aliased)
    v4, v6 = seen.host
    if v4.values and v6.settled and not v6.values:
        notes.find("host-ipv6-missing")
    return True


_FETCHED = {
    FetchOutcome.CONNECT_FAILED: "host-unreachable",
    FetchOutcome.TLS_FAILED: "host-tls-failed",
    FetchOutcome.CERTIFICATE_REFUSED: "host-certificate-refused",
    FetchOutcome.HTTP_MALFORMED: "host-malformed",
    FetchOutcome.TOO_LARGE: "host-too-large",
}


def _fetch(fetch: Fetch, notes: _Notes, now: dt.datetime) -> None:
    """One answer of one address."""
    if fetch.outcome in (FetchOutcome.NO_ROUTE, FetchOutcome.TIMED_OUT):
        what = f"what https://{fetch.host} serves at {fetch.address}"
        notes.ask("host-fetch", what, _said(fetch), _ELSEWHERE)
        return
    if fetch.outcome in _FETCHED:
        notes.find(_FETCHED[fetch.outcome], f"{fetch.address}: {_said(fetch)}")
    elif 300 <= fetch.status < 400:
        notes.find("host-redirect", f"{fetch.address}: {fetch.status} {fetch.header('location')}")
    elif fetch.status == 404:
        notes.find("host-not-found", fetch.address)
    elif fetch.status != 200:
        notes.find("host-status", f"{fetch.address}: {fetch.status}")
    else:
        if fetch.media_type != "text/plain":
            notes.find("host-media-type", f"{fetch.address}: {fetch.media_type or 'none'}")
        age = _AGE.search(fetch.header("cache-control"))
        if age and int(age[1]) > _TTL_LONG:
            notes.find("host-cache-long", f"{fetch.address}: {fetch.header('cache-control')}")
    if fetch.expires is not None and fetch.expires - now < _EXPIRING:
        notes.find("host-certificate-expiring", f"{fetch.address}: {fetch.expires:%Y-%m-%d %H:%M}")


def _said(fetch: Fetch) -> str:
    return fetch.reason or f"{fetch.outcome} {fetch.status or ''}".strip()


def _mx(seen: Observed, notes: _Notes, policy: Policy | None, now: dt.datetime) -> None:
    """The MX records, and every address of every host."""
    if not seen.mx.settled:
        notes.ask("mx", f"the MX records of {seen.domain}", seen.mx.reason, "ask DNS again")
        return
    hosts = seen.mx.mx_hosts
    if seen.mx.status is DnsStatus.NXDOMAIN:
        notes.find("mx-domain-missing", seen.domain)
    elif hosts == (NULL_MX,):
        if policy is not None and policy.mode is not Mode.NONE:
            notes.find("mx-null")
    elif NULL_MX in hosts:
        notes.find("mx-null-beside", ", ".join(hosts))
    elif not hosts:
        notes.find("mx-implicit")
    if seen.left_out:
        notes.find("mx-many", f"{seen.left_out} were not looked at")
    for each in seen.mx_hosts:
        _mx_host(each, notes, now)


def _mx_host(found: MxHost, notes: _Notes, now: dt.datetime) -> None:
    failed = [each for each in found.addresses if not each.settled]
    for each in failed:
        what = f"the {each.type} records of {found.host}"
        notes.ask("mx-address", what, each.reason, "ask DNS again")
    aliased = {each.canonical for each in found.addresses} - {"", found.host}
    if aliased:
        notes.find("mx-cname", f"{found.host} is {', '.join(sorted(aliased))}")
    if not failed and not any(each.values for each in found.addresses):
        notes.find("mx-no-address", found.host)
    for session in found.sessions:
        _session(session, notes, now)


_FAULTS = {
    CertificateFault.EXPIRED: "mx-certificate-expired",
    CertificateFault.HOST_MISMATCH: "mx-certificate-mismatch",
    CertificateFault.NOT_TRUSTED: "mx-certificate-untrusted",
}


def _session(session: SmtpSession, notes: _Notes, now: dt.datetime) -> None:
    where = f"{session.host} at {session.address}"
    match session.outcome:
        case SmtpOutcome.TLS:
            if session.expires is not None and session.expires - now < _EXPIRING:
                until = f"{session.expires:%Y-%m-%d %H:%M}"
                notes.find("mx-certificate-expiring", f"{where}: {until}")
        case SmtpOutcome.NO_STARTTLS:
            notes.find("mx-starttls-missing", where)
        case SmtpOutcome.TLS_FAILED:
            notes.find("mx-tls-failed", f"{where}: {session.reason}")
        case SmtpOutcome.CERTIFICATE_REFUSED:
            code = "mx-certificate-invalid"
            if session.fault is not None:
                code = _FAULTS.get(session.fault, code)
            notes.find(code, f"{where}: {session.reason}")
        case _:
            what = f"whether {where} offers TLS"
            notes.ask("mx-session", what, f"{session.outcome}: {session.reason}", _PORT_25)


def _tlsrpt(seen: Observed, notes: _Notes, policy: Policy | None) -> None:
    if not seen.tlsrpt.settled:
        notes.ask("tlsrpt-record", "the TLS-RPT record", seen.tlsrpt.reason, "ask DNS again")
    elif seen.tlsrpt.strings or seen.takes_mail:
        notes.findings += check_tlsrpt(seen.tlsrpt.strings).findings
        if seen.tlsrpt.strings and seen.tlsrpt.canonical not in ("", seen.tlsrpt.name):
            notes.find("tlsrpt-record-delegated", seen.tlsrpt.canonical)
    if seen.legacy.strings:
        notes.find("tlsrpt-record-legacy")
    if any(text.startswith(b"v=TLSRPTv1") for text in join(seen.apex.strings)):
        notes.find("tlsrpt-record-apex", seen.domain)
    locked = [each for each in seen.mailboxes if each.domain == seen.domain]
    for each in seen.mailboxes:
        if not each.mx.settled:
            what = f"whether {each.domain} takes reports"
            notes.ask("tlsrpt-mailbox", what, each.mx.reason, "ask DNS again")
        elif each.mx.status is DnsStatus.NXDOMAIN or each.mx.mx_hosts == (NULL_MX,):
            notes.find("tlsrpt-mailbox-lost", each.uri)
    if locked and len(locked) == len(seen.mailboxes) and policy and policy.mode is Mode.ENFORCE:
        notes.find("tlsrpt-mailbox-locked", locked[0].uri)


def _authentication(seen: Observed, notes: _Notes) -> None:
    """SPF, DKIM and DMARC, as far as a gate would ask for them."""
    if not seen.takes_mail:
        return
    if not seen.apex.settled:
        notes.ask("spf", f"the SPF record of {seen.domain}", seen.apex.reason, "ask DNS again")
    else:
        records = list(filter(is_spf, _texts(seen.apex)))
        if len(records) != 1:
            notes.find("spf-multiple" if records else "spf-missing", " | ".join(records))
    for each in seen.dkim:
        if not each.settled:
            notes.ask("dkim", f"the DKIM key {each.name}", each.reason, "ask DNS again")
        elif not any(map(is_dkim, _texts(each))):
            notes.find("dkim-missing", each.name)
    _dmarc(seen.dmarc, notes)


def _dmarc(answers: Iterable[DnsAnswer], notes: _Notes) -> None:
    for each in answers:
        if not each.settled:
            notes.ask("dmarc", f"the DMARC record {each.name}", each.reason, "ask DNS again")
            return
        records = list(filter(begins_dmarc, _texts(each)))
        if records:
            if len(records) > 1 or not is_dmarc(records[0]):
                notes.find("dmarc-malformed", " | ".join(records))
            return
    notes.find("dmarc-missing")


def _texts(answer: DnsAnswer) -> Iterator[str]:
    for text in join(answer.strings):
        yield text.decode("utf-8", "replace")
