"""The program of one agency's stack: read the config, look around, judge, and only then declare."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pulumi

from components.clouds import (
    load_components,
    place_former,
    place_hosting,
    place_zones,
    start_provider,
)
from mtasts.clock import clock
from mtasts.clouds import Clouds
from mtasts.config import Hosting, load
from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.evidence_files import FOLDER, evidence_path
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach
from mtasts.proof import Prover
from mtasts.rollout.declaration import Declaration, declare
from mtasts.rollout.ledger import Intended, enforces
from mtasts.rollout.moving import (
    DELEGATION_SECONDS,
    is_left_as_it_is,
    leads_to_former,
    left_host_is_asked,
    left_zone,
)
from mtasts.rollout.phases import Phase
from mtasts.rollout.published import held_as
from mtasts.rollout.verdicts import Surroundings, verdict
from mtasts.rollout.zones import Keeper
from mtasts.survey import Survey, Surveyor
from mtasts.threads import in_thread

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Container, Mapping

    from mtasts.config import AgencyConfig, Dns
    from mtasts.recording import Recorder
    from mtasts.rollout.retirement import Progress
    from mtasts.rollout.zones import HostedZone


async def main() -> pulumi.Inputs:
    """Declare every domain of the stack; the stack's outputs.

    Raises:
        pulumi.RunError: the config is wrong, the account is another one, or domains are held; the
            others have been declared by then.
    """
    try:
        return await _main(pulumi.get_stack())
    except MtaStsError as error:
        raise pulumi.RunError(str(error)) from error


async def _main(stack: str) -> pulumi.Inputs:
    values = json.loads(os.environ["PULUMI_CONFIG"])
    config = read_config(
        stack, values, json.loads(os.environ.get("PULUMI_CONFIG_SECRET_KEYS", "[]"))
    )
    reach = Reach.from_environment(os.environ)
    clouds = Clouds.of(stack, config, values, os.environ)
    resolver = Resolver(reach)
    now = clock(os.environ)

    def ledgers(account_id: str) -> Recorder:
        return clouds.recorder(account_id, now)

    # The components cost half a second of imports, during which the network can answer, and the
    # engine can start its provider.
    surveyor = Surveyor(
        clouds.identify,
        clouds.zones,
        resolver,
        ledgers,
        partial(evidence_path, FOLDER, stack),
        authorities=clouds.authorities,
        hosts=clouds.hosts,
        handouts=clouds.handouts,
        settings=clouds.zone_settings,
        former_zones=clouds.former_zones,
    )
    _, survey, _ = await asyncio.gather(
        start_provider(clouds),
        surveyor.survey(config),
        in_thread(load_components, clouds),
    )
    recorder = ledgers(survey.account_id)
    for note in survey.notes:
        pulumi.log.warn(note)
    decision = decide(survey, now(), dns=config.dns)
    if not pulumi.runtime.is_dry_run():
        here = await hand_over(recorder, survey, decision.held)
        await record_seen(recorder, here, decision.held)
        await record_progress(recorder, decision.retiring)
        await record_stages(recorder, here)
        await record_delegations(recorder, here, decision.held)
        if any(found.ledger.has_enforced for found in survey.domains):
            await lock(recorder)
    # Of a domain that is left out, too: its ledger lies in the bucket that they share.
    names = {found.domain.name for found in survey.domains if is_relied_on(found)}
    names.update(each.domain for each in decision.declared if each.keep)
    hosting = await place_hosting(
        clouds,
        survey.account_id,
        protect=not goes_away(config.hosting, config.leaving)
        and any(decision.phase(name).parts.host for name in names),
        keep=bool(names),
    )
    former = await place_former(clouds, keep=bool(names))
    zones = place_zones(clouds, hosting, resolver)
    from components.mail_domain import MailDomain  # noqa: PLC0415 - with the components

    prover = Prover(reach, resolver, config.proof_seconds)
    outputs = {}
    for declaration in decision.declared:
        domain = MailDomain(
            declaration.domain,
            {
                "declaration": declaration,
                "hosting": hosting,
                "zones": zones,
                "prover": prover,
                "recorder": recorder,
                "former": former,
            },
        )
        outputs[declaration.domain] = {
            "policyId": domain.policy_id,
            "policyUrl": domain.policy_url,
            "policy": declaration.body.decode("utf-8"),
            **({"publish": domain.handed_out} if domain.handed_out is not None else {}),
        }
    pulumi.export("domains", outputs)
    if decision.held:
        raise pulumi.RunError(describe_held(decision.held))
    return {}


def read_config(stack: str, values: Mapping[str, object], secret_keys: list[str]) -> AgencyConfig:
    """The stack's config, if it can be applied.

    Raises:
        ConfigError: with every problem there is.
    """
    file = f"stacks/Pulumi.{stack}.yaml"
    return load(values, file=file, secret_keys=secret_keys)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run declares; ``held`` are the domains that stay as they are, with every reason.

    ``retiring`` is how far each retirement comes in this run.
    """

    declared: tuple[Declaration, ...]
    held: Mapping[str, tuple[str, ...]]
    retiring: Mapping[str, Progress]

    def phase(self, domain: str) -> Phase:
        """How far the retirement of a domain comes in this run."""
        return self.retiring[domain].phase if domain in self.retiring else Phase.KEPT


