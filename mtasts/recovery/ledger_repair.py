"""A ledger mended in its bucket: what can be put back is, and nothing that stands is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mtasts.cloud.ledger_listing import checkpoint_path
from mtasts.cloud.ledger_objects import notes_prefix
from mtasts.errors import UsageError
from mtasts.ledger.emergency_notes import read_notes
from mtasts.ledger.entries import Adopted, LedgerError, render_entry
from mtasts.ledger.kept import entry_name
from mtasts.ledger.verification import Damage, damage

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from mtasts.cloud.ledger_listing import Everything
    from mtasts.ledger.run_cache import Store


class Mendable(Protocol):
    """A store whose objects can be looked through and removed, whatever their names."""

    def everything(self, domain: str) -> Everything:
        """All that stands of a ledger."""

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry unless one of that number exists; whether it was written."""

    def remove(self, objects: Sequence[Any]) -> None:
        """Delete objects, each in one version, past what keeps everybody else from it."""

    def repair(self, domain: str) -> str:
        """The command that mends what can be mended of a domain's ledger."""

    def is_guarded(self) -> bool:
        """Whether everybody is kept from deleting of the ledgers."""

    def guard(self) -> None:
        """See to it again."""


@dataclass(frozen=True, slots=True)
class Mending:
    """What would be done to one ledger; nothing is, until `apply`.

    ``superfluous`` lie over entries that stand below them. ``dropped`` are objects that somebody
    chose, in all versions. ``loss`` says, in place of entries that nobody has, that they are lost.
    ``unread`` tells of notes that nobody can read. ``guards`` says that anybody may delete of the
    ledger until that is put right.
    """

    domain: str
    superfluous: tuple[Any, ...]
    dropped: tuple[Any, ...]
    damage: Damage
    loss: Mapping[int, bytes]
    unread: tuple[str, ...] = ()
    guards: bool = False

    def steps(self) -> Iterator[str]:
        """Each thing that would be done, a line each."""
        for each in self.dropped:
            yield f"delete {_shown(each)}, as you chose"
        for each in self.superfluous:
            yield f"delete {_shown(each)}, which lies over what was there first"
        for number in self.damage.restorable:
            yield f"write entry {number} again, which a checkpoint or the other cloud has"
        for number in self.loss:
            yield f"write entry {number}: what stood there, or was to follow, is lost"
        if self.guards:
            yield "keep everybody from deleting of the ledger again"

    def problems(self) -> Iterator[str]:
        """What stays amiss, a line each."""
        yield from (*self.damage.problems, *self.unread)
        for number in self.damage.lost:
            if number not in self.loss:
                yield f"entry {number} is lost: nobody has it"

    def apply(self, store: Mendable) -> None:
        """Do it; raises `UndeterminedError` where the cloud did not, and may be done again."""
        doomed = [*self.dropped, *self.superfluous]
        if doomed:
            store.remove(doomed)
        # The last one first: were this killed, no part of a ledger may look like the whole.
        for number, raw in sorted({**self.damage.restorable, **self.loss}.items(), reverse=True):
            store.append(self.domain, number, raw)
        if self.guards:
            store.guard()


def plan(
    store: Mendable,
    other: Store | None,
    domain: str,
    *,
    drop: Sequence[str] = (),
    lost_by: str = "",
    now: dt.datetime,
) -> Mending:
    """What is to be done to one ledger.

    ``drop`` names objects that are to go, below the ledger's prefix or by the whole key of a note.
    ``lost_by`` answers for saying that what nobody has is lost; empty, nobody does.

    Raises:
        UsageError: there is no such object to drop.
        UndeterminedError: a cloud did not tell.
    """
    found = store.everything(domain)
    unknown = sorted(set(drop) - found.objects.keys())
    if unknown:
        raise UsageError(
            f"the ledger of {domain} has no object {unknown[0]}: if an earlier repair has deleted "
            f"it, leave --drop out: {store.repair(domain)} --apply"
        )
    dropped = tuple(each for name in drop for each in found.objects[name])
    kept = {name for name in found.objects if name not in drop}
    noted = {n: raw for n, raw in found.noted.items() if notes_prefix(domain) + n in kept}
    judged = damage(
        domain,
        {n: raw for n, raw in found.entries.items() if entry_name(n) in kept},
        {n: raw for n, raw in found.checkpoints.items() if checkpoint_path(n) in kept},
        [other.read(domain).entries] if other is not None else [],
        is_latched=found.is_latched,
        is_noted=bool(noted),
    )
    superfluous = tuple(
        each for name in sorted(kept) for each in found.objects[name] if each in found.superfluous
    )
    loss = {
        number: render_entry(Adopted(number, now, approved_by=lost_by, is_lost=True))
        for number in judged.lost
        if lost_by
    }
    return Mending(
        domain,
        superfluous,
        dropped,
        judged,
        loss,
        _unread(noted, domain, store.repair(domain)),
        guards=found.is_latched and not store.is_guarded(),
    )


def _unread(noted: Mapping[str, bytes], domain: str, repair: str) -> tuple[str, ...]:
    try:
        read_notes(noted, domain, repair)
    except LedgerError as error:
        return (str(error),)
    return ()


def _shown(where: Any) -> str:  # noqa: ANN401 - each store's own
    return where if isinstance(where, str) else f"{where[0]}, version {where[1]}"
