"""The contract that both clouds keep, on the real engine: each case has two columns.

Every step is followed by the same again, which has to find nothing to do.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.config import load_file
from mtasts.ledger.phases import Phase
from mtasts.localcloud.cloudflare.account import WORKERS_DEV
from mtasts.localcloud.edge_response import EdgeFault
from mtasts.localcloud.warm_client import VARIABLE
from mtasts.policy import POLICY_PATH, Policy, policy_id
from mtasts.probe.dns import ADDRESS_TYPES, Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach
from mtasts.render.worker import worker_name

if TYPE_CHECKING:
    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = pytest.mark.engine
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
OTHER_PATHS = (
    "/",
    "/index.html",
    "/.well-known/",
    "/.well-known/mta-sts.txt/",
    "/.well-known/mta-sts.tx",
    "/.well-known/MTA-STS.txt",
    "//.well-known/mta-sts.txt",
    "/policy/.well-known/mta-sts.txt",
    "/ledger/1.json",
)


@pytest.fixture(params=["aws", "cloudflare"], autouse=True)
def cloud(lab: Lab, request: pytest.FixtureRequest) -> str:
    """The cloud that hosts; every stack of the test is on it."""
    lab.hosting = request.param
    return lab.hosting


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


def entry(domain: str) -> str:
    return f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"


def command(project: Project, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a command of ours in the project; exit code and the JSON it printed."""
    done = project.mtasts(*words, "--format", "json")
    return done.code, json.loads(done.stdout)


def declared(project: Project, revision: int = 0) -> str:
    """The STS record that the stack file of one domain asks for, as the body of that revision."""
    (found,) = load_file(project.stack_file).domains
    body = Policy(found.mode, found.max_age, found.mx).render()
    return f'"v=STSv1; id={policy_id(body, revision)};"'


def test_a_domain_is_published_changed_promoted_and_each_time_settles(
    lab: Lab, domain: str
) -> None:
    project = lab.stack(entry(domain))
    cold = {**project.environment, VARIABLE: ""}  # as users' runs
    replace(project, environment=cold).up().required()
    project.require_settled()
    seen = [lab.sts(domain)]
    assert seen == [declared(project)]
    require_nothing_else_answered(project, domain)
    for revision, (key, value) in enumerate(
        (("mtasts:domains[0].mx[1]", f"mx2.{domain}"), ("mtasts:mode", "enforce")), start=1
    ):
        project.configure({key: value}, path="[" in key)
        if value == "enforce":
            held = project.up()
            assert not held.ok
            assert f"{domain}: [evidence-missing]" in held.text
            project.collect_evidence(domain).required()
        project.settle()
        assert lab.sts(domain) == declared(project, revision)
        seen.append(lab.sts(domain))
    assert len(set(seen)) == 3


def require_nothing_else_answered(project: Project, domain: str) -> None:
    """The policy host answers with the policy, and every other path with an error."""
    reach, host = Reach.from_environment(project.environment), f"mta-sts.{domain}"

    async def statuses() -> dict[str, set[int]]:
        resolver = Resolver(reach)
        found: dict[str, set[int]] = {}
        for path in (POLICY_PATH, *OTHER_PATHS):
            for type_ in ADDRESS_TYPES:
                for address in (await resolver.lookup(host, type_)).values:
                    got = await fetch(reach, host, address, path)
                    found.setdefault(path, set()).add(got.status)
        return found

    found = asyncio.run(statuses())
    assert found.pop(POLICY_PATH) == {200}
    assert found.keys() == set(OTHER_PATHS)
    assert all(400 <= status < 600 for each in found.values() for status in each)


def test_a_stale_edge_keeps_the_id_back_and_a_rerun_brings_one_new_id(
    lab: Lab, domain: str
) -> None:
    project = lab.stack(entry(domain))
    project.up().required()
    before = lab.sts(domain)
    lab.control.set_edge_fault(f"mta-sts.{domain}", EdgeFault(stale=True))
    project.collect_evidence(domain).required()
    project.configure({"mtasts:mode": "enforce"})
    for _ in range(2):  # a rerun looks again: the body's write is no proof
        refused = project.up()
        assert not refused.ok
        assert f"https://mta-sts.{domain} does not serve the intended policy" in refused.text
        assert "another body (mode testing" in refused.text
        assert lab.sts(domain) == before
    lab.control.clear_edge_fault(f"mta-sts.{domain}")
    project.settle()
    assert lab.sts(domain) == declared(project, 1) != before


