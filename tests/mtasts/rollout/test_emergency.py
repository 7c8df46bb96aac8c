"""The way back to testing that nothing blocks: what goes out, what is noted, and how it ends.

What an attacker wins by refusing everything: RFC 8461 section 10.3.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from facts_of import replace
from fake_account import FakeAccount
from memory_store import DOMAIN, MemoryStore
from surveys import NOW, OLD, ZONE, ledger, mx, placed, survey

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.config import Dns, Hosting, load
from mtasts.errors import UndeterminedError
from mtasts.ledger.emergency_notes import (
    Note,
    missing,
    read_notes,
    render_body,
    render_proof,
    render_taken_in,
)
from mtasts.ledger.entries import (
    Body,
    Hosted,
    LedgerError,
    Proof,
    ProtectionChanged,
    StageEntered,
    ZoneSeen,
)
from mtasts.ledger.history import Intended, Ledger, read
from mtasts.ledger.phases import ALL, Parts
from mtasts.ledger.recorder import Recorder
from mtasts.ledger.stages import Stage
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, parse
from mtasts.rollout.decision import decide
from mtasts.rollout.emergency import describe_emergency, describe_end_of_emergency, fresh_id
from mtasts.rollout.facts import mail_domains
from mtasts.rulings import refusal
from mtasts.run.bookkeeping import keep_books, write_down
from mtasts.run.stack_memory import Memory
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.config import AgencyConfig
    from mtasts.rollout.facts import DomainFacts

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")
ID, OTHER = "e" * 32, "f" * 32
LATER = NOW + dt.timedelta(hours=1)


def emergency(**changes: Any) -> DomainFacts:
    """The first domain in an emergency; it was enforced."""
    first: DomainFacts = survey(ledger=placed(proven=True))[0]
    return replace(first, domain=replace(first.domain, emergency=True), **changes)


def noted(id_: str = ID, at: dt.datetime = LATER, *, proven: bool = True) -> Note:
    """A note of the config's own policy."""
    body = survey()[0].domain.policy.render()
    return Note(Body(1, at, body, 0, id_), Proof(2, at, id_) if proven else None)


ELSEWHERE = DnsAnswer("example.gov", "NS", DnsStatus.ANSWERED, ("elsewhere.example",))


def record(id_: str) -> DnsAnswer:
    """The STS record that DNS has."""
    text = f"v=STSv1; id={id_};".encode()
    return DnsAnswer("_mta-sts.example.gov", "TXT", DnsStatus.ANSWERED, strings=((text,),))


FOREIGN = record("foreign")
UNSEEN = replace(FOREIGN, status=DnsStatus.FAILED, strings=())


@pytest.mark.parametrize(
    ("faults", "is_noted"),
    [
        ({"ledger": LedgerError("entry 2 cannot be read")}, True),
        ({"ledger": LedgerError("entry 1 is missing")}, True),
        ({"ledger": UndeterminedError("no answer")}, True),
        ({"delegation": ELSEWHERE}, False),
        ({"zone": UndeterminedError("no answer")}, False),
        ({"former": UndeterminedError("no answer")}, False),
        ({"ledger": LedgerError("x"), "delegation": ELSEWHERE}, True),
        (
            {
                "ledger": LedgerError("x"),
                "mx": DnsAnswer(DOMAIN, "MX", DnsStatus.FAILED, reason="SERVFAIL"),
            },
            True,
        ),
    ],
    ids=[
        "unreadable",
        "missing",
        "undetermined",
        "name-servers",
        "zones",
        "former-zone",
        "two-faults",
        "mx-undetermined",
    ],
)
def test_each_fault_that_holds_a_domain_is_gone_past_in_an_emergency(
    faults: dict[str, Any], *, is_noted: bool
) -> None:
    found = emergency(**faults)
    calm = replace(found, domain=replace(found.domain, emergency=False))
    assert list(decide((calm,), NOW, dns=Dns.ROUTE53).held) == [DOMAIN]
    decision = decide((found,), NOW, dns=Dns.ROUTE53, new_id=lambda: ID)
    assert decision.held == {}
    assert decision.unsettled == {DOMAIN}
    (gone_past,) = decision.emergencies.values()
    assert decision.warnings == tuple(
        f"EMERGENCY: {DOMAIN}: overridden by the emergency: {e.line}" for e in gone_past
    )
    (declared,) = decision.declared
    assert (declared.id, declared.zone, declared.is_noted) == (ID, ZONE, is_noted)
    assert parse(declared.body).mode is Mode.TESTING
    assert declared.keep
    assert declared.parts == ALL  # protection does not fall meanwhile


