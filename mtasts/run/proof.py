"""The proof that the policy host serves the intended bytes, before any record says so.

RFC 8461 section 8.1 asks to update the policy body before the record. A sender that sees the new
id and still gets the old body keeps the old body under the new id for max_age. So the proof waits
until older cached copies have expired, purges caches, and fetches the policy from every address
over verified TLS, as senders do (docs/decisions/0006-wait-then-purge.md).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from mtasts.cloud.aws.caches import PurgeError
from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.ledger.history import enforces
from mtasts.names import STS_LABEL
from mtasts.observations import DnsStatus
from mtasts.policy import parse
from mtasts.probe.dns import ADDRESS_TYPES
from mtasts.probe.https import SENDER_AGENTS, USER_AGENT, fetch
from mtasts.rollout.mx_safety import uncovered
from mtasts.rollout.published import live_id
from mtasts.rollout.served import Judged, Verdict, judge, summary
from mtasts.run.waiting import Waits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from mtasts.ledger.history import Intended
    from mtasts.observations import DnsAnswer, Fetch
    from mtasts.probe.dns import Resolver
    from mtasts.probe.reach import Reach

ASKS_PER_ADDRESS = 1 + len(SENDER_AGENTS)
# DNS may name any number of addresses, and each gets several requests.
_ADDRESSES_MAX = 16
# Points of presence need seconds after a purge. Short pauses come first, so that a fast cloud costs
# no time.
_PAUSES_SECONDS = (0.25, 0.5, 1, 2, 4, 8)
# RFC 8461 section 3.3 suggests a minute to senders; a host that needs more than 10 s is not
# healthy.
_FETCH_SECONDS = 10.0
_SETTLING_PAUSE_SECONDS = 5.0


class NotProvenError(MtaStsError):
    """The policy host does not serve the intended policy: the STS record must not be written.

    ``judged`` is the last round of requests. A later run tries again.
    """

    def __init__(self, text: str, judged: tuple[Judged, ...] = ()) -> None:
        """Keep the text and the requests."""
        self.judged = judged
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class ProofGoal:
    """The proof's goal: ``host`` serves ``body``.

    ``is_first`` says that the ledger has no other body of the domain.
    """

    host: str
    body: bytes
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """A passed proof: each of its ``requests`` returned the intended bytes.

    ``unseen`` are the addresses that this machine had no route to.
    """

    goal: ProofGoal
    addresses: tuple[str, ...]
    unseen: tuple[str, ...]
    requests: int


class Caches(Protocol):
    """The caches between the origin and the senders."""

    async def purge(self, within_seconds: float) -> None:
        """Purge every cached copy, and wait until the cloud reports that it is done.

        Raises:
            PurgeError: the cloud did not report it ``within_seconds``.
        """

    async def seconds_until_lapsed(self) -> float | None:
        """Seconds for which caches may still have an older body, even after a purge.

        None if the origin has no record of another body.
        """

    @property
    def settle_seconds(self) -> float:
        """For how many seconds every answer must be the new body.

        0 if the cloud itself reports when every place has it.
        """


@dataclass(frozen=True, slots=True)
class _Times:
    """The time budget of one proof in seconds, and what was used before the requests."""

    total: float
    end: float
    waited: float = 0.0
    purged: float = 0.0

    def spent(self, now: float) -> str:
        """A text that says what the time was spent on."""
        request_seconds = max(0.0, now - (self.end - self.total) - self.waited - self.purged)
        return (
            f"of the {self.total:.0f} s of mtasts:proofSeconds, {self.waited:.0f} s went into "
            f"waiting for older copies to lapse, {self.purged:.0f} s into purging caches, "
            f"{request_seconds:.0f} s into requests"
        )


@dataclass(frozen=True, slots=True)
class Prover:
    """Fetches the policy until every answer is right, or the deadline has passed.

    The deadline is for the whole proof: the wait for caches, the purge, and the requests.

    ``ask`` makes one request. Only tests replace ``ask``, ``pause`` and ``clock``. ``waits``
    reports what the proof waits for. All times are in seconds.
    """

    reach: Reach
    resolver: Resolver
    deadline_seconds: float
    ask: Callable[..., Awaitable[Fetch]] = fetch
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    waits: Waits = field(default_factory=Waits)

    async def prove(self, goal: ProofGoal, name_servers: tuple[str, ...], caches: Caches) -> Proof:
        """Prove that senders get ``goal`` at the policy host.

        The addresses come from the zone's ``name_servers``: a recursive resolver may have an old or
        a negative answer in its cache.

        Raises:
            NotProvenError: another body is served, or may still be in caches; write no record.
            UndeterminedError: DNS did not answer, or no address is reachable; write no record.
        """
        times = await self._clear(goal, caches)

        async def resolve() -> list[DnsAnswer]:
            return await asyncio.gather(
                *(
                    self.resolver.authoritative(name_servers, goal.host, type_)
                    for type_ in ADDRESS_TYPES
                )
            )

        proof = await self._until(times, goal, resolve, caches.settle_seconds)
        self.waits.say(f"{goal.host}: proof passed at {_count(proof.addresses)}")
        return proof

    async def prove_candidate(
        self, goal: ProofGoal, candidate: str, caches: Caches | None = None
    ) -> Proof:
        """Prove that the host with the own name ``candidate`` serves ``goal``.

        It is used before the policy host's records lead to a candidate host. It is also used, with
        the host's ``caches``, for a former host to which no record leads any more. Raises as
        `prove`.
        """
        times = await self._clear(goal, caches)

        async def resolve() -> list[DnsAnswer]:
            return await asyncio.gather(
                *(self.resolver.lookup(candidate, type_) for type_ in ADDRESS_TYPES)
            )

        settle_seconds = caches.settle_seconds if caches else 0.0
        proof = await self._until(times, goal, resolve, settle_seconds)
        where = f"{_count(proof.addresses)} of {candidate}"
        self.waits.tell(f"{goal.host}: proof passed at {where}")
        return proof

    async def look_at_mx(
        self, domain: str, intended: Intended, zones: Iterable[tuple[str, ...]]
    ) -> None:
        """Look up the live MX hosts again before ``intended`` is published, if it is in enforce.

        The proof takes minutes, and an MX record may have changed since the verdict. An id that the
        STS record of one of the ``zones`` has already (each a tuple of name servers) is not new to
        senders, and is not checked.

        Raises:
            NotProvenError: the policy does not list a live MX host, or the MX could not be looked
                up; do not publish.
        """
        if not enforces(intended):
            return
        owner = f"{STS_LABEL}.{domain}"
        mx, *records = await asyncio.gather(
            self.resolver.lookup(domain, "MX"),
            *(self.resolver.authoritative(servers, owner, "TXT") for servers in zones),
        )
        reasons = list(uncovered(domain, parse(intended.body), mx))
        if reasons and intended.id not in map(live_id, records):
            text = "; ".join(each.line for each in reasons)
            raise NotProvenError(
                f"the STS record is not published: {text}. But the policy host serves the new "
                "policy already, so a sender without a cached policy may get it. Correct this now, "
                "or write mode: testing in the domain's entry and run pulumi up -s STACK (mtasts "
                "docs emergencies)"
            )

    async def _clear(self, goal: ProofGoal, caches: Caches | None) -> _Times:
        """Wait until cached copies of older bodies have expired, then purge the caches.

        If neither ledger nor origin ever had another body, nothing is purged: a purge takes
        minutes, and stacks begin with dozens of domains.

        Raises:
            NotProvenError: older copies may outlive the deadline.
        """
        began = self.clock()
        end = began + self.deadline_seconds
        if caches is None:
            return _Times(self.deadline_seconds, end)
        lapses = await caches.seconds_until_lapsed()
        if lapses is None and goal.is_first:
            return _Times(self.deadline_seconds, end)
        wait = lapses or 0.0
        if wait > end - self.clock():
            raise NotProvenError(
                f"{goal.host}: caches may hold the former policy for another {wait:.0f} s, longer"
                f" than a proof may take ({self.deadline_seconds:.0f} s): run again after that, or"
                " raise mtasts:proofSeconds"
            )
        if wait > 0:
            with self.waits.waiting(f"caches of {goal.host}", wait):
                await self.pause(wait)
        # The purge comes after the wait: a cache that was fetching the old body may store it after
        # an earlier purge, and serve it beyond its lifetime while the origin fails.
        waited = self.clock() - began
        try:
            left = end - self.clock()
            with self.waits.waiting(f"caches of {goal.host} to be purged", left, at_most=True):
                await caches.purge(left)
        except PurgeError as error:
            times = _Times(self.deadline_seconds, end, waited, self.clock() - began - waited)
            raise NotProvenError(
                f"{goal.host}: {error}; {times.spent(self.clock())}: run again later, or raise "
                "mtasts:proofSeconds"
            ) from error
        return _Times(self.deadline_seconds, end, waited, self.clock() - began - waited)

    async def _until(
        self,
        times: _Times,
        goal: ProofGoal,
        resolve: Callable[[], Awaitable[list[DnsAnswer]]],
        settle_seconds: float,
    ) -> Proof:
        """Fetch until every answer was right for ``settle_seconds`` without a break."""
        settled = f", for {settle_seconds:g} s" if settle_seconds else ""
        what = f"{goal.host} to serve the policy at every address{settled}"
        with self.waits.waiting(what, times.end - self.clock(), at_most=True):
            return await self._look(times, goal, resolve, settle_seconds)

    async def _look(
        self,
        times: _Times,
        goal: ProofGoal,
        resolve: Callable[[], Awaitable[list[DnsAnswer]]],
        settle_seconds: float,
    ) -> Proof:
        """As `_until`, without reporting the wait.

        Raises:
            NotProvenError: another body, or none, was served until the deadline.
            UndeterminedError: DNS did not answer, or no address is reachable.
        """
        tries = requests = 0
        since: float | None = None
        while True:
            found = await self._round(goal, resolve, times.end)
            now = self.clock()
            if isinstance(found, Proof):
                since = now if since is None else since
                requests += found.requests
                if now - since >= settle_seconds:
                    return replace(found, requests=requests)
                pause = min(_SETTLING_PAUSE_SECONDS, settle_seconds - (now - since))
            else:
                since, requests = None, 0
                pause = _PAUSES_SECONDS[min(tries, len(_PAUSES_SECONDS) - 1)]
                tries += 1
            if now + pause >= times.end:
                if isinstance(found, Proof):
                    found = _unsettled(goal, settle_seconds)
                text = f"{found} ({times.spent(now)})"
                if isinstance(found, NotProvenError):
                    raise NotProvenError(text, found.judged)
                raise UndeterminedError(text)
            await self.pause(pause)

    async def _round(
        self, goal: ProofGoal, resolve: Callable[[], Awaitable[list[DnsAnswer]]], end: float
    ) -> Proof | NotProvenError | UndeterminedError:
        """One round of requests to all addresses: the proof, or why it failed."""
        answers = await resolve()
        failed = [answer for answer in answers if answer.status is DnsStatus.FAILED]
        if failed:
            reasons = "; ".join(f"{each.name} {each.type}: {each.reason}" for each in failed)
            return UndeterminedError(f"the addresses of {goal.host}: {reasons}")
        addresses = sorted({value for answer in answers for value in answer.values})
        if not addresses:
            names = ", ".join(sorted({answer.name for answer in answers}))
            return NotProvenError(f"{goal.host}: DNS has no address for {names}")
        judged = await self._ask(goal, addresses[:_ADDRESSES_MAX], end)
        wrong = summary(judged)
        if wrong:
            return NotProvenError(
                f"https://{goal.host} does not serve the intended policy: {wrong}", judged
            )
        seen = {each.fetch.address for each in judged if each.verdict is Verdict.SERVED}
        if not seen:
            return UndeterminedError(
                f"whether {goal.host} serves the policy: this machine has no route to "
                f"{', '.join(addresses)}"
            )
        unseen = tuple(sorted(set(addresses) - seen))
        return Proof(goal, tuple(sorted(seen)), unseen, len(judged))

    async def _ask(self, goal: ProofGoal, addresses: list[str], end: float) -> tuple[Judged, ...]:
        """Send several requests to each address, one by one; all addresses at the same time."""

        async def one(address: str) -> list[Judged]:
            judged = []
            # With the user agents of senders, too: a filter against bots may block those.
            for agent in (USER_AGENT, *SENDER_AGENTS):
                limit = min(_FETCH_SECONDS, max(end - self.clock(), 1.0))
                found = await self.ask(
                    self.reach, goal.host, address, deadline_seconds=limit, user_agent=agent
                )
                judged.append(judge(found, goal.body))
            return judged

        rounds = await asyncio.gather(*(one(address) for address in addresses))
        return tuple(each for judged in rounds for each in judged)


def _count(addresses: tuple[str, ...]) -> str:
    return f"{len(addresses)} address{'es' if len(addresses) != 1 else ''}"


def _unsettled(goal: ProofGoal, settle_seconds: float) -> NotProvenError:
    return NotProvenError(
        f"https://{goal.host} serves the intended policy, but did not do so for "
        f"{settle_seconds:g} s before the deadline: run again, or raise mtasts:proofSeconds"
    )
