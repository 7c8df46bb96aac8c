"""The conditions of a promotion that need no TLS report: evidence, MX hosts, mail authentication.

Every unmet condition is reported. A condition that could not be looked at is unmet.
"""

from __future__ import annotations

import datetime as dt
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from mtasts.addresses import is_global
from mtasts.clock import SKEW, minute
from mtasts.findings import printable
from mtasts.ledger.history import Ledger, enforces
from mtasts.mail_authentication import begins_dmarc, dkim_name, is_dkim, is_dmarc, is_spf
from mtasts.observations import NULL_MX, DnsStatus, SmtpOutcome
from mtasts.rulings import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mtasts.config import DomainConfig
    from mtasts.errors import UndeterminedError
    from mtasts.ledger.entries import LedgerError
    from mtasts.observations import DnsAnswer
    from mtasts.promotion.evidence import Evidence, EvidenceError, Session, Texts
    from mtasts.rulings import Ruling

    KnownLedger = Ledger | LedgerError | UndeterminedError

EVIDENCE_AGE = dt.timedelta(days=7)
_SHOWN_MAX = 20


def evidence_conditions(
    domain: DomainConfig,
    ledger: KnownLedger,
    mx: DnsAnswer,
    evidence: Evidence | EvidenceError | None,
    now: dt.datetime,
    *,
    is_local: bool,
) -> Iterator[Ruling]:
    """The unmet conditions of the evidence itself and of the MX hosts in it.

    The evidence must exist, be recent, be collected as senders look, have the MX set that DNS has
    now, and show a TLS session with a valid certificate at every MX host.
    """
    collect = f"mtasts gate collect {domain.name} --reports FOLDER, where port 25 is open"
    if evidence is None:
        fix = f"run {collect}, and commit the file that it writes"
        yield refusal("evidence-missing", "no evidence for enforce", fix)
        return
    if isinstance(evidence, Exception):
        text = f"the evidence cannot be used: {evidence}"
        yield refusal("evidence-unusable", text, f"run {collect}")
        return
    if evidence.vantage is None:
        yield refusal(
            "evidence-version",
            "the evidence is of version 1, which an earlier release wrote: it does not say how it "
            "was collected, nor which policy each report is about",
            f"run {collect}",
        )
    yield from _age(evidence, ledger, collect, now)
    if mx.settled and set(mx.mx_hosts) != set(evidence.mx):
        yield refusal(
            "evidence-mx-differs",
            f"the evidence is about other MX hosts: it has {_listed(evidence.mx)}, and DNS has "
            f"{_listed(mx.mx_hosts)}",
            f"run {collect}",
        )
    if not is_local:
        yield from _vantage(evidence, collect)
    yield from _hosts(domain.name, evidence, now)


def _age(
    evidence: Evidence, ledger: KnownLedger, collect: str, now: dt.datetime
) -> Iterator[Ruling]:
    age = now - evidence.collected
    if age > EVIDENCE_AGE:
        yield refusal(
            "evidence-old",
            f"the evidence of {minute(evidence.collected)} is older than {EVIDENCE_AGE.days} days",
            f"run {collect}",
        )
    if age < -SKEW:
        yield refusal(
            "evidence-future",
            f"the evidence is dated {minute(evidence.collected)}, which is not over yet",
            until=evidence.collected - SKEW,
        )
    demoted = _demoted_at(ledger) if isinstance(ledger, Ledger) else None
    if demoted is not None and evidence.collected <= demoted:
        yield refusal(
            "evidence-before-demotion",
            f"the evidence was collected at {minute(evidence.collected)}, before the domain went "
            f"back from enforce at {minute(demoted)}",
            f"run {collect}",
        )


def _demoted_at(ledger: Ledger) -> dt.datetime | None:
    """When the domain last went back from enforce to another mode; None if it never did."""
    steps = [
        later.at
        for before, later in pairwise(ledger.bodies)
        if enforces(before) and not enforces(later)
    ]
    return steps[-1] if steps else None


def _vantage(evidence: Evidence, collect: str) -> Iterator[Ruling]:
    """That the evidence was collected with public DNS, public addresses and the Mozilla roots."""
    changed = evidence.vantage.changed if evidence.vantage else ()
    if changed:
        shown = ", ".join(printable(each, 300) for each in changed[:_SHOWN_MAX])
        yield refusal(
            "evidence-vantage",
            f"the evidence was not collected the way senders see the domain: {shown}",
            f"run {collect}, outside a local cloud and without the options --resolver, --ca, "
            "--connect-to and --allow-private",
        )
    strays = sorted(
        {
            f"{printable(each.host, 253)} at {printable(each.address)}"
            for each in evidence.hosts
            if each.address and not is_global(each.address)
        }
    )
    if strays:
        yield refusal(
            "evidence-address-private",
            f"{', '.join(strays[:_SHOWN_MAX])}: senders cannot reach this address (RFC 6890)",
            f"publish public addresses for the MX host, and run {collect}, with a public resolver",
        )


