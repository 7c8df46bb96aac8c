"""What is found of a plan in an account on moto, and how it is taken in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cloudflare_api import api, settings
from fake_account import FakeAccount
from loopback import closed_port

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.buckets import ensure_bucket
from mtasts.cloud.aws.existing import ForeignBucketError, find_existing
from mtasts.cloud.aws.flattening import address_conflict, flatten
from mtasts.cloud.cloudflare.account import CloudflareAccount
from mtasts.cloud.cloudflare.existing import has_addresses, remove_same
from mtasts.cloud.of_stack import Clouds
from mtasts.cloud_catalogue import Hosting
from mtasts.config import load
from mtasts.engine import Engine
from mtasts.errors import UndeterminedError
from mtasts.localcloud.cloudflare.account import Record
from mtasts.localcloud.cloudflare.api import Faults
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.recovery.import_file import Creation
from mtasts.recovery.take_in import finder, look_for, take_in_existing
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("moto-in-process")
BUCKET, RECORD = "aws:s3/bucket:Bucket", "aws:route53/record:Record"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
CONTROL = "aws:cloudfront/originAccessControl:OriginAccessControl"
CERTIFICATE = "aws:acm/certificate:Certificate"
OWNER = "mta-sts.example.gov"
ROLE = "arn:aws:iam::210987654321:role/dns"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as url:
        yield url


def account(url: str, region: str = "us-east-1") -> Account:
    services = ("s3", "cloudfront", "acm", "route53", "sts")
    settings = AwsSettings(
        region,
        access_key="AKIALOCAL",
        secret_key="local",
        endpoints=dict.fromkeys(services, url),
    )
    return Account(settings, attempts_max=1)


@pytest.fixture
def own(url: str) -> Account:
    return account(url)


def client(url: str, service: Any) -> Any:
    return session().client(service, endpoint_url=url)


def test_a_bucket_is_found_by_its_name(own: Account) -> None:
    assert find_existing(own, BUCKET, {"bucket": "here"}) is None
    assert ensure_bucket(own, "here")
    assert not ensure_bucket(own, "here")
    assert find_existing(own, BUCKET, {"bucket": "here"}) == "here"
    assert find_existing(own, "aws:s3/bucketPolicy:BucketPolicy", {"bucket": "here"}) is None


def test_a_bucket_is_made_private_and_versioned_where_the_stack_is(url: str) -> None:
    assert ensure_bucket(account(url, "eu-west-1"), "in-europe")
    s3 = client(url, "s3")
    assert s3.get_bucket_location(Bucket="in-europe")["LocationConstraint"] == "eu-west-1"
    assert s3.get_bucket_versioning(Bucket="in-europe")["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket="in-europe")["PublicAccessBlockConfiguration"]
    assert all(block.values())


def distribution(url: str, alias: str) -> str:
    name = "there.s3.us-east-1.amazonaws.com"
    origin = {"Id": "o", "DomainName": name, "S3OriginConfig": {"OriginAccessIdentity": ""}}
    made = client(url, "cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": alias,
            "Aliases": {"Quantity": 1, "Items": [alias]},
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"},
        }
    )
    return str(made["Distribution"]["Id"])


def test_a_distribution_is_found_by_its_alias(url: str, own: Account) -> None:
    ensure_bucket(own, "there")
    assert find_existing(own, DISTRIBUTION, {"aliases": ["mta-sts.a.example"]}) is None
    id_ = distribution(url, "mta-sts.a.example")
    assert find_existing(own, DISTRIBUTION, {"aliases": ["mta-sts.a.example"]}) == id_
    assert find_existing(own, DISTRIBUTION, {"aliases": ["mta-sts.b.example"]}) is None


def test_an_access_control_is_found_on_every_page() -> None:
    class Pages:
        """moto lists all at once; CloudFront does not."""

        endless = False

        def list_origin_access_controls(self, Marker: str = "") -> Any:  # noqa: N803 - boto3's
            item = {"Name": f"n{Marker}", "Id": f"I{Marker}"}
            more = self.endless or Marker == ""
            page = {"Items": [item], "IsTruncated": more, "NextMarker": "2"}
            return {"OriginAccessControlList": page}

    pages = Pages()
    own = FakeAccount(clients={"cloudfront": pages})
    assert find_existing(own, CONTROL, {"name": "n2"}) == "I2"
    assert find_existing(own, CONTROL, {"name": "other"}) is None
    pages.endless = True
    with pytest.raises(UndeterminedError, match="pages of origin access controls"):
        find_existing(own, CONTROL, {"name": "other"})


def test_a_certificate_is_found_by_name_and_tags(url: str, own: Account) -> None:
    acm, name = client(url, "acm"), "mta-sts.c.example"
    tag = {"Key": "mtasts:domain", "Value": "c.example"}
    inputs = {"domainName": name, "region": "us-east-1", "tags": {tag["Key"]: tag["Value"]}}
    acm.request_certificate(DomainName=name)
    acm.request_certificate(DomainName="other.example", Tags=[tag])
    assert find_existing(own, CERTIFICATE, inputs) is None
    other = {"Key": "other", "Value": "x"}
    arns = {
        acm.request_certificate(DomainName=name, Tags=[tag, other], IdempotencyToken=each)[
            "CertificateArn"
        ]
        for each in ("a", "b")
    }
    found = find_existing(own, CERTIFICATE, inputs)
    assert found in arns
    elsewhere = find_existing(account(url, "eu-west-1"), CERTIFICATE, inputs)
    assert elsewhere == f"{found}@us-east-1"


def test_a_record_is_found_by_owner_and_type(url: str, own: Account) -> None:
    route53 = client(url, "route53")
    zone = route53.create_hosted_zone(Name="d.example.", CallerReference="d")["HostedZone"]["Id"]
    id_ = zone.rpartition("/")[2]
    inputs = {"zoneId": id_, "name": "_mta-sts.d.example", "type": "TXT"}
    assert find_existing(own, RECORD, inputs) is None
    record = {
        "Name": "_mta-sts.d.example",
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": '"x"'}],
    }
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    route53.change_resource_record_sets(HostedZoneId=id_, ChangeBatch={"Changes": changes})
    assert find_existing(own, RECORD, inputs) == f"{id_}__mta-sts.d.example_TXT"
    assert find_existing(own, RECORD, inputs | {"type": "A"}) is None


def test_an_account_that_does_not_tell_has_not_said_no() -> None:
    nobody = FakeAccount(account(f"http://127.0.0.1:{closed_port()}").settings)
    for type_, inputs in (
        (BUCKET, {"bucket": "b"}),
        (RECORD, {"zoneId": "Z", "name": "n", "type": "A"}),
    ):
        with pytest.raises(UndeterminedError, match="whether there is a"):
            find_existing(nobody, type_, inputs)
    with pytest.raises(UndeterminedError, match="the bucket b"):
        ensure_bucket(nobody, "b")


def test_a_bucket_of_somebody_else_is_refused_by_name(own: Account) -> None:
    own.client("s3").create_bucket(Bucket="theirs")
    assert find_existing(own, BUCKET, {"bucket": "theirs"}) == "theirs"
    other = FakeAccount(own.settings, id_="210987654321")
    says = "the bucket theirs is not one that the account 210987654321 owns"
    for type_ in (BUCKET, VERSIONING):
        with pytest.raises(ForeignBucketError, match=says):
            find_existing(other, type_, {"bucket": "theirs"})
    with pytest.raises(ForeignBucketError, match=says):
        ensure_bucket(other, "theirs")


def test_a_refusal_that_is_no_403_is_not_known() -> None:
    from botocore.exceptions import ClientError  # for this alone

    class Slow:
        def head_bucket(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "503", "Message": "SlowDown"}}, "HeadBucket")

    own = FakeAccount(clients={"s3": Slow()})
    with pytest.raises(UndeterminedError, match="SlowDown"):
        find_existing(own, BUCKET, {"bucket": "theirs"})


def test_versioning_that_is_on_is_found_and_not_written_again(own: Account) -> None:
    s3 = own.client("s3")
    s3.create_bucket(Bucket="plain")
    assert find_existing(own, VERSIONING, {"bucket": "plain"}) is None
    assert find_existing(own, VERSIONING, {"bucket": "no-such-bucket"}) is None
    assert not ensure_bucket(own, "plain")
    assert find_existing(own, VERSIONING, {"bucket": "plain"}) == "plain"
    arn = "arn:aws:s3:::plain"
    kept = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketVersioning", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [kept]})
    s3.put_bucket_policy(Bucket="plain", Policy=policy)
    assert not ensure_bucket(own, "plain")


def config(role: str | None = None) -> Any:
    domain: dict[str, object] = {"name": "example.gov", "mx": ["mx.example.gov"]}
    if role:
        domain["dnsRoleArn"] = role
    values: dict[str, object] = {
        "aws:region": "us-east-1",
        "mtasts:agency": "A",
        "mtasts:profile": "rfc",
        "mtasts:hosting": "aws",
        "mtasts:dns": "route53",
        "mtasts:tlsReports": ["mailto:a@example.gov"],
        "mtasts:domains": [domain],
    }
    return load(values, file="f")


class Holding:
    """Route 53 and S3 of an account that has the record of every name, and every bucket."""

    def list_resource_record_sets(self, **options: str) -> Any:
        row = {"Name": f"{options['StartRecordName']}.", "Type": options["StartRecordType"]}
        return {"ResourceRecordSets": [row]}

    def head_bucket(self, **_: str) -> None:
        """There is one."""


class Nothing(Holding):
    """The same of an account that has no record."""

    def list_resource_record_sets(self, **_: str) -> Any:
        return {"ResourceRecordSets": []}


class WithRole(FakeAccount):
    """An account that has no record, beside a role's that has them all."""

    def in_role(self, role_arn: str | None) -> Account:
        assert role_arn == ROLE
        return FakeAccount(clients={"route53": Holding()})