def test_without_a_fault_an_emergency_is_a_move_to_testing_as_any_other() -> None:
    decision = decide((emergency(),), NOW, dns=Dns.ROUTE53)
    assert (decision.held, decision.emergencies) == ({}, {})
    assert not decision.declared[0].is_noted


@pytest.mark.parametrize(
    "found",
    [
        {"ledger": Ledger(), "delegation": ELSEWHERE},
        {
            "ledger": LedgerError("x"),
            "zone": UndeterminedError("y"),
        },
    ],
    ids=["new", "no-zone-is-known"],
)
def test_where_there_is_nothing_to_come_back_from_or_nowhere_to_write_to_it_is_held(
    found: dict[str, Any],
) -> None:
    decision = decide((emergency(**found),), NOW, dns=Dns.ROUTE53)
    assert list(decision.held) == [DOMAIN]
    assert decision.emergencies == {}


def test_a_stage_that_no_ledger_tells_of_takes_nothing_away() -> None:
    home = {"agency_zone": ZONE, "ledger": LedgerError("x")}
    (declared,) = decide((emergency(**home),), NOW, dns=Dns.MANUAL).declared
    assert declared.parts == Parts()


def test_the_id_is_random_and_a_second_run_keeps_it() -> None:
    assert fresh_id() != fresh_id()
    assert len(fresh_id()) == 32
    unreadable = emergency(ledger=LedgerError("x"), sts=UNSEEN)
    again = replace(unreadable, noted=(noted(OTHER, NOW), noted()))
    (declared,) = decide((again,), NOW, dns=Dns.ROUTE53).declared
    assert (declared.id, declared.intended.is_recorded) == (ID, True)
    foreign = replace(noted(), body=Body(1, NOW, OLD, 0, OTHER))  # another policy
    (declared,) = decide((replace(again, noted=(foreign,)),), NOW, dns=Dns.ROUTE53).declared
    assert declared.id not in (ID, OTHER)


def test_with_a_readable_ledger_the_id_is_written_into_it() -> None:
    found = emergency(delegation=ELSEWHERE, sts=UNSEEN)
    (first,) = decide((found,), NOW, dns=Dns.ROUTE53, new_id=lambda: ID).declared
    assert (first.id, first.intended.revision) == (ID, 1)
    known = found.history
    written = Ledger((*known.entries, first.intended.entry(known.next_number, NOW)))
    (again,) = decide((replace(found, ledger=written),), NOW, dns=Dns.ROUTE53).declared
    assert (again.id, again.intended.is_recorded) == (ID, True)
    # A live id that the ledger does not know is not trusted to be the policy that it names last.
    lost = replace(found, ledger=written, sts=FOREIGN)
    (other,) = decide((lost,), NOW, dns=Dns.ROUTE53, new_id=lambda: OTHER).declared
    assert (other.id, other.intended.revision) == (OTHER, 2)


