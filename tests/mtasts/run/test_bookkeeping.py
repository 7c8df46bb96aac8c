"""What a run writes into the ledgers, and that a second run writes nothing."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from facts_of import replace, zone_facts
from memory_store import DOMAIN, MemoryStore
from surveys import ZONE, ledger, placed, survey

from mtasts.config import Dns, Hosting
from mtasts.ledger.entries import (
    Delegated,
    Hosted,
    HostTarget,
    MxSeen,
    PhaseEntered,
    StageEntered,
    ZoneSeen,
)
from mtasts.ledger.history import Ledger, read
from mtasts.ledger.kept import LATCH
from mtasts.ledger.phases import Phase
from mtasts.ledger.recorder import Recorder
from mtasts.observations import DnsStatus
from mtasts.rollout.decision import Decision, decide
from mtasts.rollout.move import DELEGATION_SECONDS
from mtasts.rollout.retirement import Progress
from mtasts.rulings import note
from mtasts.run.bookkeeping import (
    hand_over,
    keep,
    record_delegation,
    record_progress,
    record_seen,
    write_down,
)
from mtasts.zones import HostedZone

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

STEP = note("retirement-goes-on", "a step")


async def test_mx_sets_are_written_down_for_domains_that_have_a_ledger() -> None:
    store, known = MemoryStore(), ledger(proven=True)
    recorder = Recorder(store, Hosting.AWS)
    await record_seen(recorder, survey()[0], is_held=False)
    assert not any(store.ledgers.values())
    # The ledger is read again before anything is written: here it is empty.
    await record_seen(recorder, survey(ledger=known)[0], is_held=False)
    assert len(store.entries) == 2
    store = MemoryStore()
    await record_seen(Recorder(store, Hosting.AWS), survey(ledger=known)[0], is_held=True)
    assert len(store.entries) == 1  # the MX set alone


async def handed(ledger: Ledger, *, is_held: bool = False, **found: Any) -> tuple[bool, Ledger]:
    """Whether it may be written to once its ledger is here, and what the ledger has then."""
    here, there = MemoryStore(), MemoryStore(*ledger.entries)
    leaves = found.get("leaving") is not None
    recorder = Recorder(
        here if leaves else there, Hosting.AWS, lambda: NOW, (lambda: there) if leaves else None
    )
    (first, *_) = survey(ledger=ledger)
    is_here = await hand_over(recorder, replace(first, **found), is_held=is_held)
    return is_here, read(recorder.store.read("example.gov").entries)


async def test_each_ledger_says_at_which_cloud_its_domain_is() -> None:
    known = placed(proven=True)
    is_here, written = await handed(known)
    assert is_here
    assert written.entries[len(known.entries) :] == (
        Hosted(4, NOW, "aws"),
        HostTarget(5, NOW, "Z1", "aws", 0),
    )
    _, again = await handed(written)
    assert again == written
    for unknown in ({"agency_zone": ZONE}, {"zone": None}):  # no zone of ours leads to the host
        _, written = await handed(known, **unknown)
        assert written.entries[len(known.entries) :] == (Hosted(4, NOW, "aws"),)
    _, written = await handed(known, is_held=True)
    assert written == known
    assert (await handed(Ledger()))[1] == Ledger()


async def test_a_ledger_that_counts_elsewhere_is_handed_over_unless_the_domain_is_held() -> None:
    known = Ledger((*placed(proven=True).entries, Hosted(4, NOW, "cloudflare")))
    is_here, written = await handed(known, leaving=Hosting.CLOUDFLARE)
    assert is_here
    assert written.entries[4:] == (Hosted(5, NOW, "aws"), HostTarget(6, NOW, "Z1", "cloudflare", 0))
    is_here, written = await handed(known, is_held=True, leaving=Hosting.CLOUDFLARE)
    assert (is_here, written) == (False, known)  # a copy, and it does not count
    assert await handed(known, is_held=True) == (False, known)


async def test_what_an_old_ledger_does_not_tell_is_where_the_domain_leaves_from() -> None:
    known = placed(proven=True)
    _, written = await handed(known, leaving=Hosting.CLOUDFLARE)
    assert written.entries[3:] == (
        Hosted(4, NOW, "cloudflare"),
        Hosted(5, NOW, "aws"),
        HostTarget(6, NOW, "Z1", "cloudflare", 0),
    )
    _, written = await handed(known, leaving=Hosting.CLOUDFLARE, former=ZONE)
    assert written.entries[-1] == Hosted(5, NOW, "aws")


async def test_a_zone_that_was_left_leads_to_no_host() -> None:
    entries = (*placed(proven=True).entries, Hosted(4, NOW, "aws"))
    other = HostedZone("a" * 32, "example.gov")
    known = Ledger(
        (
            *entries,
            HostTarget(5, NOW, "Z1", "aws", 0),
            ZoneSeen(6, NOW, other),
            HostTarget(7, NOW, other.zone_id, "aws", 300),
        )
    )
    _, written = await handed(known, zone=other, former=ZONE)
    assert written == known
    _, written = await handed(known, zone=other)
    assert written.entries[7:] == (HostTarget(8, NOW, "Z1", None, 0),)
    assert written.host_target("Z1") is None
    _, again = await handed(written, zone=other)
    assert again == written


async def test_a_host_that_lost_its_protection_has_it_again_when_it_stays() -> None:
    entries = (*placed(proven=True).entries, Hosted(4, NOW, "aws"))
    known = Ledger((*entries, HostTarget(5, NOW, "Z1", "aws", 0)))
    here = MemoryStore(*known.entries)

    async def run(leaving: Hosting | None) -> Ledger:
        recorder = Recorder(here, Hosting.AWS, lambda: NOW, MemoryStore)
        (first, *_) = survey(ledger=read(here.entries))
        await hand_over(recorder, replace(first, leaving=leaving), is_held=False)
        return read(here.entries)

    for leaving, is_free, count in (
        (Hosting.AWS, True, 6),
        (Hosting.AWS, True, 6),
        (None, False, 7),
        (None, False, 7),
        (Hosting.AWS, True, 8),
        (Hosting.CLOUDFLARE, False, 9),  # a move that is given up
    ):
        written = await run(leaving)
        assert (written.is_freed, len(written.entries)) == (is_free, count)


async def test_a_phase_is_written_down_ahead() -> None:
    memory = MemoryStore()
    recorder = Recorder(memory, Hosting.AWS, lambda: NOW)
    for step in (
        Progress(Phase.RECORD_FREE, STEP, is_new=True, ttl_seconds=7),
        Progress(Phase.RECORD_FREE, STEP),
    ):
        await record_progress(recorder, DOMAIN, step)
    assert read(memory.entries).entries == (PhaseEntered(1, NOW, Phase.RECORD_FREE, 7),)


async def test_everything_of_a_domain_is_written_down_before_it_is_declared() -> None:
    store = MemoryStore(*placed(proven=True).entries)
    (first, *_), (_, new, parked) = survey(ledger=placed(proven=True)), survey()
    staged = replace(first, agency_zone=HostedZone("", "example.gov"), handed_out=())
    around = (staged, new, parked)
    step = Progress(Phase.RECORD_FREE, STEP, is_new=True)
    decided, *others = decide(around, NOW, dns=Dns.ROUTE53).domains
    decision = Decision((replace(decided, retirement=step), *others))
    recorder = Recorder(store, Hosting.AWS, lambda: NOW)
    judge = partial(decide, now=NOW, dns=Dns.ROUTE53)
    assert await write_down(recorder, around, decision, judge) == (around, decision, ())
    assert list(store.ledgers) == [DOMAIN]  # of a new one nothing is known yet
    kinds = {type(each) for each in read(store.entries).entries}
    assert kinds >= {MxSeen, PhaseEntered, StageEntered, Hosted}


async def test_what_cannot_be_kept_whole_is_told_and_holds_nothing_up() -> None:
    enforced = placed(proven=True)
    cases: tuple[tuple[dict[str | tuple[str, str], str], bool], ...] = (
        ({}, False),
        ({"lock": "no right to"}, True),
    )
    for fails, told in cases:
        store = MemoryStore(*enforced.entries)
        store.fails |= fails
        found = await keep(Recorder(store, Hosting.AWS), survey(ledger=enforced)[0])
        assert (found is not None) == told
        assert (store.is_locked, LATCH in store.kept[DOMAIN]) == (not fails, not fails)
    assert found is not None
    assert found.startswith(
        "example.gov: could not write the lock, latch or checkpoint of its ledger: no ri"
    )


THEIRS = HostedZone("a" * 32, "example.gov", frozenset({"ada.example"}))


async def delegations(known: Ledger, *, is_held: bool = False, **found: Any) -> list[Any]:
    """What is written down of where DNS leads, to a ledger that has ``known``."""
    store = MemoryStore(*known.entries)
    (first, *_) = survey(ledger=known)
    recorder = Recorder(store, Hosting.AWS, lambda: NOW)
    await record_delegation(recorder, replace(first, **found), is_held=is_held)
    new = read(store.entries).entries[len(known.entries) :]
    return [(each.zone_id, each.ttl_seconds) for each in new if isinstance(each, Delegated)]


async def test_where_dns_leads_is_written_down_while_there_are_two_zones() -> None:
    known = placed(proven=True)
    to_ours = zone_facts(ZONE).delegation
    assert to_ours is not None
    to_theirs = replace(to_ours, values=("ada.example",))
    silent = replace(to_ours, status=DnsStatus.FAILED, values=())
    assert await delegations(known) == []
    moving: dict[str, Any] = {"former": THEIRS}
    assert await delegations(known, **moving, delegation=silent) == []
    day = DELEGATION_SECONDS
    assert await delegations(known, **moving, delegation=to_theirs) == [(THEIRS.zone_id, day)]
    assert await delegations(known, **moving, delegation=to_ours) == [(ZONE.zone_id, day)]
    told = Ledger((*known.entries, Delegated(len(known.entries) + 1, NOW, ZONE.zone_id, day)))
    assert await delegations(told, **moving, delegation=to_ours) == []
    both = Ledger((*known.entries, ZoneSeen(len(known.entries) + 1, NOW, THEIRS)))
    assert await delegations(both) == [(ZONE.zone_id, 0)]
    assert await delegations(both, is_held=True) == []
