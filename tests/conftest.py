"""What the tests of the library and of the local cloud share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path


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
