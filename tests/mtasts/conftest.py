"""What holds for every test of the library."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_default_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for a thread of the event loop's own executor, whatever library asks for it.

    In a run those threads wait for the hooks (`mtasts.threads`). A test that sets such an executor
    by itself may use it.
    """
    real = asyncio.BaseEventLoop.run_in_executor

    def refusing(loop: Any, executor: Any, *work: Any) -> Any:
        if executor is None and loop._default_executor is None:
            raise AssertionError(f"{work[0]} asks for a thread of the default executor")
        return real(loop, executor, *work)

    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", refusing)
