"""The demo (``make demo``): the life of one domain on the real engine and a local cloud.

The steps publish a domain, change it, refuse two bad changes, promote it to enforce, and send mail
to it; a second stack is made and destroyed. Each step checks its result from outside, as a sender
or an operator would. The module is long because it is one sequence: a function for each step, in
the order of the steps.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from mtasts.config import load_file
from mtasts.localcloud import lifecycle, warm
from mtasts.localcloud.cloud import ACCOUNT
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.control_client import Control
from mtasts.localcloud.demo_reports import Arrivals
from mtasts.localcloud.edge_response import EdgeFault
from mtasts.localcloud.engine import find
from mtasts.localcloud.inventory import inventory
from mtasts.localcloud.mail import Flavour
from mtasts.localcloud.project import Project
from mtasts.localcloud.story import StepError, Story, expect
from mtasts.localcloud.watcher import Watcher, order
from mtasts.observations import FetchOutcome
from mtasts.policy import Mode, Policy, policy_id
from mtasts.probe.dns import ADDRESS_TYPES, Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach
from mtasts.probe.smtp import Envelope
from mtasts.records import select_sts, select_tlsrpt
from mtasts.sender.delivery import send
from mtasts.sender.machine import Conclusion, Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mtasts.localcloud.cloud import Cloud
    from mtasts.localcloud.engine import Engine

# Shorter than the defaults of a stack (60 s cache, 300 s proof, 120 s settle), so that the demo
# takes little time.
_CACHE_SECONDS = "1"
_BRISK = {"mtasts:cacheSeconds": _CACHE_SECONDS, "mtasts:proofSeconds": "5"}
_TWO_WEEKS = dt.timedelta(days=15)
_CLEAN = dt.timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Side:
    """What the demo uses at one cloud: an agency with a domain, and the domain of a second stack.

    ``init`` are the options of ``mtasts init`` that choose the account. ``kinds`` are resource
    types that the first plan must have. ``brisk`` are config values that shorten waiting.
    """

    stack: str
    title: str
    domain: str
    scratch: str
    init: tuple[str, ...]
    kinds: frozenset[str]
    brisk: Mapping[str, str]

    @property
    def host(self) -> str:
        """The policy host."""
        return f"mta-sts.{self.domain}"

    @property
    def first_stack(self) -> tuple[str, ...]:
        """The ``mtasts`` command that writes the agency's stack file, without DNS look-ups.

        The local cloud, and so DNS, starts after that: it takes the MX hosts from the stack file.
        """
        hosts = (f"mail{number}.{self.domain}" for number in (1, 2))
        return (
            *("init", self.stack, "--domain", self.domain, "--title", self.title, *self.init),
            *(word for host in hosts for word in ("--mx", host)),
            *("--dkim-selector", "s1", "--tls-report", "mailto:tlsrpt@reports.example"),
            "--offline",
        )

    @property
    def new_mx(self) -> str:
        """The MX host that a step adds to the stack file."""
        return f"mail3.{self.domain}"


SIDES = {
    "aws": Side(
        "example-agency",
        "Department of Examples",
        "example.gov",
        "newcomer.example",
        ("--account", ACCOUNT),
        frozenset(
            {
                "aws:cloudfront/distribution:Distribution",
                "aws:route53/record:Record",
                "aws:s3/bucketObjectv2:BucketObjectv2",
            }
        ),
        _BRISK,
    ),
    "cloudflare": Side(
        "example-bureau",
        "Bureau of Examples",
        "bureau.example",
        "arrival.example",
        ("--cloudflare-account", ACCOUNT_ID),
        frozenset(
            {
                "cloudflare:index/dnsRecord:DnsRecord",
                "cloudflare:index/workersCustomDomain:WorkersCustomDomain",
                "cloudflare:index/workersScript:WorkersScript",
            }
        ),
        {**_BRISK, "mtasts:settleSeconds": "1"},
    ),
}


@dataclass
class _Scene:
    """State that the steps share.

    ``body`` is the policy that must be served now. No step brings back an earlier body, so each
    new one has the next ``revision``.
    """

    side: Side
    cloud: Cloud
    project: Project
    reach: Reach
    control: Control
    body: bytes = b""
    revision: int = -1

    @property
    def id(self) -> str:
        """The policy id of ``body``."""
        return policy_id(self.body, self.revision)

    def policy(self) -> Policy:
        """The policy that the stack file describes."""
        (domain,) = load_file(self.project.stack_file).domains
        return Policy(domain.mode, domain.max_age, domain.mx)

    def intend(self) -> None:
        """Take the policy of the stack file as the one that must be served from now on."""
        self.body = self.policy().render()
        self.revision += 1


def run(folder: Path, say: Callable[[str], None], cloud: str = "aws") -> bool:
    """Run the demo in ``folder``, with ``cloud`` (a key of `SIDES`) as the hosting cloud.

    Returns whether every step succeeded. ``summary.json`` in ``folder`` has the result of each
    step, and ``say`` gets it as one line.
    """
    story = Story(folder / "summary.json", say)
    try:
        _play(story, SIDES[cloud], folder.absolute(), say)
    except StepError:
        return False
    return story.ok


def _play(story: Story, side: Side, folder: Path, say: Callable[[str], None]) -> None:
    engines: list[Engine] = []
    story.take("engine", lambda: _engine(engines, say))
    project = Project.empty(folder / "project", os.environ)
    story.take("project", lambda: _project(project, side))
    with (
        _cloud(story, folder / "cloud", engines[0], project, say) as cloud,
        warm.running(folder / "cloud" / "warm") as warmth,
    ):
        scenes: list[_Scene] = []
        environment = {**lifecycle.environment(cloud, os.environ), **warmth}
        own = replace(project, environment=environment)
        story.take("preview", lambda: _preview(scenes, side, cloud, own))
        scene = scenes[0]
        steps: tuple[tuple[str, Callable[[_Scene], str]], ...] = (
            ("up", _up),
            ("records", _records),
            ("policy", _policy),
            ("second up", _second_up),
            ("mx added", _mx_added),
        )
        more: tuple[tuple[str, Callable[[_Scene], str]], ...] = (
            ("stale edge", _stale_edge),
            ("gate", _gate),
            ("reports", _reports),
            ("enforce", _enforce),
            ("sender", _sender),
        )
        for name, act in steps:
            story.take(name, partial(act, scene))
        # The stale edge's proof mostly waits until it fails: the second stack runs meanwhile.
        with ThreadPoolExecutor(1) as pool:
            scratch = pool.submit(_scratch, scene)
            for name, act in more:
                story.take(name, partial(act, scene))
            story.take("scratch stack", scratch.result)


def _engine(found: list[Engine], say: Callable[[str], None]) -> str:
    engine = find(os.environ, say)
    found.append(engine)
    return f"Pulumi {engine.version} ({engine.source})"


def _project(project: Project, side: Side) -> str:
    """An agency begins with a program and one stack file."""
    project.mtasts(*side.first_stack).required()
    files = sorted(path.name for path in (project.folder / "stacks").iterdir())
    expect(files == [f"Pulumi.{side.stack}.yaml"], f"stacks/ has {', '.join(files) or 'nothing'}")
    return f"three lines of program, and stacks/{files[0]} in mode testing"


@contextmanager
def _cloud(
    story: Story, directory: Path, engine: Engine, project: Project, say: Callable[[str], None]
) -> Iterator[Cloud]:
    """A new local cloud, stopped at the end; one that an earlier demo left there is removed."""
    if lifecycle.status(directory).cloud is not None:
        lifecycle.stop(directory)
    shutil.rmtree(directory, ignore_errors=True)
    clouds: list[Cloud] = []

    def begin() -> str:
        stacks = project.folder / "stacks"
        cloud = lifecycle.start(directory, engine, stacks=stacks, with_parent=True, say=say)
        clouds.append(cloud)
        expect(Control(cloud.control).health(), "the local cloud does not answer")
        families = "IPv4 and IPv6" if cloud.ipv6 else "IPv4; this machine has no IPv6"
        return f"AWS, DNS, HTTPS and {len(cloud.mail)} mail hosts, on {families}"

    try:
        story.take("local cloud", begin)
        yield clouds[0]
    finally:
        if clouds:
            lifecycle.stop(directory)


def _preview(scenes: list[_Scene], side: Side, cloud: Cloud, written: Project) -> str:
    before = inventory(cloud)
    project = written.select(side.stack)
    project.configure(side.brisk)
    steps = project.preview()["steps"]
    expect(all(step["op"] == "create" for step in steps), "the plan does more than create")
    kinds = {step["newState"]["type"] for step in steps}
    wanted = {*side.kinds, "mtasts:index:MailDomain"}
    expect(wanted <= kinds, f"the plan lacks {', '.join(sorted(wanted - kinds))}")
    expect(inventory(cloud) == before, "the preview has changed the account")
    reach = Reach.from_environment(project.environment)
    scenes.append(_Scene(side, cloud, project, reach, Control(cloud.control)))
    return f"{len(steps)} resources to create, and nothing is created yet"


def _up(scene: _Scene) -> str:
    scene.project.up().required()
    scene.intend()
    found = scene.project.outputs()["domains"][scene.side.domain]
    expect(found["policyId"] == scene.id, f"the stack's id is {found['policyId']}, not {scene.id}")
    return f"published {scene.side.domain} with the id {scene.id}"


def _records(scene: _Scene) -> str:
    expect(_live_id(scene) == scene.id, f"DNS has the id {_live_id(scene)}, not {scene.id}")
    answer = asyncio.run(Resolver(scene.reach).lookup(f"_smtp._tls.{scene.side.domain}", "TXT"))
    record = select_tlsrpt(answer.strings).record
    (domain,) = load_file(scene.project.stack_file).domains
    expect(record and record.rua == domain.tls_reports, f"the TLS-RPT record is {answer.strings}")
    return f"_mta-sts has the id, _smtp._tls leads to {', '.join(domain.tls_reports)}"


def _policy(scene: _Scene) -> str:
    """Each address serves the exact bytes, with type, cache lifetime and HSTS."""
    headers = {
        "content-type": "text/plain",
        "cache-control": f"max-age={_CACHE_SECONDS}",
        "strict-transport-security": "max-age=31536000",
    }
    seen = []
    for type_ in ADDRESS_TYPES:
        answer = asyncio.run(Resolver(scene.reach).lookup(scene.side.host, type_))
        wanted = type_ == "A" or scene.cloud.ipv6
        expect(bool(answer.values) == wanted, f"{scene.side.host} {type_} is {answer.values}")
        for address in answer.values:
            found = asyncio.run(fetch(scene.reach, scene.side.host, address))
            how = f"{found.outcome} {found.status} {found.reason}".rstrip()
            expect(found.outcome is FetchOutcome.ANSWERED and found.status == 200, how)
            expect(found.body == scene.body, f"another body on {address}: {found.body!r}")
            sent = {name: found.header(name) for name in headers}
            expect(sent == headers, f"headers on {address}: {sent}")
            seen.append(f"{address} over {found.tls.version}")
    return f"{len(scene.body)} exact bytes from {' and '.join(seen)}"


def _second_up(scene: _Scene) -> str:
    scene.project.unchanged()
    return "nothing to do"


def _mx_added(scene: _Scene) -> str:
    """An MX host is added while a sender watches: it never sees the new id with an old body."""
    path = "mtasts:domains[0].mx[2]"
    with Watcher(scene.reach, scene.side.domain) as watcher:
        scene.project.configure({path: scene.side.new_mx}, path=True)
        scene.project.up().required()
    scene.intend()
    seen = order(watcher.sightings, scene.id, scene.body)
    expect(scene.side.new_mx.encode() in scene.body, "the stack file lacks the new host")
    expect(seen.id_ahead == 0, f"the id was ahead of the body: {seen}")
    expect(seen.body_ahead and seen.after, f"too little was seen: {seen}")
    return (
        f"{len(watcher.sightings)} looks: {seen.before} before, {seen.body_ahead} the body first, "
        f"{seen.after} with its id, never the id first"
    )


def _stale_edge(scene: _Scene) -> str:
    """While the edge serves the old body, the proof fails and the new id is not published."""
    scene.control.set_edge_fault(scene.side.host, EdgeFault(stale=True))
    scene.project.configure({"mtasts:maxAge": "1209600"})
    refused = scene.project.up()
    expect(not refused.ok, "the run went through")
    reason = f"https://{scene.side.host} does not serve the intended policy"
    expect(reason in refused.text, f"the run failed for another reason:\n{refused.text}")
    expect(_live_id(scene) == scene.id, "the STS record has another id")
    scene.control.clear_edge_fault(scene.side.host)
    scene.project.up().required()
    old = scene.id
    scene.intend()
    expect(_live_id(scene) == scene.id != old, "the next run did not converge")
    return f"refused, the record kept {old[:8]}; the next run published {scene.id[:8]}"


def _gate(scene: _Scene) -> str:
    """A promotion without evidence is refused."""
    scene.project.configure({"mtasts:mode": "enforce"})
    refused = scene.project.up()
    expect(not refused.ok, "the promotion went through without evidence")
    reason = f"{scene.side.domain}: [evidence-missing]"
    expect(reason in refused.text, f"it was refused for another reason:\n{refused.text}")
    expect(_live_id(scene) == scene.id, "the STS record has another id")
    return "enforce is refused: there is no evidence"


def _reports(scene: _Scene) -> str:
    """TLS reports of failures make the gate refuse; after eight clean days it passes."""
    hosts = [str(pattern) for pattern in scene.policy().mx]
    arrivals = Arrivals(scene.cloud, scene.side.domain, hosts)
    scene.project.configure({"mtasts:reportTrust": "https"})
    scene.project = scene.project.later(_TWO_WEEKS)
    arrivals.arrive(scene.project, days=14, failed=7)
    refused = arrivals.judge(scene.project)
    expect(not refused.ok, "reports of failures let the promotion pass")
    expect("7 failed sessions" in refused.text, f"refused for another reason:\n{refused.text}")
    scene.project = scene.project.later(_TWO_WEEKS + _CLEAN)
    arrivals.arrive(scene.project, days=8)
    judged = arrivals.judge(scene.project)
    expect(judged.ok, f"the reports are not enough:\n{judged.text}")
    return "refused for failures in TLS reports; after 8 clean days of the local clock it passes"


def _enforce(scene: _Scene) -> str:
    old = scene.id
    scene.project.up().required()
    scene.intend()
    expect(b"mode: enforce" in scene.body, "the stack file does not ask for enforce")
    expect(_live_id(scene) == scene.id != old, "DNS does not have the new id")
    _policy(scene)
    return f"mode enforce is served under the id {scene.id}"


def _sender(scene: _Scene) -> str:
    """A sender delivers over TLS, and defers the message while STARTTLS is stripped."""
    hosts = [str(pattern) for pattern in scene.policy().mx]
    good = _send(scene)
    expect(good.conclusion is Conclusion.DELIVERED, "; ".join(good.story))
    (message,) = scene.control.messages()
    expect(message.tls, "the message came without TLS")
    expect(good.policy and good.policy.mode is Mode.ENFORCE, "; ".join(good.story))
    for host in hosts:
        scene.control.set_flavour(host, Flavour.STRIPPED)
    stripped = _send(scene)
    for host in hosts:
        scene.control.set_flavour(host, Flavour.GOOD)
    expect(stripped.conclusion is Conclusion.DEFERRED, "; ".join(stripped.story))
    expect(len(scene.control.messages()) == 1, "a message came in without TLS")
    return f"delivered to {message.host} over TLS; deferred while STARTTLS was stripped"


def _send(scene: _Scene) -> Sender:
    sender = Sender(scene.side.domain, dt.datetime.now(dt.UTC))
    content = b"Subject: a message\r\n\r\nIt is worth reading.\r\n"
    letter = Envelope("writer@sender.example", f"reader@{scene.side.domain}", content)
    return asyncio.run(send(sender, letter, scene.reach, Resolver(scene.reach)))


def _scratch(scene: _Scene) -> str:
    """A stack from `mtasts init` is brought up and destroyed, while the other steps run."""
    began = time.monotonic()
    before = inventory(scene.cloud)
    project = scene.project
    words = ["init", "scratch", "--domain", scene.side.scratch, *scene.side.init]
    project.mtasts(*words).required()
    scratch = project.select("scratch")
    scratch.configure(scene.side.brisk)
    scratch.up().required()
    during = _new_since(before, scene)
    scratch.pulumi("destroy", "--yes", "--skip-preview").required()
    left = _new_since(before, scene)
    expect(during, "the stack created nothing, so there is nothing to destroy")
    expect(not left, f"left behind: {', '.join(sorted(left))}")
    return (
        f"{len(during)} things created and destroyed, none is left in the account; "
        f"{time.monotonic() - began:.0f} s, while other steps ran"
    )


def _new_since(before: frozenset[str], scene: _Scene) -> set[str]:
    """What is new in the accounts since ``before``, without ledger entries.

    The agency's ledger grows while the scratch stack runs. At Cloudflare the scratch stack's
    bucket and ledger also remain: they are no resources of the stack, so destroy keeps them.
    """
    new = inventory(scene.cloud) - before
    return {each for each in new if not any(part in each for part in _kept(scene.side))}


def _kept(side: Side) -> tuple[str, ...]:
    own = f"/{side.domain}/"
    return (own,) if side is SIDES["aws"] else (own, "bucket mtasts-scratch", "mtasts-scratch/")


def _live_id(scene: _Scene) -> str:
    answer = asyncio.run(Resolver(scene.reach).lookup(f"_mta-sts.{scene.side.domain}", "TXT"))
    record = select_sts(answer.strings).record
    return record.id if record else f"none ({answer.status})"
