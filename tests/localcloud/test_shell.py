"""``mtasts local env`` and ``--unset`` in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mtasts.localcloud.cloud import Cloud
from mtasts.localcloud.shell import enter, leave, outside

CLOUD = Cloud(
    directory=Path("/tmp/it's here"),  # noqa: S108 - only named
    pid=1,
    aws="http://127.0.0.1:1",
    dns="127.0.0.1:2",
    edge_port=3,
    control="http://127.0.0.1:4",
    ca_file=Path("/tmp/it's here/ca.pem"),  # noqa: S108 - only named
    mail={"mail1.example.gov": 5},
    cloudflare="http://127.0.0.1:6/client/v4",
)
OWN = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/home/me",
    "AWS_PROFILE": "production",
    "AWS_SECRET_ACCESS_KEY": "a 'secret' $(false) \"value\"",
    "PULUMI_STACK": "mine",
}
SHELLS = [shell for shell in ("sh", "bash", "zsh", "dash") if shutil.which(shell)]


def after(shell: str, script: str, own: dict[str, str]) -> dict[str, str]:
    """The environment of a shell with the environment ``own`` once it has evaluated a script."""
    done = subprocess.run(
        [shutil.which(shell) or shell, "-euc", 'eval "$SCRIPT"; unset SCRIPT; exec env -0'],
        env=own | {"SCRIPT": script},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    return {name: value for name, value in found.items() if name in own or "_" in name[1:]}


@pytest.mark.parametrize("shell", SHELLS)
def test_unset_restores_the_environment(shell: str) -> None:
    inside = after(shell, enter(CLOUD, OWN), OWN)
    assert inside["PATH"] == f"{CLOUD.bin}:/usr/bin:/bin"
    assert inside["AWS_SECRET_ACCESS_KEY"] == "local"
    assert inside["MTASTS_CONNECT_TO"] == ":443::3 mail1.example.gov:25::5"
    assert "AWS_PROFILE" not in inside
    assert "PULUMI_STACK" not in inside
    assert after(shell, leave(inside), inside) == OWN


@pytest.mark.parametrize("shell", SHELLS)
def test_env_twice_is_like_env_once(shell: str) -> None:
    once = after(shell, enter(CLOUD, OWN), OWN)
    twice = after(shell, enter(CLOUD, once), once)
    assert twice == once


def test_no_value_of_the_callers_is_printed() -> None:
    inside = after("sh", enter(CLOUD, OWN), OWN)
    for script in (enter(CLOUD, OWN), leave(inside), enter(CLOUD, inside)):
        assert "production" not in script
        assert "secret" not in script


def test_unset_outside_of_a_local_cloud_prints_nothing() -> None:
    assert leave(OWN) == ""
    assert outside(OWN) == OWN


def test_a_name_that_is_not_a_variable_is_not_printed() -> None:
    hostile = {"MTASTS_LOCAL_CLOUD": "/x", "MTASTS_ASIDE_AWS_X;touch x": "1", "PATH": "/x/bin"}
    assert "touch" not in leave(hostile)


def test_outside_gives_the_environment_that_unset_restores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MTASTS_LOCAL_CLOUD", raising=False)
    inside = after("sh", enter(CLOUD, OWN), OWN)
    assert outside(inside) == OWN
    assert os.pathsep.join(["/usr/bin", "/bin"]) == outside(inside)["PATH"]
