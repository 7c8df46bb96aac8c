"""Stacks of many domains on the real engine: they come up, stay, change, and fail one by one.

`make test` runs a sample, `make matrix` every size with every ``--parallel``.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.localcloud.edge_response import EdgeFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.long]
# More domains than run at once on two processors, or with that --parallel.
SAMPLE = {("aws", 10, ""), ("cloudflare", 6, "4")}
SIZES = {"aws": (1, 10, 40, 150), "cloudflare": (1, 10, 40)}
PARALLEL = ("1", "4", "")
CASES = [
    pytest.param(
        *case,
        id="-".join((case[0], str(case[1]), case[2] or "default")),
        marks=() if case in SAMPLE else pytest.mark.matrix,
    )
    for case in sorted(
        SAMPLE
        | {(cloud, size, each) for cloud in SIZES for size in SIZES[cloud] for each in PARALLEL}
    )
]
# A run that hangs ends by itself; a large one on a busy machine is none that hangs.
RUN_SECONDS = 1800


def stack(lab: Lab, hosting: str, size: int, *, proof_seconds: int) -> tuple[Project, list[str]]:
    """A project of so many domains, and their names."""
    mark = uuid.uuid4().hex[:8]
    domains = [f"d{number:03}-{mark}.example" for number in range(size)]
    text = "".join(f"- name: {each}\n  mx: [mx1.{each}]\n" for each in domains)
    project = lab.stack(text, hosting=hosting)
    project.configure({"mtasts:proofSeconds": str(proof_seconds)})
    return replace(project, deadline_seconds=RUN_SECONDS), domains


def ids(lab: Lab, domains: list[str]) -> dict[str, str | None]:
    """The STS record of each domain."""
    return {each: lab.sts(each) for each in domains}


@pytest.mark.parametrize(("hosting", "size", "parallel"), CASES)
def test_a_stack_comes_up_stays_and_changes_as_a_whole(
    lab: Lab, hosting: str, size: int, parallel: str, record_property: Callable[[str, Any], None]
) -> None:
    project, domains = stack(lab, hosting, size, proof_seconds=300)
    words = ("--parallel", parallel) if parallel else ()
    seconds = []

    def timed(*more: str) -> None:
        began = time.monotonic()
        project.up(*words, *more).required()
        seconds.append(f"{time.monotonic() - began:.0f}")

    timed()
    first = ids(lab, domains)
    timed("--expect-no-changes")
    project.configure({"mtasts:maxAge": "86400"})
    timed()
    second = ids(lab, domains)
    record_property(
        "scale",
        f"{hosting} {size} domains, --parallel {parallel or 'default'}: {' '.join(seconds)} s",
    )

    assert None not in {*first.values(), *second.values()}
    assert not {*first.values()} & {*second.values()}
    project.unchanged()


@pytest.mark.parametrize("size", [pytest.param(4), pytest.param(40, marks=pytest.mark.matrix)])
@pytest.mark.parametrize("hosting", ["aws", "cloudflare"])
def test_one_proof_that_fails_leaves_the_others_done(lab: Lab, hosting: str, size: int) -> None:
    project, domains = stack(lab, hosting, size, proof_seconds=5 * size)
    broken = domains[size // 2]
    lab.control.set_edge_fault(f"mta-sts.{broken}", EdgeFault(status=503))

    failed = project.up("--continue-on-error")
    assert not failed.ok
    assert f"https://mta-sts.{broken} does not serve the intended policy" in failed.text
    done = ids(lab, domains)
    assert [each for each in domains if done[each] is None] == [broken]

    lab.control.clear_edge_fault(f"mta-sts.{broken}")
    plan = json.loads(project.pulumi("preview", "--json").required().stdout)
    touched = {step["urn"].rpartition("::")[2] for step in plan["steps"] if step["op"] != "same"}
    assert all(broken in each or each.startswith(project.stack) for each in touched)
    project.up().required()
    assert lab.sts(broken) is not None
    project.unchanged()
