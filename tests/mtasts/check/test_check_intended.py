"""What is live beside what a stack has published."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from live_domain import DOMAIN, GOOD, MX, body, changed, dns, fetched, txt

from mtasts.check.domain import check_domain
from mtasts.check.intended import compare_handed, compare_intended
from mtasts.config import DomainConfig
from mtasts.ledger.entries import Body, Entry, PhaseEntered, Proof
from mtasts.ledger.history import Ledger
from mtasts.ledger.phases import Phase
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.rollout.handover import HandedOutRecord, RecordLookup

if TYPE_CHECKING:
    from mtasts.check.notes import Checked

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
REPORTS = ("mailto:tlsrpt@reports.example",)
CONFIG = DomainConfig(DOMAIN, (MxPattern(MX),), Mode.ENFORCE, 2_592_000, 300, REPORTS)
PUBLISHED = (Body(1, NOW - 9 * DAY, body(), 0, "1"), Proof(2, NOW - 9 * DAY, "1"))


def compared(
    *entries: Entry, domain: DomainConfig = CONFIG, **changes: Any
) -> tuple[list[str], Checked]:
    seen = changed(GOOD, **changes)
    found = compare_intended(check_domain(seen, NOW), seen, domain, Ledger(entries), NOW)
    return [each.id for each in found.findings if each.id.startswith("stack-")], found


def test_where_live_is_what_was_published_there_is_nothing_to_say() -> None:
    assert compared(*PUBLISHED)[0] == []
    wide = replace(CONFIG, mx=(MxPattern("example.gov", wildcard=True),))
    assert compared(*PUBLISHED, domain=wide)[0] == ["stack-behind"]


NULL = dns(DOMAIN, "MX", "0 .")


@pytest.mark.parametrize(
    ("mx", "live", "says"),
    [
        ((), dns(DOMAIN, "MX", f"10 {MX}"), "stack-parked-mx"),
        ((), NULL, ""),
        ((MxPattern("mx2.example.gov"),), dns(DOMAIN, "MX", f"10 {MX}"), "stack-mx-differs"),
        ((MxPattern(MX), MxPattern("b.gov")), dns(DOMAIN, "MX", f"10 {MX}"), "stack-mx-differs"),
        ((MxPattern(MX),), dns(DOMAIN, "MX", f"10 {MX}", "20 b.gov"), "stack-mx-differs"),
        ((MxPattern(MX),), dns(DOMAIN, "MX", status=DnsStatus.FAILED), ""),
    ],
)
def test_live_mx_hosts_are_compared_with_the_file(
    mx: tuple[MxPattern, ...], live: DnsAnswer, says: str
) -> None:
    found, _ = compared(*PUBLISHED, domain=replace(CONFIG, mx=mx), mx=live, mx_hosts=())
    told = [each for each in found if each in ("stack-mx-differs", "stack-parked-mx")]
    assert told == ([says] if says else [])


OTHER = txt("_mta-sts.example.gov", "v=STSv1; id=9;")
UNKNOWN = txt("_mta-sts.example.gov", status=DnsStatus.FAILED)


@pytest.mark.parametrize(
    ("entries", "changes", "expected"),
    [
        ((), {}, ["stack-foreign"]),
        ((), {"sts": txt("n")}, []),
        (PUBLISHED[:1], {}, ["stack-unproven"]),
        (PUBLISHED[:1], fetched(body=body(Mode.TESTING)), ["stack-unproven"]),
        (PUBLISHED, {"sts": OTHER}, ["stack-id-differs"]),
        (PUBLISHED, {"sts": txt("n")}, ["stack-id-differs"]),
        (PUBLISHED, {"sts": UNKNOWN}, []),
        (PUBLISHED, fetched(body=body(Mode.TESTING)), ["stack-body-differs"]),
        (PUBLISHED, fetched(status=404), []),
        (
            (*PUBLISHED, PhaseEntered(3, NOW, Phase.RECORD_WITHDRAWN)),
            {"sts": txt("n")},
            [],
        ),
        (
            PUBLISHED,
            {"tlsrpt": txt("_smtp._tls", "v=TLSRPTv1; rua=mailto:x@y.example;")},
            ["stack-tlsrpt-differs"],
        ),
        (PUBLISHED, {"tlsrpt": txt("n")}, []),
        (PUBLISHED, {"tlsrpt": txt("n", status=DnsStatus.FAILED)}, []),
    ],
)
def test_what_differs_is_told(
    entries: tuple[Entry, ...], changes: dict[str, Any], expected: list[str]
) -> None:
    assert compared(*entries, **changes)[0] == expected


def test_a_file_that_is_ahead_is_told() -> None:
    assert compared(*PUBLISHED, domain=replace(CONFIG, max_age=86_400))[0] == ["stack-behind"]


def test_what_senders_may_hold_is_told_until_when() -> None:
    old = Policy(Mode.ENFORCE, 604_800, (MxPattern("old.example.gov"),)).render()
    page = Body(3, NOW - 3 * DAY, b"<html>", 1, "8")
    testing = Body(4, NOW - 3 * DAY, body(Mode.TESTING, "old.example.gov"), 2, "7")
    new = Body(5, NOW - 2 * DAY, body(), 3, "1")
    entries = (
        Body(1, NOW - 9 * DAY, old, 0, "old"),
        Proof(2, NOW - 9 * DAY, "old"),
        page,
        testing,
        new,
        Proof(6, NOW - 2 * DAY, "1"),
    )
    ids, found = compared(*entries)
    assert ids == ["stack-held-misses-mx"]
    (finding,) = [each for each in found.findings if each.id in ids]
    assert finding.evidence == f"{MX}: old until 2026-05-06 01:00 UTC"
    null = dns(DOMAIN, "MX", "0 .")
    assert "stack-held-misses-mx" not in compared(*entries, mx=null, mx_hosts=())[0]


def test_each_record_that_was_handed_out_is_live_missing_or_another() -> None:
    record = HandedOutRecord("mta-sts.example.gov", "CNAME", "d1.cloudfront.net")
    answers = (
        dns(record.owner, "CNAME", record.value),
        dns(record.owner, "CNAME"),
        dns(record.owner, "CNAME", "elsewhere.example"),
        dns(record.owner, "CNAME", status=DnsStatus.FAILED),
    )
    found = compare_handed(
        check_domain(GOOD, NOW), [RecordLookup(record, each) for each in answers]
    )
    wanted = "mta-sts.example.gov CNAME d1.cloudfront.net"
    assert sorted((each.id, each.evidence) for each in found.findings) == [
        (
            "stack-record-differs",
            (
                "[handed-record-wrong] wrong: DNS has elsewhere.example; the agency has to "
                f"publish: {wanted}"
            ),
        ),
        ("stack-record-live", wanted),
        ("stack-record-missing", f"[handed-record-missing] waiting for: {wanted}"),
    ]
    assert [each.id for each in found.unknown] == ["stack-record"]
    assert found.unknown[0].reason.startswith("[handed-record-unknown] ")
