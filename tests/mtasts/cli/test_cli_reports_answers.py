"""`mtasts reports` over a store: each question in each format, beside the ledger."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from asked import Asked
from fake_outside import FakeOutside
from msgspec import structs
from report_samples import ARRIVED, FIRST, arrivals, receipt, report, result
from stack_text import stack_text

from mtasts.cli.main import main
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Body, LedgerError, Proof
from mtasts.ledger.history import Ledger
from mtasts.policy import policy_id
from mtasts.reports.store import Store
from mtasts.tlsrpt.report import Drop, DroppedRow, Failure
from mtasts.tlsrpt.rows import Arrival, Skipped
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from pathlib import Path

NOW = FIRST + dt.timedelta(days=20)
VERBS = ("summary", "failures", "reporters", "silence", "timeline")
HOSTILE = "<script>alert(1)</script>\x1b[31m=cmd"
BODY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.a.example\r\nmax_age: 604800\r\n"


def served() -> Ledger:
    """The policy that the samples name, proven before the first of them."""
    at, id_ = FIRST - dt.timedelta(days=9), policy_id(BODY)
    return Ledger((Body(1, at, BODY, 0, id_), Proof(2, at, id_)))


@dataclass(frozen=True)
class Recorded:
    """What reads one ledger, or fails to."""

    ledger: Ledger | Exception

    async def read(self, _: str) -> Ledger:
        if isinstance(self.ledger, Exception):
            raise self.ledger
        return self.ledger


def sample() -> list[Arrival | Skipped]:
    """Reports of 15 days of two reporters, one of whom falls silent, and of everything amiss."""
    found: list[Arrival | Skipped] = [*arrivals(15, ("sender.example", "other.example"))]
    found += arrivals(5, ("silent.example",))
    hostile = Failure(HOSTILE, 7, "=cmd|' /C calc'!A0", HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    missing = Failure("dnssec-invalid", 1, "mx9.a.example")
    row = DroppedRow(Drop.ROW, "policies[0]", HOSTILE, None)
    wrong = report(
        result(hostile, missing, failures=2, domain="bad.example", strings=()),
        day=16,
        report_id=HOSTILE,
        contact=f"tls@{HOSTILE}",
    )
    found.append(Arrival(structs.replace(wrong, dropped=(row,)), receipt(Trust.UNSIGNED, HOSTILE)))
    found.append(Arrival(report(result(successes=1), report_id="x"), receipt(source="a")))
    found.append(Arrival(report(result(successes=2), report_id="x"), receipt(source="b")))
    found.append(Skipped("mail-without-report", HOSTILE, ARRIVED, "mail", HOSTILE, "ab"))
    return found


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of all tests, which takes a second: each has a copy."""
    store = Store(tmp_path_factory.mktemp("settled") / "tls-reports")
    store.add(sample())
    store.settle()
    return store.folder


