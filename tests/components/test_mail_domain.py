"""What is placed for one domain on AWS, with every option that safety rests on."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, cast

import pytest
from recording import Recorded, record

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.components.aws.hosting import AwsHosting
from mtasts.components.aws.zones import Route53Zones, provider_arguments
from mtasts.components.mail_domain import MailDomain
from mtasts.config import DomainConfig, Hosting
from mtasts.ledger.history import Intended
from mtasts.ledger.phases import ALL, Phase
from mtasts.ledger.recorder import Recorder
from mtasts.policy import Mode, Policy
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach
from mtasts.rollout.declaration import Declaration
from mtasts.run.proof import Prover
from mtasts.zones import HostedZone

DOMAIN = "example.gov"
POLICY = Policy(Mode.TESTING, 604800)
CONFIG = DomainConfig(DOMAIN, (), Mode.TESTING, 604800, 300, ("mailto:r@example.gov",))
CONFIG_FIELDS = {each.name for each in fields(DomainConfig)}
ZONE = HostedZone("Z1", "example.gov", frozenset({"ns1.example.net"}))
STS = f"Record {DOMAIN}-sts"
TLSRPT = f"Record {DOMAIN}-tlsrpt"
IPV4, IPV6 = f"Record {DOMAIN}-ipv4", f"Record {DOMAIN}-ipv6"
BODY = f"BucketObjectv2 {DOMAIN}-policy"
DISTRIBUTION = f"Distribution {DOMAIN}-distribution"
VALIDATION = f"Record {DOMAIN}-validation"
BUCKET = "Bucket policies-bucket"


def declaration(**changes: object) -> Declaration:
    of_config = {key: changes.pop(key) for key in CONFIG_FIELDS & changes.keys()}
    config = replace(CONFIG, **of_config)  # type: ignore[arg-type]  # a table of fields
    values = {"zone": ZONE, "intended": Intended(POLICY.render(), 0, "abc1")}
    return Declaration(config, **(values | changes))  # type: ignore[arg-type]  # as above


def declared(*, alarm_topic: str | None = None, **changes: object) -> Recorded:
    def program() -> None:
        account = Account(AwsSettings("eu-west-1"))
        one = declaration(**changes)
        hosting = AwsHosting(
            account,
            bucket="mtasts-bucket",
            account_id="123456789012",
            cache_seconds=60,
            protect=one.parts.host.is_protected,
            keep=one.keep,
            alarm_topic=alarm_topic,
        )
        reach = Reach()
        prover = Prover(reach, Resolver(reach), 300)
        MailDomain(
            DOMAIN,
            {
                "declaration": one,
                "hosting": hosting,
                "zones": Route53Zones(account.settings),
                "former": {"hosting": None, "zones": None},
                "prover": prover,
                "recorder": Recorder(S3Store(account, "mtasts-bucket", "agency"), Hosting.AWS),
            },
        )

    return record(program)


@pytest.fixture(scope="module")
def plain() -> Recorded:
    return declared()


@pytest.fixture(scope="module")
def protected() -> Recorded:
    return declared(parts=ALL, keep=True)


def test_the_resources_of_a_stack_with_one_domain(plain: Recorded) -> None:
    assert sorted(plain.names) == sorted(
        [
            "PolicyBucket policies",
            "Bucket policies-bucket",
            "BucketPublicAccessBlock policies-public-access",
            "BucketOwnershipControls policies-ownership",
            "BucketVersioning policies-versioning",
            "BucketServerSideEncryptionConfiguration policies-encryption",
            "BucketPolicy policies-access",
            "OriginAccessControl policies-access-control",
            f"MailDomain {DOMAIN}",
            f"Zone {DOMAIN}-zone",
            f"PolicyHost {DOMAIN}",
            f"Certificate {DOMAIN}-certificate",
            f"Record {DOMAIN}-validation",
            f"CertificateValidation {DOMAIN}-issued",
            DISTRIBUTION,
            BODY,
            TLSRPT,
            IPV4,
            IPV6,
            STS,
        ]
    )


@pytest.mark.parametrize(
    ("key", "parent"),
    [
        (f"Zone {DOMAIN}-zone", DOMAIN),
        (f"PolicyHost {DOMAIN}", DOMAIN),
        (DISTRIBUTION, DOMAIN),
        (BODY, DOMAIN),
        (STS, f"{DOMAIN}-zone"),
        (TLSRPT, f"{DOMAIN}-zone"),
        (IPV4, f"{DOMAIN}-zone"),
        (f"Record {DOMAIN}-validation", f"{DOMAIN}-zone"),
        ("Bucket policies-bucket", "policies"),
    ],
)
def test_every_resource_is_a_child_of_its_component(plain: Recorded, key: str, parent: str) -> None:
    assert plain.parent(key) == parent


def test_the_sts_record_waits_for_everything_else_and_is_proven(plain: Recorded) -> None:
    assert plain.depends_on(STS) >= {
        f"{DOMAIN}-tlsrpt",
        f"{DOMAIN}-policy",
        f"{DOMAIN}-ipv4",
        f"{DOMAIN}-ipv6",
    }
    hook = [f"{DOMAIN}-proof"]
    assert plain.hooks(STS) == {"before_create": hook, "before_update": hook}


@pytest.mark.parametrize("key", [IPV4, IPV6])
def test_no_address_leads_to_a_host_that_is_not_proven(plain: Recorded, key: str) -> None:
    assert plain.depends_on(key) >= {f"{DOMAIN}-policy", f"{DOMAIN}-distribution"}
    hook = [f"{DOMAIN}-candidate-proof"]
    assert plain.hooks(key) == {"before_create": hook, "before_update": hook}


def test_no_body_is_served_before_the_ledger_holds_it(plain: Recorded) -> None:
    hook = [f"{DOMAIN}-ledger"]
    assert plain.hooks(BODY) == {"before_create": hook, "before_update": hook}


def test_nothing_is_hooked_but_what_is_guarded(plain: Recorded) -> None:
    hooked = {key for key in plain.names if plain.hooks(key)}
    assert hooked == {STS, IPV4, IPV6, BODY}


def test_the_distribution_waits_for_an_issued_certificate_and_a_closed_bucket(
    plain: Recorded,
) -> None:
    assert plain.depends_on(DISTRIBUTION) >= {
        f"{DOMAIN}-issued",
        "policies-access",
        "policies-versioning",
    }
    assert plain.depends_on(f"CertificateValidation {DOMAIN}-issued") >= {
        f"{DOMAIN}-certificate",
        f"{DOMAIN}-validation",
    }


def test_the_body_is_served_as_senders_want_it(plain: Recorded) -> None:
    inputs = plain.inputs(BODY)
    assert inputs["content"].encode() == POLICY.render()
    assert inputs["contentType"] == "text/plain"
    assert inputs["cacheControl"] == "max-age=60"
    assert inputs["key"] == "policy/example.gov/.well-known/mta-sts.txt"


def test_the_distribution_is_open_to_every_sender_and_to_nothing_else(plain: Recorded) -> None:
    inputs = plain.inputs(DISTRIBUTION)
    assert inputs["aliases"] == ["mta-sts.example.gov"]
    assert inputs["isIpv6Enabled"] is True
    assert inputs["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    behaviour = inputs["defaultCacheBehavior"]
    assert (behaviour["allowedMethods"], behaviour["compress"]) == (["GET", "HEAD"], False)
    (origin,) = inputs["origins"]
    assert origin["domainName"] == "mtasts-bucket.s3.us-east-1.amazonaws.com"
    assert origin["originPath"] == "/policy/example.gov"
    assert origin["originAccessControlId"] == "policies-access-control-id"


def test_the_certificate_is_where_cloudfront_looks_for_it(plain: Recorded) -> None:
    assert plain.inputs(f"Certificate {DOMAIN}-certificate")["region"] == "us-east-1"


def test_the_records_say_what_the_rfcs_ask_for(plain: Recorded) -> None:
    sts, tlsrpt = plain.inputs(STS), plain.inputs(TLSRPT)
    assert (sts["name"], sts["records"], sts["ttl"]) == (
        "_mta-sts.example.gov",
        ["v=STSv1; id=abc1;"],
        300,
    )
    assert (tlsrpt["name"], tlsrpt["records"]) == (
        "_smtp._tls.example.gov",
        ["v=TLSRPTv1; rua=mailto:r@example.gov;"],
    )


def test_a_long_tls_rpt_record_is_split_into_strings(plain: Recorded) -> None:
    del plain
    uris = tuple(f"mailto:{'r' * 60}{number}@example.gov" for number in range(5))
    (value,) = declared(tls_reports=uris).inputs(TLSRPT)["records"]
    parts = value.split('" "')
    assert max(map(len, parts)) == 255
    assert "".join(parts) == f"v=TLSRPTv1; rua={','.join(uris)};"


def test_the_bucket_lets_cloudfront_of_this_account_read_policies_only(plain: Recorded) -> None:
    policy = json.loads(plain.inputs("BucketPolicy policies-access")["policy"])
    once, deny, allow = policy["Statement"]
    assert (deny["Effect"], deny["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    assert (once["Action"], once["Resource"], once["Condition"]) == (
        ["s3:PutObject"],
        ["arn:aws:s3:::mtasts-bucket/ledger/*", "arn:aws:s3:::mtasts-bucket/emergency/*"],
        {"Null": {"s3:if-none-match": "true"}},
    )
    assert allow["Resource"] == "arn:aws:s3:::mtasts-bucket/policy/*/.well-known/mta-sts.txt"
    assert allow["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allow["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/*"},
    }


def test_once_anything_was_enforced_nobody_deletes_of_the_ledger_or_its_history(
    plain: Recorded, protected: Recorded
) -> None:
    def statements(found: Recorded) -> dict[str, dict[str, object]]:
        policy = json.loads(found.inputs("BucketPolicy policies-access")["policy"])
        return {each["Sid"]: each for each in policy["Statement"]}

    assert not statements(plain).keys() & {"LedgerIsKept", "HistoryIsKept"}
    found, arn = statements(protected), "arn:aws:s3:::mtasts-bucket"
    kept: list[tuple[str, list[str], str | list[str]]] = [
        (
            "LedgerIsKept",
            ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            [f"{arn}/ledger/*", f"{arn}/emergency/*"],
        ),
        ("HistoryIsKept", ["s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"], arn),
    ]
    for sid, actions, resource in kept:
        assert found[sid] == {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": actions,
            "Resource": resource,
        }
    # Versioning is on before the policy says that nobody may write it any more.
    policy = protected.request("BucketPolicy policies-access")
    assert any("policies-versioning" in urn for urn in policy.dependencies)


def test_before_anything_was_enforced_a_stack_can_be_destroyed(plain: Recorded) -> None:
    assert not any(plain.request(key).protect for key in plain.names)
    assert not any(plain.request(key).retainOnDelete for key in plain.names)
    assert plain.inputs("Bucket policies-bucket")["forceDestroy"] is True


# What makes the bucket private and keeps its history: a kept bucket keeps them, too.
SETTINGS = (
    "BucketPublicAccessBlock policies-public-access",
    "BucketOwnershipControls policies-ownership",
    "BucketVersioning policies-versioning",
    "BucketServerSideEncryptionConfiguration policies-encryption",
    "BucketPolicy policies-access",
)
BUCKETS = (BUCKET, *SETTINGS, "OriginAccessControl policies-access-control")


def test_what_senders_rely_on_is_protected(protected: Recorded) -> None:
    kept = {key for key in protected.names if protected.request(key).protect}
    assert kept == {
        STS,
        IPV4,
        IPV6,
        BODY,
        DISTRIBUTION,
        VALIDATION,
        *BUCKETS,
    }
    retained = {key for key in protected.names if protected.request(key).retainOnDelete}
    assert retained == {BODY, "Bucket policies-bucket", *SETTINGS}
    assert protected.inputs("Bucket policies-bucket")["forceDestroy"] is False


@pytest.mark.parametrize(
    ("phase", "missing", "unprotected"),
    [
        (Phase.KEPT, set(), set()),
        (Phase.RECORD_FREE, set(), {STS}),
        (Phase.RECORD_WITHDRAWN, {STS}, {IPV4, IPV6}),
        (Phase.RECORD_GONE, {STS}, {IPV4, IPV6}),
        (Phase.ADDRESSES_GONE, {STS, IPV4, IPV6}, {BODY, DISTRIBUTION, VALIDATION, *BUCKETS}),
    ],
)
def test_a_retirement_unprotects_ahead_of_what_it_withdraws(
    protected: Recorded, phase: Phase, missing: set[str], unprotected: set[str]
) -> None:
    found = declared(parts=phase.parts, keep=True)
    assert set(protected.names) - set(found.names) == missing
    kept = {key for key in protected.names if protected.request(key).protect}
    assert kept - {key for key in found.names if found.request(key).protect} == (
        missing | unprotected
    )
    assert found.request(BODY).retainOnDelete


def test_records_in_another_account_are_written_in_its_role() -> None:
    role = "arn:aws:iam::210987654321:role/dns/writer"
    found = declared(dns_role_arn=role)
    provider = "aws dns-210987654321-dns-writer"
    assert json.loads(found.inputs(provider)["assumeRoles"]) == [{"roleArn": role}]
    for key in (STS, TLSRPT, IPV4, IPV6, f"Record {DOMAIN}-validation"):
        assert "dns-210987654321-dns-writer" in found.request(key).provider
    assert "dns-" not in found.request(BODY).provider


def test_alarms_tell_a_topic_what_fails_by_itself(plain: Recorded) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:mail-alerts"
    watched = declared(alarm_topic=topic)
    expiry, errors = f"MetricAlarm {DOMAIN}-alarms-expiry", f"MetricAlarm {DOMAIN}-alarms-errors"
    assert set(watched.names) - set(plain.names) == {f"Alarms {DOMAIN}-alarms", expiry, errors}
    for key in (expiry, errors):
        inputs = watched.inputs(key)
        assert (inputs["region"], inputs["alarmActions"], inputs["okActions"]) == (
            "us-east-1",
            [topic],
            [topic],
        )
        assert watched.parent(key) == f"{DOMAIN}-alarms"
        assert inputs["name"] == f"mtasts-bucket/{DOMAIN}/{key.rpartition('-')[2]}"
    assert watched.inputs(expiry)["threshold"] == 30
    assert set(watched.inputs(expiry)["dimensions"]) == {"CertificateArn"}
    assert watched.inputs(errors)["dimensions"]["Region"] == "Global"


def test_the_provider_of_a_role_tells_its_external_id() -> None:
    role = "arn:aws:iam::210987654321:role/dns"
    settings = AwsSettings("us-east-1", external_ids={role: "a-1"})
    for arn, expect in ((role, "a-1"), (f"{role}2", None)):
        (assumed,) = cast("Any", provider_arguments(settings, arn).assume_roles)
        assert (assumed.role_arn, assumed.external_id) == (arn, expect)
