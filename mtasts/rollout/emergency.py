"""The way back to testing when nothing else is certain (`mtasts:emergency: testing`).

A ledger that cannot be read, or name servers that do not match, hold a domain. While an enforced
policy makes senders refuse mail, the step back to testing must not wait for their repair. So
testing is published under a random id, which no sender can have. The published policy is noted
beside the ledger, under ``emergency/``, and copied into the ledger as soon as it can be read.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.ledger.history import Intended
from mtasts.policy import Mode
from mtasts.rulings import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mtasts.config import AgencyConfig
    from mtasts.rollout.facts import DomainFacts
    from mtasts.rulings import Ruling

# 32 hex digits are the longest id (RFC 8461 section 3.1). At random they are never used twice.
_ID_BYTES = 16


def fresh_id() -> str:
    """A policy id that nothing was ever served under: 32 hex digits (RFC 8461 section 3.1)."""
    return secrets.token_hex(_ID_BYTES)


def is_live(found: DomainFacts) -> bool:
    """Whether a policy may be published. A new domain has none, so it needs no emergency."""
    return not found.has_ledger or found.history.last_body is not None


def way_back(found: DomainFacts, new_id: Callable[[], str]) -> Intended:
    """What an emergency publishes: the config's policy in mode testing, under an id of its own.

    The id that an earlier run of the same emergency noted is used again. The id of an earlier
    emergency is not: since then another body may have been served while the record still had that
    id, so that a sender may have stored that body under it.
    """
    if not found.has_ledger:
        body = found.domain.policy.render()
        noted = [
            each.body
            for each in found.noted
            if each.body.body == body and found.live_id in {None, each.body.id}
        ]
        if noted:
            return Intended(body, 0, noted[-1].id, noted[-1].reroll, is_recorded=True)
        return Intended(body, 0, new_id(), found.domain.reroll)
    meant = found.intended
    if meant.is_recorded and found.live_id in {None, meant.id}:
        return meant
    last = found.history.last_body
    revision = last.revision + 1 if last is not None else 0
    return replace(meant, id=new_id(), revision=revision, is_recorded=False)


def describe_end_of_emergency(
    config: AgencyConfig, stack: str, *, is_for_all: bool, is_stack_file: bool = True
) -> tuple[str, ...]:
    """How to end the emergency, in order: what to write into the config, and commands.

    ``is_for_all`` says that the key stands for the whole stack. The keys of one domain are to be
    changed in its entry: ``pulumi config set --path`` would replace the list of domains if the file
    has it as a JSON text. A program's arguments (``is_stack_file`` is false) have no command.

    An entry with ``mode: enforce`` overrules ``mtasts:mode``, so it would be enforced again.
    """
    own = [each.name for each in config.domains if each.entry_emergency]
    enforced = [
        each.name
        for each in config.domains
        if is_for_all
        and each.emergency
        and not each.entry_emergency
        and each.entry_mode is Mode.ENFORCE
    ]
    steps = []
    if enforced:
        entries = f"the entry of {', '.join(enforced)}"
        steps.append(f"in {config.file}, write mode: testing into {entries}")
    if own:
        entries = f"the entry of {', '.join(own)}"
        steps.append(
            f"in {config.file}, write mode: testing into {entries}, and remove emergency there"
        )
    if is_for_all and is_stack_file:
        steps.append(f"pulumi config set mtasts:mode testing -s {stack}")
        steps.append(f"pulumi config rm mtasts:emergency -s {stack}")
    elif is_for_all:
        steps.append(f"in {config.file}, set mode to testing, and remove emergency")
    return (*steps, f"pulumi up -s {stack}")


def describe_emergency(
    emergencies: Mapping[str, tuple[Ruling, ...]], ending: Iterable[str], stack: str
) -> Ruling:
    """One summary line, the refusals that the run passes, and what ends the emergency.

    ``ending`` are the steps of `describe_end_of_emergency`.
    """
    names = ", ".join(emergencies)
    summary = (
        "mode testing is published as soon as its proof passes. The run ends with an error on "
        "purpose, so that the engine deletes nothing"
    )
    lines = [f"emergency: {names}: {summary}"]
    lines += (
        f"  {name}: overridden by the emergency: {each.line}"
        for name, refusals in emergencies.items()
        for each in refusals
    )
    lines += (
        f"  publish it past the failed preview: pulumi up --skip-preview -s {stack}",
        f"  look at what senders get: mtasts check --stack {stack}",
        "  when the causes above are removed (mtasts docs emergencies), end the emergency:",
        *(f"    {step}" for step in ending),
    )
    return refusal("emergency-declared", "\n".join(lines))