def test_no_address_record_leads_to_a_host_that_does_not_serve_the_policy(
    lab: Lab, domain: str
) -> None:
    # On Cloudflare a Worker is asked by its own name before anything else leads to it.
    hosts = (f"mta-sts.{domain}", f"{worker_name(domain)}.{WORKERS_DEV}")
    for host in hosts:
        lab.control.set_edge_fault(host, EdgeFault(status=503))
    project = lab.stack(entry(domain))
    refused = project.up()
    assert not refused.ok
    assert "status 503" in refused.text
    assert {type_ for owner, type_ in lab.records(domain) if owner.startswith("mta-sts")} == set()
    assert lab.sts(domain) is None
    for host in hosts:
        lab.control.clear_edge_fault(host)
    project.settle()
    assert lab.sts(domain) == declared(project)


def test_a_held_domain_is_left_as_it_is_while_the_others_proceed(lab: Lab, domain: str) -> None:
    first, last = (f"d{uuid.uuid4().hex[:8]}.example" for _ in range(2))
    project = lab.stack("".join(map(entry, (first, domain, last))))
    project.up().required()
    before = {each: lab.sts(each) for each in (first, domain, last)}
    settings = {"mtasts:maxAge": "86400", "mtasts:domains[1].mode": "enforce"}
    project.configure(settings, path=True)
    held = project.up()
    assert not held.ok
    assert f"held, and left as they are: {domain}\n" in held.text
    assert "no evidence for enforce" in held.text
    alone = f"the other domains all the same: pulumi up --skip-preview -s {project.stack}"
    assert alone in held.text
    assert lab.sts(domain) == before[domain]
    for other in (first, last):
        assert lab.sts(other) not in (None, before[other])
    assert (f"mta-sts.{domain}", "AAAA") in lab.records(domain)
    project.collect_evidence(domain).required()
    project.settle()
    assert lab.sts(domain) != before[domain]


def test_a_ca_that_is_forbidden_holds_a_new_domain_and_no_rollback(lab: Lab, domain: str) -> None:
    forbidding = {
        "Name": domain,
        "Type": "CAA",
        "TTL": 60,
        "ResourceRecords": [{"Value": '0 issue "ca.example"'}],
    }
    project = lab.stack(entry(domain))
    lab.put(domain, forbidding)
    held = project.up()
    assert not held.ok
    assert "ca.example" in held.text
    assert (f"mta-sts.{domain}", "AAAA") not in lab.records(domain)
    lab.put(domain, forbidding, action="DELETE")
    project.up().required()
    lab.put(domain, forbidding)
    project.configure({"mtasts:mode": "none"})
    assert "ca.example" in project.settle().text
    assert lab.sts(domain) == declared(project, 1)


def test_a_body_that_comes_back_gets_an_id_of_its_own(lab: Lab, domain: str) -> None:
    project = lab.stack(entry(domain))
    project.up().required()
    seen = [lab.sts(domain)]
    assert seen == [declared(project)]
    for revision, age in enumerate(("86400", "604800"), start=1):
        project.configure({"mtasts:maxAge": age})
        project.up().required()
        assert lab.sts(domain) == declared(project, revision)
        seen.append(lab.sts(domain))
    project.require_settled()
    # The cure where a sender holds another body under the id: the same policy, another token.
    project.configure({"mtasts:domains[0].reroll": "after-an-incident"}, path=True)
    project.settle()
    assert lab.sts(domain) == declared(project, 3)
    seen.append(lab.sts(domain))
    assert len(set(seen)) == 4
    code, found = command(project, "ledger", "show", project.stack)
    assert code == 0
    rows = found["entries"]
    assert [row["kind"] for row in rows].count("proof") == 4
    assert [row["revision"] for row in rows if row["kind"] == "body"] == [0, 1, 2, 3]


def test_a_live_mx_that_is_not_listed_holds_the_promotion_and_nothing_else(
    lab: Lab, domain: str
) -> None:
    project = lab.stack(entry(domain))
    project.up().required()
    before = lab.sts(domain)
    values = [{"Value": f"10 mx1.{domain}."}, {"Value": f"20 backup.{domain}."}]
    lab.put(domain, {"Name": domain, "Type": "MX", "TTL": 300, "ResourceRecords": values})
    project.configure({"mtasts:mode": "enforce"})
    held = project.up()
    assert not held.ok
    assert f"held, and left as they are: {domain}" in held.text
    assert f"backup.{domain}: MX of {domain} in DNS, but not in the policy" in held.text
    assert lab.sts(domain) == before
    code, review = command(project, "preview", project.stack)
    assert (code, review["held"]) == (1, True)
    assert f"backup.{domain}" in review["problems"][0]
    project.configure({"mtasts:mode": "testing", "mtasts:maxAge": "86400"})
    code, review = command(project, "preview", project.stack)
    assert (code, review["held"], review["counts"]["update"]) == (0, False, 2)
    (reviewed,) = review["domains"]
    assert f'"v=STSv1; id={reviewed["idBefore"]};"' == before
    assert f'"v=STSv1; id={reviewed["idAfter"]};"' == declared(project, 1)
    project.settle()
    assert lab.sts(domain) == declared(project, 1)


