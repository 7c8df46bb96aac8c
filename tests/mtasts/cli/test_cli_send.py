"""``mtasts send`` against mail servers on loopback: the walk, its end, and no message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fake_outside import FakeOutside
from loopback import Zone

from mtasts.cli.main import main
from mtasts.observations import Delivery, Fetch, FetchOutcome, SmtpOutcome, SmtpSession
from mtasts.probe.probes import Probes

if TYPE_CHECKING:
    from pathlib import Path

BODY = b"version: STSv1\r\nmode: %s\r\nmx: mx1.example.gov\r\nmax_age: 86399\r\n"
RECORDS = {
    ("_mta-sts.example.gov", "TXT"): ("v=STSv1; id=2;",),
    ("mta-sts.example.gov", "A"): ("192.0.2.1",),
    ("example.gov", "MX"): ("10 mx1.example.gov",),
    ("mx1.example.gov", "A"): ("192.0.2.9",),
}


class World:
    """What the walk meets."""

    def __init__(self) -> None:
        self.mode = b"enforce"
        self.outcome = SmtpOutcome.TLS
        self.fetched = 0

    async def fetch(self, _: object, host: str, address: str, **__: object) -> Fetch:
        self.fetched += 1
        headers = (("content-type", "text/plain"),)
        return Fetch(host, address, FetchOutcome.ANSWERED, 200, headers, BODY % self.mode)

    async def look(self, _: object, host: str, address: str) -> SmtpSession:
        return SmtpSession(host, address, self.outcome, reason="as set")

    async def deliver(self, *_: object, **__: object) -> Delivery:
        raise AssertionError("a message was handed over")

    def run(self, *words: str) -> int:
        probes = Probes(fetch=self.fetch, look=self.look, deliver=self.deliver)
        return main(["send", "example.gov", *words], FakeOutside(zone=Zone(RECORDS), probed=probes))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    monkeypatch.chdir(tmp_path)
    return World()


def test_the_walk_is_told_step_by_step(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1. id 2 is new here: the policy is fetched"
    assert lines[1].startswith("2. fetched a policy; mode enforce is in force until")
    assert lines[2:] == [
        "3. mx1.example.gov accepts the message over verified TLS",
        "example.gov: delivered",
    ]
    assert world.fetched == 1


@pytest.mark.parametrize(
    ("mode", "outcome", "code", "conclusion"),
    [
        (b"enforce", SmtpOutcome.NO_STARTTLS, 1, "deferred"),
        (b"testing", SmtpOutcome.NO_STARTTLS, 0, "delivered"),
        (b"testing", SmtpOutcome.TIMED_OUT, 1, "deferred"),
    ],
)
def test_the_mode_decides_over_a_stripped_host(  # noqa: PLR0917 - a table's columns
    world: World,
    capsys: pytest.CaptureFixture[str],
    mode: bytes,
    outcome: SmtpOutcome,
    code: int,
    conclusion: str,
) -> None:
    world.mode, world.outcome = mode, outcome
    assert world.run("--format", "json") == code
    document = json.loads(capsys.readouterr().out)
    assert (document["conclusion"], document["mode"]) == (conclusion, mode.decode())
    assert (document["as"], document["id"]) == ("rfc", "2")


def test_another_sender_has_other_ways(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.outcome = SmtpOutcome.NO_STARTTLS
    assert world.run("--as", "google", "--format", "json") == 0  # no policy: it delivers in clear
    document = json.loads(capsys.readouterr().out)
    assert document["mode"] is None
    assert "Google ignores a max_age below 86400" in document["story"][1]


def test_a_cached_policy_holds_until_it_lapses(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.txt").write_bytes(BODY % b"enforce")
    assert world.run("--cached", "old.txt", "--id", "2", "--age", "86398") == 0
    assert world.fetched == 0
    assert "id 2 is the cached one" in capsys.readouterr().out
    assert world.run("--cached", "old.txt", "--id", "2", "--age", "86399") == 0
    assert world.fetched == 1
    assert "the cached policy has lapsed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--id", "1"], "give --cached FILE"),
        (["--age", "1"], "give --cached FILE"),
        (["--cached", "nowhere"], "nowhere: No such file"),
        (["--cached", "page"], "page is no valid policy: policy-html"),
        (["--cached", "page", "--age", "-1"], "--age takes 0 to"),
        (["--resolver", "x"], "is not ADDRESS:PORT"),
    ],
)
def test_wrong_input_is_named(
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    (tmp_path / "page").write_text("<html>")
    assert world.run(*words) == 2
    assert says in capsys.readouterr().err
    assert world.fetched == 0
