"""Rulings that concern a stack as a whole, and no single domain of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.rollout.emergency import describe_emergency, emergency_keys
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
    config: AgencyConfig, remembered: Sequence[Remembered], listed: Sequence[Facts], stack: str
) -> tuple[Ruling | None, bool]:
    """What is said of domains that the file has lost, and whether the run ends with that.

    In an emergency it goes on: the way back waits for nothing.
    """
    is_emergency = any(each.emergency for each in config.domains)
    found = describe_vanished(
        remembered, listed, file=config.file, stack=stack, is_emergency=is_emergency
    )
    return found, refuses(remembered) and not is_emergency


def stack_rulings(
    config: AgencyConfig,
    values: Mapping[str, object],
    decision: Decision,
    stack: str,
    *,
    unsure: LedgerProblem | None = None,
) -> tuple[Ruling, ...]:
    """That an emergency is declared, and that it is not known which domains have a ledger.

    ``values`` are the stack's, in which the keys of the emergency stand; ``unsure`` is why that is
    not known.
    """
    found = []
    if decision.emergencies:
        keys = emergency_keys(config.domains, is_for_all="mtasts:emergency" in values)
        found.append(describe_emergency(decision.emergencies, keys, stack))
    if unsure is not None:
        found.append(ledgers_unknown(unsure))
    return tuple(found)


def zones_pending(names: Collection[str]) -> tuple[Ruling, ...]:
    """That a preview cannot look at domains whose zone the same run makes."""
    if not names:
        return ()
    text = (
        f"the zone of {', '.join(names)} is made by this very program, so its id is not known "
        "before: this preview leaves out what is published there, also where the plan shows that "
        "as deleted"
    )
    return (warning("zone-pending", text, "the run itself looks at it, once the zone is made"),)


def describe_end(domains: Iterable[Facts], decision: Decision, stack: str) -> Ruling | None:
    """What is left to do once every domain that the file lists is retired; None before that."""
    names = [found.name for found in domains if isinstance(found, DomainFacts)]
    if not names or any(decision.phase(name).parts.host.is_declared for name in names):
        return None
    return note(
        "stack-retired",
        f"every domain of {stack} is retired. Once this run has ended, pulumi destroy -s {stack} "
        "removes what is left of the stack. The bucket stays in the account, with every ledger, "
        "its versions, its policy and its settings: it is the record of what senders were told "
        "(mtasts docs retirement)",
    )


def ledgers_unknown(error: MtaStsError) -> Ruling:
    """That it is not known which domains have a ledger."""
    return refusal(
        "ledgers-unknown",
        f"held, and nothing is deleted: could not find out which domains have a ledger: {error}",
    )


def describe_held(
    held: Mapping[str, tuple[Ruling, ...]], unsure: MtaStsError | None = None
) -> tuple[str, ...]:
    """Lines: one that says it all, then each domain with its reasons; none where none is held.

    ``unsure`` is why it is not known which domains have a ledger.
    """
    lines = [f"held, and left as they are: {', '.join(held)}"] if held else []
    lines += [f"  {name}: {reason.line}" for name, reasons in held.items() for reason in reasons]
    if unsure is not None:
        lines.append(ledgers_unknown(unsure).line)
    return tuple(lines)
