"""The TLS-RPT record, and where reports go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.check.record import check_tlsrpt
from mtasts.observations import NULL_MX, DnsStatus
from mtasts.policy import Mode
from mtasts.records import join

if TYPE_CHECKING:
    from mtasts.check.notes import Notes
    from mtasts.check.seen import Observed
    from mtasts.policy import Policy


def judge_tlsrpt(seen: Observed, notes: Notes, policy: Policy | None) -> None:
    """Judge the record, and whether reports would arrive."""
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
