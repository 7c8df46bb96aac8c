"""Local clouds as processes: start, status, two at once, stop, and kill."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtasts.cli.main import main
from mtasts.localcloud import lifecycle
from mtasts.localcloud.control_client import Control
from mtasts.localcloud.engine import Engine
from mtasts.localcloud.lifecycle import LifecycleError, NotRunningError, start, status, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mtasts.localcloud.cloud import Cloud

STACKS = Path(__file__).parents[2] / "stacks"
ENGINE = Engine(Path("/bin/true").resolve(), "3.259.0", "test", Path("/bin/true"))
# Each local cloud has several servers: more at once than cores would only wait for each other.
pytestmark = pytest.mark.xdist_group("lifecycle")


def begun(folder: Path) -> Cloud:
    return start(folder, ENGINE, stacks=STACKS, with_parent=True, say=print)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that tests look at."""
    cloud = begun(tmp_path_factory.mktemp("running"))
    yield cloud
    stop(cloud.directory)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[str], Cloud]]:
    """Start a local cloud in a folder of that name; all are stopped at the end."""
    folders: list[Path] = []

    def run(name: str) -> Cloud:
        folders.append(tmp_path / name)
        return begun(folders[-1])

    yield run
    for folder in folders:
        if status(folder).cloud is not None:
            stop(folder)


def test_two_run_at_once_each_with_its_own_account_and_no_server_answers_after_a_stop(
    running: Cloud, begin: Callable[[str], Cloud], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = begin("one"), running
    assert first.pid != second.pid
    assert len({first.aws, second.aws, first.dns, second.dns, first.control, second.control}) == 6
    for cloud in (first, second):
        assert Control(cloud.control).health()
    capsys.readouterr()
    assert main(["local", "down", "--directory", str(first.directory)]) == 0
    assert (
        capsys.readouterr().out == f"the local cloud in {first.directory} is stopped and deleted\n"
    )
    assert not (first.directory / "cloud.json").exists()
    with pytest.raises(ProcessLookupError):  # another process may listen on its ports by now
        os.kill(first.pid, 0)
    with pytest.raises(NotRunningError, match="mtasts local up"):
        stop(first.directory)
    assert status(first.directory).cloud is None
    assert status(second.directory).healthy


def test_a_running_local_cloud_is_not_started_again(running: Cloud) -> None:
    assert begun(running.directory) == running


def test_the_stand_in_is_in_its_own_pulumi_home_and_not_on_path(running: Cloud) -> None:
    folder = running.directory
    found = {path.relative_to(folder) for path in folder.rglob("*resource-*")}
    expected = set()
    for name, version in lifecycle.PROVIDERS.items():
        folder = Path(f"pulumi-home/plugins/resource-{name}-v{version}")
        expected |= {folder, folder / f"pulumi-resource-{name}"}
    assert found == expected
    assert not list((Path(sys.prefix) / "bin").glob("pulumi-resource-*"))


def test_a_killed_local_cloud_does_not_count_as_running_and_one_that_hangs_is_killed(
    begin: Callable[[str], Cloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = begin("one")
    os.kill(cloud.pid, signal.SIGKILL)
    lifecycle._children.pop(cloud.pid).wait(10)
    assert (cloud.directory / "cloud.json").exists()
    assert status(cloud.directory).cloud is None
    again = begin("one")
    assert again.pid != cloud.pid
    monkeypatch.setattr(lifecycle, "_STOP_SECONDS", 0.1)
    os.kill(again.pid, signal.SIGSTOP)
    stop(again.directory)
    assert status(again.directory).cloud is None


@pytest.mark.parametrize("verb", ["status", "env", "down", "languages"])
@pytest.mark.parametrize(
    ("name", "reason"), [("file", "Not a directory"), ("n" * 300, "File name too long")]
)
def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, name: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / name
    assert main(["local", verb, "--directory", str(folder)]) == 2
    assert f"the folder {folder} cannot be read: {reason}. Name" in capsys.readouterr().err


PARENT = """
import sys
from pathlib import Path
from mtasts.localcloud.engine import Engine
from mtasts.localcloud.lifecycle import start
engine = Engine(Path("/bin/true").resolve(), "3.259.0", "test", Path("/bin/true"))
cloud = start(Path(sys.argv[1]), engine, stacks=None, with_parent=True, say=lambda _: None)
print(cloud.pid, flush=True)
sys.stdin.read()
"""


def test_a_local_cloud_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "cloud"
    words = [sys.executable, "-c", PARENT, str(folder)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert status(folder).healthy
        handle = os.pidfd_open(pid)
        os.kill(parent.pid, signal.SIGKILL)
        try:
            assert select.select([handle], [], [], 10)[0], "the local cloud lives on"
        finally:
            os.close(handle)
    assert status(folder).cloud is None


def test_a_local_cloud_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LifecycleError, match="did not start: it printed no reason"):
        start(tmp_path / "one", ENGINE, stacks=None, with_parent=True, say=print)


def test_status_and_env_at_the_command_line(
    running: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MTASTS_LOCAL_CLOUD", raising=False)
    own = ["--directory", str(running.directory)]
    assert main(["local", "status", *own, "--format", "json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["state"], row["aws"], row["pid"]) == ("running", running.aws, running.pid)
    assert main(["local", "status", *own]) == 0
    assert f"AWS      {running.aws}" in capsys.readouterr().out
    assert main(["local", "env", *own]) == 0
    assert f"export AWS_ENDPOINT_URL={running.aws}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("verb", "code", "said"),
    [
        ("status", 1, "no local cloud runs in"),
        ("env", 2, "no local cloud runs in"),
        ("down", 2, "no local cloud runs in"),
    ],
)
def test_without_a_local_cloud_each_command_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, code: int, said: str
) -> None:
    assert main(["local", verb, "--directory", str(tmp_path)]) == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err
    assert "mtasts local up" in printed.out + printed.err


@pytest.mark.parametrize("words", [("local", "up"), ("demo",)])
def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    file = tmp_path / "file"
    file.touch()
    more = ["--stacks", str(STACKS)] if words[0] == "local" else []
    assert main([*words, "--directory", str(file), *more]) == 2
    assert f"{file} cannot be created" in capsys.readouterr().err


def test_a_missing_folder_of_stacks_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["local", "up", "--stacks", str(tmp_path / "none")]) == 2
    assert "there is no folder " in capsys.readouterr().err
