"""Which MX changes lose mail, from a table of policies, sightings and look-ups."""

from __future__ import annotations

import datetime as dt

import pytest
from ruled import texts

from mtasts.ledger.entries import Adopted, Body, Entry, MxSeen, Proof
from mtasts.ledger.history import Ledger
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.rollout.mx_safety import mx_refusals

DOMAIN = "example.gov"
NOW = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
A, B, C = "a.example.gov", "b.example.gov", "c.example.gov"


def policy(*hosts: str, mode: Mode = Mode.ENFORCE) -> Policy:
    return Policy(mode, 86400, tuple(MxPattern.parse(host) for host in hosts))


def mx(*hosts: str, status: DnsStatus = DnsStatus.ANSWERED) -> DnsAnswer:
    values = tuple(f"10 {host}" for host in hosts)
    return DnsAnswer(DOMAIN, "MX", status, values, reason="SERVFAIL")


def ledger(last: Policy | None, *looks: tuple[float, str]) -> Ledger:
    """A ledger that ends with a proven policy, and saw those MX hosts so many days ago."""
    entries: list[Entry] = [
        MxSeen(n, NOW - dt.timedelta(days=days), tuple(hosts.split()), 3600)
        for n, (days, hosts) in enumerate(looks, start=1)
    ]
    if last is not None:
        number = len(entries) + 1
        entries += [Body(number, NOW, last.render(), 0, "1"), Proof(number + 1, NOW, "1")]
    return Ledger(tuple(entries))


def refusals(wanted: Policy, last: Policy | None, live: DnsAnswer, *seen: tuple[float, str]) -> str:
    return "\n".join(texts(mx_refusals(DOMAIN, wanted, ledger(last, *seen), live, NOW)))


@pytest.mark.parametrize("mode", [Mode.TESTING, Mode.NONE])
@pytest.mark.parametrize("live", [mx(C), mx(status=DnsStatus.FAILED), mx(".")])
def test_a_move_to_testing_or_none_passes_whatever_dns_says(mode: Mode, live: DnsAnswer) -> None:
    assert refusals(policy(A, mode=mode), policy(A, B), live, (0, B)) == ""


@pytest.mark.parametrize(
    ("live", "says"),
    [
        (mx(C), f"{C}: MX of example.gov in DNS, but not in the policy"),
        (mx(status=DnsStatus.FAILED), "could not find out the MX records of example.gov"),
        (mx(A), ""),
    ],
)
def test_that_a_policy_was_proven_before_excuses_nothing(live: DnsAnswer, says: str) -> None:
    text = refusals(policy(A), policy(A), live)
    assert text.startswith(says)
    assert bool(text) is bool(says)


@pytest.mark.parametrize(
    ("wanted", "live", "missed"),
    [
        pytest.param(policy(A, B), mx(A, B), "", id="all"),
        pytest.param(policy(A, B, C), mx(A), "", id="more"),
        pytest.param(policy("*.example.gov"), mx(A, B), "", id="wildcard"),
        pytest.param(policy(A), mx(A, B), B, id="backup"),
        pytest.param(policy("*.example.gov"), mx("x.a.example.gov"), "x.a.example.gov", id="deep"),
        pytest.param(policy(A), mx(status=DnsStatus.NO_DATA), DOMAIN, id="implicit"),
        pytest.param(policy(DOMAIN), mx(status=DnsStatus.NO_DATA), "", id="implicit-listed"),
    ],
)
def test_enforce_lists_every_live_mx(wanted: Policy, live: DnsAnswer, missed: str) -> None:
    text = refusals(wanted, None, live)
    assert text.startswith(f"{missed}: MX of example.gov") if missed else text == ""


@pytest.mark.parametrize(
    ("live", "says"),
    [
        (mx(status=DnsStatus.FAILED), "could not find out the MX records of example.gov"),
        (mx(status=DnsStatus.NXDOMAIN), "does not exist"),
        (mx("."), "null MX"),
    ],
)
def test_what_is_not_known_or_takes_no_mail_is_not_enforced(live: DnsAnswer, says: str) -> None:
    assert says in refusals(policy(A), policy(A, mode=Mode.TESTING), live)


