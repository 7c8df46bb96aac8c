"""When a zone may be left, and what of a move is told, from values."""

from __future__ import annotations

import datetime as dt

import pytest
from facts_of import facts, replace
from ruled import ids

from mtasts.clock import SKEW
from mtasts.cloud_catalogue import Dns
from mtasts.config import DomainConfig, Hosting, Override, Waiver
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import (
    Body,
    Delegated,
    Entry,
    Hosted,
    HostTarget,
    PhaseEntered,
    Proof,
    ProtectionChanged,
    ZoneSeen,
)
from mtasts.ledger.history import Ledger
from mtasts.ledger.phases import Phase
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.rollout.decision import Verdict, verdict
from mtasts.rollout.declaration import FormerZone
from mtasts.rollout.move import DELEGATION_SECONDS, Location, Move, leads_to_former
from mtasts.rollout.move_rules import copied_below, progress_notes, zone_refusals
from mtasts.zones import HostedZone

NAME = "example.gov"
T0 = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TWO_DAYS = dt.timedelta(seconds=DELEGATION_SECONDS)
OURS = HostedZone("Z1", NAME, frozenset({"ns1.aws.example", "ns2.aws.example"}))
THEIRS = HostedZone("a" * 32, NAME, frozenset({"ada.cloud.example"}))
OPERATOR = HostedZone("Z9", "op.example", frozenset({"ns1.op.example"}))
HOME = HostedZone("", NAME, frozenset({"ns1.agency.example"}))
ENFORCED = Policy(Mode.ENFORCE, 86_400, (MxPattern("mx.example.gov"),)).render()
BODY = Policy(Mode.TESTING, 86_400, (MxPattern("mx.example.gov"),)).render()


ZONE_WAIT, HOST_WAIT = frozenset({Waiver.ZONE_WAIT}), frozenset({Waiver.HOST_WAIT})


def ledger(*zones: HostedZone, delegated: HostedZone | None = None, proven: bool = True) -> Ledger:
    """A domain whose records were in those zones, one after the other."""
    entries: list[Entry] = [Body(1, T0, BODY, 0, "1")]
    if proven:
        entries.append(Proof(2, T0, "1"))
    entries += [ZoneSeen(3, T0, zone) for zone in zones]
    if delegated is not None:
        entries.append(Delegated(4, T0, delegated.zone_id, DELEGATION_SECONDS))
    return Ledger(tuple(entries))


def ns(*servers: str) -> DnsAnswer:
    return DnsAnswer(NAME, "NS", DnsStatus.ANSWERED, servers)


def there(type_: str, *values: str) -> DnsAnswer:
    return DnsAnswer(f"mta-sts.{NAME}", type_, DnsStatus.ANSWERED, values)


NOTHING = DnsAnswer(f"mta-sts.{NAME}", "A", DnsStatus.NXDOMAIN)
LOST = DnsAnswer(f"mta-sts.{NAME}", "A", DnsStatus.FAILED, reason="SERVFAIL")


@pytest.mark.parametrize(
    ("zone", "keeper"),
    [
        (OURS, Dns.ROUTE53),
        (THEIRS, Dns.CLOUDFLARE),
        (OPERATOR, Dns.DELEGATED),
        (HOME, Dns.MANUAL),
    ],
)
def test_a_zone_tells_who_keeps_it(zone: HostedZone, keeper: Dns) -> None:
    assert zone.dns(NAME) is keeper


def move(  # noqa: PLR0917 - a table's columns
    known: Ledger,
    zone: HostedZone,
    former: HostedZone | None = None,
    delegated: DnsAnswer | None = None,
    now: dt.datetime = T0,
    hosting: Hosting = Hosting.AWS,
) -> Move:
    return Move.of(
        NAME,
        known,
        Location(hosting, zone),
        leaving=None,
        former_zone=former,
        delegation=delegated,
        now=now,
    )


def refusals(
    known: Ledger,
    zone: HostedZone,
    former: HostedZone | None = None,
    *answers: DnsAnswer,
    delegated: DnsAnswer | None = None,
    now: dt.datetime = T0,
) -> list[str]:
    moves = move(known, zone, former, delegated, now)
    return [str(each) for each in zone_refusals(moves, answers)]


