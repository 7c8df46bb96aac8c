"""The sender at work against a resolver, an HTTPS host and mail servers on loopback."""

from __future__ import annotations

import datetime as dt
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from loopback import Zone, served

from mtasts.localcloud.mail import Flavour, MailServers
from mtasts.names import MxPattern
from mtasts.observations import Delivery, Fetch, FetchOutcome, SmtpOutcome, SmtpSession
from mtasts.policy import Mode, Policy
from mtasts.probe.https import fetch
from mtasts.probe.probes import LIVE, Probes
from mtasts.probe.reach import ConnectTo, Reach
from mtasts.probe.smtp import Envelope, deliver
from mtasts.sender.delivery import send
from mtasts.sender.machine import CachedPolicy, Conclusion, Sender

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mtasts.localcloud.authority import Authority

DOMAIN = "example.gov"
HOSTS = ("mx1.example.gov", "mx2.example.gov")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LETTER = Envelope("a@sender.example", "b@example.gov", b"Subject: hello\r\n\r\nbody\r\n")


def policy(mode: Mode) -> Policy:
    return Policy(mode, 86400, tuple(MxPattern(host) for host in HOSTS))


class World:
    """One policy domain with everything it needs, and the mail it got."""

    def __init__(self, servers: MailServers, reach: Reach) -> None:
        self.servers = servers
        self.reach = reach
        self.probes = LIVE
        self.zone = Zone(
            {
                ("_mta-sts.example.gov", "TXT"): ("v=STSv1; id=1;",),
                ("mta-sts.example.gov", "A"): ("192.0.2.1",),
                (DOMAIN, "MX"): ("10 mx1.example.gov", "20 mx2.example.gov"),
                ("mx1.example.gov", "A"): ("192.0.2.2",),
                ("mx2.example.gov", "AAAA"): ("2001:db8::2",),
            }
        )

    async def send(self, cached: CachedPolicy | None = None) -> Sender:
        sender = Sender(DOMAIN, NOW, cached)
        return await send(sender, LETTER, self.reach, self.zone, probes=self.probes)

    @property
    def received(self) -> list[tuple[str, bool]]:
        return [(message.host, message.tls) for message in self.servers.messages]


@asynccontextmanager
async def world(authority: Authority, folder: Path, body: bytes) -> AsyncIterator[World]:
    """The domain, its policy host serving ``body``."""
    authority.write(folder / "ca.pem")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + body)
        await writer.drain()
        await reader.read()

    servers = MailServers(authority)
    for host in HOSTS:
        await servers.listen(host)
    async with served(talk, authority.context(("mta-sts.example.gov",))) as port:
        rows = [ConnectTo("mta-sts.example.gov", 443, "127.0.0.1", port)]
        rows += [ConnectTo(host, 25, "127.0.0.1", each) for host, each in servers.ports.items()]
        yield World(servers, Reach(None, folder / "ca.pem", tuple(rows)))
    await servers.stop()


async def test_an_enforced_policy_is_fetched_and_the_mail_goes_over_verified_tls(
    authority: Authority, tmp_path: Path
) -> None:
    enforce = policy(Mode.ENFORCE)
    async with world(authority, tmp_path, enforce.render()) as here:
        done = await here.send()
        assert done.conclusion is Conclusion.DELIVERED
        assert done.cached == CachedPolicy(enforce, "1", NOW)
        assert here.received == [("mx1.example.gov", True)]


async def test_an_address_that_nobody_outside_can_reach_is_passed_over(
    authority: Authority, tmp_path: Path
) -> None:
    async with world(authority, tmp_path, policy(Mode.ENFORCE).render()) as here:
        rows = [row for row in here.reach.connect_to if row.host != "mx1.example.gov"]
        port = here.servers.ports["mx1.example.gov"]
        rows = [
            ConnectTo("192.0.2.2", 25, "127.0.0.1", port),
            *(replace(each, host="192.0.2.1") if each.port == 443 else each for each in rows),
        ]
        here.reach = replace(here.reach, connect_to=tuple(rows))
        here.zone.values["mta-sts.example.gov", "A"] = ("10.0.0.1", "192.0.2.1")
        here.zone.values["mx1.example.gov", "A"] = ("192.168.0.1", "192.0.2.2")
        assert (await here.send()).conclusion is Conclusion.DELIVERED
        assert here.received == [("mx1.example.gov", True)]


