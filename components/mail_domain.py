"""`MailDomain`: everything one policy domain publishes, in the order that keeps senders safe."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypedDict

import pulumi

from mtasts.components.hooks import guard, once
from mtasts.components.hosting import ADDRESS_TTL_SECONDS
from mtasts.components.waiting import Passed, Slow, watch
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import LedgerError
from mtasts.ledger.history import enforces
from mtasts.rollout.move import MoveListener
from mtasts.run.proof import ProofGoal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from mtasts.components.hosting import Hosting, PolicyHost, Zone, Zones
    from mtasts.ledger.recorder import Recorder
    from mtasts.rollout.declaration import Declaration
    from mtasts.run.proof import Proof, Prover
    from mtasts.run.waiting import Waits

# After its own deadline, a proof has this long to report what it saw.
_GRACE_SECONDS = 30.0
_LEDGER_SECONDS = 60.0
# In an emergency each write to the ledger has this long: two of them fit into _LEDGER_SECONDS.
_NOTE_SECONDS = 25.0
# A proof that is not required is given up this long after the required ones have passed.
_FORMER_SECONDS = 10.0
# Twice the longest mtasts:settleSeconds, and a minute for the calls to Cloudflare.
_TAKE_OVER_SECONDS = 2 * 1800 + 60.0


class Former(TypedDict):
    """Former cloud and zones of a moving domain, kept until cached DNS expires.

    ``hosting`` is None where the host does not move, ``zones`` where the records do not.
    """

    hosting: Hosting | None
    zones: Zones | None


class MailDomainArgs(TypedDict):
    """The declaration, the cloud and zones for it, and the tools that prove and record it."""

    declaration: Declaration
    hosting: Hosting
    zones: Zones
    prover: Prover
    recorder: Recorder
    former: Former


@dataclass(frozen=True, slots=True)
class _Location:
    """A `mtasts.rollout.move.Location` as it is placed: a policy host, and its zone's records.

    ``zone`` is None for a host that no record leads to any more. ``name`` is part of the names of
    hooks. ``cloud`` is the host's cloud. ``former_cloud`` is the cloud that the policy host's
    records lead to until the switch; it is empty if the host does not move. A failed proof at a
    location that is ``required`` blocks the STS record; at another location it only warns.
    """

    name: str
    declared: Declaration
    host: PolicyHost
    cloud: str
    zone: Zone | None
    required: bool = True
    former_cloud: str = ""


class MailDomain(pulumi.ComponentResource):
    """TLS-RPT record, policy host and body, addresses, and last the STS record.

    The address records are written only after a proof that the new host serves the policy at the
    host's own name. The STS record is written only after a proof at the policy host's name (RFC
    8461 section 8.1). While a domain moves, all these resources exist at both locations. The id of
    an enforced policy is then published in neither zone before both hosts serve the policy: a
    sender may read the id in one zone and fetch the policy from the other host.
    """

    policy_url: pulumi.Output[str]
    policy_id: pulumi.Output[str]
    handed_out: pulumi.Output[dict[str, str]] | None

    def __init__(
        self, name: str, args: MailDomainArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place the resources of one domain; ``name`` is the domain as A-labels."""
        super().__init__("mtasts:index:MailDomain", name, {}, opts)
        declared, prover, recorder = args["declaration"], args["prover"], args["recorder"]
        locations = self._locations(name, args)
        waits = prover.waits
        for slow in (each for location in locations for each in location.host.slow):
            watch(waits, slow)
        reports = [
            location.zone.text(
                f"{name}-tlsrpt",
                declared.tlsrpt_owner,
                declared.tlsrpt_text,
                ttl_seconds=declared.config.ttl_seconds,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for location in locations
            if location.zone is not None
        ]
        for record in reports:
            watch(waits, Slow(f"the TLS-RPT record of {name} to be in its zone", (), record.urn))
        addresses = [
            record
            for location in locations
            if location.zone is not None and location.declared.parts.addresses.is_declared
            for record in self._addresses(name, location, location.zone, prover, recorder)
        ]
        if declared.parts.record.is_declared:
            bodies = [location.host.body for location in locations]
            passed = Passed(waits, f"the STS record of {name} to be in its zone")
            proven = _before(_proof(name, locations, prover, recorder, passed))
            for location in locations:
                if location.zone is not None:
                    record = location.zone.text(
                        f"{name}-sts",
                        declared.sts_owner,
                        declared.sts_text,
                        ttl_seconds=declared.config.ttl_seconds,
                        opts=pulumi.ResourceOptions(
                            parent=self,
                            depends_on=[*reports, *bodies, *addresses],
                            hooks=proven,
                            protect=location.declared.parts.record.is_protected,
                        ),
                    )
                    passed.writes.append(record)
        here = locations[0]
        self.handed_out = (
            here.zone.hand_out(protect=declared.parts.record.is_protected) if here.zone else None
        )
        self.policy_url = here.host.policy_url
        self.policy_id = pulumi.Output.from_input(declared.id)
        self.register_outputs({"policyUrl": self.policy_url, "policyId": self.policy_id})

    def _addresses(
        self, name: str, location: _Location, zone: Zone, prover: Prover, recorder: Recorder
    ) -> Sequence[pulumi.Resource]:
        """The records that lead to a host, guarded by the proof at the host's own name."""
        what = f"the addresses of {location.declared.policy_host} to be in their zone"
        passed = Passed(prover.waits, what)
        records = zone.addresses(
            name,
            location.declared.policy_host,
            location.host,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[location.host.body],
                hooks=_before(_candidate_proof(name, location, prover, recorder, passed)),
                protect=location.declared.parts.addresses.is_protected,
                retain_on_delete=location.declared.parts.go_over,
            ),
        )
        passed.writes.extend(records)
        return records

    def _locations(self, name: str, args: MailDomainArgs) -> list[_Location]:
        """The target location; if the domain moves, its former location is the second item."""
        declared, former = args["declaration"], args["former"]
        at_former = declared.at_former

        def child() -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(parent=self)

        zone = args["zones"].zone(declared, child())
        former_zone: Zone | None = None
        if former["zones"] is not None and declared.former is not None:
            former_zone = former["zones"].zone(at_former, child())
        zones = [zone] if former_zone is None else [zone, former_zone]
        before_body = _before(_entry(name, declared, args["recorder"], args["prover"].waits))
        host = args["hosting"].policy_host(declared, zones, before_body, child())
        cloud = args["hosting"].name
        former_cloud = former["hosting"].name if former["hosting"] is not None else ""
        locations = [_Location(name, declared, host, cloud, zone, former_cloud=former_cloud)]
        if former["hosting"] is not None:
            # The last zone is the former one if the records move; otherwise there is one zone.
            host = former["hosting"].policy_host(at_former, zones[-1:], before_body, child())
        if former["hosting"] is not None or former_zone is not None:
            gets_requests = former["hosting"] is not None and declared.former_host_may_get_requests
            if declared.former is not None:
                gets_requests = gets_requests or declared.former.is_queried
            # A failing former host must never delay a change from enforce to testing or none.
            required = gets_requests and enforces(declared.intended)
            locations.append(
                _Location(
                    f"{name}-former", at_former, host, former_cloud or cloud, former_zone, required
                )
            )
        return locations


