"""`MailDomain`: everything one policy domain publishes, in the order that keeps senders safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pulumi

from components.hooks import guard
from mtasts.proof import Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.hosting import Hosting, PolicyHost, Zones
    from mtasts.proof import Prover
    from mtasts.recording import Recorder
    from mtasts.rollout.declaration import Declaration

# Beyond its own deadline, a check gets this long to say what it saw.
_GRACE_SECONDS = 30.0
_LEDGER_SECONDS = 60.0
# Twice the longest mtasts:settleSeconds, and the calls.
_TAKE_OVER_SECONDS = 2 * 1800 + 60.0


class MailDomainArgs(TypedDict):
    """What is declared, where, and how it is proven."""

    declaration: Declaration
    hosting: Hosting
    zones: Zones
    prover: Prover
    recorder: Recorder
    former: Hosting | None


class MailDomain(pulumi.ComponentResource):
    """TLS-RPT record, policy host and body, addresses, and last the STS record.

    The address records are written only once the new host is proven to serve the policy under its
    own name, the STS record only once that is proven for the domain's name (RFC 8461 section 8.1).
    """

    policy_url: pulumi.Output[str]
    policy_id: pulumi.Output[str]
    handed_out: pulumi.Output[dict[str, str]] | None

    def __init__(
        self, name: str, args: MailDomainArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place the resources of one domain; ``name`` is the domain as A-labels."""
        super().__init__("mtasts:index:MailDomain", name, {}, opts)
        declared, hosting, prover = args["declaration"], args["hosting"], args["prover"]
        recorder = args["recorder"]
        zone = args["zones"].zone(declared, pulumi.ResourceOptions(parent=self))
        reports = zone.text(
            f"{name}-tlsrpt",
            declared.tlsrpt_owner,
            declared.tlsrpt_text,
            ttl_seconds=declared.ttl_seconds,
            opts=pulumi.ResourceOptions(parent=self),
        )
        before_body = _before(_entry(name, declared, recorder))
        own = pulumi.ResourceOptions(parent=self)
        host = hosting.policy_host(declared, zone, before_body, own)
        if args["former"] is not None:
            args["former"].policy_host(declared.leaving, zone, before_body, own)
        parts = declared.parts
        addresses: Sequence[pulumi.Resource] = ()
        if parts.addresses:
            addresses = zone.addresses(
                name,
                declared.policy_host,
                host,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[host.body],
                    hooks=_before(_candidate_proof(name, declared, host, prover, recorder)),
                    protect=parts.protect_addresses,
                ),
            )
        if parts.record:
            zone.text(
                f"{name}-sts",
                declared.sts_owner,
                declared.sts_text,
                ttl_seconds=declared.ttl_seconds,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[reports, host.body, *addresses],
                    hooks=_before(_proof(name, declared, host, prover, recorder)),
                    protect=parts.protect_record,
                ),
            )
        self.handed_out = zone.hand_out(protect=parts.protect_record)
        self.policy_url = host.policy_url
        self.policy_id = pulumi.Output.from_input(declared.id)
        self.register_outputs({"policyUrl": self.policy_url, "policyId": self.policy_id})


def _before(hook: pulumi.ResourceHook) -> pulumi.ResourceHookBinding:
    """Run ``hook`` before the record is written, be it for the first time or anew."""
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def _entry(name: str, declared: Declaration, recorder: Recorder) -> pulumi.ResourceHook:
    """No body is served before the ledger holds it, and where its records are."""

    async def check(_: pulumi.ResourceHookArgs) -> None:
        await recorder.ensure_body(name, declared.intended)
        await recorder.zone_seen(name, await recorder.read(name), declared.zone)

    return guard(f"{name}-ledger", check, deadline_seconds=_LEDGER_SECONDS)


def _candidate_proof(
    name: str, declared: Declaration, host: PolicyHost, prover: Prover, recorder: Recorder
) -> pulumi.ResourceHook:
    """No record of the policy host leads to a host that has not been seen to serve the policy."""

    async def check(_: pulumi.ResourceHookArgs) -> None:
        own_name = str(await host.own_name.future())
        asked_as = declared.policy_host if host.answers_as_policy_host else own_name
        await prover.prove_candidate(Wanted(asked_as, declared.body), own_name)
        ledger = await recorder.read(name)
        if ledger.last_proven is not None:  # so what leads elsewhere is our own
            await host.take_over(declared.policy_host, declared.zone.zone_id)

    deadline = prover.deadline_seconds + _TAKE_OVER_SECONDS + _GRACE_SECONDS
    return guard(f"{name}-candidate-proof", check, deadline_seconds=deadline)


def _proof(
    name: str, declared: Declaration, host: PolicyHost, prover: Prover, recorder: Recorder
) -> pulumi.ResourceHook:
    """No policy id is published before senders get the body that it names."""

    async def check(_: pulumi.ResourceHookArgs) -> None:
        # A new id for a body that stays as it is meets no other hook.
        await recorder.ensure_body(name, declared.intended)
        caches = await host.caches(prover.deadline_seconds)
        wanted = Wanted(declared.policy_host, declared.body)
        proof = await prover.prove(wanted, declared.name_servers, caches)
        await recorder.proven(name, declared.id, proof.addresses, proof.unseen)

    deadline = prover.deadline_seconds + _GRACE_SECONDS + _LEDGER_SECONDS
    return guard(f"{name}-proof", check, deadline_seconds=deadline)
