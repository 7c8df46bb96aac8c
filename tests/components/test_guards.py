"""What the hooks of a domain's resources do when the engine runs them."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from cloudflare_api import api, settings
from memory_store import MemoryStore
from pulumi_aws import acm
from recording import Recorded, record
from test_mail_domain import CONFIG, DOMAIN

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.cloudflare.account import CloudflareAccount
from mtasts.components.aws.hosting import AwsHosting
from mtasts.components.cloudflare.hosting import CloudflareHosting
from mtasts.components.cloudflare.zone import CloudflareZones
from mtasts.components.hosting import Validation
from mtasts.components.mail_domain import MailDomain
from mtasts.components.manual.zone import ManualZones
from mtasts.config import Hosting
from mtasts.ledger.entries import Body, HostTarget, MxSeen, Proof, parse_entry
from mtasts.ledger.history import Intended
from mtasts.ledger.recorder import Recorder
from mtasts.localcloud.cloudflare.account import Record, Script, Version
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy, policy_id
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach
from mtasts.render.worker import worker_name
from mtasts.rollout.declaration import Declaration
from mtasts.run.proof import NotProvenError
from mtasts.run.proof import Proof as Proven
from mtasts.run.waiting import Waits
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtasts.localcloud.cloudflare.servers import CloudflareServers
    from mtasts.run.proof import Caches, ProofGoal

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOST = f"mta-sts.{DOMAIN}"
FORMER = "d1.cloudfront.net"
OWNER, VALUE = f"_x.{HOST}", "_y.acm-validations.aws"
# As ACM writes names: with a final dot.
WANTED = Validation(f"{OWNER}.", f"{VALUE}.")


def intended(mode: Mode) -> Intended:
    body = Policy(mode, 604800, (MxPattern("mx.example.gov"),)).render()
    return Intended(body, 0, policy_id(body))


class Prover:
    """Passes each proof but those ``failing`` at a name, and keeps what it was asked with."""

    deadline_seconds = 5.0

    def __init__(self, failing: Mapping[str, Exception] | None = None) -> None:
        self.waits = Waits()
        self.failing = failing or {}
        self.asked: list[tuple[str, str]] = []

    async def prove(self, goal: ProofGoal, _: object, caches: Caches) -> Proven:
        return self._proof(goal, goal.host, caches)

    async def prove_candidate(
        self, goal: ProofGoal, candidate: str, caches: Caches | None = None
    ) -> Proven:
        return self._proof(goal, candidate, caches)

    async def look_at_mx(self, *_: object) -> None:
        """Every MX is covered."""

    def _proof(self, goal: ProofGoal, name: str, caches: Caches | None) -> Proven:
        self.asked.append((name, type(caches).__name__))
        if caches is not None and name in self.failing:
            raise self.failing[name]
        return Proven(goal, ("192.0.2.1",), (), 3)


@contextmanager
def zone_with(*records: Record) -> Iterator[tuple[CloudflareServers, CloudflareAccount, str]]:
    """A zone at Cloudflare, and the domain's Worker."""
    with api() as servers:
        zone = servers.account.add_zone(DOMAIN)
        service = worker_name(DOMAIN)
        servers.account.scripts[service] = Script(service, [Version("w1", "", 0.0)])
        for each in records:
            servers.account.add_record(zone, each)
        yield servers, CloudflareAccount(settings(servers.api.url)), zone.id


