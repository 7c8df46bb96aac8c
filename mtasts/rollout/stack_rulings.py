"""Rulings that concern a stack as a whole, and no single domain of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.rollout.emergency import describe_emergency, describe_end_of_emergency
from mtasts.rollout.facts import DomainFacts
from mtasts.rollout.vanished import describe_vanished, refuses
from mtasts.rulings import note, refusal, warning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mtasts.config import AgencyConfig
    from mtasts.errors import MtaStsError
    from mtasts.rollout.decision import Decision
    from mtasts.rollout.facts import Facts, LedgerProblem
    from mtasts.rollout.vanished import Remembered
    from mtasts.rulings import Ruling


def vanished_domains(
    config: AgencyConfig,
    remembered: Sequence[Remembered],
    listed: Sequence[Facts],
    stack: str,
    *,
    is_stack_file: bool = True,
) -> tuple[Ruling | None, bool]:
    """The ruling on domains that left the stack file, and whether it ends the run.

    In an emergency the run goes on: the step back to testing waits for nothing. ``is_stack_file``
    is false if a program's arguments are the config.
    """
    is_emergency = any(each.emergency for each in config.domains)
    found = describe_vanished(
        remembered,
        listed,
        file=config.file,
        stack=stack,
        is_emergency=is_emergency,
        is_stack_file=is_stack_file,
    )
    return found, refuses(remembered) and not is_emergency


def stack_rulings(
    config: AgencyConfig,
    values: Mapping[str, object],
    decision: Decision,
    stack: str,
    *,
    unsure: LedgerProblem | None = None,
    is_stack_file: bool = True,
) -> tuple[Ruling, ...]:
    """The rulings on an emergency, and on an unknown set of ledgers.

    ``values`` is the stack's config, which has the keys of the emergency; ``unsure`` is why the set
    of ledgers is not known. ``is_stack_file`` is false if a program's arguments are the config.
    """
    found = []
    if decision.emergencies:
        ending = describe_end_of_emergency(
            config,
            stack,
            is_for_all="mtasts:emergency" in values,
            is_stack_file=is_stack_file,
        )
        found.append(describe_emergency(decision.emergencies, ending, stack))
    if unsure is not None:
        found.append(ledgers_unknown(unsure))
    return tuple(found)


def zones_pending(names: Collection[str]) -> tuple[Ruling, ...]:
    """A warning that a preview cannot look at domains whose zone the same run creates."""
    if not names:
        return ()
    text = (
        f"the same program creates the zone of {', '.join(names)}, so its id is not known yet. "
        "This preview leaves those domains out; it deletes nothing of them, even if the plan says "
        "so"
    )
    return (
        warning(
            "zone-pending",
            text,
            "run pulumi up -s STACK: that run looks at the zone once it exists",
        ),
    )


def describe_end(domains: Iterable[Facts], decision: Decision, stack: str) -> Ruling | None:
    """The note on how to end a stack, once every listed domain is retired; None before that."""
    names = [found.name for found in domains if isinstance(found, DomainFacts)]
    if not names or any(decision.phase(name).parts.host.is_declared for name in names):
        return None
    return note(
        "stack-retired",
        f"every domain of {stack} is retired. When this run has ended, pulumi destroy -s {stack} "
        "removes the rest of the stack. The bucket stays in the account with every ledger, every "
        "version, its policy and its settings: it is the record of every policy that was published "
        "(mtasts docs retirement)",
    )


def ledgers_unknown(error: MtaStsError) -> Ruling:
    """The refusal if it is not known which domains have a ledger."""
    return refusal(
        "ledgers-unknown",
        f"held, and nothing is deleted: could not find out which domains have a ledger: {error}",
    )


def describe_held(
    held: Mapping[str, tuple[Ruling, ...]],
    unsure: MtaStsError | None = None,
    *,
    has_others: bool = False,
) -> tuple[str, ...]:
    """Lines: a summary, then each held domain with its reasons; empty if no domain is held.

    ``unsure`` is why it is not known which domains have a ledger; ``has_others`` says that other
    domains of the stack are not held.
    """
    lines = [f"held, and left as they are: {', '.join(held)}"] if held else []
    lines += [f"  {name}: {reason.line}" for name, reasons in held.items() for reason in reasons]
    if held and has_others:  # the engine begins no run after a failed preview
        lines.append("  change the other domains all the same: pulumi up --skip-preview -s STACK")
    if unsure is not None:
        lines.append(ledgers_unknown(unsure).line)
    return tuple(lines)
