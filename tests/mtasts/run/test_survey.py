"""What is looked up before anything is declared, from a real boto3 session on moto."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from clouds_of import CloudsOf
from loopback import Zone, closed_port
from memory_store import MemoryStore
from ruled import ids, texts

from mtasts.cloud.aws.account import Account, AwsSettings, WrongAccountError
from mtasts.cloud.aws.hosts import Distributions
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.aws.zones import Route53Zones, public_zones, with_name_servers
from mtasts.cloud.cloudflare.hosts import Workers
from mtasts.cloud.interface import Hosts
from mtasts.cloud.ledger_objects import DOMAINS_MAX
from mtasts.cloud.of_stack import Clouds
from mtasts.config import AgencyConfig, Dns, Hosting, load
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import (
    Adopted,
    Body,
    Delegated,
    Entry,
    LedgerError,
    MxSeen,
    Proof,
    ZoneSeen,
    render_entry,
)
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.recorder import Recorder
from mtasts.ledger.stages import Stage
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.rollout.facts import DomainFacts, ZoneFacts, mail_domains
from mtasts.rollout.handover import HandedOutRecord, HandoverError
from mtasts.run.stack_clouds import StackClouds
from mtasts.run.survey import Surveyor
from mtasts.zones import HostedZone, ZoneError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.rulings import Ruling


ACCOUNT = "123456789012"
OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/dns-writer"
NOWHERE = Path("no-such-folder")
# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An account with zones: a public one, a private twin, and one that holds no mail domain."""
    with moto_running() as url:
        route53 = session().client("route53", endpoint_url=url)
        for name, private in (
            ("example.gov.", False),
            ("sub.example.gov.", False),
            ("_domainkey.example.gov.", False),
            ("example.gov.", True),
        ):
            vpc: dict[str, Any] = {"VPC": {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}}
            route53.create_hosted_zone(
                Name=name,
                CallerReference=f"{name}{private}",
                HostedZoneConfig={"PrivateZone": private},
                **(vpc if private else {}),
            )
        yield url


def account(url: str, *, allowed: tuple[str, ...] = (ACCOUNT,)) -> Account:
    settings = AwsSettings(
        region="us-east-1",
        access_key="AKIALOCAL",
        secret_key="local",
        endpoints={"sts": url, "route53": url, "s3": url},
        allowed_accounts=allowed,
    )
    return Account(settings, attempts_max=1)


def surveyor(
    url: str,
    dns: Zone,
    *,
    allowed: tuple[str, ...] = (ACCOUNT,),
    bucket: str = "no-such-bucket",
    evidence: Path = NOWHERE,
    entries: tuple[Entry, ...] | None = None,
    **clouds: Any,
) -> Surveyor:
    """One of an account whose ledgers are in ``bucket``, or are ``entries``."""
    found = account(url, allowed=allowed)

    def recorder_for(account_id: str) -> Recorder:
        assert account_id == ACCOUNT
        store = S3Store(found, bucket, "agency") if entries is None else MemoryStore(*entries)
        return Recorder(store, Hosting.AWS)

    asked = CloudsOf(found.require_allowed, **{"zones": Route53Zones(found)} | clouds)
    return Surveyor(asked, dns, recorder_for, evidence)


def config(*domains: Mapping[str, object]) -> AgencyConfig:
    values: dict[str, object] = {
        "aws:region": "us-east-1",
        "mtasts:agency": "Department of Tests",
        "mtasts:profile": "rfc",
        "mtasts:hosting": "aws",
        "mtasts:dns": "route53",
        "mtasts:mode": "testing",
        "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
        "mtasts:domains": list(domains),
    }
    return load(values, file="stacks/Pulumi.test.yaml")


MAIL = {"name": "example.gov", "mx": ["mx1.example.gov"]}


def test_public_zones_are_listed_and_private_ones_and_no_domains_left_out(url: str) -> None:
    assert sorted(zone.name for zone in public_zones(account(url))) == [
        "example.gov",
        "sub.example.gov",
    ]


def test_a_zone_gets_its_name_servers(url: str) -> None:
    (zone,) = [each for each in public_zones(account(url)) if each.name == "example.gov"]
    assert zone.name_servers == frozenset()
    found = with_name_servers(account(url), zone)
    assert (found.zone_id, found.name) == (zone.zone_id, zone.name)
    assert found.name_servers
    assert not any(server.endswith(".") for server in found.name_servers)


