"""Run several tasks at once or one after the other, and report the problems of all."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, TypeVar

from mtasts.cli.output import Exit
from mtasts.errors import MtaStsError, UndeterminedError, UsageError
from mtasts.findings import for_stack, printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Iterable, Mapping

T = TypeVar("T")
# The worst code last. A mistake in the command goes before a finding, since nothing was looked at;
# a finding goes before "not known", since it is certain.
_ORDER = (Exit.GOOD, Exit.UNDETERMINED, Exit.FINDINGS, Exit.USAGE)


def worst(codes: Iterable[int]) -> Exit:
    """The exit code of a command that did several things, each of which has one."""
    return max(map(Exit, codes), key=_ORDER.index, default=Exit.GOOD)


def in_turn(acts: Mapping[str, Callable[[], int]], stacks: Container[str] = ()) -> int:
    """Run the ``acts`` one after the other, also after an error; returns the worst exit code.

    Messages about an act that is called as one of ``stacks`` have its name in their commands.

    Raises:
        MtaStsError: there is one act only, and it raised this.
    """
    if len(acts) == 1:
        return next(iter(acts.values()))()
    codes: list[int] = []
    for name, act in acts.items():
        try:
            codes.append(act())
        except MtaStsError as error:
            codes.append(tell(name, error, is_stack=name in stacks))
    return worst(codes)


def tell(name: str, error: MtaStsError, *, is_stack: bool = True) -> Exit:
    """Print the error of ``name`` on standard error, and return its exit code."""
    is_unknown = isinstance(error, UndeterminedError)
    what = "could not find out: " if is_unknown else ""
    text = for_stack(str(error), name) if is_stack else str(error)
    sys.stdout.flush()
    sys.stderr.write(f"mtasts: {printable(name)}: {what}{text}\n")
    return Exit.UNDETERMINED if is_unknown else Exit.USAGE


async def all_of(awaitables: Iterable[Awaitable[T]]) -> list[T]:
    """The results in order; if some fail, one error has the problems of all.

    Raises:
        UndeterminedError: nothing is wrong, but something could not be found out.
        UsageError: something is wrong, and a second try would not change it.
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
