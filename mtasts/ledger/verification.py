"""What is wrong with a ledger, and which entries can be restored, from all of its objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.ledger.entries import LedgerError
from mtasts.ledger.history import read_kept
from mtasts.ledger.kept import Kept, parse_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def repair_command(stack: str, domain: str) -> str:
    """The command that shows the repair of a domain's ledger; with ``--apply`` it also does it."""
    return f"mtasts ledger repair {stack} --domain {domain}"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a ledger.

    ``restorable`` maps the number of a missing entry to its JSON in a checkpoint or another copy.
    ``lost`` are the numbers of missing entries that exist nowhere. ``problems`` are contradictions
    that a person has to decide.
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
    """Compare the entries of a ledger with its checkpoints and its copies at other clouds.

    ``entries`` and each of ``copies`` map entry numbers to JSON, ``checkpoints`` maps checkpoint
    numbers to content. ``is_noted`` says that a note of an emergency exists: then a ledger without
    entries has lost them.
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
            problems.append(f"{name} and the ledger have different entries {differing[0]}")
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