def test_an_account_that_does_not_answer_is_not_an_empty_one() -> None:
    nobody = account(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(UndeterminedError, match="the hosted zones of the account"):
        public_zones(nobody)
    with pytest.raises(UndeterminedError, match=r"the name servers of the zone example\.gov"):
        with_name_servers(nobody, HostedZone("Z1", "example.gov"))
    with pytest.raises(UndeterminedError, match="the account of the AWS credentials"):
        nobody.account_id()


def test_a_role_of_another_account_is_assumed_for_its_zones(url: str) -> None:
    own = account(url)
    assert own.require_allowed() == ACCOUNT
    # The pin says whose the stack is, so it is left behind where a zone is another's on purpose.
    assert own.in_role(ROLE).require_allowed() == OTHER


async def test_everything_around_a_domain_is_found_at_once(url: str) -> None:
    dns = Zone({("example.gov", "NS"): ("ns1.example.net",)})
    found = await surveyor(url, dns).survey(
        config(MAIL, {"name": "sub.example.gov", "mx": ["mx1.example.gov"]})
    )
    assert found.account_id == ACCOUNT
    first, second = mail_domains(found.domains)
    assert isinstance(first.zone, ZoneFacts)
    assert isinstance(second.zone, ZoneFacts)
    assert (first.zone.zone.name, second.zone.zone.name) == ("example.gov", "sub.example.gov")
    assert first.zone.delegation.values == ("ns1.example.net",)
    assert [answer.name for answer in first.caa] == ["mta-sts.example.gov", "example.gov", "gov"]
    assert first.mx.status is DnsStatus.NXDOMAIN
    assert first.ledger == Ledger()
    assert (first.sts and first.sts.name) == "_mta-sts.example.gov"


async def test_a_parked_domain_needs_no_zone_only_its_mx(url: str) -> None:
    dns = Zone({("parked.example", "MX"): ("0 .",)})
    found = await surveyor(url, dns).survey(config({"name": "parked.example", "mx": []}))
    (parked,) = found.domains
    assert parked.mx.values == ("0 .",)
    assert dns.asked == [("parked.example", "MX")]


async def test_what_stands_in_the_way_is_found_for_each_domain_and_stops_no_other(
    url: str,
) -> None:
    dns = Zone({}, failing=frozenset({("example.gov", "NS")}))
    found = await surveyor(url, dns).survey(
        config(
            {"name": "elsewhere.example", "mx": ["mx.elsewhere.example"]},
            MAIL,
            {"name": "roled.example", "mx": ["mx.roled.example"], "dnsRoleArn": ROLE},
        )
    )
    missing, unseen, roled = mail_domains(found.domains)
    assert isinstance(missing.zone, ZoneError)
    assert isinstance(roled.zone, ZoneError)  # that account has no such zone
    assert isinstance(unseen.zone, ZoneFacts)
    assert unseen.zone.delegation.status is DnsStatus.FAILED


async def test_a_look_up_that_fails_hides_neither_cloud_of_the_config(url: str) -> None:
    moves = replace(
        config({"name": "elsewhere.example", "mx": ["mx.elsewhere.example"]}),
        hosting=Hosting.CLOUDFLARE,
        leaving=Hosting.AWS,
    )
    (missing,) = mail_domains((await surveyor(url, Zone({})).survey(moves)).domains)
    assert isinstance(missing.zone, ZoneError)
    placed = missing.placement
    assert (placed.hosting, placed.leaving) == (Hosting.CLOUDFLARE, Hosting.AWS)


async def test_nothing_is_found_in_another_account(url: str) -> None:
    with pytest.raises(WrongAccountError):
        await surveyor(url, Zone({}), allowed=(OTHER,)).survey(config(MAIL))


@pytest.fixture
def bucket(url: str) -> str:
    """A versioned bucket of its own, as the stack's."""
    name = f"b-{uuid.uuid4().hex}"
    s3 = session().client("s3", endpoint_url=url)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


POLICY = config(MAIL).domains[0].policy


async def test_a_ledger_grows_by_what_is_meant_seen_and_looked_up(url: str, bucket: str) -> None:
    recorder = Recorder(S3Store(account(url), bucket, "agency"), Hosting.AWS)
    assert await recorder.read("example.gov") == Ledger()
    intended = intend(Ledger(), POLICY)
    for _ in range(2):  # the second finds it there
        await recorder.ensure_body("example.gov", intended)
    await recorder.proven("example.gov", intended.id, ("192.0.2.1",), ("::1",))
    found = await recorder.read("example.gov")
    mx = await Zone({("example.gov", "MX"): ("10 mx1.example.gov",)}).lookup("example.gov", "MX")
    await recorder.mx_seen("example.gov", found, mx)
    ledger = await recorder.read("example.gov")
    body, proof, seen = ledger.entries
    assert isinstance(body, Body)
    assert isinstance(proof, Proof)
    assert isinstance(seen, MxSeen)
    assert (body.body, proof.unseen, seen.hosts) == (intended.body, ("::1",), ("mx1.example.gov",))
    assert ledger.last_proven == body
    assert await recorder.read("other.example") == Ledger()


async def test_the_survey_reads_the_ledger(url: str, bucket: str) -> None:
    recorder = Recorder(S3Store(account(url), bucket, "agency"), Hosting.AWS)
    await recorder.ensure_body("example.gov", intend(Ledger(), POLICY))
    found = await surveyor(url, Zone({}), bucket=bucket).survey(config(MAIL))
    (only,) = mail_domains(found.domains)
    assert only.history.last_body is not None


async def test_what_was_done_to_an_entry_changes_nothing_and_is_told(url: str, bucket: str) -> None:
    recorder = Recorder(S3Store(account(url), bucket, "agency"), Hosting.AWS)
    await recorder.ensure_body("example.gov", intend(Ledger(), POLICY))
    await recorder.proven("example.gov", "x", (), ())
    before = await recorder.read("example.gov")
    s3 = session().client("s3", endpoint_url=url)
    s3.delete_object(Bucket=bucket, Key="ledger/example.gov/1.json")
    s3.put_object(Bucket=bucket, Key="ledger/example.gov/2.json", Body=b"other")
    found = await surveyor(url, Zone({}), bucket=bucket).survey(config(MAIL))
    (only,) = mail_domains(found.domains)
    assert only.history.entries == before.entries
    repair = ": mtasts ledger repair agency --domain example.gov"
    assert only.history.notes == (
        (
            f"ledger/example.gov/1.json of the bucket {bucket} was deleted; mtasts reads the "
            "deleted version"
        )
        + repair,
        (
            f"ledger/example.gov/2.json of the bucket {bucket} was overwritten; mtasts reads the "
            "first version"
        )
        + repair,
    )


async def test_domains_that_only_their_ledgers_tell_of_are_read(url: str, bucket: str) -> None:
    store = S3Store(account(url), bucket, "agency")
    recorder = Recorder(store, Hosting.AWS)
    for name in ("example.gov", "gone.example", "parked.example"):
        await recorder.ensure_body(name, intend(Ledger(), POLICY))
    store.append("Backup of 2025", 1, b"x")
    store.append("broken.example", 2, b"x")
    found = await surveyor(url, Zone({}), bucket=bucket).survey(
        config(MAIL, {"name": "parked.example", "mx": []})
    )
    broken, gone, parked = found.remembered
    assert (broken.name, broken.parked) == ("broken.example", False)
    assert "entry 1 of the ledger is missing" in str(broken.problem)
    assert (gone.name, gone.problem, gone.parked) == ("gone.example", None, False)
    assert gone.ledger.last_body is not None
    assert (parked.name, parked.parked) == ("parked.example", True)
    assert ids(found.notes) == ["ledger-stray"]
    assert texts(found.notes) == (
        "ledger/Backup of 2025/ is not named after a domain; mtasts ignores it",
    )
    assert found.remembered_problem is None


async def test_ledgers_that_cannot_be_listed_are_a_problem(
    url: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: S3Store) -> None:
        raise UndeterminedError("no right to")

    monkeypatch.setattr(S3Store, "domains", refuse)
    found = await surveyor(url, Zone({}), bucket=bucket).survey(config(MAIL))
    assert (found.remembered, str(found.remembered_problem)) == ((), "no right to")


async def test_a_ledger_that_is_not_whole_is_a_problem_and_no_new_domain(
    url: str, bucket: str
) -> None:
    recorder = Recorder(S3Store(account(url), bucket, "agency"), Hosting.AWS)
    await recorder.ensure_body("example.gov", intend(Ledger(), POLICY))
    await recorder.proven("example.gov", "x", (), ())
    gone(url, bucket, "ledger/example.gov/1.json")
    found = await surveyor(url, Zone({}), bucket=bucket).survey(config(MAIL))
    (only,) = mail_domains(found.domains)
    problem = str(only.ledger)
    assert "entry 1 of the ledger is missing: mtasts ledger repair agency --domain" in problem


def gone(url: str, bucket: str, key: str) -> None:
    """Delete every version of a key."""
    s3 = session().client("s3", endpoint_url=url)
    for version in s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])


