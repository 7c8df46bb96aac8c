"""The engine's command line, from a script that stands for it: what it is asked, what it says."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.engine import CheckpointError, Engine, EngineError, Lock, LockedError
from mtasts.errors import UndeterminedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[[dict[str, Any]], Engine]

LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to "
    "end or delete the lock file with `pulumi cancel`.\n  file:///b/.pulumi/locks/organization/"
    "mtasts/agency/d470c933-b539-4dc7-82cd-f35d47c4bf5a.json?no_tmp_dir=true: created by root@vm "
    "(pid 13264) at {}\n"
)
SCRIPT = """#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
log = folder / "asked"
log.write_text((log.read_text() if log.exists() else "") + " ".join(words) + "\\n")
answers = json.loads((folder / "answers.json").read_text())
key = max((each for each in answers if " ".join(words).startswith(each)), key=len, default="")
answer = answers.get(key, {{}})
if "--import-file" in words and "file" in answer:
    pathlib.Path(words[words.index("--import-file") + 1]).write_text(json.dumps(answer["file"]))
if "--file" in words:
    (folder / "imported.json").write_bytes(
        pathlib.Path(words[words.index("--file") + 1]).read_bytes()
    )
sys.stdout.write(answer.get("out", ""))
sys.stderr.write(answer.get("err", ""))
sys.exit(answer.get("code", 0))
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """An engine on PATH that answers each command by the longest beginning that is given."""

    def make(answers: dict[str, Any]) -> Engine:
        script = tmp_path / "pulumi"
        script.write_text(SCRIPT.format(python=sys.executable, folder=str(tmp_path)))
        script.chmod(0o755)
        (tmp_path / "answers.json").write_text(json.dumps(answers))
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return Engine.find("agency")

    return make


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def test_without_an_engine_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="no pulumi on PATH"):
        Engine.find("agency")


def test_a_plan_for_an_import_has_no_errors(engine: Make, tmp_path: Path) -> None:
    skeleton: dict[str, list[str]] = {"resources": []}
    made = engine({"preview": {"out": '{"steps": []}', "file": skeleton}})
    assert made.plan_import() == ({"steps": []}, skeleton)
    assert asked(tmp_path)[0].endswith("--non-interactive --color never --stack agency")
    made = engine({"preview": {"out": '{"steps": []}'}})
    assert made.plan_import() == ({"steps": []}, {})
    said = [{"severity": "warning", "message": "w"}, {"severity": "error", "message": " held \n"}]
    made = engine({"preview": {"out": json.dumps({"diagnostics": said}), "code": 1}})
    assert made.plan()["diagnostics"] == said
    with pytest.raises(EngineError, match="the engine's preview of agency failed: held"):
        made.plan_import()


def test_an_import_is_handed_over_as_a_file(engine: Make, tmp_path: Path) -> None:
    file = {"resources": [{"type": "t", "name": "n", "id": "i"}]}
    engine({}).take_in(file)
    assert json.loads((tmp_path / "imported.json").read_text()) == file
    assert "--yes --skip-preview --generate-code=false --protect=false" in asked(tmp_path)[0]


@pytest.mark.parametrize(
    ("since", "at"),
    [
        ("2026-11-26T01:41:46Z", dt.datetime(2026, 11, 26, 1, 41, 46, tzinfo=dt.UTC)),
        ("yesterday", dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
    ],
)
def test_a_lock_tells_who_holds_it(engine: Make, since: str, at: dt.datetime) -> None:
    with pytest.raises(LockedError) as caught:
        engine({"import": {"err": LOCKED.format(since), "code": 1}}).require_unlocked()
    id_ = "d470c933-b539-4dc7-82cd-f35d47c4bf5a"
    assert caught.value.locks == (Lock(id_, "root", "vm", 13264, at),)


def test_what_a_service_says_of_a_lock_names_nobody(
    engine: Make,
) -> None:
    said = "error: [409] Conflict: Another update is currently in progress.\n"
    with pytest.raises(LockedError) as caught:
        engine({"import": {"err": said, "code": 255}}).require_unlocked()
    assert caught.value.locks == ()


def test_other_failures_are_the_engines_own_words(
    engine: Make,
) -> None:
    made = engine({"import": {"err": "error: no  such\nthing", "code": 1}})
    with pytest.raises(EngineError, match="pulumi import: error: no such thing"):
        made.require_unlocked()
    made = engine({"import": {"err": "error: failed to load checkpoint: EOF", "code": 1}})
    with pytest.raises(CheckpointError):
        made.require_unlocked()


def test_what_was_interrupted_is_read_from_the_state(engine: Make, tmp_path: Path) -> None:
    pending = [{"type": "creating", "resource": {"urn": "urn:pulumi:s::p::t::example.gov-sts"}}]
    state = {"deployment": {"pending_operations": pending}}
    made = engine({"stack export": {"out": json.dumps(state)}})
    assert made.interrupted() == (("creating", "example.gov-sts"),)
    assert engine({"stack export": {"out": "{}"}}).interrupted() == ()
    made.settle_interrupted()
    made.release()
    assert "refresh --yes --skip-preview --clear-pending-creates" in asked(tmp_path)[-2]
    assert asked(tmp_path)[-1].startswith("cancel --yes")


def test_a_stack_is_made_unless_it_is_there(engine: Make, tmp_path: Path) -> None:
    engine({}).ensure_stack(None)
    engine({}).ensure_stack("awskms://alias/ours")
    without, with_key = asked(tmp_path)
    assert "--secrets-provider" not in without
    assert "stack init --no-select --secrets-provider awskms://alias/ours" in with_key
    there = {"stack init": {"err": "error: stack 'agency' already exists", "code": 1}}
    engine(there).ensure_stack(None)
    with pytest.raises(EngineError, match="no passphrase"):
        engine({"stack init": {"err": "error: no passphrase", "code": 1}}).ensure_stack(None)


def test_a_cut_off_state_is_replaced_by_its_copy(engine: Make, tmp_path: Path) -> None:
    made = engine({"whoami": {"out": json.dumps({"url": f"file://{tmp_path}/state"})}})
    folder = tmp_path / "state" / ".pulumi" / "stacks" / "mtasts"
    folder.mkdir(parents=True)
    file = folder / "agency.json"
    assert made.restore() is None
    file.write_text("{")
    assert made.restore() is None
    (folder / "agency.json.bak").write_text("{}")
    assert made.restore() == file
    assert file.read_text() == "{}"
    assert made.restore() is None
    assert engine({"whoami": {"out": '{"url": "s3://bucket"}'}}).restore() is None


def test_an_engine_that_does_not_end_is_not_waited_for(engine: Make) -> None:
    hurried = replace(engine({}), seconds=0.001)
    with pytest.raises(UndeterminedError, match=r"pulumi cancel did not end within 0\.001 s"):
        hurried.release()