def _before(hook: pulumi.ResourceHook) -> pulumi.ResourceHookBinding:
    """Run ``hook`` before the resource is created, and before it is updated."""
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def _entry(
    name: str, declared: Declaration, recorder: Recorder, waits: Waits
) -> pulumi.ResourceHook:
    """The hook that writes body, host, zone and MX into the ledger before the body is served.

    Each run notes the MX of a domain that has a ledger; the first run of a domain does it here. A
    sender that gets the policy may go on trying those hosts after they have left DNS.
    """

    async def write() -> None:
        with waits.waiting(f"the ledger of {name}", _LEDGER_SECONDS, at_most=True):
            await note()

    async def note() -> None:
        if await _wrote_body(name, declared, recorder):
            ledger = await recorder.read(name)
            await recorder.hosted(name, ledger)
            await recorder.zone_seen(name, ledger, declared.zone)
            if declared.mx is not None:
                await recorder.mx_seen(name, ledger, declared.mx)

    return guard(f"{name}-ledger", once(write), deadline_seconds=_LEDGER_SECONDS)


async def _wrote_body(name: str, declared: Declaration, recorder: Recorder) -> bool:
    """Append the body to the ledger; whether the ledger has it.

    In an emergency a ledger that cannot be read or written does not stop the run: the body goes
    into a note of the emergency instead (docs/emergencies.md).

    Raises:
        LedgerError: there is no emergency, and the ledger does not have the body.
        UndeterminedError: there is no emergency, and the bucket did not answer.
    """
    if not declared.is_noted:
        took = recorder.ensure_body(name, declared.intended)
        if not declared.is_emergency:
            await took
            return True
        if await _write_or_warn(
            took, f"EMERGENCY: {name}: the policy could not be written to the ledger"
        ):
            return True
    await _note(name, recorder.note_body(name, declared.intended))
    return False


async def _note(name: str, writing: Awaitable[None]) -> None:
    """Write a note of the emergency; a failure only warns, since testing must go out at once."""
    await _write_or_warn(
        writing, f"EMERGENCY: {name}: the note of the emergency could not be written"
    )


async def _write_or_warn(writing: Awaitable[None], what: str) -> bool:
    """Whether ``writing`` succeeded in time; if not, a warning begins with ``what``."""
    try:
        await asyncio.wait_for(writing, _NOTE_SECONDS)
    except (LedgerError, UndeterminedError, TimeoutError) as error:
        why = str(error) or f"no answer within {_NOTE_SECONDS:g} s"
        pulumi.log.warn(f"{what}: {why}")
        return False
    return True


