"""The two files of a release, which one is made from the other without a difference."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The date of a release's commit: with it the same files give the same bytes.
DATED = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}


def built(target: str, checkout: Path, into: Path) -> Path:
    """What hatchling makes of a folder with the sources."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    subprocess.run(command, cwd=checkout, env=DATED, check=True, capture_output=True)
    (found,) = into.iterdir()
    return found


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout's sdist."""
    return built("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


def members(sdist: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(sdist) as archive:
        return archive.getmembers()


def test_the_wheel_of_the_sdist_is_that_of_the_checkout(sdist: Path, tmp_path: Path) -> None:
    for each in ("unpacked", "ours", "theirs"):
        (tmp_path / each).mkdir()
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    ours, theirs = (
        built("wheel", ROOT, tmp_path / "ours"),
        built("wheel", unpacked, tmp_path / "theirs"),
    )
    names = [zipfile.ZipFile(each).namelist() for each in (ours, theirs)]
    assert names[0] == names[1]
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("folder", ["components", "docs", "policypack", "templates"])
def test_what_lies_at_the_top_of_the_repository_is_in_the_package(sdist: Path, folder: str) -> None:
    listed = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (top,) = {Path(each.name).parts[0] for each in members(sdist)}
    inside = folder if folder == "policypack" else f"mtasts/{folder}"
    wanted = {each.replace(folder, f"{top}/{inside}", 1) for each in listed.stdout.splitlines()}
    assert wanted
    assert wanted - {each.name for each in members(sdist)} == set()


def test_an_sdist_has_files_alone_and_none_that_a_build_left(sdist: Path) -> None:
    found = members(sdist)
    assert [each.name for each in found if not each.isfile()] == []
    leftovers = {".git", ".venv", ".local", "__pycache__", "node_modules", "tests"}
    assert [each.name for each in found if leftovers & {*Path(each.name).parts}] == []
    assert {Path(each.name).parts[1] for each in found} == {
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "PKG-INFO",
        "README.md",
        "mtasts",
        "policypack",
        "pyproject.toml",
    }