def test_a_record_made_by_hand_is_not_written_over(lab: Lab, domain: str) -> None:
    project = lab.stack(entry(domain))
    record = {
        "Name": f"_mta-sts.{domain}",
        "Type": "TXT",
        "TTL": 300,
        "ResourceRecords": [{"Value": '"v=STSv1; id=20200101;"'}],
    }
    lab.put(domain, record)
    held = project.up()
    assert not held.ok
    assert "has an STS record that this stack did not publish" in held.text
    assert lab.sts(domain) == '"v=STSv1; id=20200101;"'


def test_what_was_enforced_is_neither_destroyed_nor_dropped_with_its_domain(
    lab: Lab, domain: str
) -> None:
    other = f"d{uuid.uuid4().hex[:8]}.example"
    project = lab.stack(entry(domain) + "  mode: enforce\n" + entry(other))
    project.collect_evidence(domain).required()
    project.up().required()
    before = lab.records(domain)
    destroyed = project.pulumi("destroy", "--yes", "--skip-preview")
    assert not destroyed.ok
    assert "protect" in destroyed.text
    assert lab.records(domain) == before
    text = project.stack_file.read_text()
    project.configure({"mtasts:domains": f'[{{"name": "{other}", "mx": ["mx1.{other}"]}}]'})
    dropped = project.up()
    assert not dropped.ok
    # The program refuses, before the engine meets what it protects.
    assert f"no longer lists {domain} as a mail domain" in dropped.text
    assert "cannot be deleted" not in dropped.text
    assert lab.records(domain) == before
    project.stack_file.write_text(text)
    project.settle()


def phase(project: Project) -> str:
    shown = project.mtasts("ledger", "show", project.stack, "--format", "json").required()
    rows = json.loads(shown.stdout)["entries"]
    return next((row["phase"] for row in reversed(rows) if row["kind"] == "phase"), Phase.KEPT)


def published(lab: Lab, domain: str) -> tuple[bool, bool]:
    """Whether the STS record and the addresses are there."""
    records = lab.records(domain)
    record, addresses = (f"_mta-sts.{domain}", "TXT"), (f"mta-sts.{domain}", "AAAA")
    return record in records, addresses in records


def test_one_phase_an_up_and_none_before_its_time(lab: Lab, domain: str) -> None:
    project = lab.stack(entry(domain), mode="enforce")
    project.collect_evidence(domain).required()
    project.up().required()
    project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    project.up().required()
    assert "mode: none" in project.outputs()["domains"][domain]["policy"]

    early, late = project.later(6 * DAY), project.later(8 * DAY)
    assert "senders may hold an enforced policy until" in early.settle().text
    assert not early.pulumi("destroy", "--yes", "--skip-preview").ok
    assert (phase(early), published(lab, domain)) == ("kept", (True, True))

    late.up().required()
    assert (phase(late), published(lab, domain)) == ("record-free", (True, True))
    destroyed = late.pulumi("destroy", "--yes", "--skip-preview")
    assert not destroyed.ok  # the addresses and the host are protected still
    assert "protect" in destroyed.text

    late.up().required()
    assert (phase(late), published(lab, domain)) == ("record-withdrawn", (False, True))
    assert "run again after" in late.up().required().text
    assert phase(late) == "record-gone"
    late.settle()  # resolvers may have the record still: nothing moves
    assert published(lab, domain) == (False, True)

    later = project.later(8 * DAY + HOUR)
    later.up().required()
    assert (phase(later), published(lab, domain)) == ("addresses-withdrawn", (False, False))
    later.up().required()
    assert phase(later) == "addresses-gone"
    last = project.later(8 * DAY + 3 * HOUR)
    assert "Remove its entry from the stack file" in last.up().required().text
    assert phase(last) == "host-withdrawn"
    last.require_settled()
    assert not lab.hosts(domain)
    last.pulumi("destroy", "--yes", "--skip-preview").required()
    # The ledger outlives the stack: it says what senders were told.
    assert phase(last) == "host-withdrawn"


def test_a_retirement_that_is_called_off_brings_everything_back(lab: Lab, domain: str) -> None:
    project = lab.stack(entry(domain))
    project.up().required()
    project.configure({"mtasts:domains[0].retire": "true"}, path=True)
    for _ in range(3):  # none is published; nobody was ever told to refuse; withdrawn
        project.up().required()
    assert (phase(project), published(lab, domain)) == ("record-withdrawn", (False, True))
    project.configure({"mtasts:domains[0].retire": "false"}, path=True)
    project.settle()
    assert published(lab, domain) == (True, True)
    assert "mode: testing" in project.outputs()["domains"][domain]["policy"]
