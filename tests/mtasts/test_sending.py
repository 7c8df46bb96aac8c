"""The sender at work against a resolver, an HTTPS host and mail servers on loopback."""

from __future__ import annotations

import datetime as dt
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from loopback import served

from localcloud.authority import Authority
from localcloud.mail import Flavour, MailServers
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import ConnectTo, Reach
from mtasts.probe.smtp import Envelope
from mtasts.sender import CachedPolicy, Conclusion, Sender
from mtasts.sending import send

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator
    from pathlib import Path

DOMAIN = "example.gov"
HOSTS = ("mx1.example.gov", "mx2.example.gov")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LETTER = Envelope("a@sender.example", "b@example.gov", b"Subject: hello\r\n\r\nbody\r\n")


def policy(mode: Mode) -> Policy:
    return Policy(mode, 86400, tuple(MxPattern(host) for host in HOSTS))


class Zone(Resolver):
    """A resolver that is a literal: name and type to values; what is missing does not exist."""

    def __init__(self, values: dict[tuple[str, str], tuple[str, ...]]) -> None:
        super().__init__(Reach())
        self.values = values

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        values = self.values.get((name, type_))
        if values is None:
            return DnsAnswer(name, type_, DnsStatus.NXDOMAIN)
        if type_ == "TXT":
            strings = tuple((value.encode(),) for value in values)
            return DnsAnswer(name, type_, DnsStatus.ANSWERED, strings=strings)
        return DnsAnswer(name, type_, DnsStatus.ANSWERED, values)


class World:
    """One policy domain with everything it needs, and the mail it got."""

    def __init__(self, servers: MailServers, reach: Reach) -> None:
        self.servers = servers
        self.reach = reach
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
        return await send(Sender(DOMAIN, NOW, cached), LETTER, self.reach, self.zone)

    @property
    def received(self) -> list[tuple[str, bool]]:
        return [(message.host, message.tls) for message in self.servers.messages]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


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
