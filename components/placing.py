"""Places the resources of a stack's domains, by the decision of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mtasts.components.cloud_folder import SharedOptions
from mtasts.components.clouds import place_former, place_hosting, place_zones
from mtasts.components.traces import short_traces
from mtasts.rollout.decision import frees_host, shared
from mtasts.run.proof import Prover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.components.agency_args import DomainOutput
    from mtasts.components.mail_domain import MailDomain
    from mtasts.components.stack_run import StackRun
    from mtasts.rollout.decision import Decision
    from mtasts.rollout.declaration import Declaration
    from mtasts.rollout.facts import Facts
    from mtasts.run.survey import Survey


async def place_domains(
    run: StackRun, survey: Survey, domains: Sequence[Facts], decision: Decision
) -> dict[str, DomainOutput]:
    """Place the declared resources; returns the outputs by domain."""
    clouds, config, belonging = run.clouds, run.config, run.belonging
    bucket = shared(
        domains,
        survey.remembered,
        decision,
        is_sure=survey.remembered_problem is None,
        frees_host=frees_host(config.hosting, config.leaving),
    )
    options = SharedOptions(
        belonging, protect=bucket.protect, keep=bucket.keep, account_id=survey.account_id
    )
    hosting = await place_hosting(clouds, options)
    former = await place_former(clouds, belonging, keep=bucket.keep)
    zones = place_zones(clouds, belonging, hosting, run.resolver)
    from mtasts.components.mail_domain import MailDomain  # late: a refused run does not need it

    prover = Prover(run.reach, run.resolver, config.proof_seconds, waits=run.waits)
    outputs: dict[str, DomainOutput] = {}
    with short_traces():
        for declaration in decision.declared:
            domain = MailDomain(
                declaration.domain,
                {
                    "declaration": declaration,
                    "hosting": hosting,
                    "zones": zones,
                    "prover": prover,
                    "recorder": run.recorder_for(survey.account_id),
                    "former": former,
                },
                belonging.options,
            )
            outputs[declaration.domain] = _published(declaration, domain, decision)
    for name, reasons in decision.held.items():
        outputs.setdefault(name, {})["held"] = [each.as_json() for each in reasons]
    return outputs


def _published(declaration: Declaration, domain: MailDomain, decision: Decision) -> DomainOutput:
    """The outputs of one declared domain."""
    gone_past = decision.emergencies.get(declaration.domain)
    outputs: dict[str, Any] = {
        "policyId": domain.policy_id,
        "policyUrl": domain.policy_url,
        "policy": declaration.body.decode("utf-8"),
        **({"publish": domain.handed_out} if domain.handed_out is not None else {}),
        **({"emergency": [str(each) for each in gone_past]} if gone_past is not None else {}),
    }
    return cast("DomainOutput", outputs)
