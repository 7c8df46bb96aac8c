"""The order in which an engine is looked for, and the error if there is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mtasts.errors import UsageError
from mtasts.localcloud import engine
from mtasts.localcloud.cached_builds import BuildError
from mtasts.localcloud.downloads import DownloadError

if TYPE_CHECKING:
    from pathlib import Path


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": f"{tmp_path / 'bin'}:/bin:/usr/bin",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


def silent(_: str) -> None:
    """Say nothing."""


def test_an_engine_on_path_comes_first(tmp_path: Path) -> None:
    program(tmp_path / "bin", "pulumi", "echo v3.240.1")
    program(tmp_path / "bin", "pulumi-language-python", "")
    found = engine.find(environment(tmp_path), silent)
    assert found == engine.Engine(tmp_path / "bin" / "pulumi", "3.240.1", "path")


@pytest.mark.parametrize(
    ("version", "host", "reason"),
    [
        pytest.param("v3.237.0", True, "3.238 is needed", id="too-old"),
        pytest.param("v3.259.0", False, "no pulumi-language-python", id="no-host"),
        pytest.param("what?", True, "does not print its version", id="no-version"),
    ],
)
def test_an_engine_on_path_that_is_old_or_incomplete_is_refused(
    tmp_path: Path, version: str, host: bool, reason: str
) -> None:
    program(tmp_path / "bin", "pulumi", f"echo '{version}'")
    if host:
        program(tmp_path / "bin", "pulumi-language-python", "")
    with pytest.raises(BuildError, match=reason):
        engine.on_path(environment(tmp_path), silent)


def cached(tmp_path: Path) -> Path:
    folder = engine.cache_folder(environment(tmp_path)) / f"build-{engine.BUILT_VERSION}"
    folder.mkdir(parents=True)
    row = {"version": engine.BUILT_VERSION, "own_host": False}
    (folder / "engine.json").write_text(json.dumps(row))
    return folder


def test_a_cached_build_is_used_before_the_network_is_asked(tmp_path: Path) -> None:
    folder = cached(tmp_path)
    found = engine.find(environment(tmp_path), silent)
    assert (found.source, found.binary) == ("build", folder / "bin" / "pulumi")
    assert found.exec_script == folder / "pulumi-language-python-exec"


def test_a_build_puts_engine_and_exec_script_in_place_whole(tmp_path: Path) -> None:
    sdk = tmp_path / "sdk" / "python" / "cmd"
    sdk.mkdir(parents=True)
    (sdk / "pulumi-language-python-exec").write_text("# exec\n")
    program(
        tmp_path / "bin",
        "go",
        f'case $1 in list) echo {tmp_path}/sdk;; build) while [ "$1" != -o ]; do shift; done; '
        "echo built > $2;; esac",
    )
    said: list[str] = []
    forced = environment(tmp_path) | {"MTASTS_ENGINE": "build"}
    found = engine.find(forced, said.append)
    assert found.binary.read_text() == "built\n"
    assert found.exec_script is not None
    assert found.exec_script.read_text() == "# exec\n"
    assert said[0].startswith("building Pulumi")
    program(tmp_path / "bin", "go", "exit 1")
    assert engine.find(forced, silent) == found


def test_a_failed_build_leaves_nothing_behind(tmp_path: Path) -> None:
    program(tmp_path / "bin", "go", "echo broken >&2; exit 1")
    forced = environment(tmp_path) | {"MTASTS_ENGINE": "build"}
    with pytest.raises(engine.EngineError, match="go failed: broken"):
        engine.find(forced, silent)
    assert [p.suffix for p in engine.cache_folder(forced).iterdir()] == [".lock"]


def test_if_no_way_works_one_message_has_all_reasons(tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise DownloadError("no network")

    bare = environment(tmp_path) | {"PATH": str(tmp_path)}
    with pytest.raises(engine.EngineError) as refused:
        engine.find(bare, silent, refuse)
    text = str(refused.value)
    assert "path: no pulumi on PATH" in text
    assert "release: no network" in text
    assert "build: no go on PATH" in text


def test_a_way_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="path, release, build"):
        engine.find(environment(tmp_path) | {"MTASTS_ENGINE": "magic"}, silent)
