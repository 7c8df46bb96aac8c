"""Makes resource hooks that cannot let a write through by accident. Use no other way.

A hook stops the write it guards only if its error reaches the engine as a text that is not empty.
The SDK sends ``str(error)`` and takes the empty one for success, catches ``Exception`` alone (a
``sys.exit`` hangs the run), and runs every ``def`` hook on its only event loop. So each check here
is a coroutine with a deadline, and whatever it raises leaves as one `HookError`.
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
    """A hook that lets the write it is bound to go ahead only if ``check`` returns.

    ``name`` is unique in the program. ``check`` must not block the event loop: what blocks belongs
    in `mtasts.threads.in_thread`. It is given ``deadline_seconds``; past that the write is refused.
    """
    return pulumi.ResourceHook(name, guarded(check, deadline_seconds=deadline_seconds))


def once(work: Callable[[], Awaitable[None]]) -> Check:
    """A check that does ``work`` once a run and gives its result to every write that it guards.

    What the work has to see is the same for all of them, and it may write to the ledger.

    Raises:
        BaseException: what the work raised, again for each write that it guards.
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
    """``check`` with a deadline and with one way out, `HookError`, for whatever it raises.

    Raises:
        HookError: the check failed or found no end; the write is refused.
    """

    async def run(arguments: pulumi.ResourceHookArgs) -> None:
        try:
            async with asyncio.timeout(deadline_seconds) as limit:
                await check(arguments)
        except TimeoutError as error:
            why = f"no answer within {deadline_seconds:g} s" if limit.expired() else "timed out"
            raise HookError(explain(error, why)) from error
        except BaseException as error:  # every way out of a check is a refusal
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