@pytest.mark.parametrize(
    ("days", "refused"), [(0, True), (5, True), (5.04, True), (5.05, False), (30, False)]
)
def test_a_host_leaves_the_policy_after_senders_have_left_the_host(
    days: float, refused: bool
) -> None:
    text = refusals(policy(A), policy(A, B), mx(A), (40, f"{A} {B}"), (days, A))
    assert text.startswith(f"{B} left the MX records of example.gov") is refused


def test_a_host_that_nobody_saw_leave_has_left_just_now() -> None:
    # The last look was a month ago; it may have been an MX until a minute ago.
    text = refusals(policy(A), policy(A, B), mx(A), (30, f"{A} {B}"))
    assert "left the MX records of example.gov at 2026-01-31 00:00 UTC" in text


def test_the_date_from_which_it_may_leave_is_told() -> None:
    text = refusals(policy(A), policy(A, B), mx(A), (9, f"{A} {B}"), (1, A))
    assert "may try that host until 2026-02-04 01:00 UTC" in text


def test_a_host_that_never_was_an_mx_leaves_at_once() -> None:
    assert refusals(policy(A), policy(A, B), mx(A), (0, A)) == ""


def test_what_another_pattern_still_covers_has_not_left() -> None:
    assert refusals(policy("*.example.gov"), policy(A, B), mx(A), (0, B)) == ""


def test_where_nobody_holds_an_enforced_policy_nothing_leaves_too_early() -> None:
    assert refusals(policy(A), policy(A, B, mode=Mode.TESTING), mx(A), (0, B)) == ""


def held(*bodies: tuple[float, Policy, bool], adopted: float | None = None) -> Ledger:
    """Policies published so many days ago, proven or not; B left the MX an hour ago."""
    entries: list[Entry] = []
    if adopted is not None:
        entries.append(Adopted(1, NOW - dt.timedelta(days=adopted)))
    for days, body, is_proven in bodies:
        at, number = NOW - dt.timedelta(days=days), len(entries) + 1
        id_ = str(number)
        entries.append(Body(number, at, body.render(), number, id_))
        entries += [Proof(number + 1, at, id_)] if is_proven else []
    for days, hosts in ((9.0, (A, B)), (1 / 24, (A,))):
        at = NOW - dt.timedelta(days=days)
        entries.append(MxSeen(len(entries) + 1, at, hosts, 3600))
    return Ledger(tuple(entries))


BOTH, ONE = policy(A, B), policy(A)
TESTED = policy(A, mode=Mode.TESTING)
TEN_MINUTES = 1 / 144


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        pytest.param(held((9, BOTH, True)), True, id="last"),
        pytest.param(held((9, BOTH, True), (TEN_MINUTES, TESTED, True)), True, id="one-before"),
        pytest.param(
            held((9, BOTH, True), (TEN_MINUTES, TESTED, True), (0, ONE, False)),
            True,
            id="two-before",
        ),
        pytest.param(held((9, TESTED, True), (1, BOTH, False)), True, id="never-proven"),
        # It lived for a day, and a day and more ago another one was seen everywhere.
        pytest.param(held((9, BOTH, True), (1.05, TESTED, True)), False, id="lapsed"),
        pytest.param(held((9, BOTH, True), (1.05, TESTED, False)), True, id="not-replaced"),
        pytest.param(held((9, ONE, True), (1, TESTED, True)), False, id="never-listed"),
        pytest.param(
            held((9, policy(A, B, mode=Mode.TESTING), True), (1, TESTED, True)),
            False,
            id="never-enforced",
        ),
        pytest.param(held((9, TESTED, True), adopted=9), True, id="before-the-ledger"),
        pytest.param(held((9, TESTED, True), adopted=366), False, id="long-before-the-ledger"),
    ],
)
def test_a_host_stays_while_a_sender_may_hold_any_enforced_policy_with_it(
    known: Ledger, refused: bool
) -> None:
    text = "".join(texts(mx_refusals(DOMAIN, ONE, known, mx(A), NOW)))
    assert text.startswith(f"{B} left the MX records") is refused
    assert bool(text) is refused


def test_a_host_the_old_policy_did_not_list_either_is_no_loss() -> None:
    assert refusals(policy(A), policy(A, C), mx(A), (0, B)) == ""