def test_notes_are_read_as_they_were_written() -> None:
    body = survey()[0].domain.policy.render()
    names = dict(
        (
            render_body(LATER, Intended(body, 0, ID)),
            render_proof(Proof(2, LATER, ID)),
            render_body(NOW, Intended(body, 0, OTHER)),
            ("notes.txt", b"x"),
            (
                f"y{ID}.proof.json",
                render_body(NOW, Intended(body, 0, ID))[1].replace(b'number": 1', b'number": 2'),
            ),
            (
                f"x{ID}.body.json",
                render_proof(Proof(1, NOW, ID))[1].replace(b'number": 2', b'number": 1'),
            ),
        )
    )
    assert read_notes(names, DOMAIN, "repair") == (noted(OTHER, NOW, proven=False), noted())
    assert read_notes({}, DOMAIN, "repair") == ()
    with pytest.raises(
        LedgerError, match=rf"the note emergency/{DOMAIN}/{ID}\.proof\.json of an em"
    ):
        read_notes({f"{ID}.proof.json": b"x"}, DOMAIN, "repair")


def test_a_ledger_that_is_whole_again_takes_in_what_it_missed() -> None:
    known = ledger(proven=True)
    found = missing(known, (noted(OTHER, NOW, proven=False), noted()), "repair")
    kinds = [(type(each), each.number, each.id) for each in found]
    assert kinds == [(Body, 3, OTHER), (Body, 4, ID), (Proof, 5, ID)]
    whole = Ledger((*known.entries, *found))
    assert [body.revision for body in whole.bodies] == [0, 1, 2]
    assert missing(whole, (noted(OTHER, NOW, proven=False), noted()), "repair") == ()
    late = missing(Ledger(whole.entries[:4]), (noted(),), "repair")
    assert [type(each) for each in late] == [Proof]
    with pytest.raises(LedgerError, match="the ledger is empty, though"):
        missing(Ledger(), (noted(),), "repair")
    assert missing(Ledger(), (), "repair") == ()


def test_the_first_line_says_what_happens_and_then_what_was_gone_past() -> None:
    gone_past = {DOMAIN: (refusal("ledger-broken", "entry 1 is missing"),)}
    lines = describe_emergency(gone_past, ["pulumi up -s agency"], "agency").line.splitlines()
    what = f"emergency: {DOMAIN}: mode testing is published as soon as its proof passes"
    assert lines[0].startswith(f"[emergency-declared] {what}")
    assert lines[1:] == [
        f"  {DOMAIN}: overridden by the emergency: [ledger-broken] entry 1 is missing",
        "  publish it past the failed preview: pulumi up --skip-preview -s agency",
        "  look at what senders get: mtasts check --stack agency",
        "  when the causes above are removed (mtasts docs emergencies), end the emergency:",
        "    pulumi up -s agency",
    ]


def config(first: dict[str, object], **flat: str) -> AgencyConfig:
    """A config of two domains; ``first`` is in the entry of one, ``flat`` is of the stack."""
    entries = [{"name": name, "mx": [f"mx.{name}"]} for name in (DOMAIN, "b.example.gov")]
    values = {
        "mtasts:agency": "A",
        "mtasts:tlsReports": ["mailto:a@example.gov"],
        "mtasts:domains": [entries[0] | first, entries[1]],
        "aws:region": "us-east-1",
        "aws:allowedAccountIds": ["123456789012"],
    }
    return load(values | {f"mtasts:{key}": value for key, value in flat.items()}, file="f.yaml")


UP = "pulumi up -s agency"
WHOLE = (
    "pulumi config set mtasts:mode testing -s agency",
    "pulumi config rm mtasts:emergency -s agency",
    UP,
)
ENTRY = f"in f.yaml, write mode: testing into the entry of {DOMAIN}"


@pytest.mark.parametrize(
    ("first", "for_all", "steps"),
    [
        ({}, True, WHOLE),
        ({"mode": "testing"}, True, WHOLE),
        ({"mode": "enforce"}, True, (ENTRY, *WHOLE)),  # it overrules the mode of the stack
        ({"emergency": "testing"}, False, (f"{ENTRY}, and remove emergency there", UP)),
        ({"emergency": "testing"}, True, (f"{ENTRY}, and remove emergency there", *WHOLE)),
    ],
)
def test_the_end_of_an_emergency_leaves_nothing_that_enforces_at_once(
    first: dict[str, object], steps: tuple[str, ...], *, for_all: bool
) -> None:
    found = config(first, mode="enforce", **({"emergency": "testing"} if for_all else {}))
    assert describe_end_of_emergency(found, "agency", is_for_all=for_all) == steps


