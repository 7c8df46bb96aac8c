"""The edge over real TLS connections, with an account that is plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mtasts.localcloud.authority import Authority, Certificate
from mtasts.localcloud.distribution import Distribution, Invalidation, OriginAnswer
from mtasts.localcloud.edge import Edge
from mtasts.localcloud.edge_response import EdgeFault
from mtasts.observations import Fetch, FetchOutcome
from mtasts.probe.https import fetch
from mtasts.probe.reach import ConnectTo, Reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOST = "mta-sts.example.gov"
DISTRIBUTION = Distribution(
    "E1",
    "arn",
    "d1.cloudfront.net",
    "bucket.s3.us-east-1.amazonaws.com",
    aliases=(HOST,),
    certificate="arn:cert",
    security_headers=True,
)


class State:
    """An account with one distribution and one object."""

    def __init__(self) -> None:
        self.body = b"old"
        self.status = 200
        self.names: tuple[str, ...] = (HOST,)
        self.distribution = DISTRIBUTION
        self.pending: list[Invalidation] = []
        self.is_deployed = False

    def distributions(self) -> dict[str, Distribution]:
        return {"E1": self.distribution}

    def invalidations(self) -> list[Invalidation]:
        return self.pending

    def deployed(self, _: Distribution) -> None:
        self.is_deployed = True

    def completed(self, invalidation: Invalidation) -> None:
        self.pending.remove(invalidation)

    def certificate_names(self, _: str) -> tuple[str, ...]:
        return self.names

    def fetch(self, _: Distribution, path: str) -> OriginAnswer:
        headers = (("content-type", "text/plain"), ("cache-control", "max-age=60"))
        return OriginAnswer(self.status, headers, self.body + path[:0].encode())


class Lab:
    """An edge, the account behind it, and its clock."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.state = State()
        self.now = 0.0
        self.edge = Edge(self.state, authority, clock=lambda: self.now, lags_seconds=(0, 1, 5))
        self._ca_file = folder / "ca.pem"
        authority.write(self._ca_file)

    async def ask(self, host: str = HOST, address: str = "127.0.0.1") -> Fetch:
        rows = (ConnectTo("", None, address, self.edge.port),)
        return await fetch(Reach(None, self._ca_file, rows), host, "192.0.2.1")

    async def bodies(self) -> list[bytes]:
        """The body from each point of presence; each connection reaches the next one."""
        return [(await self.ask()).body for _ in self.edge.points]


@pytest.fixture
async def lab(authority: Authority, tmp_path: Path) -> AsyncIterator[Lab]:
    lab = Lab(authority, tmp_path)
    await lab.edge.start(ticking=False)
    lab.edge.advance()
    lab.now = 10.0
    lab.edge.advance()
    yield lab
    await lab.edge.stop()


async def test_the_policy_comes_over_verified_tls_with_its_headers(lab: Lab) -> None:
    found = await lab.ask()
    assert (found.outcome, found.status, found.body) == (FetchOutcome.ANSWERED, 200, b"old")
    assert found.header("strict-transport-security") == "max-age=31536000"
    assert found.header("cache-control") == "max-age=60"
    assert lab.state.is_deployed


async def test_ipv6_answers_on_the_same_port(lab: Lab) -> None:
    if not lab.edge.ipv6:
        pytest.skip("this machine has no IPv6 loopback")
    assert (await lab.ask(address="::1")).body == b"old"


async def test_each_point_of_presence_has_its_own_copy(lab: Lab) -> None:
    await lab.ask()
    lab.state.body = b"new"
    assert sorted(await lab.bodies()) == [b"new", b"new", b"old"]


async def test_an_invalidation_is_complete_when_the_slowest_point_has_applied_it(
    lab: Lab,
) -> None:
    await lab.bodies()
    lab.state.body = b"new"
    purge = Invalidation("I1", "E1", ("/.well-known/mta-sts.txt",))
    lab.state.pending = [purge]
    lab.edge.advance()
    assert sorted(await lab.bodies()) == [b"new", b"old", b"old"]
    assert lab.state.pending == [purge]
    lab.now += 5
    lab.edge.advance()
    assert lab.state.pending == []
    assert await lab.bodies() == [b"new"] * 3


@pytest.mark.parametrize("name", ["mta-sts.other.example", "example.gov"])
async def test_a_name_that_no_distribution_has_gets_no_handshake(lab: Lab, name: str) -> None:
    assert (await lab.ask(name)).outcome is FetchOutcome.TLS_FAILED


async def test_without_an_issued_certificate_there_is_no_handshake(lab: Lab) -> None:
    lab.state.names = ()
    assert (await lab.ask()).outcome is FetchOutcome.TLS_FAILED


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (EdgeFault(status=503), (FetchOutcome.ANSWERED, 503, b"old")),
        (EdgeFault(body=b"other"), (FetchOutcome.ANSWERED, 200, b"other")),
        (
            EdgeFault(status=301, location="https://example.gov/"),
            (FetchOutcome.ANSWERED, 301, b"old"),
        ),
        (EdgeFault(certificate=Certificate.EXPIRED), (FetchOutcome.CERTIFICATE_REFUSED, 0, b"")),
    ],
    ids=["status", "body", "redirect", "certificate"],
)
async def test_faults_are_seen_until_they_are_cleared(
    lab: Lab, fault: EdgeFault, expected: tuple[FetchOutcome, int, bytes]
) -> None:
    lab.edge.set_fault(HOST, fault)
    found = await lab.ask()
    assert (found.outcome, found.status, found.body) == expected
    lab.edge.clear_fault(HOST)
    assert (await lab.ask()).body == b"old"


async def test_a_stale_fault_keeps_the_old_answer_after_an_invalidation(lab: Lab) -> None:
    lab.edge.set_fault(HOST, EdgeFault(stale=True, points=(2,)))
    lab.state.body = b"new"
    lab.state.pending = [Invalidation("I1", "E1", ("/*",))]
    lab.edge.advance()
    lab.now += 100
    lab.edge.advance()
    assert sorted(await lab.bodies()) == [b"new", b"new", b"old"]


async def test_a_failing_origin_is_an_error_if_the_cache_is_empty(lab: Lab) -> None:
    lab.edge.set_fault(HOST, EdgeFault(origin_status=500))
    found = await lab.ask()
    assert (found.status, found.header("x-cache")) == (500, "Error from cloudfront")
