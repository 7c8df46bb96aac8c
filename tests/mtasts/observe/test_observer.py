"""The checker's bounds: on hosts, connections and time; what it finds is tested in the lab."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from loopback import Silent, Zone
from skipping import skipping

from mtasts.check.domain import check_domain
from mtasts.observations import FetchOutcome, SmtpOutcome
from mtasts.observe.observer import Observer, each_of
from mtasts.probe.probes import Probes
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from pathlib import Path

DOMAIN, HOST = "example.gov", "mta-sts.example.gov"
RECORDS = {
    ("_mta-sts.example.gov", "TXT"): ("v=STSv1; id=1;",),
    ("_smtp._tls.example.gov", "TXT"): (
        "v=TLSRPTv1; rua=https://reports.example/x?y=z,mailto:a@boxes.example",
    ),
    (DOMAIN, "TXT"): ("v=spf1 mx -all",),
    (DOMAIN, "MX"): ("10 mx1.example.gov",),
    (HOST, "A"): ("192.0.2.1",),
    (HOST, "AAAA"): ("2001:db8::1",),
    ("mx1.example.gov", "A"): ("192.0.2.9",),
    ("reports.example", "A"): ("192.0.2.7",),
    ("boxes.example", "MX"): ("10 mx.boxes.example",),
}


async def test_ten_thousand_mx_are_not_asked(ca_file: Path) -> None:
    many = {(DOMAIN, "MX"): tuple(f"10 mx{number}.example.gov" for number in range(10_000))}
    zone = Zone(many)
    seen = await Observer(Reach(None, ca_file), zone, deadline_seconds=5).observe(DOMAIN)
    assert seen.mx.left_out == 9_980
    assert len(zone.asked) < 200


async def test_dns_that_does_not_answer_in_time_is_told_as_such(ca_file: Path) -> None:
    observer = Observer(Reach(None, ca_file), Silent({}), deadline_seconds=0.05)
    found = check_domain(await observer.observe(DOMAIN), dt.datetime.now(dt.UTC))
    assert found.findings == ()
    assert {each.id for each in found.unknown} == {
        "sts-record",
        "tlsrpt-record",
        "mx",
        "spf",
        "dmarc",
    }


async def test_without_mx_records_the_domain_itself_is_asked(ca_file: Path) -> None:
    zone = Zone({("example", "MX"): ()})
    observer = Observer(Reach(None, ca_file), zone, deadline_seconds=5)
    seen = await observer.observe("example")
    assert [each.host for each in seen.mx.hosts] == ["example"]
    assert [each.name for each in seen.authentication.dmarc] == ["_dmarc.example"]


async def test_no_slot_in_time_is_no_answer(ca_file: Path) -> None:
    async def hang(*_: object, **__: object) -> Any:
        await asyncio.Event().wait()

    observer = Observer(
        Reach(None, ca_file),
        Zone(RECORDS),
        deadline_seconds=1.0,
        connections_max=1,
        probes=Probes(fetch=hang, look=hang, greet=hang),
    )
    seen = await observer.observe(DOMAIN)
    assert {each.outcome for each in seen.policy_host.fetches} == {FetchOutcome.TIMED_OUT}
    assert {each.outcome for host in seen.mx.hosts for each in host.sessions} == {
        SmtpOutcome.TIMED_OUT
    }
    late = check_domain(seen, dt.datetime.now(dt.UTC))
    assert {"tlsrpt-endpoint", "host-fetch", "mx-session"} <= {each.id for each in late.unknown}


async def test_so_many_at_once_and_no_more() -> None:
    running, most = 0, 0

    async def one(domain: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return domain

    names = [f"d{number}" for number in range(50)]
    found = [each async for each in each_of(names, one, parallel=7)]
    assert sorted(found) == sorted(names)
    assert most == 7
    assert [each async for each in each_of([], one, parallel=7)] == []


def test_slow_ones_make_room_for_others_and_not_for_all() -> None:
    skipping(slow_ones_make_room())


async def slow_ones_make_room() -> None:
    """Of eight slow ones, two at once, four have begun before the quick one behind them ends."""
    begun: list[str] = []
    over = asyncio.Event()

    async def one(domain: str) -> str:
        begun.append(domain)
        if domain.startswith("slow"):
            await over.wait()
        return domain

    names = ["slow1", "slow2", "slow3", "quick", "slow4", "slow5"]
    results = each_of(names, one, parallel=2, slow_factor=2)
    assert await anext(results) == "quick"
    assert begun[:4] == names[:4]
    further = asyncio.ensure_future(anext(results))
    await asyncio.sleep(100)
    assert begun == names[:5]  # four are running, which is all there may be
    over.set()
    assert {await further, *[each async for each in results]} == {*names} - {"quick"}


async def test_who_stops_early_leaves_nothing_running() -> None:
    ended: list[str] = []

    async def one(domain: str) -> str:
        if domain != "first":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append(domain)
                raise
        return domain

    results = each_of(["first", "second", "third"], one, parallel=2)
    assert await anext(results) == "first"
    await asyncio.sleep(0)
    assert isinstance(results, AsyncGenerator)
    await results.aclose()
    await asyncio.sleep(0)
    assert ended
