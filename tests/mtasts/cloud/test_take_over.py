"""A name goes over to a Worker: a route first, then the domain, and the route goes again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from cloudflare_api import api, settings

from mtasts.cloud.cloudflare.account import CloudflareAccount
from mtasts.cloud.cloudflare.take_over import TakeOver, TakeOverError
from mtasts.errors import UndeterminedError
from mtasts.localcloud.cloudflare.account import Record, Script, Version
from mtasts.localcloud.cloudflare.api import Faults
from mtasts.rollout.move import MoveListener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.cloudflare.servers import CloudflareServers

DOMAIN, SERVICE = "example.gov", "w"


@contextmanager
def standing(host: str, *types: str) -> Iterator[tuple[CloudflareServers, CloudflareAccount, str]]:
    """A zone with records at ``host``, and a Worker that it may go to."""
    with api() as servers:
        zone = servers.account.add_zone(DOMAIN)
        servers.account.scripts[SERVICE] = Script(SERVICE, [Version("w1", "", 0.0)])
        for number, type_ in enumerate(types):
            content = {"CNAME": "d1.cloudfront.net", "TXT": '"x"'}.get(type_, "192.0.2.1")
            row = Record(f"r{number}", host, type_, content, 300)
            servers.account.add_record(zone, row)
        yield servers, CloudflareAccount(settings(servers.api.url)), zone.id


class Watching:
    """Sees what stands at each pause."""

    def __init__(self, servers: CloudflareServers) -> None:
        self.servers = servers
        self.seen: list[tuple[int, int]] = []

    async def __call__(self, _: float) -> None:
        account = self.servers.account
        self.seen.append((len(account.routes), len(account.domains)))


async def nothing() -> None:
    """Whoever is told does nothing."""


NOBODY = MoveListener(nothing, nothing)


async def test_the_route_is_everywhere_before_the_name_leads_there() -> None:
    host = f"mta-sts.{DOMAIN}"
    with standing(host, "CNAME") as (servers, account, zone):
        watching = Watching(servers)

        async def told() -> None:
            await watching(0)

        listener = MoveListener(told, nothing)
        await TakeOver(account, 5, watching).run(host, zone, SERVICE, listener)
        assert watching.seen == [(1, 0), (1, 0), (1, 1)]
        assert servers.account.routes == {}
        (row,) = servers.account.zones[zone].records.values()
        assert row.worker
        await TakeOver(account, 5, watching).run(host, zone, SERVICE, listener)  # nothing is left
        assert len(watching.seen) == 3


async def test_another_worker_gives_the_name_up_the_same_way() -> None:
    host = f"mta-sts.{DOMAIN}"
    with standing(host) as (servers, account, zone):
        servers.account.scripts["theirs"] = Script("theirs", [Version("w2", "", 0.0)])
        servers.account.attach(host, "theirs", zone)
        watching = Watching(servers)
        await TakeOver(account, 5, watching).run(host, zone, SERVICE, NOBODY)
        assert watching.seen == [(1, 1), (1, 1)]
        assert {each.service for each in servers.account.domains.values()} == {SERVICE}
        await TakeOver(account, 5, watching).run(host, zone, SERVICE, NOBODY)
        assert len(watching.seen) == 2


@pytest.mark.parametrize("types", [(), ("TXT",)])
async def test_where_nothing_leads_elsewhere_nothing_is_done(types: tuple[str, ...]) -> None:
    host = f"mta-sts.{DOMAIN}"
    with standing(host, *types) as (servers, account, zone):
        await TakeOver(account, 0).run(host, zone, SERVICE, NOBODY)
        assert servers.account.domains == {}


async def test_without_a_certificate_the_name_stays_where_it_is() -> None:
    host = f"mta-sts.sub.{DOMAIN}"  # Universal SSL covers one label
    with standing(host, "CNAME") as (servers, account, zone):
        with pytest.raises(TakeOverError, match="no active certificate of the zone covers"):
            await TakeOver(account, 0).run(host, zone, SERVICE, NOBODY)
        assert (servers.account.routes, servers.account.domains) == ({}, {})


async def test_a_run_that_was_stopped_is_taken_up_and_a_foreign_route_is_not() -> None:
    host = f"mta-sts.{DOMAIN}"
    with standing(host, "CNAME") as (servers, account, zone):
        servers.account.scripts["other"] = Script("other", [Version("w2", "", 0.0)])
        servers.account.add_route(zone, "www.example.gov/*", "other")
        route = servers.account.add_route(zone, f"{host}/*", "other")
        with pytest.raises(TakeOverError, match="leads to other already"):
            await TakeOver(account, 0).run(host, zone, SERVICE, NOBODY)
        del servers.account.routes[route.id]
        servers.account.add_route(zone, f"{host}/*", SERVICE)
        await TakeOver(account, 0).run(host, zone, SERVICE, NOBODY)
        assert [each.pattern for each in servers.account.routes.values()] == ["www.example.gov/*"]


async def test_what_cloudflare_refuses_is_not_known_to_be_done() -> None:
    host = f"mta-sts.{DOMAIN}"
    with standing(host, "CNAME") as (servers, account, zone):
        servers.api.faults = Faults(lacking=frozenset({"Workers Routes Write"}))
        with pytest.raises(UndeterminedError, match="Workers Routes"):
            await TakeOver(account, 0).run(host, zone, SERVICE, NOBODY)


class LosesTheAnswer(TakeOver):
    """The name went over, and nobody was told so."""

    left: Iterator[bool]

    def _is_elsewhere(self, host: str, zone_id: str, service: str) -> bool:
        del host, zone_id, service
        return next(self.left)


@pytest.mark.parametrize("goes_over", [False, True])
async def test_where_the_name_did_not_go_over_that_is_told(*, goes_over: bool) -> None:
    host = f"mta-sts.{DOMAIN}"
    with standing(host, "CNAME") as (servers, account, zone):
        told: list[str] = []

        async def goes() -> None:
            told.append("goes")
            servers.api.faults = Faults(lacking=frozenset({"Workers Scripts Write"}))

        async def stays() -> None:
            told.append("stays")

        taking = TakeOver(account, 0)
        if goes_over:
            taking = LosesTheAnswer(account, 0)
            taking.left = iter((True, False))
        with pytest.raises(UndeterminedError, match="Workers Scripts"):
            await taking.run(host, zone, SERVICE, MoveListener(goes, stays))
        assert told == ["goes"] if goes_over else ["goes", "stays"]


async def test_a_route_that_a_stopped_run_has_left_is_removed() -> None:
    host = f"mta-sts.{DOMAIN}"
    with standing(host) as (servers, account, zone):
        servers.account.scripts["other"] = Script("other", [Version("w2", "", 0.0)])
        foreign = servers.account.add_route(zone, f"{host}/*", "other")
        servers.account.attach(host, SERVICE, zone)
        await TakeOver(account, 0).run(host, zone, SERVICE, NOBODY)
        assert list(servers.account.routes) == [foreign.id]
        del servers.account.routes[foreign.id]
        servers.account.add_route(zone, f"{host}/*", SERVICE)
        await TakeOver(account, 0).run(host, zone, SERVICE, NOBODY)
        assert servers.account.routes == {}
        servers.api.faults = Faults(lacking=frozenset({"Workers Routes Read"}))
        await TakeOver(account, 0).run(host, zone, SERVICE, NOBODY)  # a token without moves


def test_what_is_gone_already_may_be_removed_and_what_may_not_be_is_told() -> None:
    with standing(f"mta-sts.{DOMAIN}") as (servers, account, zone):
        account.remove(f"/zones/{zone}/workers/routes/none")
        servers.api.faults = Faults(lacking=frozenset({"Workers Routes Write"}))
        with pytest.raises(Exception, match="lacks a permission"):
            account.remove(f"/zones/{zone}/workers/routes/none")
