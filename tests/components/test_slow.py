"""What the cloud takes its time for is told from when it begins to when it is over."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from mtasts.components.waiting import Passed, Slow, engine_waits, watch
from mtasts.run.waiting import Waits


class Told(Waits):
    """What is waited for at any time, with nobody to tell."""

    def __init__(self) -> None:
        super().__init__(later=lambda _, __: None)

    @property
    def now(self) -> list[str]:
        return [each.what for each in self._open]


class Value:
    """An output of a resource that is known later."""

    def __init__(self) -> None:
        self.known: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def future(self) -> str:
        return await self.known


async def pass_by() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)


async def test_it_is_told_between_what_it_waits_for_and_its_end() -> None:
    told, begun, done = Told(), Value(), Value()
    slow: Any = Slow("the certificate", [begun], done, 60)  # type: ignore[list-item, arg-type]
    watch(told, slow)
    await pass_by()
    assert told.now == []
    begun.known.set_result("arn")
    await pass_by()
    assert told.now == ["the certificate"]
    done.known.set_result("arn")
    await pass_by()
    assert told.now == []


async def test_what_fails_is_over() -> None:
    told, done = Told(), Value()
    slow: Any = Slow("the certificate", (), done)  # type: ignore[arg-type] # as data
    watch(told, slow)
    await pass_by()
    assert told.now == ["the certificate"]
    done.known.set_exception(pulumi.RunError("no"))
    await pass_by()
    assert told.now == []


async def test_a_preview_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    told = Told()
    slow: Any = Slow("the certificate", (), Value())  # type: ignore[arg-type] # as data
    watch(told, slow)
    await pass_by()
    assert told.now == []


async def test_records_are_told_of_once_their_guard_lets_them_pass() -> None:
    told, urn = Told(), Value()
    passed = Passed(told, "the STS record")
    record: Any = SimpleNamespace(urn=urn)
    passed.writes.append(record)
    await pass_by()
    assert told.now == []
    passed.tell()
    await pass_by()
    assert told.now == ["the STS record"]
    urn.known.set_result("urn")
    await pass_by()
    assert told.now == []


def test_the_engine_shows_waits_for_the_moment_and_outcomes_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[tuple[str, bool]] = []

    def info(text: str, *, ephemeral: bool = False) -> None:
        said.append((text, ephemeral))

    monkeypatch.setattr(pulumi.log, "info", info)
    waits = engine_waits()
    waits.tell("waiting")
    waits.say("passed")
    assert said == [("waiting", True), ("passed", False)]