def test_what_is_no_entry_is_not_read(url: str, bucket: str) -> None:
    s3 = session().client("s3", endpoint_url=url)
    for key in ("ledger/example.gov/readme.txt", "ledger/example.gov/0.json", "ledger/x/1.json"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert S3Store(account(url), bucket, "agency").read("example.gov").entries == {}


def test_every_domain_with_a_ledger_is_listed_deleted_or_not(url: str, bucket: str) -> None:
    store = S3Store(account(url), bucket, "agency")
    assert store.domains() == ()
    for domain in ("example.gov", "b.example", "gone.example"):
        store.append(domain, 1, b"one")
    store.append("b.example", 2, b"two")
    s3 = session().client("s3", endpoint_url=url)
    s3.delete_object(Bucket=bucket, Key="ledger/gone.example/1.json")
    s3.put_object(Bucket=bucket, Key="policy/other.example/x", Body=b"x")
    assert store.domains() == ("b.example", "example.gov", "gone.example")
    assert S3Store(account(url), "no-such-bucket", "agency").domains() == ()


async def test_of_two_runs_one_appends(url: str, bucket: str) -> None:
    store = S3Store(account(url), bucket, "agency")
    assert [store.append("example.gov", 1, b"one"), store.append("example.gov", 1, b"two")] == [
        True,
        False,
    ]
    assert store.read("example.gov").entries == {1: b"one"}


async def test_a_store_that_does_not_answer_is_not_an_empty_one() -> None:
    nobody = S3Store(account(f"http://127.0.0.1:{closed_port()}"), "bucket", "agency")
    with pytest.raises(UndeterminedError, match=r"the ledger of example\.gov"):
        nobody.read("example.gov")
    with pytest.raises(UndeterminedError, match=r"the ledger of example\.gov"):
        nobody.append("example.gov", 1, b"")
    with pytest.raises(UndeterminedError, match="the ledgers in bucket"):
        nobody.domains()


async def test_a_refusal_is_not_an_answer(url: str, bucket: str) -> None:
    gone = S3Store(account(url), "no-such-bucket", "agency")
    with pytest.raises(
        UndeterminedError, match=r"NoSuchBucket.*pulumi up --refresh -s agency creates it"
    ):
        gone.append("example.gov", 1, b"")
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
    }
    s3 = session().client("s3", endpoint_url=url)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(deny))
    with pytest.raises(UndeterminedError, match=r"the ledger of example\.gov"):
        S3Store(account(url), bucket, "agency").append("example.gov", 1, b"one")


