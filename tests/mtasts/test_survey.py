"""What is looked up before anything is declared, from a real boto3 session on moto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from loopback import Zone, closed_port

from localcloud.moto_host import moto_running, session
from mtasts.cloud.aws import Account, AwsSettings, WrongAccountError
from mtasts.cloud.zones import public_zones, with_name_servers
from mtasts.config import AgencyConfig, load
from mtasts.errors import UndeterminedError
from mtasts.observations import DnsStatus
from mtasts.rollout.zones import HostedZone, ZoneError
from mtasts.survey import Surveyor

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "123456789012"
OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/dns-writer"
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
            route53.create_hosted_zone(
                Name=name,
                CallerReference=f"{name}{private}",
                HostedZoneConfig={"PrivateZone": private},
                **({"VPC": {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}} if private else {}),
            )
        yield url


def account(url: str, *, allowed: tuple[str, ...] = (ACCOUNT,)) -> Account:
    settings = AwsSettings(
        region="us-east-1",
        access_key="AKIALOCAL",
        secret_key="local",
        endpoints={"sts": url, "route53": url},
        allowed_accounts=allowed,
    )
    return Account(settings, attempts_max=1)


def config(*domains: dict[str, object]) -> AgencyConfig:
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
    with pytest.raises(UndeterminedError, match="whose AWS credentials these are"):
        nobody.account_id()


def test_a_role_of_another_account_is_assumed_for_its_zones(url: str) -> None:
    own = account(url)
    assert own.require_allowed() == ACCOUNT
    # The pin says whose the stack is, so it is left behind where a zone is another's on purpose.
    assert own.in_role(ROLE).require_allowed() == OTHER


async def test_everything_around_a_domain_is_found_at_once(url: str) -> None:
    dns = Zone({("example.gov", "NS"): ("ns1.example.net",)})
    found = await Surveyor(account(url), dns).survey(
        config(MAIL, {"name": "sub.example.gov", "mx": ["mx1.example.gov"]})
    )
    assert found.account_id == ACCOUNT
    first, second = found.domains
    assert (first.zone and first.zone.name, second.zone and second.zone.name) == (
        "example.gov",
        "sub.example.gov",
    )
    assert first.delegated is not None
    assert first.delegated.values == ("ns1.example.net",)
    assert [answer.name for answer in first.caa] == ["mta-sts.example.gov", "example.gov", "gov"]
    assert first.mx is None


async def test_a_parked_domain_needs_no_zone_only_its_mx(url: str) -> None:
    dns = Zone({("parked.example", "MX"): ("0 .",)})
    found = await Surveyor(account(url), dns).survey(config({"name": "parked.example", "mx": []}))
    (parked,) = found.domains
    assert parked.mx is not None
    assert parked.mx.values == ("0 .",)
    assert dns.asked == [("parked.example", "MX")]


async def test_what_stands_in_the_way_is_found_for_each_domain_and_stops_no_other(
    url: str,
) -> None:
    dns = Zone({}, failing=frozenset({("example.gov", "NS")}))
    found = await Surveyor(account(url), dns).survey(
        config(
            {"name": "elsewhere.example", "mx": ["mx.elsewhere.example"]},
            MAIL,
            {"name": "roled.example", "mx": ["mx.roled.example"], "dnsRoleArn": ROLE},
        )
    )
    missing, unseen, roled = found.domains
    assert isinstance(missing.zone_problem, ZoneError)
    assert isinstance(roled.zone_problem, ZoneError)  # that account has no such zone
    assert unseen.delegated is not None
    assert unseen.delegated.status is DnsStatus.FAILED


async def test_nothing_is_found_in_another_account(url: str) -> None:
    with pytest.raises(WrongAccountError):
        await Surveyor(account(url, allowed=(OTHER,)), Zone({})).survey(config(MAIL))
