"""``mtasts --print-completion``: the script is run by the shell that it is for."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mtasts.cli.completion import is_asked_for
from mtasts.cli.main import COMMANDS, main

if TYPE_CHECKING:
    from pathlib import Path


def printed(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["--print-completion", shell])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_bash_completes_commands_their_options_and_choices(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(printed("bash", capsys))

    def completed(*words: str) -> list[str]:
        typed = f"COMP_WORDS=({' '.join(words)}) COMP_CWORD={len(words) - 1}"
        command = f'. "$1"; {typed}; _shtab_mtasts; echo "${{COMPREPLY[@]}}"'
        done = subprocess.run(
            ["bash", "-c", command, "bash", str(script)], capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert completed("mtasts", "che") == ["check"]
    assert {*completed("mtasts", "''")} >= COMMANDS.keys()
    assert completed("mtasts", "ledger", "sh") == ["show"]
    assert "--fail-on" in completed("mtasts", "check", "--f")
    assert completed("mtasts", "check", "--fail-on", "warn") == ["warning"]


def test_the_script_of_zsh_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    script = printed("zsh", capsys)
    assert script.startswith("#compdef mtasts")
    assert [name for name in COMMANDS if f"\n    {name}:'" not in script] == []


def test_a_command_whose_extra_is_missing_is_completed_by_its_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    commands = {**COMMANDS, "other": ("mtasts.cli.no_such_module", "needs an extra")}
    with pytest.raises(SystemExit):
        main(["--print-completion", "bash"], commands=commands)
    assert f"_shtab_mtasts_subparsers=({' '.join(commands)})" in capsys.readouterr().out


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--print-completion", "fish"])
    assert ended.value.code == 2
    assert "choose from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (["--print-completion", "bash"], True),
        (["--print-completion=bash"], True),
        (["check", "--print-completion"], False),
        ([], False),
    ],
)
def test_when_all_commands_are_loaded(words: list[str], asks: bool) -> None:
    assert is_asked_for(words) is asks


def test_nobody_else_pays_for_it() -> None:
    code = "import sys, mtasts.cli.main; sys.exit('shtab' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