def entry(number: int, body: bytes, revision: int) -> Body:
    return Body(number, NOW, body, revision, f"id{revision}")


NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


async def test_a_run_that_was_overtaken_publishes_nothing() -> None:
    stale = intend(Ledger(), POLICY)
    with pytest.raises(LedgerError, match="has changed since this run began"):
        await Recorder(MemoryStore(entry(1, b"x", 0)), Hosting.AWS).ensure_body(
            "example.gov", stale
        )
    memory = MemoryStore(rival=render_entry(entry(1, b"x", 0)))
    with pytest.raises(LedgerError, match="another run has written entry 1"):
        await Recorder(memory, Hosting.AWS).ensure_body("example.gov", stale)


async def test_a_write_whose_answer_was_lost_is_found_again() -> None:
    memory = MemoryStore()
    memory.loses_answers = True
    await Recorder(memory, Hosting.AWS).ensure_body("example.gov", intend(Ledger(), POLICY))
    assert list(memory.entries) == [1]


@pytest.mark.parametrize(
    ("value", "written"), [("10 a.example", False), ("20 a.example", False), ("10 b.example", True)]
)
async def test_an_mx_set_is_written_when_it_changes(value: str, written: bool) -> None:
    memory = MemoryStore()
    before = Ledger((MxSeen(1, NOW, ("a.example",), 60),))
    answer = await Zone({("example.gov", "MX"): (value,)}).lookup("example.gov", "MX")
    await Recorder(memory, Hosting.AWS).mx_seen("example.gov", before, answer)
    assert bool(memory.entries) is written


