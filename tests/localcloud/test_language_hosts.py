"""Our language hosts, called without an engine, with the folder of a program."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mtasts.localcloud import warm
from mtasts.localcloud.languages.go import GoHost
from mtasts.localcloud.languages.host import Children, HostError
from mtasts.localcloud.languages.nodejs import NodeHost
from mtasts.localcloud.languages.python import PythonHost
from mtasts.localcloud.warm_client import VARIABLE

HOST = """
import sys
from types import SimpleNamespace
from mtasts.localcloud.languages.host import Children
from mtasts.localcloud.languages.nodejs import NodeHost

names = ("monitor_address", "organization", "project", "stack")
info = SimpleNamespace(
    root_directory=sys.argv[1], program_directory=sys.argv[1], entry_point=".", options={}
)
NodeHost(Children()).Run(
    SimpleNamespace(
        info=info, pwd=sys.argv[1], parallel=1, dryRun=False, args=[], config={},
        configSecretKeys=[], **dict.fromkeys(names, "x"),
    ),
    None,
)
"""


class AbortedError(Exception):
    """Stands for the exception that gRPC raises when a call is aborted."""


class Call:
    """Stands for the context of a gRPC call; ``abort`` raises the reason."""

    def abort(self, _code: object, text: str) -> None:
        raise AbortedError(text)


def info(folder: Path, **options: object) -> Any:
    text = str(folder)
    return SimpleNamespace(
        root_directory=text, program_directory=text, entry_point=".", options=options
    )


def python() -> PythonHost:
    return PythonHost("exec", Children())


def test_linked_sdks_are_required_by_a_python_program_once(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pulumi\n")
    package = tmp_path / "sdks" / "mtasts" / "mtasts_mtasts"
    package.mkdir(parents=True)
    (package / "pulumi-plugin.json").write_text("{}")
    for _ in range(2):
        said = python().link(info(tmp_path), ["sdks/mtasts"])
    assert (tmp_path / "requirements.txt").read_text() == "pulumi\nsdks/mtasts\n"
    assert "  import mtasts_mtasts\n" in said


def test_a_python_program_without_requirements_gets_a_file_of_them(tmp_path: Path) -> None:
    python().link(info(tmp_path), ["sdks/mtasts"])
    assert (tmp_path / "requirements.txt").read_text() == "sdks/mtasts\n"


@pytest.fixture
def sdk(tmp_path: Path) -> str:
    """The folder of a generated SDK, in the program's folder."""
    folder = tmp_path / "sdks" / "mtasts"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "@own/mtasts"}')
    return "sdks/mtasts"


def test_linked_sdks_are_dependencies_of_a_node_program(tmp_path: Path, sdk: str) -> None:
    file = tmp_path / "package.json"
    file.write_text('{"name": "p", "dependencies": {"a": "1"}}')
    said = NodeHost(Children()).link(info(tmp_path), [sdk])
    assert json.loads(file.read_text())["dependencies"] == {
        "a": "1",
        "@own/mtasts": "file:sdks/mtasts",
    }
    assert 'import * as mtasts from "@own/mtasts"' in said


def test_a_node_program_that_requires_the_sdk_already_is_left_as_it_is(
    tmp_path: Path, sdk: str
) -> None:
    file = tmp_path / "package.json"
    file.write_text('{"dependencies": {"@own/mtasts": "file:sdks/mtasts"}}')
    NodeHost(Children()).link(info(tmp_path), [sdk])
    assert file.read_text() == '{"dependencies": {"@own/mtasts": "file:sdks/mtasts"}}'


def test_a_missing_virtual_environment_is_made_before_anything_is_installed(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("x\n")
    words = list(python().install_words(info(tmp_path, virtualenv="venv")))
    assert words == [
        [sys.executable, "-m", "venv", str(tmp_path / "venv")],
        [
            str(tmp_path / "venv" / "bin" / "python"),
            *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("-r", "requirements.txt"),
        ],
    ]


def test_a_plugin_is_warm_if_its_environment_is_the_hosts_by_another_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "socket")
    for name in ("ours", "another"):
        (tmp_path / name).symlink_to(sys.prefix if name == "ours" else sys.base_prefix)
    ours, another = (
        python().plugin_words(info(tmp_path, virtualenv=name)) for name in ("ours", "another")
    )
    assert ours[: len(warm.words((), os.environ))] == warm.words((), os.environ)
    assert another[0] == str(tmp_path / "another" / "bin" / "python")


def test_nothing_is_installed_without_requirements(tmp_path: Path) -> None:
    assert list(python().install_words(info(tmp_path, virtualenv=sys.prefix))) == []


