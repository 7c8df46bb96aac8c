"""Every condition of enforce, met and unmet; what could not be found out is unmet."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest

from mtasts.config import DomainConfig, Override, Waiver
from mtasts.names import MxPattern
from mtasts.observations import CertificateFault, DnsAnswer, DnsStatus, SmtpOutcome
from mtasts.policy import Mode, Policy
from mtasts.rollout import gates, waivers
from mtasts.rollout.entries import Entry, Proof
from mtasts.rollout.evidence import Evidence, EvidenceError, Explanation, Session, Texts
from mtasts.rollout.gates import is_promotion
from mtasts.rollout.ledger import Ledger, intend
from mtasts.tlsrpt.summary import FailureDay, Reporter, ReportSummary

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
DAYS = tuple(dt.date(2026, 5, day) for day in range(5, 20))
REPORTS = ReportSummary(30, (Reporter("one.example", DAYS), Reporter("two.example", DAYS[:3])), 400)
SESSIONS = tuple(
    Session(
        host,
        "192.0.2.1",
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
    mx=HOSTS,
    hosts=SESSIONS,
    spf=Texts("example.gov", FOUND, ("v=spf1 mx -all",)),
    dkim=(Texts(KEY, FOUND, ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS",)),),
    dmarc=(Texts("_dmarc.example.gov", FOUND, ("v=DMARC1; p=none",)),),
    reports=REPORTS,
)
FAILED = FailureDay(dt.date(2026, 5, 18), "one.example", "certificate-expired", HOSTS[1], 4)


def ledger(*modes: str) -> Ledger:
    """Bodies in those modes, one after the other; a "?" behind one was never proven."""
    known = Ledger()
    for step in modes:
        intended = intend(known, Policy(Mode(step.rstrip("?")), 604800, DOMAIN.mx))
        entries: tuple[Entry, ...] = (intended.entry(known.next_number, NOW),)
        if not step.endswith("?"):
            entries = (*entries, Proof(known.next_number + 1, NOW, intended.id))
        known = Ledger((*known.entries, *entries))
    return known


def unmet(evidence: Evidence | EvidenceError | None = EVIDENCE, **domain: Any) -> tuple[str, ...]:
    return judge(replace(DOMAIN, **domain), MX, evidence)


def judge(
    domain: DomainConfig,
    mx: DnsAnswer,
    evidence: Evidence | EvidenceError | None,
    now: dt.datetime = NOW,
) -> tuple[str, ...]:
    return tuple(each.text for each in gates.unmet(domain, mx, evidence, now))


def test_with_everything_in_place_the_promotion_passes() -> None:
    assert unmet() == ()


@pytest.mark.parametrize(
    ("before", "live", "is_one"),
    [
        pytest.param(ledger(), None, True, id="new"),
        pytest.param(ledger("enforce?"), None, True, id="never-proven"),
        pytest.param(ledger("testing"), None, True, id="testing"),
        pytest.param(ledger("testing", "enforce?"), None, True, id="tried"),
        pytest.param(ledger("testing", "enforce?"), 1, True, id="burnt"),
        pytest.param(ledger("testing", "enforce"), None, False, id="enforced"),
        pytest.param(ledger("testing", "enforce"), 1, False, id="published"),
        # The run that proved it was killed before it wrote the record.
        pytest.param(ledger("testing", "enforce"), 0, True, id="proven-and-not-published"),
        # What was served without a proof is with senders all the same.
        pytest.param(ledger("enforce", "testing?"), 0, True, id="way-back-not-proven"),
        pytest.param(ledger("enforce", "testing?"), None, True, id="way-back-not-seen"),
        pytest.param(ledger("enforce", "testing?", "enforce?"), 0, True, id="there-and-back"),
        pytest.param(ledger("enforce", "enforce?"), 0, False, id="change-of-an-enforced-one"),
        pytest.param(ledger("enforce", "none", "enforce"), 2, False, id="again"),
    ],
)
def test_a_promotion_is_a_step_from_anything_that_does_not_enforce(
    before: Ledger, live: int | None, is_one: bool
) -> None:
    live_id = None if live is None else before.bodies[live].id
    assert is_promotion(DOMAIN, before, live_id) is is_one
    assert is_promotion(DOMAIN, before, "unknown") is is_promotion(DOMAIN, before)


@pytest.mark.parametrize("change", [{"mode": Mode.TESTING}, {"mode": Mode.NONE}, {"mx": ()}])
def test_no_step_away_from_enforce_is_a_promotion(change: dict[str, Any]) -> None:
    assert not is_promotion(replace(DOMAIN, **change), ledger("enforce", "testing?"))


def test_a_promotion_needs_evidence() -> None:
    (reason,) = judge(DOMAIN, MX, None)
    assert reason.startswith("no evidence for enforce: run mtasts gate collect example.gov")


def test_evidence_that_cannot_be_read_is_no_evidence() -> None:
    (reason,) = unmet(EvidenceError("evidence/a/example.gov.json: mx: Field required"))
    assert "evidence/a/example.gov.json: mx: Field required" in reason


def session(**changes: Any) -> dict[str, Any]:
    return {"hosts": (SESSIONS[0], replace(SESSIONS[1], **changes))}


def texts(kind: str, *records: str, status: DnsStatus = FOUND) -> dict[str, Any]:
    before: Any = getattr(EVIDENCE, kind)
    if kind == "spf":
        return {kind: replace(before, records=records, status=status, reason="timeout")}
    return {kind: (replace(before[0], records=records, status=status, reason="timeout"),)}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"collected": NOW + dt.timedelta(hours=2)}, "which is not over yet"),
        ({"mx": HOSTS[:1], "hosts": SESSIONS[:1]}, "for another MX set: it saw mx1.example.gov, "),
        (
            {"mx": (), "hosts": (replace(SESSIONS[0], host="example.gov"),)},
            "another MX set: it saw none",
        ),
        ({"hosts": SESSIONS[:1]}, "mx2.example.gov: could not find out whether it offers TLS: it "),
        (session(outcome=SmtpOutcome.NO_ROUTE, reason="no IPv6"), "could not find .*: no IPv6"),
        (session(outcome=SmtpOutcome.TIMED_OUT, reason="no answer"), "timed-out: no answer"),
        (session(outcome=SmtpOutcome.NO_STARTTLS, reason="not offered"), "no-starttls: not off"),
        (
            session(
                outcome=SmtpOutcome.CERTIFICATE_REFUSED,
                fault=CertificateFault.HOST_MISMATCH,
                reason="another name",
            ),
            "mx2.example.gov at 192.0.2.1: certificate-refused: certificate-host-mismatch",
        ),
        (session(expires=NOW), "its certificate expired at 2026-05-20 12:00"),
        (session(expires=None), "could not find out when its certificate expires"),
        (texts("spf"), "example.gov has no usable SPF record"),
        (texts("spf", "v=spf1", "v=spf1 -all"), "example.gov has 2 SPF records"),
        (texts("spf", "v=spf10 -all"), "no usable SPF"),
        (texts("spf", status=DnsStatus.FAILED), "could not find out the SPF record .*timeout"),
        (texts("dkim", "v=DKIM1; p="), f"{KEY} has no usable DKIM"),
        (texts("dkim", status=DnsStatus.FAILED), "could not find out the DKIM"),
        ({"dkim": ()}, f"does not tell of the DKIM key {KEY}"),
        (texts("dmarc"), "no DMARC record: publish _dmarc.example.gov"),
        (texts("dmarc", "v=DMARC1; sp=reject"), "_dmarc.example.gov has no usable DMARC"),
        (texts("dmarc", status=DnsStatus.FAILED), "could not find out the DMARC"),
        ({"reports": replace(REPORTS, reporters=REPORTS.reporters[:1])}, "come from one.example"),
        (
            {
                "reports": replace(
                    REPORTS,
                    reporters=tuple(
                        Reporter(name, DAYS[-13:]) for name in ("one.example", "two.example")
                    ),
                )
            },
            "TLS reports of 13 days in the last 60",
        ),
        (
            {
                "reports": replace(
                    REPORTS,
                    reporters=tuple(
                        Reporter(name, tuple(day - dt.timedelta(days=20) for day in DAYS))
                        for name in ("one.example", "two.example")
                    ),
                )
            },
            "the newest TLS report is of 2026-04-29",
        ),
        (
            {"reports": replace(REPORTS, failures=(FAILED,))},
            "one.example reports 4 failed sessions on 2026-05-18: certificate-expired at mx2",
        ),
        (
            {"reports": replace(REPORTS, failures=(replace(FAILED, mx=""),))},
            "certificate-expired: mend it",
        ),
    ],
)
def test_each_unmet_condition_is_told(changes: dict[str, Any], says: str) -> None:
    (reason,) = unmet(replace(EVIDENCE, **changes))
    assert re.search(says, reason), reason


def test_evidence_is_good_for_a_week() -> None:
    week = EVIDENCE.collected + dt.timedelta(days=7)
    assert judge(DOMAIN, MX, EVIDENCE, week) == ()
    (reason,) = judge(DOMAIN, MX, EVIDENCE, week + dt.timedelta(seconds=1))
    assert "the evidence of 2026-05-20 09:00" in reason
    assert "is older than 7 days: run mtasts gate collect example.gov" in reason


def test_all_unmet_conditions_are_told_at_once() -> None:
    nothing = replace(
        EVIDENCE,
        collected=NOW - dt.timedelta(days=30),
        mx=("other.example",),
        hosts=(),
        spf=Texts("example.gov", DnsStatus.NXDOMAIN),
        dkim=(),
        dmarc=(),
        reports=ReportSummary(),
    )
    assert len(unmet(nothing)) == 8
    assert "come from nobody" in unmet(nothing)[-1]


def test_a_domain_without_a_selector_has_no_dkim_to_look_up() -> None:
    (reason,) = unmet(dkim_selectors=())
    assert "add dkimSelectors" in reason


def test_one_address_family_without_a_route_does_no_harm() -> None:
    other = replace(
        SESSIONS[0], address="2001:db8::1", outcome=SmtpOutcome.NO_ROUTE, reason="no route"
    )
    assert unmet(replace(EVIDENCE, hosts=(*SESSIONS, other))) == ()


def test_without_mx_records_the_domain_itself_is_asked() -> None:
    implicit = replace(MX, values=())
    itself = replace(SESSIONS[0], host="example.gov")
    found = replace(EVIDENCE, mx=(), hosts=(itself,))
    assert judge(DOMAIN, implicit, found, NOW) == ()


def test_a_null_mx_is_no_host() -> None:
    null = replace(MX, values=("0 .",))
    found = replace(EVIDENCE, mx=(".",), hosts=())
    assert judge(DOMAIN, null, found, NOW) == ()  # mx_safety refuses it


def test_dmarc_of_the_organisation_counts_for_what_is_below() -> None:
    above = Texts("_dmarc.gov", FOUND, ("v=DMARC1;p=reject;",))
    own = Texts("_dmarc.example.gov", DnsStatus.NXDOMAIN)
    assert unmet(replace(EVIDENCE, dmarc=(own, above))) == ()


def test_old_failures_and_explained_ones_are_no_hindrance() -> None:
    old = replace(FAILED, day=dt.date(2026, 5, 12))
    reports = replace(REPORTS, failures=(old, FAILED))
    for mx in ("", HOSTS[1]):
        explained = (Explanation("certificate-expired", "renewed on 19 May", mx),)
        assert unmet(replace(EVIDENCE, reports=reports, explained=explained)) == ()
    elsewhere = (Explanation("certificate-expired", "renewed", HOSTS[0]),)
    assert len(unmet(replace(EVIDENCE, reports=reports, explained=elsewhere))) == 1


def test_many_failures_are_told_briefly() -> None:
    many = tuple(replace(FAILED, count=count) for count in range(1, 9))
    reasons = unmet(replace(EVIDENCE, reports=replace(REPORTS, failures=many)))
    assert len(reasons) == 6
    assert reasons[-1] == "and 3 more rows of failures that nobody explained"


@pytest.mark.parametrize(
    ("waiver", "evidence", "left"),
    [
        (Waiver.EVIDENCE, None, ""),
        (Waiver.REPORTS, None, "no evidence for enforce"),
        (Waiver.ZONE_WAIT, None, "no evidence for enforce"),
        (Waiver.REPORTS, replace(EVIDENCE, reports=ReportSummary(0, (), 0)), ""),
        (Waiver.EVIDENCE, replace(EVIDENCE, reports=ReportSummary(0, (), 0)), ""),
        (
            Waiver.MAIL_AUTHENTICATION,
            replace(EVIDENCE, reports=ReportSummary(0, (), 0)),
            "TLS reports of 0 days",
        ),
        (Waiver.MAIL_AUTHENTICATION, replace(EVIDENCE, dmarc=()), ""),
        (Waiver.EVIDENCE, replace(EVIDENCE, dmarc=()), ""),
        (Waiver.REPORTS, replace(EVIDENCE, dmarc=()), "no DMARC record"),
        (Waiver.REPORTS, replace(EVIDENCE, hosts=SESSIONS[:1]), "mx2.example.gov: could not"),
        (
            Waiver.MAIL_AUTHENTICATION,
            replace(EVIDENCE, hosts=SESSIONS[:1]),
            "mx2.example.gov: could not",
        ),
        (Waiver.EVIDENCE, replace(EVIDENCE, hosts=SESSIONS[:1]), ""),
        (Waiver.HOST_WAIT, replace(EVIDENCE, hosts=SESSIONS[:1]), "mx2.example.gov: could not"),
    ],
)
def test_each_condition_says_which_words_let_it_past(
    waiver: Waiver, evidence: Evidence | None, left: str
) -> None:
    override = Override(frozenset({waiver}), "a test", "nobody", NOW.date())
    found = list(gates.unmet(DOMAIN, MX, evidence, NOW))
    assert found
    unmet = waivers.judge(override, found, NOW).unmet
    assert "".join(unmet[:1]).startswith(left)
    assert bool(unmet) is bool(left)


def test_an_mx_look_up_that_failed_is_left_to_mx_safety() -> None:
    failed = replace(MX, status=DnsStatus.FAILED, values=())
    assert judge(DOMAIN, failed, EVIDENCE, NOW) == ()
