"""``mtasts gate check`` over several domains and stacks: what each lacks, and one exit code."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside
from loopback import Zone
from memory_store import MemoryStore
from stack_text import stack_text

from mtasts.cli.main import main
from mtasts.config import Hosting
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Proof, render_entry
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.recorder import Recorder
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
NAMES = ("a.example", "b.example", "c.example")


def entry(name: str, *more: str) -> str:
    return f"{{{', '.join((f'name: {name}', f'mx: [mx.{name}]', *more))}}}"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """Two stacks with ledgers in one store: of the first, ``b.example`` is enforced already."""
    (tmp_path / "stacks").mkdir()
    for stack, entries in (
        ("one", (entry("a.example"), entry("b.example"), "{name: parked.example, mx: []}")),
        ("two", (entry("c.example"),)),
        ("over", (entry("gone.example", "retire: true"),)),
    ):
        (tmp_path / "stacks" / f"Pulumi.{stack}.yaml").write_text(stack_text(*entries))
    monkeypatch.chdir(tmp_path)
    store = MemoryStore()
    policy = Policy(Mode.ENFORCE, 86_400, (MxPattern("mx.b.example"),))
    body = intend(Ledger(), policy)
    rows = (body.entry(1, NOW), Proof(2, NOW, body.id))
    store.ledgers["b.example"] = {each.number: render_entry(each) for each in rows}
    return store


ZONE = Zone({(name, "MX"): (f"10 mx.{name}",) for name in NAMES})


def check(store: MemoryStore, *words: str, **outside: Any) -> int:
    found = {"zone": ZONE, "ledger_of": Recorder(store, Hosting.AWS), **outside}
    return main(["gate", "check", *words], FakeOutside(**found))


def judged(
    store: MemoryStore, capsys: pytest.CaptureFixture[str], *words: str, **outside: Any
) -> tuple[int, list[str]]:
    code = check(store, *words, "--format", "json", **outside)
    rows = map(json.loads, capsys.readouterr().out.splitlines())
    return code, [each["domain"] for each in rows]


def test_the_domains_of_stacks_that_are_not_enforced_are_judged(
    store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(store, capsys, "--stack", "one") == (1, ["a.example"])
    assert judged(store, capsys, "--stack", "one", "--stack", "two") == (
        1,
        ["a.example", "c.example"],
    )
    assert judged(store, capsys, "b.example", "--stack", "two") == (1, ["b.example", "c.example"])
    assert judged(store, capsys, "--stack", "over") == (0, [])
    assert check(store, "--stack", "over") == 0
    shown = capsys.readouterr()
    assert shown.out == "over: every domain enforces already, is parked or retires\n"
    assert "gate: reading ledgers and MX records of 0 domains of over" in shown.err


def test_one_that_cannot_be_judged_hides_no_other(
    store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(store, capsys, "none.example", "--stack", "two") == (2, ["c.example"])
    assert check(store, "--stack", "nobody", "--stack", "two") == 2
    shown = capsys.readouterr()
    assert "mtasts: nobody: stacks/Pulumi.nobody.yaml does not exist" in shown.err
    assert "c.example: evidence/two/c.example.json" in shown.out
    failing = Zone({("c.example", "MX"): ("10 mx.c.example",)}, frozenset({("a.example", "MX")}))
    assert check(store, "a.example", "c.example", zone=failing) == 1
    assert "mtasts: a.example: could not find out: the MX records of a" in capsys.readouterr().err
    assert check(store, "a.example", zone=failing) == 3
    assert check(store) == 2
    assert "give a DOMAIN, --stack STACK, or --all" in capsys.readouterr().err


def test_what_is_not_known_to_be_enforced_is_judged(
    store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.fails["read", "b.example"] = "AccessDenied"
    assert judged(store, capsys, "--stack", "one") == (1, ["a.example", "b.example"])


def test_a_relay_without_credentials_judges_all_the_same(
    store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = UndeterminedError("the account of the AWS credentials: none")
    assert judged(store, capsys, "--stack", "one", ledger_of=nobody) == (
        1,
        ["a.example", "b.example"],
    )
    assert store.calls == []
