"""A TLS report read, as RFC 8460 section 4.4 has it: strict in numbers, tolerant in shape.

Whoever knows the address may send one, so nothing in it is believed beyond its form: size, depth
and count are bounded, and texts are cut. Where real senders are known to differ from the RFC the
report is read all the same, with a remark. A row that cannot be used is left out and named, and
the rest is read; a count that is no whole number is never guessed at.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from mtasts.findings import printable
from mtasts.names import DomainNameError, parse_domain
from mtasts.tlsrpt.report import Drop, DroppedRow, Failure, PolicyResult, Report
from mtasts.tlsrpt.unpacking import ReportError, unpack

POLICIES_MAX = 10_000
DETAILS_MAX = 100_000
COUNT_MAX = 2**53 - 1  # what I-JSON promises to carry exactly (RFC 7493 section 2.2)
_TEXT_MAX = 1000
_STRINGS_MAX = 200
_REMARKS_MAX = 50
_SUCCESSES = "total-successful-session-count"
_FAILURES = "total-failure-session-count"
_FAILED = "failed-session-count"
# Of these a second member with another value could hide failures behind the first, or the other
# way round; RFC 7493 section 2.3 lets a receiver refuse what has one.
_DECISIVE = frozenset(
    {
        "policies",
        "policy",
        "policy-domain",
        "policy-type",
        "summary",
        "failure-details",
        "result-type",
        "date-range",
        "start-datetime",
        "end-datetime",
        _SUCCESSES,
        _FAILURES,
        _FAILED,
    }
)
_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?"
    r"(?P<zone>[Zz]|[+-]\d\d:\d\d)?",
    re.ASCII,
)


def parse_report(raw: bytes) -> Report:
    """Read a report, be it JSON or gzip of JSON.

    Raises:
        OtherFormatError: the file is of a format that no TLS report has.
        ReportError: nothing of it can be used; none of its numbers may be counted.
    """
    text = unpack(raw)
    reader = _Reader()
    try:
        found = json.loads(text.decode("utf-8-sig"), object_pairs_hook=reader.members)
        return reader.report(_mapping(found, "the report"))
    except _UnusableError as error:
        raise ReportError(str(error)) from error
    except ReportError:
        raise
    except (ValueError, RecursionError) as error:
        raise ReportError(f"it is no JSON: {printable(str(error), 200)}") from error


class _UnusableError(Exception):
    """A row, or what all rows need, cannot be used; the text says why."""


class _Twice:
    """Stands for a member that occurs twice with different values."""

    def __str__(self) -> str:
        return "given twice, with different values"


class _Reader:
    """Reads one report; collects remarks and the rows that are left out."""

    def __init__(self) -> None:
        self._remarks: list[str] = []
        self._dropped: list[DroppedRow] = []
        self._details = 0

    def _remark(self, text: str) -> None:
        if text not in self._remarks and len(self._remarks) < _REMARKS_MAX:
            self._remarks.append(text)

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One object; of a member that occurs twice the last counts, unless that could hide."""
        found = dict(pairs)
        if len(found) < len(pairs):
            self._remark("an object has a member twice; the last one counts")
            for key, value in pairs:
                if key in _DECISIVE and found[key] != value:
                    found[key] = _Twice()
        return found

    def report(self, found: dict[str, Any]) -> Report:
        span = _mapping(found.get("date-range"), "date-range")
        begin = self._time(span, "start-datetime")
        end = self._time(span, "end-datetime")
        if end < begin:
            raise _UnusableError("date-range ends before it begins")
        organization = self._text(found, "organization-name")
        contact = self._text(found, "contact-info")
        if not (organization or contact):
            raise _UnusableError("neither organization-name nor contact-info says who sent it")
        rows = self._rows(found, "policies")
        if rows is None:
            raise _UnusableError("policies is missing")
        if len(rows) > POLICIES_MAX:
            raise _UnusableError(f"policies has more than {POLICIES_MAX} entries")
        results = [self._policy(row, f"policies[{i}]") for i, row in enumerate(rows)]
        return Report(
            organization=organization,
            contact=contact,
            report_id=self._id(found),
            begin=begin,
            end=end,
            policies=tuple(each for each in results if each is not None),
            dropped=tuple(self._dropped),
            remarks=tuple(self._remarks),
        )

    def _id(self, found: dict[str, Any]) -> str:
        value = found.get("report-id")
        if type(value) is int:
            self._remark("report-id is a number")
            return str(value)
        text = self._text(found, "report-id")
        if not text:
            self._remark("report-id is missing")
        return text

    def _rows(self, found: dict[str, Any], key: str) -> list[Any] | None:
        """A list of rows, which may be missing; one row alone occurs."""
        rows = found.get(key)
        if isinstance(rows, dict):
            self._remark(f"{key} is one object, not a list")
            return [rows]
        if not isinstance(rows, list | None):
            raise _UnusableError(f"{key} is {_shown(rows)}, not a list")
        return rows

    def _policy(self, row: object, where: str) -> PolicyResult | None:
        """One policy entry, or None where it was left out."""
        domain = _domain_text(row)
        try:
            entry = _mapping(row, "the row")
            policy = _mapping(entry.get("policy"), "policy")
            summary = _mapping(entry.get("summary"), "summary")
            name = _domain(policy)
            successes, failures = _count(summary, _SUCCESSES), _count(summary, _FAILURES)
        except _UnusableError as error:
            hides = not _says_no_failure(row)
            why = printable(str(error), 200)
            self._dropped.append(DroppedRow(Drop.ROW, where, why, domain, hides))
            return None
        return PolicyResult(
            policy_type=self._text(policy, "policy-type").lower(),
            domain=name,
            strings=self._texts(policy, "policy-string"),
            mx=self._texts(policy, "mx-host"),
            successes=successes,
            failures=failures,
            details=tuple(self._failures(entry, where, name, failures)),
        )

    def _failures(
        self, entry: dict[str, Any], where: str, domain: str, total: int
    ) -> list[Failure]:
        """The usable failure details of an entry with ``total`` failed sessions."""
        found = []
        place = f"{where}.failure-details"
        try:
            rows = self._rows(entry, "failure-details") or []
        except _UnusableError as error:
            self._dropped.append(DroppedRow(Drop.DETAIL, place, str(error), domain))
            return []
        self._details += len(rows)
        if self._details > DETAILS_MAX:
            raise ReportError(f"it has more than {DETAILS_MAX} failure-details")
        for i, row in enumerate(rows):
            try:
                found.append(self._failure(row, total))
            except _UnusableError as error:
                why = printable(str(error), 200)
                self._dropped.append(DroppedRow(Drop.DETAIL, f"{place}[{i}]", why, domain))
        return found

    def _failure(self, row: object, total: int) -> Failure:
        found = _mapping(row, "the row")
        result_type = self._text(found, "result-type").lower()
        if not result_type:
            raise _UnusableError("result-type is missing")
        count = None if found.get(_FAILED) is None else _count(found, _FAILED)
        if count is None and not total:
            raise _UnusableError(f"{_FAILED} is missing, and {_FAILURES} is 0")
        return Failure(
            result_type=result_type,
            count=count,
            mx_host=self._text(found, "receiving-mx-hostname").lower().rstrip("."),
            receiving_ip=self._text(found, "receiving-ip"),
            sending_ip=self._text(found, "sending-mta-ip"),
            information=self._text(found, "additional-information"),
            reason_code=self._text(found, "failure-reason-code"),
        )

    def _text(self, found: dict[str, Any], key: str) -> str:
        """A text that may be missing, cut and in printable ASCII."""
        value = found.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._remark(f"{key} is no text")
            return ""
        return printable(value, _TEXT_MAX)

    def _texts(self, found: dict[str, Any], key: str) -> tuple[str, ...]:
        """A list of texts; one alone and none at all occur (RFC 8460 erratum 6241)."""
        value = found.get(key)
        if isinstance(value, str):
            self._remark(f"{key} is one text, not a list")
            value = [value]
        if value is None:
            return ()
        if not isinstance(value, list):
            self._remark(f"{key} is no list")
            return ()
        texts = [each for each in value[:_STRINGS_MAX] if isinstance(each, str)]
        if len(texts) < len(value):
            self._remark(f"{key} holds more than texts, or too many")
        lines = [line for each in texts for line in each.splitlines()]
        return tuple(printable(line, _TEXT_MAX) for line in lines[:_STRINGS_MAX])

    def _time(self, span: dict[str, Any], key: str) -> dt.datetime:
        """RFC 3339, and what occurs beside it: no zone (UTC is meant), the hour 24, seconds."""
        value = span.get(key)
        if type(value) is int:
            self._remark(f"{key} is a number of seconds")
            try:
                return dt.datetime.fromtimestamp(value, dt.UTC)
            except (ValueError, OverflowError, OSError) as error:
                raise _UnusableError(f"{key} {_shown(value)} is no time: {error}") from error
        text = self._text(span, key)
        found = _TIME.fullmatch(text)
        if found is None:
            raise _UnusableError(f"{key} is {_shown(value)}, which is no time of RFC 3339")
        zone = found["zone"]
        if zone is None:
            self._remark(f"{key} has no zone; UTC is taken")
        time, later = found["time"], dt.timedelta()
        if time == "24:00:00":
            self._remark(f"{key} has the hour 24")
            time, later = "00:00:00", dt.timedelta(days=1)
        offset = "+00:00" if zone in (None, "Z", "z") else zone
        try:
            at = dt.datetime.fromisoformat(f"{found['date']}T{time}{offset}")
            return at.astimezone(dt.UTC) + later
        except (ValueError, OverflowError) as error:
            raise _UnusableError(f"{key} '{text}' is no time of RFC 3339: {error}") from error


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _UnusableError(f"{what} is {_shown(value)}, not a JSON object")
    return value


