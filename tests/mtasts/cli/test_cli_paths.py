"""Names and folders as they are given on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtasts.cli.paths import existing, stack_file, writable
from mtasts.errors import UsageError


def test_a_stack_has_a_file() -> None:
    assert stack_file("example-agency", Path("stacks")) == Path("stacks/Pulumi.example-agency.yaml")


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".x", "a b", "x" * 101, "a\n"])
def test_what_is_no_stack_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no stack name"):
        stack_file(name, Path("stacks"))


def test_folders_are_made_or_named(tmp_path: Path) -> None:
    assert writable(tmp_path / "a" / "b").is_dir()
    assert existing(tmp_path) == tmp_path
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be created"):
        writable(tmp_path / "file")
    with pytest.raises(UsageError, match="is no folder"):
        existing(tmp_path / "file")
