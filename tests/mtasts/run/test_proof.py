"""A proof passes only once every address serves the exact bytes; anything else says what it saw."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.cloud.aws.caches import PurgeError
from mtasts.errors import UndeterminedError
from mtasts.ledger.history import Intended
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus, Fetch, FetchOutcome
from mtasts.policy import Mode, Policy
from mtasts.probe.reach import Reach
from mtasts.run.proof import ASKS_PER_ADDRESS, NotProvenError, Proof, ProofGoal, Prover
from mtasts.run.waiting import Waits

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "mta-sts.example.gov"
SERVERS = ("ns1.example.net",)
NEW = Policy(Mode.TESTING, 604800, (MxPattern("new.example.gov"),)).render()
OLD = Policy(Mode.TESTING, 604800, (MxPattern("old.example.gov"),)).render()
WANTED = ProofGoal(HOST, NEW)


@dataclass
class World:
    """DNS, an edge and a clock, as data; ``bodies`` are served in turn, the last for ever."""

    addresses: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"A": ("192.0.2.1",), "AAAA": ("2001:db8::1",)}
    )
    bodies: list[bytes] = field(default_factory=lambda: [NEW])
    no_route: tuple[str, ...] = ()
    dns_fails: int = 0
    record: tuple[bytes, ...] = ()
    lapse: float | None = 0.0
    settle_seconds: float = 0.0
    purging: float = 0.0
    now: float = 0.0
    log: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)

    async def purge(self, within_seconds: float) -> None:
        self.log.append("purge")
        self.now += min(self.purging, within_seconds)
        if self.purging > within_seconds:
            raise PurgeError(f"no word of invalidation I1 within {within_seconds:.0f} s")

    async def seconds_until_lapsed(self) -> float | None:
        return self.lapse

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        self.log.append(f"pause {seconds:g}")

    def _answer(self, name: str, type_: str) -> DnsAnswer:
        if self.dns_fails > 0:
            self.dns_fails -= 1
            return DnsAnswer(name, type_, DnsStatus.FAILED, reason="timed out")
        values = self.addresses.get(type_, ())
        return DnsAnswer(name, type_, DnsStatus.ANSWERED if values else DnsStatus.NO_DATA, values)

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        self.log.append(f"lookup {name} {type_}")
        return self._answer(name, type_)

    async def authoritative(self, servers: tuple[str, ...], name: str, type_: str) -> DnsAnswer:
        assert servers == SERVERS
        answer = self._answer(name, type_)
        return replace(answer, strings=tuple((text,) for text in self.record))

    async def ask(
        self, _: Reach, host: str, address: str, *, deadline_seconds: float, user_agent: str
    ) -> Fetch:
        assert deadline_seconds > 0
        if address in self.no_route:
            return Fetch(host, address, FetchOutcome.NO_ROUTE)
        body = self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0]
        headers = (("content-type", "text/plain"),)
        self.log.append("ask")
        self.agents.add(user_agent)
        return Fetch(host, address, FetchOutcome.ANSWERED, 200, headers, body)

    def prover(self, deadline_seconds: float = 60.0) -> Prover:
        resolver: Any = self
        return Prover(Reach(), resolver, deadline_seconds, self.ask, self.pause, lambda: self.now)

    async def prove(self, deadline_seconds: float = 60.0) -> Proof:
        return await self.prover(deadline_seconds).prove(WANTED, SERVERS, self)


async def test_the_intended_bytes_everywhere_are_a_proof() -> None:
    proof = await World().prove()
    assert proof == Proof(WANTED, ("192.0.2.1", "2001:db8::1"), (), requests=2 * ASKS_PER_ADDRESS)


async def test_older_copies_are_outlived_and_then_purged_before_anybody_is_asked() -> None:
    world = World(lapse=12.5)
    await world.prove()
    assert world.log[:3] == ["pause 12.5", "purge", "ask"]


@pytest.mark.parametrize("lapse", [None, 0.0, 3.0])
@pytest.mark.parametrize("is_first", [True, False])
async def test_a_purge_is_left_out_only_where_ledger_and_origin_know_no_other_body(
    lapse: float | None, is_first: bool
) -> None:
    world = World(lapse=lapse)
    wanted = replace(WANTED, is_first=is_first)
    await world.prover().prove(wanted, SERVERS, world)
    assert ("purge" in world.log) is not (is_first and lapse is None)


async def test_copies_that_outlive_the_deadline_are_a_refusal_with_the_time_left() -> None:
    with pytest.raises(NotProvenError, match=r"another 90 s.*mtasts:proofSeconds"):
        await World(lapse=90).prove()


async def test_waiting_purging_and_asking_share_one_deadline() -> None:
    assert (await World(lapse=20, purging=39).prove()).requests
    with pytest.raises(NotProvenError) as refused:
        await World(lapse=20, purging=41).prove()
    assert str(refused.value) == (
        "mta-sts.example.gov: no word of invalidation I1 within 40 s; of the 60 s of "
        "mtasts:proofSeconds, 20 s went into waiting for older copies to lapse, 40 s into purging "
        "caches, 0 s into requests: run again later, or raise mtasts:proofSeconds"
    )


async def test_a_host_is_asked_however_long_the_purge_took() -> None:
    world = World(purging=60)
    assert (await world.prove()).requests
    with pytest.raises(
        NotProvenError, match=r"0 s went into .*, 60 s into purging .*, 0 s into requests"
    ):
        await World(purging=60, bodies=[OLD]).prove()


@pytest.mark.parametrize(
    ("world", "error"),
    [
        pytest.param(World(lapse=9, purging=11, bodies=[OLD]), NotProvenError, id="another-body"),
        pytest.param(World(lapse=9, purging=11, dns_fails=999), UndeterminedError, id="no-dns"),
        pytest.param(World(lapse=9, purging=11, settle_seconds=90), NotProvenError, id="unsettled"),
    ],
)
async def test_a_proof_that_runs_out_of_time_says_where_it_went(
    world: World, error: type[Exception]
) -> None:
    told = r"of the 60 s of mtasts:proofSeconds, 9 s went into waiting .*, 11 s into purging"
    with pytest.raises(error, match=told):
        await world.prove()


async def test_an_old_body_that_goes_away_in_time_is_waited_for() -> None:
    world = World(bodies=[OLD, NEW])
    await world.prove()
    assert "pause 0.25" in world.log


async def test_one_old_body_among_many_is_no_proof() -> None:
    world = World(bodies=[NEW, NEW, OLD, NEW, NEW, NEW] * 200)
    with pytest.raises(NotProvenError, match=r"1 x another body .*old\.example\.gov"):
        await world.prove()


async def test_a_refusal_carries_what_was_seen() -> None:
    with pytest.raises(NotProvenError) as refused:
        await World(bodies=[OLD]).prove()
    assert len(refused.value.judged) == 2 * ASKS_PER_ADDRESS


async def test_a_host_without_an_address_is_not_proven() -> None:
    with pytest.raises(NotProvenError, match=r"no address for mta-sts\.example\.gov"):
        await World(addresses={}).prove()


async def test_a_family_without_a_route_from_here_is_recorded_as_unseen() -> None:
    proof = await World(no_route=("2001:db8::1",)).prove()
    assert (proof.addresses, proof.unseen) == (("192.0.2.1",), ("2001:db8::1",))


async def test_with_no_route_at_all_nothing_was_found_out() -> None:
    world = World(no_route=("192.0.2.1", "2001:db8::1"))
    with pytest.raises(UndeterminedError, match="this machine has no route to"):
        await world.prove()


async def test_dns_that_answers_late_is_waited_for() -> None:
    assert (await World(dns_fails=2).prove()).requests == 2 * ASKS_PER_ADDRESS


async def test_dns_that_never_answers_leaves_it_undetermined() -> None:
    with pytest.raises(UndeterminedError, match="timed out"):
        await World(dns_fails=10_000).prove()


async def test_a_candidate_is_asked_under_its_own_name_before_dns_leads_to_it() -> None:
    world = World()
    await world.prover().prove_candidate(WANTED, "d1.cloudfront.net")
    assert world.log[:2] == ["lookup d1.cloudfront.net A", "lookup d1.cloudfront.net AAAA"]
    assert "purge" not in world.log


async def test_a_host_that_no_record_leads_to_any_more_has_caches_too() -> None:
    world = World(lapse=2, settle_seconds=3)
    await world.prover().prove_candidate(WANTED, "d1.cloudfront.net", world)
    assert world.log[:3] == ["pause 2", "purge", "lookup d1.cloudfront.net A"]
    assert "pause 3" in world.log


async def test_what_has_to_be_seen_for_a_while_is_seen_for_a_while() -> None:
    world = World(settle_seconds=12)
    proof = await world.prove()
    assert [each for each in world.log if each.startswith("pause")] == [
        "pause 5",
        "pause 5",
        "pause 2",
    ]
    assert proof.requests == 4 * 2 * ASKS_PER_ADDRESS


async def test_a_break_begins_the_while_anew() -> None:
    world = World(settle_seconds=5, bodies=[*[NEW] * 6, OLD, NEW])
    await world.prove()
    assert [each for each in world.log if each.startswith("pause")] == [
        "pause 5",
        "pause 0.25",
        "pause 5",
    ]


async def test_no_time_for_the_while_is_no_proof() -> None:
    with pytest.raises(NotProvenError, match=r"did not do so for 90 s .*mtasts:proofSeconds"):
        await World(settle_seconds=90).prove()


async def test_it_asks_as_senders_name_themselves_too() -> None:
    world = World()
    await world.prove()
    assert {"Google-SMTP-STS", "postfix-mta-sts-resolver"} < world.agents


def enforce(mode: Mode = Mode.ENFORCE, *hosts: str) -> Intended:
    patterns = tuple(map(MxPattern, hosts or ("mx1.example.gov",)))
    return Intended(Policy(mode, 604800, patterns).render(), 0, "7")


@pytest.mark.parametrize(
    ("intended", "live", "record", "says"),
    [
        pytest.param(enforce(), ("10 mx1.example.gov",), (), "", id="listed"),
        pytest.param(enforce(), ("10 mx2.example.gov",), (), "mx2.example.gov: MX of", id="moved"),
        pytest.param(enforce(), ("0 .",), (), "example.gov has a null MX", id="null-mx"),
        pytest.param(
            enforce(), None, (), "could not find out the MX records of example.gov", id="failed"
        ),
        pytest.param(enforce(Mode.TESTING), ("10 mx2.example.gov",), (), "", id="testing"),
        pytest.param(enforce(Mode.NONE), None, (), "", id="none"),
        # Its record is written again for another TTL, say, or in a second zone.
        pytest.param(enforce(), ("10 mx2.example.gov",), (b"v=STSv1; id=7;",), "", id="published"),
        pytest.param(
            enforce(), ("10 mx2.example.gov",), (b"v=STSv1; id=6;",), "MX of", id="another-id"
        ),
    ],
)
async def test_the_live_mx_are_looked_at_once_more_before_an_enforced_id_is_written(
    intended: Intended, live: tuple[str, ...] | None, record: tuple[bytes, ...], says: str
) -> None:
    world = World(addresses={"MX": live or ()}, dns_fails=int(live is None), record=record)
    look = world.prover().look_at_mx("example.gov", intended, [SERVERS])
    if not says:
        await look
        return
    with pytest.raises(NotProvenError, match=f"not published: .*{says}.*write mode: testing"):
        await look


async def test_a_proof_says_what_it_waits_for_and_where_it_passed() -> None:
    world = World(lapse=12.5, settle_seconds=6.0)
    nine = dt.datetime(2026, 1, 1, 9, 12, 28, tzinfo=dt.UTC)
    told: list[str] = []
    calls: list[Callable[[], None]] = []

    def now() -> dt.datetime:
        return nine + dt.timedelta(seconds=world.now)

    async def pause(seconds: float) -> None:
        due, calls[:] = calls[:], []
        for each in due:
            each()
        await world.pause(seconds)

    waits = Waits(told.append, told.append, now=now, later=lambda _, call: calls.append(call))
    prover = replace(world.prover(), pause=pause, waits=waits)
    await prover.prove(WANTED, SERVERS, world)
    until = "until 09:13:28 UTC at the latest"
    assert list(dict.fromkeys(told)) == [
        "waiting for caches of mta-sts.example.gov until 09:12:40 UTC",
        f"waiting for {HOST} to serve the policy at every address, for 6 s {until}",
        "mta-sts.example.gov: proof passed at 2 addresses",
    ]


async def test_a_candidate_says_by_which_name_it_was_proven() -> None:
    told: list[str] = []
    world = World(addresses={"A": ("192.0.2.1",)})
    await replace(world.prover(), waits=Waits(told.append)).prove_candidate(WANTED, "d1.example")
    assert told == ["mta-sts.example.gov: proof passed at 1 address of d1.example"]