@pytest.mark.parametrize(
    "flavour", [Flavour.STRIPPED, Flavour.EXPIRED, Flavour.MISMATCH, Flavour.SELF_SIGNED]
)
async def test_enforced_a_bad_host_is_passed_over_for_the_backup(
    authority: Authority, tmp_path: Path, flavour: Flavour
) -> None:
    async with world(authority, tmp_path, policy(Mode.ENFORCE).render()) as here:
        here.servers.flavours["mx1.example.gov"] = flavour
        assert (await here.send()).conclusion is Conclusion.DELIVERED
        assert here.received == [("mx2.example.gov", True)]


async def test_enforced_with_no_good_host_the_message_is_kept_and_goes_nowhere(
    authority: Authority, tmp_path: Path
) -> None:
    async with world(authority, tmp_path, policy(Mode.ENFORCE).render()) as here:
        here.servers.flavours |= dict.fromkeys(HOSTS, Flavour.STRIPPED)
        assert (await here.send()).conclusion is Conclusion.DEFERRED
        assert here.received == []


async def test_in_testing_the_same_is_delivered(authority: Authority, tmp_path: Path) -> None:
    async with world(authority, tmp_path, policy(Mode.TESTING).render()) as here:
        here.servers.flavours |= dict.fromkeys(HOSTS, Flavour.STRIPPED)
        assert (await here.send()).conclusion is Conclusion.DELIVERED
        assert here.received == [("mx1.example.gov", False)]


async def test_a_cached_policy_holds_where_an_attacker_keeps_the_new_one_away(
    authority: Authority, tmp_path: Path
) -> None:
    cached = CachedPolicy(policy(Mode.ENFORCE), "0", NOW)
    async with world(authority, tmp_path, b"") as here:
        here.servers.flavours |= dict.fromkeys(HOSTS, Flavour.STRIPPED)
        del here.zone.values["mta-sts.example.gov", "A"]
        done = await here.send(cached)
        assert (done.conclusion, done.cached) == (Conclusion.DEFERRED, cached)
        assert "mta-sts.example.gov has no address" in done.story[1]
        assert here.received == []


async def test_an_mx_without_an_address_leads_to_the_next(
    authority: Authority, tmp_path: Path
) -> None:
    async with world(authority, tmp_path, policy(Mode.ENFORCE).render()) as here:
        del here.zone.values["mx1.example.gov", "A"]
        assert (await here.send()).conclusion is Conclusion.DELIVERED
        assert here.received == [("mx2.example.gov", True)]


@pytest.mark.parametrize("outcome", ["connect-failed", "no-route"])
async def test_an_address_that_nobody_answers_at_leads_to_the_next(
    authority: Authority, tmp_path: Path, outcome: str
) -> None:
    dead = "192.0.2.250"

    async def fetch_or_not(reach: Reach, host: str, address: str, **more: Any) -> Fetch:
        if address == dead:
            return Fetch(host, address, FetchOutcome(outcome))
        return await fetch(reach, host, address, **more)

    async def deliver_or_not(
        reach: Reach, host: str, address: str, envelope: Envelope, *, require_tls: bool
    ) -> Delivery:
        if address == dead:
            return Delivery(SmtpSession(host, address, SmtpOutcome(outcome)))
        return await deliver(reach, host, address, envelope, require_tls=require_tls)

    async with world(authority, tmp_path, policy(Mode.ENFORCE).render()) as here:
        here.probes = Probes(fetch=fetch_or_not, deliver=deliver_or_not)
        here.zone.values["mta-sts.example.gov", "A"] = (dead, "192.0.2.1")
        here.zone.values["mx1.example.gov", "A"] = (dead, "192.0.2.2")
        assert (await here.send()).conclusion is Conclusion.DELIVERED
        assert here.received == [("mx1.example.gov", True)]
        here.zone.values["mta-sts.example.gov", "A"] = (dead,)
        assert (await here.send()).policy is None
