"""Which cloud a stack's config chooses: account, zones, authorities and ledgers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from cloudflare_api import api
from fake_account import FakeAccount
from fake_outside import FakeOutside

from mtasts.cli.outside import Outside
from mtasts.clock import utc_now
from mtasts.cloud.aws.account import Role
from mtasts.cloud.aws.handouts import Handouts
from mtasts.cloud.aws.hosts import Distributions
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.aws.zones import Route53Zones
from mtasts.cloud.cloudflare.hosts import Workers
from mtasts.cloud.cloudflare.ledger_store import R2Store
from mtasts.cloud.cloudflare.zones import CloudflareZones
from mtasts.cloud.of_stack import Clouds
from mtasts.config import Dns, Hosting, load
from mtasts.destinations import DestinationError
from mtasts.errors import UndeterminedError, UsageError
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.cloudflare.api import Faults
from mtasts.rollout.caa import AMAZON, CLOUDFLARES

if TYPE_CHECKING:
    from mtasts.config import AgencyConfig

ENVIRONMENT = {"CLOUDFLARE_API_TOKEN": "local-token"}
AWS = {"aws:region": "us-east-1"}


def config(hosting: str, dns: str) -> AgencyConfig:
    values: dict[str, object] = {
        "mtasts:agency": "Department of Tests",
        "mtasts:hosting": hosting,
        "mtasts:dns": dns,
        "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
        "mtasts:domains": [{"name": "example.gov", "mx": ["mx.example.gov"]}],
    }
    if hosting == "aws":
        values |= AWS
    if "cloudflare" in (hosting, dns):
        values["mtasts:cloudflareAccount"] = ACCOUNT_ID
    if dns == "delegated":
        values["mtasts:delegationZone"] = "sts.operator.example"
    return load(values, file="stacks/Pulumi.test.yaml")


def clouds(hosting: str, dns: str, **environment: str) -> Clouds:
    values = AWS if hosting == "aws" else {}
    return Clouds.of("test", config(hosting, dns), values, ENVIRONMENT | environment)


@pytest.mark.parametrize(
    ("hosting", "dns", "zones", "store", "authorities"),
    [
        ("aws", "route53", Route53Zones, S3Store, (AMAZON,)),
        ("aws", "cloudflare", CloudflareZones, S3Store, (AMAZON,)),
        ("cloudflare", "cloudflare", CloudflareZones, R2Store, CLOUDFLARES),
    ],
)
def test_each_combination_has_its_own(
    hosting: str, dns: str, zones: type, store: type, authorities: object
) -> None:
    found = clouds(hosting, dns)
    assert isinstance(found.zones, zones)
    assert isinstance(found.recorder("a", utc_now).store, store)
    assert found.authorities == authorities
    assert found.former_zones is None
    assert isinstance(found.hosts, Distributions if hosting == "aws" else Workers)
    assert (found.zone_settings is None) is (hosting == "aws")


def test_the_cloudflare_account_is_the_one_that_the_token_may_read() -> None:
    with api() as servers:
        url = servers.api.url
        found = clouds("cloudflare", "cloudflare", CLOUDFLARE_BASE_URL=url)
        assert found.identify() == ACCOUNT_ID
        other = replace(found.config, cloudflare_account="0" * 32)
        elsewhere = Clouds.of("test", other, {}, ENVIRONMENT | {"CLOUDFLARE_BASE_URL": url})
        with pytest.raises(UndeterminedError, match="the Cloudflare account"):
            elsewhere.identify()


def test_what_somebody_else_publishes_is_read_from_the_bucket() -> None:
    manual = clouds("aws", "manual")
    assert manual.zones is None
    assert manual.handouts is not None
    assert isinstance(manual.handouts("a"), Handouts)
    assert isinstance(clouds("aws", "delegated").zones, Route53Zones)
    assert clouds("aws", "route53").handouts is None


@pytest.mark.parametrize("hosting", ["aws", "cloudflare"])
def test_a_variable_that_leads_a_provider_elsewhere_is_refused(hosting: str) -> None:
    dns = {"aws": "route53", "cloudflare": "cloudflare"}[hosting]
    with pytest.raises(DestinationError, match="AWS_ENDPOINT_URL_ACM is https://evil"):
        clouds(hosting, dns, AWS_ENDPOINT_URL_ACM="https://evil.example")
    clouds(hosting, dns, AWS_ENDPOINT_URL_ACM="http://127.0.0.1:1")


def test_a_stack_that_leaves_aws_has_both() -> None:
    values = {**AWS, "mtasts:leaving": "aws"}
    leaving = replace(config("cloudflare", "cloudflare"), leaving=Hosting.AWS)
    found = Clouds.of("test", leaving, values, ENVIRONMENT)
    assert found.require_aws().settings.region == "us-east-1"
    assert found.aws_bucket("a") == "mtasts-a-us-east-1-test"
    recorder = found.recorder("a", utc_now)
    assert isinstance(recorder.store, R2Store)
    assert recorder.other_store is not None
    assert recorder.hosting == "cloudflare"
    known = replace(found, accounts={**found.accounts, Hosting.AWS: FakeAccount()})
    elsewhere = known.recorder("a", utc_now).other_store
    assert elsewhere is not None
    assert isinstance(elsewhere(), S3Store)
    outside = FakeOutside(
        cloud_of=lambda found: replace(
            found, accounts={**found.accounts, Hosting.AWS: FakeAccount()}
        )
    )
    recorder, handouts = outside.ledgers(config("aws", "manual"), AWS, "test")
    assert isinstance(recorder.store, S3Store)
    assert recorder.other_store is None
    assert isinstance(handouts, Handouts)


def test_a_stack_that_leaves_a_zone_has_the_former_one_too() -> None:
    leaving = replace(config("aws", "cloudflare"), leaving_dns=Dns.ROUTE53)
    found = Clouds.of("test", leaving, AWS, ENVIRONMENT)
    assert isinstance(found.zones, CloudflareZones)
    assert isinstance(found.former_zones, Route53Zones)
    assert isinstance(found.other_store(), R2Store)
    back = replace(
        config("aws", "route53"), leaving_dns=Dns.CLOUDFLARE, cloudflare_account="a" * 32
    )
    found = Clouds.of("test", back, AWS, ENVIRONMENT)
    assert isinstance(found.former_zones, CloudflareZones)


def test_what_a_stack_does_not_use_is_not_to_be_had() -> None:
    with pytest.raises(UsageError, match="nothing at AWS"):
        clouds("cloudflare", "cloudflare").require_aws()
    with pytest.raises(UsageError, match="nothing at Cloudflare"):
        clouds("aws", "route53").require_cloudflare()


def test_a_store_is_had_once_the_account_is_known() -> None:
    with api() as servers:
        environment = {
            "CLOUDFLARE_API_TOKEN": "local-token",
            "CLOUDFLARE_BASE_URL": servers.api.url,
        }
        outside = Outside(environment)
        found, _ = outside.ledgers(config("cloudflare", "cloudflare"), {}, "test")
    assert isinstance(found.store, R2Store)


def test_a_role_of_a_zone_is_assumed_with_its_external_id() -> None:
    role, other = (f"arn:aws:iam::222222222222:role/{name}" for name in ("dns", "other"))
    base = config("aws", "route53")
    first = replace(base.domains[0], dns_role_arn=role, dns_role_external_id="a-1")
    second = replace(base.domains[0], dns_role_arn=other)
    found = Clouds.of("test", replace(base, domains=(first, second)), AWS, ENVIRONMENT)
    roles = [found.require_aws().in_role(each).settings.roles for each in (role, other)]
    assert roles == [(Role(role, "a-1"),), (Role(other),)]


def test_what_the_token_may_do_is_compared_with_what_it_needs() -> None:
    with api() as servers:
        found = clouds("cloudflare", "cloudflare", CLOUDFLARE_BASE_URL=servers.api.url)
        assert found.host.notes(is_preview=True) == ()
        servers.api.faults = Faults(lacking=frozenset({"DNS Write"}))
        (note,) = found.host.notes(is_preview=True)
        assert note.id == "token-lacks"
        assert str(note).startswith("the Cloudflare token lacks DNS Write (zone): mtasts iam up")
        servers.api.faults = Faults(lacking=frozenset({"API Tokens Read"}))
        (note,) = found.host.notes(is_preview=False)
        assert note.id == "token-unknown"
        assert str(note).startswith("could not find out which permissions the Cloudflare token has")
        assert "mtasts iam up --stack test" in str(note)
    assert clouds("aws", "route53").host.notes(is_preview=True) == ()


class NoTopics:
    """SNS without a topic."""

    def get_topic_attributes(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": "NotFound"}}, "GetTopicAttributes")


def test_alarms_that_nobody_would_hear_are_told() -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    quiet = clouds("aws", "route53")
    assert quiet.host.notes(is_preview=True) == ()
    with_topic = replace(quiet.config, alarm_topic=topic)
    asked = replace(
        quiet, config=with_topic, accounts={Hosting.AWS: FakeAccount(clients={"sns": NoTopics()})}
    )
    (note,) = asked.host.notes(is_preview=True)
    assert f"{topic} does not exist" in note.text
