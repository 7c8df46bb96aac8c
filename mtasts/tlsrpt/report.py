"""One TLS report, as RFC 8460 section 4.4 has it: strict in numbers, tolerant in shape.

Whoever knows the address may send one, so nothing in it is believed beyond its form: size, depth
and count are bounded, and texts are cut. Where real senders are known to differ from the RFC the
report is read all the same, with a remark; a count that is no whole number is never guessed at.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import zlib
from dataclasses import dataclass
from typing import Any, NoReturn

from mtasts.errors import MtaStsError
from mtasts.findings import printable
from mtasts.names import DomainNameError, parse_domain

# RFC 8460 section 5.2 tells of receivers that take 10 MB.
COMPRESSED_MAX_BYTES = 10 * 1024 * 1024
INFLATED_MAX_BYTES = 20 * 1024 * 1024
POLICIES_MAX = 10_000
DETAILS_MAX = 100_000
COUNT_MAX = 2**53 - 1  # what I-JSON promises to carry exactly (RFC 7493 section 2.2)
_TEXT_MAX = 1000
_STRINGS_MAX = 200
_REMARKS_MAX = 50
_GZIP_MAGIC = b"\x1f\x8b"
_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?"
    r"(?P<zone>[Zz]|[+-]\d\d:\d\d)?",
    re.ASCII,
)


class ReportError(MtaStsError):
    """The report cannot be read; none of its numbers may be counted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Sessions that failed for one reason (RFC 8460 section 4.3).

    ``result_type`` may be one that the registry gained later. Counts of several rows may overlap,
    so they do not add up to the total.
    """

    result_type: str
    count: int
    mx_host: str = ""
    receiving_ip: str = ""
    sending_ip: str = ""
    information: str = ""
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What became of the sessions with one policy domain under one policy.

    ``domain`` is in A-labels and lower case; ``policy_type`` is ``sts``, ``tlsa``,
    ``no-policy-found`` or a later one; ``strings`` are the lines of the policy that was applied.
    """

    policy_type: str
    domain: str
    strings: tuple[str, ...]
    mx: tuple[str, ...]
    successes: int
    failures: int
    details: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one sender about one span of time.

    ``remarks`` say where it differs from the RFC in a way that does not matter.
    """

    organization: str
    contact: str
    report_id: str
    begin: dt.datetime
    end: dt.datetime
    policies: tuple[PolicyResult, ...]
    remarks: tuple[str, ...] = ()


def parse_report(raw: bytes) -> Report:
    """Read a report, be it JSON or gzip of JSON, all members of it.

    Raises:
        ReportError: it is no report, larger than the limits, or a number in it is none.
    """
    text = _inflate(raw) if raw.startswith(_GZIP_MAGIC) else raw
    if len(text) > INFLATED_MAX_BYTES:
        raise ReportError(f"it is larger than {INFLATED_MAX_BYTES} bytes")
    reader = _Reader()
    try:
        found = json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=reader.members,
            parse_constant=_no_number,
        )
        return reader.report(reader.mapping(found, "the report"))
    except ReportError:
        raise
    except (ValueError, RecursionError) as error:
        raise ReportError(f"it is no JSON: {printable(str(error), 200)}") from error


def _inflate(raw: bytes) -> bytes:
    """Every member of a gzip file; what follows the last one is not cut off silently."""
    if len(raw) > COMPRESSED_MAX_BYTES:
        raise ReportError(f"it is larger than {COMPRESSED_MAX_BYTES} bytes")
    whole = bytearray()
    while raw:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            whole += member.decompress(raw, INFLATED_MAX_BYTES + 1 - len(whole))
        except zlib.error as error:
            raise ReportError(f"it cannot be inflated: {error}") from error
        if len(whole) > INFLATED_MAX_BYTES:
            raise ReportError(f"it inflates to more than {INFLATED_MAX_BYTES} bytes")
        if not member.eof:
            raise ReportError("it is cut off: the gzip stream has no end")
        raw = member.unused_data
    return bytes(whole)


def _no_number(constant: str) -> NoReturn:
    raise ReportError(f"{constant} is no number of I-JSON (RFC 7493 section 2.2)")


class _Reader:
    """Reads one report; collects remarks, counts rows."""

    def __init__(self) -> None:
        self._remarks: list[str] = []
        self._details = 0

    def _remark(self, text: str) -> None:
        if text not in self._remarks and len(self._remarks) < _REMARKS_MAX:
            self._remarks.append(text)

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One object; of a member that occurs twice the last counts (RFC 7493 section 2.3)."""
        found = dict(pairs)
        if len(found) < len(pairs):
            self._remark("an object has a member twice; the last one counts")
        return found

    def mapping(self, value: object, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ReportError(f"{what} is no JSON object")
        return value

    def report(self, found: dict[str, Any]) -> Report:
        span = self.mapping(found.get("date-range"), "date-range")
        begin = self._time(span, "start-datetime")
        end = self._time(span, "end-datetime")
        if end < begin:
            raise ReportError("date-range ends before it begins")
        rows = found.get("policies")
        if isinstance(rows, dict):
            self._remark("policies is one object, not a list")
            rows = [rows]
        if not isinstance(rows, list):
            raise ReportError("policies is no list")
        if len(rows) > POLICIES_MAX:
            raise ReportError(f"policies has more than {POLICIES_MAX} entries")
        return Report(
            organization=self._required(found, "organization-name"),
            contact=self._text(found, "contact-info"),
            report_id=self._required(found, "report-id"),
            begin=begin,
            end=end,
            policies=tuple(self._policy(row, f"policies[{i}]") for i, row in enumerate(rows)),
            remarks=tuple(self._remarks),
        )

    def _policy(self, row: object, where: str) -> PolicyResult:
        entry = self.mapping(row, where)
        policy = self.mapping(entry.get("policy"), f"{where}.policy")
        summary = self.mapping(entry.get("summary"), f"{where}.summary")
        domain = self._required(policy, "policy-domain")
        try:
            domain = parse_domain(domain)
        except DomainNameError as error:
            raise ReportError(f"{where}.policy.policy-domain: {error}") from error
        details = entry.get("failure-details")
        if isinstance(details, dict):
            self._remark("failure-details is one object, not a list")
            details = [details]
        if not isinstance(details, list | None):
            raise ReportError(f"{where}.failure-details is no list")
        self._details += len(details or ())
        if self._details > DETAILS_MAX:
            raise ReportError(f"it has more than {DETAILS_MAX} failure-details")
        return PolicyResult(
            policy_type=self._required(policy, "policy-type").lower(),
            domain=domain,
            strings=self._texts(policy, "policy-string"),
            mx=self._texts(policy, "mx-host"),
            successes=_count(summary, "total-successful-session-count", where),
            failures=_count(summary, "total-failure-session-count", where),
            details=tuple(
                self._failure(each, f"{where}.failure-details[{i}]")
                for i, each in enumerate(details or ())
            ),
        )

    def _failure(self, row: object, where: str) -> Failure:
        found = self.mapping(row, where)
        return Failure(
            result_type=self._required(found, "result-type").lower(),
            count=_count(found, "failed-session-count", where),
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

    def _required(self, found: dict[str, Any], key: str) -> str:
        text = self._text(found, key)
        if not text:
            raise ReportError(f"{key} is missing")
        return text

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
        return tuple(printable(each, _TEXT_MAX) for each in texts)

    def _time(self, span: dict[str, Any], key: str) -> dt.datetime:
        """RFC 3339, and what occurs beside it: no zone (UTC is meant), and the hour 24."""
        text = self._required(span, key)
        found = _TIME.fullmatch(text)
        if found is None:
            raise ReportError(f"{key} '{text}' is no time of RFC 3339")
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
            raise ReportError(f"{key} '{text}' is no time of RFC 3339: {error}") from error


def _count(found: dict[str, Any], key: str, where: str) -> int:
    """A count of sessions: a JSON integer from 0 on, and nothing that only looks like one."""
    value = found.get(key)
    if type(value) is not int or not 0 <= value <= COUNT_MAX:
        shown = f"'{printable(str(value), 40)}', which is no count" if key in found else "missing"
        raise ReportError(f"{where}: {key} is {shown}")
    return value
