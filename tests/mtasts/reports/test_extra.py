"""What an installation without the extra says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mtasts.errors import UsageError
from mtasts.reports.extra import loaded

if TYPE_CHECKING:
    from types import ModuleType


def test_a_package_that_is_missing_is_named_with_how_to_install_it() -> None:
    def load(name: str) -> ModuleType:
        raise ModuleNotFoundError(name)

    message = r"the store needs the package duckdb: pip install 'mtasts\[reports\]'"
    with pytest.raises(UsageError, match=message):
        loaded("duckdb", "the store", load)


def test_a_package_that_is_there_is_loaded() -> None:
    assert loaded("json", "x").loads("1") == 1
