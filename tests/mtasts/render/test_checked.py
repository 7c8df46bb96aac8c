"""What ``mtasts check`` shows beside its findings: SARIF, a report, a summary, progress."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asked import Asked
from fake_outside import FakeOutside
from live_domain import NOW
from memory_store import MemoryStore
from stack_text import stack_text

from mtasts import __version__
from mtasts.check.checks import CHECKS
from mtasts.check.notes import Checked, Unknown
from mtasts.check.row import Question
from mtasts.check.table import host, mx
from mtasts.cli import check, showing
from mtasts.cli.main import main
from mtasts.config import Hosting
from mtasts.config.folder import domain_lines
from mtasts.findings import Finding, Severity
from mtasts.ledger.recorder import Recorder
from mtasts.render.checked_text import as_report, summary
from mtasts.render.sarif import Place, Places, as_sarif

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jsonschema import Draft4Validator

SCHEMA = Path(__file__).parents[2] / "schemas" / "sarif-2.1.0-rtm.5.json"
STACK = stack_text(
    "{name: bad.example, mx: [mx1.example.gov], dkimSelectors: [s1]}",
    "{name: Hm.Example, mx: [mx1.example.gov], dkimSelectors: [s1]}",
)


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str, asked: Asked | None = None, **outside: Any) -> int:
    """The command, with an observer that is a literal."""
    return main(["check", *words], FakeOutside(now=NOW, observed=asked or Asked(), **outside))


def sarif(capsys: pytest.CaptureFixture[str], *words: str, **outside: Any) -> dict[str, Any]:
    """The one run of the document, which is valid."""
    run(*words, "--format", "sarif", **outside)
    return valid(capsys.readouterr().out)


@cache
def schema() -> Draft4Validator:
    """What SARIF 2.1.0 asks for; the format checker's grammars take seconds to compile."""
    import jsonschema

    checker = jsonschema.FormatChecker()
    return jsonschema.Draft4Validator(json.loads(SCHEMA.read_text()), format_checker=checker)


def valid(text: str) -> dict[str, Any]:
    document = json.loads(text)
    schema().validate(document)
    assert document["version"] == "2.1.0"
    (only,) = document["runs"]
    return dict(only)


