"""One run of an agency: survey, decide, and only then declare resources."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import pulumi

from mtasts.components.clouds import load_components, start_provider
from mtasts.components.placing import place_domains
from mtasts.components.stack_run import StackRun
from mtasts.errors import UsageError
from mtasts.promotion.evidence_folder import FOLDER
from mtasts.rollout.decision import decide
from mtasts.rollout.outlook import FILE_VARIABLE, Forecast, forecast
from mtasts.rollout.stack_rulings import (
    describe_end,
    describe_held,
    stack_rulings,
    vanished_domains,
    zones_pending,
)
from mtasts.run.bookkeeping import write_down, write_forecast
from mtasts.run.survey import Surveyor
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mtasts.components.agency_args import DomainOutput
    from mtasts.components.belonging import Belonging
    from mtasts.components.given import Given
    from mtasts.rollout.decision import Decision
    from mtasts.rollout.facts import Facts
    from mtasts.rulings import Ruling
    from mtasts.run.survey import Survey


@dataclass(frozen=True, slots=True)
class Declared:
    """The placed domains, and the ``problems`` that held others; empty if none was held."""

    domains: Mapping[str, DomainOutput]
    problems: str


async def declare(given: Given, belonging: Belonging) -> Declared:
    """Survey, decide, and place every domain that may be declared, below ``belonging``.

    Raises:
        MtaStsError: nothing is placed: the config is wrong, the credentials belong to another
            account, or a domain that was enforced is no longer listed.
    """
    run = StackRun.of(given, belonging)
    survey = await _look(run)
    remembered = [each for each in survey.remembered if each.name not in run.pending]
    vanished, ends_here = vanished_domains(
        run.config, remembered, survey.domains, run.stack, is_stack_file=run.is_stack_file
    )
    if vanished is not None and ends_here:
        await _tell_preview(Forecast(rulings=(("", vanished),)))
        raise UsageError(vanished.line)
    domains, decision = await _judge(run, survey, [vanished] if vanished is not None else [])
    outputs = await place_domains(run, survey, domains, decision)
    rulings = stack_rulings(
        run.config, run.values, decision, run.stack, is_stack_file=run.is_stack_file
    )
    problems = [
        *(each.line for each in rulings),
        *([vanished.line] if vanished is not None else []),
        *describe_held(
            decision.held,
            survey.remembered_problem,
            has_others=any(name not in decision.held for name in outputs),
        ),
    ]
    return Declared(outputs, run.say("\n".join(problems)))


async def _look(run: StackRun) -> Survey:
    """Survey accounts, zones and ledgers, and print its warnings.

    The imports of the components take half a second. Meanwhile the network answers and the engine
    starts its provider.
    """
    clouds = run.clouds
    surveyor = Surveyor(clouds, run.resolver, run.recorder_for, FOLDER)
    is_preview = pulumi.runtime.is_dry_run()
    with run.waits.waiting("look-ups of accounts, zones and ledgers"):
        noted = asyncio.gather(
            *(in_thread(partial(each.notes, is_preview=is_preview)) for each in clouds.used)
        )
        _, survey, _, of_clouds = await asyncio.gather(
            start_provider(clouds),
            surveyor.survey(run.config),
            in_thread(load_components, clouds),
            noted,
        )
    pending = zones_pending(run.pending)
    notes = (*chain.from_iterable(of_clouds), *survey.notes, *pending)
    _warn(run, (each.line for each in notes))
    return replace(survey, notes=notes)


async def _judge(
    run: StackRun, survey: Survey, vanished: list[Ruling]
) -> tuple[tuple[Facts, ...], Decision]:
    """Decide what is declared and what is held; an ``up`` also appends ledger entries.

    The returned facts include the entries that were appended.
    """
    judge = partial(decide, now=run.now(), dns=run.config.dns)
    domains, decision = survey.domains, judge(survey.domains)
    _warn(run, decision.warnings)
    if pulumi.runtime.is_dry_run():
        rulings = stack_rulings(
            run.config,
            run.values,
            decision,
            run.stack,
            unsure=survey.remembered_problem,
            is_stack_file=run.is_stack_file,
        )
        about_stack = (*vanished, *survey.notes, *rulings)
        await _tell_preview(forecast(domains, decision, survey.remembered, about_stack))
    else:
        known = decision.warnings
        with run.waits.waiting("the ledgers"):
            recorder = run.recorder_for(survey.account_id)
            domains, decision, failed = await write_down(recorder, domains, decision, judge)
        _warn(run, (*(each for each in decision.warnings if each not in known), *failed))
    end = describe_end(domains, decision, run.stack)
    for note in (*decision.notes, *([end.line] if end else [])):
        pulumi.log.info(run.say(note))
    return domains, decision


def _warn(run: StackRun, lines: Iterable[str]) -> None:
    for line in lines:
        pulumi.log.warn(run.say(line))


async def _tell_preview(found: Forecast) -> None:
    """Write the forecast into the file that ``mtasts preview`` reads: the plan does not have it."""
    if file := os.environ.get(FILE_VARIABLE):
        await write_forecast(file, found)
