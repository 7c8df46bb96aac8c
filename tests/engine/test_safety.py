"""The tool's own safety: no stand-in without a local cloud, and none that reaches beyond one."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtasts.localcloud.project import Project
from mtasts.localcloud.warm_client import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lab

pytestmark = pytest.mark.engine

BUCKET = "import pulumi_aws\npulumi_aws.s3.Bucket('b', bucket='a-bucket'{})\n"


def test_with_an_activated_environment_and_no_local_cloud_no_stand_in_is_found(
    pulumi: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "project" / "__main__.py").write_text(BUCKET.format(""))
    pulumi("config", "set", "aws:region", "us-east-1")
    refused = pulumi("up", "--yes")
    assert refused.returncode != 0
    text = " ".join((refused.stdout + refused.stderr).split())
    assert "no resource plugin 'pulumi-resource-aws" in text
    assert not list(tmp_path.glob("home/plugins/resource-aws-*"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"AWS_ENDPOINT_URL": "http://192.0.2.1:80"}, "loopback"),
        ({"AWS_ENDPOINT_URL": "https://s3.us-east-1.amazonaws.com"}, "loopback"),
        ({"AWS_ENDPOINT_URL": ""}, "AWS_ENDPOINT_URL"),
        ({"PULUMI_BACKEND_URL": "file:///elsewhere"}, "backend"),
        ({"MTASTS_LOCAL_CLOUD": ""}, "MTASTS_LOCAL_CLOUD"),
    ],
    ids=["address", "production", "no-endpoint", "another-backend", "no-local-cloud"],
)
def test_a_stand_in_led_elsewhere_refuses(
    lab: Lab, tmp_path: Path, change: dict[str, str], says: str
) -> None:
    if "PULUMI_BACKEND_URL" in change:
        (tmp_path / "elsewhere").mkdir()
        change = {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'elsewhere'}"}
    project = lab.program(BUCKET.format(""))
    led = Project(project.folder, dict(project.environment) | change, "").select(project.stack)
    refused = led.up()
    assert not refused.ok
    assert says in refused.text
    names = [each["Name"] for each in lab.client("s3").list_buckets()["Buckets"]]
    assert "a-bucket" not in names


RAW = """
import pulumi

class Raw(pulumi.CustomResource):
    def __init__(self, name, props):
        super().__init__("aws:route53/record:Record", name, props)

Raw("r", {inputs})
"""


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ({"name": "a.example", "zoneId": "Z1", "type": "TXT", "colour": "green"}, "colour"),
        ({"name": "a.example", "type": "TXT"}, "zoneId"),
        ({"name": "a.example", "zoneId": "Z1"}, "type"),
    ],
    ids=["unknown", "required", "required-too"],
)
def test_an_input_unknown_or_missing_is_refused_by_name(
    lab: Lab, inputs: dict[str, str], names: str
) -> None:
    refused = lab.program(RAW.format(inputs=inputs)).up()
    assert not refused.ok
    assert names in refused.text


WAITING = """
import threading
from pathlib import Path
from pulumi_aws import s3

bucket = s3.Bucket("b", bucket="{bucket}")

def wait(_):
    Path("ready").touch()
    threading.Event().wait()

bucket.id.apply(wait)
"""


def processes(mark: str) -> list[int]:
    """The processes whose environment carries a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_nothing_outlives_an_engine_that_is_killed(lab: Lab) -> None:
    mark = f"MTASTS_MARK_{uuid.uuid4().hex}"
    project = lab.program(WAITING.format(bucket=f"b-{uuid.uuid4().hex}"))
    pause = threading.Event()
    with subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--stack", project.stack],
        executable=f"{lab.cloud.bin}/pulumi",
        cwd=project.folder,
        env=dict(project.environment) | {mark: "1", VARIABLE: ""},  # cold, as users' runs
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as engine:
        end = time.monotonic() + 60
        while not (project.folder / "ready").exists():
            assert time.monotonic() < end
            pause.wait(0.05)
        running = processes(mark)
        assert len(running) >= 4  # engine, language host, program, provider
        os.kill(engine.pid, signal.SIGKILL)
    end = time.monotonic() + 20
    while processes(mark):
        assert time.monotonic() < end, "something lives on"
        pause.wait(0.05)
