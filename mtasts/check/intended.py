"""What is live beside what a stack has published and intends: drift, and what senders hold.

Where a run would rule on the same, what is shown begins with the id of that ruling.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.check.notes import AGAIN, Unknown
from mtasts.check.row import Question
from mtasts.check.table import stack as checks
from mtasts.clock import minute
from mtasts.findings import ordered, printable
from mtasts.observations import NULL_MX
from mtasts.policy import Mode
from mtasts.records import select_sts, select_tlsrpt
from mtasts.rollout.handover import missing

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from mtasts.check.notes import Checked
    from mtasts.check.observed import Observed
    from mtasts.check.row import Check
    from mtasts.config import DomainConfig
    from mtasts.findings import Finding
    from mtasts.ledger.history import Ledger
    from mtasts.rollout.handover import RecordLookup

# Characters of evidence: two ids side by side, or the hosts of a whole MX set.
_EVIDENCE_MAX = 300


def compare_intended(
    checked: Checked, seen: Observed, domain: DomainConfig, ledger: Ledger, now: dt.datetime
) -> Checked:
    """``checked`` with what the stack's ledger and config say of it."""
    found = [*_drift(seen, domain, ledger), *_mx(seen, domain), *_held(seen, ledger, now)]
    return replace(checked, findings=ordered((*checked.findings, *found)))


def compare_handed(checked: Checked, lookups: Iterable[RecordLookup]) -> Checked:
    """``checked`` with what DNS has of the records that somebody else is to publish."""
    found, unknown = [], []
    for each in lookups:
        record, ruling = each.record, missing(each)
        if ruling is None:
            wanted = f"{record.owner} {record.type} {record.value}"
            found.append(_finding(checks.STACK_RECORD_LIVE, wanted))
        elif ruling.is_unknown:
            what = f"whether {record.owner} is published as handed out"
            why = f"[{ruling.id}] {printable(each.answer.reason)}"
            unknown.append(Unknown(Question.STACK_RECORD, what, why, AGAIN))
        else:
            row = checks.STACK_RECORD_DIFFERS if each.has_records else checks.STACK_RECORD_MISSING
            found.append(_finding(row, ruling.line))
    findings = ordered((*checked.findings, *found))
    return replace(checked, findings=findings, unknown=(*checked.unknown, *unknown))


def _drift(seen: Observed, domain: DomainConfig, ledger: Ledger) -> Iterator[Finding]:
    last = ledger.last_body
    record = select_sts(seen.records.sts.strings).record if seen.records.sts.settled else None
    if last is None:
        if record is not None:
            yield _finding(checks.STACK_FOREIGN, record.id)
        return
    parts = ledger.last_phase.phase.parts if ledger.last_phase is not None else None
    if not ledger.is_proven(last):
        yield _finding(checks.STACK_UNPROVEN, last.id)
    elif seen.records.sts.settled and (parts is None or parts.record.is_declared):
        live = record.id if record is not None else "none"
        if live != last.id:
            yield _finding(checks.STACK_ID_DIFFERS, f"DNS has {live}, the ledger {last.id}")
    for fetch in seen.policy_host.fetches:
        if fetch.status == 200 and fetch.body != last.body and ledger.is_proven(last):
            yield _finding(checks.STACK_BODY_DIFFERS, fetch.address)
    if not domain.parked and last.policy != domain.policy:
        yield _finding(checks.STACK_BEHIND, f"mode {domain.mode}, max_age {domain.max_age}")
    rua = select_tlsrpt(seen.records.tlsrpt.strings).record if seen.records.tlsrpt.settled else None
    if rua is not None and rua.rua != domain.tls_reports:
        yield _finding(checks.STACK_TLSRPT_DIFFERS, ",".join(rua.rua))


def _mx(seen: Observed, domain: DomainConfig) -> Iterator[Finding]:
    """Live MX hosts beside those of the file; a wildcard there stands for any."""
    live = [host for host in seen.mx.answer.mx_hosts if host != NULL_MX]
    if not seen.mx.answer.settled:
        return
    if domain.parked:
        if live:
            yield _finding(checks.STACK_PARKED_MX, ", ".join(live))
        return
    strangers = [host for host in live if not any(each.covers(host) for each in domain.mx)]
    unmatched_patterns = [str(each) for each in domain.mx if not any(map(each.covers, live))]
    if strangers or unmatched_patterns:
        parts = (("not in the file", strangers), ("not in DNS", unmatched_patterns))
        differences = [f"{what}: {', '.join(hosts)}" for what, hosts in parts if hosts]
        yield _finding(checks.STACK_MX_DIFFERS, "; ".join(differences))


def _held(seen: Observed, ledger: Ledger, now: dt.datetime) -> Iterator[Finding]:
    """Live MX hosts that an enforced policy misses which senders may still hold."""
    for body in ledger.may_be_held(now):
        policy = body.policy
        if policy is None or policy.mode is not Mode.ENFORCE:
            continue
        missed = [
            host for host in seen.mx.answer.mx_hosts if host != NULL_MX and not policy.covers(host)
        ]
        if missed:
            until = minute(ledger.held_until(body, now))
            yield _finding(
                checks.STACK_HELD_MISSES_MX, f"{', '.join(missed)}: {body.id} until {until}"
            )


def _finding(check: Check, evidence: str) -> Finding:
    return check.finding(evidence, limit=_EVIDENCE_MAX)
