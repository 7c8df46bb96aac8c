"""The program of one agency's stack: read the config, look around, judge, and only then declare."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi

from components.clouds import (
    load_components,
    place_former,
    place_hosting,
    place_zones,
    start_provider,
)
from components.traces import short_traces
from components.waiting import engine_waits
from mtasts.clock import clock
from mtasts.cloud.of_stack import Clouds
from mtasts.config import load
from mtasts.config.folder import describe_missing
from mtasts.errors import MtaStsError, UsageError
from mtasts.findings import for_stack
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach
from mtasts.promotion.evidence_files import FOLDER, evidence_path
from mtasts.rollout.decision import (
    decide,
    describe_end,
    describe_held,
    goes_away,
    ledgers_unknown,
    shared,
)
from mtasts.rollout.emergency import describe_emergency, emergency_keys
from mtasts.rollout.outlook import FILE_VARIABLE, Forecast, forecast, render_forecast
from mtasts.rollout.vanished import describe_vanished, refuses
from mtasts.run.bookkeeping import write_down
from mtasts.run.proof import Prover
from mtasts.run.survey import Surveyor
from mtasts.threads import in_thread

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from components.mail_domain import MailDomain
    from mtasts.config import AgencyConfig
    from mtasts.ledger.recorder import Recorder
    from mtasts.rollout.decision import Decision
    from mtasts.rollout.declaration import Declaration
    from mtasts.rollout.verdicts import Surroundings
    from mtasts.rulings import Ruling
    from mtasts.run.survey import Survey
    from mtasts.run.waiting import Waits


async def main() -> pulumi.Inputs:
    """Declare every domain of the stack; the stack's outputs.

    Raises:
        pulumi.RunError: the config is wrong, the account is another one, or domains are held; the
            others have been declared by then.
    """
    try:
        return await _main(pulumi.get_stack())
    except MtaStsError as error:
        raise pulumi.RunError(for_stack(str(error), pulumi.get_stack())) from error


async def _main(stack: str) -> pulumi.Inputs:
    run = _Run.of(stack)
    survey = await _look(run)
    is_emergency = any(each.emergency for each in run.config.domains)
    vanished = describe_vanished(
        survey.remembered,
        survey.domains,
        file=run.config.file,
        stack=stack,
        is_emergency=is_emergency,
    )
    if vanished is not None and refuses(survey.remembered) and not is_emergency:
        await _tell(Forecast(rulings=(("", vanished),)))
        raise pulumi.RunError(vanished.line)
    domains, decision = await _judge(run, survey, [vanished] if vanished is not None else [])
    pulumi.export("domains", await _place(run, survey, domains, decision))
    problems = [
        *(each.line for each in _emergency(run, decision)),
        *([vanished.line] if vanished is not None else []),
        *describe_held(decision.held, survey.remembered_problem),
    ]
    if problems:  # a program that fails deletes nothing
        raise pulumi.RunError(run.say("\n".join(problems)))
    return {}


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run acts for, and what with; ``ledgers`` gives one recorder an account."""

    stack: str
    values: Mapping[str, object]
    config: AgencyConfig
    reach: Reach
    clouds: Clouds
    resolver: Resolver
    now: Callable[[], dt.datetime]
    ledgers: Callable[[str], Recorder]
    waits: Waits

    @classmethod
    def of(cls, stack: str) -> _Run:
        """Of the stack whose config the engine hands over; raises `ConfigError`."""
        values = json.loads(os.environ["PULUMI_CONFIG"])
        secret_keys = json.loads(os.environ.get("PULUMI_CONFIG_SECRET_KEYS", "[]"))
        config = read_config(stack, values, secret_keys)
        reach, now = Reach.from_environment(os.environ), clock(os.environ)
        clouds = Clouds.of(stack, config, values, os.environ)
        # One recorder for the run: each ledger is read once.
        ledgers = cache(partial(clouds.recorder, now=now))
        resolver = Resolver(reach)
        return cls(stack, values, config, reach, clouds, resolver, now, ledgers, engine_waits())

    def say(self, text: str) -> str:
        """A text whose commands name the stack."""
        return for_stack(text, self.stack)


async def _look(run: _Run) -> Survey:
    """What there is of accounts, zones and ledgers; what is doubtful about it is told.

    The components cost half a second of imports, during which the network can answer, and the
    engine can start its provider.
    """
    clouds = run.clouds
    evidence = partial(evidence_path, FOLDER, run.stack)
    surveyor = Surveyor.of(clouds, run.resolver, run.ledgers, evidence, is_local=run.reach.is_local)
    with run.waits.waiting("what is looked up of accounts, zones and ledgers"):
        _, survey, _, token_notes, unheard = await asyncio.gather(
            start_provider(clouds),
            surveyor.survey(run.config),
            in_thread(load_components, clouds),
            in_thread(partial(clouds.token_notes, is_preview=pulumi.runtime.is_dry_run())),
            in_thread(clouds.alarm_notes),
        )
    notes = (*token_notes, *survey.notes, *unheard)
    for note in notes:
        pulumi.log.warn(note.line)
    return replace(survey, notes=notes)