def test_npm_installs_a_package_that_the_lock_file_lacks(tmp_path: Path) -> None:
    """`npm ci` would refuse the package that `pulumi package add` has added."""
    (tmp_path / "package-lock.json").write_text("{}")
    ((_, found, *_rest),) = NodeHost(Children()).install_words(info(tmp_path))
    assert found == "install"


def test_the_last_line_of_a_failing_command_is_reported(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("./nothing\n")
    request = SimpleNamespace(info=info(tmp_path, virtualenv=sys.prefix))
    with pytest.raises(AbortedError, match=r"pip install .* failed with code 1: .*nothing"):
        list(python().InstallDependencies(request, Call()))


def test_the_error_for_a_missing_node_sdk_says_what_to_run(tmp_path: Path) -> None:
    request = SimpleNamespace(info=info(tmp_path))
    assert "pulumi install" in NodeHost(Children()).Run(request, None).error


def test_the_error_for_a_missing_node_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    request = SimpleNamespace(info=info(tmp_path))
    assert NodeHost(Children()).Run(request, None).error == (
        "no node on PATH: install Node 20 or newer"
    )


def test_the_sdk_is_found_in_a_folder_above(tmp_path: Path) -> None:
    run = tmp_path / "node_modules" / "@pulumi" / "pulumi" / "cmd" / "run"
    run.mkdir(parents=True)
    (tmp_path / "inner").mkdir()
    request = SimpleNamespace(
        info=info(tmp_path / "inner", typescript=False),
        **dict.fromkeys(("monitor_address", "organization", "project", "stack", "pwd"), "x"),
        parallel=1,
        dryRun=True,
        args=[],
    )
    words, variables = NodeHost(Children()).program_words(request)
    assert words[1] == str(run)
    assert "--dry-run" in words
    assert variables["PULUMI_NODEJS_TYPESCRIPT"] == "false"


def test_a_node_program_ends_with_a_host_that_is_killed(tmp_path: Path) -> None:
    run = tmp_path / "node_modules" / "@pulumi" / "pulumi" / "cmd" / "run"
    run.mkdir(parents=True)
    (run / "index.js").write_text("console.log('ready'); setInterval(() => {}, 1000);\n")
    host = subprocess.Popen([sys.executable, "-c", HOST, str(tmp_path)], stdout=subprocess.PIPE)
    assert host.stdout is not None
    with host.stdout as pipe:
        assert pipe.readline() == b"ready\n"
        host.kill()
        host.wait(timeout=10)
        readable, _, _ = select.select([pipe], [], [], 30)
        assert readable, "the program still holds the pipe"
        assert pipe.read() == b""


MODULE = "github.com/own/pulumi-mtasts/sdk/go"


def test_linked_sdks_are_modules_of_a_go_program_in_their_folders(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module p\n\ngo 1.25\n")
    folder = tmp_path / "sdks" / "mtasts"
    (folder / "mtasts").mkdir(parents=True)
    (folder / "mtasts" / "pulumi-plugin.json").write_text("{}")
    (folder / "go.mod").write_text(f"module {MODULE}\n\ngo 1.25\n")
    for _ in range(2):
        said = GoHost(Children()).link(info(tmp_path), ["sdks/mtasts"])
    found = (tmp_path / "go.mod").read_text()
    assert found.count(f"require {MODULE} v0.0.0-") == 1
    assert found.count(f"replace {MODULE} => ./sdks/mtasts\n") == 1
    assert f'  import "{MODULE}/mtasts"\n' in said


def test_the_error_for_a_go_program_without_a_module_is_that_of_go(tmp_path: Path) -> None:
    (tmp_path / "sdks").mkdir()
    with pytest.raises(HostError, match=r"go mod edit -json failed in .*go\.mod"):
        GoHost(Children()).link(info(tmp_path), ["sdks"])


def test_a_go_program_gets_its_arguments_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    request = SimpleNamespace(
        info=info(tmp_path),
        **dict.fromkeys(("monitor_address", "organization", "project", "stack"), "x"),
        parallel=4,
        dryRun=False,
    )
    words, variables = GoHost(Children()).program_words(request)
    assert words[-2] == str(tmp_path)
    assert (tmp_path / "home" / "go-programs") in Path(words[-1]).parents
    assert (variables["PULUMI_DRY_RUN"], variables["PULUMI_PARALLEL"]) == ("false", "4")


def test_the_error_for_a_missing_go_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install Go" in GoHost(Children()).Run(SimpleNamespace(info=info(tmp_path)), None).error


def test_a_plugin_in_a_language_that_runs_none_is_refused() -> None:
    with pytest.raises(HostError, match="does not run plugins in go"):
        GoHost(Children()).plugin_words(None)


def test_the_error_for_missing_generators_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MTASTS_SDK_GENERATOR", raising=False)
    with pytest.raises(AbortedError, match="mtasts local languages"):
        python().GeneratePackage(SimpleNamespace(), Call())
