"""The program of one agency's stack: read the config, look around, judge, and only then declare."""

from __future__ import annotations

import asyncio
import json
import os
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from components.clouds import (
    load_components,
    place_former,
    place_hosting,
    place_zones,
    start_provider,
)
from components.waiting import engine_waits
from mtasts.bookkeeping import write_down
from mtasts.clock import clock
from mtasts.clouds import Clouds
from mtasts.config import load
from mtasts.config.folder import describe_missing
from mtasts.errors import MtaStsError, UsageError
from mtasts.evidence_files import FOLDER, evidence_path
from mtasts.findings import for_stack
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach
from mtasts.proof import Prover
from mtasts.rollout.decision import decide, describe_end, describe_held, goes_away, shared
from mtasts.rollout.emergency import describe_emergency, emergency_keys
from mtasts.rollout.outlook import FILE_VARIABLE, outlooks, render_outlooks
from mtasts.rollout.vanished import describe_vanished, refuses
from mtasts.survey import Surveyor
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mtasts.config import AgencyConfig
    from mtasts.recording import Recorder
    from mtasts.rollout.outlook import Outlook


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
    values = json.loads(os.environ["PULUMI_CONFIG"])
    config = read_config(
        stack, values, json.loads(os.environ.get("PULUMI_CONFIG_SECRET_KEYS", "[]"))
    )
    reach = Reach.from_environment(os.environ)
    clouds = Clouds.of(stack, config, values, os.environ)
    resolver = Resolver(reach)
    now = clock(os.environ)

    @cache  # one for the run: each ledger is read once
    def ledgers(account_id: str) -> Recorder:
        return clouds.recorder(account_id, now)

    # The components cost half a second of imports, during which the network can answer, and the
    # engine can start its provider.
    evidence = partial(evidence_path, FOLDER, stack)
    surveyor = Surveyor.of(clouds, resolver, ledgers, evidence, is_local=reach.is_local)
    waits = engine_waits()
    with waits.waiting("what is looked up of accounts, zones and ledgers"):
        _, survey, _, token_notes, unheard = await asyncio.gather(
            start_provider(clouds),
            surveyor.survey(config),
            in_thread(load_components, clouds),
            in_thread(partial(clouds.token_notes, is_preview=pulumi.runtime.is_dry_run())),
            in_thread(clouds.alarm_notes),
        )
    recorder = ledgers(survey.account_id)
    for note in (*token_notes, *survey.notes, *unheard):
        pulumi.log.warn(note)
    is_emergency = any(each.emergency for each in config.domains)
    vanished = describe_vanished(
        survey.remembered,
        survey.domains,
        file=config.file,
        stack=stack,
        is_emergency=is_emergency,
    )
    if vanished is not None and refuses(survey.remembered) and not is_emergency:
        raise pulumi.RunError(vanished)
    judge = partial(decide, now=now(), dns=config.dns)
    domains, decision = survey.domains, judge(survey.domains)
    say = partial(for_stack, stack=stack)
    for warning in decision.warnings:
        pulumi.log.warn(say(warning))
    if pulumi.runtime.is_dry_run():
        await _tell(outlooks(domains, decision, survey.remembered))
    else:
        known = decision.warnings
        with waits.waiting("the ledgers"):
            domains, decision, told = await write_down(recorder, domains, decision, judge)
        for warning in (*(each for each in decision.warnings if each not in known), *told):
            pulumi.log.warn(say(warning))
    end = describe_end(domains, decision, stack)
    for note in (*decision.notes, *([end] if end else [])):
        pulumi.log.info(say(note))
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
    zones = place_zones(clouds, hosting, resolver)
    from components.mail_domain import MailDomain  # noqa: PLC0415 - with the components

    prover = Prover(reach, resolver, config.proof_seconds, waits=waits)
    outputs = {}
    for declaration in decision.declared:
        gone_past = decision.emergencies.get(declaration.domain)
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
            **({"emergency": list(gone_past)} if gone_past is not None else {}),
        }
    pulumi.export("domains", outputs)
    keys = emergency_keys(config.domains, is_for_all="mtasts:emergency" in values)
    problems = [
        *([describe_emergency(decision.emergencies, keys, stack)] if decision.emergencies else []),
        *([vanished] if vanished is not None else []),
        *describe_held(decision.held, survey.remembered_problem),
    ]
    if problems:  # a program that fails deletes nothing
        raise pulumi.RunError(say("\n".join(problems)))
    return {}


async def _tell(found: Iterable[Outlook]) -> None:
    """Tell ``mtasts preview``, if it asked, what senders find before the run and after it."""
    if file := os.environ.get(FILE_VARIABLE):
        await in_thread(Path(file).write_text, render_outlooks(found), "utf-8")


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
