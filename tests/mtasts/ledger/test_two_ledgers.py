"""Of the ledger's copies at two clouds one counts, and a domain that moves takes it along."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from memory_store import DOMAIN, MemoryStore

from mtasts.config import Hosting
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import (
    Entry,
    Hosted,
    HostTarget,
    LedgerError,
    MxSeen,
    StageEntered,
    render_entry,
)
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.kept import LATCH
from mtasts.ledger.recorder import Recorder
from mtasts.ledger.stages import Stage
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FIRST = MxSeen(1, NOW, ("mx1.example.gov",), 300)
AWS = Hosted(2, NOW, "aws")
MORE = (MxSeen(3, NOW, ("mx2.example.gov",), 300), MxSeen(4, NOW, ("mx3.example.gov",), 300))
THEN = Hosted(3, NOW, "cloudflare")


def at_cloudflare(here: MemoryStore, aws: MemoryStore) -> Recorder:
    return Recorder(here, Hosting.CLOUDFLARE, lambda: NOW, lambda: aws)


@pytest.mark.parametrize(
    ("here", "there", "counts"),
    [
        ((), (), ()),
        ((), (FIRST, AWS), (FIRST, AWS)),
        ((FIRST,), (FIRST, AWS), (FIRST, AWS)),
        ((FIRST, AWS), (FIRST,), (FIRST, AWS)),
        ((FIRST, AWS, THEN), (FIRST, AWS), (FIRST, AWS, THEN)),
    ],
)
async def test_the_copy_that_counts_is_read(
    here: tuple[Entry, ...], there: tuple[Entry, ...], counts: tuple[Entry, ...]
) -> None:
    found = await at_cloudflare(MemoryStore(*here), MemoryStore(*there)).read(DOMAIN)
    assert found == Ledger(counts)


async def test_a_domain_whose_ledger_is_at_either_cloud_has_one() -> None:
    assert await Recorder(MemoryStore(), Hosting.AWS).domains() == ()
    assert await Recorder(MemoryStore(FIRST), Hosting.AWS).domains() == (DOMAIN,)
    assert await at_cloudflare(MemoryStore(), MemoryStore(FIRST)).domains() == (DOMAIN,)
    assert await at_cloudflare(MemoryStore(FIRST), MemoryStore()).domains() == (DOMAIN,)


async def test_where_the_copy_here_counts_the_other_cloud_is_asked_once_and_may_be_down() -> None:
    down = MemoryStore()
    down.fails["read"] = "no answer"
    here = (FIRST, AWS, THEN)
    for other in (MemoryStore(FIRST, AWS, THEN), down):
        recorder = at_cloudflare(MemoryStore(*here), other)
        for _ in range(3):
            assert (await recorder.read(DOMAIN)).hosting == "cloudflare"
        assert other.calls == [("read", DOMAIN)]
    with pytest.raises(UndeterminedError, match="no answer"):
        await at_cloudflare(MemoryStore(FIRST, AWS), down).read(DOMAIN)
    assert (await Recorder(MemoryStore(FIRST), Hosting.AWS).read(DOMAIN)).hosting is None


async def test_an_old_ledger_is_the_clouds_that_has_it() -> None:
    found = await at_cloudflare(MemoryStore(), MemoryStore(FIRST)).read(DOMAIN)
    assert found.entries == (FIRST, Hosted(2, NOW, "aws"))
    store, other = MemoryStore(), MemoryStore(FIRST)
    await at_cloudflare(store, other).hand_over(DOMAIN)
    assert store.entries == other.entries == MemoryStore(FIRST, AWS, THEN).entries


async def test_what_did_not_come_about_is_written_anew() -> None:
    store = MemoryStore()
    recorder = Recorder(store, Hosting.CLOUDFLARE, lambda: NOW)
    for anew in (False, False, True):
        await recorder.host_target(DOMAIN, "Z1", "cloudflare", 300, anew=anew)
    assert len(store.entries) == 2


async def test_two_histories_are_no_ledger() -> None:
    anew = MemoryStore(Hosted(1, NOW, "aws"))
    with pytest.raises(LedgerError, match="differ from entry 1 on"):
        await at_cloudflare(anew, MemoryStore(FIRST, AWS)).read(DOMAIN)


@pytest.mark.parametrize("here", [(), (FIRST,), (FIRST, AWS)])
async def test_it_is_handed_over_and_the_other_copy_is_told(here: tuple[Entry, ...]) -> None:
    other, store = MemoryStore(FIRST, AWS), MemoryStore(*here)
    for _ in range(2):  # safe to repeat
        await at_cloudflare(store, other).hand_over(DOMAIN)
        assert store.entries == other.entries == MemoryStore(FIRST, AWS, THEN).entries
    await Recorder(store, Hosting.CLOUDFLARE, lambda: NOW).hand_over(DOMAIN)  # nothing moves
    assert store.entries == other.entries
    nobody = MemoryStore()
    await at_cloudflare(nobody, MemoryStore()).hand_over(DOMAIN)  # nothing was published yet
    assert nobody.entries == {}


async def test_it_goes_back_with_what_was_written_meanwhile() -> None:
    aws, cloudflare = MemoryStore(FIRST, AWS, THEN), MemoryStore(FIRST, AWS, THEN)
    later = MxSeen(4, NOW, ("mx2.example.gov",), 300)
    cloudflare.entries[4] = render_entry(later)
    back = Recorder(aws, Hosting.AWS, lambda: NOW, lambda: cloudflare)
    await back.hand_over(DOMAIN)
    expected = MemoryStore(FIRST, AWS, THEN, later, Hosted(5, NOW, "aws"))
    assert aws.entries == cloudflare.entries == expected.entries


async def test_a_copy_that_cannot_be_written_leaves_the_other_one_the_one_that_counts() -> None:
    other = MemoryStore(FIRST, AWS)
    with pytest.raises(UndeterminedError, match="no bucket"):
        await at_cloudflare(MemoryStore(full=1), other).hand_over(DOMAIN)
    assert other.entries == MemoryStore(FIRST, AWS).entries
    # Told, and not yet copied: neither counts, and the next run goes on.
    store = MemoryStore(full=2)
    with pytest.raises(UndeterminedError, match="no bucket"):
        await at_cloudflare(store, other).hand_over(DOMAIN)
    assert other.entries == MemoryStore(FIRST, AWS, THEN).entries
    with pytest.raises(LedgerError, match="is not at"):
        await at_cloudflare(store, other).enter(DOMAIN, Stage.LIVE)
    store.full = None
    await at_cloudflare(store, other).hand_over(DOMAIN)
    assert store.entries == other.entries
    last = (await at_cloudflare(store, other).read(DOMAIN)).entries[-1]
    assert last == Hosted(len(other.entries), NOW, "cloudflare")


async def test_a_copy_beside_ours_does_no_harm_unless_it_differs() -> None:
    store = MemoryStore(rival=render_entry(AWS))
    with pytest.raises(LedgerError, match="another run has written entry 1"):
        await at_cloudflare(store, MemoryStore(FIRST, AWS)).hand_over(DOMAIN)
    assert store.entries[2] == render_entry(AWS)  # the same, whoever wrote it


@pytest.mark.parametrize("room", [0, 1, 2])
async def test_a_copy_that_was_cut_off_is_no_ledger_and_is_made_whole(room: int) -> None:
    store, other = MemoryStore(full=room), MemoryStore(FIRST, AWS, *MORE)
    with pytest.raises(UndeterminedError, match="no bucket"):
        await at_cloudflare(store, other).hand_over(DOMAIN)
    assert other.entries == MemoryStore(FIRST, AWS, *MORE).entries  # it goes on to count
    alone = Recorder(store, Hosting.CLOUDFLARE)
    if room:
        with pytest.raises(LedgerError, match="is missing"):
            await alone.read(DOMAIN)
    assert await at_cloudflare(store, other).read(DOMAIN) == Ledger((FIRST, AWS, *MORE))
    store.full = None
    await at_cloudflare(store, other).hand_over(DOMAIN)
    assert store.entries == other.entries
    assert len(store.entries) == 5


@pytest.mark.parametrize("known", [(FIRST, AWS), (FIRST,)])
async def test_a_copy_that_does_not_count_says_where_the_domain_is(
    known: tuple[Entry, ...],
) -> None:
    store, other = MemoryStore(), MemoryStore(*known)
    for _ in range(2):
        await at_cloudflare(store, other).take(DOMAIN)
        assert store.entries == other.entries == MemoryStore(FIRST, AWS).entries
    assert (await Recorder(store, Hosting.CLOUDFLARE).read(DOMAIN)).hosting == "aws"
    await Recorder(store, Hosting.CLOUDFLARE).take(DOMAIN)  # nothing moves
    assert store.entries == other.entries


async def test_a_ledger_of_an_earlier_life_does_not_count() -> None:
    earlier = MemoryStore(MxSeen(1, NOW, ("old.example.gov",), 300), Hosted(2, NOW, "cloudflare"))
    round_trip = MemoryStore(MxSeen(1, NOW, (), 300), AWS, Hosted(3, NOW, "cloudflare"))
    for kept in (earlier, round_trip):
        for method in ("read", "hand_over"):
            with pytest.raises(LedgerError, match="of an earlier ledger"):
                await getattr(at_cloudflare(kept, MemoryStore(FIRST, AWS)), method)(DOMAIN)
    assert await at_cloudflare(earlier, MemoryStore()).read(DOMAIN) == Ledger(
        (MxSeen(1, NOW, ("old.example.gov",), 300), Hosted(2, NOW, "cloudflare"))
    )


async def test_a_first_step_writes_nothing_to_a_bucket_that_is_not_there_yet() -> None:
    store = MemoryStore(FIRST)
    about_to = Recorder(store, Hosting.CLOUDFLARE, lambda: NOW, lambda: MemoryStore(full=0))
    for _ in range(2):
        await about_to.hand_over(DOMAIN)
        assert store.entries == MemoryStore(FIRST, Hosted(2, NOW, "cloudflare")).entries
    both = MemoryStore(FIRST)  # each has the same, and neither says whose it is
    await Recorder(both, Hosting.CLOUDFLARE, lambda: NOW, lambda: MemoryStore(FIRST)).hand_over(
        DOMAIN
    )
    assert both.entries == store.entries


async def test_lock_and_latch_go_along() -> None:
    aws = MemoryStore()
    first = Recorder(aws, Hosting.AWS, lambda: NOW)
    policy = Policy(Mode.ENFORCE, 86_400, (MxPattern.parse("mx1.example.gov"),))
    await first.ensure_body(DOMAIN, intend(Ledger(), policy))
    for fails in (True, False):
        store = MemoryStore()
        store.fails |= {"lock": "no right to"} if fails else {}
        moving = at_cloudflare(store, aws).hand_over(DOMAIN)
        if fails:
            with pytest.raises(UndeterminedError, match="no right to"):
                await moving
            assert store.entries == {}
            continue
        await moving
        assert store.is_locked
        assert LATCH in store.kept[DOMAIN]
        assert store.entries == aws.entries


async def test_nothing_is_written_where_another_copy_counts() -> None:
    store = MemoryStore(FIRST, AWS)
    with pytest.raises(LedgerError, match="is not at cloudflare yet"):
        await Recorder(store, Hosting.CLOUDFLARE).enter(DOMAIN, Stage.LIVE)
    assert len(store.entries) == 2


async def test_what_is_written_at_once_stands_one_after_the_other() -> None:
    store = MemoryStore()
    recorder = Recorder(store, Hosting.AWS, lambda: NOW)
    body = intend(Ledger(), Policy(Mode.NONE, 86_400, ()))
    await asyncio.gather(
        recorder.ensure_body(DOMAIN, body),
        *(recorder.host_target(DOMAIN, "Z1", "aws", 300) for _ in range(2)),
        recorder.hosted(DOMAIN, Ledger()),
        recorder.enter(DOMAIN, Stage.LIVE),
    )
    entries = (await recorder.read(DOMAIN)).entries
    assert [each.number for each in entries] == [1, 2, 3, 4]
    assert entries[1:] == (
        HostTarget(2, NOW, "Z1", "aws", 300),
        Hosted(3, NOW, "aws"),
        StageEntered(4, NOW, Stage.LIVE),
    )
    await recorder.hosted(DOMAIN, await recorder.read(DOMAIN))
    await recorder.host_target(DOMAIN, "Z1", "cloudflare", 300)
    ledger = await recorder.read(DOMAIN)
    assert ledger.host_target("Z1") == HostTarget(5, NOW, "Z1", "cloudflare", 300)
    assert (ledger.has_moved("Z1"), ledger.has_moved("Z2"), ledger.host_target("Z2")) == (
        True,
        False,
        None,
    )
