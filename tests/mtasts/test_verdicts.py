"""A verdict names every reason against a domain, and keeps what could not be found out apart."""

from __future__ import annotations

import pytest

from mtasts.config import DomainConfig
from mtasts.errors import UndeterminedError
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode
from mtasts.rollout.verdicts import Surroundings, verdict
from mtasts.rollout.zones import HostedZone, ZoneError

DOMAIN = DomainConfig(
    "example.gov", (MxPattern("mail.example.gov"),), Mode.TESTING, 604800, 300, ("mailto:a@b.gov",)
)
PARKED = DomainConfig("parked.gov", (), Mode.TESTING, 604800, 300, ("mailto:a@b.gov",))
ZONE = HostedZone("Z1", "example.gov", frozenset({"ns1.example.net"}))


def ns(*values: str, status: DnsStatus = DnsStatus.ANSWERED) -> DnsAnswer:
    return DnsAnswer("example.gov", "NS", status, values, reason="no answer")


def mx(*values: str, status: DnsStatus = DnsStatus.ANSWERED) -> DnsAnswer:
    return DnsAnswer("parked.gov", "MX", status, values, reason="no answer")


def test_a_domain_with_a_delegated_zone_proceeds() -> None:
    judged = verdict(Surroundings(DOMAIN, zone=ZONE, delegated=ns("ns1.example.net")))
    assert judged.proceeds
    assert judged.warnings == ()


def test_every_reason_is_named_at_once() -> None:
    caa = DnsAnswer("mta-sts.example.gov", "CAA", DnsStatus.ANSWERED, ('0 issue ";"',))
    judged = verdict(Surroundings(DOMAIN, zone=ZONE, delegated=ns("ns.elsewhere.net"), caa=(caa,)))
    assert not judged.proceeds
    assert len(judged.refusals) == 2


@pytest.mark.parametrize(
    "problem", [ZoneError("no zone holds it"), UndeterminedError("zones: no answer")]
)
def test_without_a_zone_the_domain_is_held(problem: ZoneError | UndeterminedError) -> None:
    judged = verdict(Surroundings(DOMAIN, zone_problem=problem))
    assert judged.refusals == (str(problem),)


def test_a_delegation_that_could_not_be_seen_is_a_warning() -> None:
    judged = verdict(Surroundings(DOMAIN, zone=ZONE, delegated=ns(status=DnsStatus.FAILED)))
    assert judged.proceeds
    assert judged.warnings == ("could not find out who answers for example.gov: no answer",)


def test_a_parked_domain_with_a_null_mx_proceeds() -> None:
    assert verdict(Surroundings(PARKED, mx=mx("0 ."))).proceeds


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(mx("10 mail.parked.gov"), "DNS has 10 mail.parked.gov", id="mail"),
        pytest.param(mx("0 .", "10 mail.parked.gov"), "DNS has 0 ., 10", id="both"),
        pytest.param(mx(status=DnsStatus.NO_DATA), "no MX record", id="implicit"),
        pytest.param(mx(status=DnsStatus.FAILED), "could not find out", id="failed"),
    ],
)
def test_a_parked_domain_without_one_is_held(answer: DnsAnswer, words: str) -> None:
    (reason,) = verdict(Surroundings(PARKED, mx=answer)).refusals
    assert words in reason
