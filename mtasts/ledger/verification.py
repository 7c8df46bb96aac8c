"""What is amiss with a ledger, and what of it can be put back, judged from all that stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.ledger.entries import LedgerError
from mtasts.ledger.history import read_kept
from mtasts.ledger.kept import Kept, parse_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def repair_command(stack: str, domain: str) -> str:
    """The command that says what mends a domain's ledger, and with ``--apply`` does it."""
    return f"mtasts ledger repair {stack} --domain {domain}"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is missing of a ledger.

    ``restorable`` are the entries that a checkpoint or another copy has, ``lost`` the numbers of
    those that nobody has. ``problems`` are what nobody can decide but a person.
    """

    restorable: Mapping[int, bytes]
    lost: tuple[int, ...]
    problems: tuple[str, ...]


def damage(
    domain: str,
    entries: Mapping[int, bytes],
    checkpoints: Mapping[int, bytes],
    copies: Iterable[Mapping[int, bytes]],
    *,
    is_latched: bool,
    is_noted: bool = False,
) -> Damage:
    """Judge the entries that stand beside what checkpoints and other copies hold.

    ``is_noted`` says that something went out in an emergency, so that there was a ledger.
    """
    problems: list[str] = []
    witnesses = [("another cloud's copy", dict(copy)) for copy in copies]
    for number, raw in sorted(checkpoints.items()):
        try:
            held = parse_checkpoint(raw, domain, number)
        except LedgerError as error:
            problems.append(str(error))
        else:
            witnesses.append((f"the checkpoint {number}", held))
    whole = dict(entries)
    for name, held in witnesses:
        differing = sorted(each for each in held.keys() & whole.keys() if held[each] != whole[each])
        if differing:
            problems.append(f"{name} has another entry {differing[0]} than stands there")
        else:
            whole |= held
    lost = sorted(set(range(1, max(whole, default=0) + 1)) - whole.keys())
    if not lost and not problems:
        try:
            read_kept(Kept(whole))
        except LedgerError as error:
            problems.append(str(error))
        else:
            ends = is_latched and not read_kept(Kept(whole)).tells_of_enforce
            if ends or (is_noted and not whole):
                lost = [len(whole) + 1]
    restorable = {each: whole[each] for each in sorted(whole.keys() - entries.keys())}
    return Damage(restorable, tuple(lost), tuple(problems))
