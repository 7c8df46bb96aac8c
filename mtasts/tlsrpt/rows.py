"""The rows that one arrival has in the tables of the store of TLS reports (`tables`)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.report import TEXT_MAX
from mtasts.tlsrpt.sessions import repeated
from mtasts.tlsrpt.summary import DANE_ONLY, STS, UNSPECIFIED
from mtasts.tlsrpt.tables import RANKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtasts.tlsrpt.report import PolicyResult, Report
    from mtasts.tlsrpt.trust import Receipt, Via

_LONG_MAX = 20_000
_KEY_HEX = 32


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
        "is_accepted": report.accepted,
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
    parts = [content, arrived.report.accepted, sorted(arrived.warnings)]
    return _digest(json.dumps(parts))[:_KEY_HEX]


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
    results = report.policies if report.accepted else ()
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
    counted = sum(count for count in counts if count is not None)
    rest = result.failures if None in counts else result.failures - counted
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


def _text(value: str, limit: int = TEXT_MAX) -> str:
    return printable(value, limit)


def _time(moment: dt.datetime) -> str:
    """In UTC without a zone, to the microsecond."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=" ")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
