"""Several things at once, with every problem told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from mtasts.errors import MtaStsError, UndeterminedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

T = TypeVar("T")


async def all_of(awaitables: Iterable[Awaitable[T]]) -> list[T]:
    """What each brings, in order; the problems of all where one has any.

    Raises:
        UndeterminedError: nothing is wrong, but something could not be found out.
        UsageError: something is wrong, and stays so whatever a second look-up might tell.
    """
    outcomes = await asyncio.gather(*awaitables, return_exceptions=True)
    found: list[T] = []
    failures: list[MtaStsError] = []
    for outcome in outcomes:
        if isinstance(outcome, MtaStsError):
            failures.append(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            found.append(outcome)
    if failures:
        unknown = all(isinstance(failure, UndeterminedError) for failure in failures)
        kind = UndeterminedError if unknown else UsageError
        raise kind("\n".join(map(str, failures)))
    return found
