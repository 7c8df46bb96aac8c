"""The gates of a promotion: what has to be known before senders are told to refuse.

Judged where a body that senders have, or may have got since, does not enforce, and the next one
does. Every unmet condition is told; what could not be found out is unmet. A move the other way
passes no gate.
"""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import TYPE_CHECKING

from mtasts.config.model import Waiver
from mtasts.findings import printable
from mtasts.mail_authentication import begins_dmarc, dkim_name, is_dkim, is_dmarc, is_spf
from mtasts.observations import NULL_MX, DnsStatus, SmtpOutcome
from mtasts.policy import Mode
from mtasts.rollout.dates import minute
from mtasts.rollout.ledger import enforces
from mtasts.rollout.waivers import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mtasts.config import DomainConfig
    from mtasts.observations import DnsAnswer
    from mtasts.rollout.evidence import Evidence, EvidenceError, Session, Texts
    from mtasts.rollout.ledger import Ledger

EVIDENCE_AGE = dt.timedelta(days=7)
REPORT_DAYS = 14
# Small domains get no report on a day without mail, so the days need not follow one another.
REPORT_WINDOW = dt.timedelta(days=60)
REPORTERS = 2
CLEAN = dt.timedelta(days=7)
_SKEW = dt.timedelta(hours=1)
_SHOWN_MAX = 5
_EVIDENCE = frozenset({Waiver.EVIDENCE})


def is_promotion(domain: DomainConfig, ledger: Ledger, live_id: str | None = None) -> bool:
    """Whether ``domain`` asks to be enforced, and was not all the time since the published body.

    ``live_id`` is what the STS record says, where that is known and ours to write. So an attempt
    at another mode that ended before its proof counts: senders may have got its body.
    """
    if domain.parked or domain.mode is not Mode.ENFORCE:
        return False
    since = ledger.in_force_since(live_id)
    return not since or not all(map(enforces, since))


def unmet(
    domain: DomainConfig,
    mx: DnsAnswer,
    evidence: Evidence | EvidenceError | None,
    now: dt.datetime,
) -> Iterator[Condition]:
    """Every condition that keeps ``domain`` from being promoted, with what may let it past.

    ``evidence`` is None where there is no file.
    """
    for text in _evidence(domain, mx, evidence, now):
        yield Condition(text, _EVIDENCE)
    if evidence is None or isinstance(evidence, Exception):
        return
    for text in _mail_authentication(domain, evidence):
        yield Condition(text, _EVIDENCE | {Waiver.MAIL_AUTHENTICATION})
    for text in _reports(evidence):
        yield Condition(text, _EVIDENCE | {Waiver.REPORTS})


def _evidence(
    domain: DomainConfig,
    mx: DnsAnswer,
    evidence: Evidence | EvidenceError | None,
    now: dt.datetime,
) -> Iterator[str]:
    """That it is there, fresh and for this MX set, and that every host offers TLS."""
    collect = f"mtasts gate collect {domain.name}, where port 25 is open"
    if evidence is None:
        yield f"no evidence for enforce: run {collect}, and commit what it writes"
        return
    if isinstance(evidence, Exception):
        yield f"the evidence cannot be used: {evidence}: run {collect}"
        return
    yield from _age(evidence, collect, now)
    if mx.settled and set(mx.mx_hosts) != set(evidence.mx):
        yield (
            f"the evidence is for another MX set: it saw {_listed(evidence.mx)}, and DNS has "
            f"{_listed(mx.mx_hosts)}: run {collect}"
        )
    yield from _hosts(domain.name, evidence, now)


def _age(evidence: Evidence, collect: str, now: dt.datetime) -> Iterator[str]:
    age = now - evidence.collected
    if age > EVIDENCE_AGE:
        yield (
            f"the evidence of {minute(evidence.collected)} is older than {EVIDENCE_AGE.days} "
            f"days: run {collect}"
        )
    if age < -_SKEW:
        yield f"the evidence is dated {minute(evidence.collected)}, which is not over yet"


def _hosts(name: str, evidence: Evidence, now: dt.datetime) -> Iterator[str]:
    """Each MX host: STARTTLS at every address that can be reached from there, with a good name."""
    sessions = sorted(evidence.hosts, key=lambda each: each.host)
    seen = {host: list(rows) for host, rows in groupby(sessions, key=lambda each: each.host)}
    for host in evidence.mx or (name,):
        if host == NULL_MX:
            continue
        rows = seen.get(host, [])
        if all(each.outcome is SmtpOutcome.NO_ROUTE for each in rows):
            why = printable("; ".join(sorted({each.reason for each in rows})), 200)
            yield (
                f"{printable(host, 253)}: could not find out whether it offers TLS: "
                f"{why or 'it was not asked'}"
            )
        for each in rows:
            yield from _session(each, now)


