"""How tests are given out to the workers: tests/conftest.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).relative_to(Path(__file__).parents[2]).as_posix()


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there is one process")
def test_a_file_is_one_workers(request: pytest.FixtureRequest) -> None:
    """Where xdist and pytest do not fit together, each worker makes every file's fixtures."""
    assert request.node.nodeid.endswith(f"@{HERE}")
