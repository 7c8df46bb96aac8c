"""Live domains move between clouds and zones while senders ask all the while."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from test_pages import MOVING, Page, Shell

from mtasts.localcloud.watcher import Poller
from mtasts.observations import FetchOutcome
from mtasts.probe.dns import ADDRESS_TYPES, Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach
from mtasts.records import select_sts
from mtasts.render.worker import worker_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.long]
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


class Asking(Poller):
    """Senders that ask again and again; ``wrong`` is whatever is not the id and the body.

    ``servers`` are the name servers that their resolver has heard of, where that is not what DNS
    leads to now.
    """

    def __init__(
        self,
        reach: Reach,
        domain: str,
        published: dict[str, str],
        servers: frozenset[str] = frozenset(),
    ) -> None:
        mapped = next(filter(None, map(reach.name_server, sorted(servers))), None)
        super().__init__(replace(reach, resolver=mapped or reach.resolver), pause_seconds=0.02)
        self.looks = 0
        self.wrong: list[str] = []
        self._domain = domain
        self._id, self._body = published["policyId"], published["policy"].encode()

    async def look(self, resolver: Resolver) -> None:
        host = f"mta-sts.{self._domain}"
        answer = await resolver.lookup(f"_mta-sts.{self._domain}", "TXT")
        record = select_sts(answer.strings).record
        if record is None or record.id != self._id:
            self.wrong.append(f"the record is {answer}")
        for type_ in ADDRESS_TYPES:
            found = await resolver.lookup(host, type_)
            if not found.values:
                self.wrong.append(f"{host} has no {type_}: {found.status}")
            for address in found.values:
                got = await fetch(self.reach, host, address)
                right = got.outcome is FetchOutcome.ANSWERED and got.status == 200
                if not right or got.body != self._body:
                    self.wrong.append(f"{address}: {got.outcome} {got.status} {got.reason}")
        self.looks += 1


class Domain:
    """A domain of one stack that enforces its policy."""

    def __init__(self, lab: Lab, hosting: str, dns: str) -> None:
        self.lab = lab
        self.name = f"d{uuid.uuid4().hex[:8]}.example"
        row = f"- name: {self.name}\n  mx: [mx1.{self.name}]\n  dkimSelectors: [s1]\n"
        self.project: Project = lab.stack(row, hosting=hosting, dns=dns, mode="enforce")
        self.project.collect_evidence(self.name).required()
        self.project.up().required()
        self.published = self.project.outputs()["domains"][self.name]

    def leave_cloudflare(self) -> None:
        """Have host and zone at AWS as well."""
        aws = {"aws:region": "us-east-1", "aws:allowedAccountIds": '["123456789012"]'}
        self.project.configure({"mtasts:leaving": "cloudflare", **aws})
        self.project.up().required()
        self.project.configure({"mtasts:hosting": "aws", "mtasts:dns": "route53"})
        self.project.up().required()

    def steps(self, *words: str) -> list[str]:
        """Do what `mtasts move` says until it is too early or all is done; what each was for.

        Between two steps the stack rests as well: the tests that play the page look at that.
        """
        done = []
        for _ in range(6):
            told = self.project.mtasts("move", self.project.stack, *words, "--format", "json")
            step = json.loads(told.stdout)
            if step["done"] or step["notBefore"]:
                break
            done.append(step["why"])
            if "registrar" in step["before"]:
                self.delegate("route53" if "route53" in words else "cloudflare")
            for program, *command in step["run"][:-1]:
                run = self.project.mtasts if program == "mtasts" else self.project.pulumi
                run(*command).required()
            self.project.up().required()
        self.project.require_settled()
        return done

    def asking(self, dns: str = "") -> Asking:
        """Senders whose resolvers ask the zone at ``dns``, or whichever DNS leads to."""
        reach = Reach.from_environment(self.lab.environment())
        servers = self.lab.name_servers(dns) if dns else frozenset()
        return Asking(reach, self.name, self.published, servers)

    def delegate(self, dns: str) -> None:
        """Have the registrar name the servers of the zone at ``dns``."""
        self.lab.control.delegate(self.name, dns)


@contextmanager
def without(project: Project, key: str) -> Iterator[None]:
    """Somebody has removed a key of the stack file, and puts it back at the end."""
    text = project.stack_file.read_text()
    lines = text.splitlines(keepends=True)
    left = [line for line in lines if not line.startswith(f"  mtasts:{key}:")]
    assert len(left) == len(lines) - 1
    project.stack_file.write_text("".join(left))
    yield
    project.stack_file.write_text(text)


def test_a_live_domain_moves_without_a_moment_in_which_a_sender_finds_no_policy(
    lab: Lab, tmp_path: Path
) -> None:
    domain = Domain(lab, "aws", "cloudflare")
    project = domain.project
    with domain.asking() as senders:
        project.configure({"mtasts:settleSeconds": "1"})
        text = project.stack_file.read_text()
        project.configure({"mtasts:hosting": "cloudflare"})
        at_once = project.up()
        assert not at_once.ok
        assert "write the former cloud: mtasts:leaving" in at_once.text
        project.configure({"mtasts:leaving": "aws"})
        assert f"the host of {domain.name} is protected still" in project.up().text
        project.stack_file.write_text(text)
        shell, moving = Shell.of(project, tmp_path, domain.name), Page(MOVING)

        def wait() -> None:
            project.require_settled()
            # For those who know the old address.
            assert f"mta-sts.{domain.name}" in lab.hosts(domain.name)
            with without(project, "leaving"):
                early = project.up()
            assert not early.ok
            assert "resolvers may have the address" in early.text
            shell.later(2 * HOUR)

        shell.run(moving[1], before={1: project.require_settled, 2: wait})
        project.later(2 * HOUR).require_settled()
    assert senders.wrong == []
    assert senders.looks > 20
    assert f"mta-sts.{domain.name}" not in lab.hosts(domain.name)
    assert project.outputs()["domains"][domain.name] == domain.published
    assert not lab.api.get(f"/zones/{lab.cloudflare_zone(domain.name)}/workers/routes")
    bucket = f"{lab.api.path}/r2/buckets/mtasts-{project.stack}"
    assert [rule["prefix"] for rule in lab.api.get(f"{bucket}/lock")["rules"]] == [
        "ledger/",
        "emergency/",
    ]
    # What was enforced is protected again.
    assert "protect" in project.pulumi("destroy", "--yes", "--skip-preview").text


def test_the_steps_that_are_told_lead_there_and_back(lab: Lab) -> None:
    domain = Domain(lab, "aws", "cloudflare")
    lab.add_zone(domain.name, "route53")
    with domain.asking() as senders:
        domain.project.configure({"mtasts:settleSeconds": "1"})
        told = domain.steps("--hosting", "cloudflare")
        assert told == [
            "turn off deletion protection of what will be removed",
            "switch the policy host",
        ]
        domain.project = domain.project.later(2 * HOUR)
        assert domain.steps("--hosting", "cloudflare") == ["remove the former policy host"]
        told = domain.steps("--hosting", "aws", "--dns", "route53")
        assert told == [
            "a bucket at AWS, for the ledgers",
            "both hosts and both zones",
            "record when delegation to the new zone began",
        ]
        domain.project = domain.project.later(3 * DAY)
        told = domain.steps("--hosting", "aws", "--dns", "route53")
        assert told == ["remove the records of the former zone"]
    assert senders.wrong == []
    assert lab.hosts(domain.name) == [f"mta-sts.{domain.name}"]
    assert lab.sts_at("cloudflare", domain.name) is None
    assert domain.project.outputs()["domains"][domain.name] == domain.published


def test_a_zone_moves_with_both_answering_until_no_resolver_asks_the_former(
    lab: Lab, tmp_path: Path
) -> None:
    domain = Domain(lab, "aws", "route53")
    project = domain.project
    lab.add_zone(domain.name, "cloudflare")
    account = {"mtasts:cloudflareAccount": lab.api.settings.account_id}
    project.configure({"mtasts:dns": "cloudflare", **account})
    refused = project.up()
    assert not refused.ok
    assert "add mtasts:leavingDns: route53" in refused.text
    shell, moving = Shell.of(project, tmp_path, domain.name), Page(MOVING)
    senders, late, early = domain.asking(), domain.asking("route53"), domain.asking("cloudflare")
    with ExitStack() as asking:
        asking.enter_context(senders)
        asking.enter_context(late)

        def registrar() -> None:
            assert "DNS leads to the former zone" in shell.said
            project.require_settled()
            with without(project, "leavingDns"):  # too early
                assert "DNS leads to the former zone still: put back" in project.up().text
            domain.delegate("cloudflare")
            asking.enter_context(early)

        def wait() -> None:
            project.require_settled()
            with without(project, "leavingDns"):
                assert "resolvers may query the former zone" in project.up().text
            asking.close()
            asking.enter_context(last)
            shell.later(3 * DAY)

        last = domain.asking("cloudflare")
        shell.run(moving[0], before={4: registrar, 5: wait})
        project.later(3 * DAY).require_settled()
    assert (senders.wrong, late.wrong, early.wrong, last.wrong) == ([], [], [], [])
    assert min(senders.looks, late.looks, early.looks) > 5
    assert lab.sts_at("cloudflare", domain.name) == lab.sts(domain.name)
    assert lab.sts_at("route53", domain.name) is None
    assert project.outputs()["domains"][domain.name] == domain.published


def test_a_domain_leaves_cloudflare_with_its_zone(lab: Lab, tmp_path: Path) -> None:
    domain = Domain(lab, "cloudflare", "cloudflare")
    project = domain.project
    lab.add_zone(domain.name, "route53")
    project.configure({"aws:allowedAccountIds": '["123456789012"]'})
    shell, moving = Shell.of(project, tmp_path, domain.name), Page(MOVING)
    senders, late, early = domain.asking(), domain.asking("cloudflare"), domain.asking("route53")
    with ExitStack() as asking:
        asking.enter_context(senders)
        asking.enter_context(late)

        def registrar() -> None:
            project.require_settled()
            domain.delegate("route53")
            asking.enter_context(early)

        def wait() -> None:
            project.require_settled()
            asking.close()
            asking.enter_context(last)
            shell.later(3 * DAY)
            project.pulumi("config", "rm", "mtasts:settleSeconds").required()

        last = domain.asking("route53")
        shell.run(moving[2], before={2: project.require_settled, 4: registrar, 5: wait})
        project.later(3 * DAY).require_settled()
    assert (senders.wrong, late.wrong, early.wrong, last.wrong) == ([], [], [], [])
    assert min(senders.looks, late.looks, early.looks) > 5
    assert lab.hosts(domain.name) == [f"mta-sts.{domain.name}"]
    assert lab.sts_at("cloudflare", domain.name) is None
    assert project.outputs()["domains"][domain.name] == domain.published
    assert "protect" in project.pulumi("destroy", "--yes", "--skip-preview").text


def test_a_move_within_a_zone_is_given_up_before_the_name_goes_over(lab: Lab) -> None:
    domain = Domain(lab, "aws", "cloudflare")
    project = domain.project
    with domain.asking() as senders:
        project.configure({"mtasts:leaving": "aws"})
        project.up().required()
        project.configure({"mtasts:hosting": "cloudflare", "mtasts:settleSeconds": "1"})
        lab.control.set_cloudflare_faults(lacking=["SSL and Certificates Read"])
        failed = project.up()
        lab.control.set_cloudflare_faults(lacking=[])
        assert not failed.ok
        assert "SSL and Certificates" in failed.text
        project.configure({"mtasts:hosting": "aws"})
        assert f"{domain.name} is at cloudflare, by its ledger" in project.up().text
        project.configure({"mtasts:leaving": "cloudflare"})
        project.settle()
        project.pulumi("config", "rm", "mtasts:leaving").required()
        project.settle()
    assert senders.wrong == []
    assert lab.hosts(domain.name) == [f"mta-sts.{domain.name}"]
    assert project.outputs()["domains"][domain.name] == domain.published
    # What was written at Cloudflare meanwhile is in the ledger at AWS, and so is what follows.
    project.configure({"mtasts:mode": "testing"})
    project.settle()
    shown = project.mtasts("ledger", "show", project.stack).required().stdout
    assert [line.split()[-1] for line in shown.splitlines() if "  cloud  " in line] == [
        "aws",
        "cloudflare",
        "aws",
    ]
    assert "protect" in project.pulumi("destroy", "--yes", "--skip-preview").text


def test_a_move_of_host_and_zone_is_given_up_while_both_answer(lab: Lab) -> None:
    domain = Domain(lab, "cloudflare", "cloudflare")
    project = domain.project
    lab.add_zone(domain.name, "route53")
    with domain.asking() as senders, domain.asking("cloudflare") as late:
        domain.leave_cloudflare()
        back = {"mtasts:hosting": "cloudflare", "mtasts:dns": "cloudflare"}
        project.configure({**back, "mtasts:leaving": "aws", "mtasts:leavingDns": "route53"})
        with domain.asking("route53") as early:
            project.settle()
        project.pulumi("config", "rm-all", "mtasts:leaving", "mtasts:leavingDns").required()
        project.later(3 * DAY).settle()
    assert (senders.wrong, late.wrong, early.wrong) == ([], [], [])
    assert lab.sts_at("route53", domain.name) is None
    assert lab.hosts(domain.name) == [worker_name(domain.name)]
    assert project.outputs()["domains"][domain.name] == domain.published


def test_a_former_host_that_is_broken_holds_no_way_back_up(lab: Lab) -> None:
    domain = Domain(lab, "cloudflare", "cloudflare")
    project = domain.project
    lab.add_zone(domain.name, "route53")
    domain.leave_cloudflare()
    attached = lab.api.get(f"{lab.api.path}/workers/domains")
    (id_,) = [row["id"] for row in attached if row["hostname"] == f"mta-sts.{domain.name}"]
    lab.api.remove(f"{lab.api.path}/workers/domains/{id_}")
    project.configure({"mtasts:maxAge": "86400"})
    refused = project.up()
    assert not refused.ok
    assert f"DNS has no address for mta-sts.{domain.name}" in refused.text
    project.configure({"mtasts:mode": "testing"})
    told = project.up().required()
    assert f"{domain.name}, at its former host: " in told.text
    published = project.outputs()["domains"][domain.name]["policyId"]
    for dns in ("route53", "cloudflare"):
        assert published in str(lab.sts_at(dns, domain.name))


def test_a_policy_that_changes_during_a_move_changes_in_both_zones(lab: Lab) -> None:
    domain = Domain(lab, "aws", "route53")
    project = domain.project
    lab.add_zone(domain.name, "cloudflare")
    project.configure(
        {
            "mtasts:dns": "cloudflare",
            "mtasts:leavingDns": "route53",
            "mtasts:cloudflareAccount": lab.api.settings.account_id,
        }
    )
    project.up().required()
    project.configure({"mtasts:mode": "testing"})
    project.settle()
    published = project.outputs()["domains"][domain.name]["policyId"]
    assert published != domain.published["policyId"]
    for dns in ("route53", "cloudflare"):
        assert published in str(lab.sts_at(dns, domain.name))