def _count(found: dict[str, Any], key: str) -> int:
    """A count of sessions: a JSON integer from 0 on, and nothing that only looks like one."""
    value = found.get(key)
    if type(value) is not int or not 0 <= value <= COUNT_MAX:
        raise _UnusableError(f"{key} is {_shown(value)}, which is no count")
    return value


def _domain(policy: dict[str, Any]) -> str:
    value = policy.get("policy-domain")
    if not isinstance(value, str):
        raise _UnusableError(f"policy-domain is {_shown(value)}")
    try:
        return parse_domain(value.strip())
    except DomainNameError as error:
        raise _UnusableError(f"policy-domain: {error}") from error


def _domain_text(row: object) -> str | None:
    """The policy domain of a row as it is written, if it is a text."""
    policy = row.get("policy") if isinstance(row, dict) else None
    domain = policy.get("policy-domain") if isinstance(policy, dict) else None
    return domain if isinstance(domain, str) and domain.strip() else None


def _says_no_failure(row: object) -> bool:
    """Whether a row says in so many words that no session failed."""
    if not isinstance(row, dict) or row.get("failure-details") not in (None, []):
        return False
    summary = row.get("summary")
    value = summary.get(_FAILURES) if isinstance(summary, dict) else None
    return type(value) is int and value == 0


def _shown(value: object) -> str:
    """A value that is not what it should be, for a message."""
    if value is None:
        return "missing"
    return str(value) if isinstance(value, _Twice) else f"'{printable(str(value), 40)}'"
