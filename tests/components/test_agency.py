"""What the program decides before it declares anything, from values."""

from __future__ import annotations

import pytest

from components.agency import decide, describe_held, read_config
from mtasts.config import AgencyConfig, ConfigError
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.rollout.verdicts import Surroundings
from mtasts.rollout.zones import HostedZone, ZoneError
from mtasts.survey import Survey

ZONE = HostedZone("Z1", "example.gov", frozenset({"ns1.example.net"}))
VALUES: dict[str, object] = {
    "aws:region": "us-east-1",
    "mtasts:agency": "Department of Tests",
    "mtasts:profile": "rfc",
    "mtasts:hosting": "aws",
    "mtasts:dns": "route53",
    "mtasts:mode": "testing",
    "mtasts:tlsReports": '["mailto:tlsrpt@reports.example"]',
    "mtasts:domains": (
        '[{"name": "example.gov", "mx": ["mx.example.gov"]}, {"name": "b.example.gov", '
        '"mx": ["mx.example.gov"]}, {"name": "parked.example.gov", "mx": []}]'
    ),
}


def config() -> AgencyConfig:
    return read_config("agency", VALUES, [])


def survey(*problems: str) -> Survey:
    """What is around each domain; the named ones have no zone."""
    first, second, parked = config().domains
    delegated = DnsAnswer("example.gov", "NS", DnsStatus.ANSWERED, ("ns1.example.net",))
    null_mx = DnsAnswer("parked.example.gov", "MX", DnsStatus.ANSWERED, ("0 .",))
    found = [
        Surroundings(each, zone_problem=ZoneError(f"no zone for {each.name}"))
        if each.name in problems
        else Surroundings(each, zone=ZONE, delegated=delegated)
        for each in (first, second)
    ]
    return Survey("123456789012", (*found, Surroundings(parked, mx=null_mx)))


def test_the_stack_file_is_named_with_every_problem() -> None:
    with pytest.raises(ConfigError) as refused:
        read_config("agency", VALUES | {"mtasts:mode": "on", "mtasts:maxAge": -1}, [])
    text = str(refused.value)
    assert "stacks/Pulumi.agency.yaml" in text
    assert "mtasts:mode" in text
    assert "mtasts:maxAge" in text


def test_what_is_not_built_yet_is_refused_before_anything_is_looked_up() -> None:
    values = {key: value for key, value in VALUES.items() if not key.startswith("aws:")}
    with pytest.raises(ConfigError, match="cloudflare"):
        read_config("agency", values | {"mtasts:hosting": "cloudflare"}, [])


def test_domains_with_a_zone_are_declared_and_parked_ones_are_not() -> None:
    declared, held = decide(config(), survey())
    assert [each.domain for each in declared] == ["example.gov", "b.example.gov"]
    assert held == {}


def test_a_domain_that_is_held_stops_no_other() -> None:
    declared, held = decide(config(), survey("example.gov"))
    assert [each.domain for each in declared] == ["b.example.gov"]
    assert held == {"example.gov": ("no zone for example.gov",)}


def test_the_first_line_on_held_domains_says_it_all() -> None:
    text = describe_held({"a.example": ("no zone", "CAA forbids it"), "b.example": ("no zone",)})
    assert text.splitlines() == [
        "held, and left as they are: a.example, b.example",
        "  a.example: no zone",
        "  a.example: CAA forbids it",
        "  b.example: no zone",
    ]
