"""Random rollouts against senders with caches: nobody who follows the RFC ever refuses a live MX.

The rules of the toolkit (ledger, ids, MX safety, plan-mx) decide what may happen; the senders are
the real state machine of RFC 8461 section 5. Runs crash between any two steps, clocks move, senders
sleep for months or are kept from fetching.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mtasts.names import MxPattern
from mtasts.observations import Delivery, DnsAnswer, DnsStatus, Fetch, FetchOutcome, SmtpOutcome
from mtasts.observations import SmtpSession as Session
from mtasts.policy import Mode, Policy
from mtasts.rollout.entries import Entry, MxSeen, Proof
from mtasts.rollout.ledger import Ledger, intend
from mtasts.rollout.mx_plan import Times, plan
from mtasts.rollout.mx_safety import mx_refusals
from mtasts.sender import Sender, Step

if TYPE_CHECKING:
    from mtasts.sender import CachedPolicy

DOMAIN = "example.gov"
HOSTS = tuple(f"{letter}.example.gov" for letter in "ab")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TIMES = Times(60, 300, 300)
TTL = dt.timedelta(seconds=300)
SENDERS = 2
# Most runs end well; hypothesis tries the first first.
CRASHES = (None, None, None, "entry", "body", "proof")


class Rollouts(RuleBasedStateMachine):
    """One domain, its operator, and a few senders."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.mode = Mode.TESTING
        self.max_age = 86_400
        self.listed = [HOSTS[0]]
        self.live = [HOSTS[0]]
        self.ledger = Ledger()
        self.served = b""
        self.ids: list[tuple[dt.datetime, str]] = []
        self.caches: list[CachedPolicy | None] = [None] * SENDERS

    @property
    def policy(self) -> Policy:
        return Policy(self.mode, self.max_age, tuple(map(MxPattern, self.listed)))

    def mx(self) -> DnsAnswer:
        values = tuple(f"10 {host}" for host in self.live)
        return DnsAnswer(DOMAIN, "MX", DnsStatus.ANSWERED, values, ttl_seconds=300)

    def append(self, entry: Entry) -> None:
        self.ledger = Ledger((*self.ledger.entries, entry))

    @rule(minutes=st.sampled_from([6, 60 * 12, 60 * 24 * 6, 60 * 24 * 200]))
    def time_passes(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    @rule(
        mode=st.sampled_from([Mode.ENFORCE, Mode.TESTING, Mode.NONE]),
        max_age=st.sampled_from([31_557_600, 86_400]),
        listed=st.sampled_from([HOSTS[:1], HOSTS, HOSTS[1:]]),
        crash=st.sampled_from(CRASHES),
    )
    def the_operator_edits_the_stack_and_runs_up(
        self,
        mode: Mode,
        max_age: int,
        listed: tuple[str, ...],
        crash: str | None,
    ) -> None:
        self.mode, self.max_age = mode, max_age
        self.listed = list(listed)
        self.up(crash)

    def up(self, crash: str | None) -> None:
        """A run, which may end after any of its steps."""
        live_id = self.ids[-1][1] if self.ids else None
        wanted, ledger = self.policy, self.ledger
        refused = list(mx_refusals(DOMAIN, wanted, ledger, self.mx(), self.now))
        if ledger.last_body is not None:
            self.append(MxSeen(ledger.next_number, self.now, tuple(sorted(self.live)), 300))
        if refused:
            return
        intended = intend(ledger, wanted, live_id=live_id)
        if not intended.is_recorded:
            self.append(intended.entry(self.ledger.next_number, self.now))
        if crash == "entry":
            return
        self.served = intended.body
        if crash == "body" or intended.id == live_id:
            return
        self.append(Proof(self.ledger.next_number, self.now, intended.id))
        if crash == "proof":
            return
        self.ids.append((self.now, intended.id))

    @rule(host=st.sampled_from(HOSTS))
    def a_host_comes_to_dns_as_plan_mx_says_or_leaves_it(self, host: str) -> None:
        if host in self.live:
            if len(self.live) > 1:
                self.live.remove(host)
            return
        steps = plan(
            self.policy,
            live=tuple(self.live),
            to=(*self.live, host),
            ledger=self.ledger,
            times=TIMES,
            now=self.now,
        )
        first = steps[0]
        if first.wait is not None and first.wait.guaranteed <= self.now:
            self.live.append(host)

    @precondition(lambda self: self.served)
    @rule(
        kept_from_fetching=st.lists(st.booleans(), min_size=SENDERS, max_size=SENDERS),
        late=st.booleans(),
    )
    def senders_send(self, kept_from_fetching: list[bool], late: bool) -> None:
        for number, kept in enumerate(kept_from_fetching):
            self._send(number, kept_from_fetching=kept, late=late)

    def _send(self, number: int, *, kept_from_fetching: bool, late: bool) -> None:
        sender = Sender(DOMAIN, self.now, self.caches[number])
        while sender.step is not Step.ATTEMPT:
            match sender.step:
                case Step.RECORD:
                    sender = sender.record_seen(self._record(kept_from_fetching, late))
                case Step.POLICY:
                    headers = (("content-type", "text/plain"),)
                    answered = FetchOutcome.ANSWERED
                    found = Fetch("h", "192.0.2.1", answered, 200, headers, self.served)
                    sender = sender.policy_fetched(found)
                case Step.MX:
                    sender = sender.mx_seen(self.mx())
                case _:
                    raise AssertionError(f"no host is left: {sender.story}")
        assert sender.hosts == tuple(sorted(self.live)), sender.story
        self.caches[number] = sender.cached
        session = Session(sender.host, "192.0.2.1", SmtpOutcome.TLS)
        assert sender.attempted(Delivery(session, accepted=True)).conclusion == "delivered"

    def _record(self, kept_from_fetching: bool, late: bool) -> DnsAnswer:
        """The record, as old as a resolver may have it."""
        if kept_from_fetching:
            return DnsAnswer("_mta-sts", "TXT", DnsStatus.FAILED, reason="timeout")
        seen = [id_ for at, id_ in self.ids if not late or self.now - at >= TTL]
        if not seen:
            return DnsAnswer("_mta-sts", "TXT", DnsStatus.NXDOMAIN)
        text = f"v=STSv1; id={seen[-1]};".encode()
        return DnsAnswer("_mta-sts", "TXT", DnsStatus.ANSWERED, strings=((text,),))

    @invariant()
    def the_record_is_never_ahead_of_its_body(self) -> None:
        if self.ids:
            named = [body for body in self.ledger.bodies if body.id == self.ids[-1][1]]
            assert len(named) == 1
            assert self.ledger.is_proven(named[0])


Rollouts.TestCase.settings = settings(max_examples=250, stateful_step_count=50, deadline=None)
TestRollouts = Rollouts.TestCase
