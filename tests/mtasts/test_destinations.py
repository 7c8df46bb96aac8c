"""Requests with credentials go to the cloud itself or stay on this machine."""

from __future__ import annotations

import boto3
import pytest

from mtasts.cloud.aws.account import Account, AwsSettings, AwsSettingsError
from mtasts.cloud_catalogue import Hosting
from mtasts.destinations import (
    Destination,
    DestinationError,
    aws_endpoints,
    destination,
    is_local,
    is_loopback,
    require,
)
from mtasts.errors import UndeterminedError
from mtasts.watch.notify import Topic

AWS, CLOUDFLARE = Hosting.AWS, Hosting.CLOUDFLARE
CLOUD, LOOPBACK = Destination.CLOUD, Destination.LOOPBACK
SERVICES = ("acm", "cloudfront", "cloudwatch", "route53", "s3", "service-quotas", "sns", "sts")


@pytest.mark.parametrize(
    ("url", "expect"),
    [
        ("https://s3.us-east-1.amazonaws.com", CLOUD),
        ("https://s3.amazonaws.com/", CLOUD),
        ("https://s3.dualstack.eu-west-1.amazonaws.com:443", CLOUD),
        ("https://sts-fips.us-east-1.amazonaws.com", CLOUD),
        ("https://route53.amazonaws.com", CLOUD),
        ("https://route53.global.api.aws", CLOUD),
        ("https://monitoring.us-east-1.api.aws", CLOUD),
        ("https://vpce-0123-abcd.sts.us-east-1.vpce.amazonaws.com", CLOUD),
        ("https://bucket.vpce-0123-abcd.s3.us-east-1.vpce.amazonaws.com", CLOUD),
        ("http://127.0.0.1:5000", LOOPBACK),
        ("https://127.1.2.3/x/y.z", LOOPBACK),
        ("http://[::1]:5000", LOOPBACK),
        ("http://s3.us-east-1.amazonaws.com", None),  # in clear
        ("https://s3.us-east-1.amazonaws.com:8443", None),
        ("https://s3.us-east-1.amazonaws.com.example", None),
        ("https://examples3.us-east-1.amazonaws.com", None),
        ("https://mine.s3.us-east-1.amazonaws.com", None),  # somebody's bucket
        ("https://a1.execute-api.us-east-1.amazonaws.com", None),  # somebody's API
        ("https://ec2-1-2-3-4.compute-1.amazonaws.com", None),
        ("https://mine.elb.amazonaws.com", None),
        ("https://vpce-0123-abcd.vpce-svc-1.us-east-1.vpce.amazonaws.com", None),
        ("https://s3.cn-north-1.amazonaws.com.cn", None),  # refused as a region, too
        ("https://user@s3.us-east-1.amazonaws.com", None),
        ("https://s3.us-east-1.amazonaws.com@evil.example", None),
        ("https://s3.us-east-1.amazonaws.com\\@evil.example", None),
        ("https://evil.example#s3.us-east-1.amazonaws.com", None),
        ("https://s3.us-east-1.amazonaws.com?x=1", None),
        ("https://s3.us-east-1.amazonaws.com/..", None),
        ("HTTPS://s3.us-east-1.amazonaws.com", None),
        ("https://s3.us-east-1.amazonaws.com\n", None),
        ("http://localhost:5000", None),  # a name: whatever it resolves to
        ("http://127.0.0.1.example", None),
        ("http://0.0.0.0:5000", None),
        ("http://10.0.0.1", None),
        ("http://169.254.169.254", None),
        ("http://[::ffff:10.0.0.1]", None),
        ("http://2130706433", None),
        ("https://api.cloudflare.com", None),
        ("s3.us-east-1.amazonaws.com", None),
        ("", None),
    ],
)
def test_an_endpoint_of_aws_leads_there_or_to_this_machine(
    url: str, expect: Destination | None
) -> None:
    assert destination(AWS, url) is expect


@pytest.mark.parametrize(
    ("url", "expect"),
    [
        ("https://api.cloudflare.com/client/v4", CLOUD),
        ("https://api.cloudflare.com/client/v4/", CLOUD),
        ("http://127.0.0.1:5000/client/v4", LOOPBACK),
        ("http://api.cloudflare.com/client/v4", None),
        ("https://api.cloudflare.com.example/client/v4", None),
        ("https://mine.workers.dev/client/v4", None),
        ("https://api.cloudflare.example", None),
        ("https://s3.us-east-1.amazonaws.com", None),
    ],
)
def test_a_base_url_of_cloudflare_leads_there_or_to_this_machine(
    url: str, expect: Destination | None
) -> None:
    assert destination(CLOUDFLARE, url) is expect


