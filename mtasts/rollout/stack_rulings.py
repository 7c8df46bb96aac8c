"""Rulings that concern a stack as a whole, and no single domain of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.rollout.decision import ledgers_unknown
from mtasts.rollout.emergency import describe_emergency, emergency_keys
from mtasts.rollout.vanished import describe_vanished, refuses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mtasts.config import AgencyConfig
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
