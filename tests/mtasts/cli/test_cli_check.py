"""``mtasts check``: what is asked for, the formats, the exit codes; what is seen is a literal."""

from __future__ import annotations

import datetime as dt
import json
import os
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from asked import Asked, seen
from fake_outside import FakeOutside
from live_domain import NOW, SOON
from loopback import Zone
from memory_store import MemoryStore
from stack_text import stack_text

from mtasts.cli.domain_list import FILE_MAX_BYTES
from mtasts.cli.main import main
from mtasts.config import Hosting
from mtasts.errors import UsageError
from mtasts.ledger.entries import PhaseEntered
from mtasts.ledger.phases import Phase
from mtasts.ledger.recorder import Recorder
from mtasts.rollout.handover import HandedOutRecord, HandoverError

if TYPE_CHECKING:
    from pathlib import Path


STACK = stack_text(
    "{name: example.gov, mx: [mx1.example.gov], dkimSelectors: [s1]}",
    "{name: parked.gov, mx: []}",
)


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str, asked: Asked | None = None, **outside: Any) -> int:
    """The command, with an observer that is a literal."""
    return main(["check", *words], FakeOutside(now=NOW, observed=asked or Asked(), **outside))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["good.example"], 0),
        (["bad.example"], 1),
        (["hm.example"], 0),
        (["hm.example", "--fail-on", "warning"], 1),
        (["dark.example"], 3),
        (["dark.example", "bad.example"], 1),
    ],
)
@pytest.mark.parametrize("format_", ["text", "json", "html", "sarif"])
def test_the_exit_code_says_what_came_of_it(words: list[str], code: int, format_: str) -> None:
    assert run(*words, "--format", format_) == code


def test_as_text_every_finding_has_its_fix(capsys: pytest.CaptureFixture[str]) -> None:
    run("bad.example", "dark.example")
    out = capsys.readouterr().out
    assert "bad.example: 1 error, 0 warnings\n" in out
    assert "error host-not-found: there is no policy at" in out
    assert "fix: serve the policy at this path, in lower case\n" in out
    assert "      more: mtasts docs mistakes/unreachable\n" in out
    assert "dark.example: 0 errors, 0 warnings, 1 not known (mode enforce, id 1)" in out
    assert "not known mx-session: could not find out whether mx1.example.gov" in out
    assert "how: ask from a host whose port 25 is open" in out