@pytest.mark.parametrize(
    ("known", "zone", "former", "says"),
    [
        pytest.param(Ledger(), THEIRS, None, None, id="new"),
        pytest.param(ledger(OURS, proven=False), THEIRS, None, None, id="never-proven"),
        pytest.param(ledger(), THEIRS, None, None, id="zone-unknown"),
        pytest.param(ledger(OURS), OURS, None, None, id="stays"),
        pytest.param(ledger(OURS), replace(OURS, zone_id="Z2"), None, None, id="zone-made-anew"),
        pytest.param(ledger(OURS), THEIRS, None, "add mtasts:leavingDns: route53", id="at-once"),
        pytest.param(ledger(THEIRS), OURS, None, "leavingDns: cloudflare", id="back-at-once"),
        pytest.param(ledger(OURS), HOME, None, "write mtasts:dns: route53 again", id="to-manual"),
        pytest.param(ledger(HOME), OURS, None, "write mtasts:dns: manual again", id="from-manual"),
        pytest.param(ledger(OURS), THEIRS, OURS, None, id="begins"),
        pytest.param(ledger(OURS, THEIRS), THEIRS, OURS, None, id="goes-on"),
        pytest.param(ledger(OURS, THEIRS), OURS, THEIRS, None, id="is-given-up"),
        pytest.param(
            ledger(OURS), THEIRS, replace(OURS, name="gov"), "give both zones one name", id="names"
        ),
    ],
)
def test_records_leave_a_zone_only_while_both_have_them(
    known: Ledger, zone: HostedZone, former: HostedZone | None, says: str | None
) -> None:
    found = refusals(known, zone, former)
    assert len(found) == (says is not None)
    assert says is None or says in found[0]


def test_what_was_copied_with_a_zone_is_in_the_way_before_the_first_run_alone() -> None:
    rows = (there("A", "192.0.2.1"), NOTHING, LOST)
    for text, count in ((b"v=spf1 -all", 0), (b"v=STSv1; id=1;", 1), (b"v=TLSRPTv1; rua=x", 1)):
        answer = DnsAnswer("x", "TXT", DnsStatus.ANSWERED, strings=((text,),))
        assert len(refusals(ledger(OURS), THEIRS, OURS, answer)) == count
    has, unknown = refusals(ledger(OURS), THEIRS, OURS, *rows)
    assert f"has mta-sts.{NAME} A already: remove it there" in has
    assert "could not find out" in unknown
    assert refusals(ledger(OURS, THEIRS), THEIRS, OURS, *rows) == []
    assert refusals(ledger(OURS, THEIRS), OURS, THEIRS, *rows) == []  # given up: those are ours


WILD = "x"


def wild(type_: str, *values: str, to: str = WILD) -> DnsAnswer:
    """What a name has that nobody wrote."""
    status = DnsStatus.ANSWERED if values else DnsStatus.NXDOMAIN
    return DnsAnswer(f"{WILD}.{NAME}", type_, status, values, canonical=f"{to}.{NAME}")


@pytest.mark.parametrize(
    ("answer", "beside", "is_in_the_way"),
    [
        (there("A", "192.0.2.1", "192.0.2.2"), wild("A", "192.0.2.2", "192.0.2.1"), False),
        (there("A", "192.0.2.1"), wild("A", "192.0.2.2"), True),
        (there("A", "192.0.2.1"), wild("AAAA", "192.0.2.1"), True),
        (there("A", "192.0.2.1"), wild("A"), True),
        (replace(there("A", "192.0.2.1"), canonical=f"www.{NAME}"), wild("A", "192.0.2.2"), True),
        (
            replace(there("A", "192.0.2.1"), canonical=f"www.{NAME}"),
            wild("A", "192.0.2.2", to="www"),
            False,
        ),
    ],
)
def test_a_wildcard_gives_way(answer: DnsAnswer, beside: DnsAnswer, *, is_in_the_way: bool) -> None:
    around = replace(AROUND, ledger=ledger(OURS), preexisting=(answer,), wildcard_probe=(beside,))
    assert verdict(around, T0).proceeds is not is_in_the_way


