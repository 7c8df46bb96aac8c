"""Ordinary reports, read fast: what nearly all senders write, and nothing that needs a warning.

The bytes are decoded straight into the shape of such a report (msgspec), in a quarter of the time
that `reading` takes. Whatever is out of the ordinary gives None, and is read the long way: nothing
is judged here, and tests hold that both ways give the same.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Annotated

from msgspec import UNSET, Meta, MsgspecError, Struct, UnsetType, structs
from msgspec.json import Decoder, Encoder

from mtasts.names import DomainNameError, parse_domain
from mtasts.tlsrpt.report import (
    DETAILS_MAX,
    POLICIES_MAX,
    STRINGS_MAX,
    Count,
    Failure,
    PolicyResult,
    Report,
    Text,
)
from mtasts.tlsrpt.result_types import POLICY_TYPES, RESULT_TYPES
from mtasts.tlsrpt.sessions import repeated

_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_Lines = Annotated[tuple[Text, ...], Meta(max_length=STRINGS_MAX)]


class _Shape(Struct, gc=False, rename="kebab", forbid_unknown_fields=True):
    """An object of a report with the members that it may have, by their names in JSON."""


class _Span(_Shape):
    start_datetime: str
    end_datetime: str


class _Policy(_Shape):
    policy_type: str
    policy_domain: str
    policy_string: _Lines | UnsetType = UNSET
    mx_host: _Lines | UnsetType = UNSET


class _Summary(_Shape):
    total_successful_session_count: Count
    total_failure_session_count: Count


class _Entry(_Shape):
    policy: _Policy
    summary: _Summary
    failure_details: tuple[Failure, ...] | UnsetType = UNSET


class _Report(_Shape):
    organization_name: Text
    date_range: _Span
    contact_info: Text
    report_id: Text
    policies: Annotated[tuple[_Entry, ...], Meta(min_length=1, max_length=POLICIES_MAX)]


_DECODER = Decoder(_Report)
_ENCODER = Encoder()


def read(text: bytes) -> Report | None:
    """The report in a JSON text that is ordinary; None where it has to be read the long way."""
    found = _decode(text)
    if found is None:
        return None
    begin, end = _time(found.date_range.start_datetime), _time(found.date_range.end_datetime)
    if begin is None or end is None or end < begin:
        return None
    results = []
    details = 0
    for entry in found.policies:
        result = _result(entry)
        if result is None:
            return None
        details += len(result.details)
        results.append(result)
    policies = tuple(results)
    if details > DETAILS_MAX or repeated(policies):
        return None
    return Report(
        organization=found.organization_name,
        contact=found.contact_info,
        report_id=found.report_id,
        begin=begin,
        end=end,
        policies=policies,
    )


def _decode(text: bytes) -> _Report | None:
    """A JSON text in the shape of an ordinary report, if it has no more in it than that.

    In an ordinary text every string is printable ASCII, unescaped (of the control characters JSON
    allows DEL alone in strings, RFC 8259 section 7). Of two members with one name the decoder keeps
    the last: then what it found, encoded again, is shorter and has fewer quotes. Without white
    space, as large senders write it, the length alone tells that nothing is missing.
    """
    if not text.isascii() or b"\\" in text or b"\x7f" in text:
        return None
    try:
        found = _DECODER.decode(text)
    except MsgspecError:
        return None
    again = _ENCODER.encode(found)
    is_whole = len(again) == len(text) or again.count(b'"') == text.count(b'"')
    return found if is_whole else None


def _result(entry: _Entry) -> PolicyResult | None:
    policy, summary = entry.policy, entry.summary
    name = _domain(policy.policy_domain)
    if name is None or policy.policy_type not in POLICY_TYPES:
        return None
    details = _details(entry.failure_details or (), summary.total_failure_session_count)
    if details is None:
        return None
    return PolicyResult(
        policy_type=policy.policy_type,
        domain=name,
        strings=policy.policy_string or (),
        mx=policy.mx_host or (),
        successes=summary.total_successful_session_count,
        failures=summary.total_failure_session_count,
        details=details,
    )


def _details(rows: tuple[Failure, ...], total: int) -> tuple[Failure, ...] | None:
    """The failure details of a policy with ``total`` failed sessions, hosts in lower case.

    Ordinary ones have known types, and counts up to the total.
    """
    if not rows:
        return ()
    counts = [each.count for each in rows if each.count is not None]
    if len(counts) < len(rows) or max(counts) > total:
        return None
    if not {each.result_type for each in rows} <= RESULT_TYPES:
        return None
    hosts = {each.mx_host for each in rows}
    if hosts == {_host(each) for each in hosts}:
        return rows
    return tuple(structs.replace(each, mx_host=_host(each.mx_host)) for each in rows)


def _host(text: str) -> str:
    return text.lower().rstrip(".")


@lru_cache(maxsize=4096)
def _time(text: str) -> dt.datetime | None:
    """A time in UTC, such as 2026-05-10T23:59:59Z; None for one that is written otherwise.

    The reports of one day have the same times, by the thousand.
    """
    if not _UTC.fullmatch(text):
        return None
    try:
        return dt.datetime.fromisoformat(f"{text[:-1]}+00:00").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _domain(text: str) -> str | None:
    """A policy domain in A-labels in its normal form; None for what is no domain."""
    try:
        return parse_domain(text)
    except DomainNameError:
        return None