async def test_an_mx_set_that_nobody_told_is_not_written() -> None:
    memory = MemoryStore()
    failed = await Zone({}, frozenset({("example.gov", "MX")})).lookup("example.gov", "MX")
    await Recorder(memory, Hosting.AWS).mx_seen("example.gov", Ledger(), failed)
    assert memory.entries == {}


async def test_access_denied_is_no_empty_ledger(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectVersions")
    found = account(url)

    def refuse(_: str) -> None:
        raise denied

    monkeypatch.setattr(found.client("s3"), "get_paginator", refuse)
    with pytest.raises(UndeterminedError, match="AccessDenied"):
        S3Store(found, "bucket", "agency").read("example.gov")


def paged(*pages: Sequence[str]) -> Any:
    """A client whose listings have pages of those prefixes."""

    class Client:
        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **asked: object) -> Iterator[dict[str, object]]:
            assert asked == {
                "Bucket": "bucket",
                "Prefix": "ledger/",
                "Delimiter": "/",
                "ExpectedBucketOwner": ACCOUNT,
            }
            for page in pages:
                yield {"CommonPrefixes": [{"Prefix": f"ledger/{each}/"} for each in page]}

    return Client()


def test_domains_are_read_from_every_page_and_not_beyond_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Account(AwsSettings("us-east-1"))
    monkeypatch.setattr(found, "account_id", lambda: ACCOUNT)

    def domains(*pages: list[str]) -> tuple[str, ...]:
        monkeypatch.setattr(S3Store, "s3", lambda _: paged(*pages))
        return S3Store(found, "bucket", "agency").domains()

    assert domains(["b.example"], [], ["a.example"]) == ("a.example", "b.example")
    endless = [[f"{page}-{each}.example" for each in range(1000)] for page in range(11)]
    assert len(domains(*endless[:10])) == DOMAINS_MAX
    with pytest.raises(LedgerError, match="more than 10000 domains"):
        domains(*endless)


async def test_a_promotion_is_surveyed_with_its_evidence(url: str, tmp_path: Path) -> None:
    (tmp_path / "agency").mkdir()
    (tmp_path / "agency" / "example.gov.json").write_text("{}")
    for mode, evidence in (("testing", None), ("enforce", "example.gov.json: domain: Field")):
        survey = await surveyor(url, Zone({}), evidence=tmp_path).survey(
            config(MAIL | {"mode": mode})
        )
        (found,) = mail_domains(survey.domains)
        assert (found.evidence is None) == (evidence is None)
        assert evidence is None or evidence in str(found.evidence)


async def test_of_a_domain_that_retires_the_addresses_are_looked_up(url: str) -> None:
    class Direct(Zone):
        async def authoritative(self, _: object, name: str, type_: str) -> DnsAnswer:
            return await self.lookup(name, type_)

    zone = Direct({("mta-sts.example.gov", "A"): ("192.0.2.1",)})
    survey = await surveyor(url, zone).survey(config(MAIL | {"retire": True}))
    (found,) = mail_domains(survey.domains)
    assert [(each.type, each.values) for each in found.host_addresses] == [
        ("A", ("192.0.2.1",)),
        ("AAAA", ()),
    ]


