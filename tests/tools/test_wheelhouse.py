"""A wheelhouse is all that an install without a network needs: ``pytest -m wheelhouse``.

It fetches what `requirements.lock` pins (60 MB) from the package index, unless pip has it cached.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import wheelhouse

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.wheelhouse


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A wheelhouse, and this checkout's own wheel in it."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    return folder, wheelhouse.collect(folder)


def test_it_has_every_package_of_the_lock_with_its_sum(collected: tuple[Path, Path]) -> None:
    folder, own = collected
    lines = (folder / wheelhouse.SUMS).read_text().splitlines()
    rows = dict(line.split("  ")[::-1] for line in lines)
    wheels = {each.name: each for each in folder.glob("*.whl")}
    assert rows == {
        name: hashlib.sha256(each.read_bytes()).hexdigest() for name, each in wheels.items()
    }
    locked = re.findall(
        r"^([a-z0-9._-]+)==\S+(?: ;.*)? \\$", wheelhouse.LOCK.read_text(), re.MULTILINE
    )
    assert own.name in wheels
    found = {name.partition("-")[0].lower().replace("_", "-") for name in wheels} - {"mtasts"}
    assert found <= {each.replace(".", "-") for each in locked}
    assert {"pulumi", "pulumi-aws", "pulumi-cloudflare", "boto3", "pydantic"} <= found


def test_it_is_enough_to_install_from_without_an_index(collected: tuple[Path, Path]) -> None:
    assert wheelhouse.prove(*collected).startswith("mtasts ")


def test_one_that_lacks_a_wheel_is_not_enough(
    collected: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, own = collected
    for each in folder.glob("*.whl"):
        if not each.name.startswith("pydantic_core-"):
            shutil.copy(each, tmp_path)
    with pytest.raises(subprocess.CalledProcessError):
        wheelhouse.prove(tmp_path, tmp_path / own.name)
    assert "pydantic-core" in capfd.readouterr().err
