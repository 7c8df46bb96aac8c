"""What the tests of the library and of the local cloud share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
import pytest

from localcloud import warm
from localcloud.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# How long an example takes tells of the machine's load, not of the code.
hypothesis.settings.register_profile("mtasts", deadline=None)
hypothesis.settings.load_profile("mtasts")


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
