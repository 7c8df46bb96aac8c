"""A project of one's own: what ``mtasts init`` writes in an empty folder, and what it leaves."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from mtasts import __version__
from mtasts.cli import init
from mtasts.cli.new_project import begin, finish, next_for_project
from mtasts.config import load_file
from mtasts.errors import UsageError
from mtasts.render.project import project_files

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
OFFLINE = ("--domain", "example.gov", "--mx", "mail.example.gov", "--offline")
CLOUDFLARE = ("--cloudflare-account", "0123456789abcdef" * 2)
FILES = [
    "Pulumi.yaml",
    "__main__.py",
    "requirements.txt",
    "requirements.lock",
    "downloads.sums",
    ".gitignore",
    ".github/workflows/checks.yml",
    ".github/workflows/stacks.yml",
    "evidence/.gitkeep",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, in which the command is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def no_lookup(name: str) -> init.MxRecords:
    pytest.fail(f"{name} was looked up")


def create(*words: str) -> str:
    parser = argparse.ArgumentParser()
    init.configure(parser)
    return init.create(parser.parse_args(words), no_lookup)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


def test_an_empty_folder_becomes_a_project(folder: Path) -> None:
    said = create("agency", *OFFLINE)
    found = tree(folder)
    assert sorted(found) == sorted([*FILES, "stacks/Pulumi.agency.yaml"])
    assert found["requirements.txt"].decode() == f"mtasts=={__version__}\n"
    assert len(found["__main__.py"].splitlines()) <= 5
    assert b"/.venv/" in found[".gitignore"]
    assert load_file(folder / "stacks" / "Pulumi.agency.yaml").agency == "agency"
    assert said.startswith(f"wrote a project: {', '.join(FILES)}\nwrote stacks/Pulumi.agency.yaml")
    steps = [line.partition(". ")[2] for line in said.partition("next:\n")[2].splitlines()]
    assert steps[:3] == [
        "python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt",
        ". .venv/bin/activate",
        "pulumi version  # 3.238 or newer is needed",
    ]
    assert "pulumi stack init agency" in steps


def test_the_program_of_a_project_is_that_of_this_repository() -> None:
    files = project_files(cloudflare=False)
    assert files["__main__.py"] == (ROOT / "__main__.py").read_bytes()
    ours = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert yaml.safe_load(files["Pulumi.yaml"]) == ours


def test_a_second_agency_is_a_second_stack(folder: Path) -> None:
    create("first", *OFFLINE)
    before = tree(folder)
    said = create("second", *OFFLINE)
    assert tree(folder) == before | {
        "stacks/Pulumi.second.yaml": (folder / "stacks/Pulumi.second.yaml").read_bytes()
    }
    assert said.startswith("wrote stacks/Pulumi.second.yaml")
    assert "venv" not in said


def test_in_a_clone_of_this_repository_it_writes_a_stack_file_alone(folder: Path) -> None:
    (folder / "Pulumi.yaml").write_bytes((ROOT / "Pulumi.yaml").read_bytes())
    create("agency", *OFFLINE)
    assert sorted(tree(folder)) == ["Pulumi.yaml", "stacks/Pulumi.agency.yaml"]


def test_with_a_folder_for_stacks_it_writes_no_project(folder: Path) -> None:
    document = json.loads(create("agency", *OFFLINE, "--stacks", "other", "--format", "json"))
    assert sorted(tree(folder)) == ["other/Pulumi.agency.yaml"]
    assert document["project"] == []
    assert document["next"][0].startswith("review ")


def test_json_names_what_was_written(folder: Path) -> None:
    document = json.loads(create("agency", *OFFLINE, "--format", "json"))
    assert document["project"] == FILES
    assert folder.joinpath("Pulumi.yaml").exists()


@pytest.mark.parametrize(
    ("make", "named"),
    [
        pytest.param(lambda at: (at / ".gitignore").write_text("mine"), [".gitignore"], id="file"),
        pytest.param(lambda at: (at / "evidence").write_text("mine"), ["evidence"], id="no-folder"),
        pytest.param(lambda at: (at / "__main__.py").mkdir(), ["__main__.py"], id="folder"),
        pytest.param(
            lambda at: (at / "requirements.txt").symlink_to("nowhere"),
            ["requirements.txt"],
            id="dangling-link",
        ),
        pytest.param(
            lambda at: [(at / name).write_text("mine") for name in (".gitignore", "__main__.py")],
            [".gitignore", "__main__.py"],
            id="two",
        ),
    ],
)
def test_what_stands_in_the_way_is_named_and_left(
    folder: Path, make: Callable[[Path], object], named: list[str]
) -> None:
    make(folder)
    before = tree(folder)
    verb = "stands" if len(named) == 1 else "stand"
    with pytest.raises(UsageError) as refused:
        create("agency", *OFFLINE)
    assert str(refused.value).startswith(f"{', '.join(named)} {verb} in the way of a new project")
    assert tree(folder) == before


def test_files_that_an_interrupted_run_left_are_no_obstacle(folder: Path) -> None:
    (folder / ".gitignore").write_bytes(project_files(cloudflare=False)[".gitignore"])
    (folder / "components").mkdir()
    said = create("agency", *OFFLINE)
    assert sorted(tree(folder)) == sorted([*FILES, "stacks/Pulumi.agency.yaml"])
    assert ".gitignore" not in said


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("name: other\nruntime: python\n", "no line stackConfigDir: stacks"),
        ("name: other\nstackConfigDir: config\n", "no line stackConfigDir: stacks"),
        ("- a list\n", "no line stackConfigDir: stacks"),
        ("{", "cannot be read"),
    ],
)
def test_a_project_whose_stack_files_lie_elsewhere_is_left(
    folder: Path, text: str, expect: str
) -> None:
    (folder / "Pulumi.yaml").write_text(text)
    with pytest.raises(UsageError, match=expect):
        create("agency", *OFFLINE)
    assert sorted(tree(folder)) == ["Pulumi.yaml"]


def test_a_file_that_appears_meanwhile_is_not_replaced(folder: Path) -> None:
    files = begin(folder, cloudflare=False)
    (folder / "__main__.py").write_text("theirs")
    with pytest.raises(UsageError, match=r"__main__\.py cannot be written: File exists"):
        finish(folder, files)
    assert (folder / "__main__.py").read_text() == "theirs"
    assert not (folder / "Pulumi.yaml").exists()


@pytest.mark.parametrize(
    ("requirements", "cloudflare", "steps"),
    [
        (None, True, 0),
        ("mtasts==0.2.0\n", False, 0),
        ("mtasts==0.2.0\n", True, 2),
        ("mtasts[reports,cloudflare]==0.2.0\n", True, 0),
        ("mtasts[all]==0.2.0\n", True, 0),
        ("-r other.txt\n", True, 0),
    ],
)
def test_a_first_stack_at_cloudflare_brings_its_extra(
    folder: Path, requirements: str | None, *, cloudflare: bool, steps: int
) -> None:
    if requirements is not None:
        (folder / "requirements.txt").write_text(requirements)
    assert len(next_for_project(folder, {}, cloudflare=cloudflare)) == steps


def test_a_new_project_at_cloudflare_names_the_extra(folder: Path) -> None:
    create("agency", *OFFLINE, *CLOUDFLARE)
    assert (folder / "requirements.txt").read_text() == f"mtasts[cloudflare]=={__version__}\n"


def test_a_virtual_environment_that_runs_this_is_not_made_again(folder: Path) -> None:
    (folder / ".venv").symlink_to(sys.prefix)
    steps = next_for_project(folder, {"a": b""}, cloudflare=False)
    assert steps[0] == ". .venv/bin/activate"
