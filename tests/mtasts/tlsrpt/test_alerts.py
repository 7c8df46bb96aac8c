"""When somebody is woken by TLS reports, once for each reason, and when it is over."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.findings import Severity
from mtasts.links import rfc_url
from mtasts.tlsrpt.alert_table import ALERTS, AlertKind
from mtasts.tlsrpt.alerts import (
    ALERTS_MAX,
    STATE_MAX_BYTES,
    Alert,
    AlertState,
    AlertStateError,
    Failing,
    LeftOut,
    ReporterActivity,
    Sessions,
    Stored,
    judge,
    read_alert_state,
    render_alert_state,
    sums,
)

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
DAY = dt.timedelta(days=1)
NAME = "example.gov"


def ago(days: int) -> dt.date:
    return TODAY - days * DAY


def ids(alerts: list[Alert]) -> list[str]:
    return [f"{each.kind.id}{' over' if each.is_over else ''}" for each in alerts]


def day(days: int, failed: int, total: int = 1000) -> Sessions:
    return Sessions(NAME, ago(days), total - failed, failed)


@pytest.mark.parametrize("kind", ALERTS, ids=lambda kind: kind.id)
def test_every_kind_leads_to_a_section_of_an_rfc(kind: AlertKind) -> None:
    assert re.fullmatch(
        r"https://www\.rfc-editor\.org/rfc/rfc\d+#section-[\d.]+", rfc_url(kind.clause)
    )


def test_nothing_stored_is_nothing_told() -> None:
    assert judge(Stored(), AlertState(), NOW) == (AlertState(), [])


def test_a_new_type_of_failure_is_told_once() -> None:
    failing = Failing(NAME, "certificate-expired", ago(1), ago(1))
    state, told = judge(Stored(failing=(failing,)), AlertState(), NOW)
    assert ids(told) == ["report-failure-new"]
    assert "certificate-expired since 2026-05-19: The certificate of the MX host had" in str(
        told[0]
    )
    assert "Renew it" in str(told[0])
    link = "https://www.rfc-editor.org/rfc/rfc8460#section-4.3"
    assert str(told[0]).endswith(f"(mtasts docs reports, {link})")
    assert (told[0].as_json()["page"], told[0].as_json()["link"]) == ("mtasts docs reports", link)
    for more in range(1, 60):  # it goes on every day
        later = replace(failing, last=failing.last + more * DAY)
        state, told = judge(Stored(failing=(later,)), state, NOW + more * DAY)
        assert told == []


@pytest.mark.parametrize(("gap", "is_told"), [(29, False), (31, True)])
def test_a_type_that_comes_back_after_a_month_is_new_again(gap: int, is_told: bool) -> None:
    failing = Failing(NAME, "certificate-expired", ago(1), ago(1))
    state, _ = judge(Stored(failing=(failing,)), AlertState(), NOW)
    again = replace(failing, last=failing.last + gap * DAY)
    _, told = judge(Stored(failing=(again,)), state, NOW + gap * DAY)
    assert bool(told) is is_told
    assert not is_told or "certificate-expired again" in str(told[0])


def test_what_failed_long_ago_wakes_nobody_at_the_first_look() -> None:
    old = Failing(NAME, "certificate-expired", ago(80), ago(15))
    recent = Failing(NAME, "validation-failure", ago(80), ago(14))
    _, told = judge(Stored(failing=(old, recent)), AlertState(), NOW)
    assert ["validation-failure" in each.summary for each in told] == [True]


@pytest.mark.parametrize(
    ("rows", "windows"),
    [
        ((day(1, 51),), {2, 14, 90}),
        ((day(1, 50), day(30, 0, 5000)), {14}),
        ((day(5, 21),), {14, 90}),
        ((day(5, 20),), {90}),
        ((day(30, 11),), {90}),
        ((day(30, 10),), set()),
        ((day(91, 900),), set()),
        ((Sessions(NAME, TODAY + DAY, 0, 900),), set()),
        ((day(1, 19, 19),), set()),  # too few to say anything
        ((day(1, 20, 20),), {2, 14, 90}),
    ],
)
def test_a_share_is_told_by_its_window(rows: tuple[Sessions, ...], windows: set[int]) -> None:
    state, told = judge(Stored(sessions=rows), AlertState(), NOW)
    assert {each.kind.id for each in told} <= {"report-failure-share"}
    assert {int(json.loads(key)[2]) for key in state.last_days} == windows
    assert all(each.severity is Severity.ERROR for each in told)
    _, again = judge(Stored(sessions=rows), state, NOW)
    assert again == []


def test_a_share_is_over_at_half_of_where_it_began() -> None:
    state, (first,) = judge(Stored(sessions=(day(1, 60),)), AlertState(), NOW)
    assert "6.0% of 1000 sessions of the last 2 days failed; more than 5% is told" in str(first)
    between = Stored(sessions=(day(1, 26), day(10, 0, 90_000)))
    state, told = judge(between, state, NOW)
    assert [each.domain for each in told if not each.is_over] == []
    two_days = '["report-failure-share", "example.gov", "2"]'
    assert two_days in state.last_days  # 2.6 % is under 5 %, and not under half of it
    state, told = judge(Stored(sessions=(day(1, 24),)), state, NOW)
    assert two_days not in state.last_days
    assert any("over: 2.4% of 1000 sessions of the last 2 days" in str(each) for each in told)
    state, told = judge(Stored(sessions=(day(1, 40),)), state, NOW)
    assert two_days not in state.last_days


def test_a_reporter_that_fell_silent_is_told_and_its_return_too() -> None:
    heard = ReporterActivity(NAME, "sender.example", 30, ago(40), ago(11))
    state, told = judge(Stored(reporters=(heard,)), AlertState(), NOW)
    assert ids(told) == ["report-silence"]
    state, told = judge(Stored(reporters=(heard,)), state, NOW + DAY)
    assert told == []
    back = replace(heard, days=31, last=TODAY)
    state, told = judge(Stored(reporters=(back,)), state, NOW + DAY)
    assert ids(told) == ["report-silence over"]
    assert str(told[0]).endswith(f"over: sender.example reports again, last of {TODAY}")
    assert state == AlertState()
    gone = ReporterActivity(NAME, "old.example", 30, ago(80), ago(31))
    assert judge(Stored(reporters=(gone,)), AlertState(), NOW) == (AlertState(), [])


@pytest.mark.parametrize("field", ["quarantine", "unreadable"])
def test_what_cannot_be_used_is_told_once_and_more_of_it_again(field: str) -> None:
    def stored(*rows: LeftOut) -> Stored:
        given: dict[str, Any] = {field: rows}
        return replace(Stored(), **given)

    row = LeftOut("key", "s3://inbox/1: file-skipped: no JSON", ago(1))
    state, told = judge(stored(row), AlertState(), NOW)
    assert ids(told) == [f"report-{field}"]
    assert told[0].as_json()["domain"] is None
    assert judge(stored(row), state, NOW)[1] == []
    more = replace(row, last=TODAY)
    assert ids(judge(stored(more), state, NOW)[1]) == [f"report-{field}"]
    old = replace(row, last=ago(15))
    assert judge(stored(old), AlertState(), NOW)[1] == []


def test_the_gravest_come_first_and_what_is_too_much_comes_later() -> None:
    rows = tuple(LeftOut(str(n), f"file {n}", ago(1)) for n in range(ALERTS_MAX + 3))
    stored = Stored(sessions=(day(1, 60),), unreadable=rows)
    state, told = judge(stored, AlertState(), NOW)
    assert len(told) == ALERTS_MAX
    assert ids(told[:2]) == ["report-failure-share", "report-unreadable"]
    _, rest = judge(stored, state, NOW)
    assert len(rest) == 4


def test_what_was_told_is_forgotten_in_time() -> None:
    state, _ = judge(Stored(unreadable=(LeftOut("k", "w", TODAY),)), AlertState(), NOW)
    assert judge(Stored(), state, NOW + 60 * DAY)[0].last_days
    assert not judge(Stored(), state, NOW + 61 * DAY)[0].last_days
    share, _ = judge(Stored(sessions=(day(1, 60),)), AlertState(), NOW)
    assert judge(Stored(), share, NOW + 399 * DAY)[0].last_days


def test_the_state_is_read_as_it_was_written() -> None:
    state, _ = judge(Stored(sessions=(day(1, 60),)), AlertState(), NOW)
    assert read_alert_state(render_alert_state(state)) == state


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"{", "it cannot be read"),
        (b"[]", "it cannot be read"),
        (b'{"version": 2}', "it is of version 2"),
        (b'{"version": 1}', "it cannot be read"),
        (b'{"version": 1, "told": []}', "it cannot be read"),
        (b'{"version": 1, "told": {"x": "2026-01-01"}}', "it cannot be read"),
        (b'{"version": 1, "told": {"[]": "2026-01-01"}}', "it cannot be read"),
        (b'{"version": 1, "told": {"[1]": "2026-01-01"}}', "list is no list of texts"),
        (b'{"version": 1, "told": {"[\\"x\\"]": "yesterday"}}', "'yesterday' is no day"),
        (b'{"version": 1, "told": {"[\\"x\\"]": 20260101}}', "20260101 is no text"),
        (b'{"version": true, "told": {}}', "True is no whole number"),
        (b"[" * 100_000, "it cannot be read"),
        (b" " * (STATE_MAX_BYTES + 1), "it is larger than"),
    ],
)
def test_a_state_that_cannot_be_read_is_no_empty_one(raw: bytes, says: str) -> None:
    with pytest.raises(AlertStateError, match=says):
        read_alert_state(raw)


def test_sums_are_by_window() -> None:
    found = sums((day(1, 1), day(5, 2), day(40, 4)), TODAY)
    assert found == {(NAME, 2): (1, 1000), (NAME, 14): (3, 2000), (NAME, 90): (7, 3000)}


def test_every_kind_is_documented_with_what_to_do() -> None:
    assert len({each.id for each in ALERTS}) == len(ALERTS)
    for each in ALERTS:
        assert each.means.endswith(".")
        assert each.to_do


DATES = st.dates(dt.date(2026, 1, 1), dt.date(2026, 6, 30))
NAMES = st.sampled_from(("a.example", "b.example"))
COUNTS = st.integers(0, 1000)


@given(
    st.lists(st.builds(Sessions, NAMES, DATES, COUNTS, COUNTS), max_size=8),
    st.lists(st.builds(Failing, NAMES, st.sampled_from(("x", "y")), DATES, DATES), max_size=4),
    st.lists(
        st.builds(ReporterActivity, NAMES, NAMES, st.integers(1, 90), DATES, DATES), max_size=4
    ),
    st.lists(st.builds(LeftOut, NAMES, st.just("w"), DATES), max_size=4),
)
def test_what_was_told_is_not_told_again_while_nothing_changes(
    sessions: list[Sessions],
    failing: list[Failing],
    heard: list[ReporterActivity],
    left_out: list[LeftOut],
) -> None:
    unique = {(each.domain, each.result_type): each for each in failing}
    reporters = {(each.domain, each.reporter): each for each in heard}
    rows = {each.key: each for each in left_out}
    stored = Stored(
        tuple(sessions),
        tuple(unique.values()),
        tuple(reporters.values()),
        tuple(rows.values()),
        tuple(rows.values()),
    )
    state, _ = judge(stored, AlertState(), NOW)
    assert judge(stored, state, NOW)[1] == []
    assert read_alert_state(render_alert_state(state)) == state
