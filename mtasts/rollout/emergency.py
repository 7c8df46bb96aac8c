"""The way back to testing when nothing else is certain (`mtasts:emergency: testing`).

A ledger that cannot be read, or name servers that do not match, hold a domain; but the way back
from a policy that refuses mail must not wait for their repair. So testing goes out under an id
that no sender can have: a random one. What was served is noted beside the ledger, under
``emergency/``, and goes into the ledger as soon as that can be read.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.rollout.entries import Body, LedgerError, Proof, parse_entry, render_entry
from mtasts.rollout.ledger import Intended, Ledger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mtasts.config import DomainConfig
    from mtasts.rollout.verdicts import Surroundings

_ID_BYTES = 16
_BODY, _PROOF, _TAKEN_IN = ".body.json", ".proof.json", ".taken-in.json"


def fresh_id() -> str:
    """A policy id that nothing was ever served under: 32 hex digits (RFC 8461 section 3.1)."""
    return secrets.token_hex(_ID_BYTES)


@dataclass(frozen=True, slots=True)
class Note:
    """A body that went out in an emergency, and the proof that it was served, if it was seen."""

    body: Body
    proof: Proof | None = None


def render_body(at: dt.datetime, intended: Intended) -> tuple[str, bytes]:
    """The name of a note of a body that is about to be served, and what it holds."""
    entry = Body(1, at, intended.body, 0, intended.id, intended.reroll)
    return f"{intended.id}{_BODY}", render_entry(entry)


def render_proof(proof: Proof) -> tuple[str, bytes]:
    """The name of the note that a body was seen, and what it holds."""
    return f"{proof.id}{_PROOF}", render_entry(replace(proof, number=2))


def render_taken_in(body: Body, at: dt.datetime) -> tuple[str, bytes]:
    """The name of the note that a ledger has ``body`` since ``at``, and what it holds."""
    return f"{body.id}{_TAKEN_IN}", json.dumps({"at": at.isoformat()}).encode("ascii") + b"\n"


def pending(names: Iterable[str]) -> list[str]:
    """Of the names of notes, with or without a path, those that no ledger has taken in yet."""
    names = list(names)
    done = {each.removesuffix(_TAKEN_IN) for each in names if each.endswith(_TAKEN_IN)}

    def whose(name: str) -> str:
        return name.removesuffix(_BODY).removesuffix(_PROOF).removesuffix(_TAKEN_IN)

    return [each for each in names if whose(each) not in done]


def read_notes(found: Mapping[str, bytes], domain: str, repair: str) -> tuple[Note, ...]:
    """The notes of ``domain``, oldest first; ``repair`` is the command that mends its ledger.

    Raises:
        LedgerError: one of them cannot be read, so what senders hold is not known.
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
                f"--drop emergency/{domain}/{printable(name)} --apply (docs/emergencies.md)"
            ) from error
    notes = (Note(body, proofs.get(id_)) for id_, body in bodies.items())
    return tuple(sorted(notes, key=lambda note: note.body.at))


def missing(ledger: Ledger, notes: Sequence[Note], repair: str) -> tuple[Body | Proof, ...]:
    """The entries that bring into a ledger what it does not know of ``notes``.

    ``repair`` is the command that mends the ledger.

    Raises:
        LedgerError: the ledger is empty, though a body went out in an emergency.
    """
    if notes and not ledger.entries:
        raise LedgerError(
            "the ledger is empty, though a policy went out in an emergency, so its entries are "
            f"gone: {repair} (docs/emergencies.md)"
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


def is_live(found: Surroundings) -> bool:
    """Whether there may be anything to come back from: of a new domain nothing is published."""
    return found.ledger_problem is not None or found.ledger.last_body is not None


def way_back(found: Surroundings, new_id: Callable[[], str]) -> Intended:
    """What goes out in an emergency: the config's policy, in testing, under an id of its own.

    What an earlier run of the emergency has noted or written down stays as it is. That of an
    earlier emergency does not: something else may have been served under its id since, while the
    record still named that, so a sender may have got that body by this id.
    """
    if found.ledger_problem is not None:
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
    last = found.ledger.last_body
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
    emergencies: Mapping[str, tuple[str, ...]], keys: Sequence[tuple[str, str]], stack: str
) -> str:
    """One line that says it all, for each domain what the run went past, then how it ends.

    ``keys`` are the paths in the stack's config that ask for the emergency, each beside that of the
    mode that it overrules.
    """
    names = ", ".join(emergencies)
    told = "mode testing goes out, once it is proven; the run counts as failed, to delete nothing"
    lines = [f"emergency: {names}: {told}"]
    lines += (
        f"  {name}: gone past: {each}" for name, those in emergencies.items() for each in those
    )
    lines += (
        f"  see what senders get: mtasts check --stack {stack}",
        "  once that is mended (docs/emergencies.md), end the emergency:",
    )
    for key, mode in keys:
        lines += (
            f"    pulumi config set --path '{mode}' testing -s {stack}",
            f"    pulumi config rm --path '{key}' -s {stack}",
        )
    lines.append(f"    pulumi up -s {stack}")
    return "\n".join(lines)
