"""Random rollouts against senders with caches: nobody who follows the RFC ever refuses a live MX.

The rules of the toolkit (verdicts, ledger, ids, MX safety, plan-mx) decide what may happen; the
senders are the real state machine of RFC 8461 section 5. Proofs fail, runs crash between any two
steps, look-ups fail, entries leave the stack file and come back, clocks move, senders sleep for
months, are kept from fetching, or are on their way to a host that has just left the MX.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facts_of import facts, replace
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mtasts.config import DomainConfig, Override, Waiver
from mtasts.ledger.entries import Entry, MxSeen, Proof
from mtasts.ledger.history import Intended, Ledger, enforces
from mtasts.names import MxPattern
from mtasts.observations import Delivery, DnsAnswer, DnsStatus, Fetch, FetchOutcome, SmtpOutcome
from mtasts.observations import SmtpSession as Session
from mtasts.policy import Mode, Policy, parse
from mtasts.promotion.evidence import Evidence, Texts, Vantage
from mtasts.promotion.evidence import Session as SeenSession
from mtasts.rollout.decision import verdict
from mtasts.rollout.mx_plan import Times, plan
from mtasts.rollout.mx_safety import RETRY, uncovered
from mtasts.rollout.published import held_as
from mtasts.rollout.vanished import Remembered, describe_vanished
from mtasts.sender.machine import Sender, Step
from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.summary import Reporter, ReportSummary
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from mtasts.rollout.facts import DomainFacts
    from mtasts.sender.machine import CachedPolicy

DOMAIN = "example.gov"
HOSTS = tuple(f"{letter}.example.gov" for letter in "ab")
LISTS = (HOSTS, HOSTS[:1], HOSTS[1:])
ZONE = HostedZone("Z1", DOMAIN, frozenset({"ns1.example.net"}))
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TIMES = Times(60, 300, 300)
TTL = dt.timedelta(seconds=300)
SENDERS = 2
# How a run ends: well, killed after one of its steps, or at a proof that fails.
ENDS = st.sampled_from([None, None, None, "entry", "body", "proof", "not-proven"])
SOME_ENDS = st.sampled_from([None, None, "not-proven"])
MOSTLY = st.sampled_from([True, True, True, False])


@dataclass(frozen=True, slots=True)
class Edit:
    """What the stack file says of the domain; an override of evidence ends after so many days."""

    mode: Mode = Mode.TESTING
    listed: tuple[str, ...] = HOSTS[:1]
    max_age: int = 86_400
    reroll: str = ""
    override: int | None = None


TO_ENFORCE, TO_TESTING = {"mode": Mode.ENFORCE}, {"mode": Mode.TESTING}
EDITS: list[dict[str, Any]] = [
    *[TO_ENFORCE, TO_TESTING] * 3,
    *({"listed": hosts, **mode} for hosts in LISTS for mode in (TO_ENFORCE, TO_TESTING, {})),
    {"mode": Mode.NONE},
    *({"max_age": seconds} for seconds in (31_557_600, 86_400)),
    *({"reroll": token} for token in ("", "1", "2")),
    *({"override": days} for days in (None, 14, -1, 91)),
]


class Runs(RuleBasedStateMachine):
    """One domain and its operator, who runs up; what else happens, the machines below say."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.edit = Edit()
        self.live = [HOSTS[0]]
        self.noted: set[str] = set()
        self.ledger = Ledger()
        self.served = b""
        # Modes of what senders may have got: the body proven last, and all that was served since.
        self.given: list[Mode] = []
        self.ids: list[tuple[dt.datetime, str]] = []

    @initialize(hosts=st.sampled_from([None, HOSTS, HOSTS[:1]]))
    def a_domain_is_new_or_enforced(self, hosts: tuple[str, ...] | None) -> None:
        """The hosts of an enforced one are listed, live and seen to be."""
        if hosts is not None:
            self.live = [*hosts]
            for mode in (Mode.TESTING, Mode.ENFORCE):
                self.edit = Edit(mode, hosts, 31_557_600)
                self.up(None, has_evidence=True)
            self.up(None, has_evidence=False)
            self.is_looked_at()

    def is_looked_at(self) -> None:
        """Senders see what there is at the beginning."""

    def mx(self, *more: str) -> DnsAnswer:
        values = tuple(f"10 {host}" for host in (*self.live, *more))
        return DnsAnswer(DOMAIN, "MX", DnsStatus.ANSWERED, values, ttl_seconds=300)

    def append(self, entry: Entry) -> None:
        self.ledger = Ledger((*self.ledger.entries, entry))

    @property
    def live_id(self) -> str | None:
        return self.ids[-1][1] if self.ids else None

    @rule(minutes=st.sampled_from([6, 60 * 12, 60 * 24 * 6, 60 * 24 * 200]))
    def time_passes(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    @rule(edit=st.sampled_from(EDITS), end=ENDS, has_evidence=st.booleans(), is_seen=MOSTLY)
    def the_operator_edits_the_stack_and_runs_up(
        self, edit: dict[str, Any], end: str | None, *, has_evidence: bool, is_seen: bool
    ) -> None:
        self.edit = replace(self.edit, **edit)
        self.up(end, has_evidence=has_evidence, is_seen=is_seen)

    @rule(end=ENDS, has_evidence=st.booleans(), is_seen=MOSTLY)
    def the_operator_runs_up_again(
        self, end: str | None, *, has_evidence: bool, is_seen: bool
    ) -> None:
        self.up(end, has_evidence=has_evidence, is_seen=is_seen)

    @rule(
        listed=st.sampled_from(LISTS),
        ends=st.tuples(SOME_ENDS, SOME_ENDS),
        has_evidence=st.booleans(),
    )
    def the_operator_goes_back_and_forth(
        self, listed: tuple[str, ...], ends: tuple[str | None, str | None], *, has_evidence: bool
    ) -> None:
        for mode, end in zip((Mode.TESTING, Mode.ENFORCE), ends, strict=True):
            self.edit = replace(self.edit, mode=mode, listed=listed)
            self.up(end, has_evidence=has_evidence)

    @rule(parked=st.booleans())
    def the_entry_leaves_the_stack_file(self, *, parked: bool) -> None:
        """The program refuses it where the ledger says so; else the engine deletes all of it."""
        remembered = (Remembered(DOMAIN, self.ledger, parked=parked),)
        if describe_vanished(remembered, (), file="f", stack="s") is None:
            self.ledger, self.served, self.ids, self.given = Ledger(), b"", [], []
            self.noted.clear()

    def surroundings(self, *, has_evidence: bool, is_seen: bool) -> DomainFacts:
        edit = self.edit
        override = None
        if edit.override is not None:
            until = (self.now + dt.timedelta(days=edit.override)).date()
            override = Override(frozenset({Waiver.EVIDENCE}), "a test", "nobody", until)
        domain = DomainConfig(
            DOMAIN,
            tuple(map(MxPattern, edit.listed)),
            edit.mode,
            edit.max_age,
            300,
            ("mailto:a@b.gov",),
            ("s1",),
            reroll=edit.reroll,
            override=override,
        )
        found = facts(
            domain,
            self.mx(),
            ZONE,
            ledger=self.ledger,
            sts=self.record(not is_seen, late=False),
            is_local=True,  # what the evidence has to say is told by tables (test_gates)
        )
        evidence = self._evidence() if has_evidence else None
        return replace(found, evidence=evidence if found.is_promotion else None)

    def up(self, end: str | None, *, has_evidence: bool, is_seen: bool = True) -> None:
        """A run, which may end after any of its steps, or at its proof."""
        found = self.surroundings(has_evidence=has_evidence, is_seen=is_seen)
        proceeds = verdict(found, self.now).proceeds
        intended = found.intended if proceeds else held_as(self.ledger, found.sts)
        if proceeds and is_seen and enforces(found.intended) and found.intended.id != self.live_id:
            assert self.missed(found.intended) == [], "the verdict lets it pass"
        if intended is not None and not proceeds and is_seen and enforces(intended):
            assert intended.id == self.live_id, "what is held is published"
        known = self.ledger.last_mx
        if self.ledger.last_body is not None:
            if known is None or set(known.hosts) != set(self.live):
                hosts = tuple(sorted(self.live))
                self.append(MxSeen(self.ledger.next_number, self.now, hosts, 300))
            self.noted |= set(self.live)
        if intended is not None:
            self.deploy(intended, end, is_backed=has_evidence or self.edit.override == 14)

    def on_its_way(self) -> tuple[str, ...]:
        """Hosts that have left the MX, and that a message may still go to."""
        return ()

    def missed(self, intended: Intended) -> list[str]:
        """The live MX hosts that it does not list."""
        return [host for host in self.live if not parse(intended.body).covers(host)]

    def deploy(self, intended: Intended, end: str | None, *, is_backed: bool) -> None:
        """Body, proof and record, as `MailDomain` orders them.

        ``is_backed`` is whether there is evidence, or an override of it that stands.
        """
        last = self.ledger.last_body
        if last is None or (last.body, last.id) != (intended.body, intended.id):
            self.append(intended.entry(self.ledger.next_number, self.now))
        if end == "entry":
            return
        was_enforced = bool(self.given) and set(self.given) == {Mode.ENFORCE}
        if self.served != intended.body:
            self.served = intended.body
            self.given.append(parse(intended.body).mode)
        if intended.id == self.live_id or end in ("body", "not-proven"):
            return
        if any(uncovered(DOMAIN, parse(intended.body), self.mx())):
            return
        self.append(Proof(self.ledger.next_number, self.now, intended.id))
        self.given = [parse(intended.body).mode]
        if end == "proof":
            return
        if enforces(intended):
            assert self.missed(intended) == [], "published without a live MX"
            assert was_enforced or is_backed, "a promotion without evidence"
            policy = parse(intended.body)
            assert all(map(policy.covers, self.on_its_way())), "a host has left too early"
        self.ids.append((self.now, intended.id))

    def _evidence(self) -> Evidence:
        """All that a promotion asks for, of the hosts that are live."""
        sessions = tuple(
            SeenSession(
                host, "192.0.2.1", SmtpOutcome.TLS, expires=self.now + dt.timedelta(days=30)
            )
            for host in self.live
        )
        names = ("one.example", "two.example")
        days = tuple(self.now.date() - dt.timedelta(days=day) for day in range(15))
        found = DnsStatus.ANSWERED
        key = f"s1._domainkey.{DOMAIN}"
        return Evidence(
            domain=DOMAIN,
            collected=self.now,
            vantage=Vantage("mtasts", "192.0.2.53:53", "Mozilla"),
            mx=tuple(self.live),
            hosts=sessions,
            spf=Texts(DOMAIN, found, ("v=spf1 mx -all",)),
            dkim=(Texts(key, found, ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS",)),),
            dmarc=(Texts(f"_dmarc.{DOMAIN}", found, ("v=DMARC1; p=none",)),),
            reports=ReportSummary(2, tuple(Reporter(each, Applied(), days) for each in names), 9),
        )

    def record(self, is_unseen: bool, *, late: bool) -> DnsAnswer:
        """The record, as old as a resolver may have it."""
        if is_unseen:
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


class Moves(Runs):
    """The MX move as they please: still no enforced id is published that misses a live one."""

    @rule(live=st.sampled_from(LISTS))
    def the_mx_move(self, live: tuple[str, ...]) -> None:
        self.live = list(live)


@dataclass(slots=True)
class Mailer:
    """A sender: its cache, and until when it may hold each enforced policy that it ever got."""

    cached: CachedPolicy | None = None
    promised: list[tuple[Policy, dt.datetime]] = field(default_factory=list)


class Rollouts(Runs):
    """The MX move as plan-mx says, and a few senders look on: none ever refuses a live MX."""

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[str, dt.datetime] = {}
        self.senders = [Mailer() for _ in range(SENDERS)]

    def is_looked_at(self) -> None:
        for sender in self.senders:
            self._send(sender, kept_from_fetching=False, late=False)

    @rule(host=st.sampled_from(HOSTS))
    def a_host_comes_to_dns_as_plan_mx_says_or_leaves_it(self, host: str) -> None:
        if host in self.live:
            if len(self.live) > 1:
                self.live.remove(host)
                self.left[host] = self.now
            return
        steps = plan(
            Policy(self.edit.mode, self.edit.max_age, tuple(map(MxPattern, self.edit.listed))),
            live=tuple(self.live),
            to=(*self.live, host),
            ledger=self.ledger,
            times=TIMES,
            now=self.now,
        )
        first = steps[0]
        if first.wait is not None and first.wait.guaranteed <= self.now:
            self.live.append(host)
            self.left.pop(host, None)
            self.noted.discard(host)

    @precondition(lambda self: self.served)
    @rule(
        kept_from_fetching=st.lists(st.booleans(), min_size=SENDERS, max_size=SENDERS),
        late=st.booleans(),
    )
    def senders_send(self, kept_from_fetching: list[bool], *, late: bool) -> None:
        for sender, kept in zip(self.senders, kept_from_fetching, strict=True):
            self._send(sender, kept_from_fetching=kept, late=late)

    def _send(self, sender: Mailer, *, kept_from_fetching: bool, late: bool) -> None:
        state = Sender(DOMAIN, self.now, sender.cached)
        on_its_way = self.on_its_way(sender)
        while state.step is not Step.ATTEMPT:
            match state.step:
                case Step.RECORD:
                    state = state.record_seen(self.record(kept_from_fetching, late=late))
                case Step.POLICY:
                    headers = (("content-type", "text/plain"),)
                    answered = FetchOutcome.ANSWERED
                    found = Fetch("h", "192.0.2.1", answered, 200, headers, self.served)
                    state = state.policy_fetched(found)
                case Step.MX:
                    state = state.mx_seen(self.mx(*on_its_way))
                case _:
                    raise AssertionError(f"no host is left: {state.story}")
        assert set(state.hosts) == {*self.live, *on_its_way}, state.story
        sender.cached = state.cached
        if state.cached is not None and state.requires_tls:
            sender.promised.append((state.cached.policy, state.cached.lapses_at))
        session = Session(state.host, "192.0.2.1", SmtpOutcome.TLS)
        assert state.attempted(Delivery(session, accepted=True)).conclusion == "delivered"

    def on_its_way(self, *senders: Mailer) -> tuple[str, ...]:
        """Hosts that have left the MX, and that a message of such a sender may still go to.

        Those alone that some run saw among the MX, and that an enforced policy lists which the
        sender may still hold: of nothing else can the toolkit know.
        """
        policies = [
            policy
            for sender in senders or self.senders
            for policy, until in sender.promised
            if until > self.now
        ]
        return tuple(
            host
            for host, at in self.left.items()
            if host in self.noted
            and at + TTL + RETRY > self.now
            and any(policy.covers(host) for policy in policies)
        )


Rollouts.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
Moves.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestRollouts, TestMoves = Rollouts.TestCase, Moves.TestCase
