"""What is live of a domain, judged layer by layer: nothing stops at the first problem.

`mtasts.observe.observer` looks; here observations become findings, and what could not be found out
is told apart from good and bad. This module has the STS record; the other layers have one each.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mtasts.check.authentication import judge_authentication
from mtasts.check.host import judge_host
from mtasts.check.mx import judge_mx
from mtasts.check.notes import AGAIN, Checked, Notes
from mtasts.check.observed import dangling, loop_of
from mtasts.check.record import check_sts
from mtasts.check.reporting import judge_tlsrpt
from mtasts.check.row import Question
from mtasts.check.table import sts_record as checks
from mtasts.check.table.tlsrpt import TLSRPT_RECORD_CNAME_BESIDE
from mtasts.check.tls_details import judge_details
from mtasts.findings import ordered
from mtasts.records import join

if TYPE_CHECKING:
    import datetime as dt

    from mtasts.check.observed import Observed

# Senders may look for a new id daily (RFC 8461 section 5.1); a longer TTL delays even those.
_TTL_LONG = 86_400


def check_domain(seen: Observed, now: dt.datetime) -> Checked:
    """Judge every layer of ``seen``."""
    notes = Notes(seen.domain)
    id_ = _sts(seen, notes)
    has_policy = bool(id_) or any(each.status == 200 for each in seen.policy_host.fetches)
    policy = judge_host(seen, notes, now) if has_policy or _shows_mta_sts(seen) else None
    judge_mx(seen, notes, policy, now)
    judge_details(seen, notes)
    judge_tlsrpt(seen, notes, policy)
    judge_authentication(seen, notes)
    mode = str(policy.mode) if policy else ""
    findings, unknown = ordered(notes.findings), tuple(notes.unknown)
    return Checked(seen.domain, findings, unknown, mode, id_, _digest(seen))


def _digest(seen: Observed) -> str:
    bodies = {each.body for each in seen.policy_host.fetches if each.status == 200}
    return hashlib.sha256(*bodies).hexdigest() if len(bodies) == 1 else ""


def _shows_mta_sts(seen: Observed) -> bool:
    """Whether there is a sign of MTA-STS at all; without one its absence is one finding."""
    return bool(seen.records.sts.strings) or any(each.values for each in seen.policy_host.addresses)


def _sts(seen: Observed, notes: Notes) -> str:
    """The STS record; its id."""
    sts = seen.records.sts
    loop = loop_of(seen, sts.name)
    if loop:
        notes.find(checks.STS_RECORD_CNAME_LOOP, loop)
        return ""
    if not sts.settled:
        notes.not_known(Question.STS_RECORD, "the STS record", sts.reason, AGAIN)
        return ""
    report = check_sts(sts.strings)
    if target := dangling(sts):
        notes.find(checks.STS_RECORD_CNAME_DANGLING, target)
    elif sts.strings or seen.takes_mail:
        notes.findings += report.findings
    if sts.strings:
        if sts.canonical not in ("", sts.name):
            notes.find(checks.STS_RECORD_DELEGATED, sts.canonical)
        if sts.ttl_seconds > _TTL_LONG:
            notes.find(checks.STS_RECORD_TTL_LONG, f"{sts.ttl_seconds} s")
        if not sts.authenticated:
            notes.find(checks.STS_RECORD_DNSSEC)
    _aliases(seen, notes)
    if any(text.startswith(b"v=STSv1") for text in join(seen.records.apex.strings)):
        notes.find(checks.STS_RECORD_APEX, seen.domain)
    record = report.selection.record
    return record.id if record else ""


def _aliases(seen: Observed, notes: Notes) -> None:
    """A CNAME beside the record itself: resolvers that hold the one never see the other."""
    for answer, check, question in (
        (seen.records.sts, checks.STS_RECORD_CNAME_BESIDE, Question.STS_RECORD),
        (seen.records.tlsrpt, TLSRPT_RECORD_CNAME_BESIDE, Question.TLSRPT_RECORD),
    ):
        if not answer.strings or answer.canonical not in ("", answer.name):
            continue
        for alias in seen.records.aliases:
            if alias.name == answer.name and not alias.settled:
                what = f"whether a CNAME stands beside the record at {answer.name}"
                notes.not_known(question, what, alias.reason, AGAIN)
            elif alias.name == answer.name and alias.values:
                notes.find(check, alias.values[0])