def test_no_command_changes_the_arguments_of_a_program() -> None:
    found = config({}, emergency="testing")
    ending = describe_end_of_emergency(found, "agency", is_for_all=True, is_stack_file=False)
    assert ending == ("in f.yaml, set mode to testing, and remove emergency", UP)


async def remembered(
    store: MemoryStore, recorder: Recorder | None = None
) -> tuple[Any, tuple[Note, ...]]:
    identity = asyncio.create_task(in_thread(lambda: "123456789012"))
    memory = Memory(lambda _: recorder or Recorder(store, Hosting.AWS), identity)
    before = store.count("emergencies")
    await memory.history("other.example")
    found = await memory.history(DOMAIN)
    assert store.count("emergencies") == before + 1
    return found


async def test_a_run_has_the_notes_in_the_ledger_before_it_judges_and_then_writes_them() -> None:
    store = MemoryStore(*ledger(proven=True).entries)
    recorder = Recorder(store, Hosting.AWS, lambda: LATER)
    meant = Intended(noted().body.body, 0, ID)
    for _ in range(2):  # a second run changes nothing
        await recorder.note_body(DOMAIN, meant)
        await recorder.note_proof(DOMAIN, ID, (), ())
    grown, notes = await remembered(store)
    assert notes == (noted(),)
    assert [body.id for body in grown.bodies] == ["old", ID]
    found = replace(survey(ledger=grown)[0], noted=notes)
    for _ in range(2):
        await keep_books(recorder, (found,), decide((found,), LATER, dns=Dns.ROUTE53))
        _, notes = await remembered(store)
        # A promotion may end before its record now, so no emergency serves under that id again.
        assert notes == ()
        found = replace(found, noted=notes)
    assert store.count("note") == 5  # body and proof twice, and once that it was taken in
    written = read(store.entries)
    assert [body.id for body in written.bodies] == ["old", ID]
    assert all(map(written.is_proven, written.bodies))


@pytest.mark.parametrize(
    ("live", "kept"),
    [
        (None, True),
        (ID, True),
        ("old", False),  # what was published since then may have been served under it
    ],
)
def test_a_noted_id_that_dns_does_not_name_is_not_served_again(
    live: str | None, *, kept: bool
) -> None:
    sts = UNSEEN if live is None else record(live)
    found = emergency(ledger=LedgerError("x"), sts=sts)
    again = replace(found, noted=(noted(),))
    (declared,) = decide((again,), NOW, dns=Dns.ROUTE53, new_id=lambda: OTHER).declared
    assert declared.id == (ID if kept else OTHER)


async def test_notes_go_into_the_ledger_that_a_move_has_handed_over() -> None:
    known = Ledger(
        (
            *placed(proven=True).entries,
            Hosted(4, NOW, "aws"),
            ProtectionChanged(5, NOW, is_free=True),
        )
    )
    here, there = MemoryStore(), MemoryStore(*known.entries)
    recorder = Recorder(here, Hosting.CLOUDFLARE, lambda: LATER, lambda: there)
    await recorder.note_body(DOMAIN, Intended(noted().body.body, 0, ID))
    grown, notes = await remembered(here, recorder)
    moving: dict[str, Any] = {
        "hosting": Hosting.CLOUDFLARE,
        "leaving": Hosting.AWS,
        "sts": record(ID),
    }
    found = replace(survey(ledger=grown)[0], noted=notes, **moving)
    decision = decide((found,), LATER, dns=Dns.ROUTE53)
    assert decision.held == {}
    await keep_books(recorder, (found,), decision)
    written = read(here.entries)
    assert [body.id for body in written.bodies] == ["old", ID]
    assert written.hosting == "cloudflare"
    assert (await remembered(here, recorder))[1] == ()
    # One that is held at the other cloud is not written to here, and stops no other domain.
    here, there = MemoryStore(), MemoryStore(*known.entries)
    recorder = Recorder(here, Hosting.CLOUDFLARE, lambda: LATER, lambda: there)
    await recorder.note_body(DOMAIN, Intended(noted().body.body, 0, ID))
    held = replace(found, delegation=ELSEWHERE)
    await keep_books(recorder, (held,), decide((held,), LATER, dns=Dns.ROUTE53))
    assert read(here.entries) == known