def test_as_json_each_domain_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    run("bad.example", "dark.example", "--format", "json")
    rows = {row["domain"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    (finding,) = rows["bad.example"]["findings"]
    assert (finding["id"], finding["resultType"]) == ("host-not-found", "sts-policy-fetch-error")
    assert finding["page"] == "docs/mistakes/unreachable.md"
    assert rows["dark.example"]["unknown"][0]["id"] == "mx-session"
    assert (rows["dark.example"]["mode"], rows["bad.example"]["mode"]) == ("enforce", None)


def test_as_a_page_what_hosts_say_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    tags: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, _: object) -> None:
            tags.append(tag)

    from mtasts.check.domain import check_domain  # for this alone
    from mtasts.render.checked_html import as_html  # as above

    found = [check_domain(seen(name), SOON) for name in ("<b>.example", "dark.example", "ok.gov")]
    page = as_html(found, SOON)
    Parser().feed(page)
    assert "script" not in tags
    assert tags.count("b") == page.count("<b>") + page.count("<b class=")
    assert "<b>.example" not in page
    assert "i" not in tags
    assert "&lt;b&gt;.example" in page
    assert capsys.readouterr().out == ""


def test_domains_come_from_words_a_file_and_a_stack(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("# ours\nB.example  # two\n\nbücher.example\n")
    asked = Asked()
    words = ("a.example", "A.example.", "--file", "more", "--selector", "k")
    assert run(*words, asked=asked) == 0
    assert asked.domains == [
        ("a.example", ("k",)),
        ("b.example", ("k",)),
        ("xn--bcher-kva.example", ("k",)),
    ]


def test_a_stack_is_compared_with_its_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(STACK)
    bucket = MemoryStore()
    bucket.fails["read", "parked.gov"] = "AccessDenied"
    recorder, asked = Recorder(bucket, Hosting.AWS), Asked()
    assert run("--stack", "agency", "more.example", asked=asked, ledger_of=recorder) == 1
    assert asked.domains == [("more.example", ()), ("example.gov", ("s1",)), ("parked.gov", ())]
    out = capsys.readouterr().out
    assert "error stack-foreign: DNS has an STS record that the stack did not publish" in out
    what = "not known ledger: could not find out which policies parked.gov has published"
    assert f"{what}: [ledger-unknown] AccessDenied" in out


def two_stacks(tmp_path: Path) -> dict[str, Recorder | UsageError]:
    """The ledgers of one whose ledgers can be read, and one whose credentials are missing."""
    (tmp_path / "stacks").mkdir()
    for stack, domain in (("one", "one.example"), ("two", "two.example")):
        text = stack_text(f"{{name: {domain}, mx: [mx1.{domain}]}}")
        (tmp_path / "stacks" / f"Pulumi.{stack}.yaml").write_text(text)
    missing = UsageError("no token for Cloudflare: pulumi config set X --secret -s STACK")
    recorder = Recorder(MemoryStore(), Hosting.AWS)
    return {"one": recorder, "two": missing, "three": recorder}


def test_several_stacks_are_compared_each_with_its_own_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledgers, asked = two_stacks(tmp_path), Asked()
    words = ("--stack", "one", "--stack", "two", "--stack", "one", "more.example")
    assert run(*words, asked=asked, ledger_of=ledgers) == 1
    names = [name for name, _ in asked.domains]
    assert names == ["more.example", "one.example", "two.example"]
    out = capsys.readouterr().out
    assert "one.example: 1 error" in out
    assert "error stack-foreign" in out
    assert (
        "not known ledger: could not find out which policies two.example has published: "
        "[ledger-unknown] no token for Cloudflare: pulumi config set X --secret -s two"
    ) in out


def test_a_stack_that_cannot_be_used_hides_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledgers, asked = two_stacks(tmp_path), Asked()
    words = ("--stack", "none", "--stack", "two", "--format", "sarif")
    assert run(*words, asked=asked, ledger_of=ledgers) == 2
    printed = capsys.readouterr()
    assert "mtasts: none: stacks/Pulumi.none.yaml does not exist" in printed.err
    assert [name for name, _ in asked.domains] == ["two.example"]
    assert json.loads(printed.out)["version"] == "2.1.0"
    assert run("--stack", "none", "--stack", "nowhere") == 2
    assert run("--stack", "none") == 2
    text = (tmp_path / "stacks" / "Pulumi.one.yaml").read_text()
    (tmp_path / "stacks" / "Pulumi.three.yaml").write_text(text)
    assert run("--stack", "one", "--stack", "three", ledger_of=ledgers) == 2
    assert "one.example is in the stacks one and three: remove it from one" in (
        capsys.readouterr().err
    )


def test_the_options_lead_the_probes(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    asked = Asked()
    run("a.example", asked=asked)
    assert not asked.reach.allow_private
    words = ["--resolver", "192.0.2.53:5353", "--ca", "ca.pem", "--deadline", "7"]
    words += ["--allow-private", "--connect-to", "mx.example:25:192.0.2.1:2525"]
    run("a.example", *words, asked=asked)
    assert asked.reach.resolver == ("192.0.2.53", 5353)
    assert str(asked.reach.ca_file) == "ca.pem"
    assert asked.reach.target("mx.example", 25, "192.0.2.9") == ("192.0.2.1", 2525)
    assert asked.reach.allow_private
    assert asked.seconds == 7


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give a DOMAIN, --file F or --stack STACK"),
        (["a b", "c..d"], "has an empty label"),
        (["192.0.2.1"], "'192.0.2.1' is an IP address: write the host's name"),
        (["mta-sts.example.gov"], "write the mail domain itself"),
        (["--file", "nowhere"], "nowhere: No such file"),
        (["--stack", "nowhere"], "there is no folder stacks"),
        (["a.example", "--resolver", "localhost"], "is not ADDRESS:PORT"),
        (["a.example", "--ca", "nowhere.pem"], "there is no such file"),
        (["a.example", "--connect-to", "x"], "is not HOST:PORT:ADDRESS:PORT"),
        (["a.example", "--deadline", "0"], "--deadline takes 0.1 to"),
        (["a.example", "--parallel", "0"], "and --parallel 1 to"),
    ],
)
def test_wrong_input_is_named(
    capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    asked = Asked()
    assert run(*words, asked=asked) == 2
    assert says in capsys.readouterr().err
    assert asked.domains == []


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "many").touch()
    os.truncate(tmp_path / "many", FILE_MAX_BYTES + 1)
    assert run("--file", "many") == 2
    assert f"is larger than {FILE_MAX_BYTES} bytes" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_line_that_is_no_domain_is_named_and_the_others_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    text = f"{mark}a.example\n\nnot a domain\n192.0.2.1\nb.example\n"
    (tmp_path / "more").write_text(text, encoding=encoding)
    asked = Asked()
    assert run("--file", "more", asked=asked) == 3
    assert [name for name, _ in asked.domains] == ["a.example", "b.example"]
    out = capsys.readouterr().out
    assert "not known domain: could not find out what domain more, line 3 means" in out
    assert "line 4 means: '192.0.2.1' is an IP address: write the host's name" in out


def test_the_trouble_of_one_domain_is_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = Asked(raises_at="b.example")
    assert run("a.example", "b.example", "c.example", "--parallel", "1", asked=asked) == 3
    assert [name for name, _ in asked.domains] == ["a.example", "b.example", "c.example"]
    out = capsys.readouterr().out
    assert "not known check: could not find out anything about b.example: ValueError: no" in out
    assert "how: report this as a bug of mtasts" in out


@pytest.mark.parametrize("format_", ["json", "html", "sarif"])
def test_who_stops_it_gets_what_there_is(capsys: pytest.CaptureFixture[str], format_: str) -> None:
    words = ("bad.example", "b.example", "--parallel", "1", "--format", format_)
    assert run(*words, asked=Asked(stop_after=1)) == 130
    printed = capsys.readouterr()
    assert "stopped after 1 of 2 domains" in printed.err
    assert "host-not-found" in printed.out


class Handing:
    """Stands for what was handed out."""

    def read(self, domain: str) -> tuple[HandedOutRecord, ...]:
        if domain == "parked.gov":
            raise HandoverError("no JSON")
        return (HandedOutRecord(f"mta-sts.{domain}", "CNAME", "d1.cloudfront.net"),)


def test_what_a_retirement_withdraws_is_not_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(STACK)
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    recorder = Recorder(MemoryStore(PhaseEntered(1, at, Phase.ADDRESSES_WITHDRAWN)), Hosting.AWS)
    run("--stack", "agency", ledger_of=recorder, handed=Handing(), zone=Zone({}))
    assert "stack-record-missing" not in capsys.readouterr().out


def test_what_was_handed_out_is_looked_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(STACK)
    recorder = Recorder(MemoryStore(), Hosting.AWS)
    zone = Zone({("mta-sts.example.gov", "CNAME"): ("d1.cloudfront.net",)})
    run("--stack", "agency", ledger_of=recorder, handed=Handing(), zone=zone)
    out = capsys.readouterr().out
    assert "stack-record-live: DNS has a record that was handed out" in out
    what = "not known stack-record: could not find out which records were handed out for parked.gov"
    assert f"{what}: [handover-broken] no JSON" in out