def places(only: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """By domain and rule, where a result is shown."""
    return {
        f"{at['logicalLocations'][0]['name']} {each['ruleId']}": (
            at["physicalLocation"]["artifactLocation"]["uri"],
            at["physicalLocation"]["region"]["startLine"],
        )
        for each in only["results"]
        for at in each["locations"]
    }


def test_the_schema_refuses_what_is_no_sarif() -> None:
    assert not schema().is_valid({"version": "2.1.0", "runs": [{"results": []}]})


def test_each_finding_is_a_result_and_each_id_a_rule_with_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    only = sarif(capsys, "bad.example", "hm.example")
    driver = only["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("mtasts", __version__)
    levels = {result["ruleId"]: result["level"] for result in only["results"]}
    assert levels == {"host-not-found": "error", "host-certificate-expiring": "warning"}
    rules = {rule["id"]: rule for rule in driver["rules"]}
    assert set(rules) == set(levels)
    for result in only["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    rule = rules["host-not-found"]
    assert rule["helpUri"] == "https://www.rfc-editor.org/rfc/rfc8461#section-3.3"
    assert "What to do: serve the policy at this path, in lower case." in rule["help"]["text"]
    assert "Senders report it as sts-policy-fetch-error" in rule["help"]["text"]
    assert rule["help"]["markdown"].startswith("**There is no policy at /.well-known")
    assert rule["defaultConfiguration"]["level"] == "error"


def test_of_every_id_there_is_a_valid_rule() -> None:
    found = [Checked("a.example", (row.finding("e"),)) for row in CHECKS.values()]
    only = valid(as_sarif(found, Places(as_report(found, str), "r.txt")))
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(CHECKS)
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in rules)
    with_link = [rule for rule in rules if "helpUri" in rule]
    assert len(with_link) > len(rules) / 2


def test_a_result_is_shown_where_the_stack_file_names_its_domain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(STACK)
    recorder = Recorder(MemoryStore(), Hosting.AWS)
    found = places(sarif(capsys, "--stack", "agency", ledger_of=recorder))
    lines = STACK.splitlines()
    for domain in ("bad.example", "hm.example"):
        (uri, line), *_ = {at for key, at in found.items() if key.startswith(domain)}
        assert uri == "stacks/Pulumi.agency.yaml"
        assert domain in lines[line - 1].lower()


def test_a_result_is_shown_where_a_list_names_its_domain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my list").write_text("# ours\n\nbad.example\nno domain\n")
    only = sarif(capsys, "--file", "my list", "hm.example")
    found = places(only)
    assert found["bad.example host-not-found"] == ("my%20list", 3)
    assert found["hm.example host-certificate-expiring"][0] == "mtasts-check.txt"
    (told,) = only["invocations"][0]["toolExecutionNotifications"]
    assert told["descriptor"] == {"id": "domain"}
    assert told["locations"][0]["physicalLocation"]["region"]["startLine"] == 4


@pytest.mark.parametrize("written", [True, False])
def test_other_results_are_shown_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, written: bool
) -> None:
    more = ["--report", str(tmp_path / "r t.txt")] if written else []
    only = sarif(capsys, "bad.example", "dark.example", *more)
    (uri, line) = places(only)["bad.example host-not-found"]
    if written:
        text = (tmp_path / "r t.txt").read_text()
        assert uri == (tmp_path / "r t.txt").as_uri()
        assert "artifacts" not in only
        assert "check: 2 domains in " in text
    else:
        (artifact,) = only["artifacts"]
        text = artifact["contents"]["text"]
        assert artifact["location"]["uri"] == uri == "mtasts-check.txt"
    lines = text.splitlines()
    assert lines[line - 1].startswith("  error host-not-found:")
    (told,) = only["invocations"][0]["toolExecutionNotifications"]
    at = told["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert lines[at - 1].startswith("dark.example: ")


def test_a_result_is_known_again_by_its_fingerprint(capsys: pytest.CaptureFixture[str]) -> None:
    def prints(*words: str) -> set[str]:
        results = sarif(capsys, *words)["results"]
        return {each["partialFingerprints"]["domainAndRule/v1"] for each in results}

    one = prints("bad.example")
    assert one < prints("hm.example", "bad.example")
    twice = (mx.MX_CNAME.finding("a"), mx.MX_CNAME.finding("b"))
    found = [Checked("a.example", twice)]
    results = valid(as_sarif(found, Places(as_report(found, str), "r.txt")))["results"]
    assert len({each["partialFingerprints"]["domainAndRule/v1"] for each in results}) == 2


def test_no_text_is_a_link_or_markup() -> None:
    link = Finding(
        "handed-missing", Severity.ERROR, "[here](https://evil.example)", "c", "\\[x](y)"
    )
    found = [Checked("a.example", (link,))]
    only = valid(as_sarif(found, Places(as_report(found, str), "r.txt")))
    text = only["results"][0]["message"]["text"]
    assert "\\[here\\](https://evil.example)" in text
    assert "\\\\\\[x\\](y)" in text
    rule = only["tool"]["driver"]["rules"][0]
    assert rule["shortDescription"]["text"] == "\\[here\\](https://evil.example)"
    assert "[" not in rule["help"]["markdown"]
    assert "helpUri" not in rule


def test_a_report_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").mkdir()
    assert run("a.example", "--report", "taken") == 2
    assert "--report taken cannot be written: Is a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("least", "shown", "hidden"),
    [("info", 2, ""), ("warning", 2, ""), ("error", 1, "1 findings below --min-severity")],
)
@pytest.mark.parametrize("format_", ["json", "text", "html", "sarif"])
def test_only_what_is_grave_enough_is_shown_and_all_of_it_counts(
    capsys: pytest.CaptureFixture[str], least: str, shown: int, hidden: str, format_: str
) -> None:
    words = ["bad.example", "hm.example", "--min-severity", least, "--format", format_]
    assert run(*words, "--fail-on", "warning") == 1
    printed = capsys.readouterr()
    ids = ("host-not-found", "host-certificate-expiring")
    assert sum(id_ in printed.out for id_ in ids) == shown
    assert hidden in printed.out + printed.err


UNKNOWN = (Unknown(Question.MX, "w", "r", "h"),)


@pytest.mark.parametrize(
    ("found", "hidden", "line"),
    [
        ([], 0, "0 domains in 2 s: nothing to look at\n"),
        ([Checked("a")], 0, "1 domain in 2 s: 1 good\n"),
        (
            [
                Checked("a", (mx.MX_NULL.finding(),)),
                Checked("b", (mx.MX_MANY.finding(), mx.MX_MALFORMED.finding()), UNKNOWN),
                Checked("c", (host.HOST_CNAME.finding(),), UNKNOWN),
                Checked("d", (host.HOST_CNAME.finding(),)),
            ],
            3,
            "4 domains in 2 s: 1 with errors, 1 with warnings, 2 not known in part, 1 good%\n",
        ),
    ],
)
def test_a_summary_says_what_came_of_it(found: Sequence[Checked], hidden: int, line: str) -> None:
    less = f"; {hidden} findings below --min-severity are not shown"
    assert summary(found, 1.7, hidden) == "check: " + line.replace("%", less)


@pytest.mark.parametrize("format_", ["text", "json", "html", "sarif"])
def test_a_summary_ends_every_run_and_stays_out_of_documents(
    capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    run("bad.example", "dark.example", "--format", format_)
    printed = capsys.readouterr()
    line = "check: 2 domains in 0 s: 1 with errors, 1 not known in part\n"
    assert (printed.out if format_ == "text" else printed.err).endswith(line)
    assert format_ != "json" or line not in printed.out


async def test_progress_tells_what_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    slept: list[float] = []
    passes = asyncio.Condition()

    async def sleep(seconds: float) -> None:
        """End whenever the test says so."""
        slept.append(seconds)
        async with passes:
            await passes.wait()

    async def pause() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        async with passes:
            passes.notify_all()
        for _ in range(3):
            await asyncio.sleep(0)

    arguments = argument_values("a.example")
    names = ["a.example", "b.example", "c.example", "d.example", "e.example"]
    shown = showing.CheckPrinter(arguments, names, sleep)
    async with shown.progress():
        shown.add(Checked("b.example"))
        await pause()
        shown.add(Checked("a.example"))
        await pause()
    told = capsys.readouterr().err.splitlines()
    assert told[0] == (
        "check: 1 of 5 domains; waiting for a.example, c.example, d.example and 1 more"
    )
    assert told[1:] == ["check: 2 of 5 domains; waiting for c.example, d.example, e.example"]
    assert slept == [2.0, 4.0, 8.0]


def argument_values(*words: str) -> Any:
    from argparse import ArgumentParser  # for this alone

    parser = ArgumentParser()
    check.configure(parser)
    return parser.parse_args(words)


def test_the_lines_of_a_stack_files_domains(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.a.yaml"
    path.write_text("config:\n  mtasts:domains:\n    - mx: []\n      name: A.example\n    - 3\n")
    assert domain_lines(path) == {"a.example": 4}
    path.write_text("config:\n  mtasts:domains: nothing\n")
    assert domain_lines(path) == {}
    assert domain_lines(tmp_path / "none") == {}


def test_places_of_files_are_uris() -> None:
    assert showing.uri_of(Path("a b/c.yaml")) == "a%20b/c.yaml"
    assert showing.uri_of(Path("/a b")) == "file:///a%20b"
    assert Places(as_report([], str), "r", listed={"a": Place("f", 2)}).of("a", 7) == Place("f", 2)