@pytest.mark.parametrize(
    ("zones", "host", "beside", "says"),
    [
        ((OURS,), DnsStatus.NO_DATA, DnsStatus.NXDOMAIN, True),
        ((OURS, THEIRS), DnsStatus.NO_DATA, DnsStatus.NXDOMAIN, False),
        ((OURS,), DnsStatus.NXDOMAIN, DnsStatus.NXDOMAIN, False),
        ((OURS,), DnsStatus.NO_DATA, DnsStatus.NO_DATA, False),  # a wildcard of another type
        ((OURS,), DnsStatus.NO_DATA, DnsStatus.FAILED, False),
        ((OURS,), None, DnsStatus.NXDOMAIN, False),
    ],
)
def test_what_was_copied_below_the_policy_host_is_hinted_at(
    zones: tuple[HostedZone, ...], host: DnsStatus | None, beside: DnsStatus, *, says: bool
) -> None:
    text = DnsAnswer(f"_mta-sts.{NAME}", "TXT", DnsStatus.NXDOMAIN)
    hosts = (replace(NOTHING, status=host),) if host else ()
    around = replace(
        AROUND,
        ledger=ledger(*zones),
        preexisting=(text, *hosts),
        wildcard_probe=(replace(NOTHING, status=beside),),
    )
    found = verdict(around, T0)
    assert found.proceeds
    assert ("move-zone-copied-below" in ids(found.warnings)) is says
    hints = list(
        copied_below(
            move(ledger(*zones), THEIRS, OURS), (text, *hosts), (replace(NOTHING, status=beside),)
        )
    )
    assert bool(hints) is says


def test_a_zone_that_was_made_anew_is_not_the_former_one() -> None:
    again = replace(THEIRS, zone_id="b" * 32)
    known = ledger(OURS, THEIRS, delegated=THEIRS)
    assert refusals(known, again, now=T0 + 9 * TWO_DAYS) == []


def test_an_override_lets_no_second_record_through() -> None:
    over = replace(
        DOMAIN, override=Override(frozenset(Waiver), "the CISO says so", "CISO", T0.date())
    )
    copied = replace(
        AROUND, domain=over, ledger=ledger(OURS), preexisting=(there("A", "192.0.2.1"),)
    )
    assert not verdict(copied, T0).proceeds


@pytest.mark.parametrize(
    ("delegated", "after", "says"),
    [
        (None, 9 * TWO_DAYS, "since when DNS leads to this zone alone is not known"),
        (OURS, 9 * TWO_DAYS, "DNS led to the former zone (Z1)"),
        (THEIRS, TWO_DAYS, "resolvers may query the former zone"),
        (THEIRS, TWO_DAYS + SKEW, None),
    ],
)
def test_the_former_zone_goes_once_no_resolver_asks_it(
    delegated: HostedZone | None, after: dt.timedelta, says: str | None
) -> None:
    found = refusals(ledger(OURS, THEIRS, delegated=delegated), THEIRS, now=T0 + after)
    assert len(found) == (says is not None)
    assert says is None or says in found[0]
    assert says is None or "put back mtasts:leavingDns" in found[0]


def test_a_zone_that_dns_leads_to_does_not_go_however_long_ago_it_left() -> None:
    known = ledger(OURS, THEIRS, delegated=THEIRS)
    both = ns("ada.cloud.example", "ns1.aws.example")
    (found,) = refusals(known, THEIRS, delegated=both, now=T0 + 9 * TWO_DAYS)
    assert "leads to the former zone still" in found
    assert refusals(known, THEIRS, delegated=ns("ada.cloud.example"), now=T0 + 9 * TWO_DAYS) == []


@pytest.mark.parametrize(
    ("servers", "delegated", "after", "led_to", "asked"),
    [
        ("ns1.aws.example", OURS, 9 * TWO_DAYS, True, True),
        ("ada.cloud.example", None, 9 * TWO_DAYS, False, True),
        ("ada.cloud.example", OURS, 9 * TWO_DAYS, False, True),
        ("ada.cloud.example", THEIRS, TWO_DAYS, False, True),
        ("ada.cloud.example", THEIRS, 9 * TWO_DAYS, False, False),
    ],
)
def test_a_zone_that_is_left_counts_while_a_resolver_may_ask_it(
    servers: str, delegated: HostedZone | None, after: dt.timedelta, *, led_to: bool, asked: bool
) -> None:
    known = ledger(OURS, THEIRS, delegated=delegated)
    moves = move(known, THEIRS, OURS, ns(servers), T0 + after)
    assert moves.declared_former_zone == FormerZone(OURS, is_led_to=led_to, is_queried=asked)
    assert move(known, THEIRS, None, ns(servers)).declared_former_zone is None


