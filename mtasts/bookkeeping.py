"""What a run writes into the ledgers before it declares anything: from what it found."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.config import Hosting
from mtasts.errors import UndeterminedError
from mtasts.rollout.decision import goes_away, is_elsewhere
from mtasts.rollout.entries import LedgerError
from mtasts.rollout.moving import DELEGATION_SECONDS, leads_to_former

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from mtasts.recording import Recorder
    from mtasts.rollout.decision import Decision
    from mtasts.rollout.retirement import Progress
    from mtasts.rollout.verdicts import Surroundings
    from mtasts.rollout.zones import HostedZone


async def write_down(
    recorder: Recorder,
    domains: tuple[Surroundings, ...],
    decision: Decision,
    judge: Callable[[tuple[Surroundings, ...]], Decision],
) -> tuple[tuple[Surroundings, ...], Decision, tuple[str, ...]]:
    """As `keep_books`, with domains and decision as they are after it.

    In an emergency no way back waits for a ledger that takes nothing: the domains are judged once
    more by ``judge``, as if no ledger were known, so that every other one stays as it is.

    Raises:
        LedgerError: a ledger has moved on, or was not handed over; not in an emergency.
        UndeterminedError: a cloud did not tell; not in an emergency.
    """
    try:
        return domains, decision, await keep_books(recorder, domains, decision)
    except (LedgerError, UndeterminedError) as error:
        if not any(each.domain.emergency for each in domains):
            raise
        unwritten = tuple(
            replace(each, ledger_problem=each.ledger_problem or error) for each in domains
        )
        return unwritten, judge(unwritten), ()


async def keep_books(
    recorder: Recorder, domains: Sequence[Surroundings], decision: Decision
) -> tuple[str, ...]:
    """Write down everything that has to stand before it is declared; warnings come back.

    Raises:
        LedgerError: a ledger has moved on, or was not handed over.
        UndeterminedError: a cloud did not tell.
    """
    here = await hand_over(recorder, domains, decision.unsettled)
    noted = [each for each in here if each.noted]
    await asyncio.gather(*(recorder.take_in(each.domain.name, each.noted) for each in noted))
    await record_seen(recorder, here, decision.unsettled)
    await record_progress(recorder, decision.retiring)
    await record_stages(recorder, here)
    await record_delegations(recorder, here, decision.unsettled)
    return await keep(recorder, here)


async def hand_over(
    recorder: Recorder, domains: Iterable[Surroundings], held: Container[str]
) -> tuple[Surroundings, ...]:
    """Have the ledgers here be those that count, and say in each where its domain is.

    What comes back is the domains whose ledgers may be written to here. One that is held at the
    other cloud stays there; of its ledger there is a copy, so that nobody takes it for a new one.
    """

    async def one(found: Surroundings) -> None:
        name, ledger = found.domain.name, found.ledger
        if name in held:
            await (recorder.take(name) if is_elsewhere(found) else recorder.hand_over(name))
            return
        await recorder.hand_over(name)
        if ledger.last_proven is None:
            return
        if not is_elsewhere(found):
            await recorder.hosted(name, ledger)
        if found.home is None and found.zone is not None:
            await record_places(recorder, found, found.zone)

    known = [each for each in domains if each.ledger_problem is None and not each.domain.parked]
    await asyncio.gather(*map(one, known))
    return tuple(each for each in known if not (is_elsewhere(each) and each.domain.name in held))


async def record_places(recorder: Recorder, found: Surroundings, zone: HostedZone) -> None:
    """Write down what nothing else does of where a live domain's host is, or may go."""
    name, ledger = found.domain.name, found.ledger
    if ledger.pointed(zone.zone_id) is None and found.former_zone is None:
        await recorder.pointed(name, zone.zone_id, found.cloud, 0)
    if found.former_zone is None:
        gone = {each.zone_id for each in ledger.zones} - {zone.zone_id}
        for zone_id in sorted(each for each in gone if ledger.pointed(each) is not None):
            await recorder.pointed(name, zone_id, "", 0)
    is_free = goes_away(found.hosting, found.leaving)
    if is_free != ledger.is_freed and (is_free or found.hosting is Hosting.AWS):
        await recorder.freed(name, is_free=is_free)


async def record_progress(recorder: Recorder, retiring: Mapping[str, Progress]) -> None:
    """Write down each phase that a retirement enters, ahead of what it withdraws."""
    await asyncio.gather(
        *(
            recorder.advance(name, progress.phase, progress.ttl_seconds)
            for name, progress in retiring.items()
            if progress.is_new
        )
    )


async def keep(recorder: Recorder, domains: Iterable[Surroundings]) -> tuple[str, ...]:
    """See to the lock, the latches and the checkpoints of the ledgers that there are.

    That this failed is a warning, and holds no way back up: a first body in enforce waits for lock
    and latch by itself.
    """

    async def one(name: str) -> str | None:
        try:
            await recorder.keep(name)
        except (LedgerError, UndeterminedError) as error:
            return f"{name}: could not see to what keeps its ledger whole: {error}"
        return None

    names = (found.domain.name for found in domains if found.ledger.entries)
    return tuple(filter(None, await asyncio.gather(*map(one, names))))


async def record_stages(recorder: Recorder, domains: Iterable[Surroundings]) -> None:
    """Write down each stage that a domain enters, before anything of it is declared."""
    await asyncio.gather(
        *(
            recorder.enter(found.domain.name, found.stage)
            for found in domains
            if found.stage is not found.ledger.stage
            and found.stage is not None
            and found.ledger.last_body is not None
        )
    )


async def record_delegations(
    recorder: Recorder, domains: Iterable[Surroundings], held: Container[str]
) -> None:
    """Write down to which of two zones DNS leads, which decides when the former one may go.

    Once the former one was let go, be it by an override, DNS leads to the zone that is left.
    """

    async def one(found: Surroundings, zone: HostedZone) -> None:
        asked, ttl = zone, 0
        if found.former_zone is not None:
            if found.delegated is None or not found.delegated.settled:
                return
            asked = (
                found.former_zone if leads_to_former(found.former_zone, found.delegated) else zone
            )
            ttl = max(found.delegated.ttl_seconds, DELEGATION_SECONDS)
        last, known = found.ledger.last_zone, found.ledger.delegated
        stays = last is not None and last.zone_id == zone.zone_id
        if known is None or known.zone_id != asked.zone_id or not stays:
            await recorder.delegation_seen(found.domain.name, asked, ttl)

    def has_two(found: Surroundings) -> bool:
        keepers = {each.keeper(found.domain.name) for each in found.ledger.zones}
        let_go = len(keepers) > 1 and found.domain.name not in held
        return found.former_zone is not None or let_go

    await asyncio.gather(
        *(
            one(found, found.zone)
            for found in domains
            if found.zone is not None and found.ledger.last_body is not None and has_two(found)
        )
    )


async def record_seen(
    recorder: Recorder, domains: Iterable[Surroundings], held: Container[str]
) -> None:
    """Write down MX set and zone of the domains that have a ledger.

    The one decides what may leave the policy, the other where a domain is held: so the zone of one
    that is held now, which a run has refused perhaps for its zone, is not taken for its own.
    """

    async def one(found: Surroundings) -> None:
        await recorder.mx_seen(found.domain.name, found.ledger, found.mx)
        if found.zone is not None and found.domain.name not in held:
            await recorder.zone_seen(found.domain.name, found.ledger, found.zone)

    await asyncio.gather(*(one(found) for found in domains if found.ledger.last_body is not None))
