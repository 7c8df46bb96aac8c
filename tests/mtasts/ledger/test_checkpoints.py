"""Checkpoints and the latch: reading stays cheap, and a ledger that lost entries is found out."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_store import DOMAIN, MemoryStore
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.s3.models import s3_backends

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.ledger_listing import OBJECT_BYTES
from mtasts.config import Hosting
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Adopted, LedgerError, MxSeen, parse_entry, render_entry
from mtasts.ledger.history import Ledger, intend, read_kept
from mtasts.ledger.kept import (
    LATCH,
    Kept,
    Limits,
    block,
    chain,
    checkpoint_name,
    checkpoint_number,
    parse_checkpoint,
    render_checkpoint,
)
from mtasts.ledger.recorder import Recorder
from mtasts.ledger.run_cache import Book
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ENFORCE = Policy(Mode.ENFORCE, 86_400, (MxPattern.parse("mx1.example.gov"),))
TESTING = Policy(Mode.TESTING, 86_400, (MxPattern.parse("mx1.example.gov"),))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as url:
        yield url


class Bucket:
    """A versioned bucket of moto's, and the store of ledgers in it; ``calls`` are the store's."""

    def __init__(self, url: str) -> None:
        self.name = f"b-{uuid.uuid4().hex[:12]}"
        self.s3: Any = session().client("s3", endpoint_url=url)
        self.s3.create_bucket(Bucket=self.name)
        self.s3.put_bucket_versioning(
            Bucket=self.name, VersioningConfiguration={"Status": "Enabled"}
        )
        at = {"s3": url, "sts": url}
        account = Account(
            AwsSettings("us-east-1", access_key="local", secret_key="local", endpoints=at),
            attempts_max=1,
        )
        self.calls: list[str] = []
        account.client("s3").meta.events.register("before-call.s3", self._count)
        self.store = S3Store(account, self.name, "agency")

    def _count(self, model: Any, **_: object) -> None:
        self.calls.append(model.name)

    def fill(self, first: int, last: int) -> None:
        """Entries put past HTTP, since a thousand requests take a quarter of a minute."""
        backend = s3_backends[ACCOUNT_ID]["aws"]
        for number in range(first, last + 1):
            backend.put_object(self.name, f"ledger/{DOMAIN}/{number}.json", entry(number))

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=f"ledger/{DOMAIN}/{key}", Body=content)

    def remove(self, key: str) -> None:
        """Delete every version."""
        name = f"ledger/{DOMAIN}/{key}"
        for each in self.s3.list_object_versions(Bucket=self.name, Prefix=name)["Versions"]:
            self.s3.delete_object(Bucket=self.name, Key=name, VersionId=each["VersionId"])

    def checkpoint(self, number: int) -> None:
        made = render_checkpoint(DOMAIN, entries(number), number)
        assert made is not None
        self.store.keep(DOMAIN, checkpoint_name(number), made)

    def read(self) -> tuple[Kept, list[str]]:
        """What a new reader finds, and the calls that it makes."""
        self.calls.clear()
        found = self.store.read(DOMAIN)
        return found, list(self.calls)


@pytest.fixture
def bucket(url: str) -> Bucket:
    return Bucket(url)


def entry(number: int) -> bytes:
    return render_entry(MxSeen(number, NOW, (f"mx{number}.example.gov",), 300))


def entries(count: int) -> dict[int, bytes]:
    return {number: entry(number) for number in range(1, count + 1)}


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=12))
def test_a_checkpoint_gives_back_any_bytes(raws: list[bytes]) -> None:
    held = dict(enumerate(raws, start=1))
    made = render_checkpoint(DOMAIN, held, len(held))
    assert made == render_checkpoint(DOMAIN, {**held, len(held) + 1: b"later"}, len(held))
    assert made is not None
    assert parse_checkpoint(made, DOMAIN, len(held)) == held


def altered(**changes: object) -> bytes:
    made = render_checkpoint(DOMAIN, entries(3), 3)
    assert made is not None
    return gzip.compress(json.dumps(json.loads(gzip.decompress(made)) | changes).encode())


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        pytest.param(b"", "is cut off", id="empty"),
        pytest.param(b"no gzip", "cannot be read", id="not-packed"),
        pytest.param(altered()[:-9], "is cut off", id="cut-off"),
        pytest.param(altered() + b"x", "is cut off", id="more"),
        pytest.param(gzip.compress(b"[]"), "cannot be read", id="list"),
        pytest.param(gzip.compress(b"[" * 100_000), "cannot be read", id="deep"),
        pytest.param(altered(version=2), "another ledger, number or release", id="newer"),
        pytest.param(altered(domain="other.example"), "another ledger", id="domain"),
        pytest.param(altered(number=2), "another ledger", id="number"),
        pytest.param(altered(entries=["a", "b"]), "another ledger", id="fewer"),
        pytest.param(altered(entries=["a", "b", "c"]), "does not match its own digest", id="other"),
        pytest.param(altered(entries=["a", "b", "\u20ac"]), "cannot be read", id="no-bytes"),
        pytest.param(altered(entries=[1, 2, 3]), "cannot be read", id="numbers"),
        pytest.param(altered(sha256="0" * 64), "does not match its own digest", id="digest"),
    ],
)
def test_a_checkpoint_that_is_not_what_it_says_is_none(raw: bytes, says: str) -> None:
    with pytest.raises(LedgerError, match=says):
        parse_checkpoint(raw, DOMAIN, 3)


def test_a_checkpoint_is_bounded_by_size_alone() -> None:
    made = render_checkpoint(DOMAIN, entries(3), 3)
    assert made is not None
    for limits, says in (
        (Limits(len(made) - 1), "larger than"),
        (Limits(len(made), 50), "has more than 50 bytes"),
    ):
        assert render_checkpoint(DOMAIN, entries(3), 3, limits) is None
        with pytest.raises(LedgerError, match=says):
            parse_checkpoint(made, DOMAIN, 3, limits)


def test_the_digest_is_of_the_row_and_of_the_domain() -> None:
    digests = {chain(DOMAIN, [b"a", b"b"]), chain(DOMAIN, [b"ab"]), chain("b.example", [b"ab"])}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (checkpoint_name(1200), 1200),
        ("checkpoint-0000000000.json.gz", None),
        ("checkpoint-1200.json.gz", None),
        ("checkpoint-000000120x.json.gz", None),
        ("checkpoint-.json.gz", None),
        (LATCH, None),
    ],
)
def test_what_is_no_checkpoint_is_none(name: str, number: int | None) -> None:
    assert checkpoint_number(name) == number


@pytest.mark.parametrize(
    ("count", "checkpoint", "due"),
    [
        (0, 0, None),
        (9, 0, None),
        (10, 0, 10),
        (19, 10, None),
        (25, 10, 20),
        (999, 0, 990),
        (1005, 990, 1000),
        (1099, 1000, None),
        (2050, 1000, 2000),
    ],
)
def test_a_checkpoint_is_due_at_round_numbers(count: int, checkpoint: int, due: int | None) -> None:
    assert Kept(dict.fromkeys(range(1, count + 1), b""), checkpoint).due == due


@pytest.mark.parametrize(
    ("number", "starts"),
    [(1, ""), (9, ""), (10, "1"), (129, "12"), (999, "99"), (1000, "10"), (20_099, "200")],
)
def test_an_entry_and_its_neighbours_begin_alike(number: int, starts: str) -> None:
    assert block(number) == starts
    assert str(number).startswith(starts)


def test_a_short_ledger_is_one_listing(bucket: Bucket) -> None:
    bucket.fill(1, 3)
    found, calls = bucket.read()
    assert (found.entries, found.checkpoint, found.is_latched) == (entries(3), 0, False)
    assert calls == ["ListObjectVersions", *["GetObject"] * 3]


def test_of_what_a_checkpoint_has_only_the_last_entry_is_read(bucket: Bucket) -> None:
    bucket.fill(1, 23)
    bucket.checkpoint(10)
    bucket.checkpoint(20)
    bucket.store.keep(DOMAIN, LATCH, b"{}")
    found, calls = bucket.read()
    assert (found.entries, found.checkpoint, found.is_latched) == (entries(23), 20, True)
    # The checkpoint, and the entries 20 to 23.
    assert calls == ["ListObjectVersions", *["GetObject"] * 5]
    assert list(found.entries) == sorted(found.entries)


def test_a_long_ledger_is_read_from_its_newest_checkpoint(bucket: Bucket) -> None:
    """From one that lies behind by more than a block, and from the newest."""
    bucket.fill(1, 1203)
    bucket.store.keep(DOMAIN, LATCH, b"{}")
    for newest in (1000, 1100):
        bucket.checkpoint(newest)
        found, calls = bucket.read()
        assert (found.entries, found.checkpoint) == (entries(1203), newest)
        assert found.is_latched
        # The checkpoint, and the entries from its last one on.
        assert calls.count("GetObject") == 1 + 1203 - newest + 1
        # The first thousand, what is kept beside them, and each block up to one that has an end.
        assert calls.count("ListObjectVersions") == 2 + (1200 - newest) // 100 + 1


def test_a_long_ledger_without_a_checkpoint_is_read_from_its_beginning(bucket: Bucket) -> None:
    bucket.fill(1, 33)
    bucket.store = PagesOfTen(bucket.store._account, bucket.name, "agency")
    assert not bucket.store.look(f"ledger/{DOMAIN}/", everything=False).is_whole
    found, calls = bucket.read()
    assert (found.entries, found.checkpoint, found.is_latched) == (entries(33), 0, False)
    assert calls.count("GetObject") == 33


def test_what_is_known_is_not_read_again(bucket: Bucket) -> None:
    bucket.fill(1, 12)
    found, _ = bucket.read()
    bucket.calls.clear()
    assert bucket.store.read(DOMAIN, found) is found
    bucket.fill(13, 21)
    later = bucket.store.read(DOMAIN, found)
    assert later.entries == entries(21)
    assert bucket.calls.count("GetObject") == 9
    torn = Kept({2: entry(2)})
    assert bucket.store.read(DOMAIN, torn).entries == entries(21)  # a copy that was cut off


def test_a_checkpoint_tells_of_entries_that_are_gone(bucket: Bucket) -> None:
    bucket.fill(1, 20)
    bucket.checkpoint(20)
    bucket.remove("20.json")
    with pytest.raises(LedgerError, match="entry 20 of the ledger is missing, though the checkp"):
        bucket.read()
    bucket.fill(20, 20)
    bucket.remove("7.json")
    with pytest.raises(LedgerError, match=r"entry 7 .*mtasts ledger repair agency --domain exam"):
        bucket.read()


def test_a_long_ledger_whose_checkpoint_lost_its_last_entry_is_none(
    bucket: Bucket,
) -> None:
    bucket.fill(1, 33)
    bucket.checkpoint(30)
    bucket.store = PagesOfTen(bucket.store._account, bucket.name, "agency")
    assert not bucket.store.look(f"ledger/{DOMAIN}/", everything=False).is_whole
    assert bucket.read()[0].entries == entries(33)
    bucket.remove("30.json")
    with pytest.raises(LedgerError, match="entry 30 of the ledger is missing"):
        bucket.read()


class PagesOfTen(S3Store):
    """Its listings have ten keys a page."""

    def pages(self, start: str, **options: Any) -> Iterator[Any]:
        yield from super().pages(start, PaginationConfig={"PageSize": 10}, **options)


@pytest.mark.parametrize("what", ["another entry", "another checkpoint"])
def test_a_checkpoint_that_contradicts_the_entries_is_an_unreadable_ledger(
    bucket: Bucket, what: str
) -> None:
    bucket.fill(1, 9)
    bucket.put("10.json", render_entry(MxSeen(10, NOW, (), 0)))
    if what == "another entry":
        bucket.checkpoint(10)
        says = "the checkpoint 10 and the ledger have different entries 10"
    else:
        bucket.put(f"kept/{checkpoint_name(10)}", b"x")
        says = "the checkpoint 10 of the ledger of example.gov is cut off"
    with pytest.raises(LedgerError, match=says):
        bucket.read()


def test_an_audit_compares_every_entry_with_every_checkpoint(bucket: Bucket) -> None:
    bucket.fill(1, 25)
    for number in (10, 20):
        bucket.checkpoint(number)
    assert bucket.store.audit(DOMAIN).entries == entries(25)
    assert bucket.store.audit("new.example").entries == {}
    bucket.remove("3.json")
    bucket.put("3.json", b"forged")
    assert bucket.read()[0].entries == entries(25)  # the checkpoint has it as it was
    with pytest.raises(
        LedgerError, match="the checkpoint 10 and the ledger have different entries 3"
    ):
        bucket.store.audit(DOMAIN)


class SmallStore(S3Store):
    """It takes no ledger of five objects."""

    ledger_max_bytes = 5 * OBJECT_BYTES - 1


def test_a_ledger_is_bounded_by_size(bucket: Bucket) -> None:
    bucket.fill(1, 5)
    bucket.store = SmallStore(bucket.store._account, bucket.name, "agency")
    with pytest.raises(LedgerError, match="are more than 1279 bytes"):
        bucket.read()


async def test_each_run_makes_the_checkpoint_that_is_due() -> None:
    store = MemoryStore(*(MxSeen(n, NOW, (), 0) for n in range(1, 12)))
    for _ in range(2):
        recorder = Recorder(store, Hosting.AWS, lambda: NOW)
        for _ in range(2):
            await recorder.keep(DOMAIN)
    assert list(store.kept[DOMAIN]) == [checkpoint_name(10)]
    assert store.count("keep") == 1
    assert not store.is_locked  # nobody relies on it


async def test_one_run_reads_a_ledger_once() -> None:
    """As a run does it: survey, start of an up, both hooks, and a later look."""
    store = MemoryStore()
    first = intend(Ledger(), TESTING)
    for _ in range(2):
        recorder = Recorder(store, Hosting.AWS, lambda: NOW)
        ledger = await recorder.read(DOMAIN)
        await recorder.keep(DOMAIN)
        await recorder.ensure_body(DOMAIN, first)
        await recorder.hosted(DOMAIN, await recorder.read(DOMAIN))
        await recorder.host_target(DOMAIN, "Z1", "aws", 300)
        await recorder.proven(DOMAIN, first.id, (), ())
        assert await recorder.read(DOMAIN) != ledger
    assert store.count("read") == 2
    # An append needs no look; that there is nothing to append does.
    assert store.count("append") == 5
    assert store.count("look") == 2


async def test_who_was_overtaken_looks_again() -> None:
    """A run that wrote meanwhile is met, be it in the way or only ahead."""
    store = MemoryStore()
    slow = Recorder(store, Hosting.AWS, lambda: NOW)
    first = intend(await slow.read(DOMAIN), TESTING)
    await slow.ensure_body(DOMAIN, first)
    other = Recorder(store, Hosting.AWS, lambda: NOW)
    await other.enter(DOMAIN, keeping_stage())
    await slow.proven(DOMAIN, first.id, (), ())
    assert list(store.entries) == [1, 2, 3]
    await other.ensure_body(DOMAIN, intend(await other.read(DOMAIN), ENFORCE))
    with pytest.raises(LedgerError, match="has changed since this run began"):
        await slow.ensure_body(DOMAIN, first)


def keeping_stage() -> Any:
    from mtasts.ledger.stages import Stage  # for one test

    return Stage.LIVE


async def test_lock_and_latch_stand_before_anybody_gets_a_body_in_enforce() -> None:
    store = MemoryStore()
    recorder = Recorder(store, Hosting.CLOUDFLARE, lambda: NOW)
    await recorder.ensure_body(DOMAIN, intend(Ledger(), TESTING))
    assert (store.is_locked, store.kept[DOMAIN]) == (False, {})
    store.calls.clear()
    enforced = intend(await recorder.read(DOMAIN), ENFORCE)
    for _ in range(2):
        await recorder.ensure_body(DOMAIN, enforced)
    assert [call for call, _ in store.calls if call != "look"] == ["lock", "append", "keep"]
    assert json.loads(store.kept[DOMAIN][LATCH]) == {
        "version": 1,
        "domain": DOMAIN,
        "at": NOW.isoformat(),
    }


@pytest.mark.parametrize("fault", ["lock", "keep"])
async def test_what_cannot_be_locked_or_latched_holds_up_enforce_and_not_the_way_back(
    fault: str,
) -> None:
    store = MemoryStore()
    store.fails[fault] = "no right to"
    recorder = Recorder(store, Hosting.CLOUDFLARE, lambda: NOW)
    enforced = intend(Ledger(), ENFORCE)
    for _ in range(2):  # a rerun, too, whose entry stands already
        with pytest.raises(UndeterminedError, match="no right to"):
            await Recorder(store, Hosting.CLOUDFLARE, lambda: NOW).ensure_body(DOMAIN, enforced)
    assert LATCH not in store.kept[DOMAIN]
    assert bool(store.entries) is (fault == "keep")
    back = intend(await recorder.read(DOMAIN), TESTING)
    await recorder.ensure_body(DOMAIN, back)
    assert (await recorder.read(DOMAIN)).last_body is not None


async def test_a_lost_end_is_noticed_where_a_body_in_enforce_was_in_it() -> None:
    store = MemoryStore()
    recorder = Recorder(store, Hosting.AWS, lambda: NOW)
    await recorder.ensure_body(DOMAIN, intend(Ledger(), TESTING))
    await recorder.ensure_body(DOMAIN, intend(await recorder.read(DOMAIN), ENFORCE))
    whole = dict(store.entries)
    for left in (0, 1):
        store.entries = {number: whole[number] for number in range(1, left + 1)}
        with pytest.raises(LedgerError, match=rf"lost its last entries: it has {left} and none in"):
            await Recorder(store, Hosting.AWS).read(DOMAIN)
    store.entries = whole
    assert (await Recorder(store, Hosting.AWS).read(DOMAIN)).tells_of_enforce


def test_what_is_said_to_be_lost_is_no_longer_missed() -> None:
    adopted = Adopted(1, NOW)
    lost = Adopted(2, NOW + dt.timedelta(days=1), is_lost=True)
    one, two = render_entry(adopted), render_entry(lost)
    with pytest.raises(LedgerError, match="lost its last entries"):
        read_kept(Kept({1: one}, is_latched=True))
    ledger = read_kept(Kept({1: one, 2: two}, is_latched=True, notes=("noted",)))
    assert (ledger.adopted, ledger.notes) == (lost, ("noted",))


def test_an_entry_of_an_older_release_was_never_lost() -> None:
    old = json.loads(render_entry(Adopted(1, NOW)))
    del old["is_lost"]
    assert read_kept(Kept({1: json.dumps(old).encode()})).adopted == Adopted(1, NOW)


def test_each_entry_is_understood_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from mtasts.ledger import history  # to count its calls

    parsed: list[int] = []

    def counted(raw: bytes, number: int) -> Any:
        parsed.append(number)
        return parse_entry(raw, number)

    monkeypatch.setattr(history, "parse_entry", counted)
    book = Book(MemoryStore(*(MxSeen(n, NOW, (), 0) for n in (1, 2, 3))))
    for number in (4, 5):
        assert len(book.ledger(DOMAIN).entries) == number - 1
        book.append(DOMAIN, number, entry(number))
    assert len(book.ledger(DOMAIN).entries) == 5
    assert parsed == [1, 2, 3, 4, 5]
