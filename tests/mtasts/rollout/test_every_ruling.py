"""Every ruling of the catalogue is given where it holds, and its twin where it does not."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import gate_evidence as gated
import pytest
from facts_of import facts, replace
from gate_evidence import EVIDENCE, REPORTS, SESSIONS

from mtasts.config import Dns, DomainConfig, Hosting, Override, Waiver
from mtasts.errors import UndeterminedError
from mtasts.iam.statements import Command
from mtasts.iam.token import TokenNeed, token_notes
from mtasts.ledger.entries import (
    Body,
    Delegated,
    Entry,
    Hosted,
    HostTarget,
    LedgerError,
    MxSeen,
    PhaseEntered,
    Proof,
    StageEntered,
    ZoneSeen,
)
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus, SmtpOutcome
from mtasts.policy import Mode, Policy
from mtasts.promotion import gates
from mtasts.promotion.evidence import EvidenceError, Explanation
from mtasts.rollout.alarm_topic import Key, Topic, topic_notes
from mtasts.rollout.decision import decide, verdict
from mtasts.rollout.emergency import describe_emergency
from mtasts.rollout.facts import ParkedFacts
from mtasts.rollout.handover import HandedOutRecord, HandoverError, RecordLookup
from mtasts.rollout.preflight import quota_note, zone_notes
from mtasts.rollout.stack_rulings import describe_end, ledgers_unknown, zones_pending
from mtasts.rollout.vanished import Remembered, describe_vanished
from mtasts.ruling_catalogue import RULINGS, Kind
from mtasts.tlsrpt.report import Drop
from mtasts.tlsrpt.summary import Dropped, FailureDay
from mtasts.zones import HostedZone, ZoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mtasts.rulings import Ruling

    Row = tuple[Callable[[], Iterable[Ruling]], Callable[[], Iterable[Ruling]]]

NAME = "example.gov"
NOW = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
R, W, N = Kind.REFUSAL, Kind.WARNING, Kind.NOTE
ZONE = HostedZone("Z1", NAME, frozenset({"ns1.example.net"}))
THEIRS = HostedZone("a" * 32, NAME, frozenset({"ada.example"}))
A = MxPattern("mx.example.gov")
DOMAIN = DomainConfig(NAME, (A,), Mode.TESTING, 604_800, 300, ("mailto:a@b.gov",))
ENFORCING = replace(DOMAIN, mode=Mode.ENFORCE)
RETIRING = replace(DOMAIN, mode=Mode.NONE, max_age=86_400, retire=True)
MX = DnsAnswer(NAME, "MX", DnsStatus.ANSWERED, ("10 mx.example.gov",))
SILENT = {"status": DnsStatus.FAILED, "values": (), "strings": (), "reason": "SERVFAIL"}


def txt(owner: str, *texts: str) -> DnsAnswer:
    status = DnsStatus.ANSWERED if texts else DnsStatus.NXDOMAIN
    strings = tuple((text.encode(),) for text in texts)
    return DnsAnswer(owner, "TXT", status, strings=strings)


def ns(*servers: str) -> DnsAnswer:
    return DnsAnswer(NAME, "NS", DnsStatus.ANSWERED, servers)


def host(type_: str, *values: str, status: DnsStatus = DnsStatus.ANSWERED) -> DnsAnswer:
    return DnsAnswer(f"mta-sts.{NAME}", type_, status, values, reason="SERVFAIL")


def served(*modes: Mode, more: tuple[Entry, ...] = (), days: int = 9) -> Ledger:
    """Bodies in those modes, in the zone, proven a day after one another."""
    known = Ledger()
    for number, mode in enumerate(modes):
        at = NOW - (days - number) * DAY
        max_age = 86_400 if mode is Mode.NONE else 604_800
        body = intend(known, Policy(mode, max_age, (A,)))
        entries = (body.entry(known.next_number, at), Proof(known.next_number + 1, at, body.id))
        known = Ledger((*known.entries, *entries, ZoneSeen(known.next_number + 2, at, ZONE)))
    return Ledger((*known.entries, *more))


TESTING, ENFORCED = served(Mode.TESTING), served(Mode.ENFORCE)
GONE = served(Mode.ENFORCE, Mode.NONE, days=90)


def ruled(domain: DomainConfig = DOMAIN, **changes: Any) -> Callable[[], Iterable[Ruling]]:
    """The rulings on a domain that is published and of which nothing else is amiss."""
    mx, zone = changes.pop("mx", MX), changes.pop("zone", ZONE)
    ledger = changes.pop("ledger", TESTING)
    return lambda: verdict(facts(domain, mx, zone, ledger=ledger, **changes), NOW).rulings


def parked(answer: DnsAnswer) -> Callable[[], Iterable[Ruling]]:
    return lambda: verdict(ParkedFacts(replace(DOMAIN, mx=()), answer), NOW).rulings


def gate(ledger: Any = gated.TESTING, **changes: Any) -> Callable[[], Iterable[Ruling]]:
    """The rulings on a promotion whose evidence is whole but for the ``changes``."""
    found = changes["evidence"] if "evidence" in changes else replace(EVIDENCE, **changes)
    return lambda: [
        *gates.unmet(gated.DOMAIN, gated.MX, found, gated.NOW, ledger=ledger),
        *gates.left_out(found, ledger=ledger),
    ]


def record(kind: str, *texts: str, **changes: Any) -> dict[str, Any]:
    before: Any = getattr(EVIDENCE, kind)
    one = replace(before if kind == "spf" else before[0], records=texts, **changes)
    return {kind: one if kind == "spf" else (one,)}


def session(**changes: Any) -> dict[str, Any]:
    return {"hosts": (SESSIONS[0], replace(SESSIONS[1], **changes))}


def reports(**changes: Any) -> dict[str, Any]:
    return {"reports": replace(REPORTS, **changes)}


def moving(**changes: Any) -> Callable[[], Iterable[Ruling]]:
    """The records go from Route 53 to Cloudflare, and are in both zones."""
    known = Ledger((*TESTING.entries, ZoneSeen(4, NOW - DAY, THEIRS)))
    quiet: dict[str, Any] = {
        "zone": THEIRS,
        "former": ZONE,
        "ledger": known,
        "delegation": ns("ada.example"),
    }
    return ruled(**(quiet | changes))


def left(*more: Entry, **changes: Any) -> Callable[[], Iterable[Ruling]]:
    """The records were in both zones, and are to be in the new one alone."""
    entries = (*TESTING.entries, ZoneSeen(4, NOW - 9 * DAY, THEIRS), *more)
    quiet: dict[str, Any] = {
        "zone": THEIRS,
        "ledger": Ledger(entries),
        "delegation": ns("ada.example"),
    }
    return ruled(**(quiet | changes))


def at_cloud(
    *more: Entry, body: Ledger = TESTING, **changes: Any
) -> Callable[[], Iterable[Ruling]]:
    """A domain in the zone at Cloudflare, with what the ledger has of its clouds."""
    known = Ledger((*body.entries[:2], ZoneSeen(3, NOW - 9 * DAY, THEIRS), *more))
    quiet: dict[str, Any] = {"zone": THEIRS, "ledger": known, "delegation": ns("ada.example")}
    return ruled(**(quiet | changes))


def handed(
    answer: DnsAnswer, stage: Stage, domain: DomainConfig = DOMAIN
) -> Callable[[], Iterable[Ruling]]:
    row = RecordLookup(HandedOutRecord(f"mta-sts.{NAME}", "CNAME", "d1.cloudfront.net"), answer)
    known = Ledger((*ENFORCED.entries, StageEntered(4, NOW, stage)))
    return ruled(domain, agency_zone=ZONE, handed_out=(row,), ledger=known)


def retiring(
    *more: Entry, domain: DomainConfig = RETIRING, **changes: Any
) -> Callable[[], Iterable[Ruling]]:
    return ruled(domain, ledger=Ledger((*GONE.entries, *more)), **changes)


def topic(**changes: Any) -> Callable[[], Iterable[Ruling]]:
    arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    allowed = (
        b'{"Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*",'
        b' "Principal": {"Service": "cloudwatch.amazonaws.com"}}]}'
    )
    made = Topic(arn, **({"policy": allowed} | changes))
    return lambda: topic_notes(made, "arn:aws:cloudwatch:us-east-1:123456789012:alarm:x")


def zone_settings(**changes: Any) -> Callable[[], Iterable[Ruling]]:
    return lambda: zone_notes(NAME, changes)


def override(begins: int, expires: int, *waives: Waiver) -> Override:
    today = NOW.date()
    return Override(
        frozenset(waives or {Waiver.EVIDENCE}),
        "why",
        "who",
        today + expires * DAY,
        today + begins * DAY,
    )


def nothing() -> Iterable[Ruling]:
    return ()


def some(found: Ruling | None) -> list[Ruling]:
    return [found] if found is not None else []


HERE = host("CNAME", "d1.cloudfront.net")
CAA = DnsAnswer(f"mta-sts.{NAME}", "CAA", DnsStatus.ANSWERED, ('0 issue "other.example"',))
FAILED = FailureDay(dt.date(2026, 5, 18), "one.example", "certificate-expired", gated.HOSTS[1], 4)
UNREAD = Dropped(Drop.REPORT, "x.json", "no JSON")
EXPLAINED = Explanation("certificate-expired", "renewed")
OLD_MX = Policy(Mode.ENFORCE, 604_800, (A, MxPattern("old.example.gov")))
LISTED = Ledger(
    (
        Body(1, NOW - 60 * DAY, OLD_MX.render(), 0, "1"),
        Proof(2, NOW - 60 * DAY, "1"),
        MxSeen(3, NOW - 3 * DAY, ("mx.example.gov", "old.example.gov"), 300),
        MxSeen(4, NOW - 2 * DAY, ("mx.example.gov",), 300),
    )
)
ABSENT = host("A", status=DnsStatus.NXDOMAIN)
AWS, CF = Hosting.AWS, Hosting.CLOUDFLARE
TO_CF: dict[str, Any] = {"hosting": CF, "leaving": AWS}
WENT = (Hosted(4, NOW - 9 * DAY, "aws"), HostTarget(5, NOW - 9 * DAY, THEIRS.zone_id, "aws", 300))
OVER = HostTarget(6, NOW, THEIRS.zone_id, "cloudflare", 300)

TABLE: list[tuple[str, Kind, Callable[[], Iterable[Ruling]], Callable[[], Iterable[Ruling]]]] = [
    ("parked-mx-unknown", R, parked(replace(MX, **SILENT)), parked(replace(MX, values=("0 .",)))),
    ("parked-mx-live", R, parked(MX), parked(replace(MX, values=("0 .",)))),
    ("zone-missing", R, ruled(zone=ZoneError("none")), ruled()),
    ("zone-unknown", R, ruled(zone=UndeterminedError("none")), ruled()),
    ("zone-not-delegated", R, ruled(delegation=ns("other.example")), ruled()),
    ("zone-delegation-unknown", W, ruled(delegation=replace(ns(), **SILENT)), ruled()),
    ("former-zone-missing", R, ruled(former=ZoneError("x"), zone=ZoneError("x")), ruled()),
    (
        "former-zone-unknown",
        R,
        ruled(former=UndeterminedError("x"), zone=UndeterminedError("x")),
        moving(),
    ),
    ("certificate-forbidden", R, ruled(caa=(CAA,), ledger=Ledger()), ruled(caa=(CAA,))),
    ("certificate-forbidden", W, ruled(caa=(CAA,)), ruled()),
    (
        "host-records-not-ours",
        R,
        ruled(ledger=Ledger(), preexisting=(host("A", "192.0.2.1"),)),
        ruled(ledger=Ledger(), preexisting=(ABSENT,)),
    ),
    ("zone-setting-unknown", W, zone_settings(unread={"rules": "no right"}), zone_settings()),
    (
        "zone-tls-minimum",
        W,
        zone_settings(min_tls_version="1.3"),
        zone_settings(min_tls_version="1.2"),
    ),
    (
        "zone-under-attack",
        W,
        zone_settings(security_level="under_attack"),
        zone_settings(security_level="high"),
    ),
    (
        "zone-browser-check",
        W,
        zone_settings(browser_check="on"),
        zone_settings(browser_check="off"),
    ),
    ("zone-bot-fight", W, zone_settings(fight_mode=True), zone_settings(fight_mode=False)),
    (
        "zone-super-bot-fight",
        W,
        zone_settings(sbfm_likely_automated="block"),
        zone_settings(sbfm_likely_automated="allow"),
    ),
    (
        "zone-rule-blocks",
        W,
        zone_settings(rules=[{"action": "block", "expression": "x"}]),
        zone_settings(rules=[{"action": "skip", "expression": "x"}]),
    ),
    (
        "zone-rule-redirects",
        W,
        zone_settings(redirects=[{"action": "redirect", "expression": "x"}]),
        zone_settings(redirects=[{"action": "skip", "expression": "x"}]),
    ),
    ("ledger-broken", R, ruled(ledger=LedgerError("x")), ruled()),
    ("ledger-unknown", R, ruled(ledger=UndeterminedError("x")), ruled()),
    ("ledger-not-written", R, ruled(unwritten=LedgerError("x")), ruled()),
    ("ledger-objects-changed", W, ruled(ledger=replace(TESTING, notes=("x",))), ruled()),
    ("ledgers-unknown", R, lambda: [ledgers_unknown(LedgerError("x"))], nothing),
    (
        "domain-vanished",
        R,
        lambda: some(describe_vanished([Remembered("a.gov", ENFORCED)], (), file="f", stack="s")),
        lambda: some(describe_vanished([Remembered("a.gov", TESTING)], (), file="f", stack="s")),
    ),
    (
        "sts-record-unknown",
        R,
        ruled(ledger=Ledger(), sts=replace(txt("x"), **SILENT)),
        ruled(ledger=Ledger()),
    ),
    ("sts-record-unknown", W, ruled(sts=replace(txt("x"), **SILENT)), ruled()),
    ("sts-record-not-ours", R, ruled(ledger=Ledger(), sts=txt("x", "v=STSv1; id=9;")), ruled()),
    ("sts-record-id-foreign", R, ruled(ENFORCING, sts=txt("x", "v=STSv1; id=9;")), ruled()),
    ("sts-record-id-foreign", W, ruled(sts=txt("x", "v=STSv1; id=9;")), ruled()),
    (
        "sts-record-published-over",
        R,
        ruled(replace(ENFORCING, reroll="2"), sts=txt("x", "v=STSv1; id=9;")),
        ruled(replace(ENFORCING, reroll="2")),
    ),
    (
        "sts-record-published-over",
        W,
        ruled(replace(DOMAIN, reroll="2"), sts=txt("x", "v=STSv1; id=9;")),
        ruled(replace(DOMAIN, reroll="2")),
    ),
    ("sts-record-void", R, ruled(ENFORCING, sts=txt("x", "v=STSv1; id=;")), ruled()),
    ("sts-record-void", W, ruled(sts=txt("x", "v=STSv1; id=;")), ruled()),
    (
        "tlsrpt-record-unknown",
        R,
        ruled(ledger=Ledger(), tlsrpt=replace(txt("x"), **SILENT)),
        ruled(ledger=Ledger()),
    ),
    (
        "tlsrpt-record-not-ours",
        R,
        ruled(ledger=Ledger(), tlsrpt=txt("x", "v=TLSRPTv1; rua=mailto:x@y.example")),
        ruled(ledger=Ledger(), tlsrpt=txt("x", "v=TLSRPTv1; rua=mailto:a@b.gov")),
    ),
    ("mx-unknown", R, ruled(ENFORCING, mx=replace(MX, **SILENT)), ruled(ENFORCING)),
    (
        "mx-domain-missing",
        R,
        ruled(ENFORCING, mx=replace(MX, status=DnsStatus.NXDOMAIN, values=())),
        ruled(ENFORCING),
    ),
    ("mx-null", R, ruled(ENFORCING, mx=replace(MX, values=("0 .",))), ruled(ENFORCING)),
    ("mx-uncovered", R, ruled(ENFORCING, mx=replace(MX, values=("1 b.gov",))), ruled(ENFORCING)),
    ("mx-left-too-early", R, ruled(ENFORCING, ledger=LISTED), ruled(ENFORCING)),
    ("move-zone-names-differ", R, moving(former=replace(ZONE, name="gov")), moving()),
    ("move-zone-at-once", R, ruled(zone=THEIRS), ruled()),
    (
        "move-zone-has-records",
        R,
        moving(ledger=TESTING, preexisting=(host("A", "192.0.2.1"),)),
        moving(ledger=TESTING, preexisting=(ABSENT,)),
    ),
    (
        "move-zone-records-unknown",
        R,
        moving(ledger=TESTING, preexisting=(host("A", status=DnsStatus.FAILED),)),
        moving(ledger=TESTING, preexisting=(ABSENT,)),
    ),
    (
        "move-zone-copied-below",
        W,
        moving(
            ledger=TESTING,
            preexisting=(host("A", status=DnsStatus.NO_DATA),),
            wildcard_probe=(ABSENT,),
        ),
        moving(ledger=TESTING, preexisting=(ABSENT,), wildcard_probe=(ABSENT,)),
    ),
    (
        "move-zone-led-to-unknown",
        R,
        moving(**TO_CF, delegation=replace(ns(), **SILENT)),
        moving(**TO_CF),
    ),
    ("move-zone-not-led-to", R, moving(**TO_CF, delegation=ns("ns1.example.net")), moving(**TO_CF)),
    (
        "former-zone-led-to",
        R,
        left(delegation=ns("ada.example", "ns1.example.net")),
        left(Delegated(5, NOW - 9 * DAY, THEIRS.zone_id, 60)),
    ),
    ("former-zone-since-unknown", R, left(), left(Delegated(5, NOW - 9 * DAY, THEIRS.zone_id, 60))),
    (
        "former-zone-cached",
        R,
        left(Delegated(5, NOW, THEIRS.zone_id, 60)),
        left(Delegated(5, NOW - 9 * DAY, THEIRS.zone_id, 60)),
    ),
    (
        "former-zone-other-host",
        R,
        moving(
            ledger=Ledger(
                (
                    *TESTING.entries,
                    ZoneSeen(4, NOW, THEIRS),
                    HostTarget(5, NOW, "Z1", "cloudflare", 0),
                )
            )
        ),
        moving(),
    ),
    ("move-host-at-once", R, at_cloud(*WENT, hosting=CF), at_cloud(*WENT)),
    (
        "move-host-protected",
        R,
        at_cloud(*WENT, body=ENFORCED, **TO_CF),
        at_cloud(*WENT, **TO_CF),
    ),
    ("move-host-needs-zone", R, at_cloud(leaving=CF), at_cloud()),
    (
        "former-host-led-to",
        R,
        at_cloud(*WENT, Hosted(6, NOW, "cloudflare"), hosting=CF),
        at_cloud(),
    ),
    (
        "former-host-cached",
        R,
        at_cloud(*WENT, OVER, Hosted(7, NOW, "cloudflare"), hosting=CF),
        at_cloud(*WENT, replace(OVER, at=NOW - DAY), Hosted(7, NOW, "cloudflare"), hosting=CF),
    ),
    ("move-registrar-due", W, moving(delegation=ns("ns1.example.net")), moving()),
    ("move-registrar-both", W, moving(delegation=ns("ns1.example.net", "ada.example")), moving()),
    ("move-former-zone-kept", W, moving(), moving(delegation=ns("ns1.example.net"))),
    ("evidence-missing", R, gate(evidence=None), gate()),
    ("evidence-unusable", R, gate(evidence=EvidenceError("x")), gate()),
    ("evidence-version", R, gate(vantage=None), gate()),
    ("evidence-old", R, gate(collected=gated.NOW - 8 * DAY), gate()),
    ("evidence-future", R, gate(collected=gated.NOW + DAY), gate()),
    (
        "evidence-before-demotion",
        R,
        gate(gated.ledger(*["enforce", "testing"] * 31)),
        gate(gated.ledger("enforce", "testing")),
    ),
    ("evidence-mx-differs", R, gate(mx=gated.HOSTS[:1]), gate()),
    (
        "evidence-vantage",
        R,
        gate(vantage=replace(EVIDENCE.vantage, changed=("--ca x",))),
        gate(),
    ),
    ("evidence-address-private", R, gate(**session(address="10.0.0.1")), gate()),
    ("evidence-tls-unknown", R, gate(**session(outcome=SmtpOutcome.TIMED_OUT)), gate()),
    ("evidence-expiry-unknown", R, gate(**session(expires=None)), gate()),
    ("evidence-certificate-expired", R, gate(**session(expires=gated.NOW)), gate()),
    ("evidence-tls-failed", R, gate(**session(outcome=SmtpOutcome.NO_STARTTLS)), gate()),
    ("spf-unknown", R, gate(**record("spf", status=DnsStatus.FAILED)), gate()),
    ("spf-unusable", R, gate(**record("spf")), gate()),
    ("dkim-unknown", R, gate(**record("dkim", status=DnsStatus.FAILED)), gate()),
    ("dkim-unusable", R, gate(**record("dkim")), gate()),
    ("dkim-not-collected", R, gate(dkim=()), gate()),
    ("dmarc-unknown", R, gate(**record("dmarc", status=DnsStatus.FAILED)), gate()),
    ("dmarc-unusable", R, gate(**record("dmarc", "v=DMARC1; sp=reject")), gate()),
    ("dmarc-missing", R, gate(**record("dmarc")), gate()),
    (
        "dkim-selectors-missing",
        R,
        lambda: gates.unmet(
            replace(gated.DOMAIN, dkim_selectors=()),
            gated.MX,
            EVIDENCE,
            gated.NOW,
            ledger=gated.TESTING,
        ),
        gate(),
    ),
    ("reports-ledger-unknown", R, gate(UndeterminedError("x")), gate()),
    ("reports-days-few", R, gate(**reports(reporters=())), gate()),
    ("reports-reporters-few", R, gate(**reports(reporters=REPORTS.reporters[:1])), gate()),
    ("reports-stale", R, gate(collected=gated.NOW + 8 * DAY), gate()),
    ("reports-failures", R, gate(**reports(failures=(FAILED,))), gate()),
    ("reports-unread", R, gate(**reports(dropped=(UNREAD,))), gate()),
    (
        "reports-not-counted",
        W,
        gate(**reports(dropped=(replace(UNREAD, may_hide_failures=False),))),
        gate(),
    ),
    (
        "reports-explained",
        W,
        gate(**reports(failures=(FAILED,)), explained=(EXPLAINED,)),
        gate(**reports(failures=(FAILED,))),
    ),
    ("override-stands", W, ruled(replace(DOMAIN, override=override(0, 9))), ruled()),
    ("override-passed", W, ruled(replace(ENFORCING, override=override(0, 9))), ruled(ENFORCING)),
    ("override-void", R, ruled(replace(ENFORCING, override=override(1, 9))), ruled(ENFORCING)),
    ("override-void", W, ruled(replace(DOMAIN, override=override(1, 9))), ruled()),
    (
        "emergency-declared",
        R,
        lambda: [describe_emergency({NAME: ()}, (), "agency")],
        nothing,
    ),
    ("enforce-way-back", N, ruled(ledger=ENFORCED), ruled()),
    (
        "retirement-called-off",
        N,
        retiring(PhaseEntered(7, NOW, Phase.RECORD_FREE), domain=DOMAIN),
        ruled(),
    ),
    ("retirement-goes-on", N, retiring(), ruled()),
    (
        "retirement-waits",
        N,
        ruled(RETIRING, ledger=served(Mode.ENFORCE, Mode.NONE, days=3)),
        retiring(),
    ),
    (
        "retirement-not-seen-gone",
        N,
        retiring(PhaseEntered(7, NOW, Phase.RECORD_WITHDRAWN)),
        retiring(PhaseEntered(7, NOW, Phase.RECORD_WITHDRAWN), sts=txt("x")),
    ),
    (
        "retirement-done",
        N,
        retiring(PhaseEntered(7, NOW - DAY, Phase.ADDRESSES_GONE), sts=txt("x")),
        retiring(),
    ),
    (
        "retirement-agency-removes",
        N,
        retiring(PhaseEntered(7, NOW, Phase.RECORD_WITHDRAWN), agency_zone=ZONE),
        retiring(PhaseEntered(7, NOW, Phase.RECORD_WITHDRAWN)),
    ),
    (
        "stack-retired",
        N,
        lambda: _end(PhaseEntered(7, NOW, Phase.HOST_WITHDRAWN)),
        lambda: _end(PhaseEntered(7, NOW, Phase.RECORD_FREE)),
    ),
    ("zone-pending", W, lambda: zones_pending([NAME]), lambda: zones_pending([])),
    ("handover-broken", R, ruled(zone=HandoverError("x")), ruled()),
    (
        "handover-nowhere",
        R,
        handed(ABSENT, Stage.LIVE, RETIRING),
        handed(HERE, Stage.LIVE, RETIRING),
    ),
    ("handover-begins", N, ruled(agency_zone=ZONE), ruled()),
    (
        "handover-begins",
        W,
        ruled(
            agency_zone=ZONE, ledger=Ledger((*TESTING.entries, StageEntered(4, NOW, Stage.LIVE)))
        ),
        ruled(),
    ),
    (
        "handed-record-unknown",
        N,
        handed(replace(HERE, **SILENT), Stage.REQUESTED),
        handed(HERE, Stage.REQUESTED),
    ),
    (
        "handed-record-unknown",
        W,
        handed(replace(HERE, **SILENT), Stage.LIVE),
        handed(HERE, Stage.LIVE),
    ),
    ("handed-record-missing", N, handed(ABSENT, Stage.REQUESTED), handed(HERE, Stage.REQUESTED)),
    ("handed-record-missing", W, handed(ABSENT, Stage.LIVE), handed(HERE, Stage.LIVE)),
    (
        "handed-record-wrong",
        N,
        handed(host("CNAME", "x.example"), Stage.REQUESTED),
        handed(HERE, Stage.REQUESTED),
    ),
    (
        "handed-record-wrong",
        W,
        handed(host("CNAME", "x.example"), Stage.LIVE),
        handed(HERE, Stage.LIVE),
    ),
    (
        "quota-near",
        W,
        lambda: some(quota_note("distributions", 199, 1, 200)),
        lambda: some(quota_note("distributions", 9, 1, 200)),
    ),
    (
        "token-lacks",
        W,
        lambda: token_notes(Command.UP, {TokenNeed.DNS}, {"Zone Read"}, "agency"),
        lambda: token_notes(Command.PREVIEW, {TokenNeed.DNS}, {"Zone Read", "DNS Read"}, "agency"),
    ),
    ("alarm-topic-missing", W, topic(is_missing=True), topic()),
    ("alarm-topic-unknown", W, topic(problem="no right"), topic()),
    ("alarm-topic-closed", W, topic(policy=b'{"Statement": []}'), topic()),
    ("alarm-key-closed", W, topic(key=Key("alias/aws/sns", is_managed=True)), topic()),
]
ELSEWHERE = {
    "host-taken": "test_survey",
    "host-taken-unknown": "test_survey",
    "host-alias-elsewhere": "test_survey",
    "ledger-stray": "test_survey",
    "quota-unknown": "test_survey",
    "token-unknown": "test_of_stack",
}
"""What is ruled where it is looked up, and tested there."""


def _end(entered: PhaseEntered) -> list[Ruling]:
    found = facts(RETIRING, MX, ZONE, ledger=Ledger((*GONE.entries, entered)), sts=txt("x"))
    return some(describe_end([found], decide([found], NOW, dns=Dns.ROUTE53), "agency"))


def _given(id_: str, kind: Kind, rulings: Iterable[Ruling]) -> bool:
    return any((each.id, each.kind) == (id_, kind) for each in rulings)


@pytest.mark.parametrize(
    ("id_", "kind", "holds", "twin"),
    [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in TABLE],
)
def test_a_ruling_is_given_where_it_holds_and_nowhere_else(
    id_: str,
    kind: Kind,
    holds: Callable[[], Iterable[Ruling]],
    twin: Callable[[], Iterable[Ruling]],
) -> None:
    assert _given(id_, kind, holds())
    assert not _given(id_, kind, twin())


def test_every_id_and_kind_of_the_catalogue_is_in_the_table() -> None:
    tested = {(id_, kind) for id_, kind, *_ in TABLE}
    wanted = {(id_, kind) for id_, row in RULINGS.items() for kind in row.kinds}
    assert {id_ for id_, _ in wanted - tested} == set(ELSEWHERE)
    assert tested <= wanted


# Words that tell somebody to wait for a date; those of what is over are others.
DATED = re.compile(r"(?:until|after|begins on) \d{4}-\d\d-\d\d|two days from|is not over yet")


@pytest.mark.parametrize("row", TABLE, ids=[f"{row[0]}-{row[1]}" for row in TABLE])
def test_whoever_is_told_to_wait_for_a_date_gets_the_date_as_a_value(row: Any) -> None:
    for each in row[2]():
        assert each.until is None or each.until > NOW
        assert each.until is not None or not DATED.search(each.text)