def test_records_are_looked_for_in_their_domains_role() -> None:
    own = WithRole(clients={"route53": Nothing(), "s3": Holding()})

    def record(name: str) -> Creation:
        return Creation(RECORD, "r", {"zoneId": "Z", "name": name, "type": "TXT"})

    find = finder(Clouds("s", config(ROLE), {Hosting.AWS: own}))
    assert find(record("_mta-sts.example.gov")) == "Z__mta-sts.example.gov_TXT"
    assert find(record("_mta-sts.other.gov")) is None
    assert find(Creation(BUCKET, "b", {"bucket": "b", "name": "example.gov"})) == "b"
    with pytest.raises(KeyError):
        find(Creation(RECORD, "r", {}))
    assert finder(at_aws(own))(record("_mta-sts.example.gov")) is None


DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"


def test_records_at_cloudflare_are_found_by_what_they_say() -> None:
    with api() as servers:
        zone = servers.account.add_zone("example.gov")
        for id_, type_, content in (
            ("spf", "TXT", '"v=spf1 -all"'),
            ("old", "TXT", '"v=STSv1; id=1;"'),
            ("new", "TXT", '"v=STSv1; id=2;"'),
            ("alias", "CNAME", "d1.cloudfront.net"),
        ):
            name = OWNER if type_ == "CNAME" else "_mta-sts.example.gov"
            servers.account.add_record(zone, Record(id_, name, type_, content, 300))
        account = CloudflareAccount(settings(servers.api.url))
        find = finder(Clouds("s", config(), {Hosting.CLOUDFLARE: account}))

        def found(content: str, name: str = "_mta-sts.example.gov", type_: str = "TXT") -> Any:
            inputs = {"zoneId": zone.id, "name": name, "type": type_, "content": content}
            return find(Creation(DNS_RECORD, "r", inputs))

        assert found('"v=STSv1; id=2;"') == f"{zone.id}/new"
        assert found('"v=STSv1; id=3;"') == f"{zone.id}/old"
        assert found('"v=TLSRPTv1; rua=mailto:a@b.example"') is None
        assert found("d2.cloudfront.net", OWNER, "CNAME") == f"{zone.id}/alias"
        assert found('"v=STSv1; id=2;"', "_mta-sts.other.gov") is None
        script = "cloudflare:index/workersScript:WorkersScript"
        assert find(Creation(script, "s", {})) is None
        with pytest.raises(KeyError):
            find(Creation(DNS_RECORD, "r", {"zoneId": zone.id}))
        assert not has_addresses(OWNER, zone.id, account)
        servers.account.add_record(zone, Record("a", "mta-sts.b.example.gov", "AAAA", "::", 60))
        assert has_addresses("mta-sts.b.example.gov", zone.id, account)
        servers.api.faults = Faults(lacking=frozenset({"DNS Read"}))
        with pytest.raises(UndeterminedError, match="whether there is a"):
            found("x")
        with pytest.raises(UndeterminedError, match="the records of"):
            has_addresses(OWNER, zone.id, account)
        with pytest.raises(UndeterminedError, match=f"the record {OWNER}"):
            remove_same(account, zone.id, OWNER, "x")
        servers.api.faults = Faults()
        remove_same(account, zone.id, OWNER, "d3.cloudfront.net")  # leads elsewhere, and stays
        assert found("d2.cloudfront.net", OWNER, "CNAME") is not None
        remove_same(account, zone.id, OWNER, "d1.cloudfront.net")
        assert found("d1.cloudfront.net", OWNER, "CNAME") is None


