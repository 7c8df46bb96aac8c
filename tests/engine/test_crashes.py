"""A run is killed at every step; `mtasts recover` and a rerun bring it to where it was going.

The points are those before and after each operation of the provider and each hook, in a first
rollout and in a change. What holds after each: the STS record was never ahead of its body, one new
id, no ledger entry lost or written twice, nothing left over in the account.
"""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_safety import processes

from mtasts.localcloud.warm_client import VARIABLE
from mtasts.render.worker import worker_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = pytest.mark.engine
ON_AWS = (
    "policies-bucket",
    "policies-public-access",
    "policies-ownership",
    "policies-versioning",
    "policies-encryption",
    "policies-access",
    "policies-access-control",
    "{}-tlsrpt",
    "{}-certificate",
    "{}-validation",
    "{}-issued",
    "{}-distribution",
    "{}-policy",
    "{}-ipv4",
    "{}-ipv6",
    "{}-sts",
)
ON_CLOUDFLARE = (
    "{}-tlsrpt",
    "{}-worker-script",
    "{}-worker-own-name",
    "{}-domain",
    "{}-sts",
)
HOOKS = ("{}-ledger", "{}-candidate-proof", "{}-proof")
MOMENTS = ("before", "after")
FIRST = [
    *(("aws", f"{moment} create", name) for name in ON_AWS for moment in MOMENTS),
    *(("aws", f"{moment} hook", name) for name in HOOKS for moment in MOMENTS),
    *(("cloudflare", f"{moment} create", name) for name in ON_CLOUDFLARE for moment in MOMENTS),
    *(("cloudflare", f"{moment} hook", name) for name in HOOKS for moment in MOMENTS),
]
CHANGE = [
    (cloud, f"{moment} {what}", name)
    for cloud, body in (("aws", "{}-policy"), ("cloudflare", "{}-worker-script"))
    for what, name in (
        ("update", body),
        ("update", "{}-sts"),
        ("hook", "{}-ledger"),
        ("hook", "{}-proof"),
    )
    for moment in MOMENTS
]
# These are tried each time; the rest takes a quarter of an hour: make matrix.
ALWAYS = {
    "first": {
        ("aws", "after create", "{}-certificate"),
        ("aws", "after create", "{}-sts"),
        ("cloudflare", "after create", "{}-sts"),
    },
    "change": {("aws", "after hook", "{}-proof")},
}


def points(rollout: str, every: list[tuple[str, str, str]]) -> list[Any]:
    return [
        pytest.param(*each, marks=() if each in ALWAYS[rollout] else pytest.mark.matrix)
        for each in every
    ]


# The program, with hooks that kill the engine; its process is the parent's parent.
PROGRAM = """
import os, pathlib, signal, subprocess, time
import mtasts.components.mail_domain as module
from mtasts.components.program import run

inner = module.guard

def parent_of(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat")
    if stat.exists():
        return int(stat.read_text().rpartition(")")[2].split()[1])
    return int(subprocess.check_output(["ps", "-o", "ppid=", "-p", str(pid)]))

def guard(name, check, *, deadline_seconds):
    async def crashing(arguments):
        for moment in ("before", "after"):
            if os.environ.get("TEST_CRASH") == f"{moment} hook {name}":
                os.kill(parent_of(os.getppid()), signal.SIGKILL)
                time.sleep(60)
            if moment == "before":
                await check(arguments)
    return inner(name, crashing, deadline_seconds=deadline_seconds)

module.guard = guard
run()
"""


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


def killed(project: Project, point: str) -> None:
    """A run that ends at ``point``, with everything that it had started; cold, as users' runs."""
    mark = f"MTASTS_MARK_{uuid.uuid4().hex}"
    asked = {"MTASTS_LOCAL_CRASH": point, "TEST_CRASH": point, mark: "1", VARIABLE: ""}
    doomed = replace(project, environment={**project.environment, **asked})
    run = doomed.up()
    assert run.code == -signal.SIGKILL, run.text
    end, pause = time.monotonic() + 30, threading.Event()
    while processes(mark):
        assert time.monotonic() < end, "something lives on"
        pause.wait(0.1)


def ledger(project: Project, domain: str) -> list[dict[str, Any]]:
    shown = project.mtasts("ledger", "show", project.stack, "--domain", domain, "--format", "json")
    rows: list[dict[str, Any]] = json.loads(shown.required().stdout)["entries"]
    return rows


def live_id(lab: Lab, domain: str) -> str | None:
    text = lab.sts(domain)
    return text.partition("id=")[2].rstrip(';"') if text else None


def require_record_not_ahead(
    lab: Lab, project: Project, domain: str, known: list[dict[str, Any]] | None = None
) -> None:
    """The id in DNS is that of a body which was seen served; ``known`` is the ledger if at hand."""
    id_ = live_id(lab, domain)
    if id_ is not None:
        rows = known or ledger(project, domain)
        (body,) = [row for row in rows if row.get("id") == id_ and "mode" in row]
        assert body["proven"]


