"""Whatever a check does other than return, the write it guards is refused with a reason."""

from __future__ import annotations

import asyncio

import pulumi
import pytest

from mtasts.components.hooks import HookError, guarded, once
from mtasts.errors import MtaStsError

ARGUMENTS = pulumi.ResourceHookArgs(urn="u", id="", name="n", type="t")


class Interrupting(BaseException):
    """Stands for what is no Exception."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(TimeoutError(), "TimeoutError: timed out", id="time-out"),
        pytest.param(AssertionError(), "AssertionError: the check ended without", id="assert"),
        pytest.param(asyncio.CancelledError(), "CancelledError: the check", id="cancelled"),
        pytest.param(SystemExit(0), "SystemExit: 0", id="exit"),
        pytest.param(Interrupting(), "Interrupting: the check", id="base-exception"),
        pytest.param(MtaStsError("not proven"), "not proven", id="own"),
        pytest.param(MtaStsError(), "MtaStsError: the check", id="own-without-text"),
    ],
)
async def test_every_way_out_of_a_check_is_a_refusal_with_a_text(
    error: BaseException, text: str
) -> None:
    async def check(_: pulumi.ResourceHookArgs) -> None:
        raise error

    with pytest.raises(HookError) as refused:
        await guarded(check, deadline_seconds=5)(ARGUMENTS)
    assert str(refused.value).startswith(text)


async def test_a_check_that_does_not_end_is_refused_at_its_deadline() -> None:
    async def check(_: pulumi.ResourceHookArgs) -> None:
        await asyncio.Event().wait()

    with pytest.raises(HookError, match=r"no answer within 0\.01 s"):
        await guarded(check, deadline_seconds=0.01)(ARGUMENTS)


async def test_a_check_that_returns_lets_the_write_through() -> None:
    seen: list[str] = []

    async def check(arguments: pulumi.ResourceHookArgs) -> None:
        seen.append(arguments.name)

    await guarded(check, deadline_seconds=5)(ARGUMENTS)
    assert seen == ["n"]


async def test_what_guards_several_writes_is_done_once_and_told_to_each() -> None:
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("work")

    check = guarded(once(work), deadline_seconds=5)
    await asyncio.gather(check(ARGUMENTS), check(ARGUMENTS))
    await check(ARGUMENTS)
    assert done == ["work"]


@pytest.mark.parametrize("error", [MtaStsError("not proven"), SystemExit(3), Interrupting("x")])
async def test_what_fails_once_refuses_every_write(error: BaseException) -> None:
    async def work() -> None:
        raise error

    check = guarded(once(work), deadline_seconds=5)
    found = await asyncio.gather(check(ARGUMENTS), check(ARGUMENTS), return_exceptions=True)
    assert [type(each) for each in found] == [HookError, HookError]


async def test_who_gives_up_waiting_takes_it_from_nobody_else() -> None:
    go, done = asyncio.Event(), []

    async def work() -> None:
        await go.wait()
        done.append("work")

    check = once(work)
    with pytest.raises(HookError, match="no answer within"):
        await guarded(check, deadline_seconds=0.01)(ARGUMENTS)
    go.set()
    await guarded(check, deadline_seconds=5)(ARGUMENTS)
    assert done == ["work"]
