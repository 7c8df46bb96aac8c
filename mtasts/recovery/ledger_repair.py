"""Repairs a ledger in its bucket: missing entries are restored, existing ones never changed."""

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

    from mtasts.cloud.ledger_listing import LedgerObjects
    from mtasts.ledger.run_cache import Store


class Mendable(Protocol):
    """A store whose objects can be listed and deleted for a repair; every method blocks."""

    def all_objects(self, domain: str) -> LedgerObjects:
        """All objects of a ledger, unchecked."""

    def append(self, domain: str, number: int, entry: bytes) -> bool:
        """Write an entry; False if an entry with this number exists."""

    def remove(self, objects: Sequence[Any]) -> None:
        """Delete objects, each in one version, although they are protected."""

    def repair(self, domain: str) -> str:
        """The command that mends a domain's ledger."""

    def is_guarded(self) -> bool:
        """Whether the bucket protects ledgers from deletion."""

    def guard(self) -> None:
        """Restore that protection."""


@dataclass(frozen=True, slots=True)
class Mending:
    """The repair of one ledger; nothing is changed before `apply`.

    ``superfluous`` are later versions and delete markers over the first version of an object.
    ``dropped`` are all versions of the objects that the operator chose with ``--drop``. ``loss``
    maps the numbers of lost entries to entries that say so. ``unread`` names notes that cannot be
    read. ``guards`` says that the protection of the bucket must be restored.
    """

    domain: str
    superfluous: tuple[Any, ...]
    dropped: tuple[Any, ...]
    damage: Damage
    loss: Mapping[int, bytes]
    unread: tuple[str, ...] = ()
    guards: bool = False

    def steps(self) -> Iterator[str]:
        """The steps of the repair, one line each."""
        for each in self.dropped:
            yield f"delete {_shown(each)}, as you chose"
        for each in self.superfluous:
            yield f"delete {_shown(each)}, a later version that hides the first one"
        for number in self.damage.restorable:
            yield f"write entry {number} again, from a checkpoint or from the other cloud"
        for number in self.loss:
            yield f"write entry {number}, which says that entries of the ledger were lost"
        if self.guards:
            yield "restore the protection of the ledger against deletion"

    def problems(self) -> Iterator[str]:
        """The problems that remain, one line each."""
        yield from (*self.damage.problems, *self.unread)
        for number in self.damage.lost:
            if number not in self.loss:
                yield f"entry {number} is lost: no copy has it"

    def apply(self, store: Mendable) -> None:
        """Do the repair. Safe to repeat.

        Raises:
            UndeterminedError: the cloud refused or did not answer; some steps may be done.
        """
        doomed = [*self.dropped, *self.superfluous]
        if doomed:
            store.remove(doomed)
        # The last entry first: if this is interrupted, the ledger has a gap, which is noticed.
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
    """The repair that one ledger needs.

    ``drop`` names objects to delete: by the key without the ledger's prefix, or by the whole key of
    a note. ``lost_by`` is the person who declares missing entries lost; empty if nobody does.

    Raises:
        UsageError: ``drop`` names an object that does not exist.
        UndeterminedError: a cloud refused or did not answer.
        LedgerError: the copy at the other cloud cannot be read.
    """
    found = store.all_objects(domain)
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