@pytest.fixture
def store(settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").mkdir()
    text = stack_text("{name: a.example, mx: [mx.a.example]}")
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(settled, tmp_path / "tls-reports")


def run(*words: str, **outside: Any) -> int:
    given = {"ledger_of": Recorded(served())} | outside
    return main(["reports", *words], FakeOutside({}, now=NOW, **given))


def rows(capsys: pytest.CaptureFixture[str], *words: str, **outside: Any) -> dict[str, Any]:
    """The rows of the answer by the id of their table."""
    assert run(*words, "--format", "json", **outside) == 0
    found = json.loads(capsys.readouterr().out)
    return {"facts": found["facts"]} | {each["id"]: each["rows"] for each in found["sections"]}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("format_", ["text", "json", "csv", "html"])
def test_hostile_texts_stay_texts_in_each_format(
    verb: str, format_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(verb, "--format", format_) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    if format_ == "text":
        assert max(map(len, out.splitlines())) <= 80
    elif format_ == "html":
        assert "<script" not in out
        assert "style=" not in out
    elif format_ == "csv":
        for cells in csv.reader(io.StringIO(out, newline="")):
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    else:
        assert out.isascii()


@pytest.mark.usefixtures("store")
def test_a_summary_adds_up_and_names_what_is_amiss(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, "summary")
    good, bad = found["domains"]
    assert (good["domain"], good["reports"], good["successful"], good["failed"]) == (
        *("a.example", 36, 351, 24),
    )
    assert (bad["domain"], bad["failed"]) == ("bad.example", 2)
    assert {each["ledger"] for each in found["policies"]} == {"current", "not stated"}
    assert found["result_types"][0]["sessions"] == 24
    assert found["new"][0]["result_type"] == "certificate-expired"
    assert [each["detailed"] for each in found["contradictions"]] == [8]
    assert [each["successful"] for each in found["quarantine"]] == [2]
    assert [each["kind"] for each in found["dropped"]] == ["mail-without-report", "row-unusable"]
    assert found["facts"][1].startswith("reports stored: 36 verified, 1 unsigned")


@pytest.mark.usefixtures("store")
def test_a_failure_is_joined_to_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    (expired,) = rows(capsys, "failures", "--domain", "a.example")["failures"]
    assert (expired["sessions"], expired["reporters"], expired["known_since"]) == (
        *(24, 3, "2026-01-01"),
    )
    assert (expired["policy_held"], expired["mx_listed"]) == ("current", "yes")
    assert "seen_now" not in expired
    found = rows(capsys, "failures", "--since", "2026-01-16")
    assert all(each["is_new"] for each in found["failures"])
    assert [each["checks"] for each in found["meanings"]] == ["none", "none"]
    assert found["facts"][-1].startswith("the ledger of bad.example is not known: no stack file")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("ledger_of", "why"),
    [
        (Recorded(LedgerError("entry 2 is missing")), "entry 2 is missing"),
        (UndeterminedError("no credentials"), "the ledger: no credentials"),
    ],
    ids=["unreadable", "no-credentials"],
)
def test_a_ledger_that_cannot_be_read_is_not_known(
    ledger_of: Any, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(capsys, "failures", "--domain", "a.example", ledger_of=ledger_of)
    assert found["failures"][0]["policy_held"] == "not known"
    assert found["failures"][0]["mx_listed"] == "not known"
    assert found["facts"][-1] == f"the ledger of a.example is not known: {why}"


def test_a_check_says_whether_the_cause_is_seen_now(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch = Failure("sts-policy-fetch-error", 1)
    session = Failure("starttls-not-supported", 1)
    results = [
        result(fetch, session, domain=each) for each in ("bad.example", "dark.example", "a.example")
    ]
    Store(store).add([Arrival(report(*results, day=17, report_id="y"), receipt())])
    found = rows(capsys, "failures", "--check", "--since", "4d", observed=Asked())
    seen = {(each["domain"], each["result_type"]): each["seen_now"] for each in found["failures"]}
    assert seen["bad.example", "sts-policy-fetch-error"] == "host-not-found"
    assert seen["dark.example", "starttls-not-supported"].startswith("not known: ")
    assert seen["a.example", "sts-policy-fetch-error"] == "not seen"
    found = rows(capsys, "failures", "--check", observed=Asked(), ledger_of=Recorded(Ledger()))
    seen = {(each["domain"], each["result_type"]): each["seen_now"] for each in found["failures"]}
    assert seen["bad.example", "dnssec-invalid"] == "no check looks for it"


@pytest.mark.usefixtures("store")
def test_a_reporter_that_fell_silent_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    (first, *others) = rows(capsys, "silence", "--domain", "a.example")["silence"]
    assert (first["reporter"], first["is_silent"], first["quiet_days"]) == (
        *("silent.example", True, 16),
    )
    assert [each["is_silent"] for each in others] == [True, True]
    two_days_after = FakeOutside({}, now=FIRST + dt.timedelta(days=16))
    assert main(["reports", "silence", "--format", "json"], two_days_after) == 0
    table = json.loads(capsys.readouterr().out)["sections"][0]["rows"]
    assert {each["reporter"] for each in table if each["is_silent"]} == {"silent.example"}


@pytest.mark.usefixtures("store")
def test_a_timeline_has_each_day_and_the_trust_is_chosen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rows(capsys, "timeline", "--trust", "verified", "--since", "2026-01-01")
    assert len(found["days"]) == 15
    assert sum(each["sessions"] for each in found["failure_days"]) == 24
    empty = rows(capsys, "timeline", "--since", "1d")
    assert empty["days"] == empty["failure_days"] == []
    assert empty["facts"][1] == "no report of these days is stored"
    assert run("reporters", "--format", "csv") == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("reporter,trust,reports,")


@pytest.mark.usefixtures("store")
def test_many_types_are_drawn_as_others(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    details = [Failure(f"type-{number:02}", 30 - number) for number in range(12)]
    Store(store).add([Arrival(report(result(*details), day=18, report_id="z"), receipt())])
    assert run("timeline", "--format", "html") == 0
    page = capsys.readouterr().out
    assert ">others</text>" in page
    assert ">type-11</text>" not in page
    assert "type-11</td>" in page
    assert run("failures", "--format", "text", "--since", "3d", ledger_of=Recorded(Ledger())) == 0


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("summary", "--since", "0d"), "--since '0d'"),
        (("summary", "--since", "yesterday"), "--since 'yesterday'"),
        (("summary", "--store", "none"), "none has no reports"),
        (("summary", "--domain", "no domain"), "no domain"),
        (("summary", "--format", "csv", "--table", "none"), "--table is one of domains"),
        (("sql", "none"), "there is no query 'none'"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(
    words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    assert why in capsys.readouterr().err


def test_a_query_is_printed_in_another_dialect(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("sql", "failures", "--dialect", "spark", "--domain", "A.example", "--since", "2d")
    assert run(*words) == 0
    text = capsys.readouterr().out
    assert "domain = 'a.example'" in text
    assert "CAST('2026-01-20' AS DATE)" in text
    assert run("sql", "trust") == 0
    assert run("sql") == 0
    assert "silence: When each reporter" in capsys.readouterr().out
