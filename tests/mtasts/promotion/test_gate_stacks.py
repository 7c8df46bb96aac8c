"""``mtasts gate check`` over several domains and stacks: what each lacks, and one exit code."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from loopback import Zone
from stack_text import stack_text

from mtasts.cli import gate
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

    from memory_store import MemoryStore as Store

from memory_store import MemoryStore

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
NAMES = ("a.example", "b.example", "c.example")


def entry(name: str, *more: str) -> str:
    return f"{{{', '.join((f'name: {name}', f'mx: [mx.{name}]', *more))}}}"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
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
    zone = Zone({(name, "MX"): (f"10 mx.{name}",) for name in (*NAMES, "b.example")})
    monkeypatch.setattr(gate, "Resolver", lambda _: zone)
    recorder = Recorder(store, Hosting.AWS)
    monkeypatch.setattr(gate, "stack_ledgers", lambda *_: (recorder, None))
    return store


def judged(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    code = main(["gate", "check", *words, "--format", "json"])
    rows = map(json.loads, capsys.readouterr().out.splitlines())
    return code, [each["domain"] for each in rows]


@pytest.mark.usefixtures("store")
def test_the_domains_of_stacks_that_are_not_enforced_are_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert judged(capsys, "--stack", "one") == (1, ["a.example"])
    assert judged(capsys, "--stack", "one", "--stack", "two") == (1, ["a.example", "c.example"])
    assert judged(capsys, "b.example", "--stack", "two") == (1, ["b.example", "c.example"])
    assert judged(capsys, "--stack", "over") == (0, [])
    assert main(["gate", "check", "--stack", "over"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "over: no domain is left that could be enforced\n"
    assert "gate: asking for ledgers and MX of 0 domains of over" in shown.err


@pytest.mark.usefixtures("store")
def test_one_that_cannot_be_judged_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(capsys, "none.example", "--stack", "two") == (2, ["c.example"])
    assert main(["gate", "check", "--stack", "nobody", "--stack", "two"]) == 2
    shown = capsys.readouterr()
    assert "mtasts: nobody: stacks/Pulumi.nobody.yaml does not exist" in shown.err
    assert "c.example: evidence/two/c.example.json" in shown.out
    failing = Zone({("c.example", "MX"): ("10 mx.c.example",)}, frozenset({("a.example", "MX")}))
    monkeypatch.setattr(gate, "Resolver", lambda _: failing)
    assert main(["gate", "check", "a.example", "c.example"]) == 1
    assert "mtasts: a.example: could not find out: the MX records of a" in capsys.readouterr().err
    assert main(["gate", "check", "a.example"]) == 3
    assert main(["gate", "check"]) == 2
    assert "give a DOMAIN, or --stack STACK" in capsys.readouterr().err


def test_what_is_not_known_to_be_enforced_is_judged(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.fails["read", "b.example"] = "AccessDenied"
    assert judged(capsys, "--stack", "one") == (1, ["a.example", "b.example"])


def test_a_relay_without_credentials_judges_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(*_: object) -> None:
        raise UndeterminedError("whose AWS credentials these are: none")

    monkeypatch.setattr(gate, "stack_ledgers", nobody)
    assert judged(capsys, "--stack", "one") == (1, ["a.example", "b.example"])
    assert store.calls == []
