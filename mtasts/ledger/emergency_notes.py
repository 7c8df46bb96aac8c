"""Notes of emergencies: policies that were served while the ledger could not be read or written.

A note is an object below ``emergency/<domain>/`` of the bucket. It is written before the body is
served, and a later run copies it into the ledger (docs/emergencies.md).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.ledger.entries import Body, LedgerError, Proof, parse_entry, render_entry
from mtasts.ledger.history import Intended, Ledger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

_BODY, _PROOF, _TAKEN_IN = ".body.json", ".proof.json", ".taken-in.json"


@dataclass(frozen=True, slots=True)
class Note:
    """A body that was served in an emergency; ``proof`` is None if its proof did not pass."""

    body: Body
    proof: Proof | None = None


def render_body(at: dt.datetime, intended: Intended) -> tuple[str, bytes]:
    """Name and content of the note of a body that is about to be served."""
    entry = Body(1, at, intended.body, 0, intended.id, intended.reroll)
    return f"{intended.id}{_BODY}", render_entry(entry)


def render_proof(proof: Proof) -> tuple[str, bytes]:
    """Name and content of the note that the proof of a body passed."""
    return f"{proof.id}{_PROOF}", render_entry(replace(proof, number=2))


def render_taken_in(body: Body, at: dt.datetime) -> tuple[str, bytes]:
    """Name and content of the note that the ledger has ``body`` since ``at``."""
    return f"{body.id}{_TAKEN_IN}", json.dumps({"at": at.isoformat()}).encode("ascii") + b"\n"


def pending(names: Iterable[str]) -> list[str]:
    """The names, with or without a path, of the notes that no ledger has taken in yet."""
    names = list(names)
    # Notes are locked as entries are, so one that is done is marked by an object, not deleted.
    done = {each.removesuffix(_TAKEN_IN) for each in names if each.endswith(_TAKEN_IN)}

    def note_id(name: str) -> str:
        return name.removesuffix(_BODY).removesuffix(_PROOF).removesuffix(_TAKEN_IN)

    return [each for each in names if note_id(each) not in done]


def read_notes(found: Mapping[str, bytes], domain: str, repair: str) -> tuple[Note, ...]:
    """The notes of ``domain``, oldest first, from the contents of its objects by name.

    ``repair`` is the command that mends its ledger; an error names it.

    Raises:
        LedgerError: a note cannot be read, so it is not known which policies senders hold.
    """
    bodies, proofs = {}, {}
    for name, raw in found.items():
        try:
            if name.endswith(_BODY):
                body = parse_entry(raw, 1)
                if isinstance(body, Body):
                    bodies[body.id] = body
            elif name.endswith(_PROOF):
                proof = parse_entry(raw, 2)
                if isinstance(proof, Proof):
                    proofs[proof.id] = proof
        except LedgerError as error:
            raise LedgerError(
                f"the note emergency/{domain}/{printable(name)} of an emergency cannot be read: "
                f"{error}: look at it, and then delete it: {repair} "
                f"--drop emergency/{domain}/{printable(name)} --apply (mtasts docs emergencies)"
            ) from error
    notes = (Note(body, proofs.get(id_)) for id_, body in bodies.items())
    return tuple(sorted(notes, key=lambda note: note.body.at))


def missing(ledger: Ledger, notes: Sequence[Note], repair: str) -> tuple[Body | Proof, ...]:
    """The entries to append, in order, so that the ledger has every body and proof of ``notes``.

    ``repair`` is the command that mends the ledger; an error names it.

    Raises:
        LedgerError: the ledger is empty, though a policy was served in an emergency: entries are
            lost, and a new ledger would give a wrong revision.
    """
    if notes and not ledger.entries:
        raise LedgerError(
            "the ledger is empty, though a policy was served in an emergency, so its entries are "
            f"lost: {repair} (mtasts docs emergencies)"
        )
    found: list[Body | Proof] = []
    for note in notes:
        grown = Ledger((*ledger.entries, *found))
        known = next((body for body in grown.bodies if body.id == note.body.id), None)
        if known is None:
            last = grown.last_body
            revision = last.revision + 1 if last is not None else 0
            found.append(replace(note.body, number=grown.next_number, revision=revision))
            grown = Ledger((*ledger.entries, *found))
        is_proven = known is not None and grown.is_proven(known)
        if note.proof is not None and not is_proven:
            found.append(replace(note.proof, number=grown.next_number))
    return tuple(found)