async def test_what_is_taken_over_is_written_once_however_often_it_is_tried() -> None:
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    adopted, body = Adopted(1, at), Body(2, at, b"x", 0, "1")
    for written in range(4):
        shelf = MemoryStore()
        recorder = Recorder(shelf, Hosting.AWS)
        await recorder.adopt("example.gov", adopted, body, ("192.0.2.1",))
        whole = dict(shelf.entries)
        shelf.entries = {number: whole[number] for number in range(1, written + 1)}
        later = replace(body, at=at + dt.timedelta(days=1))
        recorder = Recorder(shelf, Hosting.AWS)
        await recorder.adopt("example.gov", adopted, later, ("192.0.2.1",))
        assert len(shelf.entries) == 3
        assert (await recorder.read("example.gov")).last_proven is not None
    with pytest.raises(LedgerError, match="has a ledger already"):
        await recorder.adopt("example.gov", adopted, replace(body, id="2"), ())
    shelf.entries = {1: render_entry(replace(body, number=1))}
    with pytest.raises(LedgerError, match="has a ledger already"):
        await Recorder(shelf, Hosting.AWS).adopt("example.gov", adopted, body, ())


def host_rulings(found: DomainFacts) -> tuple[Ruling, ...]:
    assert isinstance(found.zone, ZoneFacts)
    return found.zone.host_rulings


class Met:
    """An account's hosts, as data."""

    kind = "distributions"
    limit = 10

    def __init__(self, *, broken: bool = False, raised: int | None = None) -> None:
        self.broken = broken
        self.there = 9
        self._raised = raised

    def raised(self) -> int | None:
        return self._raised

    def count(self) -> int:
        if self.broken:
            raise UndeterminedError("nobody there")
        return self.there

    def taken(self, host: str, _: str) -> str | None:
        if self.broken:
            raise UndeterminedError("nobody there")
        return f"{host} is taken"

    def hint(self, targets: tuple[str, ...], host: str) -> str | None:
        return f"{host} leads to {targets[0]}" if targets else None


class Everywhere(Zone):
    """Every name server answers as the resolver does."""

    async def authoritative(self, _: object, name: str, type_: str) -> DnsAnswer:
        return await self.lookup(name, type_)


def noting(url: str, zone: Zone, met: Met, *, fails: bool = False) -> Surveyor:
    def settings(found: HostedZone) -> dict[str, object]:
        if fails:
            return {"unread": {"custom rules": "no right"}}
        assert found.name == "example.gov"
        return {"browser_check": "on"}

    return surveyor(url, zone, hosts=met, zone_settings=settings)


async def test_who_else_has_the_host_of_a_new_domain_is_found_and_a_quota_is_told_of(
    url: str,
) -> None:
    dns = Everywhere({("mta-sts.example.gov", "CNAME"): ("d1.cloudfront.net",)})
    second = {**MAIL, "name": "b.example.gov"}
    found = await noting(url, dns, Met()).survey(config(MAIL, second))
    one, other = (host_rulings(each) for each in mail_domains(found.domains))
    assert str(one[0]) == "mta-sts.example.gov is taken"
    assert ids(one) == ["host-taken", "host-alias-elsewhere", "zone-browser-check"]
    assert ids(other) == ["host-taken", "zone-browser-check"]
    assert ids(found.notes) == ["quota-near"]
    assert "11 distributions" in found.notes[0].text


@pytest.mark.parametrize(("raised", "told"), [(None, True), (11, True), (100, False)])
async def test_a_quota_that_was_raised_counts(url: str, raised: int | None, *, told: bool) -> None:
    found = await noting(url, Zone({}), Met(raised=raised)).survey(config(MAIL))
    assert ids(found.notes) == ["quota-near"] * told
    assert not told or ("by default" in found.notes[0].text) is (raised is None)


async def test_far_from_a_quota_nobody_asks_for_the_accounts_own(url: str) -> None:
    met = Met()
    met.there = 1
    met.raised = None  # type: ignore[assignment, method-assign]  # not to be called
    assert (await noting(url, Zone({}), met).survey(config(MAIL))).notes == ()


async def test_what_could_not_be_looked_at_is_a_hint_and_no_refusal(url: str) -> None:
    found = await noting(url, Zone({}), Met(broken=True), fails=True).survey(config(MAIL))
    (only,) = mail_domains(found.domains)
    assert ids(host_rulings(only)) == ["host-taken-unknown", "zone-setting-unknown"]
    assert texts(host_rulings(only)) == (
        "could not find out whether mta-sts.example.gov is taken: nobody there",
        (
            "zone example.gov: could not find out whether its custom rules would block senders at "
            "mta-sts.* of example.gov: no right"
        ),
    )
    assert ids(found.notes) == ["quota-unknown"]
    assert texts(found.notes) == ("could not find out how much of a quota is used: nobody there",)


