"""The rules about the policy host, on literals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pack_programs import (
    BUCKET,
    BUCKET_POLICY,
    CERTIFICATE,
    CUSTOM_DOMAIN,
    DISTRIBUTION,
    OBJECT,
    VALIDATION,
    body,
    made,
    told,
)

from mtasts.policypack.resources import UNKNOWN

HOSTNAME = "cloudflare:index/hostnameTlsSetting:HostnameTlsSetting"
SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
RULESET = "cloudflare:index/ruleset:Ruleset"
PAGE_RULE = "cloudflare:index/pageRule:PageRule"
ACL = "aws:s3/bucketAcl:BucketAcl"
WEBSITE = "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"


def host(alias: str = "mta-sts.example.org", **more: Any) -> Any:
    return made(DISTRIBUTION, "host", {"aliases": [alias], **more})


@pytest.mark.parametrize(
    ("least", "is_13_only", "is_old"),
    [
        ("TLSv1.2_2021", False, False),
        ("TLSv1.2_2025", False, False),
        ("TLSv1.3_2025", True, False),
        ("TLSv1.1_2016", False, True),
        ("TLSv1_2016", False, True),
        ("SSLv3", False, True),
        (None, False, True),
    ],
)
def test_the_tls_of_cloudfront(least: str | None, is_13_only: bool, is_old: bool) -> None:
    certificate = {"minimumProtocolVersion": least}
    for alias, applies in (("mta-sts.example.org", True), ("www.example.org", False)):
        found = host(alias, viewerCertificate=certificate)
        assert bool(told("host-tls13-only", found)) is (applies and is_13_only)
        assert bool(told("host-tls-old", found)) is (applies and is_old)


@pytest.mark.parametrize(
    ("inputs", "is_13_only", "is_old"),
    [
        ({"hostname": "mta-sts.example.org", "value": "1.3"}, True, False),
        ({"hostname": "MTA-STS.example.org", "value": "1.0"}, False, True),
        ({"hostname": "mta-sts.example.org", "value": "1.2"}, False, False),
        ({"hostname": "www.example.org", "value": "1.0"}, False, False),
        ({"hostname": "mta-sts.example.org", "settingId": "ciphers"}, False, False),
        ({"hostname": "mta-sts.example.org", "settingId": "min_tls_version"}, False, False),
    ],
)
def test_the_tls_of_a_name_at_cloudflare(
    inputs: dict[str, Any], is_13_only: bool, is_old: bool
) -> None:
    found = made(HOSTNAME, "h", inputs)
    assert bool(told("host-tls13-only", found)) is is_13_only
    assert bool(told("host-tls-old", found)) is is_old


def test_a_tls_version_that_is_not_known_is_neither() -> None:
    found = host(viewerCertificate={"minimumProtocolVersion": UNKNOWN})
    text = "? viewerCertificate.minimumProtocolVersion is not known yet"
    assert told("host-tls-old", found) == told("host-tls13-only", found) == [text]


@pytest.mark.parametrize(
    ("id_", "value", "zone", "rules"),
    [
        ("min_tls_version", "1.3", "z", {"host-zone-tls13-only"}),
        ("min_tls_version", "1.0", "z", {"host-zone-tls-old"}),
        ("min_tls_version", "1.1", "z", {"host-zone-tls-old"}),
        ("min_tls_version", "1.2", "z", set()),
        ("min_tls_version", "1.3", "other", set()),
        ("tls_1_3", "on", "z", set()),
    ],
)
def test_the_tls_of_a_zone_with_a_policy_host_in_it(
    id_: str, value: str, zone: str, rules: set[str]
) -> None:
    name = made(CUSTOM_DOMAIN, "n", {"hostname": "mta-sts.example.org", "zoneId": "z"})
    setting = made(SETTING, "s", {"settingId": id_, "value": value, "zoneId": zone})
    for rule in ("host-zone-tls13-only", "host-zone-tls-old"):
        assert bool(told(rule, name, setting)) is (rule in rules)
        assert told(rule, setting, host()) == []


def test_a_setting_of_a_zone_that_is_not_known() -> None:
    name = made(CUSTOM_DOMAIN, "n", {"hostname": "mta-sts.example.org", "zoneId": "z"})
    unknown = made(SETTING, "s", {"settingId": UNKNOWN, "zoneId": "z"})
    assert told("host-zone-tls-old", name, unknown) == ["? settingId is not known yet"]


@pytest.mark.parametrize(
    ("code", "error", "texts"),
    [
        (200.0, 404.0, ["host answers 200 where its origin answers 404."]),
        (302.0, None, ["host answers 302 where its origin answers with an error."]),
        (404.0, 403.0, []),
        (None, 404.0, []),
        (0.0, 404.0, []),
    ],
)
def test_an_error_that_is_answered_as_a_success(
    code: float | None, error: float | None, texts: list[str]
) -> None:
    response = {"responseCode": code, "errorCode": error}
    assert told("host-error-page", host(customErrorResponses=[response])) == texts
    assert told("host-error-page", host("www.example.org", customErrorResponses=[response])) == []


def test_rules_that_redirect_the_policy_host() -> None:
    rule = {"action": "redirect", "expression": 'http.host eq "mta-sts.example.org"'}
    other = {"action": "redirect", "expression": 'http.host eq "example.org"'}
    skip = {"action": "skip", "expression": 'http.host eq "mta-sts.example.org"'}
    assert len(told("host-redirect", made(RULESET, "r", {"rules": [other, skip, rule]}))) == 1
    assert told("host-redirect", made(RULESET, "r", {"rules": [other, skip]})) == []
    assert told("host-redirect", made(RULESET, "r")) == []
    forward = {"forwardingUrl": {"url": "https://example.org"}}
    for target, actions, count in (
        ("mta-sts.example.org/*", forward, 1),
        ("mta-sts.example.org/*", {"cacheLevel": "bypass"}, 0),
        ("www.example.org/*", forward, 0),
    ):
        found = told("host-redirect", made(PAGE_RULE, "p", {"target": target, "actions": actions}))
        assert len(found) == count


def with_certificate(source: str, *after: str) -> Any:
    inputs = {"aliases": ["mta-sts.example.org"]}
    return made(DISTRIBUTION, "host", inputs, by={"viewerCertificate": source}, after=after)


def test_a_certificate_that_is_used_before_it_is_issued() -> None:
    certificate = made(CERTIFICATE, "certificate")
    validation = made(VALIDATION, "validation", by={"certificateArn": "certificate"})
    other = made(VALIDATION, "validation", by={"certificateArn": "another"})
    rule = "host-certificate-unvalidated"
    assert told(rule, certificate, validation, with_certificate("validation")) == []
    assert told(rule, certificate, validation, with_certificate("certificate", "validation")) == []
    text = ["host uses certificate and does not wait for its validation."]
    assert told(rule, certificate, validation, with_certificate("certificate")) == text
    assert told(rule, certificate, other, with_certificate("certificate", "validation")) == text
    assert told(rule, with_certificate("elsewhere")) == []
    own = made(CERTIFICATE, "certificate", {"privateKey": "x"})
    assert told(rule, own, with_certificate("certificate")) == []


EVERYBODY: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
CLOUDFRONT = {**EVERYBODY, "Principal": {"Service": "cloudfront.amazonaws.com"}}
OVER_TLS = {"Bool": {"aws:SecureTransport": "true"}}
OF_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "123456789012"}}


@pytest.mark.parametrize(
    ("statements", "is_open"),
    [
        ([EVERYBODY], True),
        (EVERYBODY, True),
        ([CLOUDFRONT], False),
        ([CLOUDFRONT, {**EVERYBODY, "Principal": {"AWS": "*"}}], True),
        ([{**EVERYBODY, "Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}}], True),
        ([{**EVERYBODY, "Principal": {"AWS": "arn:aws:iam::1:root"}}], False),
        ([{**EVERYBODY, "Effect": "Deny"}], False),
        ([{**EVERYBODY, "Condition": OVER_TLS}], True),
        ([{**EVERYBODY, "Condition": OF_ACCOUNT}], False),
        ([], False),
        (["odd"], False),
    ],
)
def test_who_may_read_the_bucket(statements: Any, is_open: bool) -> None:
    document = {"Version": "2012-10-17", "Statement": statements}
    for policy in (document, json.dumps(document)):
        access = made(BUCKET_POLICY, "access", {"bucket": "b", "policy": policy})
        assert bool(told("host-bucket-public", body(), host(), access)) is is_open
        elsewhere = made(BUCKET_POLICY, "access", {"bucket": "other", "policy": policy})
        assert told("host-bucket-public", body(), host(), elsewhere) == []


@pytest.mark.parametrize(
    ("part", "texts"),
    [
        (made(ACL, "acl", {"bucket": "b", "acl": "public-read"}), ["acl has the ACL public-read."]),
        (made(ACL, "acl", {"bucket": "b", "acl": "private"}), []),
        (made(BUCKET, "x", {"bucket": "b", "acl": "public-read"}), ["x has the ACL public-read."]),
        (made(BUCKET, "x", {"bucket": "b"}), []),
        (made(BUCKET, "x", {"bucket": "b", "website": {}}), ["x makes the bucket a website."]),
        (made(WEBSITE, "site", {"bucket": "b"}), ["site makes the bucket a website."]),
        (made(OBJECT, "page", {"bucket": "b", "key": "index.html", "acl": "public-read"}), []),
        (
            made(BUCKET_POLICY, "access", {"bucket": "b", "policy": UNKNOWN}),
            ["? policy is not known yet"],
        ),
        (made(BUCKET_POLICY, "access", {"bucket": "b", "policy": "{"}), ["? policy is no JSON"]),
        (made(BUCKET_POLICY, "access", {"bucket": "b", "policy": "[]"}), []),
    ],
)
def test_other_ways_to_open_a_bucket(part: Any, texts: list[str]) -> None:
    assert told("host-bucket-public", body(), host(), part) == texts
    assert told("host-bucket-public", host(), part) == []


def test_the_acl_of_the_policy_itself() -> None:
    found = told("host-bucket-public", body(acl="public-read"), host())
    assert found == ["policy has the ACL public-read."]
