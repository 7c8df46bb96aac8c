"""Evidence that lets a promotion pass, and the judgement of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mtasts.config import DomainConfig
from mtasts.ledger.entries import Entry, Proof
from mtasts.ledger.history import Ledger, intend
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus, SmtpOutcome
from mtasts.policy import Mode, Policy
from mtasts.promotion import gates
from mtasts.promotion.evidence import (
    Evidence,
    EvidenceError,
    Session,
    Texts,
    Vantage,
)
from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.summary import Reporter, ReportSummary

if TYPE_CHECKING:
    from mtasts.promotion.conditions import KnownLedger

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
HOSTS = ("mx1.example.gov", "mx2.example.gov")
DOMAIN = DomainConfig(
    "example.gov",
    tuple(map(MxPattern, HOSTS)),
    Mode.ENFORCE,
    604800,
    300,
    ("mailto:a@b.gov",),
    ("s1",),
)
MX = DnsAnswer(
    "example.gov", "MX", DnsStatus.ANSWERED, ("10 mx1.example.gov", "20 mx2.example.gov")
)
FOUND = DnsStatus.ANSWERED
DAYS = tuple(dt.date(2026, 5, day) for day in range(4, 20))
APPLIED = Applied("testing", "604800", HOSTS)
REPORTS = ReportSummary(
    30, (Reporter("one.example", APPLIED, DAYS), Reporter("two.example", APPLIED, DAYS[:3])), 400
)
ADDRESS = "198.41.0.4"  # of a root name server: documentation addresses are no global ones
SESSIONS = tuple(
    Session(
        host,
        ADDRESS,
        SmtpOutcome.TLS,
        tls_version="TLSv1.3",
        expires=NOW + dt.timedelta(days=30),
    )
    for host in HOSTS
)
KEY = "s1._domainkey.example.gov"
EVIDENCE = Evidence(
    domain="example.gov",
    collected=NOW - dt.timedelta(hours=3),
    vantage=Vantage("mtasts 0.1.0", "192.0.2.53:53", "Mozilla (certifi 2026.4.1)"),
    mx=HOSTS,
    hosts=SESSIONS,
    spf=Texts("example.gov", FOUND, ("v=spf1 mx -all",)),
    dkim=(Texts(KEY, FOUND, ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS",)),),
    dmarc=(Texts("_dmarc.example.gov", FOUND, ("v=DMARC1; p=none",)),),
    reports=REPORTS,
)
DAY = dt.timedelta(days=1)
BEGUN = NOW - 60 * DAY


def ledger(*modes: str) -> Ledger:
    """Bodies in those modes, a day after one another; a "?" behind one was never proven."""
    known = Ledger()
    for number, step in enumerate(modes):
        at = BEGUN + number * DAY
        intended = intend(known, Policy(Mode(step.rstrip("?")), 604800, DOMAIN.mx))
        entries: tuple[Entry, ...] = (intended.entry(known.next_number, at),)
        if not step.endswith("?"):
            entries = (*entries, Proof(known.next_number + 1, at, intended.id))
        known = Ledger((*known.entries, *entries))
    return known


TESTING = ledger("testing")


def judge(
    domain: DomainConfig,
    mx: DnsAnswer,
    evidence: Evidence | EvidenceError | None,
    now: dt.datetime = NOW,
    *,
    known: KnownLedger = TESTING,
    is_local: bool = False,
) -> tuple[str, ...]:
    conditions = gates.unmet(domain, mx, evidence, now, ledger=known, is_local=is_local)
    return tuple(map(str, conditions))


def left_out(evidence: Evidence, known: KnownLedger = TESTING) -> tuple[str, ...]:
    return tuple(map(str, gates.left_out(evidence, ledger=known)))
