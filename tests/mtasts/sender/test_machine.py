"""The sender of RFC 8461 section 5, step by step, from tables (validation: RFC 8461 section 4)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.names import MxPattern
from mtasts.observations import (
    Delivery,
    DnsAnswer,
    DnsStatus,
    Fetch,
    FetchOutcome,
    SmtpOutcome,
    SmtpSession,
)
from mtasts.policy import Mode, Policy
from mtasts.sender.machine import CachedPolicy, Conclusion, Sender, Step

if TYPE_CHECKING:
    from collections.abc import Callable

DOMAIN = "example.gov"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ENFORCE = Policy(Mode.ENFORCE, 86400, (MxPattern("mx1.example.gov"), MxPattern("mx2.example.gov")))
TESTING = Policy(Mode.TESTING, 86400, (MxPattern("mx1.example.gov"),))
NONE = Policy(Mode.NONE, 86400)


def txt(*records: bytes) -> DnsAnswer:
    status = DnsStatus.ANSWERED if records else DnsStatus.NXDOMAIN
    return DnsAnswer("_mta-sts", "TXT", status, strings=tuple((each,) for each in records))


FAILED = DnsAnswer(DOMAIN, "TXT", DnsStatus.FAILED, reason="SERVFAIL")
RECORD = txt(b"v=STSv1; id=2;")


def mx(*values: str) -> DnsAnswer:
    status = DnsStatus.ANSWERED if values else DnsStatus.NO_DATA
    return DnsAnswer(DOMAIN, "MX", status, values)


def fetched(body: bytes, **changes: object) -> Fetch:
    fields: dict[str, Any] = {"outcome": FetchOutcome.ANSWERED, "status": 200, "body": body}
    fields |= changes
    headers = (("content-type", "Text/Plain; charset=utf-8"),)
    return Fetch("mta-sts.example.gov", "192.0.2.1", **({"headers": headers} | fields))


def session(outcome: SmtpOutcome = SmtpOutcome.TLS) -> SmtpSession:
    return SmtpSession("mx1.example.gov", "192.0.2.1", outcome, reason="why")


def sender(policy: Policy | None = None, *, id_: str = "1", age_seconds: int = 0) -> Sender:
    if policy is None:
        return Sender(DOMAIN, NOW)
    fetched_at = NOW - dt.timedelta(seconds=age_seconds)
    return Sender(DOMAIN, NOW, CachedPolicy(policy, id_, fetched_at))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(txt(), id="no-record"),
        pytest.param(txt(b"v=spf1 -all"), id="another-record"),
        pytest.param(txt(b"v=STSv1; id=1;", b"v=STSv1; id=2;"), id="two-records"),
        pytest.param(txt(b"v=STSv1; id=a-b;"), id="a-broken-one"),
        pytest.param(FAILED, id="servfail"),
    ],
)
def test_without_a_usable_record_nothing_is_fetched_and_the_cached_policy_stays(
    answer: DnsAnswer,
) -> None:
    assert sender().record_seen(answer).step is Step.MX
    after = sender(ENFORCE).record_seen(answer)
    assert (after.step, after.policy) == (Step.MX, ENFORCE)


@pytest.mark.parametrize(
    ("cached", "step"),
    [
        pytest.param(sender(), Step.POLICY, id="nothing-cached"),
        pytest.param(sender(ENFORCE, id_="1"), Step.POLICY, id="another-id"),
        pytest.param(sender(ENFORCE, id_="2"), Step.MX, id="the-same-id"),
        pytest.param(sender(ENFORCE, id_="2", age_seconds=86399), Step.MX, id="about-to-lapse"),
        pytest.param(sender(ENFORCE, id_="2", age_seconds=86400), Step.POLICY, id="lapsed"),
    ],
)
def test_a_policy_is_fetched_when_the_id_is_new_or_the_cached_one_has_lapsed(
    cached: Sender, step: Step
) -> None:
    assert cached.record_seen(RECORD).step is step


def test_a_lapsed_policy_holds_no_longer_even_if_there_is_no_other() -> None:
    after = sender(ENFORCE, age_seconds=86400).record_seen(txt())
    assert after.policy is None
    assert after.story == (
        "the cached policy has lapsed",
        "no STS record (no usable record); no policy is in force",
    )


def test_a_max_age_beyond_the_limit_is_cut() -> None:
    year = dt.timedelta(seconds=31_557_600)
    assert CachedPolicy(Policy(Mode.NONE, 9_999_999_999), "1", NOW).lapses_at == NOW + year


def test_a_fetched_policy_takes_the_place_of_the_cached_one_with_its_id() -> None:
    after = sender(TESTING).record_seen(RECORD).policy_fetched(fetched(ENFORCE.render()))
    assert after.cached == CachedPolicy(ENFORCE, "2", NOW)
    assert (after.step, after.requires_tls) == (Step.MX, True)


@pytest.mark.parametrize(
    "fetch",
    [
        pytest.param(
            fetched(b"", outcome=FetchOutcome.CERTIFICATE_REFUSED, reason="expired"), id="tls"
        ),
        pytest.param(fetched(TESTING.render(), status=404), id="status"),
        pytest.param(fetched(b"", status=301), id="redirect"),
        pytest.param(fetched(TESTING.render(), headers=()), id="media-type"),
        pytest.param(fetched(b"version: STSv1\n"), id="syntax"),
    ],
)
def test_a_fetch_that_brings_no_policy_leaves_the_cached_one_in_force(fetch: Fetch) -> None:
    after = sender(ENFORCE).record_seen(RECORD).policy_fetched(fetch)
    assert (after.policy, after.step, after.requires_tls) == (ENFORCE, Step.MX, True)
    assert after.cached is not None
    assert after.cached.id == "1"  # so the next message tries again
    assert sender().record_seen(RECORD).policy_fetched(fetch).policy is None


LISTED_AND_NOT = mx("10 mx1.example.gov", "20 evil.example", "5 mx2.example.gov")


@pytest.mark.parametrize(
    ("policy", "hosts"),
    [
        (ENFORCE, ("mx2.example.gov", "mx1.example.gov")),
        (TESTING, ("mx2.example.gov", "mx1.example.gov", "evil.example")),
        (NONE, ("mx2.example.gov", "mx1.example.gov", "evil.example")),
        (None, ("mx2.example.gov", "mx1.example.gov", "evil.example")),
    ],
    ids=["enforce", "testing", "none", "no-policy"],
)
def test_only_enforce_leaves_hosts_out(policy: Policy | None, hosts: tuple[str, ...]) -> None:
    after = sender(policy).mx_seen(LISTED_AND_NOT)
    assert (after.step, after.hosts) == (Step.ATTEMPT, hosts)


@pytest.mark.parametrize(
    ("answer", "conclusion"),
    [
        pytest.param(FAILED, Conclusion.DEFERRED, id="servfail"),
        pytest.param(
            DnsAnswer(DOMAIN, "MX", DnsStatus.NXDOMAIN), Conclusion.BOUNCED, id="no-domain"
        ),
        pytest.param(mx("0 ."), Conclusion.BOUNCED, id="null-mx"),
        pytest.param(mx("10 evil.example"), Conclusion.DEFERRED, id="none-is-listed"),
        pytest.param(mx(), Conclusion.DEFERRED, id="the-domain-itself-is-not-listed"),
    ],
)
def test_where_no_host_can_be_tried(answer: DnsAnswer, conclusion: Conclusion) -> None:
    after = sender(ENFORCE).mx_seen(answer)
    assert (after.step, after.conclusion) == (Step.DONE, conclusion)


def test_without_mx_records_the_domain_is_its_own_host() -> None:
    assert sender().mx_seen(mx()).hosts == (DOMAIN,)


def test_no_more_than_twenty_hosts_are_tried() -> None:
    values = [f"{number} mx{number}.example" for number in range(50)]
    assert len(sender().mx_seen(mx(*values)).hosts) == 20


def trying(policy: Policy | None = ENFORCE) -> Sender:
    return sender(policy).mx_seen(mx("10 mx1.example.gov", "20 mx2.example.gov"))


def test_a_message_is_delivered_over_verified_tls() -> None:
    after = trying().attempted(Delivery(session(), accepted=True))
    assert (after.step, after.conclusion) == (Step.DONE, Conclusion.DELIVERED)
    assert after.story[-1] == "mx1.example.gov accepts the message over verified TLS"


def test_what_testing_would_refuse_is_delivered_and_told() -> None:
    after = trying(TESTING).attempted(Delivery(session(SmtpOutcome.NO_STARTTLS), accepted=True))
    assert after.conclusion is Conclusion.DELIVERED
    assert (
        after.story[-1] == "mx1.example.gov accepts the message over no verified TLS (no-starttls)"
    )


def test_a_host_that_fails_leads_to_the_next_and_the_last_to_a_later_try() -> None:
    failed = Delivery(session(SmtpOutcome.NO_STARTTLS))
    second = trying().attempted(failed)
    assert (second.step, second.host) == (Step.ATTEMPT, "mx2.example.gov")
    last = second.attempted(failed)
    assert (last.step, last.conclusion) == (Step.DONE, Conclusion.DEFERRED)


def test_a_refusal_for_good_is_the_recipients_own() -> None:
    after = trying().attempted(Delivery(session(), permanent=True, reply="550 no"))
    assert (after.conclusion, after.story[-1]) == (
        Conclusion.BOUNCED,
        "mx1.example.gov rejects the message: 550 no",
    )


ANSWERS = st.sampled_from([RECORD, FAILED, txt(), txt(b"v=STSv1; id=1;")])
FETCHES = st.sampled_from(
    [fetched(ENFORCE.render()), fetched(b"<html>"), fetched(ENFORCE.render(), status=503)]
)
DELIVERIES = st.builds(Delivery, st.builds(session, st.sampled_from(SmtpOutcome)))


@given(
    age=st.integers(0, 86399),
    record=ANSWERS,
    fetch=FETCHES,
    hosts=st.lists(st.sampled_from(["mx1.example.gov", "mx2.example.gov", "evil.example"])),
    delivery=DELIVERIES,
)
def test_while_an_enforced_policy_lives_no_failure_lets_mail_go_unprotected_or_bounce(
    age: int, record: DnsAnswer, fetch: Fetch, hosts: list[str], delivery: Delivery
) -> None:
    steps: dict[Step, Callable[[Sender], Sender]] = {
        Step.RECORD: lambda each: each.record_seen(record),
        Step.POLICY: lambda each: each.policy_fetched(fetch),
        Step.MX: lambda each: each.mx_seen(mx(*(f"10 {host}" for host in hosts))),
        Step.ATTEMPT: lambda each: each.attempted(delivery),
    }
    now = sender(ENFORCE, age_seconds=age)
    while now.step is not Step.DONE:
        if now.step is Step.ATTEMPT:
            assert now.requires_tls
            assert ENFORCE.covers(now.host)
        now = steps[now.step](now)
    assert now.conclusion is Conclusion.DEFERRED
