"""A TLS report read, as RFC 8460 section 4.4 has it: strict in numbers, tolerant in shape.

Whoever knows the address may send one, so nothing in it is believed beyond its form: size, depth
and count are bounded, and texts are cut. Where real senders are known to differ from the RFC the
report is read all the same, with a warning (`warning_table`). A row that cannot be used is left out
and named, and the rest is read; a count that is no whole number is never guessed at.
It is long because it is one grammar, member by member.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import defaultdict
from typing import Any

from mtasts.findings import printable
from mtasts.names import DomainNameError, parse_domain
from mtasts.tlsrpt import ordinary
from mtasts.tlsrpt.report import (
    COUNT_MAX,
    DETAILS_MAX,
    POLICIES_MAX,
    STRINGS_MAX,
    TEXT_MAX,
    Drop,
    DroppedRow,
    Failure,
    PolicyResult,
    Report,
    ReportWarning,
)
from mtasts.tlsrpt.result_types import POLICY_TYPES, RESULT_TYPES
from mtasts.tlsrpt.sessions import repeated
from mtasts.tlsrpt.unpacking import ReportError, unpack

# A report at the other limits has 130 000 objects and lists and a million members. Python takes 60
# to 240 bytes for each, whatever they hold.
_OBJECTS_MAX = 300_000
_VALUES_MAX = 1_500_000
_SAME_ID_MAX = 20
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
_LEAP = ":59:60"


def parse_report(raw: bytes) -> Report:
    """Read a report, be it JSON or gzip of JSON.

    Raises:
        OtherFormatError: the file is of a format that no TLS report has.
        ReportError: nothing of it can be used; none of its numbers may be counted.
    """
    text, before = unpack(raw)
    _check_counts(text, before)
    found = None if before else ordinary.read(text)
    return read_carefully(text, before) if found is None else found


def read_carefully(text: bytes, before: tuple[ReportWarning, ...]) -> Report:
    """Read any report, member by member; `ordinary.read` gives the same where it gives one.

    ``text`` and the warnings ``before`` are what `unpack` returns.

    Raises:
        ReportError: nothing of it can be used; none of its numbers may be counted.
    """
    reader = _Reader(before)
    try:
        found = json.loads(reader.decoded(text), object_pairs_hook=reader.members)
        return reader.report(_mapping(found, "the report"))
    except _UnusableError as error:
        raise reader.refusal(str(error), error.id) from error
    except RecursionError as error:
        raise reader.refusal(
            "it is no JSON of a report: it is nested too deep", "too-deep"
        ) from error
    except ValueError as error:
        why = f"it is no JSON: {printable(str(error), 200)}"
        id_ = "trailing-bytes" if str(error).startswith("Extra data") else "not-json"
        raise reader.refusal(why, id_) from error


def _check_counts(text: bytes, before: tuple[ReportWarning, ...]) -> None:
    """Refuse a text with so many values that they would fill the memory.

    Raises:
        ReportError: there are too many; nothing of the report is used.
    """
    if len(text) < _OBJECTS_MAX:
        return
    objects = text.count(b"{") + text.count(b"[")
    if objects > _OBJECTS_MAX or text.count(b",") > _VALUES_MAX:
        why = f"it has more than {_OBJECTS_MAX} objects and lists, or {_VALUES_MAX} values"
        raise ReportError(why, "too-many-rows", before)


class _UnusableError(Exception):
    """A row, or what all rows need, cannot be used; the text says why, ``id`` is the warning."""

    def __init__(self, id_: str, text: str) -> None:
        super().__init__(text)
        self.id = id_


class _Contradiction:
    """Stands for a member that occurs twice with different values."""

    def __str__(self) -> str:
        return "given twice, with different values"


class _Reader:
    """Reads one report; collects warnings and the rows that are left out."""

    def __init__(self, before: tuple[ReportWarning, ...]) -> None:
        self._warnings = list(before)
        self._seen: dict[str, int] = defaultdict(int)
        self._dropped: list[DroppedRow] = []
        self._details = 0
        self._reporter = ""

    def _warn(self, id_: str, where: str, detail: str) -> None:
        self._seen[id_] += 1
        if self._seen[id_] <= _SAME_ID_MAX:
            self._warnings.append(ReportWarning(id_, where, detail))

    def refusal(self, why: str, id_: str) -> ReportError:
        """The error for a report that cannot be used, with all that was seen before."""
        return ReportError(why, id_, tuple(self._warnings), self._reporter)

    def decoded(self, text: bytes) -> str:
        """The text; what is no UTF-8 can stand only within strings: elsewhere JSON is ASCII."""
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            self._warn("not-utf-8", f"byte {error.start}", error.reason)
            return text.decode("utf-8", "replace")

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One object; of a member that occurs twice the last counts, unless that could hide."""
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        first: dict[str, Any] = {}
        for key, value in pairs:
            if key not in first:
                first[key] = value
                continue
            self._warn("duplicate-member", printable(key, 80), "the last one is taken")
            # Compared as text: to Python, true is 1 and 1.0 is 1.
            if key in _DECISIVE and repr(first[key]) != repr(value):
                found[key] = _Contradiction()
        return found

    def report(self, found: dict[str, Any]) -> Report:
        organization = self._text(found, "organization-name")
        contact = self._text(found, "contact-info")
        self._reporter = contact.rpartition("@")[2].lower() or organization.lower()
        for key, text in (("organization-name", organization), ("contact-info", contact)):
            if not text:
                self._warn(f"{key.partition('-')[0]}-missing", key, "")
        span = _mapping(found.get("date-range"), "date-range", "date-missing")
        begin = self._time(span, "start-datetime")
        end = self._time(span, "end-datetime")
        if end < begin:
            raise _UnusableError("date-inverted", "date-range ends before it begins")
        if not (organization or contact):
            text = "neither organization-name nor contact-info says who sent it"
            raise _UnusableError("reporter-missing", text)
        results = self._policies(found)
        report_id = self._id(found)
        return Report(
            organization=organization,
            contact=contact,
            report_id=report_id,
            begin=begin,
            end=end,
            policies=results,
            dropped=tuple(self._dropped),
            warnings=tuple(self._warnings),
            accepted=bool(results),
        )

    def _policies(self, found: dict[str, Any]) -> tuple[PolicyResult, ...]:
        """The rows that can be used.

        Raises:
            _UnusableError: there is no list of them, or too many; nothing of the report is used.
        """
        rows = self._rows(found, "policies", "policies", "policies-not-array")
        if rows is None:
            raise _UnusableError("no-policies", "policies is missing")
        if len(rows) > POLICIES_MAX:
            text = f"policies has more than {POLICIES_MAX} entries"
            raise _UnusableError("too-many-rows", text)
        read = [self._policy(row, f"policies[{i}]") for i, row in enumerate(rows)]
        results = tuple(each for each in read if each is not None)
        for domain in sorted({results[i].domain for i in repeated(results)}):
            self._warn("same-sessions-twice", "policies", f"{domain}: sts and tlsa")
        if not rows:
            self._warn("no-policies", "policies", "policies is empty")
        elif not results:
            self._warn("no-readable-row", "policies", f"{len(rows)} rows, and none can be used")
        return results

    def _id(self, found: dict[str, Any]) -> str:
        value = found.get("report-id")
        if type(value) is int:
            self._warn("report-id-number", "report-id", str(value)[:40])
            return str(value)[:TEXT_MAX]
        text = self._text(found, "report-id")
        if not text:
            self._warn("report-id-missing", "report-id", "")
        return text

    def _rows(self, found: dict[str, Any], key: str, where: str, id_: str) -> list[Any] | None:
        """A list of rows, which may be missing; one row alone occurs.

        Raises:
            _UnusableError: it is no list.
        """
        rows = found.get(key)
        if rows is None or isinstance(rows, list):
            return rows
        if isinstance(rows, _Contradiction):
            raise _UnusableError("member-contradicts", f"{key} is {_shown(rows)}, not a list")
        if not isinstance(rows, dict):
            raise _UnusableError(id_, f"{key} is {_shown(rows)}, not a list")
        self._warn(id_, where, "one object, not a list")
        return [rows]

    def _drop(
        self, kind: Drop, where: str, error: _UnusableError, domain: str | None, *, may_hide: bool
    ) -> None:
        why = printable(str(error), 200)
        self._dropped.append(DroppedRow(kind, where, why, domain, may_hide))
        self._warn(error.id, where, why)

    def _policy(self, row: object, where: str) -> PolicyResult | None:
        """One policy entry, or None where it was left out."""
        try:
            entry = _mapping(row, "the row", "row-not-object")
            policy = _mapping(entry.get("policy"), "policy", "row-without-policy")
            summary = _mapping(entry.get("summary"), "summary", "row-without-summary")
            name = self._domain(policy, where)
            successes = _count(summary, _SUCCESSES, "row-without-total")
            failures = _count(summary, _FAILURES, "row-without-total")
        except _UnusableError as error:
            may_hide = not _says_no_failure(row)
            self._drop(Drop.ROW, where, error, _domain_text(row), may_hide=may_hide)
            return None
        type_ = self._text(policy, "policy-type").lower()
        if type_ not in POLICY_TYPES:
            id_ = "unknown-policy-type" if type_ else "policy-type-missing"
            self._warn(id_, f"{where}.policy", type_)
        return PolicyResult(
            policy_type=type_,
            domain=name,
            strings=self._texts(policy, "policy-string", where),
            mx=self._texts(policy, "mx-host", where),
            successes=successes,
            failures=failures,
            details=tuple(self._failures(entry, where, name, failures)),
        )

    def _domain(self, policy: dict[str, Any], where: str) -> str:
        """The policy domain of a row, as A-labels.

        Raises:
            _UnusableError: it is missing or no domain; the row is left out.
        """
        value = policy.get("policy-domain")
        if isinstance(value, _Contradiction):
            raise _UnusableError("member-contradicts", f"policy-domain is {value}")
        if not isinstance(value, str) or not value.strip():
            raise _UnusableError("row-without-domain", f"policy-domain is {_shown(value)}")
        try:
            name = parse_domain(value.strip())
        except DomainNameError as error:
            raise _UnusableError("domain-not-a-label", f"policy-domain: {error}") from error
        if not value.isascii():
            self._warn("domain-not-a-label", f"{where}.policy.policy-domain", printable(value, 80))
        return name

    def _failures(
        self, entry: dict[str, Any], where: str, domain: str, total: int
    ) -> list[Failure]:
        """The usable failure details of an entry with ``total`` failed sessions.

        Raises:
            ReportError: there are too many; nothing of the report is used.
        """
        found = []
        place = f"{where}.failure-details"
        try:
            rows = self._rows(entry, "failure-details", place, "details-not-array") or []
        except _UnusableError as error:
            self._drop(Drop.DETAIL, place, error, domain, may_hide=True)
            return []
        self._details += len(rows)
        if self._details > DETAILS_MAX:
            raise self.refusal(f"it has more than {DETAILS_MAX} failure-details", "too-many-rows")
        for i, row in enumerate(rows):
            try:
                found.append(self._failure(row, total, place, i))
            except _UnusableError as error:
                self._drop(Drop.DETAIL, f"{place}[{i}]", error, domain, may_hide=True)
        return found

    def _failure(self, row: object, total: int, place: str, number: int) -> Failure:
        """One failure detail; ``total`` failed sessions are in its entry.

        Raises:
            _UnusableError: result type or count is missing; the detail is left out.
        """
        found = _mapping(row, "the row", "detail-not-object")
        value = found.get("result-type")
        if isinstance(value, _Contradiction):
            raise _UnusableError("member-contradicts", f"result-type is {value}")
        result_type = self._text(found, "result-type").lower()
        if not result_type:
            raise _UnusableError("row-without-result-type", "result-type is missing")
        if result_type not in RESULT_TYPES:
            self._warn("unknown-result-type", f"{place}[{number}]", printable(result_type, 80))
        count = None
        if found.get(_FAILED) is not None:
            count = _count(found, _FAILED, "detail-without-count")
        elif total:
            self._warn("detail-without-count", f"{place}[{number}]", "")
        else:
            text = f"{_FAILED} is missing, and {_FAILURES} is 0"
            raise _UnusableError("detail-without-count", text)
        if count is not None and count > total:
            detail = f"{count} sessions, and the total is {total}"
            self._warn("summary-contradicts-details", f"{place}[{number}]", detail)
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
            self._warn("text-not-text", key, _shown(value))
            return ""
        return self._cut(value, key)

    def _cut(self, value: str, key: str) -> str:
        if len(value) > TEXT_MAX:
            self._warn("text-cut", key, f"{len(value)} characters")
        return printable(value, TEXT_MAX)

    def _texts(self, found: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
        """A list of texts; one alone and none at all occur (RFC 8460 erratum 6241)."""
        value = found.get(key)
        if value is None:
            return ()
        place = f"{where}.policy.{key}"
        if not isinstance(value, list):
            self._warn(f"{key}-not-array", place, _shown(value))
            if not isinstance(value, str):
                return ()
            value = [value]
        texts = [each for each in value[:STRINGS_MAX] if isinstance(each, str)]
        lines = [line for each in texts for line in each.splitlines()]
        if len(texts) < len(value) or len(lines) > STRINGS_MAX:
            self._warn("list-cut", place, f"{len(value)} entries")
        return tuple(self._cut(line, key) for line in lines[:STRINGS_MAX])

    def _time(self, span: dict[str, Any], key: str) -> dt.datetime:
        """RFC 3339, and what occurs beside it: no zone (UTC is meant), the hour 24, seconds.

        Raises:
            _UnusableError: it is missing, or no time.
        """
        value = span.get(key)
        if type(value) is int:
            self._warn("date-epoch", key, _shown(value))
            try:
                return dt.datetime.fromtimestamp(value, dt.UTC)
            except (ValueError, OverflowError, OSError) as error:
                text = f"{key} {_shown(value)} is no time: {error}"
                raise _UnusableError("date-invalid", text) from error
        found = _TIME.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            id_ = "date-missing" if value is None else "date-invalid"
            id_ = "member-contradicts" if isinstance(value, _Contradiction) else id_
            text = f"{key} is {_shown(value)}, which is no time of RFC 3339"
            raise _UnusableError(id_, text)
        zone = found["zone"]
        if zone is None:
            self._warn("date-zone-missing", key, "UTC is taken")
        time, later = found["time"], dt.timedelta()
        if time == "24:00:00":
            self._warn("date-hour-24", key, "the next midnight")
            time, later = "00:00:00", dt.timedelta(days=1)
        elif time.endswith(_LEAP):  # RFC 3339 section 5.7; Python's clock has none
            time, later = f"{time[:-2]}59", dt.timedelta(seconds=1)
        offset = "+00:00" if zone in (None, "Z", "z") else zone
        try:
            moment = dt.datetime.fromisoformat(f"{found['date']}T{time}{offset}")
            return moment.astimezone(dt.UTC) + later
        except (ValueError, OverflowError) as error:
            text = f"{key} {_shown(value)} is no time of RFC 3339: {error}"
            raise _UnusableError("date-invalid", text) from error


def _mapping(value: object, what: str, id_: str = "not-object") -> dict[str, Any]:
    """``value``, if it is an object.

    Raises:
        _UnusableError: it is none.
    """
    if isinstance(value, dict):
        return value
    id_ = "member-contradicts" if isinstance(value, _Contradiction) else id_
    raise _UnusableError(id_, f"{what} is {_shown(value)}, not a JSON object")


def _count(found: dict[str, Any], key: str, missing: str) -> int:
    """A count of sessions: a JSON integer from 0 on, and nothing that only looks like one.

    Raises:
        _UnusableError: it is missing, or no count.
    """
    value = found.get(key)
    if type(value) is int and 0 <= value <= COUNT_MAX:
        return value
    id_ = missing if value is None else "count-range"
    id_ = "member-contradicts" if isinstance(value, _Contradiction) else id_
    raise _UnusableError(id_, f"{key} is {_shown(value)}, which is no count")


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
    return str(value) if isinstance(value, _Contradiction) else f"'{printable(str(value), 40)}'"