HALF_HOUR, SETTLED = dt.timedelta(minutes=30), dt.timedelta(seconds=300) + SKEW
WENT = (Hosted(3, T0, "aws"), HostTarget(4, T0, THEIRS.zone_id, "aws", 300))
GOES = (*WENT, Hosted(5, T0, "cloudflare"))
GONE = (*GOES, HostTarget(6, T0, THEIRS.zone_id, "cloudflare", 300))
BORN = (Hosted(3, T0, "cloudflare"), HostTarget(4, T0, THEIRS.zone_id, "cloudflare", 300))


def hosted(*entries: Entry, proven: bool = True, body: bytes = BODY) -> Ledger:
    """A domain in the zone at Cloudflare, with what was written of its clouds."""
    _, *others = ledger(THEIRS, proven=proven).entries
    return Ledger((Body(1, T0, body, 0, "1"), *others, *entries))


def at(
    known: Ledger, hosting: Hosting, leaving: Hosting | None, after: dt.timedelta = HALF_HOUR
) -> Verdict:
    """The verdict on a domain that is to be at ``hosting``, in the zone at Cloudflare."""
    around = replace(
        AROUND, former=None, delegation=ns("ada.cloud.example"), ledger=known, hosting=hosting
    )
    return verdict(replace(around, leaving=leaving), T0 + after)


AWS, CLOUDFLARE = Hosting.AWS, Hosting.CLOUDFLARE
MOVED = Hosted(6, T0, "cloudflare")
BACK = "mtasts:leaving: aws and mtasts:leavingDns: route53"


@pytest.mark.parametrize(
    ("known", "hosting", "leaving", "after", "says"),
    [
        pytest.param(hosted(), AWS, None, HALF_HOUR, None, id="nothing is known"),
        pytest.param(hosted(*WENT), AWS, None, HALF_HOUR, None, id="stays"),
        pytest.param(hosted(*WENT), AWS, AWS, HALF_HOUR, None, id="is about to leave"),
        pytest.param(
            hosted(*WENT), CLOUDFLARE, None, HALF_HOUR, "write mtasts:leaving: aws", id="at once"
        ),
        pytest.param(
            hosted(*WENT), CLOUDFLARE, CLOUDFLARE, HALF_HOUR, "leaving: aws", id="wrong leaving"
        ),
        pytest.param(hosted(*WENT), CLOUDFLARE, AWS, HALF_HOUR, None, id="begins"),
        pytest.param(hosted(*GOES), CLOUDFLARE, AWS, HALF_HOUR, None, id="goes on"),
        pytest.param(
            hosted(*GOES),
            CLOUDFLARE,
            None,
            HALF_HOUR,
            f"mta-sts.{NAME} leads to aws still: put back mtasts:leaving: aws",
            id="has not gone over",
        ),
        pytest.param(hosted(*GOES), AWS, CLOUDFLARE, HALF_HOUR, None, id="is given up"),
        pytest.param(
            hosted(*GOES), AWS, None, HALF_HOUR, "write mtasts:leaving: cloudflare", id="given up?"
        ),
        pytest.param(
            hosted(*GOES, Hosted(6, T0, "aws")), AWS, CLOUDFLARE, HALF_HOUR, None, id="back"
        ),
        pytest.param(hosted(*GOES, Hosted(6, T0, "aws")), AWS, None, HALF_HOUR, None, id="done"),
        pytest.param(hosted(*GONE), CLOUDFLARE, AWS, HALF_HOUR, None, id="has gone over"),
        pytest.param(
            hosted(*GONE),
            CLOUDFLARE,
            None,
            HALF_HOUR,
            "before it went to cloudflare: put back mtasts:leaving: aws",
            id="too early",
        ),
        pytest.param(hosted(*GONE), CLOUDFLARE, None, SETTLED, None, id="moved"),
        pytest.param(
            hosted(*GONE), AWS, CLOUDFLARE, SETTLED, "custom domain has records", id="no way back"
        ),
        pytest.param(
            hosted(*BORN), AWS, CLOUDFLARE, SETTLED, "custom domain has records", id="no way"
        ),
        pytest.param(hosted(), AWS, CLOUDFLARE, HALF_HOUR, "custom domain", id="unknown way"),
        pytest.param(hosted(*BORN), CLOUDFLARE, None, HALF_HOUR, None, id="was born there"),
        pytest.param(hosted(proven=False), AWS, CLOUDFLARE, HALF_HOUR, None, id="new"),
        pytest.param(
            hosted(*WENT, body=ENFORCED),
            CLOUDFLARE,
            AWS,
            HALF_HOUR,
            "is protected still: write mtasts:hosting: aws beside mtasts:leaving: aws",
            id="is protected",
        ),
        pytest.param(
            hosted(*WENT, ProtectionChanged(5, T0, True), body=ENFORCED),  # noqa: FBT003 - as it is read
            CLOUDFLARE,
            AWS,
            HALF_HOUR,
            None,
            id="is protected no more",
        ),
        pytest.param(
            hosted(*GOES, Hosted(6, T0, "aws"), body=ENFORCED),
            AWS,
            CLOUDFLARE,
            HALF_HOUR,
            None,
            id="is back, and protected again",
        ),
        pytest.param(
            hosted(*GOES, body=ENFORCED), CLOUDFLARE, AWS, HALF_HOUR, None, id="is half way"
        ),
        pytest.param(
            hosted(
                *WENT, PhaseEntered(5, T0, Phase.ADDRESSES_WITHDRAWN), Hosted(6, T0, "cloudflare")
            ),
            CLOUDFLARE,
            None,
            HALF_HOUR,
            None,
            id="leads nowhere any more",
        ),
    ],
)
def test_a_host_moves_within_its_zone_step_by_step(
    known: Ledger, hosting: Hosting, leaving: Hosting | None, after: dt.timedelta, says: str | None
) -> None:
    found = at(known, hosting, leaving, after)
    assert len(found.refusals) == (says is not None)
    assert says is None or says in str(found.refusals[0])