def moved(
    account: CloudflareAccount,
    zone_id: str,
    store: MemoryStore,
    *,
    mode: Mode = Mode.TESTING,
    prover: Prover | None = None,
    mx: DnsAnswer | None = None,
) -> Recorded:
    """A run in which the domain goes from AWS to Cloudflare, and each hook does its work."""

    def program() -> None:
        former = AwsHosting(
            Account(AwsSettings("eu-west-1")),
            bucket="mtasts-bucket",
            account_id="123456789012",
            cache_seconds=60,
            protect=False,
            keep=True,
        )
        zone = HostedZone(zone_id, DOMAIN, frozenset({"ada.example"}))
        args: Any = {
            "declaration": Declaration(CONFIG, zone, intended(mode), mx=mx),
            "hosting": CloudflareHosting(
                account, workers_dev="x.workers.dev", cache_seconds=60, settle_seconds=0
            ),
            "zones": CloudflareZones(account),
            "former": {"hosting": former, "zones": None},
            "prover": prover or Prover(),
            "recorder": Recorder(store, Hosting.CLOUDFLARE, lambda: NOW),
        }
        MailDomain(DOMAIN, args)

    return record(program, runs_hooks=True)


def proven_before() -> MemoryStore:
    body = intended(Mode.TESTING)
    return MemoryStore(
        Body(1, NOW, body.body, body.revision, body.id), Proof(2, NOW, body.id, ("192.0.2.1",))
    )


ELSEWHERE = Record("r1", HOST, "CNAME", FORMER, 300)


def test_a_proven_name_goes_over_to_its_worker_and_the_ledger_knows_it_first() -> None:
    store = proven_before()
    with zone_with(ELSEWHERE) as (servers, account, zone_id):
        moved(account, zone_id, store)
        (attached,) = servers.account.domains.values()
    assert (attached.hostname, attached.service) == (HOST, worker_name(DOMAIN))
    entries = [parse_entry(raw, number) for number, raw in store.entries.items()]
    targets = [each for each in entries if isinstance(each, HostTarget)]
    assert {(each.zone_id, each.hosting) for each in targets} == {(zone_id, "cloudflare")}


@pytest.mark.parametrize(
    ("status", "noted"),
    [
        pytest.param(DnsStatus.ANSWERED, [("mx1.example.gov",)], id="seen"),
        pytest.param(DnsStatus.FAILED, [], id="not-known"),
    ],
)
def test_the_first_run_notes_the_mx_for_whoever_gets_its_policy(
    status: DnsStatus, noted: list[tuple[str, ...]]
) -> None:
    """Otherwise a host that leaves before the second run could be dropped at once."""
    store = MemoryStore()
    answer = DnsAnswer(DOMAIN, "MX", status, ("10 mx1.example.gov",), ttl_seconds=300)
    with zone_with() as (_, account, zone_id):
        moved(account, zone_id, store, mx=answer)
    entries = [parse_entry(raw, number) for number, raw in store.entries.items()]
    assert [each.hosts for each in entries if isinstance(each, MxSeen)] == noted


def test_where_nothing_was_proven_what_leads_elsewhere_is_not_ours_to_move() -> None:
    with zone_with(ELSEWHERE) as (servers, account, zone_id):
        moved(account, zone_id, MemoryStore())
        assert servers.account.domains == {}


def test_each_location_is_proven_through_the_caches_of_its_own_cloud() -> None:
    prover = Prover()
    with zone_with() as (_, account, zone_id):
        moved(account, zone_id, MemoryStore(), prover=prover)
    assert sorted(prover.asked) == [
        (FORMER, "CloudFrontCaches"),
        (f"{worker_name(DOMAIN)}.x.workers.dev", "NoneType"),
        (HOST, "WorkerCaches"),
    ]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        pytest.param(NotProvenError("status 503"), "status 503", id="refused"),
        pytest.param(TimeoutError(), "no proof within 10 s after the required ones", id="silent"),
    ],
)
def test_a_former_host_that_is_not_required_only_warns(
    caplog: pytest.LogCaptureFixture, error: Exception, why: str
) -> None:
    with zone_with() as (_, account, zone_id):
        found = moved(account, zone_id, MemoryStore(), prover=Prover({FORMER: error}))
    assert f"DnsRecord {DOMAIN}-sts" in found.names
    assert f"{DOMAIN}, at its former host: {why}" in caplog.messages


