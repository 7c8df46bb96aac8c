"""The stand-in for pulumi-aws, over a real gRPC channel, with a real moto server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import boto3
import grpc
import pytest
from google.protobuf import empty_pb2
from moto.server import ThreadedMotoServer
from provider_engine import Engine, refusal, served
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from mtasts.localcloud.aws.distribution_config import CACHING_OPTIMIZED, SECURITY_HEADERS
from mtasts.localcloud.aws.edge_config import distribution_config
from mtasts.localcloud.aws.issuance import is_issued
from mtasts.localcloud.aws.provider import provider as make_provider
from mtasts.localcloud.aws.session import account_of_key
from mtasts.localcloud.cloud import Cloud
from mtasts.localcloud.moto_cloudfront import nearer_to_cloudfront
from mtasts.localcloud.moto_s3 import nearer_to_s3
from mtasts.localcloud.moto_scale import fast_moto
from mtasts.localcloud.provider.properties import UNKNOWN, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


BUCKET = "aws:s3/bucket:Bucket"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
CONTROL = "aws:cloudfront/originAccessControl:OriginAccessControl"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
RECORD = "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with nearer_to_cloudfront(), nearer_to_s3(), fast_moto():
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


def environment(directory: Path, url: str) -> dict[str, str]:
    cloud = Cloud(
        directory=directory,
        pid=os.getpid(),
        aws=url,
        dns="127.0.0.1:53",
        edge_port=443,
        control=url,
        ca_file=directory / "ca.pem",
    )
    cloud.write()
    return {
        "MTASTS_LOCAL_CLOUD": str(directory),
        "PULUMI_BACKEND_URL": cloud.backend,
        "AWS_ENDPOINT_URL": url,
        "MTASTS_LOCAL_VALIDATION_SECONDS": "0",
    }


@pytest.fixture
def engine(tmp_path: Path, moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    urlopen(Request(f"{moto}/moto-api/reset", method="POST")).close()  # noqa: S310 - loopback
    with served(make_provider(environment(tmp_path, moto))) as channel:
        engine = Engine(channel, moto)
        engine.stub.Configure(provider_pb2.ConfigureRequest(args=encode({"region": "us-east-1"})))
        yield engine


def zone(engine: Engine, name: str = "example.test") -> str:
    answer = engine.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return str(answer["HostedZone"]["Id"].removeprefix("/hostedzone/"))


def txt(zone_id: str, value: str, **more: Any) -> dict[str, Any]:
    base = {"zoneId": zone_id, "name": "_mta-sts.example.test", "type": "TXT", "ttl": 300}
    return base | {"records": [value]} | more


def unchanged(engine: Engine, token: str, identity: str, inputs: Any) -> None:
    found, live, _ = engine.read(token, identity, inputs)
    assert found == identity
    assert live == inputs
    assert engine.diff(token, live, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE


def certificate(engine: Engine, zone_id: str, name: str, *, validated: bool = True) -> str:
    arn, _, outputs = engine.create(CERTIFICATE, {"domainName": name, "validationMethod": "DNS"})
    for option in outputs["domainValidationOptions"] if validated else ():
        record = {
            "zoneId": zone_id,
            "name": option["resourceRecordName"],
            "type": "CNAME",
            "ttl": 60,
            "records": [option["resourceRecordValue"]],
        }
        engine.create(RECORD, record)
    return arn


def distribution(arn: str, control: str, alias: str = "mta-sts.example.test") -> dict[str, Any]:
    return {
        "aliases": [alias],
        "enabled": True,
        "isIpv6Enabled": True,
        "httpVersion": "http2and3",
        "defaultCacheBehavior": {
            "allowedMethods": ["GET", "HEAD"],
            "cachedMethods": ["GET", "HEAD"],
            "cachePolicyId": CACHING_OPTIMIZED,
            "compress": False,
            "responseHeadersPolicyId": SECURITY_HEADERS,
            "targetOriginId": "policy",
            "viewerProtocolPolicy": "redirect-to-https",
        },
        "origins": [
            {
                "domainName": "b.s3.us-east-1.amazonaws.com",
                "originId": "policy",
                "originPath": "/policy/example.test",
                "originAccessControlId": control,
            }
        ],
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {
            "acmCertificateArn": arn,
            "minimumProtocolVersion": "TLSv1.2_2021",
            "sslSupportMethod": "sni-only",
        },
    }


def access_control(engine: Engine) -> str:
    identity, _, _ = engine.create(
        CONTROL,
        {
            "originAccessControlOriginType": "s3",
            "signingBehavior": "always",
            "signingProtocol": "sigv4",
        },
    )
    return identity


# --- Check


@pytest.mark.parametrize(
    ("token", "news", "path", "reason"),
    [
        pytest.param(
            BUCKET,
            {"foo": 1},
            "foo",
            f'{BUCKET} has no input "foo"',
            id="unknown",
        ),
        pytest.param(POLICY, {"bucket": "b"}, "policy", "needs the input", id="required"),
        pytest.param(BUCKET, {"forceDestroy": "yes"}, "forceDestroy", "type boolean", id="type"),
        pytest.param(BUCKET, {"acl": "private"}, "acl", "does not model", id="unmodelled"),
        pytest.param(BUCKET, {"bucket": "UPPER"}, "bucket", "InvalidBucketName", id="name"),
        pytest.param(
            VERSIONING,
            {"bucket": "b", "versioningConfiguration": {"status": "Disabled"}},
            "versioningConfiguration.status",
            "does not model",
            id="disabled",
        ),
        pytest.param(
            RECORD,
            {"zoneId": "Z", "name": "n", "type": "TXT", "records": ["a"]},
            "ttl",
            "need the input",
            id="ttl",
        ),
    ],
)
def test_check_refuses_by_name(
    engine: Engine, token: str, news: Any, path: str, reason: str
) -> None:
    (failure,) = engine.check(token, news).failures
    assert failure.property == path
    assert reason in failure.reason


def test_check_reports_every_problem_at_once(engine: Engine) -> None:
    failures = engine.check(POLICY, {"bucket": 1, "foo": 2}).failures
    assert sorted(failure.property for failure in failures) == ["bucket", "foo", "policy"]


def test_check_looks_inside_lists_of_objects(engine: Engine) -> None:
    news = distribution("arn", "control")
    news["origins"][0]["customHeaders"] = []
    news["origins"][0]["nonsense"] = 1
    paths = {failure.property for failure in engine.check(DISTRIBUTION, news).failures}
    assert paths == {"origins[0].customHeaders", "origins[0].nonsense"}


def test_a_bucket_gets_a_name_from_the_seed_and_keeps_it(engine: Engine) -> None:
    first = engine.inputs(BUCKET, {})
    assert first["bucket"].startswith("thing-")
    assert first == engine.inputs(BUCKET, {})
    again = decode(engine.check(BUCKET, {}, olds=first, seed=b"other").inputs)
    assert again["bucket"] == first["bucket"]
    assert decode(engine.check(BUCKET, {}, seed=b"other").inputs)["bucket"] != first["bucket"]


def test_unknown_values_pass_check_and_preview(engine: Engine) -> None:
    news = {"zoneId": "Z", "name": UNKNOWN, "type": UNKNOWN, "ttl": 60, "records": [UNKNOWN]}
    identity, _, outputs = engine.create(RECORD, news, preview=True)
    assert identity == ""
    assert outputs["records"] == [UNKNOWN]
    assert outputs["fqdn"] == UNKNOWN
    _, _, planned = engine.create(DISTRIBUTION, distribution(UNKNOWN, UNKNOWN), preview=True)
    assert planned["domainName"] == UNKNOWN


def test_a_preview_knows_what_follows_from_a_buckets_name(engine: Engine) -> None:
    _, _, outputs = engine.create(BUCKET, {"bucket": "known-name"}, preview=True)
    assert outputs["arn"] == "arn:aws:s3:::known-name"
    assert outputs["bucketRegionalDomainName"] == "known-name.s3.us-east-1.amazonaws.com"
    assert engine.client("s3").list_buckets()["Buckets"] == []


# --- S3


def test_a_bucket_is_created_and_deleted(engine: Engine) -> None:
    identity, inputs, outputs = engine.create(BUCKET, {"bucket": "one", "tags": {"a": "b"}})
    assert identity == outputs["bucket"] == "one"
    unchanged(engine, BUCKET, identity, inputs)
    assert "BucketAlreadyOwnedByYou" in refusal(engine.create, BUCKET, {"bucket": "one"})
    engine.delete(BUCKET, identity, inputs)
    assert engine.read(BUCKET, identity, inputs)[0] == ""


def test_a_bucket_with_objects_needs_force_destroy(engine: Engine) -> None:
    identity, inputs, _ = engine.create(BUCKET, {"bucket": "full"})
    engine.client("s3").put_object(Bucket="full", Key="k", Body=b"x")
    assert "BucketNotEmpty" in refusal(engine.delete, BUCKET, identity, inputs)
    engine.delete(BUCKET, identity, inputs | {"forceDestroy": True})
    assert engine.client("s3").list_buckets()["Buckets"] == []


SETTINGS = [
    pytest.param(BLOCK, {"blockPublicAcls": True, "blockPublicPolicy": True}, id="block"),
    pytest.param(OWNERSHIP, {"rule": {"objectOwnership": "BucketOwnerEnforced"}}, id="ownership"),
    pytest.param(VERSIONING, {"versioningConfiguration": {"status": "Enabled"}}, id="versioning"),
    pytest.param(
        ENCRYPTION,
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        id="encryption",
    ),
    pytest.param(
        ENCRYPTION,
        {
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
                    "blockedEncryptionTypes": ["SSE-C"],
                }
            ]
        },
        id="blocked-encryption",
    ),
    pytest.param(
        POLICY,
        {
            "policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": "arn:aws:s3:::settings/*",
                        }
                    ],
                }
            )
        },
        id="policy",
    ),
]


@pytest.mark.parametrize(("token", "setting"), SETTINGS)
def test_a_setting_is_read_back_as_written(engine: Engine, token: str, setting: Any) -> None:
    engine.create(BUCKET, {"bucket": "settings"})
    identity, inputs, _ = engine.create(token, {"bucket": "settings"} | setting)
    unchanged(engine, token, identity, inputs)
    found, imported, _ = engine.read(token, identity)
    assert found == identity
    assert imported["bucket"] == "settings"
    engine.delete(token, identity, inputs)
    found, left, _ = engine.read(token, identity, inputs)
    if token == VERSIONING:  # S3 knows no way back to an unversioned bucket
        assert left["versioningConfiguration"] == {"status": "Suspended"}
    else:
        assert found == ""


@pytest.mark.parametrize(("token", "setting"), SETTINGS)
def test_a_setting_needs_its_bucket(engine: Engine, token: str, setting: Any) -> None:
    assert "NoSuchBucket" in refusal(engine.create, token, {"bucket": "settings"} | setting)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param("no json", "MalformedPolicy", id="no-json"),
        pytest.param(
            '{"Statement": [{"Effect": "Deny", "Resource": "arn:aws:s3:::another/*"}]}',
            "MalformedPolicy",
            id="other-bucket",
        ),
        pytest.param(
            '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",'
            ' "Resource": "arn:aws:s3:::settings/*"}]}',
            "AccessDenied",
            id="public",
        ),
    ],
)
def test_a_bad_bucket_policy_is_refused(engine: Engine, document: str, code: str) -> None:
    engine.create(BUCKET, {"bucket": "settings"})
    engine.create(BLOCK, {"bucket": "settings", "blockPublicPolicy": True})
    news = {"bucket": "settings", "policy": document}
    assert code in refusal(engine.create, POLICY, news)


def policy_object(content: str, **more: Any) -> dict[str, Any]:
    return {"bucket": "objects", "key": "policy/a/mta-sts.txt", "content": content} | more


def test_an_object_keeps_its_bytes_and_headers(engine: Engine) -> None:
    engine.create(BUCKET, {"bucket": "objects"})
    engine.create(
        VERSIONING, {"bucket": "objects", "versioningConfiguration": {"status": "Enabled"}}
    )
    news = policy_object("a\r\nb\r\n", contentType="text/plain", cacheControl="max-age=60")
    identity, inputs, first = engine.create(OBJECT, news)
    stored = engine.client("s3").get_object(Bucket="objects", Key=news["key"])
    assert stored["Body"].read() == b"a\r\nb\r\n"
    assert (stored["ContentType"], stored["CacheControl"]) == ("text/plain", "max-age=60")
    unchanged(engine, OBJECT, identity, inputs)
    new = inputs | {"content": "c\r\n"}
    second = engine.update(OBJECT, identity, inputs, new)
    assert second["versionId"] != first["versionId"]
    assert engine.update(OBJECT, identity, inputs, new, preview=True)["etag"] == UNKNOWN
    engine.delete(OBJECT, identity, new)
    assert "Versions" not in engine.client("s3").list_object_versions(Bucket="objects")


def versioned(engine: Engine, *, kept: str = "") -> Any:
    """An S3 client, and a bucket with versioning whose policy protects versions below ``kept``."""
    engine.create(BUCKET, {"bucket": "objects"})
    engine.create(
        VERSIONING, {"bucket": "objects", "versioningConfiguration": {"status": "Enabled"}}
    )
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObjectVersion",
        "Resource": f"arn:aws:s3:::objects/{kept}*",
    }
    if kept:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
        engine.create(POLICY, {"bucket": "objects", "policy": policy})
    return engine.client("s3")


def seen_versions(s3: Any, key: str) -> list[str]:
    """The ids of the versions and delete markers of a key."""
    found = s3.list_object_versions(Bucket="objects", Prefix=key)
    return [
        each["VersionId"] for kind in ("Versions", "DeleteMarkers") for each in found.get(kind, ())
    ]


def test_deleting_an_object_leaves_the_versions_that_a_policy_protects(engine: Engine) -> None:
    s3 = versioned(engine, kept="policy/")
    identity, inputs, _ = engine.create(OBJECT, policy_object("a"))
    refused = refusal(engine.delete, OBJECT, identity, inputs)
    assert "AccessDenied: deleting at least one S3 Object version, last error" in refused
    assert len(seen_versions(s3, "policy/")) == 1
    other, inputs, _ = engine.create(OBJECT, policy_object("a", key="published/a.json"))
    engine.delete(OBJECT, other, inputs)
    assert seen_versions(s3, "published/") == []


def test_emptying_a_bucket_fails_on_versions_that_its_policy_protects(engine: Engine) -> None:
    s3 = versioned(engine, kept="policy/")
    engine.create(OBJECT, policy_object("a"))
    engine.create(OBJECT, policy_object("a", key="published/a.json"))
    inputs = {"bucket": "objects", "forceDestroy": True}
    assert "AccessDenied" in refusal(engine.delete, BUCKET, "objects", inputs)
    assert seen_versions(s3, "published/") == []
    (kept,) = seen_versions(s3, "policy/")
    doomed = {"Objects": [{"Key": "policy/a/mta-sts.txt", "VersionId": kept}]}
    (error,) = s3.delete_objects(Bucket="objects", Delete=doomed)["Errors"]
    assert (error["Key"], error["Code"]) == ("policy/a/mta-sts.txt", "AccessDenied")
    # Without a version's name only a marker is made, which is another action.
    made = s3.delete_objects(Bucket="objects", Delete={"Objects": [{"Key": error["Key"]}]})
    assert "Errors" not in made


def test_suspending_versioning_keeps_the_versions(engine: Engine) -> None:
    s3 = versioned(engine)
    kept = s3.put_object(Bucket="objects", Key="k", Body=b"1")["VersionId"]
    engine.delete(VERSIONING, "objects", {"bucket": "objects"})
    for body in (b"2", b"3"):  # the second takes the place of the first
        s3.put_object(Bucket="objects", Key="k", Body=body)
    assert sorted(seen_versions(s3, "k")) == sorted([kept, "null"])
    assert s3.get_object(Bucket="objects", Key="k")["Body"].read() == b"3"
    s3.delete_object(Bucket="objects", Key="k")
    found = s3.list_object_versions(Bucket="objects")
    assert [each["VersionId"] for each in found["DeleteMarkers"]] == ["null"]
    assert [each["VersionId"] for each in found["Versions"]] == [kept]
    engine.delete(BUCKET, "objects", {"bucket": "objects", "forceDestroy": True})
    assert s3.list_buckets()["Buckets"] == []


def test_a_console_edit_of_an_object_shows_as_drift(engine: Engine) -> None:
    engine.create(BUCKET, {"bucket": "objects"})
    _, _, outputs = engine.create(OBJECT, policy_object("a"))
    news = policy_object("a", etag=outputs["etag"])
    identity, inputs, _ = engine.create(OBJECT, news)
    unchanged(engine, OBJECT, identity, inputs)
    engine.client("s3").put_object(Bucket="objects", Key=news["key"], Body=b"edited")
    _, live, _ = engine.read(OBJECT, identity, inputs)
    assert list(engine.diff(OBJECT, live, inputs).detailedDiff) == ["etag"]


def test_declaring_the_encryption_that_s3_reports_is_no_change(engine: Engine) -> None:
    engine.create(BUCKET, {"bucket": "objects"})
    rules = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    _, former, _ = engine.create(ENCRYPTION, {"bucket": "objects", "rules": rules})
    identity, plain, state = engine.create(OBJECT, policy_object("a"))
    asked = engine.inputs(OBJECT, policy_object("a", serverSideEncryption="AES256"))
    changes = provider_pb2.DiffResponse
    assert engine.diff(OBJECT, plain, asked, state).changes == changes.DIFF_NONE
    assert engine.diff(OBJECT, asked, plain, state).changes == changes.DIFF_NONE
    by_key = state | {"serverSideEncryption": "aws:kms"}
    found = engine.diff(OBJECT, plain, asked, by_key)
    assert (list(found.diffs), list(found.replaces)) == (["serverSideEncryption"], [])
    _, _, written = engine.create(OBJECT, policy_object("a", serverSideEncryption="AES256"))
    assert written["serverSideEncryption"] == "AES256"
    unchanged(engine, OBJECT, identity, asked)
    blocking = {"bucket": "objects", "rules": [rules[0] | {"blockedEncryptionTypes": ["SSE-C"]}]}
    found = engine.diff(ENCRYPTION, former, engine.inputs(ENCRYPTION, blocking))
    assert (list(found.diffs), list(found.replaces)) == (["rules"], [])


# --- Route 53


def test_a_record_is_quoted_in_route_53_and_not_in_state(engine: Engine) -> None:
    zone_id = zone(engine)
    identity, inputs, outputs = engine.create(RECORD, txt(zone_id, "v=STSv1; id=1"))
    assert identity == f"{zone_id}__mta-sts.example.test_TXT"
    assert outputs["fqdn"] == "_mta-sts.example.test"
    listed = engine.client("route53").list_resource_record_sets(HostedZoneId=zone_id)
    (record,) = [r for r in listed["ResourceRecordSets"] if r["Type"] == "TXT"]
    assert record["ResourceRecords"] == [{"Value": '"v=STSv1; id=1"'}]
    unchanged(engine, RECORD, identity, inputs)
    _, imported, _ = engine.read(RECORD, identity)
    assert engine.diff(RECORD, imported, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE
    engine.delete(RECORD, identity, inputs)
    assert engine.read(RECORD, identity, inputs)[0] == ""
    engine.create(RECORD, txt(zone_id, "v=STSv1; id=1"))


def test_a_zone_has_name_servers_and_takes_a_comment(engine: Engine) -> None:
    identity, inputs, outputs = engine.create(ZONE, {"name": "new.test."})
    assert outputs["zoneId"] == identity
    assert len(outputs["nameServers"]) == 4
    unchanged(engine, ZONE, identity, inputs)
    _, imported, _ = engine.read(ZONE, identity)
    assert engine.diff(ZONE, imported, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE
    commented = inputs | {"comment": "c"}
    assert engine.update(ZONE, identity, inputs, commented)["comment"] == "c"
    unchanged(engine, ZONE, identity, commented)
    for _ in range(2):  # one that is gone already is no error
        engine.delete(ZONE, identity, commented)
        assert engine.read(ZONE, identity, commented)[0] == ""


def test_a_zone_with_records_needs_force_destroy(engine: Engine) -> None:
    identity, inputs, _ = engine.create(ZONE, {"name": "example.test"})
    engine.create(RECORD, txt(identity, "v=STSv1; id=1"))
    assert "HostedZoneNotEmpty" in refusal(engine.delete, ZONE, identity, inputs)
    engine.delete(ZONE, identity, inputs | {"forceDestroy": True})
    assert engine.read(ZONE, identity, inputs)[0] == ""


def test_drift_of_a_record_shows(engine: Engine) -> None:
    zone_id = zone(engine)
    identity, inputs, _ = engine.create(RECORD, txt(zone_id, "one"))
    edited = txt(zone_id, "two", allowOverwrite=True)
    engine.create(RECORD, edited)
    _, live, _ = engine.read(RECORD, identity, inputs)
    assert live["records"] == ["two"]
    assert list(engine.diff(RECORD, live, inputs).detailedDiff) == ["records[0]"]


def test_a_second_create_of_a_record_is_refused(engine: Engine) -> None:
    zone_id = zone(engine)
    engine.create(RECORD, txt(zone_id, "one"))
    text = refusal(engine.create, RECORD, txt(zone_id, "two"))
    assert text.startswith(f"{RECORD} thing: InvalidChangeBatch")
    assert "but it already exists" in text


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        pytest.param("x" * 255, "", id="255"),
        pytest.param("x" * 256, "CharacterStringTooLong", id="256"),
        pytest.param('one" "two', "", id="two-strings"),
        pytest.param('one""two', "InvalidCharacterString", id="no-space-between"),
        pytest.param('"quoted"', "InvalidCharacterString", id="quoted-twice"),
        pytest.param('escaped \\" quote', "", id="escaped"),
        pytest.param('open " quote', "InvalidCharacterString", id="open"),
    ],
)
def test_text_values_follow_route_53(engine: Engine, value: str, refused: str) -> None:
    news = txt(zone(engine), value)
    if refused:
        assert refused in refusal(engine.create, RECORD, news)
    else:
        _, _, outputs = engine.create(RECORD, news)
        assert outputs["records"] == [value]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("TXT", "CNAME", id="cname-beside-txt"),
        pytest.param("CNAME", "TXT", id="txt-beside-cname"),
    ],
)
def test_a_cname_and_another_record_of_one_name_are_refused(
    engine: Engine, first: str, second: str
) -> None:
    zone_id = zone(engine)
    engine.create(RECORD, txt(zone_id, "other.test", type=first))
    text = refusal(engine.create, RECORD, txt(zone_id, "other.test", type=second))
    assert "InvalidChangeBatch" in text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("notexample.test", "TXT", id="outside"),
        pytest.param("example.test", "CNAME", id="cname-at-apex"),
    ],
)
def test_a_name_that_the_zone_cannot_have_is_refused(engine: Engine, name: str, kind: str) -> None:
    news = txt(zone(engine), "other.test", name=name, type=kind)
    assert "is not permitted" in refusal(engine.create, RECORD, news)


# --- ACM and CloudFront


def test_a_certificate_is_issued_once_dns_holds_its_records(engine: Engine) -> None:
    zone_id = zone(engine)
    arn = certificate(engine, zone_id, "mta-sts.example.test", validated=False)
    text = refusal(engine.create, VALIDATION, {"certificateArn": arn})
    assert "PENDING_VALIDATION" in text
    assert not is_issued(engine.client("acm"), engine.client("route53"), arn)
    assert certificate(engine, zone_id, "mta-sts.example.test") != arn
    identity, inputs, _ = engine.create(VALIDATION, {"certificateArn": arn})
    assert is_issued(engine.client("acm"), engine.client("route53"), arn)
    unchanged(engine, VALIDATION, identity, inputs)


def test_a_distribution_is_served_as_configured(engine: Engine) -> None:
    arn = certificate(engine, zone(engine), "mta-sts.example.test")
    control = access_control(engine)
    identity, inputs, outputs = engine.create(DISTRIBUTION, distribution(arn, control))
    served_config = distribution_config(engine.client("cloudfront"), identity)
    assert served_config.aliases == ("mta-sts.example.test",)
    assert served_config.origin.access_control == control
    assert served_config.origin.path == "/policy/example.test"
    assert served_config.certificate_arn == arn
    assert served_config.minimum_tls == "TLSv1.2_2021"
    assert served_config.ipv6
    assert outputs["hostedZoneId"] == "Z2FDTNDATAQYW2"
    unchanged(engine, DISTRIBUTION, identity, inputs)
    changed = inputs | {"comment": "new"}
    engine.update(DISTRIBUTION, identity, inputs, changed)
    unchanged(engine, DISTRIBUTION, identity, changed)
    assert distribution_config(engine.client("cloudfront"), identity).origin.access_control


def test_what_a_distribution_uses_cannot_be_deleted(engine: Engine) -> None:
    arn = certificate(engine, zone(engine), "mta-sts.example.test")
    control = access_control(engine)
    identity, inputs, _ = engine.create(DISTRIBUTION, distribution(arn, control))
    assert "ResourceInUseException" in refusal(engine.delete, CERTIFICATE, arn, {})
    assert "OriginAccessControlInUse" in refusal(engine.delete, CONTROL, control, {})
    engine.delete(DISTRIBUTION, identity, inputs)
    engine.delete(CERTIFICATE, arn, {})
    engine.delete(CONTROL, control, {})
    assert engine.read(DISTRIBUTION, identity, inputs)[0] == ""


def test_an_alias_belongs_to_one_distribution(engine: Engine) -> None:
    arn = certificate(engine, zone(engine), "mta-sts.example.test")
    control = access_control(engine)
    engine.create(DISTRIBUTION, distribution(arn, control))
    text = refusal(engine.create, DISTRIBUTION, distribution(arn, control))
    assert "CNAMEAlreadyExists" in text


def test_a_viewer_certificate_must_be_issued_and_cover_the_alias(engine: Engine) -> None:
    zone_id = zone(engine)
    control = access_control(engine)
    pending = certificate(engine, zone_id, "mta-sts.example.test", validated=False)
    text = refusal(engine.create, DISTRIBUTION, distribution(pending, control))
    assert "InvalidViewerCertificate" in text
    other = certificate(engine, zone_id, "other.example.test")
    text = refusal(engine.create, DISTRIBUTION, distribution(other, control))
    assert "doesn't cover" in text


def test_unknown_ids_are_refused(engine: Engine) -> None:
    arn = certificate(engine, zone(engine), "mta-sts.example.test")
    text = refusal(engine.create, DISTRIBUTION, distribution(arn, "EBOGUS"))
    assert "InvalidOriginAccessControl" in text
    news = distribution(arn, access_control(engine))
    news["defaultCacheBehavior"]["cachePolicyId"] = "bogus"
    news["defaultCacheBehavior"]["responseHeadersPolicyId"] = "bogus"
    reasons = [failure.reason for failure in engine.check(DISTRIBUTION, news).failures]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "NoSuchCachePolicy",
        "NoSuchResponseHeadersPolicy",
    ]


# --- Diff, invokes, configuration


def test_a_changed_domain_replaces_the_certificate(engine: Engine) -> None:
    old = {"domainName": "a.test", "validationMethod": "DNS"}
    answer = engine.diff(CERTIFICATE, old, old | {"domainName": "b.test"})
    assert list(answer.replaces) == ["domainName"]
    same = engine.diff(CERTIFICATE, old, old | {"domainName": "A.test."})
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_invokes(engine: Engine) -> None:
    zone_id = zone(engine)
    found = engine.invoke("aws:route53/getZone:getZone", {"name": "example.test"})
    assert found["zoneId"] == zone_id
    assert found["nameServers"]
    account = engine.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"]
    assert account == "123456789012"
    text = refusal(engine.invoke, "aws:route53/getZone:getZone", {"name": "other.test"})
    assert "no matching Route 53 Hosted Zone found" in text


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        pytest.param({"region": "us-east-1"}, [], id="known"),
        pytest.param({"regoin": "us-east-1"}, ["regoin"], id="unknown"),
        pytest.param({"insecure": "true"}, ["insecure"], id="unmodelled"),
        pytest.param({"endpoints": '[{"s3": "http://127.0.0.1:1"}]'}, [], id="json"),
    ],
)
def test_provider_configuration_is_checked_by_name(
    engine: Engine, config: Any, paths: list[str]
) -> None:
    answer = engine.stub.CheckConfig(provider_pb2.CheckRequest(news=encode(config)))
    assert [failure.property for failure in answer.failures] == paths


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param(
            {"AWS_ENDPOINT_URL": "https://s3.amazonaws.com"}, "not a loopback", id="remote"
        ),
        pytest.param({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "local cloud's AWS", id="other"),
        pytest.param(
            {"AWS_ENDPOINT_URL_S3": "https://example.com"}, "not a loopback", id="service"
        ),
        pytest.param({"PULUMI_BACKEND_URL": "s3://states"}, "backend", id="backend"),
        pytest.param({"PULUMI_BACKEND_URL": ""}, "backend", id="no-backend"),
        pytest.param({"MTASTS_LOCAL_CLOUD": ""}, "names no local cloud", id="no-cloud"),
        pytest.param({"MTASTS_LOCAL_CLOUD": "/nowhere"}, "no local cloud runs", id="none-runs"),
    ],
)
def test_a_configuration_outside_of_the_local_cloud_is_refused(
    tmp_path: Path, moto: str, change: dict[str, str], text: str
) -> None:
    with served(make_provider(environment(tmp_path, moto) | change)) as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert text in refusal(stub.Configure, provider_pb2.ConfigureRequest())


@pytest.mark.parametrize(
    ("account", "refused"),
    [pytest.param("123456789012", False, id="own"), pytest.param("1" * 12, True, id="other")],
)
def test_only_allowed_accounts(engine: Engine, account: str, *, refused: bool) -> None:
    request = provider_pb2.ConfigureRequest(
        args=encode({"allowedAccountIds": json.dumps([account])})
    )
    if refused:
        assert "AWS account ID not allowed" in refusal(engine.stub.Configure, request)
    else:
        assert engine.stub.Configure(request).supportsPreview


def test_the_account_of_a_key_is_that_of_sts_without_boto3(moto: str) -> None:
    def sts(key: str) -> Any:
        made = {"aws_access_key_id": key, "aws_secret_access_key": "x"}
        return boto3.client("sts", region_name="us-east-1", endpoint_url=moto, **made)  # type: ignore[call-overload]

    role = "arn:aws:iam::210987654321:role/dns"
    granted = sts("local").assume_role(RoleArn=role, RoleSessionName="run")["Credentials"]
    for key in ("local", granted["AccessKeyId"]):
        assert account_of_key(key, moto) == sts(key).get_caller_identity()["Account"]
    assert account_of_key(granted["AccessKeyId"], moto) == "210987654321"


def with_default_tags(engine: Engine, **tags: str) -> None:
    text = json.dumps({"tags": tags})
    engine.stub.Configure(provider_pb2.ConfigureRequest(args=encode({"defaultTags": text})))


def test_default_tags_are_in_tags_all_and_not_in_tags(engine: Engine) -> None:
    with_default_tags(engine, agency="examples", a="default")
    inputs = engine.inputs(BUCKET, {"bucket": "tagged", "tags": {"a": "own"}})
    assert (inputs["tags"], inputs["tagsAll"]) == ({"a": "own"}, {"agency": "examples", "a": "own"})
    assert engine.inputs(BUCKET, {"bucket": "some", "tags": UNKNOWN})["tagsAll"] == UNKNOWN
    assert "tagsAll" not in engine.inputs(VALIDATION, {"certificateArn": "arn"})


def test_default_tags_are_written_and_read_and_their_change_is_a_change(engine: Engine) -> None:
    engine.create(BUCKET, {"bucket": "objects"})
    with_default_tags(engine, agency="examples")
    news = {**policy_object("a"), "tags": {"a": "own"}}
    identity, inputs, _ = engine.create(OBJECT, news)
    unchanged(engine, OBJECT, identity, inputs)
    s3 = engine.client("s3")
    tagged = s3.get_object_tagging(Bucket="objects", Key=news["key"])["TagSet"]
    assert sorted(each["Key"] for each in tagged) == ["a", "agency"]
    with_default_tags(engine, agency="others")
    changed = engine.inputs(OBJECT, news)
    assert list(engine.diff(OBJECT, inputs, changed).detailedDiff) == ["tagsAll.agency"]
    engine.update(OBJECT, identity, inputs, changed)
    unchanged(engine, OBJECT, identity, changed)
    s3.delete_object_tagging(Bucket="objects", Key=news["key"])
    assert "tags" not in engine.read(OBJECT, identity, changed)[1]


def test_an_assumed_role_signs_the_calls(engine: Engine) -> None:
    role = json.dumps([{"roleArn": "arn:aws:iam::210987654321:role/dns"}])
    engine.stub.Configure(provider_pb2.ConfigureRequest(args=encode({"assumeRoles": role})))
    found = engine.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert found["accountId"] == "210987654321"


def test_the_process_prints_its_port_and_ends_on_a_signal() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "mtasts.localcloud.aws", "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            info = stub.GetPluginInfo(empty_pb2.Empty(), wait_for_ready=True, timeout=20)
        process.terminate()
        assert process.wait(20) == 0
    assert info.version == "7.51.1"


def alarm(**changes: Any) -> dict[str, Any]:
    return {
        "namespace": "AWS/CloudFront",
        "metricName": "5xxErrorRate",
        "dimensions": {"DistributionId": "E1", "Region": "Global"},
        "statistic": "Average",
        "period": 300,
        "evaluationPeriods": 3,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 1,
        "treatMissingData": "notBreaching",
        "alarmActions": [TOPIC],
        "region": "us-east-1",
        "tags": {"a": "b"},
    } | changes


def test_an_alarm_is_put_changed_and_deleted(engine: Engine) -> None:
    identity, inputs, outputs = engine.create(ALARM, alarm())
    assert identity == outputs["name"] == inputs["name"]
    unchanged(engine, ALARM, identity, inputs)
    changed = inputs | {"threshold": 2, "tags": {"c": "d"}, "tagsAll": {"c": "d"}}
    engine.update(ALARM, identity, inputs, changed)
    unchanged(engine, ALARM, identity, changed)
    (found,) = engine.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert (found["Threshold"], found["AlarmActions"]) == (2, [TOPIC])
    engine.client("cloudwatch").disable_alarm_actions(AlarmNames=[identity])
    engine.delete(ALARM, identity, inputs)
    assert engine.read(ALARM, identity, inputs)[0] == ""


def test_a_renamed_alarm_is_created_before_the_former_is_deleted(engine: Engine) -> None:
    _, inputs, _ = engine.create(ALARM, alarm())
    found = engine.diff(ALARM, inputs, engine.inputs(ALARM, alarm(name="mtasts/a/errors")))
    assert (list(found.replaces), found.deleteBeforeReplace) == (["name"], False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"statistic": "Mean"}, "statistic must be one of Average"),
        ({"period": 90}, "multiple of 60 seconds, not 90"),
        ({"treatMissingData": "never"}, "treatMissingData must be one of"),
        ({"region": "eu-west-1"}, "the alarm is in eu-west-1"),
    ],
)
def test_an_alarm_with_a_bad_value_is_refused(
    engine: Engine, changes: dict[str, Any], reason: str
) -> None:
    (failure,) = engine.check(ALARM, alarm(**changes)).failures
    assert reason in failure.reason
