"""``mtasts reports watch`` over a store: what it tells, once, and what it keeps."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside
from report_samples import ARRIVED, arrivals, receipt, report, result
from stack_text import stack_text

from mtasts.cli.main import main
from mtasts.reports.store import Store
from mtasts.tlsrpt.report import Failure
from mtasts.tlsrpt.rows import Arrival, Skipped
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mtasts.watch.notify import Notice

NOW = dt.datetime(2026, 1, 20, 12, tzinfo=dt.UTC)
EXPIRED = Failure("certificate-expired", 5, "mx.a.example")
STACK = stack_text("{name: a.example, mx: [mx.a.example]}")


class Box:
    """Who is told, or does not take it."""

    def __init__(self, fault: OSError | None = None) -> None:
        self.got: list[Notice] = []
        self.fault = fault

    def post(self, notices: Sequence[Notice], /) -> None:
        if self.fault is not None:
            raise self.fault
        self.got += notices


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fill(lab: Path, arrived: Iterable[Arrival | Skipped]) -> None:
    Store(lab / "tls-reports").add(arrived)


def failing(trust: Trust = Trust.VERIFIED, report_id: str = "bad") -> Arrival:
    row = result(EXPIRED, successes=20)
    return Arrival(report(row, day=18, report_id=report_id), receipt(trust, f"s3://i/{report_id}"))


def run(*words: str, **outside: Any) -> int:
    found = FakeOutside(**{"now": NOW, **outside})
    return main(["reports", "watch", "--state", "state.json", *words], found)


def test_each_alert_is_told_once(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(lab, [*arrivals(18), failing()])
    told = Box()
    assert run("--webhook", "https://a.example/", "--format", "json", told=told) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows] == ["report-failure-share", "report-failure-new"]
    assert [each.as_json() for each in told.got] == rows
    assert run(told=told) == 0
    assert capsys.readouterr().out == ""
    assert len(told.got) == 2


def test_what_nobody_took_is_told_again(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(lab, [failing()])
    hook = ("--webhook", "https://a.example/")
    assert run(*hook, told=Box(OSError("closed"))) == 3
    assert "could not find out whether 2 messages were sent" in capsys.readouterr().err
    assert not (lab / "state.json").exists()
    assert run(*hook, told=(box := Box())) == 1
    assert len(box.got) == 2


def test_posted_reports_count_where_the_stack_says_so(lab: Path) -> None:
    fill(lab, [failing(Trust.HTTPS)])
    (lab / "stacks").mkdir()
    stack = lab / "stacks" / "Pulumi.agency.yaml"
    stack.write_text(STACK)
    # The stack of an inbox has no domains.
    (lab / "stacks" / "Pulumi.inbox.yaml").write_text(
        "config:\n  mtasts:inbox:\n    address: tlsrpt@reports.example\n"
    )
    assert run() == 0
    stack.write_text(STACK.replace("config:\n", "config:\n  mtasts:reportTrust: https\n"))
    assert run("--domain", "b.example") == 0
    assert run("--domain", "A.example") == 1


def test_quarantine_and_what_cannot_be_read_are_told(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junk = Skipped("report-unreadable", "no JSON", ARRIVED, "mail", "s3://i/9", "ab" * 32)
    spam = Skipped(
        "mail-without-report", "none", ARRIVED, "mail", "s3://i/8", "cd" * 32,
        may_hide_failures=False,
    )  # fmt: skip
    other = Arrival(report(result(successes=9), day=18), receipt(source="s3://i/7"))
    fill(lab, [Arrival(report(day=18), receipt()), other, junk, spam])
    assert run() == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["report-quarantine:", "report-unreadable:"]
    assert "the report '1' of sender.example" in lines[0]
    assert "s3://i/9: report-unreadable: no JSON" in lines[1]
    assert run("--min-severity", "error") == 0


def test_a_reporter_that_is_silent_comes_back(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(lab, arrivals(3))
    assert run("--min-severity", "info") == 1
    assert "report-silence: a.example: sender.example has reported nothing" in (
        capsys.readouterr().out
    )
    fill(lab, [Arrival(report(day=18, report_id="back"), receipt(source="s3://i/back"))])
    assert run() == 0
    assert "over: sender.example reports again" in capsys.readouterr().out


def test_metrics_are_written_whole(lab: Path) -> None:
    fill(lab, [*arrivals(3), failing()])
    run("--metrics", "out/mtasts.prom")
    text = (lab / "out" / "mtasts.prom").read_text()
    assert (
        'mtasts_reports_sessions{domain="a.example",result="failed",window_days="90"} 7.0' in text
    )
    assert 'mtasts_reports_alerts{alert="report-failure-share",domain="a.example"} 3.0' in text
    found = re.search(r'newest_day_seconds\{domain="a.example"\} (\S+)', text)
    assert found is not None
    assert float(found[1]) == dt.datetime(2026, 1, 19, tzinfo=dt.UTC).timestamp()
    assert "mtasts_reports_looked_seconds" in text


def test_it_looks_again_until_its_rounds_end(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(lab, [failing()])
    assert run("--every", "1h", "--rounds", "3") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--rounds", "0"), "--rounds takes a number from 1"),
        (("--every", "5s"), "--every takes a time from 10s to 30d"),
        (("--domain", "not a name"), "not a name"),
        (("--webhook", "http://a.example"), "is no https address"),
        (("--sns", "arn:aws:s3:::b"), "not the ARN of an SNS topic"),
        (("--mail-to", "a@b.c"), "--mail-to needs --smtp"),
        (("--smtp", "smtp://a.example", "--mail-from", "a@b.c"), "--mail-to '' is no"),
        (("--smtp", "smtp://a.example", "--smtp-user", "me"), "MTASTS_SMTP_PASSWORD"),
        (("--store", "nowhere"), "nowhere has no reports: fill it with mtasts reports pull"),
        (("--metrics", "file/x"), "--metrics file/x cannot be written"),
    ],
)
def test_a_mistake_is_named(
    lab: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    fill(lab, [failing()])
    (lab / "file").write_text("")
    assert run(*words) == 2
    assert says in capsys.readouterr().err


def test_a_state_that_cannot_be_used_is_named(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(lab, [failing()])
    (lab / "state.json").write_text("{")
    assert run() == 2
    assert "move the file away to begin anew" in capsys.readouterr().err
    (lab / "state.json").unlink()
    (lab / "state.json").mkdir()
    assert run() == 2
    assert "--state state.json: Is a directory" in capsys.readouterr().err


def test_the_receivers_are_those_of_the_options(lab: Path) -> None:
    fill(lab, [failing()])
    told = Box()
    code = run(
        "--webhook", "https://a.example/", "--webhook-form", "slack",
        "--sns", "arn:aws:sns:us-east-1:123456789012:t",
        "--smtp", "smtps://a.example", "--mail-from", "a@b.c", "--mail-to", "d@e.f",
        "--smtp-user", "me",
        told=told, environment={"MTASTS_SMTP_PASSWORD": "x"},
    )  # fmt: skip
    assert code == 1
    assert len(told.got) == 6
