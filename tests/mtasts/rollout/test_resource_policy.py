"""The bucket policy's verdict, on our own policy and on what others might write."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mtasts.rollout.resource_policy import Request, denies, evaluate

ARN = "arn:aws:s3:::bucket"
CLOUDFRONT = Request(
    "cloudfront.amazonaws.com",
    "s3:GetObject",
    f"{ARN}/policy/example.gov/.well-known/mta-sts.txt",
    {
        "aws:sourceaccount": "123456789012",
        "aws:sourcearn": "arn:aws:cloudfront::123456789012:distribution/E1",
        "aws:securetransport": "true",
    },
)
ALLOW: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": f"{ARN}/policy/*/.well-known/mta-sts.txt",
    "Condition": {
        "StringEquals": {"AWS:SourceAccount": "123456789012"},
        "ArnLike": {"AWS:SourceArn": "arn:aws:cloudfront::123456789012:distribution/*"},
    },
}
TLS_ONLY: dict[str, Any] = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": False}},
}


def policy(*statements: dict[str, Any]) -> bytes:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).encode()


def in_context(**changes: str) -> Request:
    return replace(CLOUDFRONT, context={**CLOUDFRONT.context, **changes})


def test_cloudfront_of_the_account_reads_the_policy() -> None:
    assert evaluate(policy(ALLOW, TLS_ONLY), CLOUDFRONT).allowed


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(replace(CLOUDFRONT, resource=f"{ARN}/ledger/example.gov/1.json"), id="ledger"),
        pytest.param(replace(CLOUDFRONT, service=""), id="unsigned"),
        pytest.param(replace(CLOUDFRONT, action="s3:PutObject"), id="write"),
        pytest.param(in_context(**{"aws:sourceaccount": "210987654321"}), id="other-account"),
        pytest.param(
            in_context(**{"aws:sourcearn": "arn:aws:cloudfront::1:x:distribution/E1"}), id="arn"
        ),
        pytest.param(in_context(**{"aws:securetransport": "false"}), id="in-clear"),
    ],
)
def test_nobody_else_and_nothing_else(request_: Request) -> None:
    assert not evaluate(policy(ALLOW, TLS_ONLY), request_).allowed


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "no policy"),
        (b"{", "cannot be read"),
        (b"x" * 30_000, "over 20 KB"),
        (policy({**ALLOW, "NotAction": "x"}), "unknown element 'NotAction'"),
        (policy({**ALLOW, "Effect": "Maybe"}), "unknown effect"),
        (policy({**ALLOW, "Action": 1}), "unknown value 1"),
        (b'{"Statement": ["x"]}', "a statement is no object"),
        (policy({**ALLOW, "Principal": "everybody"}), "unknown principal"),
        (policy({**ALLOW, "Condition": {"IpAddress": {"a": "b"}}}), "unknown condition operator"),
        (policy({**ALLOW, "Condition": {"Bool": {"aws:x": "true"}}}), "unknown condition key"),
        (policy({**ALLOW, "Resource": f"{ARN}/${{aws:username}}"}), "variables are not known"),
    ],
)
def test_what_is_not_understood_is_a_refusal_with_a_reason(raw: bytes | None, reason: str) -> None:
    verdict = evaluate(raw, CLOUDFRONT)
    assert not verdict.allowed
    assert reason in verdict.reason
    assert not verdict.is_known


def test_a_refusal_that_was_understood_is_known() -> None:
    allowed, nobody = evaluate(policy(ALLOW), CLOUDFRONT), evaluate(policy(TLS_ONLY), CLOUDFRONT)
    denied = evaluate(policy(ALLOW, {**TLS_ONLY, "Condition": {}}), CLOUDFRONT)
    assert (allowed.allowed, nobody.allowed, denied.allowed) == (True, False, False)
    assert allowed.is_known
    assert nobody.is_known
    assert denied.is_known


ONCE = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": f"{ARN}/ledger/*",
    "Condition": {"Null": {"s3:if-none-match": "true"}},
}


@pytest.mark.parametrize(
    ("given", "key", "denied"),
    [
        ({"s3:if-none-match": "*"}, "ledger/example.gov/1.json", False),
        ({"s3:if-none-match": None}, "ledger/example.gov/1.json", True),
        ({"s3:if-none-match": None}, "policy/example.gov/x", False),
        ({}, "ledger/example.gov/1.json", True),  # what is not known is a refusal
    ],
)
def test_a_key_that_a_request_lacks_is_told_by_null(
    given: dict[str, str | None], key: str, *, denied: bool
) -> None:
    assert denies(policy(ONCE), Request("", "s3:PutObject", f"{ARN}/{key}", given)) is denied
    wanted = {**ONCE, "Condition": {"Null": {"s3:if-none-match": "false"}}}
    if given:
        request = Request("", "s3:PutObject", f"{ARN}/ledger/1.json", given)
        assert denies(policy(wanted), request) is (given["s3:if-none-match"] is not None)


def test_other_operators_do_not_match_what_a_request_lacks() -> None:
    compared = {**ONCE, "Condition": {"StringEquals": {"s3:if-none-match": "*"}}}
    request = Request("", "s3:PutObject", f"{ARN}/ledger/1.json", {"s3:if-none-match": None})
    assert not denies(policy(compared), request)


def test_the_accounts_own_rights_stand_unless_they_are_denied() -> None:
    own = replace(CLOUDFRONT, service="", action="s3:DeleteObjectVersion")
    forbidding = {**TLS_ONLY, "Action": "s3:DeleteObjectVersion", "Condition": {}}
    assert not denies(None, own)
    assert not denies(policy(ALLOW), own)
    assert denies(policy(ALLOW, forbidding), own)
