"""The zone that carries a domain's records."""

from __future__ import annotations

import pytest

from mtasts.zones import HostedZone, ZoneError, choose_zone, delegation_problem

GOV = HostedZone("Z1", "example.gov", frozenset({"ns1.example"}))
SUB = HostedZone("Z2", "mail.example.gov")
TWIN = HostedZone("Z3", "example.gov")


@pytest.mark.parametrize(
    ("zones", "domain", "zone_id", "expected"),
    [
        pytest.param([GOV, SUB], "example.gov", None, GOV, id="the-domain-itself"),
        pytest.param([GOV, SUB], "a.mail.example.gov", None, SUB, id="longest-match"),
        pytest.param([GOV, TWIN], "example.gov", "Z3", TWIN, id="named"),
    ],
)
def test_a_zone_is_found(
    zones: list[HostedZone], domain: str, zone_id: str | None, expected: HostedZone
) -> None:
    assert choose_zone(zones, domain, zone_id) == expected


@pytest.mark.parametrize(
    ("zones", "domain", "zone_id", "text"),
    [
        pytest.param([GOV], "notexample.gov", None, "no public hosted zone", id="suffix-only"),
        pytest.param([GOV, TWIN], "example.gov", None, "2 public zones", id="twins"),
        pytest.param([GOV], "example.gov", "Z9", "is no public hosted zone", id="unknown-id"),
        pytest.param([SUB], "example.gov", "Z2", "not one of example.gov", id="another-zone"),
    ],
)
def test_a_zone_is_refused(
    zones: list[HostedZone], domain: str, zone_id: str | None, text: str
) -> None:
    with pytest.raises(ZoneError, match=text):
        choose_zone(zones, domain, zone_id)


def test_a_zone_that_dns_does_not_use_is_named() -> None:
    assert delegation_problem(GOV, ["ns1.example", "ns2.example"]) is None
    assert "not the delegated one" in (delegation_problem(GOV, ["ns9.example"]) or "")
    assert "no name server" in (delegation_problem(GOV, []) or "")
