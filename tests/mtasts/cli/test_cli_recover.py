"""``mtasts recover`` around an engine that is a literal: whom it lets go, and what it says."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stack_text import stack_text

from mtasts.cli import recover
from mtasts.cli.main import main
from mtasts.engine import CheckpointError, Engine, Lock, LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK = stack_text(
    "{name: example.gov, mx: [mx1.example.gov]}",
)
SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ID = "d470c933-b539-4dc7-82cd-f35d47c4bf5a"


class Scripted(Engine):
    """Raises what it is told to, one after the other, when it is asked for its lock."""

    problems: list[Exception]
    pending: tuple[tuple[str, str], ...]
    copy: Path | None
    done: list[str]

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


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mtasts.cloud.of_stack.Clouds.identify", lambda _: "123456789012")
    monkeypatch.setattr(recover, "Engine", Scripted)
    monkeypatch.setattr(Scripted, "find", lambda stack: Scripted("pulumi", stack))
    for name, value in (("problems", []), ("pending", ()), ("copy", None), ("done", [])):
        monkeypatch.setattr(Scripted, name, value, raising=False)
    found: list[tuple[str, str, str]] = []
    monkeypatch.setattr(Scripted, "found", found, raising=False)

    def take_in(*_: object) -> Iterator[tuple[str, str, str]]:
        yield from found

    monkeypatch.setattr(recover, "finder", lambda _: None)
    monkeypatch.setattr(recover, "take_in_existing", take_in)
    return Scripted


def locked(host: str = "elsewhere", pid: int = 1) -> LockedError:
    return LockedError((Lock(ID, "root", host, pid, SINCE),), "locked")


def dead() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        pass
    return process.pid


def run(*words: str) -> int:
    return main(["recover", "agency", *words])


def test_where_nothing_is_amiss_it_says_so(
    engine: type[Scripted], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    assert capsys.readouterr().out == (
        "agency: there was nothing to recover; go on with pulumi up -s agency\n"
    )
    assert engine.done == []


def test_it_says_what_it_did(
    engine: type[Scripted], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.problems[:] = [locked(socket.gethostname(), dead())]
    monkeypatch.setattr(engine, "pending", (("creating", "example.gov-sts"),))
    engine.found.append(("t", "example.gov-sts", "Z_n_TXT"))  # type: ignore[attr-defined]  # as set
    assert run("--format", "json") == 0
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
    assert "settled what was interrupted: creating example.gov-sts" in printed.err
    assert "taken into state: t example.gov-sts (Z_n_TXT)" in printed.err


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (locked(), "whether that run is alive cannot be seen from here"),
        (LockedError((), "[409]"), "its backend does not tell by whom"),
        (
            CheckpointError("failed to load checkpoint"),
            "pulumi stack rm --force --preserve-config -s agency",
        ),
    ],
)
def test_what_cannot_be_known_is_left_to_people(
    engine: type[Scripted], capsys: pytest.CaptureFixture[str], problem: Exception, says: str
) -> None:
    engine.problems[:] = [problem]
    assert run() == 2
    assert says in capsys.readouterr().err
    assert engine.done == []


def test_a_lock_of_another_host_is_released_by_its_id(engine: type[Scripted]) -> None:
    engine.problems[:] = [locked()]
    assert run("--lock-id", "another") == 2
    engine.problems[:] = [locked()]
    assert run("--lock-id", ID) == 0
    assert engine.done == ["release"]


def test_a_state_that_is_cut_off_is_put_back(
    engine: type[Scripted], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.problems[:] = [CheckpointError("failed to load checkpoint")]
    monkeypatch.setattr(engine, "copy", Path("agency.json"))
    assert run() == 0
    printed = capsys.readouterr()
    assert "put back the engine's copy of the state, which was cut off: agency.json" in printed.err
    assert "the state is whole" in printed.out


@pytest.mark.parametrize(
    ("program", "comm", "code"),
    [
        ("pulumi", "", 2),
        ("bash", "", 0),
        (OSError(), "", 2),
        (OSError(), "pulumi", 2),
        (OSError(), "bash", 0),
    ],
    ids=["run", "other", "unknown", "run-without-ps", "other-without-ps"],
)
def test_a_run_that_is_alive_keeps_its_lock(  # noqa: PLR0917 - a table's columns
    engine: type[Scripted],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    program: str | OSError,
    comm: str,
    code: int,
) -> None:
    monkeypatch.setattr(recover, "_COMM", str(tmp_path / "{}"))
    if comm:
        (tmp_path / str(os.getpid())).write_text(f"{comm}\n")

    def ps(words: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if isinstance(program, OSError):
            raise program
        return subprocess.CompletedProcess(words, 0, f"{program}\n", "")

    monkeypatch.setattr(subprocess, "run", ps)
    engine.problems[:] = [locked(socket.gethostname(), os.getpid())]
    assert run() == code
    assert ("which is alive" in capsys.readouterr().err) == (code == 2)


def test_another_users_process_is_alive(
    engine: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda *_, **__: subprocess.CompletedProcess([], 0, "python\n", ""),
    )
    engine.problems[:] = [locked(socket.gethostname(), os.getpid())]
    assert run() == 0
