"""What one run asks of an account that answers so many calls a second and refuses the rest."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from clouds_of import CloudsOf
from loopback import Zone
from memory_store import MemoryStore
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.route53.models import route53_backends

from mtasts.cloud.aws import account as pacing
from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.zones import Route53Zones
from mtasts.config import AgencyConfig, Hosting, load
from mtasts.ledger.entries import ZoneSeen, render_entry
from mtasts.ledger.recorder import Recorder
from mtasts.localcloud.moto_host import moto_running, throttle
from mtasts.localcloud.throttling import Rate
from mtasts.rollout.facts import mail_domains
from mtasts.run.account_zones import HostedZones
from mtasts.run.survey import Surveyor
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator

from mtasts.run.survey import Survey

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
COUNT = 300
# Faster than Route 53's documented five calls a second, so that the test is; slower than a busy
# machine makes calls, or nothing would be refused.
RATE = Rate(per_second=30, burst=3)
SLOW = Rate(per_second=1, burst=5)
NAMES = [f"d{number:03}.example" for number in range(COUNT)]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as url:
        backend = route53_backends[ACCOUNT_ID]["aws"]  # past HTTP, which takes 5 ms a zone
        for name in NAMES:
            backend.create_hosted_zone(
                f"{name}.", private_zone=False, caller_reference=name, vpcid=None, vpcregion=None
            )
        yield url


def config() -> AgencyConfig:
    values: dict[str, object] = {
        "aws:region": "us-east-1",
        "mtasts:agency": "Department of Tests",
        "mtasts:profile": "rfc",
        "mtasts:hosting": "aws",
        "mtasts:dns": "route53",
        "mtasts:mode": "testing",
        "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
        "mtasts:domains": [{"name": name, "mx": [f"mx1.{name}"]} for name in NAMES],
    }
    return load(values, file="stacks/Pulumi.test.yaml")


def account(url: str, *, attempts_max: int = 5, key: str = "AKIALOCAL") -> Account:
    settings = AwsSettings(
        region="us-east-1",
        access_key=key,
        secret_key="local",
        endpoints={"sts": url, "route53": url},
    )
    return Account(settings, attempts_max=attempts_max)


async def survey(found: Account, store: MemoryStore, rate: Rate = RATE) -> Survey:
    """300 domains at once, while Route 53 answers at ``rate``."""
    surveyor = Surveyor(
        CloudsOf(found.require_allowed, Route53Zones(found)),
        Zone({}),
        lambda _: Recorder(store, Hosting.AWS),
        Path("none"),
    )
    throttle.set({"route53": rate})
    try:
        return await surveyor.survey(config())
    finally:
        throttle.rates = {}


async def test_a_survey_of_300_domains_leaves_none_undetermined(url: str) -> None:
    found = await survey(account(url), MemoryStore())

    assert throttle.refused["route53"] > 0
    zones = [each.hosted_zone for each in mail_domains(found.domains)]
    assert all(zone is not None and zone.name_servers for zone in zones)


async def test_without_bound_and_patience_many_are(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the stand-in does refuse what AWS refuses."""
    monkeypatch.setattr(pacing, "_AT_ONCE", {})

    found = await survey(account(url, attempts_max=1), MemoryStore(), SLOW)

    missing = [each for each in mail_domains(found.domains) if each.hosted_zone is None]
    assert len(missing) > COUNT / 4


async def test_what_the_ledger_tells_of_a_zone_is_not_asked_for(url: str) -> None:
    zones = {zone.name: zone for zone in Route53Zones(account(url)).list(None)}
    servers = frozenset({"ns1.example"})
    store = MemoryStore()
    for name in NAMES:
        seen = ZoneSeen(1, NOW, HostedZone(zones[name].zone_id, name, servers))
        store.ledgers[name] = {1: render_entry(seen)}

    # The list of 300 zones is three pages.
    found = await survey(account(url), store, Rate(per_second=0.1, burst=3))

    assert throttle.refused["route53"] == 0
    zones_found = [each.hosted_zone for each in mail_domains(found.domains)]
    assert {zone.name_servers for zone in zones_found if zone is not None} == {servers}


async def test_each_zone_is_listed_and_asked_once_and_a_ledger_of_another_zone_tells_nothing() -> (
    None
):
    class Counting:
        def __init__(self) -> None:
            self.calls: list[str] = []

        def list(self, role: str | None) -> tuple[HostedZone, ...]:
            self.calls.append(f"list {role}")
            # Cloudflare lists the name servers, too.
            listed = HostedZone("Z3", "listed.example", frozenset({"ns3.example"}))
            return (HostedZone("Z1", "example"), listed)

        def complete(self, role: str | None, zone: HostedZone) -> HostedZone:
            self.calls.append(f"complete {role} {zone.zone_id}")
            return HostedZone(zone.zone_id, zone.name, frozenset({"ns1.example"}))

    counting = Counting()
    zones = HostedZones(counting)
    other = HostedZone("Z2", "example", frozenset({"ns9.example"}))
    for name in NAMES[:3]:
        found = await zones.choose(None, name, (None,), (other,))
        assert isinstance(found, HostedZone)
        assert found.name_servers == {"ns1.example"}
    await zones.choose("role", NAMES[0], (None,), ())
    listed = await zones.choose(None, "a.listed.example", (None,), ())
    assert isinstance(listed, HostedZone)
    assert listed.name_servers == {"ns3.example"}

    assert counting.calls == ["list None", "complete None Z1", "list role", "complete role Z1"]


@pytest.mark.parametrize(
    ("service", "keys", "at_once"),
    [
        pytest.param("route53", ["A"], 4, id="bounded"),
        pytest.param("route53", ["A", "A", "A"], 4, id="stacks-of-one-account"),
        pytest.param("route53", ["A", "B", "C"], 12, id="three-accounts"),
        pytest.param("sts", ["A"], 12, id="unbounded"),
    ],
)
def test_few_calls_at_once_are_made_to_what_is_bounded(
    url: str, service: str, keys: list[str], at_once: int
) -> None:
    clients = [account(url, key=f"AKIA{key}").client(service) for key in keys]
    lock, most = threading.Lock(), [0, 0]
    everybody = threading.Barrier(at_once, timeout=10)

    def send(*_: object, **__: object) -> None:
        with lock:
            most[0] += 1
            most[1] = max(most)
        everybody.wait()
        with lock:
            most[0] -= 1

    for client in clients:
        client.meta.events.register(f"before-call.{service}", send)
    call = "get_hosted_zone_count" if service == "route53" else "get_caller_identity"
    threads = [
        threading.Thread(target=getattr(clients[number % len(clients)], call))
        for number in range(12)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert most[1] == at_once


def test_a_role_is_taken_once(url: str) -> None:
    found = account(url)
    role = "arn:aws:iam::210987654321:role/dns"

    assert found.in_role(role) is found.in_role(role)
    assert found.in_role(None) is found