def _session(seen: Session, now: dt.datetime) -> Iterator[str]:
    where = f"{printable(seen.host, 253)} at {printable(seen.address)}"
    match seen.outcome:
        case SmtpOutcome.TLS:
            if seen.expires is None:
                yield f"{where}: could not find out when its certificate expires"
            elif seen.expires <= now:
                yield f"{where}: its certificate expired at {minute(seen.expires)}"
        case SmtpOutcome.NO_ROUTE:
            pass  # an address family that the machine lacks says nothing of the host
        case SmtpOutcome.NO_STARTTLS | SmtpOutcome.CERTIFICATE_REFUSED | SmtpOutcome.TLS_FAILED:
            why = f"{seen.fault}: {seen.reason}" if seen.fault else seen.reason
            yield f"{where}: {seen.outcome}: {printable(why, 200)}"
        case _:
            why = f"{seen.outcome}: {seen.reason}"
            yield f"{where}: could not find out whether it offers TLS: {printable(why, 200)}"


def _mail_authentication(domain: DomainConfig, evidence: Evidence) -> Iterator[str]:
    """SPF, DKIM and DMARC in place: a domain that can be forged gains little from MTA-STS."""
    yield from _records("SPF", evidence.spf, is_spf, "RFC 7208 section 3")
    if not domain.dkim_selectors:
        yield "no DKIM key can be looked up: add dkimSelectors to the domain"
    keys = {found.owner: found for found in evidence.dkim}
    for selector in domain.dkim_selectors:
        owner = dkim_name(selector, domain.name)
        if owner not in keys:
            yield f"the evidence does not tell of the DKIM key {owner}: collect it again"
        else:
            found = keys[owner]
            yield from _records("DKIM", found, is_dkim, "RFC 6376 section 3.6.1")
    # The nearest name above that has one speaks for those below (RFC 7489 section 6.6.3).
    for found in evidence.dmarc:
        if found.status is DnsStatus.FAILED or any(map(begins_dmarc, found.records)):
            yield from _records("DMARC", found, is_dmarc, "RFC 7489 section 6.3")
            return
    yield f"no DMARC record: publish _dmarc.{domain.name} TXT (RFC 7489 section 6.3)"


def _records(kind: str, found: Texts, is_one: Callable[[str], bool], clause: str) -> Iterator[str]:
    count = sum(map(is_one, found.records))
    owner = printable(found.owner, 253)
    if found.status is DnsStatus.FAILED:
        yield f"could not find out the {kind} record {owner}: {printable(found.reason, 200)}"
    elif count != 1:
        seen = "no usable" if count == 0 else f"{count}"
        yield f"{owner} has {seen} {kind} record{'s' if count > 1 else ''} ({clause})"


def _reports(evidence: Evidence) -> Iterator[str]:
    """Enough days, enough reporters, and nothing that failed and nobody explained."""
    reports, newest = evidence.reports, evidence.collected.date()
    recent = {
        each.name: [day for day in each.days if newest - REPORT_WINDOW <= day <= newest]
        for each in reports.reporters
    }
    names = sorted(name for name, days in recent.items() if days)
    days = {day for each in recent.values() for day in each}
    if len(days) < REPORT_DAYS:
        yield (
            f"TLS reports of {len(days)} days in the last {REPORT_WINDOW.days}: enforce needs "
            f"{REPORT_DAYS} (RFC 8460)"
        )
    if len(names) < REPORTERS:
        said = ", ".join(printable(name) for name in names) or "nobody"
        yield f"TLS reports come from {said}: enforce needs {REPORTERS} reporters or more"
    since = newest - CLEAN
    if days and max(days) < since:
        yield f"the newest TLS report is of {max(days)}: nothing is known of the days since"
    unexplained = [
        each
        for each in reports.failures
        if each.day >= since and not any(why.explains(each) for why in evidence.explained)
    ]
    for each in unexplained[:_SHOWN_MAX]:
        yield (
            f"{printable(each.reporter)} reports {each.count} failed sessions on {each.day}: "
            f"{printable(each.result_type)}{f' at {printable(each.mx, 253)}' if each.mx else ''}: "
            f"mend it, or explain it: mtasts gate collect --explain"
        )
    if len(unexplained) > _SHOWN_MAX:
        yield f"and {len(unexplained) - _SHOWN_MAX} more rows of failures that nobody explained"


def _listed(hosts: tuple[str, ...]) -> str:
    return ", ".join(printable(host, 253) for host in sorted(hosts)[:20]) or "none"
