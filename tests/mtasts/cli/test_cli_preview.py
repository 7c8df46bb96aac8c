"""`mtasts preview` around an engine that is a script."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from fake_outside import FakeOutside

from mtasts.cli.main import main
from mtasts.engine import Engine
from mtasts.rollout.outlook import FILE_VARIABLE, Forecast, render_forecast
from mtasts.rulings import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a ``pulumi`` on PATH that prints so."""

    def put(stdout: str, stderr: str) -> None:
        script = tmp_path / "pulumi"
        lines = [f"#!{sys.executable}", "import sys", f"sys.stdout.write({stdout!r})"]
        lines += [f"sys.stderr.write({stderr!r})", "assert sys.argv[1:3] == ['preview', '--json']"]
        lines += [f"said = {stdout == HELD!r}", *TELLING]
        script.write_text("\n".join(lines))
        script.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").touch()
    return put


RULED = Forecast(rulings=(("a.example", refusal("zone-missing", "no zone")),))
# What the program of a preview tells of itself, beside the engine's plan.
TELLING = (
    "import os",
    "if said:",
    f"    open(os.environ['{FILE_VARIABLE}'], 'w').write({render_forecast(RULED)!r})",
)
HELD = '{"diagnostics": [{"severity": "error", "message": "error: held, and left: a.example"}]}'
WRONG = '{"diagnostics": [{"severity": "error", "message": "error: 1 problem in the config"}]}'


@pytest.mark.parametrize(
    ("stdout", "stderr", "code", "says"),
    [
        ('{"changeSummary": {"same": 21}}', "", 0, "stack agency: nothing to do"),
        (HELD, "", 1, "held, and left: a.example"),
        (WRONG, "", 2, "1 problem in the config"),
        ("", "error: no stack named agency\n", 2, "no stack named agency"),
        ("[]", "", 3, "no JSON object"),
    ],
    ids=["good", "held", "config", "engine", "nonsense"],
)
def test_the_exit_code_says_what_came_of_it(  # noqa: PLR0917 - a table's columns
    engine: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    stdout: str,
    stderr: str,
    code: int,
    says: str,
) -> None:
    engine(stdout, stderr)
    assert main(["preview", "agency"]) == code
    printed = capsys.readouterr()
    assert says in printed.out + printed.err


def test_without_an_engine_one_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").touch()
    assert main(["preview", "agency"]) == 2
    assert "no pulumi on PATH" in capsys.readouterr().err


def test_a_word_for_the_engine_is_no_stack_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "a b"]) == 2
    assert "is no stack name" in capsys.readouterr().err


def test_an_engine_that_does_not_end_is_given_up(
    tmp_path: Path, engine: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    engine("", "")
    planned = Engine(str(tmp_path / "pulumi"), "agency", seconds=0.0)
    assert main(["preview", "agency"], FakeOutside(planned=planned)) == 3
    assert "pulumi preview did not end within" in capsys.readouterr().err


ABOUT = """
import sys
stack = sys.argv[sys.argv.index("--stack") + 1]
sys.stderr.write("error: no stack named lost\\n" if stack == "lost" else "")
print({"good": "{}", "held": %(held)r, "wrong": %(wrong)r, "lost": "", "odd": "[]"}[stack])
"""


@pytest.mark.parametrize(
    ("stacks", "code"),
    [
        (("good", "good"), 0),
        (("good", "odd"), 3),
        (("odd", "held", "good"), 1),
        (("held", "lost", "odd"), 2),
        (("wrong", "held"), 2),
        (("none", "good"), 2),
    ],
)
def test_of_several_stacks_each_is_shown_and_the_worst_counts(
    tmp_path: Path,
    engine: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    stacks: tuple[str, ...],
    code: int,
) -> None:
    engine("", "")
    script = ABOUT % {"held": HELD, "wrong": WRONG}
    telling = "\n".join(TELLING).replace("said", '"held" in stack')
    (tmp_path / "pulumi").write_text(f"#!{sys.executable}\n{script}\n{telling}\n")
    for stack in ("good", "held", "wrong", "lost", "odd"):
        (tmp_path / "stacks" / f"Pulumi.{stack}.yaml").touch()
    assert main(["preview", *stacks]) == code
    printed = capsys.readouterr()
    shown = {each for each in stacks if f"stack {each}: " in printed.out}
    told = {each for each in stacks if f"mtasts: {each}: " in printed.err}
    assert shown | told == set(stacks)
    assert printed.out.count("stack good: ") == ("good" in stacks)
    assert main(["preview", "good", "held", "--format", "json"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2
