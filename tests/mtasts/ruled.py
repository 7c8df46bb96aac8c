"""Rulings as a test compares them: by id, or as what a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.rulings import Ruling


def ids(rulings: Iterable[Ruling]) -> list[str]:
    return [each.id for each in rulings]


def texts(rulings: Iterable[Ruling]) -> tuple[str, ...]:
    return tuple(map(str, rulings))
