"""What people get wrong at three in the morning: each has an answer that says what to do."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.config import set_all_config
from stack_text import stack_text

from mtasts.check.notes import Checked
from mtasts.check.stack_file import check_stack, check_stack_file
from mtasts.cli.main import main
from mtasts.components.given import Given
from mtasts.config import ConfigError, load_text
from mtasts.config.folder import describe_missing
from mtasts.errors import UsageError
from mtasts.findings import printable
from mtasts.render.checked_text import as_text

if TYPE_CHECKING:
    from pathlib import Path

STACK = stack_text("{name: example.gov, mx: [mx1.example.gov]}")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two stacks, which is the present folder."""
    (tmp_path / "Pulumi.yaml").write_text("name: mtasts\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    for name in ("my-agency", "other"):
        (tmp_path / "stacks" / f"Pulumi.{name}.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS = {
    "preview": ("preview", "{}"),
    "recover": ("recover", "{}"),
    "move": ("move", "{}"),
    "ledger": ("ledger", "show", "{}"),
    "verify": ("ledger", "verify", "{}"),
    "iam": ("iam", "up", "--stack", "{}"),
    "check": ("check", "--stack", "{}"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_stack_that_there_is_not_is_answered_with_those_there_are(
    project: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert main([word.format("my-agncy") for word in command]) == 2
    assert capsys.readouterr().err == (
        "mtasts: stacks/Pulumi.my-agncy.yaml does not exist\n"
        "  stacks in stacks: my-agency, other\n"
        "  did you mean my-agency?\n"
        "  if the file was deleted, bring it back: git checkout HEAD -- "
        "stacks/Pulumi.my-agncy.yaml\n"
        "  or, if a commit deleted it: git checkout "
        '"$(git rev-list -n 1 HEAD -- stacks/Pulumi.my-agncy.yaml)^" -- '
        "stacks/Pulumi.my-agncy.yaml\n"
        "  for a new stack: mtasts init my-agncy --domain DOMAIN\n"
    )
    assert (project / "stacks").is_dir()


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_deleted_stack_file_comes_back_with_the_printed_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_committed: bool
) -> None:
    folder = tmp_path / "the stacks'"
    folder.mkdir()
    file = folder / "Pulumi.my-agency.yaml"
    file.write_text(STACK)
    monkeypatch.chdir(tmp_path)

    def shell(command: str) -> None:
        named = 'git() { command git -c user.name=a -c user.email=a@b.example "$@"; }'
        subprocess.run(["bash", "-ec", f"{named}\n{command}"], check=True, capture_output=True)

    shell("git init -q && git add . && git commit -qm a")
    file.unlink()
    if is_committed:
        shell("git commit -qam b")
    said = describe_missing(file.relative_to(tmp_path))
    first, second = (line.partition(": ")[2] for line in said.splitlines() if "git " in line)
    shell(second if is_committed else first)
    assert file.read_text() == STACK


def test_only_a_name_that_is_near_is_suggested_and_a_long_list_is_cut(tmp_path: Path) -> None:
    assert f"{tmp_path} has no stack file" in describe_missing(tmp_path / "Pulumi.a.yaml")
    for number in range(22):
        (tmp_path / f"Pulumi.agency-{number:02}.yaml").touch()
    said = describe_missing(tmp_path / "Pulumi.zzzzzz.yaml")
    assert "did you mean" not in said
    assert "agency-19 and 2 more" in said


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_in_a_subfolder_the_project_is_named(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    below = project / "evidence" / "my-agency"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert main([word.format("my-agency") for word in command]) == 2
    assert (
        f"The project is in {project}: run the command there (cd {project})"
        in capsys.readouterr().err
    )


def test_in_a_subfolder_no_second_folder_of_stacks_is_made(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    below = project / "docs"
    below.mkdir()
    monkeypatch.chdir(below)
    words = ["init", "new", "--domain", "example.gov", "--offline", "--mx", "mx1.example.gov"]
    assert main(words) == 2
    assert f"or give --stacks {project / 'stacks'}" in capsys.readouterr().err
    assert not (below / "stacks").exists()
    monkeypatch.chdir(project)
    assert main(words) == 0


def test_outside_of_a_project_a_folder_may_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["ledger", "show", "my-agency"]) == 2
    assert "there is no folder stacks: give --stacks DIR" in capsys.readouterr().err
    words = ["init", "new", "--domain", "example.gov", "--offline", "--mx", "mx1.example.gov"]
    assert main(words) == 0


def given_stack(stack: str, values: dict[str, str]) -> Given:
    set_all_config(values, [])
    return Given.of_stack(stack)


def test_a_run_whose_stack_file_was_deleted_says_so(project: Path) -> None:
    (project / "stacks" / "Pulumi.my-agency.yaml").unlink()
    with pytest.raises(UsageError, match=r"git checkout HEAD -- stacks/Pulumi\.my-agency\.yaml"):
        given_stack("my-agency", {"aws:region": "us-east-1"})
    with pytest.raises(ConfigError, match="mtasts:agency"):  # set in another way, and not whole
        given_stack("my-agency", {"mtasts:mode": "testing"}).load()
    with pytest.raises(ConfigError, match="mtasts:agency"):  # there, and empty
        given_stack("other", {}).load()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("config:\n\taws:region: us-east-1\n", 2),
        ("config:\n  mtasts:domains:\n    - name: a.example\n\t  mx: [b.example]\n", 4),
    ],
    ids=["first", "among-spaces"],
)
def test_a_tab_is_called_a_tab(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "Pulumi.a.yaml"
    path.write_text(text)
    (found,) = check_stack_file(path)
    assert found.id == "config-yaml-tab"
    assert f":{line}: the line is indented with a tab" in found.summary
    assert found.fix == "write spaces in place of each tab at the start of a line"


@pytest.mark.parametrize(
    "text",
    ["config:\n  mtasts:agency: [\n", 'config:\n  mtasts:agency: "a\tb"\n  mtasts:mode: [\n'],
    ids=["no-tab", "a-tab-in-a-value"],
)
def test_what_is_wrong_without_a_tab_is_not_called_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Pulumi.a.yaml"
    path.write_text(text)
    assert [each.id for each in check_stack_file(path)] == ["config-yaml-syntax"]


def fixes(text: str) -> dict[str, str]:
    try:
        config = load_text(text.encode(), file="stacks/Pulumi.a.yaml")
    except ConfigError as error:
        return {each.id: each.fix for each in error.findings}
    return {each.id: each.fix for each in check_stack(config)}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("us-gov", "us-fceb"),
        ("US", "us-fceb"),
        ("uk", "uk-gov"),
        ("ism", "au-ism"),
        ("nz", "nz-sge"),
        ("us-fcebb", "us-fceb"),
        ("uk_gov", "uk-gov"),
    ],
)
def test_a_profile_that_is_none_is_answered_with_the_one_that_was_meant(
    word: str, meant: str
) -> None:
    text = STACK.replace("mtasts:profile: rfc", f"mtasts:profile: {word}")
    assert fixes(text)["config-unknown-word"] == f"write {meant}"
    assert "config-unknown-word" not in fixes(text.replace(word, meant))


@pytest.mark.parametrize(
    ("cache", "proof", "found"),
    [
        (60, 61, ("config-impossible-combination", "write mtasts:proofSeconds: 660")),
        (3600, None, ("config-impossible-combination", "write mtasts:cacheSeconds: 60")),
        (60, 62, ("stack-proof-short", "write mtasts:proofSeconds: 660")),
        (60, 359, ("stack-proof-short", "write mtasts:proofSeconds: 660")),
        (60, 360, None),
        (60, None, None),
    ],
    ids=["never", "never-however-long", "hardly", "seldom", "enough", "default"],
)
def test_a_proof_that_is_too_short_for_a_change_is_told(
    cache: int, proof: int | None, found: tuple[str, str] | None
) -> None:
    keys = f"mtasts:cacheSeconds: {cache}\n  "
    keys += f"mtasts:proofSeconds: {proof}\n  " if proof is not None else ""
    told = fixes(STACK.replace("mtasts:agency:", f"{keys}mtasts:agency:"))
    ids = ("config-impossible-combination", "stack-proof-short")
    assert {id_: told[id_] for id_ in ids if id_ in told} == (dict([found]) if found else {})


@pytest.mark.parametrize(
    "words",
    [
        ["iam", "up", "--stack", "a", "--stack", "b"],
        ["check", "example.gov", "--format", "json", "--format", "text"],
        ["ledger", "show", "my-agency", "--domain", "a.example", "--domain", "b.example"],
    ],
    ids=["stack", "format", "of-a-subcommand"],
)
def test_an_option_that_takes_one_value_is_not_taken_twice(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"{words[-2]}: it takes one value, and was given twice: give it once" in said


def test_what_may_be_repeated_and_one_option_in_each_of_two_runs_are_taken(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for agency in ("one", "two"):
        words = ["init", agency, "--offline", "--mx", "mx1.a.example", "--mx", "mx2.a.example"]
        assert main([*words, "--domain", "a.example", "--domain", "b.example"]) == 0
    assert "mx1.a.example, mx2.a.example" in capsys.readouterr().out
    assert (project / "stacks" / "Pulumi.two.yaml").exists()


@pytest.mark.parametrize(
    ("id_", "says"),
    [("abc1", "(mode enforce, id abc1)"), ("", "(mode enforce, no usable STS record)")],
)
def test_a_policy_without_an_id_is_told_so(id_: str, says: str) -> None:
    (text,) = as_text(Checked("example.gov", mode="enforce", id=id_), str)
    assert text == f"example.gov: 0 errors, 0 warnings {says}"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[31m", r"\x1b[31m"),
        ("\x1b[31m", r"\x1b[31m"),
        (r"at 192.0.2.1: \x1b[31m", r"at 192.0.2.1: \x1b[31m"),
        (b"\\x1b", r"\x5cx1b"),
        ("a\\b", r"a\x5cb"),
        ("\\xZZ", r"\x5cxZZ"),
    ],
    ids=["bytes", "text", "escaped-already", "bytes-that-look-escaped", "a-backslash", "no-escape"],
)
def test_nothing_is_escaped_twice(raw: bytes | str, shown: str) -> None:
    assert printable(raw) == shown


@given(raw=st.binary(max_size=60) | st.text(max_size=60), limit=st.sampled_from([20, 120, 400]))
def test_what_is_printable_stays_as_it_is(raw: bytes | str, limit: int) -> None:
    once = printable(raw, limit)
    assert once.isascii()
    assert once.isprintable()
    assert len(once) <= limit
    assert printable(once, 400) == printable(printable(once, 400), 400)
    if limit == 400:
        assert printable(once, limit) == once