class Left:
    """The zones of the provider that records move away from, as data."""

    def __init__(self, *zones: HostedZone) -> None:
        self.zones = zones

    def list(self, _: str | None) -> tuple[HostedZone, ...]:
        if not self.zones:
            raise UndeterminedError("nobody there")
        return self.zones

    def complete(self, _: str | None, zone: HostedZone) -> HostedZone:
        return replace(zone, name_servers=frozenset({"ada.example"}))


FORMER = HostedZone("a" * 32, "example.gov")
TWIN = HostedZone("b" * 32, "example.gov")


@pytest.mark.parametrize("zones", [(FORMER,), (TWIN, FORMER)])
async def test_the_zone_that_records_leave_is_the_one_that_they_were_in(
    url: str, zones: tuple[HostedZone, ...]
) -> None:
    class Split(Zone):
        """Each provider's servers have their own zone."""

        async def authoritative(self, servers: object, name: str, type_: str) -> DnsAnswer:
            own = "" if "ada.example" in str(servers) else ".new"
            return replace(await self.lookup(f"{name}{own}", type_), ttl_seconds=7)

        async def delegation(self, zone: str) -> DnsAnswer:
            return await self.lookup(zone, "NS")

    dns = Split(
        {
            ("_mta-sts.example.gov", "TXT"): ("v=STSv1; id=1;",),
            ("_smtp._tls.example.gov.new", "TXT"): ("copied",),
        }
    )
    moving = replace(config(MAIL), leaving_dns=Dns.CLOUDFLARE)
    entries = (Body(1, NOW, b"x", 0, "1"), Proof(2, NOW, "1"), ZoneSeen(3, NOW, FORMER))
    found = surveyor(url, dns, entries=entries, former_zones=Left(*zones))
    (only,) = mail_domains((await found.survey(moving)).domains)
    assert only.former_zone == replace(FORMER, name_servers=frozenset({"ada.example"}))
    assert only.live_id == "1"
    at = only.zone
    assert isinstance(at, ZoneFacts)
    assert at.delegation.ttl_seconds == 7  # resolvers hold the former zone's
    assert [(each.type, bool(each.strings or each.values)) for each in at.preexisting] == [
        ("TXT", False),
        ("TXT", True),
        ("A", False),
        ("AAAA", False),
        ("CNAME", False),
    ]
    assert [each.type for each in at.wildcard_probe] == ["A", "AAAA", "CNAME"]
    (random_name,) = {each.name for each in at.wildcard_probe}
    assert re.fullmatch(r"[0-9a-f]{16}\.example\.gov\.new", random_name)


async def test_a_zone_to_leave_that_cannot_be_found_is_a_problem(url: str) -> None:
    moving = replace(config(MAIL), leaving_dns=Dns.CLOUDFLARE)

    async def found(*entries: Entry) -> DomainFacts:
        asked = surveyor(url, Zone({}), entries=entries, former_zones=Left())
        (only,) = mail_domains((await asked.survey(moving)).domains)
        return only

    assert (await found()).former is None  # it was never anywhere else
    entries: tuple[Entry, ...] = (Body(1, NOW, b"x", 0, "1"), Proof(2, NOW, "1"))
    lost = await found(*entries)
    assert str(lost.former) == str(lost.zone) == "nobody there"
    # One that came to the new zone while the others moved was never in the former one.
    came = await found(*entries, ZoneSeen(3, NOW, HostedZone("Z1", "example.gov")))
    assert came.former is None


@pytest.mark.parametrize(
    ("leaving", "leaves"), [(None, False), (Hosting.AWS, False), (Hosting.CLOUDFLARE, True)]
)
async def test_a_host_that_stays_for_now_is_known_as_such(
    url: str, leaving: Hosting | None, *, leaves: bool
) -> None:
    found = await surveyor(url, Zone({})).survey(replace(config(MAIL), leaving=leaving))
    (placed,) = (each.placement for each in mail_domains(found.domains))
    assert (placed.changes_host, placed.hosting) == (leaves, Hosting.AWS)


