"""What a stack's config chooses is what is placed, and the other cloud's package stays unloaded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from cloudflare_api import api, settings
from recording import Recorded, record
from test_mail_domain import declaration

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.cloudflare.account import CloudflareAccount
from mtasts.cloud.of_stack import Clouds, clouds_used
from mtasts.components import clouds as chosen
from mtasts.components.aws.hosting import AwsHosting
from mtasts.components.aws.zones import Route53Zones
from mtasts.components.belonging import STACK
from mtasts.components.cloud_folder import SharedOptions
from mtasts.components.cloudflare.hosting import CloudflareHosting
from mtasts.components.cloudflare.zone import CloudflareZones
from mtasts.components.delegated.zone import DelegatedZones
from mtasts.components.manual.zone import ManualZones
from mtasts.config import Dns, Hosting, load
from mtasts.errors import UndeterminedError
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.cloudflare.api import Faults
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mtasts.localcloud.cloudflare.servers import CloudflareServers

ROLE = "arn:aws:iam::210987654321:role/dns"


class Known(Account):
    """An account of which it is known who it is."""

    def require_allowed(self) -> str:
        return "123456789012"


@pytest.fixture(scope="module")
def servers() -> Iterator[CloudflareServers]:
    with api() as found:
        yield found


def stack(url: str, hosting: str, dns: str, **more: str) -> Clouds:
    """The clouds of a stack of one domain; ``more`` are keys of ``mtasts:``."""
    values: dict[str, object] = {
        "mtasts:agency": "Department of Tests",
        "mtasts:hosting": hosting,
        "mtasts:dns": dns,
        "mtasts:cloudflareAccount": ACCOUNT_ID,
        "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
        "mtasts:domains": [{"name": "example.gov", "mx": ["mx.example.gov"]}],
        "aws:region": "us-east-1",
        **{f"mtasts:{key}": value for key, value in more.items()},
    }
    if dns == "delegated":
        values["mtasts:delegationZone"] = "sts.operator.example"
    at_cloudflare = "cloudflare" in (hosting, dns, *more.values())
    if not at_cloudflare:
        del values["mtasts:cloudflareAccount"]
    config = load(values, file="stacks/Pulumi.test.yaml")
    accounts = {
        Hosting.AWS: Known(AwsSettings("us-east-1")),
        Hosting.CLOUDFLARE: CloudflareAccount(settings(url)),
    }
    return Clouds("test", config, {each: accounts[each] for each in clouds_used(config)})


def run(program: Callable[[], Awaitable[Any]]) -> tuple[Any, Recorded]:
    """What a program comes to, and what it registered."""
    found: list[Any] = []

    async def kept() -> None:
        found.append(await program())

    recorded = record(lambda: pulumi.Output.from_input(kept()))  # type: ignore[arg-type] # None
    return found[0], recorded


@pytest.mark.parametrize(
    ("config", "hosts", "zones", "former"),
    [
        (("aws", "route53", {}), AwsHosting, Route53Zones, (None, None)),
        (("aws", "cloudflare", {}), AwsHosting, CloudflareZones, (None, None)),
        (("aws", "manual", {}), AwsHosting, ManualZones, (None, None)),
        (("aws", "delegated", {}), AwsHosting, DelegatedZones, (None, None)),
        (("cloudflare", "cloudflare", {}), CloudflareHosting, CloudflareZones, (None, None)),
        (
            ("cloudflare", "cloudflare", {"leaving": "aws"}),
            CloudflareHosting,
            CloudflareZones,
            (AwsHosting, None),
        ),
        (
            ("aws", "route53", {"leaving": "cloudflare"}),
            AwsHosting,
            Route53Zones,
            (CloudflareHosting, CloudflareZones),
        ),
        (
            ("aws", "cloudflare", {"leavingDns": "route53"}),
            AwsHosting,
            CloudflareZones,
            (None, Route53Zones),
        ),
    ],
)
def test_config_chooses_hosting_zones_and_what_is_left(
    servers: CloudflareServers,
    config: tuple[str, str, dict[str, str]],
    hosts: type,
    zones: type,
    former: tuple[type | None, type | None],
) -> None:
    hosting, dns, more = config
    clouds = stack(servers.api.url, hosting, dns, **more)

    async def program() -> tuple[object, ...]:
        chosen.load_components(clouds)
        here = await chosen.place_hosting(
            clouds, SharedOptions(STACK, protect=True, keep=True, account_id="123456789012")
        )
        left = await chosen.place_former(clouds, STACK, keep=True)
        there = chosen.place_zones(clouds, STACK, here, Resolver(Reach()))
        return here, there, left["hosting"], left["zones"]

    (here, there, *left), recorded = run(program)
    assert (type(here), type(there)) == (hosts, zones)
    assert [None if each is None else type(each) for each in left] == list(former)
    buckets = [name for name in recorded.names if name.startswith("Bucket ")]
    assert len(buckets) == (AwsHosting in (hosts, former[0]))


def test_where_a_move_is_given_up_the_bucket_of_the_copied_ledgers_is_kept(
    servers: CloudflareServers,
) -> None:
    """A move from a Worker that is given up leaves ``leaving`` and ``hosting`` the same."""
    clouds = stack(servers.api.url, "cloudflare", "cloudflare", leaving="aws")
    clouds = replace(clouds, config=replace(clouds.config, leaving=Hosting.CLOUDFLARE))

    async def program() -> object:
        return await chosen.place_hosting(clouds, SharedOptions(STACK, protect=True, keep=True))

    here, recorded = run(program)
    assert isinstance(here, CloudflareHosting)
    (bucket,) = [name for name in recorded.names if name.startswith("Bucket ")]
    assert recorded.request(bucket).retainOnDelete


def test_without_a_subdomain_for_workers_nothing_is_placed(servers: CloudflareServers) -> None:
    clouds = stack(servers.api.url, "cloudflare", "cloudflare")
    servers.api.faults = Faults(
        lacking=frozenset({"Workers Scripts Read", "Workers Scripts Write"})
    )

    async def program() -> str:
        with pytest.raises(UndeterminedError) as refused:
            await chosen.place_hosting(clouds, SharedOptions(STACK, protect=True, keep=True))
        return str(refused.value)

    try:
        text, recorded = run(program)
    finally:
        servers.api.faults = Faults()
    assert "subdomain" in text or "Authentication" in text
    assert recorded.names == []


def test_records_are_handed_out_at_aws_alone(servers: CloudflareServers) -> None:
    """No config leads here: a Worker needs its own zone."""
    clouds = stack(servers.api.url, "cloudflare", "cloudflare")
    manual = replace(clouds, config=replace(clouds.config, dns=Dns.MANUAL))

    async def program() -> None:
        here = await chosen.place_hosting(clouds, SharedOptions(STACK, protect=True, keep=True))
        with pytest.raises(TypeError, match="dns manual records are handed out through a bucket"):
            chosen.place_zones(manual, STACK, here, Resolver(Reach()))

    run(program)


@pytest.mark.parametrize(("hosting", "asked"), [("aws", 1), ("cloudflare", 0)])
def test_the_provider_is_started_where_it_is_needed(
    servers: CloudflareServers, hosting: str, asked: int
) -> None:
    dns = "route53" if hosting == "aws" else "cloudflare"
    clouds = stack(servers.api.url, hosting, dns)

    async def program() -> None:
        await chosen.start_provider(clouds)

    _, recorded = run(program)
    assert recorded.invokes == ["aws:index/getRegion:getRegion"] * asked


def test_domains_of_one_role_share_its_provider() -> None:
    def program() -> None:
        zones = Route53Zones(AwsSettings("us-east-1"))
        for name in ("a.example", "b.example"):
            one = declaration()
            one = replace(one, config=replace(one.config, name=name, dns_role_arn=ROLE))
            zones.zone(one, pulumi.ResourceOptions())

    names = record(program).names
    assert [name for name in names if "dns-210987654321-dns" in name] == [
        "aws dns-210987654321-dns"
    ]
