"""The domains and inboxes that exist in a new local cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtasts.cloud_catalogue import Dns
from mtasts.localcloud.world import ARRIVAL, EXAMPLE, NEWCOMER, InboxDomain, World

STACKS = Path(__file__).parents[2] / "stacks"


def test_the_example_agencies_have_their_zones_and_mail_hosts() -> None:
    world = World.from_stacks(STACKS)
    names = {domain.name for domain in world.domains}
    assert {"example.gov", "parked.example", "xn--bcher-kva.example", NEWCOMER.name} <= names
    assert "field.department.example" not in world.zones  # it lies inside department.example
    assert {"mail1.example.gov", "in2.provider.example"} <= set(world.mail_hosts)


def test_without_stack_files_there_is_the_newcomer() -> None:
    assert World.from_stacks(None).domains == (NEWCOMER, ARRIVAL, EXAMPLE)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "config: {}",
        "config: {mtasts:domains: 7}",
        "config: {'mtasts:domains': [{name: 'not a name', mx: []}]}",
        "a: &a [*a]",
        "config: {'mtasts:inbox': {}}",
        "config: {'mtasts:inbox': 7}",
        "config: {'mtasts:inbox': {address: a@b.example, dns: elsewhere}}",
        "config: {'mtasts:inbox': {address: 'a@not a name'}}",
    ],
)
def test_a_file_with_mistakes_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.bad.yaml").write_text(text)
    assert World.from_stacks(tmp_path) == World((NEWCOMER, ARRIVAL, EXAMPLE))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", InboxDomain("reports.example")),
        ("dns: route53", InboxDomain("reports.example")),
        ("dns: cloudflare", InboxDomain("reports.example", Dns.CLOUDFLARE)),
        ("hosting: cloudflare", InboxDomain("reports.example", Dns.CLOUDFLARE, routed=True)),
        ("dns: manual", InboxDomain("reports.example", Dns.MANUAL)),
        ("\n  aws:region: eu-west-1", InboxDomain("reports.example", region="eu-west-1")),
    ],
)
def test_an_inbox_has_a_zone_and_no_mail_host(
    tmp_path: Path, keys: str, expected: InboxDomain
) -> None:
    lines = ["config:", "  mtasts:inbox:", "    address: tlsrpt@Reports.example", f"    {keys}"]
    (tmp_path / "Pulumi.inbox.yaml").write_text("\n".join(lines))
    found = World.from_stacks(tmp_path)
    assert found.inboxes == (expected,)
    assert found.mail_hosts == World.from_stacks(None).mail_hosts
    for cloudflare, dns in ((True, Dns.CLOUDFLARE), (False, Dns.ROUTE53)):
        zones = found.at(cloudflare=cloudflare).zones
        assert ("reports.example" in zones) is (expected.dns is dns)


def test_an_inbox_below_an_agency_s_domain_has_no_zone_of_its_own(tmp_path: Path) -> None:
    inbox = "config:\n  mtasts:inbox:\n    address: tlsrpt@reports.agency.example\n"
    agency = "config:\n  mtasts:domains:\n    - {name: agency.example, mx: []}\n"
    (tmp_path / "Pulumi.inbox.yaml").write_text(inbox)
    (tmp_path / "Pulumi.agency.yaml").write_text(agency)
    assert "reports.agency.example" not in World.from_stacks(tmp_path).at(cloudflare=False).zones


def test_the_number_of_domains_is_bounded(tmp_path: Path) -> None:
    rows = "".join(f"    - {{name: d{n}.example, mx: []}}\n" for n in range(1100))
    (tmp_path / "Pulumi.big.yaml").write_text(f"config:\n  mtasts:domains:\n{rows}")
    assert len(World.from_stacks(tmp_path).domains) == 1000