@pytest.mark.parametrize("is_emergency", [True, False])
@pytest.mark.parametrize("fails", [("append", DOMAIN), "append"], ids=["one", "all"])
async def test_a_ledger_that_takes_nothing_holds_its_domain_alone_and_no_way_back(
    fails: str | tuple[str, str], *, is_emergency: bool
) -> None:
    other, known = "b.example.gov", placed(proven=True)
    first, second, parked = survey(ledger=known)
    domains = (
        replace(first, domain=replace(first.domain, emergency=is_emergency)),
        replace(second, domain=replace(second.domain, mode=Mode.TESTING)),
        parked,
    )
    store = MemoryStore(*known.entries)
    store.ledgers[other] = dict(store.entries)
    store.fails[fails] = "R2 is read-only"
    recorder = Recorder(store, Hosting.AWS, lambda: NOW)
    judge = partial(decide, now=NOW, dns=Dns.ROUTE53, new_id=lambda: ID)
    around, decision, _ = await write_down(recorder, domains, judge(domains), judge)
    failed = [DOMAIN, other] if fails == "append" else [DOMAIN]
    assert [each.name for each in mail_domains(around) if each.unwritten] == failed
    why = dict.fromkeys(failed, (refusal("ledger-not-written", "R2 is read-only"),))
    assert decision.emergencies == ({DOMAIN: why.pop(DOMAIN)} if is_emergency else {})
    assert decision.held == why
    one, beside = decision.declared
    assert (one.id, one.is_noted) == ((ID, True) if is_emergency else ("old", False))
    # The other one goes on, to testing, unless its own ledger takes nothing.
    assert (beside.domain, beside.id == "old") == (other, fails == "append")
    assert one.parts == beside.parts == ALL
    assert len(store.ledgers[other]) == (3 if fails == "append" else 6)


async def test_of_a_domain_that_is_not_live_a_failing_ledger_protects_no_more() -> None:
    """What was not written changes nothing of what is declared: stage, protection, bucket."""
    body = Body(1, NOW, noted().body.body, 0, "old")  # testing
    stage = StageEntered(3, NOW, Stage.REQUESTED)
    known = Ledger((body, Proof(2, NOW, "old"), stage))
    (first, *_) = survey(ledger=known)
    found = replace(first, agency_zone=ZONE, unwritten=UndeterminedError("no answer"))
    (declared,) = decide((found,), NOW, dns=Dns.MANUAL).declared
    assert (declared.keep, declared.parts.certificate, declared.parts.record.is_declared) == (
        False,
        False,
        False,
    )


async def test_notes_that_are_not_known_make_the_ledger_unknown() -> None:
    store = MemoryStore(*ledger(proven=True).entries)
    store.fails["emergencies"] = "no answer"
    found, notes = await remembered(store)
    assert (str(found), notes) == ("no answer", ())
    store = MemoryStore(*ledger(proven=True).entries)
    store.noted[DOMAIN][f"{ID}.body.json"] = b"x"
    found, _ = await remembered(store)
    assert isinstance(found, LedgerError)
    broken = MemoryStore(*ledger(proven=True).entries)
    broken.entries[1] = b"x"
    broken.noted[DOMAIN].update([render_body(LATER, Intended(noted().body.body, 0, ID))])
    found, notes = await remembered(broken)
    assert isinstance(found, LedgerError)
    assert notes == (noted(proven=False),)