def test_an_override_lets_a_host_go_early_and_nowhere_at_once() -> None:
    override = Override(HOST_WAIT, "AWS is lost", "CISO", T0.date())
    over = replace(DOMAIN, override=override)
    around = replace(AROUND, domain=over, former=None, delegation=ns("ada.cloud.example"))
    gone = replace(around, ledger=hosted(*GONE), hosting=CLOUDFLARE)
    assert verdict(gone, T0).proceeds
    assert not verdict(replace(gone, ledger=hosted(*WENT)), T0).proceeds
    other = replace(DOMAIN, override=replace(override, waives=frozenset(Waiver) - HOST_WAIT))
    (reason,) = verdict(replace(gone, domain=other), T0).refusals
    assert "lost for good, write in the domain's entry: override: {for: [host-wait], " in str(
        reason
    )


@pytest.mark.parametrize(
    ("known", "after", "asked"),
    [
        (hosted(), HALF_HOUR, True),
        (hosted(*GOES), HALF_HOUR, True),
        (hosted(*GONE), HALF_HOUR, True),
        (hosted(*GONE), SETTLED, False),
        (hosted(*BORN), HALF_HOUR, False),
    ],
)
def test_a_host_that_is_left_counts_while_a_resolver_may_have_its_address(
    known: Ledger, after: dt.timedelta, *, asked: bool
) -> None:
    moves = move(known, THEIRS, now=T0 + after, hosting=CLOUDFLARE)
    assert moves.former_host_may_get_requests is asked


BOTH = (*BORN, ZoneSeen(5, T0, OURS), HostTarget(6, T0, OURS.zone_id, "aws", 300))


