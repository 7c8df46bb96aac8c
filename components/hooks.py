"""Makes resource hooks that never allow a write by accident. Every hook is made here.

A hook stops the write it guards only if its error reaches the engine as a text that is not empty.
The SDK sends ``str(error)``; the engine takes an empty text for success. The SDK catches only
``Exception``, so a ``sys.exit`` hangs the run. It runs a plain ``def`` hook on its only event loop,
which blocks all other hooks. So each check here is a coroutine with a deadline, and every exception
becomes a `HookError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pulumi

from mtasts.errors import MtaStsError

Check = Callable[[pulumi.ResourceHookArgs], Awaitable[None]]


class HookError(Exception):
    """A guarded write must not happen; the first line of the text has the reason."""


def guard(name: str, check: Check, *, deadline_seconds: float) -> pulumi.ResourceHook:
    """A hook that allows the write, to which it is bound, only if ``check`` returns.

    ``name`` is unique in the program. ``check`` must not block the event loop: run blocking calls
    with `mtasts.threads.in_thread`. If ``check`` has not returned after ``deadline_seconds``, the
    write is refused.
    """
    return pulumi.ResourceHook(name, guarded(check, deadline_seconds=deadline_seconds))


def once(work: Callable[[], Awaitable[None]]) -> Check:
    """A check that does ``work`` once a run, and gives the result to every write that it guards.

    The result is the same for all of these writes, and ``work`` may append to the ledger, which
    must happen only once.

    Raises:
        BaseException: what ``work`` raised; it is raised again for each guarded write.
    """
    running: list[asyncio.Future[BaseException | None]] = []

    async def outcome() -> BaseException | None:
        try:
            await work()
        except BaseException as error:  # noqa: BLE001 - raised again by each waiter
            return error  # a SystemExit would end the loop
        return None

    async def check(_: pulumi.ResourceHookArgs) -> None:
        if not running:
            running.append(asyncio.ensure_future(outcome()))
        # Shielded: one cancelled waiter must not cancel the work that others wait for.
        error = await asyncio.shield(running[0])
        if error is not None:
            raise error

    return check


def guarded(
    check: Check, *, deadline_seconds: float
) -> Callable[[pulumi.ResourceHookArgs], Awaitable[None]]:
    """``check`` with a deadline; whatever it raises becomes a `HookError`.

    Raises:
        HookError: the check failed, or did not return before the deadline; the write is refused.
    """

    async def run(arguments: pulumi.ResourceHookArgs) -> None:
        try:
            async with asyncio.timeout(deadline_seconds) as limit:
                await check(arguments)
        except TimeoutError as error:
            why = f"no answer within {deadline_seconds:g} s" if limit.expired() else "timed out"
            raise HookError(explain(error, why)) from error
        except BaseException as error:  # every exception refuses the write
            raise HookError(explain(error, "the check ended without a reason")) from error

    return run


def explain(error: BaseException, otherwise: str) -> str:
    """A text for ``error`` that is never empty; its first line is complete.

    The progress display of the engine shows only the first line.
    """
    text = str(error).strip()
    if isinstance(error, MtaStsError) and text:
        return text
    return f"{type(error).__name__}: {text or otherwise}"
