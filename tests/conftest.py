"""What the tests of the library and of the local cloud share."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from mtasts.localcloud import service_models, warm
from mtasts.localcloud.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

GOLDEN = Path(__file__).with_name("golden")

# A run in the background ignores SIGINT, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes tells of the machine's load, not of the code.
hypothesis.settings.register_profile("mtasts", deadline=None)
hypothesis.settings.load_profile("mtasts")
# Most tests make a session of their own.
service_models.share()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write tests/golden/ anew from what the templates make; review the diff",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with a file of ``tests/golden/``, byte for byte."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_bytes(text.encode())
        assert text.encode() == path.read_bytes(), f"{path}: if it is meant, pytest --update-golden"

    return compare


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A certificate authority that nothing else trusts."""
    return Authority()


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    """Its root certificate, as clients load it."""
    path = tmp_path / "ca.pem"
    authority.write(path)
    return path


@pytest.fixture(scope="session")
def warmth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables that lead to a warm process, for the runs of this worker."""
    with warm.running(tmp_path_factory.mktemp("warm") / "socket") as variables:
        yield variables
