"""``mtasts recover`` around an engine that is a literal: whom it lets go, and what it says."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fake_account import FakeAccount
from fake_outside import FakeOutside
from stack_text import stack_text

from mtasts.cli.main import main
from mtasts.cli.processes import program
from mtasts.cloud_catalogue import Hosting
from mtasts.engine import CheckpointError, Engine, Lock, LockedError

STACK = stack_text(
    "{name: example.gov, mx: [mx1.example.gov]}",
)
SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ID = "d470c933-b539-4dc7-82cd-f35d47c4bf5a"


@dataclass(frozen=True)
class Scripted(Engine):
    """Raises what it is told to, one after the other, when it is asked for its lock."""

    problems: list[Exception] = field(default_factory=list)
    pending: tuple[tuple[str, str], ...] = ()
    copy: Path | None = None
    done: list[str] = field(default_factory=list)
    there: list[tuple[str, str, str]] = field(default_factory=list)

    def require_unlocked(self) -> None:
        if self.problems:
            raise self.problems.pop(0)

    def release(self) -> None:
        self.done.append("release")

    def restore(self) -> Path | None:
        return self.copy

    def interrupted(self) -> tuple[tuple[str, str], ...]:
        return self.pending

    def settle_interrupted(self) -> None:
        self.done.append("settle")

    def plan_import(self) -> tuple[dict[str, Any], dict[str, Any]]:
        steps = [
            {
                "op": "create",
                "urn": f"urn:pulumi:agency::mtasts::{type_}::{name}",
                "newState": {"custom": True, "inputs": {"id": id_}},
            }
            for type_, name, id_ in self.there
        ]
        rows = [{"type": type_, "name": name, "id": "?"} for type_, name, _ in self.there]
        return {"steps": steps}, {"resources": rows}

    def take_in(self, file: dict[str, Any]) -> None:
        assert [row["id"] for row in file["resources"]] == [id_ for *_, id_ in self.there]
        self.there.clear()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    return Scripted("pulumi", "agency")


def run(engine: Scripted, *words: str, program: str = "") -> int:
    """The command, whose own process and every other is called ``program``."""
    outside = FakeOutside(
        cloud_of=lambda found: replace(found, accounts={Hosting.AWS: FakeAccount()}),
        planned=engine,
        found=lambda creation: creation.inputs["id"],
        programs=defaultdict(lambda: program),
    )
    return main(["recover", "agency", *words], outside)


def locked(host: str = "elsewhere", pid: int = 1) -> LockedError:
    return LockedError((Lock(ID, "root", host, pid, SINCE),), "locked")


def test_where_nothing_is_amiss_it_says_so(
    engine: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(engine) == 0
    assert capsys.readouterr().out == (
        "agency: there was nothing to recover; go on with pulumi up -s agency\n"
    )
    assert engine.done == []


def test_it_says_what_it_did(engine: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    engine.problems[:] = [locked(socket.gethostname())]
    engine = replace(engine, pending=(("creating", "example.gov-sts"),))
    engine.there.append(("t", "example.gov-sts", "Z_n_TXT"))
    assert run(engine, "--format", "json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert [each["did"] for each in document["done"]] == ["release", "settle", "import"]
    assert document["done"][2] == {
        "did": "import",
        "type": "t",
        "name": "example.gov-sts",
        "id": "Z_n_TXT",
    }
    assert engine.done == ["release", "settle"]
    assert "released the lock of root@" in printed.err
    assert "cleared the pending operation: creating example.gov-sts" in printed.err
    assert "imported into the state: t example.gov-sts (Z_n_TXT)" in printed.err


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (locked(), "This host cannot see whether that run is alive"),
        (LockedError((), "[409]"), "its backend does not say by which run"),
        (
            CheckpointError("failed to load checkpoint"),
            "| pulumi stack import -s agency\n  mtasts recover agency\n",
        ),
    ],
)
def test_what_cannot_be_known_is_left_to_people(
    engine: Scripted, capsys: pytest.CaptureFixture[str], problem: Exception, says: str
) -> None:
    engine.problems[:] = [problem]
    assert run(engine) == 2
    assert says in capsys.readouterr().err
    assert engine.done == []


def test_a_lock_of_another_host_is_released_by_its_id(engine: Scripted) -> None:
    engine.problems[:] = [locked()]
    assert run(engine, "--lock-id", "another") == 2
    engine.problems[:] = [locked()]
    assert run(engine, "--lock-id", ID) == 0
    assert engine.done == ["release"]


def test_a_state_that_is_cut_off_is_put_back(
    engine: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.problems[:] = [CheckpointError("failed to load checkpoint")]
    engine = replace(engine, copy=Path("agency.json"))
    assert run(engine) == 0
    printed = capsys.readouterr()
    assert (
        "the state file was cut off; restored the engine's backup copy: agency.json" in printed.err
    )
    assert "the state is in order again" in printed.out


@pytest.mark.parametrize(("program", "code"), [("pulumi", 2), ("bash", 0), ("", 0)])
def test_a_run_that_is_alive_keeps_its_lock(
    engine: Scripted, capsys: pytest.CaptureFixture[str], program: str, code: int
) -> None:
    engine.problems[:] = [locked(socket.gethostname())]
    assert run(engine, program=program) == code
    assert ("that process is alive" in capsys.readouterr().err) == (code == 2)


def test_a_process_that_has_ended_is_called_nothing() -> None:
    with subprocess.Popen(["true"]) as process:
        pass
    assert program(process.pid) == ""


@pytest.mark.parametrize(
    ("shown", "comm", "expected"),
    [
        ("bash", "", "bash"),
        ("", "", "pulumi"),
        ("", "pulumi", "pulumi"),
        ("", "bash", "bash"),
    ],
    ids=["ps", "unknown", "run-without-ps", "other-without-ps"],
)
def test_a_process_is_called_what_the_machine_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shown: str, comm: str, expected: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if shown:
        (tmp_path / "ps").write_text(f"#!/bin/sh\necho {shown}\n")
        (tmp_path / "ps").chmod(0o755)
    if comm:
        (tmp_path / str(os.getpid())).mkdir()
        (tmp_path / str(os.getpid()) / "comm").write_text(f"{comm}\n")
    assert program(os.getpid(), proc=tmp_path) == expected


def test_another_users_process_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert program(os.getpid()).startswith("py")