@pytest.mark.parametrize(
    ("servers", "says"),
    [
        (["ada.cloud.example"], None),
        (["ns1.aws.example", "ada.cloud.example"], None),
        (["ns1.aws.example"], "no certificate for a Worker before DNS leads"),
        (None, "could not find out whether DNS leads to the zone"),
    ],
)
def test_a_move_of_host_and_zone_is_given_up_while_dns_leads_to_the_worker(
    servers: list[str] | None, says: str | None
) -> None:
    known = hosted(*BOTH, Hosted(7, T0, "aws"))
    delegated = ns(*servers) if servers else replace(ns(), status=DnsStatus.FAILED, reason="lost")
    around = replace(AROUND, ledger=known, hosting=CLOUDFLARE, leaving=AWS, delegation=delegated)
    found = verdict(around, T0)
    assert found.proceeds is (says is None)
    assert says is None or says in str(found.refusals[-1])
    # Once it is given up, what DNS says decides nothing any more.
    given_up = Ledger((*known.entries, Hosted(8, T0, "cloudflare")))
    assert verdict(replace(around, ledger=given_up), T0).proceeds
    # A role that nobody asked holds nothing back either.
    assert ids(
        verdict(replace(around, delegation=replace(ns(), status=DnsStatus.FAILED)), T0).refusals
    ) == ["move-zone-led-to-unknown"]


@pytest.mark.parametrize(
    ("zone", "former", "hosting", "leaving", "says"),
    [
        (OURS, THEIRS, AWS, CLOUDFLARE, None),
        (OURS, THEIRS, AWS, None, "write mtasts:leaving: cloudflare"),
        (THEIRS, OURS, CLOUDFLARE, AWS, None),
        (
            THEIRS,
            OURS,
            CLOUDFLARE,
            None,
            "write mtasts:leaving: aws and mtasts:leavingDns: route53",
        ),
        (THEIRS, OURS, AWS, CLOUDFLARE, "write mtasts:leavingDns: route53"),
        (THEIRS, OURS, AWS, None, None),
    ],
)
def test_a_zone_is_left_with_the_host_that_it_leads_to(
    zone: HostedZone,
    former: HostedZone,
    hosting: Hosting,
    leaving: Hosting | None,
    says: str | None,
) -> None:
    known = hosted(*BOTH, Hosted(7, T0, hosting))
    around = replace(AROUND, ledger=known, zone=zone, former=former, hosting=hosting)
    found = verdict(replace(around, leaving=leaving, delegation=ns("ada.cloud.example")), T0)
    wrong = [e for e in found.refusals if e.id == "former-zone-other-host"]
    assert bool(wrong) is (says is not None)
    assert says is None or says in str(wrong[0])


def test_a_zone_that_records_come_back_to_leads_to_what_it_leads_to_then() -> None:
    gone = HostTarget(7, T0, THEIRS.zone_id, None, 0)
    known = hosted(*BOTH, gone, Hosted(8, T0, "aws"), Delegated(9, T0, OURS.zone_id, 60))
    around = replace(AROUND, ledger=known, zone=THEIRS, former=OURS, hosting=AWS)
    assert verdict(around, T0).proceeds
    assert (known.host_target(THEIRS.zone_id), known.has_moved(THEIRS.zone_id)) == (None, False)
    back = Ledger((*known.entries, ZoneSeen(10, T0, THEIRS)))
    assert (known.delegated is None, back.delegated) == (False, None)  # that was another move


@pytest.mark.parametrize(
    ("hosting", "others", "zone", "says"),
    [
        ("aws", (OURS, THEIRS), THEIRS, "put back mtasts:leavingDns: route53 "),
        ("aws", (THEIRS, OURS), OURS, "put back mtasts:leaving: cloudflare "),
        (
            "cloudflare",
            (OURS, THEIRS),
            THEIRS,
            "mtasts:leaving: aws and mtasts:leavingDns: route53",
        ),
    ],
)
def test_what_to_put_back_is_named(
    hosting: str, others: tuple[HostedZone, ...], zone: HostedZone, says: str
) -> None:
    entries = (*ledger(*others).entries, Hosted(5, T0, hosting))
    known = Ledger(
        (
            *entries,
            HostTarget(6, T0, OURS.zone_id, "aws", 0),
            HostTarget(7, T0, THEIRS.zone_id, "cloudflare" if zone is OURS else "aws", 0),
        )
    )
    (found,) = refusals(known, zone)
    assert says in found