def decide(survey: Survey, now: dt.datetime, *, dns: Dns) -> Decision:
    """What is declared, and what is told of it.

    A held domain is declared as it was, where that is known; otherwise it is left out, and since
    the run fails in the end, nothing of it is deleted. ``dns`` says whose zones are written to.
    """
    declared: list[Declaration] = []
    held: dict[str, tuple[str, ...]] = {}
    retiring: dict[str, Progress] = {}
    for found in survey.domains:
        domain, ledger = found.domain, found.ledger
        judged = verdict(found, now)
        for warning in judged.warnings:
            pulumi.log.warn(f"{domain.name}: {warning}")
        for note in judged.notes:
            pulumi.log.info(f"{domain.name}: {note}")
        intended: Intended | None = None
        phase = ledger.last_phase.phase if ledger.last_phase else Phase.KEPT
        if not judged.proceeds:
            held[domain.name] = judged.refusals
            intended = held_as(ledger, found.sts)
        elif not domain.parked:
            intended = found.intended
        if judged.retirement is not None:
            retiring[domain.name] = judged.retirement
            phase = judged.retirement.phase
        # A held domain stays in the zone where it is, whatever a look-up would choose now.
        zone = found.zone if judged.proceeds else _held_in(found, dns)
        if intended is not None and zone is not None and phase.parts.host:
            keep = is_relied_on(found) or enforces(intended)
            parts = phase.parts if keep else phase.parts.unprotected
            if goes_away(found.hosting, found.leaving):
                parts = parts.leaving
            if found.stage is not None:
                parts = parts.at(found.stage)
            declared.append(
                declare(
                    domain,
                    zone,
                    intended,
                    parts=parts,
                    keep=keep,
                    home=found.home,
                    former=left_zone(found.former_zone, ledger, found.delegated, now),
                    left_host_is_asked=left_host_is_asked(ledger, zone, found.hosting, now),
                    phase=phase,
                )
            )
    return Decision(tuple(declared), held, retiring)


def _held_in(found: Surroundings, dns: Dns) -> HostedZone | None:
    """Where a held domain was last; None where only another cloud could declare it there."""
    last = found.ledger.last_zone
    pointed = found.ledger.pointed(last.zone_id) if last else None
    if is_elsewhere(found) or (pointed is not None and pointed.hosting != found.hosting):
        return None
    former, hosting, leaving = found.former_zone, found.hosting, found.leaving
    if former is not None and not is_left_as_it_is(found.ledger, former, hosting, leaving):
        return None
    if last is not None and last.keeper(found.domain.name) is not Keeper(dns):
        return None
    return last or found.zone


def is_elsewhere(found: Surroundings) -> bool:
    """Whether the ledger that counts is the other cloud's."""
    return found.cloud != found.hosting


def goes_away(hosting: Hosting, leaving: Hosting | None) -> bool:
    """Whether the host is about to leave AWS within its zone.

    Protection is dropped in a run of its own, ahead of the one that needs it gone. A Worker keeps
    it until DNS no longer leads to its zone.
    """
    return leaving is hosting is Hosting.AWS


def is_relied_on(found: Surroundings) -> bool:
    """Whether senders may refuse mail by what was published; so it counts while nobody knows."""
    return found.ledger_problem is not None or found.ledger.has_enforced


async def hand_over(recorder: Recorder, survey: Survey, held: Container[str]) -> Survey:
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

    known = [
        each for each in survey.domains if each.ledger_problem is None and not each.domain.parked
    ]
    await asyncio.gather(*map(one, known))
    here = (each for each in known if not (is_elsewhere(each) and each.domain.name in held))
    return replace(survey, domains=tuple(here))


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


async def lock(recorder: Recorder) -> None:
    """Keep the ledgers for good. That this failed is told, and holds no way back up."""
    try:
        await recorder.lock()
    except UndeterminedError as error:
        pulumi.log.warn(f"could not find out whether the ledgers are locked: {error}")


async def record_stages(recorder: Recorder, survey: Survey) -> None:
    """Write down each stage that a domain enters, before anything of it is declared."""
    await asyncio.gather(
        *(
            recorder.enter(found.domain.name, found.stage)
            for found in survey.domains
            if found.stage is not found.ledger.stage
            and found.stage is not None
            and found.ledger.last_body is not None
        )
    )


async def record_delegations(recorder: Recorder, survey: Survey, held: Container[str]) -> None:
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
            for found in survey.domains
            if found.zone is not None and found.ledger.last_body is not None and has_two(found)
        )
    )


async def record_seen(recorder: Recorder, survey: Survey, held: Container[str]) -> None:
    """Write down MX set and zone of the domains that have a ledger.

    The one decides what may leave the policy, the other where a domain is held: so the zone of one
    that is held now, which a run has refused perhaps for its zone, is not taken for its own.
    """

    async def one(found: Surroundings) -> None:
        await recorder.mx_seen(found.domain.name, found.ledger, found.mx)
        if found.zone is not None and found.domain.name not in held:
            await recorder.zone_seen(found.domain.name, found.ledger, found.zone)

    await asyncio.gather(
        *(one(found) for found in survey.domains if found.ledger.last_body is not None)
    )


def describe_held(held: Mapping[str, tuple[str, ...]]) -> str:
    """One line that says it all, then each domain with its reasons."""
    lines = [f"held, and left as they are: {', '.join(held)}"]
    lines += [f"  {name}: {reason}" for name, reasons in held.items() for reason in reasons]
    return "\n".join(lines)