async def test_in_an_emergency_nothing_but_what_is_served_is_written_down() -> None:
    known = placed(proven=True)
    store = MemoryStore(*known.entries)
    found = emergency(delegation=ELSEWHERE, zone=replace(ZONE, zone_id="Z9"), mx=mx(DOMAIN))
    decision = decide((found,), NOW, dns=Dns.ROUTE53)
    await keep_books(Recorder(store, Hosting.AWS, lambda: NOW), (found,), decision)
    zones = [each for each in read(store.entries).entries if isinstance(each, ZoneSeen)]
    assert [each.zone for each in zones] == [ZONE]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as url:
        yield url


@pytest.fixture
def s3_store(url: str) -> S3Store:
    settings = AwsSettings(
        "us-east-1", access_key="A", secret_key="b", endpoints={"s3": url, "sts": url}
    )
    bucket = f"mtasts-{uuid.uuid4().hex[:12]}"
    session().client("s3", endpoint_url=url).create_bucket(Bucket=bucket)
    return S3Store(Account(settings, attempts_max=1), bucket, "agency")


def test_notes_lie_beside_the_ledger_and_are_written_once(s3_store: S3Store) -> None:
    assert s3_store.emergencies() == {}
    for raw in (b"one", b"two"):
        s3_store.note(DOMAIN, "a.json", raw)
    assert s3_store.emergencies() == {DOMAIN: {"a.json": b"one"}}
    s3_store.note(DOMAIN, f"{ID}.body.json", b"two")
    s3_store.note(DOMAIN, *render_taken_in(noted().body, NOW))
    assert s3_store.emergencies() == {DOMAIN: {"a.json": b"one"}}  # the other is in its ledger
    assert s3_store.domains() == ()
    gone = S3Store(s3_store._account, "no-such-bucket", "agency")
    assert gone.emergencies() == {}
    with pytest.raises(UndeterminedError, match="the note of an emergency of"):
        gone.note(DOMAIN, "a.json", b"x")


def test_a_note_counts_as_it_was_written_first(s3_store: S3Store) -> None:
    s3, at = s3_store.s3(), {"Bucket": s3_store.bucket}
    s3.put_bucket_versioning(**at, VersioningConfiguration={"Status": "Enabled"})
    for name in ("a.json", "b.json"):
        s3_store.note(DOMAIN, name, b"one")
    s3.put_object(**at, Key=f"emergency/{DOMAIN}/a.json", Body=b"two")
    s3.delete_object(**at, Key=f"emergency/{DOMAIN}/b.json")
    assert s3_store.emergencies() == {DOMAIN: {"a.json": b"one", "b.json": b"one"}}


def test_there_may_be_more_notes_than_one_page_of_a_listing_has(
    s3_store: S3Store,
) -> None:
    class PagesOfTwo(S3Store):
        def pages(self, start: str, **options: Any) -> Iterator[Any]:
            yield from super().pages(start, PaginationConfig={"PageSize": 2}, **options)

    for number in range(5):
        s3_store.note(DOMAIN, f"{number}.json", b"x")
    paged = PagesOfTwo(s3_store._account, s3_store.bucket, "agency")
    assert len(paged.emergencies()[DOMAIN]) == 5


def test_notes_without_end_or_answer_are_not_known(s3_store: S3Store) -> None:
    class Small(S3Store):
        ledger_max_bytes = 255

    s3_store.note(DOMAIN, "a.json", b"x")
    with pytest.raises(LedgerError, match="below emergency/ are more than 255 bytes"):
        Small(s3_store._account, s3_store.bucket, "agency").emergencies()
    nobody = session().client("s3", endpoint_url="http://127.0.0.1:1")
    silent = FakeAccount(clients={"s3": nobody})
    with pytest.raises(UndeterminedError, match="the notes of emergencies"):
        S3Store(silent, s3_store.bucket, "agency").emergencies()