def _emergency(run: _Run, decision: Decision) -> list[Ruling]:
    """That the way back to testing goes out past every reason that would hold a domain."""
    if not decision.emergencies:
        return []
    keys = emergency_keys(run.config.domains, is_for_all="mtasts:emergency" in run.values)
    return [describe_emergency(decision.emergencies, keys, run.stack)]


async def _judge(
    run: _Run, survey: Survey, about_stack: list[Ruling]
) -> tuple[tuple[Surroundings, ...], Decision]:
    """What is declared of the domains, and what is held; an ``up`` writes down what it saw.

    What comes back of the domains has what was written down.
    """
    judge = partial(decide, now=run.now(), dns=run.config.dns)
    domains, decision = survey.domains, judge(survey.domains)
    for warning in decision.warnings:
        pulumi.log.warn(run.say(warning))
    if pulumi.runtime.is_dry_run():
        unsure = survey.remembered_problem
        about_stack += [*survey.notes, *_emergency(run, decision)]
        about_stack += [ledgers_unknown(unsure)] if unsure is not None else []
        await _tell(forecast(domains, decision, survey.remembered, about_stack))
    else:
        known = decision.warnings
        with run.waits.waiting("the ledgers"):
            domains, decision, told = await write_down(
                run.ledgers(survey.account_id), domains, decision, judge
            )
        for warning in (*(each for each in decision.warnings if each not in known), *told):
            pulumi.log.warn(run.say(warning))
    end = describe_end(domains, decision, run.stack)
    for note in (*decision.notes, *([end.line] if end else [])):
        pulumi.log.info(run.say(note))
    return tuple(domains), decision


async def _place(
    run: _Run, survey: Survey, domains: Sequence[Surroundings], decision: Decision
) -> dict[str, Any]:
    """Declare what was decided; the stack's outputs, by domain."""
    clouds, config = run.clouds, run.config
    bucket = shared(
        domains,
        survey.remembered,
        decision,
        is_sure=survey.remembered_problem is None,
        goes_away=goes_away(config.hosting, config.leaving),
    )
    hosting = await place_hosting(
        clouds, survey.account_id, protect=bucket.protect, keep=bucket.keep
    )
    former = await place_former(clouds, keep=bucket.keep)
    zones = place_zones(clouds, hosting, run.resolver)
    from components.mail_domain import MailDomain  # with the components

    prover = Prover(run.reach, run.resolver, config.proof_seconds, waits=run.waits)
    outputs: dict[str, Any] = {}
    with short_traces():
        for declaration in decision.declared:
            domain = MailDomain(
                declaration.domain,
                {
                    "declaration": declaration,
                    "hosting": hosting,
                    "zones": zones,
                    "prover": prover,
                    "recorder": run.ledgers(survey.account_id),
                    "former": former,
                },
            )
            outputs[declaration.domain] = _outputs(declaration, domain, decision)
    return outputs


def _outputs(declaration: Declaration, domain: MailDomain, decision: Decision) -> dict[str, Any]:
    """What a stack tells of one domain."""
    gone_past = decision.emergencies.get(declaration.domain)
    return {
        "policyId": domain.policy_id,
        "policyUrl": domain.policy_url,
        "policy": declaration.body.decode("utf-8"),
        **({"publish": domain.handed_out} if domain.handed_out is not None else {}),
        **({"emergency": list(gone_past)} if gone_past is not None else {}),
    }


async def _tell(found: Forecast) -> None:
    """Tell ``mtasts preview``, if it asked, what senders find before the run and after it."""
    if file := os.environ.get(FILE_VARIABLE):
        await in_thread(Path(file).write_text, render_forecast(found), "utf-8")


def read_config(stack: str, values: Mapping[str, object], secret_keys: list[str]) -> AgencyConfig:
    """The stack's config, if it can be applied.

    Raises:
        ConfigError: with every problem there is.
        UsageError: there is no stack file, and nothing was set in another way.
    """
    file = f"stacks/Pulumi.{stack}.yaml"
    if not any(key.startswith("mtasts:") for key in values) and not Path(file).exists():
        raise UsageError(describe_missing(Path(file)))
    return load(values, file=file, secret_keys=secret_keys)
