"""Of two zones with one name, resolvers are led to the delegated one."""

from __future__ import annotations

from mtasts.localcloud.delegations import Delegations, Provider
from mtasts.localcloud.resolution import RecordSet, Zone

ROUTE53, CLOUDFLARE = Provider


def zone(value: str) -> Zone:
    return Zone("example.gov", (RecordSet("example.gov", "A", 60, (value,)),))


OURS, THEIRS = zone("192.0.2.1"), zone("192.0.2.2")
ELSEWHERE = Zone("bureau.example", ())


def test_a_zone_stays_delegated_when_another_one_appears() -> None:
    delegations = Delegations()
    assert delegations.choose({ROUTE53: [OURS], CLOUDFLARE: []}) == [OURS]
    assert delegations.choose({CLOUDFLARE: [THEIRS], ROUTE53: [OURS]}) == [OURS]
    delegations.delegate("example.gov", CLOUDFLARE)
    assert delegations.choose({ROUTE53: [OURS], CLOUDFLARE: [THEIRS]}) == [THEIRS]
    assert delegations.get("example.gov") is CLOUDFLARE


def test_name_servers_answer_from_their_own_zone() -> None:
    both = {ROUTE53: [OURS, ELSEWHERE], CLOUDFLARE: [THEIRS]}
    delegations = Delegations()
    assert delegations.choose(both, CLOUDFLARE) == [THEIRS, ELSEWHERE]
    assert delegations.choose(both, ROUTE53) == [OURS, ELSEWHERE]


def test_a_name_delegated_to_a_provider_without_the_zone_has_no_zone() -> None:
    delegations = Delegations()
    delegations.delegate("example.gov", CLOUDFLARE)
    assert delegations.choose({ROUTE53: [OURS], CLOUDFLARE: []}) == []