def _candidate_proof(
    name: str, location: _Location, prover: Prover, recorder: Recorder, passed: Passed
) -> pulumi.ResourceHook:
    """The hook that proves a host at its own name before the policy host's records lead to it."""
    declared, host = location.declared, location.host

    async def prove() -> None:
        await prover.prove_candidate(await _proof_goal(location), str(await host.own_name.future()))
        if not declared.is_noted:  # otherwise there is no ledger to read or append to
            with prover.waits.waiting(f"{declared.policy_host} to lead to the host that is proven"):
                await lead()
        passed.tell()

    async def lead() -> None:
        zone_id = declared.zone.zone_id
        ledger = await recorder.read(name)
        note_target, note_former = (
            partial(recorder.host_target, name, zone_id, cloud, ADDRESS_TTL_SECONDS)
            for cloud in (location.cloud, location.former_cloud or None)
        )
        if ledger.last_proven is not None:  # a policy is live: the switch must leave no gap
            listener = MoveListener(
                before_switch=partial(note_target, anew=True), switch_failed=note_former
            )
            await host.take_over(declared.policy_host, zone_id, listener)
        await note_target()

    deadline = prover.deadline_seconds + _TAKE_OVER_SECONDS + _GRACE_SECONDS
    # The records of both address families lead to the same host.
    return guard(f"{location.name}-candidate-proof", once(prove), deadline_seconds=deadline)


def _proof(
    name: str,
    locations: Sequence[_Location],
    prover: Prover,
    recorder: Recorder,
    passed: Passed,
) -> pulumi.ResourceHook:
    """The hook that proves the body at every required location before its id is published."""
    declared = locations[0].declared

    async def prove_all() -> None:
        # With a new id for the same body, no body is written, and so no other hook has run.
        in_ledger = await _wrote_body(name, declared, recorder)
        is_first = in_ledger and not declared.is_emergency and await _is_first(name, recorder)
        proofs = await _prove_all(locations, prover, is_first=is_first)
        zones = [
            location.declared.name_servers for location in locations if location.zone is not None
        ]
        await prover.look_at_mx(name, declared.intended, zones)
        addresses = {each for proof in proofs for each in proof.addresses}
        unseen = {each for proof in proofs for each in proof.unseen}
        seen = (declared.id, tuple(sorted(addresses)), tuple(sorted(unseen)))
        with prover.waits.waiting(f"the ledger of {name}", _LEDGER_SECONDS, at_most=True):
            await note(seen, in_ledger=in_ledger)
        passed.tell()

    async def note(seen: tuple[str, tuple[str, ...], tuple[str, ...]], *, in_ledger: bool) -> None:
        if not in_ledger:
            await _note(name, recorder.note_proof(name, *seen))
        elif declared.is_emergency:
            what = f"EMERGENCY: {name}: the proof could not be written to the ledger"
            await _write_or_warn(recorder.proven(name, *seen), what)
        else:
            await recorder.proven(name, *seen)

    deadline = prover.deadline_seconds + _GRACE_SECONDS + _LEDGER_SECONDS
    return guard(f"{name}-proof", once(prove_all), deadline_seconds=deadline)


async def _is_first(name: str, recorder: Recorder) -> bool:
    """Whether the ledger has one body only, and none that was adopted."""
    ledger = await recorder.read(name)
    return len(ledger.bodies) == 1 and ledger.adopted is None


async def _prove_all(
    locations: Sequence[_Location], prover: Prover, *, is_first: bool
) -> list[Proof]:
    """Prove every location, and return the proofs that passed.

    A failed proof of a location that is not required is a warning. Such a proof has
    ``_FORMER_SECONDS`` after the required ones.

    Raises:
        MtaStsError: a required proof failed; no id may be published.
    """
    prove = partial(_prove, prover=prover, is_first=is_first)
    others = {
        asyncio.ensure_future(prove(location)): location
        for location in locations
        if not location.required
    }
    try:
        required = (prove(location) for location in locations if location.required)
        proofs = list(await asyncio.gather(*required))
        if others:
            await asyncio.wait(others, timeout=_FORMER_SECONDS)
    finally:
        for task in others:
            task.cancel()
        found = await asyncio.gather(*others, return_exceptions=True)
    for seen, location in zip(found, others.values(), strict=True):
        if isinstance(seen, BaseException):
            why = str(seen) or f"no proof within {_FORMER_SECONDS:g} s after the required ones"
            pulumi.log.warn(f"{location.declared.domain}, at its former host: {why}")
        else:
            proofs.append(seen)
    return proofs


async def _prove(location: _Location, *, prover: Prover, is_first: bool) -> Proof:
    caches = await location.host.caches()
    if location.zone is None:
        own_name = str(await location.host.own_name.future())
        goal = replace(await _proof_goal(location), is_first=is_first)
        return await prover.prove_candidate(goal, own_name, caches)
    declared = location.declared
    goal = ProofGoal(declared.policy_host, declared.body, is_first)
    return await prover.prove(goal, declared.name_servers, caches)


async def _proof_goal(location: _Location) -> ProofGoal:
    """The body to prove, and the host name that a request to the host's own name must have."""
    own_name = str(await location.host.own_name.future())
    asked_as = location.declared.policy_host if location.host.answers_as_policy_host else own_name
    return ProofGoal(asked_as, location.declared.body)
