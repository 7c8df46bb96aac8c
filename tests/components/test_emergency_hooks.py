"""What a domain's guards write down in an emergency: notes beside a ledger that nobody can read."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from memory_store import MemoryStore
from test_mail_domain import DOMAIN, declaration

from mtasts.components import mail_domain
from mtasts.components.hooks import HookError, guarded
from mtasts.components.mail_domain import _candidate_proof, _entry, _Location, _proof
from mtasts.components.waiting import Passed
from mtasts.config import Hosting
from mtasts.ledger.emergency_notes import read_notes
from mtasts.ledger.entries import Adopted, Body, Entry, render_entry
from mtasts.ledger.recorder import Recorder
from mtasts.run.proof import Proof, ProofGoal
from mtasts.run.waiting import Waits

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ID = "e" * 32
OTHER = b"version: STSv1\r\nmode: testing\r\nmx: old.example.gov\r\nmax_age: 86400\r\n"


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks as they are bound, without an engine to bind them to."""

    def guard(_: str, check: Any, *, deadline_seconds: float) -> SimpleNamespace:
        return SimpleNamespace(callback=guarded(check, deadline_seconds=deadline_seconds))

    monkeypatch.setattr(mail_domain, "guard", guard)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings of the engine's log."""
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    return told


class Host:
    """A host that is asked by a name of its own."""

    answers_as_policy_host = True

    def __init__(self) -> None:
        async def future() -> str:
            return "d1.cloudfront.net"

        self.own_name = SimpleNamespace(future=future)

    async def caches(self) -> None:
        """Nothing holds another body."""


class Prover:
    """A proof that passes, or does not."""

    deadline_seconds = 5.0

    def __init__(self, fails: str = "") -> None:
        self.waits = Waits()
        self.fails = fails
        self.proven = 0
        self.asked_for_first: list[bool] = []

    async def prove(self, goal: ProofGoal, *_: object) -> Proof:
        self.asked_for_first.append(goal.is_first)
        if self.fails:
            raise ValueError(self.fails)
        self.proven += 1
        return Proof(ProofGoal("mta-sts.example.gov", b""), ("192.0.2.1",), ("::1",), 3)

    prove_candidate = prove

    async def look_at_mx(self, *_: object) -> None:
        """Testing asks for none."""


def hooks(
    store: MemoryStore,
    prover: Prover,
    *,
    is_noted: bool = True,
    is_emergency: bool = False,
    revision: int = 0,
) -> list[Any]:
    """The three guards of a domain in an emergency, whose ledger cannot be read if it is noted."""
    one: Any = declaration(is_noted=is_noted, emergency=is_emergency)
    one = replace(one, intended=replace(one.intended, id=ID, revision=revision))
    recorder = Recorder(store, Hosting.AWS, lambda: NOW)
    place: Any = _Location(DOMAIN, one, Host(), "aws", object())  # type: ignore[arg-type] # as data
    told = (prover, recorder, Passed(prover.waits, "nothing"))
    return [
        _entry(DOMAIN, one, recorder, prover.waits),
        _candidate_proof(DOMAIN, place, *told),  # type: ignore[arg-type] # as data
        _proof(DOMAIN, [place], *told),  # type: ignore[arg-type] # as data
    ]


async def run(store: MemoryStore, prover: Prover) -> None:
    for hook in hooks(store, prover):
        await hook.callback(SimpleNamespace())


async def test_what_is_served_and_seen_is_noted_and_the_ledger_is_not_touched() -> None:
    store = MemoryStore()
    store.entries[1] = b"cannot be read"
    prover = Prover()
    await run(store, prover)
    (note,) = read_notes(store.noted[DOMAIN], DOMAIN, "repair")
    assert (note.body.id, note.body.body) == (ID, declaration().body)
    assert note.proof is not None
    assert (note.proof.addresses, note.proof.unseen) == (("192.0.2.1",), ("::1",))
    assert prover.proven == 2
    assert store.entries == {1: b"cannot be read"}
    assert store.count("read") == store.count("append") == 0


async def test_the_way_back_does_not_wait_for_where_notes_are_kept(
    told: list[str],
) -> None:
    store = MemoryStore()
    store.fails["note"] = "no bucket"
    await run(store, Prover())
    what = f"EMERGENCY: {DOMAIN}: the note of the emergency could not be written: no bucket"
    assert told == [what] * 3


@pytest.mark.parametrize("is_emergency", [True, False])
async def test_what_a_ledger_does_not_take_in_an_emergency_is_noted_beside_it(
    told: list[str], *, is_emergency: bool
) -> None:
    store = MemoryStore()
    store.fails["append"] = "R2 is read-only"
    body, _, proof = hooks(store, Prover(), is_noted=False, is_emergency=is_emergency)
    if not is_emergency:
        with pytest.raises(HookError, match="R2 is read-only"):
            await body.callback(SimpleNamespace())
        return
    await body.callback(SimpleNamespace())
    await proof.callback(SimpleNamespace())
    (note,) = read_notes(store.noted[DOMAIN], DOMAIN, "repair")
    assert (note.body.id, note.proof is not None) == (ID, True)
    what = f"EMERGENCY: {DOMAIN}: the policy could not be written to the ledger: R2 is read-only"
    assert told == [what] * 2


async def test_in_an_emergency_the_ledger_is_written_to_as_long_as_it_takes_anything(
    told: list[str],
) -> None:
    store = MemoryStore()
    body, _, proof = hooks(store, Prover(), is_noted=False, is_emergency=True)
    await body.callback(SimpleNamespace())
    store.full = len(store.entries)  # and no more
    await proof.callback(SimpleNamespace())
    assert told == [f"EMERGENCY: {DOMAIN}: the proof could not be written to the ledger: no bucket"]
    assert store.noted == {}


async def test_a_store_that_does_not_answer_is_not_waited_for(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_domain, "_NOTE_SECONDS", 0.01)

    async def never() -> None:
        await asyncio.Event().wait()

    await mail_domain._note(DOMAIN, never())
    what = f"EMERGENCY: {DOMAIN}: the note of the emergency could not be written"
    assert told == [f"{what}: no answer within 0.01 s"]


async def test_a_proof_that_fails_is_a_failed_proof() -> None:
    store = MemoryStore()
    body, _, proof = hooks(store, Prover("status 503"))
    await body.callback(SimpleNamespace())
    with pytest.raises(HookError, match="status 503"):
        await proof.callback(SimpleNamespace())
    (note,) = read_notes(store.noted[DOMAIN], DOMAIN, "repair")
    assert note.proof is None


@pytest.mark.parametrize(
    ("earlier", "is_emergency", "is_first"),
    [
        pytest.param((), False, True, id="first-body"),
        pytest.param((), True, False, id="emergency"),
        pytest.param((Body(1, NOW, OTHER, 0, "a" * 32, ""),), False, False, id="another-before"),
        pytest.param((Adopted(1, NOW),), False, False, id="adopted"),
    ],
)
async def test_a_body_is_the_first_only_where_the_ledger_knows_of_nothing_before_it(
    earlier: tuple[Entry, ...], is_emergency: bool, is_first: bool
) -> None:
    store = MemoryStore()
    for each in earlier:
        store.entries[each.number] = render_entry(each)
    prover = Prover()
    bodies = sum(isinstance(each, Body) for each in earlier)
    for hook in hooks(store, prover, is_noted=False, is_emergency=is_emergency, revision=bodies):
        await hook.callback(SimpleNamespace())
    # The host's own name is asked before anybody is led there, and nothing is purged for that.
    assert prover.asked_for_first == [False, is_first]