@pytest.mark.parametrize("service", SERVICES)
def test_what_boto3_chooses_by_itself_is_the_cloud(service: str) -> None:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="s")
    for region in ("us-east-1", "eu-central-2", "ap-southeast-5", "il-central-1"):
        client = session.client(service, region_name=region)  # type: ignore[call-overload]
        assert destination(AWS, client.meta.endpoint_url) is CLOUD


def test_who_has_set_a_wrong_endpoint_is_told() -> None:
    assert require(AWS, "x", "http://127.0.0.1:1") is LOOPBACK
    assert require(CLOUDFLARE, "x", "https://api.cloudflare.com") is CLOUD
    with pytest.raises(DestinationError, match=r"^AWS_ENDPOINT_URL_S3 is https://evil\.example"):
        require(AWS, "AWS_ENDPOINT_URL_S3", "https://evil.example")
    with pytest.raises(DestinationError, match=r"https://api\.cloudflare\.com/client/v4"):
        require(CLOUDFLARE, "cloudflare:baseUrl", "https://evil.example")


def test_an_environment_is_local_only_with_the_marker_and_both_clouds_here() -> None:
    inside = {
        "MTASTS_LOCAL_CLOUD": "/x",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://[::1]:1",
        "CLOUDFLARE_BASE_URL": "http://127.0.0.1:1",
    }
    assert is_local(inside)
    assert aws_endpoints(inside | {"AWS_ENDPOINT_URL_STS": "", "AWS_ENDPOINT_URLS": "x"}) == {
        name: inside[name] for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
    }
    assert not is_local({})
    for name in inside:
        assert not is_local(inside | {name: "https://s3.amazonaws.com"}) or "CLOUD" in name
    assert not is_local(inside | {"MTASTS_LOCAL_CLOUD": ""})
    assert is_loopback("http://127.0.0.1")


REGION: dict[str, object] = {"aws:region": "us-east-1"}
HERE = "http://127.0.0.1:1"
THERE = "https://acm.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("endpoints", "local", "refusal"),
    [
        pytest.param({"s3": "https://evil.example"}, False, "would go there", id="elsewhere"),
        pytest.param({"s3": HERE, "acm": THERE}, False, "some calls would go to AWS", id="both"),
        pytest.param({"acm": THERE}, True, "some calls would go to AWS", id="out-of-a-local-cloud"),
        pytest.param({"s3": HERE, "sts": HERE}, True, "", id="inside"),
        pytest.param({"acm": THERE}, False, "", id="the-cloud-itself"),
    ],
)
def test_the_endpoints_of_a_stack_all_lead_to_one_place(
    endpoints: dict[str, str], local: bool, refusal: str
) -> None:
    values = REGION | {"aws:endpoints": [endpoints]}
    if not refusal:
        found = AwsSettings.from_config(values, local_only=local)
        assert (found.endpoints, found.local_only) == (endpoints, local)
        return
    with pytest.raises((AwsSettingsError, DestinationError), match=refusal):
        AwsSettings.from_config(values, local_only=local)


def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")


def test_no_client_is_made_that_would_go_elsewhere_whoever_chose_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "https://evil.example")
    with pytest.raises(DestinationError, match="the endpoint of sns is https://evil"):
        Account(AwsSettings("us-east-1")).client("sns")
    with pytest.raises(DestinationError, match="the endpoint of sns is https://evil"):
        Topic("arn:aws:sns:us-east-1:123456789012:t").post([])


def test_every_client_of_an_account_goes_to_the_same_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", HERE)
    account = Account(AwsSettings("us-east-1"))
    assert account.client("sts").meta.endpoint_url == "https://sts.us-east-1.amazonaws.com"
    with pytest.raises(AwsSettingsError, match=r"\(s3: http://127.0.0.1:1\)"):
        account.client("s3")
    local = Account(AwsSettings("us-east-1", local_only=True))
    assert local.client("s3").meta.endpoint_url == HERE
    with pytest.raises(AwsSettingsError, match="restores a shell that a local cloud had set up"):
        local.client("sts")
    with pytest.raises(UndeterminedError):
        Account(AwsSettings("us-east-1", endpoints={"sts": HERE}), attempts_max=1).account_id()
