"""The clouds that the config of an inbox chooses, and what its token may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fake_cloudflare import ACCOUNT, FakeCloudflare

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.cloud.of_inbox import InboxClouds
from mtasts.cloud_catalogue import Hosting
from mtasts.config import load_inbox
from mtasts.errors import UsageError

TOKEN = {"CLOUDFLARE_API_TOKEN": "t"}
GROUPS = (
    "Zone Read",
    "Zone Settings Read",
    "Email Routing Rules Write",
    "Workers Scripts Write",
    "Workers R2 Storage Write",
)


def clouds(hosting: str, **inbox: str) -> InboxClouds:
    values: dict[str, object] = {
        "mtasts:inbox": {"address": "r@reports.example", "hosting": hosting, **inbox}
    }
    if hosting == "aws":
        values["aws:region"] = "eu-west-1"
    else:
        values["mtasts:cloudflareAccount"] = ACCOUNT
    return InboxClouds.of("inbox", load_inbox(values, file="f"), values, TOKEN)


def test_an_inbox_has_the_accounts_that_it_uses() -> None:
    at_aws, at_cloudflare = clouds("aws"), clouds("cloudflare")
    assert at_aws.bucket("123456789012") == "mtasts-123456789012-eu-west-1-inbox"
    assert at_cloudflare.bucket(ACCOUNT) == "mtasts-inbox"
    assert at_aws.slug == at_cloudflare.slug == "mtasts-inbox"
    with pytest.raises(UsageError, match="nothing at Cloudflare"):
        at_aws.require_cloudflare()
    with pytest.raises(UsageError, match="nothing at AWS"):
        at_cloudflare.require_aws()


def noted(granted: Any) -> list[str]:
    policy = {"effect": "allow", "permission_groups": [{"name": each} for each in granted]}
    answers = {"/user/tokens/verify": {"id": "t1"}, "/user/tokens/t1": {"policies": [policy]}}
    found = replace(clouds("cloudflare"), accounts={Hosting.CLOUDFLARE: FakeCloudflare(answers)})
    return [each.line for each in found.notes(is_preview=True)]


def test_a_token_that_has_everything_is_not_told_of() -> None:
    assert noted(GROUPS) == []
    assert clouds("aws").notes(is_preview=True) == ()


@pytest.mark.parametrize("lost", GROUPS)
def test_whatever_a_token_lacks_is_told_at_preview(lost: str) -> None:
    (said,) = noted(each for each in GROUPS if each != lost)
    assert f"[token-lacks] the Cloudflare token lacks {lost} (" in said
    assert "mtasts iam up --stack inbox" in said


def test_a_token_that_may_not_read_itself_is_not_known() -> None:
    answers = {"/user/tokens/verify": {"id": "t1"}, "/user/tokens/t1": CloudflareError("refused")}
    found = replace(clouds("cloudflare"), accounts={Hosting.CLOUDFLARE: FakeCloudflare(answers)})
    (note,) = found.notes(is_preview=False)
    assert note.id == "token-unknown"
    assert note.fix == "compare it with mtasts iam up --stack inbox"
