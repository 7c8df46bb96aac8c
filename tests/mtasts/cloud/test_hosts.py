"""What an account has that a new policy host could meet: distributions, Workers and settings."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from cloudflare_api import api, settings
from loopback import closed_port

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.hosts import Distributions
from mtasts.cloud.cloudflare.account import CloudflareAccount
from mtasts.cloud.cloudflare.hosts import Workers
from mtasts.errors import UndeterminedError
from mtasts.localcloud import moto_host
from mtasts.localcloud.cloudflare.account import Script, Version
from mtasts.localcloud.cloudflare.api import Faults
from mtasts.render.worker import worker_name
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mtasts.localcloud.cloudflare.servers import CloudflareServers

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")
HOST, DOMAIN = "mta-sts.example.gov", "example.gov"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_host.moto_running() as url:
        yield url


def account(url: str) -> Account:
    at = {"cloudfront": url}
    settings = AwsSettings("us-east-1", access_key="local", secret_key="local", endpoints=at)
    return Account(settings, attempts_max=1)


def distribute(url: str, alias: str, **tags: str) -> str:
    """Make a distribution; its own name."""
    items: list[Any] = [{"Key": key, "Value": value} for key, value in tags.items()]
    config: Any = {
        "CallerReference": uuid.uuid4().hex,
        "Aliases": {"Quantity": 1, "Items": [alias]},
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "o",
                    "DomainName": "o.example",
                    "CustomOriginConfig": {
                        "HTTPPort": 80,
                        "HTTPSPort": 443,
                        "OriginProtocolPolicy": "https-only",
                    },
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "https-only",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
        "Comment": "",
        "Enabled": True,
    }
    made = (
        moto_host.session()
        .client("cloudfront", endpoint_url=url)
        .create_distribution_with_tags(
            DistributionConfigWithTags={"DistributionConfig": config, "Tags": {"Items": items}}
        )
    )
    return str(made["Distribution"]["DomainName"])


def test_an_alias_of_another_distribution_is_found_and_of_our_own_is_not(url: str) -> None:
    own = distribute(url, HOST, **{"mtasts:domain": DOMAIN})
    distribute(url, "mta-sts.taken.example", purpose="web")
    found = Distributions(account(url))
    assert found.count() >= 2  # the account is the module's
    assert found.taken(HOST, DOMAIN) is None
    assert found.taken("mta-sts.free.example", "free.example") is None
    taken = found.taken("mta-sts.taken.example", "taken.example")
    assert taken
    assert "CNAMEAlreadyExists" in taken
    assert found.hint((), HOST) is None
    assert found.hint(("web.example",), HOST) is None
    assert found.hint((own,), HOST) is None
    hint = found.hint(("d111.cloudfront.net",), HOST)
    assert hint
    assert "a distribution of another account" in hint


def test_distributions_that_cannot_be_listed_are_not_known(url: str) -> None:
    with pytest.raises(UndeterminedError, match="the account's distributions"):
        Distributions(account(f"http://127.0.0.1:{closed_port()}")).count()
    found = Distributions(account(url))
    distribute(url, "mta-sts.third.example")
    found.count()
    found._account = account(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(UndeterminedError, match="the tags of"):
        found.taken("mta-sts.third.example", "third.example")


@pytest.mark.parametrize(
    ("names", "limit"),
    [
        (("Web distributions per AWS account", "Staging distributions per AWS account"), 750),
        (("Distributions per AWS account",), 750),
        (("Cache policies per AWS account",), None),
        ((), None),
        (None, None),
    ],
)
def test_the_accounts_own_limit_is_read_where_it_may_be(
    names: tuple[str, ...] | None, limit: int | None
) -> None:
    ours = account(f"http://127.0.0.1:{closed_port()}")
    client = ours.client("service-quotas", region="us-east-1")
    with Stubber(client) as stub:
        if names is None:
            stub.add_client_error("list_service_quotas", "AccessDeniedException")
        else:
            rows = [{"QuotaName": name, "Value": 750.0 - at} for at, name in enumerate(names)]
            stub.add_response(
                "list_service_quotas", {"Quotas": rows}, {"ServiceCode": "cloudfront"}
            )
        assert Distributions(ours).raised() == limit


def attached(servers: CloudflareServers, service: str) -> None:
    servers.account.scripts[service] = Script(service, [Version("w", "", 0.0)])
    zone = servers.account.add_zone(DOMAIN)
    servers.account.attach(HOST, service, zone.id)


@pytest.mark.parametrize(("service", "is_taken"), [("web", True), (worker_name(DOMAIN), False)])
def test_a_custom_domain_of_another_worker_is_found(service: str, *, is_taken: bool) -> None:
    with api() as servers:
        attached(servers, service)
        found = Workers(CloudflareAccount(settings(servers.api.url)))
        assert found.count() == 1
        assert bool(found.taken(HOST, DOMAIN)) is is_taken
        assert found.taken("mta-sts.other.example", "other.example") is None
        assert found.hint(("d111.cloudfront.net",), HOST) is None
        found.raised()  # has no limit to tell


def test_the_settings_of_a_zone_are_read() -> None:
    with api() as servers:
        zone = servers.account.add_zone(DOMAIN)
        zone.settings["min_tls_version"] = "1.3"
        found = Workers(CloudflareAccount(settings(servers.api.url)))
        read = found.settings(HostedZone(zone.id, DOMAIN))
        assert (read["min_tls_version"], read["fight_mode"], read["rules"]) == ("1.3", False, [])
        assert (read["redirects"], read["unread"]) == ([], {})
        rule, redirect = ({"action": each, "expression": "true"} for each in ("block", "redirect"))
        zone.rules["http_request_firewall_custom"] = [rule]
        zone.rules["http_request_dynamic_redirect"] = [redirect]
        read = found.settings(HostedZone(zone.id, DOMAIN))
        assert (read["rules"], read["redirects"]) == ([rule], [redirect])


def test_what_of_a_zone_may_not_be_read_is_told_and_the_rest_is_read() -> None:
    with api() as servers:
        zone = servers.account.add_zone(DOMAIN)
        zone.settings["min_tls_version"] = "1.3"
        servers.api.faults = Faults(lacking=frozenset({"Bot Management Read", "Zone WAF Read"}))
        found = Workers(CloudflareAccount(settings(servers.api.url)))
        read = found.settings(HostedZone(zone.id, DOMAIN))
        assert read["min_tls_version"] == "1.3"
        unread = read["unread"]
        assert isinstance(unread, dict)
        assert list(unread) == ["bot settings", "custom rules", "redirect rules"]
        assert all("lacks a permission" in each for each in unread.values())


@pytest.mark.parametrize(
    ("lacking", "what"),
    [
        ("Workers Scripts Read", "custom domains"),
        ("Workers Scripts Read", "Workers"),
    ],
)
def test_what_the_token_may_not_read_is_not_known(lacking: str, what: str) -> None:
    with api() as servers:
        servers.account.add_zone(DOMAIN)
        servers.api.faults = Faults(lacking=frozenset({lacking}))
        found = Workers(CloudflareAccount(settings(servers.api.url)))
        asked: dict[str, Callable[[], object]] = {
            "custom domains": lambda: found.taken(HOST, DOMAIN),
            "Workers": found.count,
        }
        with pytest.raises(UndeterminedError, match=f"{what}.* the token lacks a permission"):
            asked[what]()
