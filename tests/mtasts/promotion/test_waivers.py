"""An override lets past what it names, on its days, and nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from ruled import ids, texts

from mtasts.config import Override, Waiver, load_text
from mtasts.promotion.waivers import Judged, example, judge, why_void
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import refusal

NOW = dt.datetime(2026, 5, 20, 23, 59, tzinfo=dt.UTC)
TODAY = NOW.date()
AT = NOW + dt.timedelta(days=9)
ZONE = refusal("former-zone-cached", "the zone is queried still", "put it back", until=AT)
ZONE = ZONE.waivable(Waiver.ZONE_WAIT, way="if it is lost")
REPORTS = refusal("reports-days-few", "no reports").waivable(Waiver.EVIDENCE, Waiver.REPORTS)
OVERRIDE = Override(frozenset({Waiver.ZONE_WAIT}), "it is lost", "the CISO", TODAY)
HEAD = """\
config:
  aws:region: us-east-1
  mtasts:agency: Department of Examples
  mtasts:tlsReports: [mailto:tlsrpt@reports.example]
  mtasts:domains:
    - name: example.gov
      mx: [mail1.example.gov]
      {}
"""


def day(count: int) -> dt.date:
    return TODAY + dt.timedelta(days=count)


def test_without_an_override_every_condition_is_unmet_and_one_with_a_way_out_tells_it() -> None:
    way = f"if it is lost, write in the domain's entry: {example(NOW, Waiver.ZONE_WAIT)}"
    told = replace(ZONE, fix=f"put it back; {way}")
    assert judge(None, [REPORTS, ZONE], NOW) == Judged((REPORTS, told))
    alone = replace(ZONE, fix="")
    assert judge(None, [alone], NOW) == Judged((replace(alone, fix=way),))


def test_what_is_named_is_let_past_and_told() -> None:
    judged = judge(OVERRIDE, [REPORTS, ZONE], NOW)
    assert judged.unmet == (REPORTS,)
    assert texts(judged.notes) == (
        "override of zone-wait until 2026-05-20 by the CISO: it is lost",
        "overridden: the zone is queried still: put it back",
    )
    assert ids(judged.notes) == ["override-stands", "override-passed"]
    # It stands for the whole of its last day.
    end = dt.datetime(2026, 5, 21, tzinfo=dt.UTC)
    assert [each.until for each in judged.notes] == [end, end]


@pytest.mark.parametrize("waiver", Waiver)
def test_a_word_lets_past_the_conditions_that_say_so(waiver: Waiver) -> None:
    judged = judge(replace(OVERRIDE, waives=frozenset({waiver})), [REPORTS], NOW)
    assert bool(judged.unmet) is (waiver not in {Waiver.EVIDENCE, Waiver.REPORTS})


def test_one_with_nothing_to_let_past_is_told_all_the_same() -> None:
    assert len(judge(OVERRIDE, [], NOW).notes) == 1


@pytest.mark.parametrize(
    ("begins", "expires", "why"),
    [
        pytest.param(None, day(0), None, id="last-day"),
        pytest.param(None, day(-1), "expired on 2026-05-19", id="expired"),
        pytest.param(None, day(90), None, id="longest"),
        pytest.param(
            None, day(91), "ends on 2026-08-19, but an override lasts at most 90 days", id="longer"
        ),
        pytest.param(None, dt.date.max, "ends on 9999-12-31", id="for-ever"),
        pytest.param(day(0), day(90), None, id="from-today"),
        pytest.param(day(-90), day(0), None, id="from-ninety-days-ago"),
        pytest.param(day(-91), day(0), "ends on 2026-05-20, but", id="from-long-ago"),
        pytest.param(day(1), day(2), "begins on 2026-05-21", id="not-yet"),
        pytest.param(dt.date.max, dt.date.max, "begins on 9999-12-31", id="never"),
    ],
)
def test_an_override_stands_on_its_days(
    begins: dt.date | None, expires: dt.date, why: str | None
) -> None:
    override = replace(OVERRIDE, begins=begins, expires=expires)
    found = why_void(override, NOW)
    judged = judge(override, [ZONE, REPORTS], NOW)
    if why is None:
        assert found is None
        assert judged.unmet == (REPORTS,)
        return
    assert found is not None
    assert str(found).startswith(f"the override of zone-wait by the CISO {why}")
    # What it will let past is over when it begins.
    is_early = begins is not None and begins > TODAY
    starts = dt.datetime.combine(begins, dt.time(), dt.UTC) if begins and is_early else None
    assert found.until == starts
    until = min(AT, starts) if starts else AT
    refused = found.as_kind(Kind.REFUSAL)
    assert judged.unmet == (refused, replace(ZONE, until=until), REPORTS)
    # Where it would let nothing past anyway, it is told and stops nobody.
    assert judge(override, [], NOW) == Judged(notes=(found,))
    assert judge(override, [REPORTS], NOW) == Judged((REPORTS,), (found,))


@pytest.mark.parametrize("void", [False, True])
def test_what_is_proposed_can_be_pasted_and_stands_at_once(void: bool) -> None:
    text = example(NOW, Waiver.REPORTS, Waiver.ZONE_WAIT)
    if void:
        gone = replace(OVERRIDE, waives=frozenset({Waiver.REPORTS, Waiver.ZONE_WAIT}))
        told = why_void(replace(gone, expires=day(-1)), NOW)
        assert told is not None
        text = str(told)[str(told).index("override: {") :]
    (domain,) = load_text(HEAD.format(text).encode(), file="f").domains
    assert domain.override is not None
    assert domain.override.waives == {Waiver.REPORTS, Waiver.ZONE_WAIT}
    assert judge(domain.override, [REPORTS, ZONE], NOW).unmet == ()