@pytest.mark.parametrize(
    ("servers", "delegated", "says"),
    [
        (["ns1.aws.example"], None, "name ada.cloud.example"),
        (["ns1.aws.example", "ada.cloud.example"], None, "alone"),
        (["ada.cloud.example"], None, "for two days from this run on"),
        (["ada.cloud.example"], OURS, "for two days from this run on"),
        (["ada.cloud.example"], THEIRS, "stays until 2026-01-03 01:00"),
    ],
)
def test_a_move_says_where_it_stands(
    servers: list[str], delegated: HostedZone | None, says: str
) -> None:
    known = ledger(OURS, THEIRS, delegated=delegated)
    (told,) = progress_notes(move(known, THEIRS, OURS, ns(*servers)))
    assert says in str(told)
    assert list(progress_notes(move(known, THEIRS, OURS))) == []
    assert list(progress_notes(move(known, THEIRS, None, ns(*servers)))) == []


def test_while_nobody_tells_dns_may_lead_to_the_former_zone() -> None:
    assert leads_to_former(OURS, None)
    assert leads_to_former(OURS, replace(ns(), status=DnsStatus.FAILED))
    assert leads_to_former(OURS, ns("ada.cloud.example", "ns2.aws.example"))
    assert not leads_to_former(OURS, ns("ada.cloud.example"))


DOMAIN = DomainConfig(
    NAME, (MxPattern("mx.example.gov"),), Mode.TESTING, 86_400, 300, ("mailto:a@b.example",)
)
MX = DnsAnswer(NAME, "MX", DnsStatus.ANSWERED, ("10 mx.example.gov",))
AROUND = facts(
    DOMAIN,
    MX,
    THEIRS,
    delegation=ns("ns1.aws.example"),
    ledger=ledger(OURS, THEIRS),
    former=OURS,
)


def test_a_verdict_on_a_move_tells_and_does_not_mind_the_former_name_servers() -> None:
    found = verdict(AROUND, T0)
    assert found.proceeds
    assert ids(found.warnings) == ["move-registrar-due"]
    nobody = replace(AROUND, delegation=replace(ns(), status=DnsStatus.FAILED, reason="SERVFAIL"))
    assert verdict(nobody, T0).proceeds
    lost = replace(AROUND, delegation=ns("ns.elsewhere.example"))
    assert ids(verdict(lost, T0).refusals) == ["zone-not-delegated"]


@pytest.mark.parametrize(
    ("zones", "leaves", "holds"),
    [((OURS,), True, True), ((OURS, THEIRS), True, False), ((OURS,), False, False)],
)
def test_a_host_that_moves_needs_a_certificate_that_may_be_issued(
    zones: tuple[HostedZone, ...], *, leaves: bool, holds: bool
) -> None:
    forbids = DnsAnswer(NAME, "CAA", DnsStatus.ANSWERED, ('0 issue "other.example"',))
    leaving = CLOUDFLARE if leaves else None
    around = replace(AROUND, ledger=ledger(*zones), caa=(forbids,), leaving=leaving)
    assert verdict(around, T0).proceeds is not holds


def test_a_former_zone_that_cannot_be_found_holds_the_domain() -> None:
    lost = replace(AROUND, former=UndeterminedError("no answer"))
    (reason,) = (e for e in verdict(lost, T0).refusals if e.id == "former-zone-unknown")
    assert str(reason) == "the former zone of the records (mtasts:leavingDns): no answer"


def test_an_override_lets_a_zone_go_at_once_until_it_expires() -> None:
    over = Override(ZONE_WAIT, "the zone is lost", "CISO", T0.date())
    at_once = replace(
        AROUND,
        domain=replace(DOMAIN, override=over),
        former=None,
        delegation=ns("ada.cloud.example"),
        ledger=ledger(OURS, THEIRS, delegated=THEIRS),
    )
    found = verdict(at_once, T0)
    assert found.proceeds
    assert "override-passed" in ids(found.warnings)
    assert not verdict(at_once, T0 + dt.timedelta(days=1)).proceeds
    other = replace(DOMAIN, override=replace(over, waives=frozenset(Waiver) - ZONE_WAIT))
    (reason,) = verdict(replace(at_once, domain=other), T0).refusals
    assert "lost for good, write in the domain's entry: override: {for: [zone-wait], " in str(
        reason
    )
