"""What a survey found of a domain, as data."""

from __future__ import annotations

import datetime as dt
from typing import Any

from facts_of import facts, replace

from mtasts.config import AgencyConfig, load
from mtasts.ledger.entries import (
    Body,
    Entry,
    Proof,
    ZoneSeen,
)
from mtasts.ledger.history import Ledger
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.rollout.facts import ParkedFacts
from mtasts.zones import HostedZone

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
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
    return load(VALUES, file="stacks/Pulumi.agency.yaml")


def mx(name: str, *values: str) -> DnsAnswer:
    return DnsAnswer(name, "MX", DnsStatus.ANSWERED, values)


def survey(*problems: str, ledger: Ledger | None = None) -> tuple[Any, ...]:
    """What is around each domain; the named ones are not the delegated zone's."""
    first, second, parked = config().domains
    found = []
    for each in (first, second):
        server = "elsewhere.example" if each.name in problems else "ns1.example.net"
        delegated = DnsAnswer("example.gov", "NS", DnsStatus.ANSWERED, (server,))
        around = facts(each, mx(each.name, "10 mx.example.gov"), ZONE, delegation=delegated)
        found.append(replace(around, ledger=ledger) if ledger else around)
    return (*found, ParkedFacts(parked, mx(parked.name, "0 .")))


OLD = Policy(Mode.ENFORCE, 86400, (MxPattern("old.example.gov"),)).render()


def ledger(*, proven: bool) -> Ledger:
    """A ledger with one enforced body under a foreign id."""
    entries: tuple[Entry, ...] = (Body(1, NOW, OLD, 0, "old"),)
    return Ledger((*entries, Proof(2, NOW, "old")) if proven else entries)


def placed(*, proven: bool) -> Ledger:
    """The same, with the zone that its records are in."""
    entries = ledger(proven=proven).entries
    return Ledger((*entries, ZoneSeen(len(entries) + 1, NOW, ZONE)))