def require_nothing_left_over(lab: Lab, project: Project, domain: str) -> None:
    """One of each in the account, as in the state."""
    if lab.hosting == "cloudflare":
        records = lab.records(domain)
        host = f"mta-sts.{domain}"
        assert all(len(values) == 1 for values in records.values())
        assert lab.hosts(domain) == [worker_name(domain)]
        attached = lab.api.get(f"{lab.api.path}/workers/domains")
        assert [row["service"] for row in attached if row["hostname"] == host] == [
            worker_name(domain)
        ]
        return
    cloudfront = lab.client("cloudfront")
    distributions = cloudfront.list_distributions()["DistributionList"].get("Items", [])
    controls = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
    certificates = lab.client("acm").list_certificates()["CertificateSummaryList"]
    host = f"mta-sts.{domain}"
    assert len([each for each in distributions if host in each["Aliases"].get("Items", ())]) == 1
    assert len([each for each in certificates if each["DomainName"] == host]) == 1
    assert len([each for each in controls if each["Name"].endswith(project.stack)]) == 1


def recovered(lab: Lab, project: Project, domain: str, bodies: int) -> str:
    """Recover, run again, and look at everything; what the recovery had to do."""
    require_record_not_ahead(lab, project, domain)
    shown = project.mtasts("recover", project.stack, "--format", "json").required()
    project.up().required()
    project.require_settled()
    rows = ledger(project, domain)
    require_record_not_ahead(lab, project, domain, rows)
    found = [row for row in rows if row["kind"] == "body"]
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(found) == bodies
    assert len({row["id"] for row in found}) == bodies
    assert live_id(lab, domain) == found[-1]["id"]
    require_nothing_left_over(lab, project, domain)
    did = [each["did"] for each in json.loads(shown.stdout)["done"]]
    return ", ".join(f"{did.count(each)} {each}" for each in dict.fromkeys(did))


def stack(lab: Lab, domain: str, cloud: str = "aws") -> Project:
    lab.hosting = cloud
    project = lab.stack(f"- name: {domain}\n  mx: [mx1.{domain}]\n")
    (project.folder / "__main__.py").write_text(PROGRAM)
    return project


@pytest.mark.parametrize(("cloud", "moment", "name"), points("first", FIRST))
def test_a_first_rollout_that_is_killed_is_recovered(  # noqa: PLR0917 - a table's columns
    lab: Lab,
    domain: str,
    cloud: str,
    moment: str,
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    project = stack(lab, domain, cloud)
    killed(project, f"{moment} {name.format(domain)}")
    did = recovered(lab, project, domain, bodies=1)
    record_property("matrix", f"{cloud}, first rollout, {moment} {name.format('D')}: {did}")


@pytest.mark.parametrize(("cloud", "moment", "name"), points("change", CHANGE))
def test_a_change_that_is_killed_is_recovered(  # noqa: PLR0917 - a table's columns
    lab: Lab,
    domain: str,
    cloud: str,
    moment: str,
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    project = stack(lab, domain, cloud)
    project.up().required()
    project.configure({"mtasts:maxAge": "86400"})
    killed(project, f"{moment} {name.format(domain)}")
    shown = project.mtasts("preview", project.stack, "--format", "json").required()
    (told,) = json.loads(shown.stdout)["domains"]
    assert told["idBefore"] == live_id(lab, domain)  # whatever the state says
    assert "max_age: 86400" in told["policyAfter"]
    assert not any("no policy is served" in each for each in told["effects"])
    did = recovered(lab, project, domain, bodies=2)
    record_property("matrix", f"{cloud}, change, {moment} {name.format('D')}: {did}")


@pytest.mark.parametrize(("cloud", "imports"), [("aws", 10), ("cloudflare", 2)])
def test_a_state_that_is_lost_is_found_again(
    lab: Lab, domain: str, cloud: str, imports: int
) -> None:
    project = stack(lab, domain, cloud)
    project.up().required()
    before = live_id(lab, domain)
    config = project.stack_file.read_text()
    project.pulumi("stack", "rm", "--force", "--yes").required()
    project.stack_file.write_text(config)
    project = project.select(project.stack)
    did = recovered(lab, project, domain, bodies=1)
    assert did == f"{imports} import"
    assert live_id(lab, domain) == before


def test_a_state_file_that_is_cut_off_is_put_back(lab: Lab, domain: str) -> None:
    project = stack(lab, domain)
    project.up().required()
    folder = Path(lab.cloud.backend.removeprefix("file://")) / ".pulumi" / "stacks" / "mtasts"
    (folder / f"{project.stack}.json").write_bytes(b"{")
    refused = project.up()
    assert "failed to load checkpoint" in refused.text
    assert recovered(lab, project, domain, bodies=1).startswith("1 restore")


def test_a_lock_of_another_host_is_released_by_its_id_alone(lab: Lab, domain: str) -> None:
    project = stack(lab, domain)
    id_ = str(uuid.uuid4())
    folder = Path(lab.cloud.backend.removeprefix("file://")) / ".pulumi" / "locks"
    lock = folder / "organization" / "mtasts" / project.stack / f"{id_}.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = {"pid": 1, "username": "a", "hostname": "elsewhere", "timestamp": "2026-01-01T00:00:00Z"}
    lock.write_text(json.dumps(held))
    refused = project.mtasts("recover", project.stack)
    assert refused.code == 2
    assert "locked by a@elsewhere, process 1 since 2026-01-01 00:00 UTC" in refused.stderr
    assert f"--lock-id {id_}" in refused.stderr
    assert lock.exists()
    done = project.mtasts("recover", project.stack, "--lock-id", id_).required()
    assert "released the lock of a@elsewhere" in done.stderr
    assert not lock.exists()
