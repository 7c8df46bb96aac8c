"""The way back to testing when nothing else is certain (`mtasts:emergency: testing`).

A ledger that cannot be read, or name servers that do not match, hold a domain; but the way back
from a policy that refuses mail must not wait for their repair. So testing goes out under an id
that no sender can have: a random one. What was served is noted beside the ledger, under
``emergency/``, and goes into the ledger as soon as that can be read.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.ledger.history import Intended
from mtasts.rulings import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mtasts.config import DomainConfig
    from mtasts.rollout.facts import DomainFacts
    from mtasts.rulings import Ruling

_ID_BYTES = 16


def fresh_id() -> str:
    """A policy id that nothing was ever served under: 32 hex digits (RFC 8461 section 3.1)."""
    return secrets.token_hex(_ID_BYTES)


def is_live(found: DomainFacts) -> bool:
    """Whether there may be anything to come back from: of a new domain nothing is published."""
    return not found.has_ledger or found.history.last_body is not None


def way_back(found: DomainFacts, new_id: Callable[[], str]) -> Intended:
    """What goes out in an emergency: the config's policy, in testing, under an id of its own.

    What an earlier run of the emergency has noted or written down stays as it is. That of an
    earlier emergency does not: something else may have been served under its id since, while the
    record still named that, so a sender may have got that body by this id.
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


def emergency_keys(
    domains: Sequence[DomainConfig], *, is_for_all: bool
) -> tuple[tuple[str, str], ...]:
    """The paths that ask for an emergency, each beside that of the mode that it overrules.

    ``is_for_all`` says that the stack asks for it, so that no domain need do so.
    """
    if is_for_all:
        return (("mtasts:emergency", "mtasts:mode"),)
    return tuple(
        (f"mtasts:domains[{index}].emergency", f"mtasts:domains[{index}].mode")
        for index, domain in enumerate(domains)
        if domain.emergency
    )


def describe_emergency(
    emergencies: Mapping[str, tuple[Ruling, ...]], keys: Sequence[tuple[str, str]], stack: str
) -> Ruling:
    """One line that says it all, for each domain what the run went past, then how it ends.

    ``keys`` are the paths in the stack's config that ask for the emergency, each beside that of the
    mode that it overrules.
    """
    names = ", ".join(emergencies)
    told = "mode testing goes out, once it is proven; the run counts as failed, to delete nothing"
    lines = [f"emergency: {names}: {told}"]
    lines += (
        f"  {name}: gone past: {each.line}" for name, those in emergencies.items() for each in those
    )
    lines += (
        f"  see what senders get: mtasts check --stack {stack}",
        "  once that is mended (mtasts docs emergencies), end the emergency:",
    )
    for key, mode in keys:
        lines += (
            f"    pulumi config set --path '{mode}' testing -s {stack}",
            f"    pulumi config rm --path '{key}' -s {stack}",
        )
    lines.append(f"    pulumi up -s {stack}")
    return refusal("emergency-declared", "\n".join(lines))
