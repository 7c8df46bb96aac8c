"""Folders that are made anew when their sources change are removed once nobody uses them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from mtasts.localcloud.cached_builds import kept_while_used

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> None:
    (folder / "stamp").write_text(folder.name)


def folders(cache: Path) -> list[str]:
    return sorted(each.name for each in cache.iterdir() if each.is_dir())


def test_a_folder_is_removed_only_when_its_last_user_has_ended(tmp_path: Path) -> None:
    (tmp_path / "go-1").mkdir()
    with ExitStack() as second:
        with ExitStack() as first:
            kept_while_used(tmp_path / "typescript-1", "stamp", make, first)
            kept_while_used(tmp_path / "typescript-2", "stamp", make, second)
            assert folders(tmp_path) == ["go-1", "typescript-1", "typescript-2"]
        kept_while_used(tmp_path / "typescript-2", "stamp", make, second)
        assert folders(tmp_path) == ["go-1", "typescript-2"]


def test_a_folder_that_was_removed_before_its_use_began_is_made_again(tmp_path: Path) -> None:
    made: list[str] = []

    def lost_once(folder: Path) -> None:
        made.append(folder.name)
        if len(made) > 1:
            make(folder)

    with ExitStack() as uses:
        kept_while_used(tmp_path / "sdk-1", "stamp", lost_once, uses)
        assert folders(tmp_path) == ["sdk-1"]
    assert len(made) == 2
