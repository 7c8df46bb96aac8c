"""A stack asked by itself: whatever happens there ends in its row, and within its deadline."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from loopback import Zone
from stack_text import stack_text

from mtasts.errors import UndeterminedError
from mtasts.run.stack_statuses import Asker
from mtasts.status.rows import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def asker(identify: Callable[[], str], evidence: Path = Path("none")) -> Asker:
    """One whose account is asked so, and no further."""
    clouds: Any = lambda *_: SimpleNamespace(identify=identify)  # noqa: E731 - a line
    return Asker(clouds, Zone({}), evidence, lambda: NOW, deadline_seconds=0.2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.agency.yaml"
    path.write_text(stack_text("{name: example.gov, mx: [mx1.example.gov]}"))
    return path


def unknown() -> str:
    raise UndeterminedError("the account of the AWS credentials: none")


def broken() -> str:
    raise KeyError("Account\x1b[31m")


@pytest.mark.parametrize(
    ("identify", "says"),
    [
        pytest.param(unknown, "the account of the AWS credentials: none", id="not-known"),
        pytest.param(
            broken,
            "KeyError: 'Account\\x1b[31m': report this as a bug of mtasts",
            id="a-mistake-of-ours",
        ),
    ],
)
async def test_what_could_not_be_found_out_is_said_and_the_rest_is_shown(
    file: Path, identify: Callable[[], str], says: str
) -> None:
    (file.parent / "agency").mkdir()
    (file.parent / "agency" / "example.gov.json").write_text("{")
    found = await asker(identify, file.parent).ask("agency", file)
    assert (found.standing, found.next.text) == (Standing.UNKNOWN, says)
    assert (found.agency, [each.name for each in found.domains]) == ("A", ["example.gov"])
    assert "example.gov.json" in found.domains[0].evidence.problem


async def test_an_account_that_does_not_answer_is_waited_for_no_longer_than_that(
    file: Path,
) -> None:
    answered = threading.Event()

    def silent() -> str:
        answered.wait(20)
        return "123456789012"

    try:
        found = await asker(silent).ask("agency", file)
    finally:
        answered.set()
    assert found.standing is Standing.UNKNOWN
    assert found.next.text == "the look-ups of accounts and DNS took over 0.2 s"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("{", "1 problem in the config", id="no-yaml"),
        pytest.param(stack_text("{name: a b, mx: []}"), "1 problem in the config", id="mistakes"),
        pytest.param(None, "1 problem in the config", id="no-file"),
    ],
)
async def test_a_file_that_cannot_be_used_is_named_with_the_way(
    file: Path, text: str | None, says: str
) -> None:
    file = file.with_name("Pulumi.it's.yaml")
    if text is not None:
        file.write_text(text)
    found = await asker(unknown).ask("it's", file)
    assert found.is_refused
    assert found.standing is Standing.HELD
    assert says in found.next.text
    quoted = str(file).replace("'", "'\"'\"'")
    assert found.next.run == (f"mtasts lint stack '{quoted}'",)
