"""The tables of the store of TLS reports, and the rows that one report has in them.

One place says which columns there are, of which type, and what they mean: the store writes them,
the queries read them, and docs/report-queries.md is made from them. A change of any of them needs
another `SCHEMA`.

A text is printable ASCII and has an end. A count has the type DECIMAL(18, 0): no sum of it
overflows, in any engine. Times are UTC without a zone, and days are UTC days.
It is long because a column and what fills it are one thing: either changes with the other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mtasts.findings import printable
from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.sessions import repeated
from mtasts.tlsrpt.summary import DANE_ONLY, STS, UNSPECIFIED
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtasts.tlsrpt.report import PolicyResult, Report
    from mtasts.tlsrpt.trust import Receipt, Via

SCHEMA = 1
_TEXT_MAX = 1000
_LONG_MAX = 20_000
_KEY_HEX = 32
RANKS: Final = {Trust.FAILED: 0, Trust.UNSIGNED: 1, Trust.HTTPS: 2, Trust.VERIFIED: 3}
"""How far a report is believed, as a number: ``trust_rank >= $trust`` is a filter."""


class Type(StrEnum):
    """The type of a column, as SQL spells it."""

    TEXT = "VARCHAR"
    COUNT = "DECIMAL(18, 0)"
    NUMBER = "INTEGER"
    FLAG = "BOOLEAN"
    TIME = "TIMESTAMP"
    DAY = "DATE"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``of_entry`` says that each row of a report has the report's own value."""

    name: str
    type: Type
    meaning: str
    of_entry: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: a folder of Parquet files by UTC day."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def own(self) -> tuple[Column, ...]:
        """The columns that differ from row to row of one report."""
        return tuple(each for each in self.columns if not each.of_entry)


DAY = Column("day", Type.DAY, "the last UTC day that the report is about", of_entry=True)
_KEY = Column(
    "report_key", Type.TEXT, "digest of submitter, report-id and range; one report", of_entry=True
)
_REPORTER = Column(
    "reporter",
    Type.TEXT,
    "domain of contact-info, or the organisation's name, in lower case",
    of_entry=True,
)
_TRUST = (
    Column("trust", Type.TEXT, "verified, https, unsigned or failed", of_entry=True),
    Column("trust_rank", Type.NUMBER, "the same as a number: 3, 2, 1, 0; a filter", of_entry=True),
)
_RECEIPT = (
    Column("trust_reason", Type.TEXT, "why the trust is what it is", of_entry=True),
    Column("signer", Type.TEXT, "d= of the signature that decided; may be empty", of_entry=True),
    Column("signing_key", Type.TEXT, "DNS name of its key; may be empty", of_entry=True),
    Column("signing_key_sha256", Type.TEXT, "digest of the public key, in hex", of_entry=True),
    Column("received", Type.TIME, "when it arrived", of_entry=True),
    Column("via", Type.TEXT, "mail, https or file", of_entry=True),
    Column("source", Type.TEXT, "the address that it was pulled from", of_entry=True),
)
_BODY = Column("body", Type.TEXT, "digest of what the report says", of_entry=True)
_DOMAIN = Column("domain", Type.TEXT, "the policy domain, in A-labels and lower case")
_POLICY_ROW = Column("policy_row", Type.NUMBER, "which entry of policies it is, from 0")
_POLICY_TYPE = Column("policy_type", Type.TEXT, "sts, tlsa, no-policy-found, a later one, or empty")
_IS_REPEAT = Column(
    "is_repeat", Type.FLAG, "true where another row is about the same sessions: do not add it up"
)
_IDENTITY = (
    Column("submitter", Type.TEXT, "the domain that submitted it", of_entry=True),
    Column("organization", Type.TEXT, "organization-name", of_entry=True),
    Column("contact", Type.TEXT, "contact-info", of_entry=True),
    Column("report_id", Type.TEXT, "report-id", of_entry=True),
    Column("begins", Type.TIME, "start-datetime", of_entry=True),
    Column("ends", Type.TIME, "end-datetime", of_entry=True),
    Column(
        "is_accepted", Type.FLAG, "false where its numbers would lie: it has no rows", of_entry=True
    ),
    Column(
        "warnings", Type.TEXT, "ids of the parser's warnings, with spaces between", of_entry=True
    ),
    Column(
        "successful", Type.COUNT, "sessions that succeeded, repeated rows left out", of_entry=True
    ),
    Column("failed", Type.COUNT, "sessions that failed, repeated rows left out", of_entry=True),
)

