"""The ledger entries that a run writes before it declares resources, and a preview's forecast."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import LedgerError
from mtasts.rollout.decision import frees_host, is_elsewhere
from mtasts.rollout.facts import DomainFacts, ZoneFacts, mail_domains
from mtasts.rollout.move import DELEGATION_SECONDS, leads_to_former
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
    """Write the ledger entries that must precede resources; return domains, decision, warnings.

    A domain whose ledger could not be written is judged again by ``judge``: it is held, or returns
    to testing in an emergency. The other domains proceed.
    """
    warnings, failed = await keep_books(recorder, domains, decision)
    if failed:
        domains = tuple(
            replace(each, unwritten=failed.get(each.name))
            if isinstance(each, DomainFacts)
            else each
            for each in domains
        )
        decision = judge(domains)
    return domains, decision, warnings


async def keep_books(
    recorder: Recorder, domains: Sequence[Facts], decision: Decision
) -> tuple[tuple[str, ...], Mapping[str, LedgerProblem]]:
    """Write the entries of every domain; a failure of one does not stop the others.

    Returns warnings, and by domain the reason why not all of its entries were written: another run
    wrote first, the authoritative copy is at the other cloud, or a cloud did not answer.
    """
    failed: dict[str, LedgerProblem] = {}

    async def one(found: DomainFacts) -> str | None:
        try:
            return await _write_down(recorder, found, decision)
        except (LedgerError, UndeterminedError) as error:
            failed[found.name] = error
        return None

    known = [each for each in mail_domains(domains) if each.has_ledger]
    warnings = await asyncio.gather(*map(one, known))
    return tuple(filter(None, warnings)), failed


async def _write_down(recorder: Recorder, found: DomainFacts, decision: Decision) -> str | None:
    """As `keep_books` for one domain; returns a warning or None."""
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
    """Make the ledger copy at this cloud authoritative, and append which cloud has the domain.

    Returns whether entries may be written at this cloud. For a domain that is held at the other
    cloud, the copy at that cloud remains authoritative. This cloud gets a copy as well, so that no
    run takes the domain for a new one.

    Raises:
        LedgerError: the copies differ or are incomplete, or another run wrote first.
        UndeterminedError: a cloud refused or did not answer.
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
    """Append to which cloud the policy host leads in each zone, and whether it is protected."""
    name, ledger = found.name, found.history
    if ledger.host_target(zone.zone_id) is None and found.former_zone is None:
        await recorder.host_target(name, zone.zone_id, found.cloud, 0)
    if found.former_zone is None:
        former_zone_ids = {each.zone_id for each in ledger.zones} - {zone.zone_id}
        for zone_id in sorted(
            each for each in former_zone_ids if ledger.host_target(each) is not None
        ):
            await recorder.host_target(name, zone_id, None, 0)
    hosting = found.placement.hosting
    is_free = frees_host(hosting, found.placement.leaving)
    if is_free != ledger.is_freed and (is_free or hosting.row.unprotects_first):
        await recorder.protection_changed(name, is_free=is_free)


async def record_progress(recorder: Recorder, name: str, progress: Progress) -> None:
    """Append the phase that a retirement enters, before records are withdrawn."""
    if progress.is_new:
        await recorder.advance(name, progress.phase, progress.ttl_seconds)


async def keep(recorder: Recorder, found: DomainFacts) -> str | None:
    """Write a missing lock, latch or checkpoint of a ledger; returns a warning or None.

    A failure is only a warning, because it must not delay a change from enforce to testing.
    `Recorder.ensure_body` itself waits for lock and latch if a body is in enforce.
    """
    name = found.name
    if found.history.entries:
        try:
            await recorder.keep(name)
        except (LedgerError, UndeterminedError) as error:
            return f"{name}: could not write the lock, latch or checkpoint of its ledger: {error}"
    return None


async def record_stage(recorder: Recorder, found: DomainFacts) -> None:
    """Append the stage that a domain enters, before its resources are declared."""
    stage, ledger = found.stage, found.history
    if stage is not None and stage is not ledger.stage and ledger.last_body is not None:
        await recorder.enter(found.name, stage)


async def record_delegation(recorder: Recorder, found: DomainFacts, *, is_held: bool) -> None:
    """Append to which of two zones the parent zone delegates.

    A former zone may be removed only some time after that. If the config has no former zone, the
    entry names the present one.
    """
    zone_facts, former, ledger = found.zone, found.former_zone, found.history
    if not isinstance(zone_facts, ZoneFacts) or ledger.last_body is None:
        return
    zone, delegation = zone_facts.zone, zone_facts.delegation
    keepers = {each.dns(found.name) for each in ledger.zones}
    led_to, ttl = zone, 0
    if former is not None:
        if not delegation.settled:
            return
        led_to = former if leads_to_former(former, delegation) else zone
        ttl = max(delegation.ttl_seconds, DELEGATION_SECONDS)
    elif len(keepers) < 2 or is_held:
        return
    last, known = ledger.last_zone, ledger.delegated
    is_recorded = last is not None and last.zone_id == zone.zone_id
    if known is None or known.zone_id != led_to.zone_id or not is_recorded:
        await recorder.delegation_seen(found.name, led_to, ttl)


async def record_seen(recorder: Recorder, found: DomainFacts, *, is_held: bool) -> None:
    """Append the MX set and the zone of a domain that has a ledger.

    The MX sets decide which MX patterns a later policy may omit. The zone is the one in which a
    held domain keeps its records. The zone of a held domain is not written: the new zone may be the
    reason why the domain is held.
    """
    ledger, zone = found.history, found.hosted_zone
    if ledger.last_body is None:
        return
    await recorder.mx_seen(found.name, ledger, found.mx)
    if zone is not None and not is_held:
        await recorder.zone_seen(found.name, ledger, zone)


async def write_forecast(file: str, found: Forecast) -> None:
    """Write what a run would do into the file that ``mtasts preview`` has named.

    Raises:
        OSError: the file cannot be written.
    """
    await in_thread(Path(file).write_text, render_forecast(found), "utf-8")