def plan(*rows: tuple[str, str, dict[str, object]]) -> dict[str, Any]:
    return {
        "steps": [
            {
                "op": "create",
                "urn": f"urn:pulumi:s::p::{type_}::{name}",
                "newState": {"custom": True, "inputs": inputs},
            }
            for type_, name, inputs in rows
        ]
    }


def at_aws(own: Account) -> Clouds:
    return Clouds("s", config(), {Hosting.AWS: own})


def test_a_resource_of_another_provider_is_not_looked_for(own: Account) -> None:
    assert finder(at_aws(own))(Creation("random:index/randomId:RandomId", "r", {})) is None


def test_what_is_not_known_yet_is_looked_for_later(own: Account) -> None:
    ensure_bucket(own, "mine")
    asked = plan(
        (BUCKET, "b", {"bucket": "mine"}),
        (BUCKET, "c", {"bucket": "no-such"}),
        (RECORD, "r", {"zoneId": "Z", "type": "CNAME"}),
    )
    assert look_for(asked, finder(at_aws(own))) == {(BUCKET, "b"): "mine"}


class Rounds(Engine):
    """An engine that plans to create a bucket until it was taken in; or for ever."""

    endless = False

    def plan_import(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return (
            plan((BUCKET, "b", {"bucket": "mine"})) if self.endless or not TAKEN else plan(),
            {"resources": [{"type": BUCKET, "name": "bX", "logicalName": "b", "id": "?"}]},
        )

    def take_in(self, file: dict[str, Any]) -> None:
        TAKEN.append(json.dumps(file))


TAKEN: list[str] = []


def test_it_goes_on_until_nothing_more_is_found(own: Account) -> None:
    ensure_bucket(own, "mine")
    TAKEN.clear()
    taken = list(take_in_existing(Rounds("pulumi", "s"), finder(at_aws(own))))
    assert taken == [(BUCKET, "b", "mine")]
    assert len(TAKEN) == 1


class Endless(Rounds):
    """There is always more."""

    endless = True


def test_there_is_an_end_to_it(own: Account) -> None:
    ensure_bucket(own, "mine")
    with pytest.raises(UndeterminedError, match="6 rounds were not enough"):
        list(take_in_existing(Endless("pulumi", "s"), finder(at_aws(own))))


def test_a_cname_becomes_the_addresses_it_leads_to(url: str, own: Account) -> None:
    route53 = client(url, "route53")
    made = route53.create_hosted_zone(Name="example.gov.", CallerReference="e")["HostedZone"]["Id"]
    zone = HostedZone(made.rpartition("/")[2], "example.gov")
    assert not address_conflict(OWNER, zone, own)
    record = {
        "Name": OWNER,
        "Type": "CNAME",
        "TTL": 300,
        "ResourceRecords": [{"Value": "old.example"}],
    }
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    route53.change_resource_record_sets(HostedZoneId=zone.zone_id, ChangeBatch={"Changes": changes})
    assert address_conflict(OWNER, zone, own)
    flatten(OWNER, zone, own, ("192.0.2.1", "2001:db8::1", "192.0.2.2"))
    rows = route53.list_resource_record_sets(HostedZoneId=zone.zone_id)["ResourceRecordSets"]
    assert {
        row["Type"]: (row["TTL"], [each["Value"] for each in row["ResourceRecords"]])
        for row in rows
        if row["Name"] == f"{OWNER}."
    } == {"A": (60, ["192.0.2.1", "192.0.2.2"]), "AAAA": (60, ["2001:db8::1"])}


def test_a_cname_that_cannot_be_replaced_stays() -> None:
    nobody = account(f"http://127.0.0.1:{closed_port()}")
    zone = HostedZone("Z1", "example.gov")
    with pytest.raises(UndeterminedError, match=r"the CNAME mta-sts\.example\.gov"):
        flatten(OWNER, zone, nobody, ("192.0.2.1",))
    with pytest.raises(UndeterminedError):
        address_conflict(OWNER, zone, nobody)