async def test_to_which_zone_dns_leads_is_written_when_it_changes() -> None:
    memory = MemoryStore()
    recorder = Recorder(memory, Hosting.AWS, lambda: NOW)
    for zone in (FORMER, FORMER, TWIN, TWIN):
        await recorder.delegation_seen("example.gov", zone, 60)
    ledger = await recorder.read("example.gov")
    assert ledger.entries == (
        Delegated(1, NOW, FORMER.zone_id, 60),
        Delegated(2, NOW, TWIN.zone_id, 60),
    )


OPERATOR = {"mtasts:dns": "delegated", "mtasts:delegationZone": "sub.example.gov"}


def elsewhere(dns: str) -> AgencyConfig:
    """A stack for an agency that keeps its own zone."""
    values: dict[str, object] = {
        "aws:region": "us-east-1",
        "mtasts:agency": "Department of Tests",
        "mtasts:dns": dns,
        "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
        "mtasts:domains": [{"name": "a.agency.example", "mx": ["mx.agency.example"]}],
    }
    if dns == "delegated":
        values |= OPERATOR
    return load(values, file="stacks/Pulumi.test.yaml")


HANDED = HandedOutRecord("mta-sts.a.agency.example", "CNAME", "d1.cloudfront.net")


class Handing:
    """What was handed out, as data."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    def read(self, domain: str) -> tuple[HandedOutRecord, ...]:
        assert domain == "a.agency.example"
        if self.broken:
            raise HandoverError("no JSON")
        return (HANDED,)


def handing(url: str, zone: Zone, dns: str, *, broken: bool = False) -> Surveyor:
    clouds: dict[str, Any] = {"zones": None} if dns == "manual" else {}
    handouts = lambda _: cast("Handouts", Handing(broken=broken))  # noqa: E731 - a line
    return surveyor(url, zone, handouts=handouts, **clouds)


NS = ("ns1.agency.example",)


@pytest.mark.parametrize(
    ("dns", "zone"), [("manual", "agency.example"), ("delegated", "sub.example.gov")]
)
async def test_what_an_agency_has_published_is_looked_up_at_its_own_servers(
    url: str, dns: str, zone: str
) -> None:
    answers = {
        ("agency.example", "NS"): NS,
        (HANDED.owner, "CNAME"): (HANDED.value,),
        ("_mta-sts.a.agency.example", "TXT"): ("v=STSv1; id=1;",),
    }
    found = await handing(url, Everywhere(answers), dns).survey(elsewhere(dns))
    (only,) = mail_domains(found.domains)
    assert only.agency_zone == HostedZone("", "agency.example", frozenset(NS))
    assert only.hosted_zone is not None
    assert only.hosted_zone.name == zone
    assert [each.is_live for each in only.handed_out] == [True]
    assert only.live_id == "1"
    assert only.stage is Stage.REQUESTED


@pytest.mark.parametrize(
    ("zone", "broken", "says"),
    [
        (Everywhere({}), False, "no zone above a.agency.example has name servers"),
        (
            Everywhere({}, frozenset({("a.agency.example", "NS")})),
            False,
            "the name servers of a.agency.example: SERVFAIL",
        ),
        (Everywhere({("example", "NS"): NS}), True, "no JSON"),
    ],
)
async def test_an_agency_that_cannot_be_looked_at_is_a_problem_of_its_zone(
    url: str, zone: Zone, says: str, *, broken: bool
) -> None:
    for dns in ("manual", "delegated"):
        found = await handing(url, zone, dns, broken=broken).survey(elsewhere(dns))
        (only,) = mail_domains(found.domains)
        assert says in str(only.zone)


def members(protocol: type) -> set[str]:
    named = {*vars(protocol), *protocol.__annotations__}
    return {each for each in named if not each.startswith("_")}


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [(StackClouds, Clouds), (Hosts, Distributions), (Hosts, Workers)],
    ids=lambda value: value.__name__,
)
def test_the_clouds_have_all_that_a_survey_asks_for(protocol: type, kind: type) -> None:
    assert members(protocol)
    assert members(protocol) - {*dir(kind), *kind.__annotations__} == set()
