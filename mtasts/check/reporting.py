"""The TLS-RPT record, and where reports go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.check.notes import AGAIN, ELSEWHERE, PORT_25
from mtasts.check.observed import dangling, loop_of
from mtasts.check.record import check_tlsrpt
from mtasts.check.row import Question
from mtasts.check.table import tlsrpt as checks
from mtasts.observations import NULL_MX, DnsStatus, FetchOutcome, SmtpOutcome
from mtasts.policy import Mode
from mtasts.records import join

if TYPE_CHECKING:
    from mtasts.check.notes import Notes
    from mtasts.check.observed import Endpoint, Mailbox, Observed
    from mtasts.policy import Policy

_SILENT = (SmtpOutcome.CONNECT_FAILED, SmtpOutcome.NO_ROUTE, SmtpOutcome.TIMED_OUT)


def judge_tlsrpt(seen: Observed, notes: Notes, policy: Policy | None) -> None:
    """Judge the record, and whether reports would arrive."""
    _record(seen, notes)
    for endpoint in seen.reporting.endpoints:
        _endpoint(endpoint, notes)
    for mailbox in seen.reporting.mailboxes:
        _mailbox(mailbox, notes)
    locked = [each for each in seen.reporting.mailboxes if each.domain == seen.domain]
    if (
        locked
        and len(locked) == len(seen.reporting.mailboxes)
        and policy
        and policy.mode is Mode.ENFORCE
    ):
        notes.find(checks.TLSRPT_MAILBOX_LOCKED, locked[0].uri)


def _record(seen: Observed, notes: Notes) -> None:
    """The record, at its own place and at others."""
    records, tlsrpt = seen.records, seen.records.tlsrpt
    loop = loop_of(seen, tlsrpt.name)
    if loop:
        notes.find(checks.TLSRPT_RECORD_CNAME_LOOP, loop)
    elif not tlsrpt.settled:
        notes.not_known(Question.TLSRPT_RECORD, "the TLS-RPT record", tlsrpt.reason, AGAIN)
    elif target := dangling(tlsrpt):
        notes.find(checks.TLSRPT_RECORD_CNAME_DANGLING, target)
    elif tlsrpt.strings or seen.takes_mail:
        notes.findings += check_tlsrpt(tlsrpt.strings).findings
        if tlsrpt.strings and tlsrpt.canonical not in ("", tlsrpt.name):
            notes.find(checks.TLSRPT_RECORD_DELEGATED, tlsrpt.canonical)
    if not records.legacy.settled:
        what = f"whether a record stands at {records.legacy.name}"
        notes.not_known(Question.TLSRPT_RECORD, what, records.legacy.reason, AGAIN)
    # A wildcard answers there too, with whatever it says.
    if any(text.startswith(b"v=TLSRPTv1") for text in join(records.legacy.strings)):
        notes.find(checks.TLSRPT_RECORD_LEGACY)
    if any(text.startswith(b"v=TLSRPTv1") for text in join(records.apex.strings)):
        notes.find(checks.TLSRPT_RECORD_APEX, seen.domain)


def _mailbox(found: Mailbox, notes: Notes) -> None:
    """Whether mail to a mailbox would arrive."""
    what = f"whether {found.domain} takes reports"
    session = found.session
    if not found.mx.settled:
        notes.not_known(Question.TLSRPT_MAILBOX, what, found.mx.reason, AGAIN)
    elif found.mx.status is DnsStatus.NXDOMAIN or found.mx.mx_hosts == (NULL_MX,):
        notes.find(checks.TLSRPT_MAILBOX_LOST, found.uri)
    elif session is not None and session.outcome is SmtpOutcome.NOT_GLOBAL:
        why = f"{session.host} at {session.address}: {session.reason}"
        notes.find(checks.TLSRPT_MAILBOX_LOST, f"{found.uri}: {why}")
    elif session is not None and session.outcome in _SILENT:
        why = f"{session.host} at {session.address}: {session.reason}"
        notes.not_known(Question.TLSRPT_MAILBOX, what, why, PORT_25)


def _endpoint(found: Endpoint, notes: Notes) -> None:
    """Whether a host that is to take reports speaks TLS; the rest only a report could tell."""
    what = f"whether {found.uri} takes reports"
    failed = [each for each in found.addresses if not each.settled]
    if failed:
        notes.not_known(Question.TLSRPT_ENDPOINT, what, failed[0].reason, AGAIN)
    elif found.fetch is None:
        notes.find(checks.TLSRPT_ENDPOINT_LOST, f"{found.uri}: its host has no address")
    elif found.fetch.outcome is FetchOutcome.NOT_ASKED:
        notes.not_known(
            Question.TLSRPT_ENDPOINT, what, found.fetch.reason, "post a report there yourself"
        )
    elif found.fetch.outcome in (FetchOutcome.NO_ROUTE, FetchOutcome.TIMED_OUT):
        notes.not_known(Question.TLSRPT_ENDPOINT, what, found.fetch.reason, ELSEWHERE)
    elif found.fetch.outcome is not FetchOutcome.ANSWERED:
        notes.find(checks.TLSRPT_ENDPOINT_LOST, f"{found.uri}: {found.fetch.reason}")
