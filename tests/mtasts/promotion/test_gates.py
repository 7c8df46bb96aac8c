"""Every condition of enforce, met and unmet; what could not be found out is unmet."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
from gate_evidence import (
    ADDRESS,
    APPLIED,
    BEGUN,
    DAY,
    DAYS,
    DOMAIN,
    EVIDENCE,
    FOUND,
    HOSTS,
    KEY,
    MX,
    NOW,
    REPORTS,
    SESSIONS,
    TESTING,
    judge,
    ledger,
    left_out,
)
from ruled import texts as told_as

from mtasts.addresses import is_global
from mtasts.config import Override, Waiver
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import MxSeen
from mtasts.ledger.history import Ledger
from mtasts.observations import CertificateFault, DnsStatus, SmtpOutcome
from mtasts.policy import Mode
from mtasts.promotion import gates, waivers
from mtasts.promotion.evidence import (
    Evidence,
    EvidenceError,
    Explanation,
    Texts,
)
from mtasts.promotion.gates import is_promotion
from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.report import Drop
from mtasts.tlsrpt.summary import Dropped, FailureDay, Reporter, ReportSummary

FAILED = FailureDay(dt.date(2026, 5, 18), "one.example", "certificate-expired", HOSTS[1], 4)


def unmet(evidence: Evidence | EvidenceError | None = EVIDENCE, **domain: Any) -> tuple[str, ...]:
    return judge(replace(DOMAIN, **domain), MX, evidence)


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
    assert is_promotion(DOMAIN, before, "unknown")  # nobody knows what senders had


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
        (
            {"mx": HOSTS[:1], "hosts": SESSIONS[:1]},
            "about other MX hosts: it has mx1.example.gov, ",
        ),
        (
            {"mx": (), "hosts": (replace(SESSIONS[0], host="example.gov"),)},
            "other MX hosts: it has none",
        ),
        (
            {"vantage": None},
            "of version 1, .* does not say how it was collected, nor which .*: run mtasts gate",
        ),
        (
            {"hosts": SESSIONS[:1]},
            "mx2.example.gov: could not find out whether it offers STARTTLS: no ",
        ),
        (session(outcome=SmtpOutcome.NO_ROUTE, reason="no IPv6"), "could not find .*: no IPv6"),
        (session(outcome=SmtpOutcome.TIMED_OUT, reason="no answer"), "timed-out: no answer"),
        (session(outcome=SmtpOutcome.NO_STARTTLS, reason="not offered"), "no-starttls: not off"),
        (
            session(
                outcome=SmtpOutcome.CERTIFICATE_REFUSED,
                fault=CertificateFault.HOST_MISMATCH,
                reason="another name",
            ),
            f"mx2.example.gov at {ADDRESS}: certificate-refused: certificate-host-mismatch",
        ),
        (session(expires=NOW), "its certificate expired at 2026-05-20 12:00"),
        (session(expires=None), "could not find out when its certificate expires"),
        (texts("spf"), "example.gov has no usable SPF record"),
        (texts("spf", "v=spf1", "v=spf1 -all"), "example.gov has 2 SPF records"),
        (texts("spf", "v=spf10 -all"), "no usable SPF"),
        (texts("spf", status=DnsStatus.FAILED), "could not find out the SPF record .*timeout"),
        (texts("dkim", "v=DKIM1; p="), f"{KEY} has no usable DKIM"),
        (texts("dkim", status=DnsStatus.FAILED), "could not find out the DKIM"),
        ({"dkim": ()}, f"has no look-up of the DKIM key {KEY}"),
        (texts("dmarc"), "no DMARC record: publish a TXT record at _dmarc.example.gov"),
        (texts("dmarc", "v=DMARC1; sp=reject"), "_dmarc.example.gov has no usable DMARC"),
        (texts("dmarc", status=DnsStatus.FAILED), "could not find out the DMARC"),
        ({"reports": replace(REPORTS, reporters=REPORTS.reporters[:1])}, "come from one.example"),
        (
            {
                "reports": replace(
                    REPORTS,
                    reporters=tuple(
                        Reporter(name, APPLIED, DAYS[-13:])
                        for name in ("one.example", "two.example")
                    ),
                )
            },
            "the TLS reports that count cover 13 days of the last 60",
        ),
        (
            {
                "reports": replace(
                    REPORTS,
                    reporters=tuple(
                        Reporter(name, APPLIED, tuple(day - dt.timedelta(days=20) for day in DAYS))
                        for name in ("one.example", "two.example")
                    ),
                )
            },
            "the newest TLS report that counts is of 2026-04-29",
        ),
        (
            {"reports": replace(REPORTS, failures=(FAILED,))},
            "one.example reports 4 failed sessions on 2026-05-18: certificate-expired at mx2",
        ),
        (
            {"reports": replace(REPORTS, failures=(replace(FAILED, mx=""),))},
            "certificate-expired: remove the cause",
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
        SESSIONS[0], address="2001:503:ba3e::2:30", outcome=SmtpOutcome.NO_ROUTE, reason="no route"
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
    assert reasons[-1] == "and 3 more rows of failures without an explanation"


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
            "the TLS reports that count cover 0 days",
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
    found = list(gates.unmet(DOMAIN, MX, evidence, NOW, ledger=TESTING))
    assert found
    unmet = told_as(waivers.judge(override, found, NOW).unmet)
    assert "".join(unmet[:1]).startswith(left)
    assert bool(unmet) is bool(left)


def test_an_mx_look_up_that_failed_is_left_to_mx_safety() -> None:
    failed = replace(MX, status=DnsStatus.FAILED, values=())
    assert judge(DOMAIN, failed, EVIDENCE, NOW) == ()


# Where and how the domain was looked at.


@pytest.mark.parametrize(
    ("address", "expect"),
    [
        (ADDRESS, True),
        ("2001:503:ba3e::2:30", True),
        ("64:ff9b::c629:4", True),  # 198.41.0.4 through NAT64
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.1.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - it is looked at, not listened on
        ("::1", False),
        ("::ffff:198.41.0.4", False),
        ("64:ff9b::a00:1", False),  # 10.0.0.1 through NAT64
        ("64:ff9b:1::1", False),
        ("2001:db8::1", False),
        ("2001:2::1", False),
        ("2002:a00:1::1", False),  # 10.0.0.1 through 6to4
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("mx1.example.gov", False),
    ],
)
def test_an_address_is_global_where_anybody_can_reach_it(address: str, *, expect: bool) -> None:
    assert is_global(address) is expect
    judged = judge(DOMAIN, MX, replace(EVIDENCE, **session(address=address)))
    assert bool(judged) is not expect
    assert expect or f"mx2.example.gov at {address}: senders cannot reach" in judged[0]
    local = judge(DOMAIN, MX, replace(EVIDENCE, **session(address=address)), is_local=True)
    assert local == ()


CHANGED = ("--resolver 9.9.9.9:53", "--ca lab.pem", "--connect-to :25:127.0.0.1:2525")


@pytest.mark.parametrize("changed", [*((each,) for each in CHANGED), CHANGED], ids=len)
def test_a_look_through_other_servers_or_roots_is_for_a_local_cloud(
    changed: tuple[str, ...],
) -> None:
    assert EVIDENCE.vantage is not None
    found = replace(EVIDENCE, vantage=replace(EVIDENCE.vantage, changed=changed))
    (reason,) = unmet(found)
    assert (
        f"not collected the way senders see the domain: {', '.join(changed)}: run mtasts gate"
        in reason
    )
    assert judge(DOMAIN, MX, found, is_local=True) == ()


@pytest.mark.parametrize(
    ("modes", "age", "is_newer"),
    [
        (("testing",), 0, True),
        (("testing", "enforce", "testing"), 1, True),
        (("testing", "enforce", "testing"), 0, False),
        (("testing", "enforce", "testing"), -1, False),
        (("testing", "enforce", "none"), -1, False),
        (("testing", "enforce", "testing?"), -1, False),
        (("testing", "enforce?", "testing"), -1, False),
        # What came later without another demotion is none.
        (("testing", "enforce", "testing", "testing"), 1, True),
        (("testing", "enforce", "testing", "enforce", "testing"), 1, False),
    ],
)
def test_the_evidence_is_newer_than_the_last_way_back(
    modes: tuple[str, ...], age: int, *, is_newer: bool
) -> None:
    """``age`` is how many hours after the third body the evidence was collected."""
    known = ledger(*modes)
    # The whole history ends shortly before the evidence.
    third = EVIDENCE.collected - dt.timedelta(hours=age)
    shift = third - (BEGUN + 2 * DAY)
    known = Ledger(tuple(replace(each, at=each.at + shift) for each in known.entries))
    reasons = [
        each
        for each in judge(DOMAIN, MX, EVIDENCE, known=known)
        if "went back from enforce" in each
    ]
    assert bool(reasons) is not is_newer
    assert all("mtasts gate collect example.gov --reports FOLDER" in each for each in reasons)


# Reports count for what the ledger says was served.


def reported(applied: Applied, days: tuple[dt.date, ...] = DAYS) -> Evidence:
    rows = tuple(Reporter(name, applied, days) for name in ("one.example", "two.example"))
    return replace(EVIDENCE, reports=replace(REPORTS, reporters=rows))


MX_SEEN = MxSeen(5, NOW, HOSTS, 300)
# Back from enforce on 19 May, after eight weeks of it.
OTHER = Ledger(
    (
        *(
            replace(each, at=each.at + DAY * (58 if each.number > 2 else 0))
            for each in ledger("enforce", "testing").entries
        ),
        MX_SEEN,
    )
)
NONE = ledger("none", "testing?")


@pytest.mark.parametrize(
    ("applied", "known", "says"),
    [
        pytest.param(APPLIED, TESTING, "", id="as-served"),
        pytest.param(Applied(), TESTING, "", id="nothing-said"),
        pytest.param(Applied("testing", "604800", hosts=HOSTS[:1]), TESTING, "", id="one-host"),
        pytest.param(Applied("enforce"), TESTING, "no such policy .*: mode enforce", id="mode"),
        pytest.param(Applied("enforce"), OTHER, "", id="mode-of-before-still-held"),
        pytest.param(Applied("testing", "86400"), TESTING, "no such policy .* 86400", id="max-age"),
        pytest.param(
            Applied("testing", mx=HOSTS[:1]), TESTING, "no such policy .* mx mx1.ex", id="mx"
        ),
        pytest.param(Applied(hosts=("mx9.example.gov",)), TESTING, "mx mx9.exa", id="hosts"),
        pytest.param(APPLIED, Ledger(), "no policy in testing or enforce that", id="no-ledger"),
        pytest.param(APPLIED, ledger("testing?"), "no policy in testing", id="never-proven"),
        pytest.param(Applied("none"), NONE, "no policy in testing or enforce", id="none"),
    ],
)
def test_days_count_for_a_policy_that_was_served(
    applied: Applied, known: Ledger, says: str
) -> None:
    judged = judge(DOMAIN, MX, reported(applied), known=known)
    assert bool(judged) is bool(says)
    notes = left_out(reported(applied), known)
    assert len(notes) == (2 if says else 0)
    for note in notes:
        assert note.startswith("not counted: reports of ")
        assert re.search(f"of 16 days, 2026-05-04 to 2026-05-19: .*{says}", note), note


@pytest.mark.parametrize(
    ("begun", "days", "says"),
    [
        (dt.date(2026, 5, 4), 16, ""),
        (dt.date(2026, 5, 7), 13, "of 3 days, 2026-05-04 to 2026-05-06: the ledger begins on"),
        (dt.date(2026, 5, 20), 0, "of 16 days, 2026-05-04 to 2026-05-19: the ledger begins on"),
    ],
)
def test_days_before_the_first_body_count_for_nothing(begun: dt.date, days: int, says: str) -> None:
    at = dt.datetime.combine(begun, dt.time(9), dt.UTC)
    known = Ledger(tuple(replace(each, at=at) for each in TESTING.entries))
    judged = judge(DOMAIN, MX, reported(APPLIED), known=known)
    assert (f"cover {days} days" in "".join(judged)) is bool(says)
    assert all(says in each for each in left_out(reported(APPLIED), known))
    # A local cloud plays the weeks that its ledger has not seen.
    assert judge(DOMAIN, MX, reported(APPLIED), known=known, is_local=True) == ()


def test_days_after_a_policy_lapsed_are_of_no_policy_that_was_served() -> None:
    known = Ledger(
        tuple(
            replace(each, at=each.at + DAY * (50 if each.number > 2 else 0))
            for each in ledger("testing", "none").entries
        )
    )
    early = judge(DOMAIN, MX, reported(APPLIED, DAYS[:15]), known=known)
    assert early == ()  # mode none came on 10 May, and what was before is held for a week
    late = left_out(reported(APPLIED), known)
    assert "of 2026-05-19: the ledger has no such policy served then" in late[0]


def test_days_that_are_not_over_count_for_nothing() -> None:
    days = (*DAYS[-13:], dt.date(2026, 5, 21))
    judged = judge(DOMAIN, MX, reported(APPLIED, days))
    assert judged == (
        "the TLS reports that count cover 13 days of the last 60: enforce needs 14 (RFC 8460)",
    )
    assert (
        "of 2026-05-21: the day was not over when the evidence was collected"
        in left_out(reported(APPLIED, days))[0]
    )


def test_a_day_on_which_sessions_failed_and_nobody_explained_it_does_not_count() -> None:
    old = replace(FAILED, day=dt.date(2026, 5, 12))
    found = replace(reported(APPLIED, DAYS[-14:]), mx=HOSTS)
    found = replace(found, reports=replace(found.reports, failures=(old,)))
    one = replace(found, reports=replace(found.reports, reporters=found.reports.reporters[:1]))
    assert "cover 13 days" in judge(DOMAIN, MX, one)[0]
    assert judge(DOMAIN, MX, found) == ()  # the other reporter has it
    why = Explanation("certificate-expired", "renewed on 13 May")
    judged = judge(DOMAIN, MX, replace(one, explained=(why,)))
    assert [each for each in judged if "13 days" in each] == []
    (note,) = left_out(found)
    assert note.endswith("2026-05-12: sessions failed on that day, without an explanation")


def test_a_ledger_that_could_not_be_read_leaves_no_report_counted() -> None:
    judged = judge(DOMAIN, MX, EVIDENCE, known=UndeterminedError("no credentials"))
    assert left_out(EVIDENCE, UndeterminedError("no credentials")) == ()
    (reason,) = judged
    assert reason.startswith("could not find out which policies were served, and only reports")
    assert (
        "no credentials: run mtasts gate check example.gov with credentials that may read" in reason
    )


# What was left out.

LEFT = Dropped(Drop.ROW, "r.json", "policies[0]: why", dt.date(2026, 5, 18), "one.example")


@pytest.mark.parametrize(
    ("row", "is_unmet"),
    [
        pytest.param(LEFT, True, id="recent"),
        pytest.param(replace(LEFT, day=None), True, id="undated"),
        pytest.param(replace(LEFT, day=dt.date(2026, 5, 12)), False, id="old"),
        pytest.param(replace(LEFT, may_hide_failures=False), False, id="harmless"),
        pytest.param(
            replace(LEFT, kind=Drop.CONFLICT, day=dt.date(2026, 5, 1)), True, id="conflict"
        ),
        pytest.param(
            replace(LEFT, kind=Drop.CONFLICT, day=dt.date(2026, 3, 1)), False, id="old-conflict"
        ),
    ],
)
def test_what_was_left_out_and_may_hide_failures_is_unmet(row: Dropped, *, is_unmet: bool) -> None:
    found = replace(EVIDENCE, reports=replace(REPORTS, dropped=(row,)))
    judged = judge(DOMAIN, MX, found)
    told = f"r.json of one.example: {row.kind}: policies[0]: why"
    if is_unmet:
        (reason,) = judged
        command = "mtasts gate collect example.gov --reports FOLDER --explain"
        assert reason.startswith(f"{told}: it may have failed sessions")
        assert reason.endswith(f"{command} {row.kind}@r.json=WHY")
    else:
        assert (judged, left_out(found)) == ((), (f"not counted: {told}",))


@pytest.mark.parametrize(
    ("explanation", "passes"),
    [
        (Explanation("row-unusable", "why"), True),
        (Explanation("row-unusable", "why", file="r.json"), True),
        (Explanation("row-unusable", "why", file="other.json"), False),
        (Explanation("row-unusable", "why", mx="r.json"), False),
        (Explanation("detail-unusable", "why"), False),
        (Explanation("certificate-expired", "why"), False),
    ],
)
def test_what_was_left_out_can_be_explained(explanation: Explanation, *, passes: bool) -> None:
    reports = replace(REPORTS, dropped=(LEFT,))
    found = replace(EVIDENCE, reports=reports, explained=(explanation,))
    assert (unmet(found) == ()) is passes


def test_much_that_was_left_out_is_told_briefly() -> None:
    rows = tuple(replace(LEFT, file=f"{number}.json") for number in range(8))
    reasons = unmet(replace(EVIDENCE, reports=replace(REPORTS, dropped=rows)))
    assert len(reasons) == 6
    assert reasons[-1].startswith("and 3 more files and rows that were not counted and have no")
    harmless = tuple(replace(each, may_hide_failures=False) for each in rows)
    notes = left_out(replace(EVIDENCE, reports=replace(REPORTS, dropped=harmless)))
    assert len(notes) == 6
    assert notes[-1] == "and 3 more that were not counted: the evidence names them"


def test_a_line_to_paste_holds_nothing_that_a_sender_chose_for_the_shell() -> None:
    evil = replace(FAILED, result_type="x'; rm -rf ~; '", mx="")
    (reason,) = unmet(replace(EVIDENCE, reports=replace(REPORTS, failures=(evil,))))
    words = shlex.split(reason.partition("explain it: ")[2])
    assert words[-2:] == ["--explain", "x'; rm -rf ~; '=WHY"]


def test_without_evidence_nothing_is_left_out() -> None:
    for evidence in (None, EvidenceError("no JSON")):
        assert tuple(gates.left_out(evidence, ledger=TESTING)) == ()


@pytest.mark.parametrize(
    ("whys", "told"),
    [
        ((), ()),
        (
            (Explanation("certificate-expired", "renewed", HOSTS[1]),),
            (
                (
                    "explained: 5 failed sessions, the last on 2026-05-19: certificate-expired at "
                    f"{HOSTS[1]}: renewed"
                ),
            ),
        ),
        ((Explanation("certificate-expired", "renewed", HOSTS[0]),), ()),
        (
            tuple(Explanation("certificate-expired", f"reason {n}") for n in range(6)),
            (
                *(
                    "explained: 5 failed sessions, the last on 2026-05-19: certificate-expired: "
                    f"reason {n}"
                    for n in (5, 4, 3, 2, 1)
                ),
                "and 1 more explanations: the evidence has them",
            ),
        ),
    ],
    ids=["none", "of-a-host", "of-another-host", "many"],
)
def test_what_an_explanation_lets_past_now_is_told(
    whys: tuple[Explanation, ...], told: tuple[str, ...]
) -> None:
    """One that was given for a failure of May stands for one of June, too."""
    later = replace(FAILED, day=dt.date(2026, 5, 19), count=1)
    reports = replace(EVIDENCE.reports, failures=(FAILED, later))
    found = left_out(replace(EVIDENCE, reports=reports, explained=whys))
    assert tuple(each for each in found if not each.startswith("not counted")) == told