REPORTS = Table(
    "reports",
    "each report once, by its best receipt",
    (DAY, _KEY, _REPORTER, *_TRUST, *_IDENTITY, *_RECEIPT, _BODY),
)
POLICIES = Table(
    "policies",
    "an entry of policies: the sessions of one domain under one policy",
    (
        DAY,
        _KEY,
        _REPORTER,
        *_TRUST,
        _POLICY_ROW,
        _DOMAIN,
        _POLICY_TYPE,
        Column("mode", Type.TEXT, "mode of policy-string, as it is written; may be empty"),
        Column("max_age", Type.TEXT, "max_age of policy-string, as it is written; may be empty"),
        Column("policy_mx", Type.TEXT, "mx of policy-string, sorted, with spaces between"),
        Column("mx_hosts", Type.TEXT, "mx-host, sorted, with spaces between"),
        Column("policy_string", Type.TEXT, "policy-string, its lines joined by '; '"),
        Column("successful", Type.COUNT, "total-successful-session-count"),
        Column("failed", Type.COUNT, "total-failure-session-count"),
        Column("detailed", Type.COUNT, "sum of its failure-details that have a count"),
        Column("detail_most", Type.COUNT, "the largest of them"),
        _IS_REPEAT,
    ),
)
FAILURES = Table(
    "failures",
    "an entry of failure-details, and a row for failed sessions that no entry explains",
    (
        DAY,
        _KEY,
        _REPORTER,
        *_TRUST,
        _POLICY_ROW,
        Column("detail_row", Type.NUMBER, "which entry of failure-details; -1: the rest"),
        _DOMAIN,
        _POLICY_TYPE,
        Column("result_type", Type.TEXT, "RFC 8460 section 4.3; unspecified: no entry says why"),
        Column("mx", Type.TEXT, "receiving-mx-hostname; may be empty"),
        Column("sending_ip", Type.TEXT, "sending-mta-ip; may be empty"),
        Column("receiving_ip", Type.TEXT, "receiving-ip; may be empty"),
        Column("sessions", Type.COUNT, "failed-session-count; NULL where it is not given"),
        Column("reason_code", Type.TEXT, "failure-reason-code; may be empty"),
        Column("information", Type.TEXT, "additional-information; may be empty"),
        Column("concerns_sts", Type.FLAG, "false where it is a failure of DANE alone"),
        _IS_REPEAT,
    ),
)
DROPPED = Table(
    "dropped",
    "what is not counted: files and mails, rows of reports, and domains of nobody here",
    (
        DAY,
        _KEY,
        _REPORTER,
        *_TRUST,
        Column("dropped_row", Type.NUMBER, "which of its rows, from 0"),
        Column("kind", Type.TEXT, "why, as one word: the same words as in: mtasts docs gates"),
        _DOMAIN,
        Column("place", Type.TEXT, "where it stands, such as policies[3]"),
        Column("reason", Type.TEXT, "why, as a sentence"),
        Column("quantity", Type.COUNT, "how many rows or sessions were left out"),
        Column("may_hide_failures", Type.FLAG, "false where it cannot be about failed sessions"),
        *_RECEIPT,
    ),
)
RECEIPTS = Table(
    "receipts",
    "each arrival of each report, duplicates included",
    (DAY, _KEY, _REPORTER, *_TRUST, *_RECEIPT, _BODY),
)
QUARANTINE = Table(
    "quarantine",
    "reports that have the identity of another one in reports, and say something else",
    (
        DAY,
        _KEY,
        _REPORTER,
        *_TRUST,
        *_IDENTITY,
        *_RECEIPT,
        _BODY,
        Column("counted_body", Type.TEXT, "body of the report that is counted in its place"),
        Column("content", Type.TEXT, "all its rows, as JSON"),
    ),
)
TABLES: Final = {
    each.name: each for each in (REPORTS, POLICIES, FAILURES, DROPPED, RECEIPTS, QUARANTINE)
}
ENTRY: Final = Table(
    "entries",
    "what arrived, whole: the other tables are made from it",
    (
        DAY,
        _KEY,
        _BODY,
        Column("is_report", Type.FLAG, "false: it is something that was skipped", of_entry=True),
        _REPORTER,
        *_TRUST,
        *_IDENTITY,
        *_RECEIPT,
        Column("content", Type.TEXT, "the rows of policies, failures and dropped, as JSON"),
    ),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One report as it arrived.

    ``submitter`` is the domain that the identity of the report names; empty: the reporter.
    ``foreign`` counts the entries about policy domains that are no agency's: they are left out of
    ``report``, and counted by domain. ``body`` is then `body_of` the whole report, so that what it
    says does not depend on whose domains are known.
    """

    report: Report
    receipt: Receipt
    submitter: str = ""
    warnings: tuple[str, ...] = ()
    foreign: Mapping[str, int] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or mail that arrived, and is no report that can be used.

    ``kind`` is one word for why, ``digest`` tells it from others of the same ``source``: the
    sha256 of its bytes in hex.
    """

    kind: str
    reason: str
    received: dt.datetime
    via: Via
    source: str
    digest: str
    place: str = ""
    reporter: str = ""
    may_hide_failures: bool = True


def report_key(submitter: str, report: Report) -> str:
    """The identity of a report as 32 hex characters: submitter domain, report-id and range."""
    parts = (submitter, report.report_id, _time(report.begin), _time(report.end))
    return _digest(json.dumps(parts))[:_KEY_HEX]


def day_of(report: Report) -> dt.date:
    """The last UTC day that a report is about: a failure in a longer one may be of that day."""
    last = max(report.begin, report.end - dt.timedelta(seconds=1))
    return last.astimezone(dt.UTC).date()


def entry_of(arrived: Arrival | Skipped) -> dict[str, object]:
    """What is stored of an arrival: the columns of `ENTRY`, as values of JSON."""
    return _skip(arrived) if isinstance(arrived, Skipped) else _report(arrived)


def _report(arrived: Arrival) -> dict[str, object]:
    report, receipt = arrived.report, arrived.receipt
    submitter = (arrived.submitter or report.reporter).lower()
    rows = _rows(arrived)
    content = json.dumps(rows, sort_keys=True)
    counted = [each for each in rows["policies"] if not each["is_repeat"]]
    return {
        "day": str(day_of(report)),
        "report_key": report_key(submitter, report),
        "body": arrived.body or _body(content, arrived),
        "is_report": True,
        "reporter": _text(report.reporter),
        "submitter": _text(submitter),
        "organization": _text(report.organization),
        "contact": _text(report.contact),
        "report_id": _text(report.report_id),
        "begins": _time(report.begin),
        "ends": _time(report.end),
        "is_accepted": _is_accepted(report),
        "warnings": _text(" ".join(sorted(set(arrived.warnings)))),
        "successful": sum(_int(each["successful"]) for each in counted),
        "failed": sum(_int(each["failed"]) for each in counted),
        **_receipt(receipt),
        "content": content,
    }


def body_of(arrived: Arrival) -> str:
    """The digest of what a report says, as 32 hex characters."""
    return _body(json.dumps(_rows(arrived), sort_keys=True), arrived)


def _body(content: str, arrived: Arrival) -> str:
    said = [content, _is_accepted(arrived.report), sorted(arrived.warnings)]
    return _digest(json.dumps(said))[:_KEY_HEX]


def _skip(arrived: Skipped) -> dict[str, object]:
    row = {
        "dropped_row": 0,
        "kind": _text(arrived.kind),
        "domain": "",
        "place": _text(arrived.place),
        "reason": _text(arrived.reason),
        "quantity": 1,
        "may_hide_failures": arrived.may_hide_failures,
    }
    content = json.dumps({"policies": [], "failures": [], "dropped": [row]}, sort_keys=True)
    identity = json.dumps([arrived.digest, arrived.kind, arrived.place])
    return {
        "day": str(arrived.received.astimezone(dt.UTC).date()),
        "report_key": f"-{_digest(identity)[: _KEY_HEX - 1]}",
        "body": _digest(content)[:_KEY_HEX],
        "is_report": False,
        "reporter": _text(arrived.reporter),
        **dict.fromkeys(("submitter", "organization", "contact", "report_id", "warnings"), ""),
        "begins": None,
        "ends": None,
        "is_accepted": False,
        "successful": 0,
        "failed": 0,
        "trust": "",
        "trust_rank": 0,
        **dict.fromkeys(("trust_reason", "signer", "signing_key", "signing_key_sha256"), ""),
        "received": _time(arrived.received),
        "via": arrived.via,
        "source": _text(arrived.source),
        "content": content,
    }


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {
        "trust": str(receipt.trust),
        "trust_rank": RANKS[receipt.trust],
        "trust_reason": _text(receipt.reason),
        "signer": _text(receipt.signer),
        "signing_key": _text(receipt.key),
        "signing_key_sha256": _text(receipt.key_sha256),
        "received": _time(receipt.received),
        "via": receipt.via,
        "source": _text(receipt.source),
    }


def _rows(arrived: Arrival) -> dict[str, list[dict[str, object]]]:
    """The rows of the report; one whose numbers would lie has none but what was left out."""
    report = arrived.report
    results = report.policies if _is_accepted(report) else ()
    repeats = repeated(results)
    policies = [{**_policy(i, each), "is_repeat": i in repeats} for i, each in enumerate(results)]
    failures = [
        {**row, "is_repeat": i in repeats}
        for i, each in enumerate(results)
        for row in _failures(i, each)
    ]
    dropped: list[dict[str, object]] = [
        {
            "kind": str(row.kind),
            "domain": _text(row.domain or ""),
            "place": _text(row.where),
            "reason": _text(row.reason),
            "quantity": 1,
            "may_hide_failures": row.may_hide_failures,
        }
        for row in report.dropped
    ]
    dropped += [
        {
            "kind": "domain-foreign",
            "domain": _text(domain),
            "place": "policies",
            "reason": "it is about a policy domain that is no agency's",
            "quantity": count,
            "may_hide_failures": False,
        }
        for domain, count in sorted(arrived.foreign.items())
    ]
    numbered = [{"dropped_row": i, **each} for i, each in enumerate(dropped)]
    return {"policies": policies, "failures": failures, "dropped": numbered}


def _is_accepted(report: Report) -> bool:
    """Whether its numbers can be used."""
    return report.accepted


def _is_sts(result: PolicyResult) -> bool:
    return result.policy_type == STS


def _policy(number: int, result: PolicyResult) -> dict[str, object]:
    applied = Applied.of(result)
    counts = [each.count for each in result.details if each.count is not None]
    return {
        "policy_row": number,
        "domain": _text(result.domain),
        "policy_type": _text(result.policy_type),
        "mode": _text(applied.mode),
        "max_age": _text(applied.max_age),
        "policy_mx": _text(" ".join(applied.mx), _LONG_MAX),
        "mx_hosts": _text(" ".join(applied.hosts), _LONG_MAX),
        "policy_string": _text("; ".join(result.strings), _LONG_MAX),
        "successful": result.successes,
        "failed": result.failures,
        "detailed": min(sum(counts), 10**18 - 1),
        "detail_most": max(counts, default=0),
    }


def _failures(number: int, result: PolicyResult) -> Iterator[dict[str, object]]:
    """A row an entry, and one for what the entries leave of the total.

    Counts of the entries may overlap, so they may be more than the total. Where an entry has no
    count, all of the total failed for a reason that nobody tells.
    """
    common = {
        "policy_row": number,
        "domain": _text(result.domain),
        "policy_type": _text(result.policy_type),
    }
    for i, each in enumerate(result.details):
        yield {
            **common,
            "detail_row": i,
            "result_type": _text(each.result_type),
            "mx": _text(each.mx_host),
            "sending_ip": _text(each.sending_ip),
            "receiving_ip": _text(each.receiving_ip),
            "sessions": each.count,
            "reason_code": _text(each.reason_code),
            "information": _text(each.information),
            "concerns_sts": _is_sts(result) or each.result_type not in DANE_ONLY,
        }
    counts = [each.count for each in result.details]
    told = sum(count for count in counts if count is not None)
    rest = result.failures if None in counts else result.failures - told
    if rest > 0:
        empty = ("mx", "sending_ip", "receiving_ip", "reason_code", "information")
        yield {
            **common,
            "detail_row": -1,
            "result_type": UNSPECIFIED,
            **dict.fromkeys(empty, ""),
            "sessions": rest,
            "concerns_sts": True,
        }


def _text(value: str, limit: int = _TEXT_MAX) -> str:
    return printable(value, limit)


def _time(moment: dt.datetime) -> str:
    """In UTC without a zone, to the microsecond."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=" ")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
