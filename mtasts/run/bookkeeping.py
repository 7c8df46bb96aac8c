"""What a run writes down before it declares anything: into the ledgers, and for a preview."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.config import Hosting
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import LedgerError
from mtasts.rollout.decision import goes_away, is_elsewhere
from mtasts.rollout.facts import DomainFacts, ZoneFacts, mail_domains
from mtasts.rollout.move_rules import DELEGATION_SECONDS, leads_to_former
from mtasts.rollout.outlook import render_forecast
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mtasts.ledger.recorder import Recorder
    from mtasts.rollout.decision import Decision
    from mtasts.rollout.facts import Facts, LedgerProblem
    from mtasts.rollout.outlook import Forecast
    from mtasts.rollout.retirement import Progress
    from mtasts.zones import HostedZone


async def write_down(
    recorder: Recorder,
    domains: tuple[Facts, ...],
    decision: Decision,
    judge: Callable[[tuple[Facts, ...]], Decision],
) -> tuple[tuple[Facts, ...], Decision, tuple[str, ...]]:
    """Write down what has to stand before it is declared; domains and decision as they are then.

    A domain whose ledger does not take it is judged once more by ``judge``: it is held, or goes
    back in an emergency, and the others proceed. Warnings come back beside them.
    """
    told, failed = await keep_books(recorder, domains, decision)
    if failed:
        domains = tuple(
            replace(each, unwritten=failed.get(each.name))
            if isinstance(each, DomainFacts)
            else each
            for each in domains
        )
        decision = judge(domains)
    return domains, decision, told


async def keep_books(
    recorder: Recorder, domains: Sequence[Facts], decision: Decision
) -> tuple[tuple[str, ...], Mapping[str, LedgerProblem]]:
    """Write down everything of each domain, whatever comes of the others.

    What comes back is warnings, and for domains of which not all was written, why: a ledger has
    moved on or was not handed over, or a cloud did not tell.
    """
    failed: dict[str, LedgerProblem] = {}

    async def one(found: DomainFacts) -> str | None:
        try:
            return await _write_down(recorder, found, decision)
        except (LedgerError, UndeterminedError) as error:
            failed[found.name] = error
        return None

    known = [each for each in mail_domains(domains) if each.has_ledger]
    told = await asyncio.gather(*map(one, known))
    return tuple(filter(None, told)), failed


async def _write_down(recorder: Recorder, found: DomainFacts, decision: Decision) -> str | None:
    """As `keep_books`, of one domain; what it warns of, if anything."""
    name, is_held = found.name, found.name in decision.unsettled
    if not await hand_over(recorder, found, is_held=is_held):
        return None
    if found.noted:
        await recorder.take_in(name, found.noted)
    await record_seen(recorder, found, is_held=is_held)
    if name in decision.retiring:
        await record_progress(recorder, name, decision.retiring[name])
    await record_stage(recorder, found)
    await record_delegation(recorder, found, is_held=is_held)
    return await keep(recorder, found)


async def hand_over(recorder: Recorder, found: DomainFacts, *, is_held: bool) -> bool:
    """Have the ledger here be the one that counts, and say in it where the domain is.

    What comes back is whether it may be written to here. A domain that is held at the other cloud
    stays there; of its ledger there is a copy, so that nobody takes it for a new one.
    """
    name, ledger = found.name, found.history
    if is_held:
        await (recorder.take(name) if is_elsewhere(found) else recorder.hand_over(name))
        return not is_elsewhere(found)
    await recorder.hand_over(name)
    if ledger.last_proven is None:
        return True
    if not is_elsewhere(found):
        await recorder.hosted(name, ledger)
    if found.handover is None and found.hosted_zone is not None:
        await record_places(recorder, found, found.hosted_zone)
    return True


async def record_places(recorder: Recorder, found: DomainFacts, zone: HostedZone) -> None:
    """Write down what nothing else does of where a live domain's host is, or may go."""
    name, ledger = found.name, found.history
    if ledger.pointed(zone.zone_id) is None and found.former_zone is None:
        await recorder.pointed(name, zone.zone_id, found.cloud, 0)
    if found.former_zone is None:
        gone = {each.zone_id for each in ledger.zones} - {zone.zone_id}
        for zone_id in sorted(each for each in gone if ledger.pointed(each) is not None):
            await recorder.pointed(name, zone_id, "", 0)
    hosting = found.placement.hosting
    is_free = goes_away(hosting, found.placement.leaving)
    if is_free != ledger.is_freed and (is_free or hosting is Hosting.AWS):
        await recorder.freed(name, is_free=is_free)


async def record_progress(recorder: Recorder, name: str, progress: Progress) -> None:
    """Write down the phase that a retirement enters, ahead of what it withdraws."""
    if progress.is_new:
        await recorder.advance(name, progress.phase, progress.ttl_seconds)


async def keep(recorder: Recorder, found: DomainFacts) -> str | None:
    """See to the lock, the latch and the checkpoint of a ledger, if there is one.

    That this failed is a warning, and holds no way back up: a first body in enforce waits for lock
    and latch by itself.
    """
    name = found.name
    if found.history.entries:
        try:
            await recorder.keep(name)
        except (LedgerError, UndeterminedError) as error:
            return f"{name}: could not see to what keeps its ledger whole: {error}"
    return None


async def record_stage(recorder: Recorder, found: DomainFacts) -> None:
    """Write down the stage that a domain enters, before anything of it is declared."""
    stage, ledger = found.stage, found.history
    if stage is not None and stage is not ledger.stage and ledger.last_body is not None:
        await recorder.enter(found.name, stage)


async def record_delegation(recorder: Recorder, found: DomainFacts, *, is_held: bool) -> None:
    """Write down to which of two zones DNS leads, which decides when the former one may go.

    Once the former one was let go, be it by an override, DNS leads to the zone that is left.
    """
    at, former, ledger = found.zone, found.former_zone, found.history
    if not isinstance(at, ZoneFacts) or ledger.last_body is None:
        return
    zone, delegation = at.zone, at.delegation
    keepers = {each.keeper(found.name) for each in ledger.zones}
    led_to, ttl = zone, 0
    if former is not None:
        if not delegation.settled:
            return
        led_to = former if leads_to_former(former, delegation) else zone
        ttl = max(delegation.ttl_seconds, DELEGATION_SECONDS)
    elif len(keepers) < 2 or is_held:
        return
    last, known = ledger.last_zone, ledger.delegated
    stays = last is not None and last.zone_id == zone.zone_id
    if known is None or known.zone_id != led_to.zone_id or not stays:
        await recorder.delegation_seen(found.name, led_to, ttl)


async def record_seen(recorder: Recorder, found: DomainFacts, *, is_held: bool) -> None:
    """Write down MX set and zone of a domain that has a ledger.

    The one decides what may leave the policy, the other where a domain is held: so the zone of one
    that is held now, which a run has refused perhaps for its zone, is not taken for its own.
    """
    ledger, zone = found.history, found.hosted_zone
    if ledger.last_body is None:
        return
    await recorder.mx_seen(found.name, ledger, found.mx)
    if zone is not None and not is_held:
        await recorder.zone_seen(found.name, ledger, zone)


async def write_forecast(file: str, found: Forecast) -> None:
    """Write what a run would do into the file that ``mtasts preview`` has named."""
    await in_thread(Path(file).write_text, render_forecast(found), "utf-8")