def test_in_enforce_a_former_host_that_is_not_proven_keeps_the_record_unwritten() -> None:
    prover = Prover({FORMER: NotProvenError("status 503")})
    with (
        zone_with() as (_, account, zone_id),
        pytest.raises(pulumi.RunError, match=f"{DOMAIN}-proof: status 503"),
    ):
        moved(account, zone_id, MemoryStore(), mode=Mode.ENFORCE, prover=prover)


@pytest.mark.parametrize(
    ("content", "left"),
    [
        pytest.param(VALUE, [], id="same"),
        pytest.param("_z.acm-validations.aws", [OWNER], id="another"),
    ],
)
def test_a_validation_record_of_an_earlier_certificate_makes_room(
    content: str, left: list[str]
) -> None:
    with zone_with(Record("r1", OWNER, "CNAME", content, 300)) as (servers, account, zone_id):

        def program() -> None:
            declared = Declaration(
                CONFIG, HostedZone(zone_id, DOMAIN, frozenset()), intended(Mode.TESTING)
            )
            zone = CloudflareZones(account).zone(declared, pulumi.ResourceOptions())
            zone.validation("example", WANTED, opts=pulumi.ResourceOptions())

        found = record(program, runs_hooks=True)
        records = servers.account.zones[zone_id].records.values()
        assert [each.name for each in records] == left
    assert found.inputs("DnsRecord example")["content"] == VALUE


class Published(Resolver):
    """What the agency's name servers have at any name."""

    def __init__(self, answer: DnsAnswer) -> None:
        super().__init__(Reach())
        self.answer = answer
        self.asked: list[tuple[object, str, str]] = []

    async def authoritative(self, servers: object, name: str, type_: str) -> DnsAnswer:
        self.asked.append((servers, name, type_))
        return self.answer


def issued(resolver: Resolver) -> Recorded:
    """A certificate whose validation record somebody else publishes."""

    def program() -> None:
        hosting = AwsHosting(
            Account(AwsSettings("eu-west-1")),
            bucket="mtasts-bucket",
            account_id="123456789012",
            cache_seconds=60,
            protect=False,
            keep=False,
        )
        home = HostedZone("", DOMAIN, frozenset({"ns1.agency.example"}))
        declared = Declaration(CONFIG, home, intended(Mode.TESTING), agency_zone=home)
        zone = ManualZones(hosting.bucket, resolver).zone(declared, pulumi.ResourceOptions())
        validated = zone.validation("example-validation", WANTED, opts=pulumi.ResourceOptions())
        acm.CertificateValidation(
            "issued",
            certificate_arn="arn:certificate",
            opts=pulumi.ResourceOptions(hooks=validated.hooks),
        )

    return record(program, runs_hooks=True)


def test_a_certificate_is_asked_for_once_the_agency_has_its_record() -> None:
    resolver = Published(DnsAnswer(OWNER, "CNAME", DnsStatus.ANSWERED, (VALUE,)))
    assert "CertificateValidation issued" in issued(resolver).names
    assert resolver.asked == [(("ns1.agency.example",), OWNER, "CNAME")]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(
            DnsAnswer(OWNER, "CNAME", DnsStatus.NXDOMAIN),
            f"waiting for: {OWNER} CNAME {VALUE}",
            id="missing",
        ),
        pytest.param(
            DnsAnswer(OWNER, "CNAME", DnsStatus.ANSWERED, ("other.example",)),
            "wrong: DNS has other.example",
            id="wrong",
        ),
        pytest.param(
            DnsAnswer(OWNER, "CNAME", DnsStatus.FAILED, reason="SERVFAIL"),
            f"could not find out whether {OWNER} is published: SERVFAIL",
            id="unknown",
        ),
    ],
)
def test_until_then_the_run_says_what_to_publish(answer: DnsAnswer, why: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        issued(Published(answer))
    text = str(refused.value)
    assert "no certificate yet: " in text
    assert why in text
    assert text.endswith("publish it, and run again")
