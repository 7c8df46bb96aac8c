"""The entry point: commands, exit codes, and what is imported for them."""

from __future__ import annotations

import importlib.metadata
import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import ending
import pytest
from ending import Ending

from mtasts.cli import main as entry
from mtasts.cli.output import columns_of, describe, write
from mtasts.errors import MtaStsError, UndeterminedError, UsageError
from mtasts.findings import Finding, Severity

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("outcome", "code", "said"),
    [
        pytest.param(0, 0, "", id="good"),
        pytest.param(1, 1, "", id="findings"),
        pytest.param(UsageError("say it so"), 2, "mtasts: say it so\n", id="usage"),
        pytest.param(MtaStsError("no"), 2, "mtasts: no\n", id="any-other-error"),
        pytest.param(
            UndeterminedError("no answer"),
            3,
            "mtasts: could not find out: no answer\n",
            id="undetermined",
        ),
        pytest.param(KeyboardInterrupt(), 130, "", id="interrupt"),
    ],
)
def test_exit_codes(
    capsys: pytest.CaptureFixture[str], outcome: BaseException | int, code: int, said: str
) -> None:
    assert entry.main(["end"], Ending(by=outcome), ending.COMMANDS) == code
    assert capsys.readouterr().err == said


def test_a_module_of_an_extra_that_is_not_installed(capsys: pytest.CaptureFixture[str]) -> None:
    missing = ModuleNotFoundError("No module named 'moto'", name="moto")
    assert entry.main(["end"], Ending(by=missing), ending.COMMANDS) == 2
    assert capsys.readouterr().err.startswith("mtasts: this needs the extra local, ")
    gone = Ending(by=ModuleNotFoundError("No module named 'mtasts.gone'", name="mtasts.gone"))
    with pytest.raises(ModuleNotFoundError, match=r"mtasts\.gone"):
        entry.main(["end"], gone, ending.COMMANDS)


def test_a_file_that_the_system_refuses_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["status", "--stacks", "n" * 300]) == 2
    assert capsys.readouterr().err == f"mtasts: {'n' * 300}: File name too long\n"
    with pytest.raises(OSError, match="no file is named"):
        entry.main(["end"], Ending(by=OSError("no file is named")), ending.COMMANDS)


def test_a_reader_that_has_gone_is_no_error(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out, redirect_stdout(out):
        assert entry.main(["end"], Ending(by=BrokenPipeError()), ending.COMMANDS) == 141


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        entry.main(["--version"])
    version = importlib.metadata.version("mtasts")
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"mtasts {version}\n"


def test_help_lists_every_command_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    commands = entry.COMMANDS | {"absent": ("mtasts.cli.absent", "no such module")}
    with pytest.raises(SystemExit):
        entry.main(["--help"], commands=commands)
    out = capsys.readouterr().out
    assert all(name in out for name in commands)
    assert "example: mtasts" in out


def test_linting_a_policy_imports_only_what_it_needs(tmp_path: Path) -> None:
    body = tmp_path / "mta-sts.txt"
    body.write_bytes(b"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n")
    words = [sys.executable, "-X", "importtime", "-m", "mtasts", "lint", "policy", str(body)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "mtasts.check.policy" in loaded
    heavy = {"pydantic", "yaml", "asyncio", "idna", "importlib.metadata", "ssl", "jinja2"}
    assert loaded & heavy == set()
    assert not {"mtasts.config", "mtasts.cli.init", "mtasts.records"} & loaded


def test_a_shell_waits_for_no_config_when_it_enters_a_local_cloud(tmp_path: Path) -> None:
    words = [sys.executable, "-X", "importtime", "-m", "mtasts", "local", "env"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "no local cloud runs" in ran.stderr
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "mtasts.localcloud.shell" in loaded
    assert loaded & {"pydantic", "mtasts.config", "asyncio", "jinja2", "boto3"} == set()


@pytest.mark.parametrize(
    ("columns", "terminal", "width"),
    [
        pytest.param("60", 100, 58, id="given"),
        pytest.param("", 100, 98, id="measured"),
        pytest.param("", None, 78, id="no-terminal"),
        pytest.param("wide", 100, 78, id="not-a-number"),
    ],
)
def test_help_is_as_wide_as_the_terminal(columns: str, terminal: int | None, width: int) -> None:
    def size(_: int) -> os.terminal_size:
        if terminal is None:
            raise OSError
        return os.terminal_size((terminal, 24))

    assert columns_of({"COLUMNS": columns}, size) - 2 == width


FINDING = Finding("a-b", Severity.ERROR, "summary", "clause", "evidence", "fix")


class Terminal(io.StringIO):
    """A standard output that people read."""

    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = describe(FINDING)
    with redirect_stdout(Terminal()):
        assert describe(FINDING) == plain.replace("error", "\x1b[31merror\x1b[0m", 1)
        monkeypatch.setenv("NO_COLOR", "1")
        assert describe(FINDING) == plain


def test_what_the_output_cannot_encode_is_escaped() -> None:
    raw = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(raw, encoding="ascii")):
        write("b\u00fccher\n")
        sys.stdout.flush()
        assert raw.getvalue() == b"b\\xfccher\n"
