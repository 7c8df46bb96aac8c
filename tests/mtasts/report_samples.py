"""TLS reports as values, for tests of the store and of what it answers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mtasts.tlsrpt.report import Failure, PolicyResult, Report
from mtasts.tlsrpt.rows import Arrival
from mtasts.tlsrpt.trust import Receipt, Trust

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ARRIVED = dt.datetime(2026, 1, 20, tzinfo=dt.UTC)
STRINGS = ("version: STSv1", "mode: enforce", "mx: mx.a.example", "max_age: 604800")


def result(
    *details: Failure,
    domain: str = "a.example",
    successes: int = 10,
    failures: int | None = None,
    policy_type: str = "sts",
    strings: tuple[str, ...] = STRINGS,
    mx: tuple[str, ...] = ("mx.a.example",),
) -> PolicyResult:
    """An entry; without ``failures`` its total is what the details add up to."""
    total = sum(each.count or 0 for each in details) if failures is None else failures
    return PolicyResult(policy_type, domain, strings, mx, successes, total, details)


def report(
    *results: PolicyResult, day: int = 0, report_id: str = "1", contact: str = "tls@sender.example"
) -> Report:
    """A report about one day, the ``day``th from `FIRST`."""
    begin = FIRST + dt.timedelta(days=day)
    end = begin + dt.timedelta(days=1) - dt.timedelta(seconds=1)
    return Report("Sender", contact, report_id, begin, end, results or (result(),))


def receipt(
    trust: Trust = Trust.VERIFIED,
    source: str = "s3://inbox/1",
    received: dt.datetime = ARRIVED,
) -> Receipt:
    """How it came: by mail, signed."""
    key = "s1._domainkey.sender.example"
    return Receipt(trust, "as it is", "sender.example", key, "ab" * 32, received, "mail", source)


def arrivals(days: int, reporters: Sequence[str] = ("sender.example",)) -> list[Arrival]:
    """A report of each reporter of each day, with a failure on every third."""
    expired = Failure("certificate-expired", 2, "mx.a.example")
    return [
        Arrival(
            report(
                result(*[expired][: day % 3 == 0]),
                day=day,
                report_id=f"{name}-{day}",
                contact=f"tls@{name}",
            ),
            receipt(source=f"s3://inbox/{name}/{day}"),
        )
        for day in range(days)
        for name in reporters
    ]