def _hosts(name: str, evidence: Evidence, now: dt.datetime) -> Iterator[Ruling]:
    """That each MX host offers STARTTLS with a valid certificate at every reachable address."""
    sessions = sorted(evidence.hosts, key=lambda each: each.host)
    seen = {host: list(rows) for host, rows in groupby(sessions, key=lambda each: each.host)}
    for host in evidence.mx or (name,):
        if host == NULL_MX:
            continue
        rows = seen.get(host, [])
        if all(each.outcome is SmtpOutcome.NO_ROUTE for each in rows):
            why = printable("; ".join(sorted({each.reason for each in rows})), 200)
            yield refusal(
                "evidence-tls-unknown",
                f"{printable(host, 253)}: could not find out whether it offers STARTTLS: "
                f"{why or 'no session was tried'}",
            )
        for each in rows:
            yield from _session(each, now)


def _session(seen: Session, now: dt.datetime) -> Iterator[Ruling]:
    at = f" at {printable(seen.address)}" if seen.address else ""
    where = f"{printable(seen.host, 253)}{at}"
    match seen.outcome:
        case SmtpOutcome.TLS:
            if seen.expires is None:
                text = f"{where}: could not find out when its certificate expires"
                yield refusal("evidence-expiry-unknown", text)
            elif seen.expires <= now:
                text = f"{where}: its certificate expired at {minute(seen.expires)}"
                yield refusal("evidence-certificate-expired", text)
        case SmtpOutcome.NO_ROUTE:
            pass  # that machine had no route to the address family; the host is not at fault
        case SmtpOutcome.NO_STARTTLS | SmtpOutcome.CERTIFICATE_REFUSED | SmtpOutcome.TLS_FAILED:
            why = f"{seen.fault}: {seen.reason}" if seen.fault else seen.reason
            text = f"{where}: {seen.outcome}: {printable(why, 200)}"
            yield refusal("evidence-tls-failed", text)
        case _:
            why = f"{seen.outcome}: {seen.reason}"
            text = f"{where}: could not find out whether it offers STARTTLS: {printable(why, 200)}"
            yield refusal("evidence-tls-unknown", text)


def mail_authentication_conditions(domain: DomainConfig, evidence: Evidence) -> Iterator[Ruling]:
    """The unmet conditions of SPF, DKIM and DMARC: each must have one usable record."""
    yield from _records("spf", evidence.spf, is_spf, "RFC 7208 section 3")
    if not domain.dkim_selectors:
        text = "the domain's entry has no DKIM selector, so no DKIM key can be looked up"
        yield refusal("dkim-selectors-missing", text, "add dkimSelectors to the domain's entry")
    keys = {found.owner: found for found in evidence.dkim}
    for selector in domain.dkim_selectors:
        owner = dkim_name(selector, domain.name)
        if owner not in keys:
            text = f"the evidence has no look-up of the DKIM key {owner}"
            yield refusal(
                "dkim-not-collected", text, f"run mtasts gate collect {domain.name} again"
            )
        else:
            found = keys[owner]
            yield from _records("dkim", found, is_dkim, "RFC 6376 section 3.6.1")
    # The first name that has a DMARC record decides; the organizational domain comes after the
    # domain itself (RFC 7489 section 6.6.3).
    for found in evidence.dmarc:
        if found.status is DnsStatus.FAILED or any(map(begins_dmarc, found.records)):
            yield from _records("dmarc", found, is_dmarc, "RFC 7489 section 6.3")
            return
    publish = f"publish a TXT record at _dmarc.{domain.name} (RFC 7489 section 6.3)"
    yield refusal("dmarc-missing", "no DMARC record", publish)


def _records(
    kind: str, found: Texts, is_one: Callable[[str], bool], clause: str
) -> Iterator[Ruling]:
    count = sum(map(is_one, found.records))
    owner = printable(found.owner, 253)
    if found.status is DnsStatus.FAILED:
        why = printable(found.reason, 200)
        text = f"could not find out the {kind.upper()} record {owner}: {why}"
        yield refusal(f"{kind}-unknown", text)
    elif count != 1:
        seen = "no usable" if count == 0 else f"{count}"
        plural = "s" if count > 1 else ""
        text = f"{owner} has {seen} {kind.upper()} record{plural} ({clause})"
        yield refusal(f"{kind}-unusable", text)


def _listed(hosts: tuple[str, ...]) -> str:
    return ", ".join(printable(host, 253) for host in sorted(hosts)[:_SHOWN_MAX]) or "none"
