"""Changes are told once each, and what is not known removes nothing."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside
from live_domain import GOOD, body, changed, fetched, session
from loopback import leading, served
from memory_store import MemoryStore
from stack_text import stack_text

from mtasts.check.domain import check_domain
from mtasts.check.notes import Checked, Unknown
from mtasts.check.row import Question
from mtasts.cli.main import main
from mtasts.config import Hosting
from mtasts.errors import UndeterminedError, UsageError
from mtasts.ledger.recorder import Recorder
from mtasts.localcloud.moto_host import moto_running
from mtasts.observations import SmtpOutcome
from mtasts.policy import Mode
from mtasts.watch.changes import (
    Kind,
    Served,
    Standing,
    State,
    StateError,
    compare,
    gravest,
    read_state,
    recall,
    render_state,
)
from mtasts.watch.notify import Topic, Webhook, notify

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from mtasts.check.observed import Observed
    from mtasts.localcloud.authority import Authority
    from mtasts.watch.changes import Change

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def seen(**changes: Any) -> Checked:
    return check_domain(changed(GOOD, **changes), NOW)


BAD = seen(**fetched(status=404))
GOOD_CHECKED = seen()
WRITTEN = render_state(State({"a": compare((), BAD, NOW)[0]}))


def test_a_finding_is_told_when_it_comes_stays_and_goes() -> None:
    stands: tuple[Standing, ...] = ()
    kinds = []
    for number, checked in enumerate((seen(), BAD, BAD, BAD, BAD, seen(), seen(), BAD)):
        stands, told = compare(stands, checked, NOW + number * HOUR)
        kinds.append([each.kind for each in told])
    assert kinds == [
        [],
        [Kind.ADDED],
        [Kind.SUSTAINED],
        [],
        [],
        [Kind.REMOVED],
        [],
        [Kind.ADDED],
    ]


def test_it_keeps_since_when() -> None:
    stands, _ = compare((), BAD, NOW)
    stands, (told,) = compare(stands, BAD, NOW + HOUR)
    assert told.standing.since == NOW
    assert "sustained example.gov: error host-not-found: there is no policy" in str(told)
    assert told.as_json()["since"] == NOW.isoformat()


def test_what_is_not_known_removes_nothing() -> None:
    stripped = seen(**session(outcome=SmtpOutcome.NO_STARTTLS))
    silent = seen(**session(outcome=SmtpOutcome.TIMED_OUT))
    stands, _ = compare((), stripped, NOW)
    stands, told = compare(stands, silent, NOW + HOUR)
    assert told == ()
    assert [each.id for each in stands] == ["mx-starttls-missing"]
    stands, (told_now,) = compare(stands, seen(), NOW + 2 * HOUR)
    assert told_now.kind is Kind.REMOVED
    other = replace(silent, unknown=(Unknown(Question.DMARC, "", "", ""),))
    _, (gone,) = compare(compare((), BAD, NOW)[0], other, NOW)
    assert gone.kind is Kind.REMOVED


@pytest.mark.parametrize(
    ("id_", "question", "stays"),
    [
        ("mx-starttls-missing", Question.MX_SESSION, True),
        ("mx-starttls-missing", Question.MX_HELLO, False),
        ("mx-duplicate", Question.MX, True),
        ("mx-duplicate", Question.MX_SESSION, False),  # DNS has answered all it needs
        ("host-missing", Question.STS_RECORD, True),  # without a record no host is missed
        ("tlsrpt-mailbox-locked", Question.HOST_FETCH, True),  # the mode is the policy's
        ("stack-mx-differs", Question.LEDGER, True),
        ("stack-held-misses-mx", Question.MX, True),
        ("stack-body-differs", Question.HOST_FETCH, True),
        ("stack-behind", Question.HOST_FETCH, False),
        ("dmarc-missing", Question.CHECK, True),
        ("an-id-of-an-older-version", Question.MX, False),
        ("an-id-of-an-older-version", Question.CHECK, True),
    ],
)
def test_a_finding_stays_where_what_it_needs_is_not_known(
    id_: str, question: Question, *, stays: bool
) -> None:
    before = (Standing(id_, "error", "what", "seen", NOW),)
    silent = Checked("example.gov", unknown=(Unknown(question, "", "", ""),))
    stands, told = compare(before, silent, NOW + HOUR)
    assert (stands == before, told == ()) == (stays, stays)


def test_the_gravest_come_first_and_what_is_gone_last() -> None:
    dmarc = seen(dmarc=(), **fetched(status=404))
    stands, told = compare((), dmarc, NOW)
    assert [each.standing.severity for each in gravest(told)] == ["error", "warning"]
    _, told = compare(stands, seen(tlsrpt=replace(GOOD.records.tlsrpt, strings=())), NOW)
    assert [each.kind for each in gravest(told)] == [Kind.ADDED, Kind.REMOVED, Kind.REMOVED]


def test_the_state_is_read_as_it_was_written() -> None:
    stands, _ = compare((), seen(dmarc=(), **fetched(status=404)), NOW)
    state = State({"b.example": stands, "a.example": ()}, {"b.example": Served("1", "ab")})
    assert read_state(render_state(state)) == state
    assert read_state(b'{"version": 1, "domains": {}}') == State({}, {})


def test_a_policy_that_changes_under_its_id_is_told_until_one_of_them_does() -> None:
    testing = seen(**fetched(body=body(Mode.TESTING)))
    first, remembered = recall(GOOD_CHECKED, None)
    assert first == GOOD_CHECKED
    assert remembered == Served("1", GOOD_CHECKED.digest)
    for _ in range(2):
        told, remembered = recall(testing, remembered)
        assert [each.id for each in told.findings if each.id == "policy-id-unchanged"]
    back, remembered = recall(GOOD_CHECKED, remembered)
    assert back == GOOD_CHECKED
    renewed, remembered = recall(replace(testing, id="2"), remembered)
    assert (renewed.findings, remembered) == (testing.findings, Served("2", testing.digest))


def test_what_was_not_seen_is_not_compared() -> None:
    for silent in (replace(GOOD_CHECKED, id=""), replace(GOOD_CHECKED, digest="")):
        assert recall(silent, Served("1", "other")) == (silent, Served("1", "other"))
        assert recall(silent, None) == (silent, None)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "cannot be read"),
        (b"[]", "cannot be read"),
        (b'{"version": 2, "domains": {}}', "of version 2"),
        (b'{"version": 1, "domains": {"a": [{}]}}', "cannot be read"),
        (b'{"version": 1, "domains": 5}', "cannot be read"),
        (WRITTEN.replace(b"+00:00", b""), "without a zone"),
        (WRITTEN.replace(b"error", b"bad"), "no severity"),
    ],
)
def test_a_state_that_cannot_be_read_is_none(raw: bytes, says: str) -> None:
    with pytest.raises(StateError, match=says):
        read_state(raw)


def test_its_size_is_bounded() -> None:
    with pytest.raises(StateError, match="larger than 3 bytes"):
        read_state(b"    ", max_bytes=3)


CHANGES = compare((), BAD, NOW)[1]


async def test_a_webhook_gets_them_over_verified_tls(authority: Authority, ca_file: Path) -> None:
    posted: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        posted.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with served(talk, authority.context(("localhost",))) as port:
        hook = Webhook(f"https://localhost:{port}/hook", leading(port, ca_file))
        await notify([hook], CHANGES)
    assert json.loads(posted[0])["changes"][0]["id"] == "host-not-found"


@pytest.mark.parametrize("status", ["500 No", "302 Found\r\nLocation: https://localhost/"])
async def test_a_webhook_that_does_not_take_them_is_tried_and_told(
    authority: Authority, ca_file: Path, status: str
) -> None:
    tries = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    async with served(talk, authority.context(("localhost",))) as port:
        hook = Webhook(f"https://localhost:{port}/", leading(port, ca_file))
        with pytest.raises(UndeterminedError, match="whether 1 messages were sent"):
            await notify([hook], CHANGES, sleep=FakeOutside().sleep)
    assert tries == 3


@pytest.mark.parametrize("url", ["http://a.example/", "https://", "ftp://a.example"])
def test_nothing_is_told_in_clear(url: str) -> None:
    with pytest.raises(UsageError, match="is no https address"):
        Webhook(url, leading(1))


@pytest.mark.xdist_group("moto-in-process")
async def test_a_topic_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    with moto_running() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCAL")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        arn = boto3.client("sns", region_name="eu-west-1").create_topic(Name="t")["TopicArn"]
        await notify([Topic(arn)], CHANGES)
        with pytest.raises(UndeterminedError, match="NotFound"):
            await notify([Topic(arn.replace(":t", ":gone"))], CHANGES, sleep=FakeOutside().sleep)
    with pytest.raises(UsageError, match="not the ARN of an SNS topic"):
        Topic("arn:aws:s3:::bucket")


class Looks:
    """What each look sees, one after the other."""

    def __init__(self, *observed: Observed) -> None:
        self.left = list(observed)

    async def observe(self, domain: str, _: object) -> Observed:
        return replace(self.left.pop(0), domain=domain)

    def run(self, *words: str, **outside: Any) -> int:
        """The command, which takes one look after the other without waiting."""
        state = [] if "--state" in words else ["--state", "state.json"]
        found = FakeOutside(now=NOW, observed=lambda *_, **__: self, **outside)
        return main(["check", "example.gov", *state, *words], found)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Looks:
    monkeypatch.chdir(tmp_path)
    bad = changed(GOOD, **fetched(status=404))
    return Looks(bad, bad, GOOD)


class Told:
    """Who is told of changes, or does not take them."""

    def __init__(self, fault: OSError | None = None) -> None:
        self.changes: list[Change] = []
        self.fault = fault

    def post(self, changes: Sequence[Change], /) -> None:
        if self.fault is not None:
            raise self.fault
        self.changes += changes


def test_watching_tells_changes_and_ends_after_its_rounds(
    looks: Looks, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert looks.run("--watch", "1h", "--rounds", "3", "--format", "json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["kind"] for row in rows] == ["added", "sustained", "removed"]
    assert json.loads((tmp_path / "state.json").read_text())["domains"] == {"example.gov": []}
    assert looks.left == []


def test_a_look_at_a_time_goes_on_from_the_state(
    looks: Looks, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [looks.run(), looks.run(), looks.run()] == [1, 1, 0]
    kinds = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["added", "sustained", "removed"]
    assert looks.left == []


def test_a_line_says_when_and_of_which_stack(
    looks: Looks,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "stacks").mkdir()
    text = stack_text("{name: example.gov, mx: [mx1.example.gov], dkimSelectors: [s1]}")
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(text)
    recorder = Recorder(MemoryStore(), Hosting.AWS)
    assert looks.run("--stack", "agency", ledger_of=recorder) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(
        "2026-05-01T00:00:00Z agency added     example.gov: error host-not-found: there is no"
    )
    assert printed.err.startswith("check: 1 domain in ")
    assert looks.run("--stack", "agency", "--format", "json", ledger_of=recorder) == 1
    row = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (row["at"], row["stack"]) == ("2026-05-01T00:00:00+00:00", "agency")
    assert len(looks.left) == 1


def test_what_is_not_grave_enough_is_told_nobody_and_remembered(
    looks: Looks,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = Told()
    looks.left[0] = changed(looks.left[0], mx=replace(GOOD.mx.answer, values=("0 .",)), mx_hosts=())
    both = ["--webhook", "https://a.example/", "--min-severity", "error"]
    assert looks.run(*both, told=told) == 1
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[4] for line in out] == ["host-not-found:"]
    assert [each.standing.id for each in told.changes] == ["host-not-found"]
    standing = json.loads((tmp_path / "state.json").read_text())["domains"]["example.gov"]
    assert {each["id"] for each in standing} >= {"host-not-found"}


def test_what_was_not_taken_is_told_again(looks: Looks, capsys: pytest.CaptureFixture[str]) -> None:
    both = ["--webhook", "https://a.example/", "--sns", "arn:aws:sns:eu-west-1:123456789012:t"]
    assert looks.run("--rounds", "2", "--watch", "10s", *both, told=Told(OSError("down"))) == 1
    printed = capsys.readouterr()
    assert [line.split()[1] for line in printed.out.splitlines()] == ["added", "added"]
    assert printed.err.count("sent again after the next look") == 2
    assert len(looks.left) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--format", "sarif"], "--state needs --format text or json"),
        (["--rounds", "0"], "--rounds takes a number from 1"),
        (["--report", "r.txt"], "--report cannot be used with --state"),
        (["--watch", "1w"], "--watch takes a time from 10s to 30d"),
        (["--watch", "9s"], "--watch takes a time from 10s to 30d"),
        (["--webhook", "http://a.example"], "is no https address"),
        (["--state", "folder"], "--state folder: Is a directory"),
        (["--state", "broken"], "--state broken: it cannot be read"),
        (["--state", "broken/state"], "Not a directory"),
    ],
)
def test_wrong_input_is_named(
    looks: Looks,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").write_text("{")
    assert looks.run(*words) == 2
    assert says in capsys.readouterr().err
    assert len(looks.left) == 3


def test_a_state_that_cannot_be_written_is_told(
    looks: Looks, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("nowhere").symlink_to("gone")  # what leads to no folder
    assert looks.run("--state", "nowhere/state.json") == 2
    assert "nowhere/state.json cannot be written: File exists" in capsys.readouterr().err
    assert len(looks.left) == 2


def test_half_of_a_watch_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "example.gov", "--watch", "1h"]) == 2
    assert "need --state FILE" in capsys.readouterr().err
