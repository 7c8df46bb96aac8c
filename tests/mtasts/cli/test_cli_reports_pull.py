"""``mtasts reports pull`` as an operator runs it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside
from imap_server import PASSWORD, Folder, imap_served
from loopback import Zone
from pulling import NOW, contents
from report_mails import json_part, mail, public_key, report, signed
from stack_text import stack_text

from mtasts.cli.main import main
from mtasts.cli.reports import pull as pulling
from mtasts.errors import UsageError
from mtasts.reports.pulled import Pulled
from mtasts.tlsrpt.rows import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mtasts.localcloud.authority import Authority

MAIL = signed(mail(json_part(report())), "sender.example")
DNS = {("s._domainkey.sender.example", "TXT"): (public_key(),)}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    stacks = tmp_path / "stacks"
    stacks.mkdir()
    (stacks / "Pulumi.a.yaml").write_text(stack_text('{name: "example.gov", mx: [mx.example.gov]}'))

    def run(*words: str, **given: Any) -> tuple[int, str, str]:
        outside = FakeOutside(
            environment=given.pop("environment", {}),
            zone=Zone(DNS),
            now=NOW,
            pauses=0,
            **given,
        )
        options: tuple[str, ...] = ("--store", str(tmp_path / "store"))
        if "--stacks" not in words and "--domain" not in words:
            options = (*options, "--stacks", str(stacks))
        code = main(["reports", "pull", *words, *options], outside)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_a_mailbox_is_pulled_over_verified_tls(
    run: Any, tmp_path: Path, authority: Authority, ca_file: Path
) -> None:
    folder = Folder({1: MAIL, 2: b"From: a@b.example\r\nSubject: away\r\n\r\nI am away"})
    environment = {"MTASTS_IMAP_PASSWORD": PASSWORD}
    with imap_served(folder, authority.context(("localhost",))) as port:
        source = f"imaps://tlsrpt%40example.gov@localhost:{port}/Reports"
        words = ("--from", source, "--ca", str(ca_file))
        code, out, err = run(*words, environment=environment)
        assert (code, err) == (0, "")
        assert out.splitlines() == [
            source,
            "  2 listed: 0 known, 2 fetched, 0 deleted meanwhile, 0 not fetched",
            "  1 reports: 1 verified",
            "  1 skipped: 1 no-report",
            f"    {source};UIDVALIDITY=77;UID=2: nothing is attached (no-report)",
            f"store: {tmp_path / 'store'}",
        ]
        code, out, _ = run(*words, "--format", "json", environment=environment)
        row = json.loads(out)
        assert (code, row["listed"], row["known"], row["complete"]) == (0, 0, 0, True)
        code, _, err = run(*words, environment={"MTASTS_IMAP_PASSWORD": "wrong"})
        assert code == 3
    assert {"UID STORE", "SELECT", "EXPUNGE"} & folder.commands == set()


def test_a_folder_an_mbox_and_a_maildir_in_one_pull(run: Any, tmp_path: Path) -> None:
    other = report(id_="2").replace(b"example.gov", b"stranger.example")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.json").write_bytes(other)
    lines = MAIL.replace(b"\r\n", b"\n")
    (tmp_path / "mbox").write_bytes(b"From x Mon May 11 02:00:00 2026\n" + lines)
    for name in ("cur", "new"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box" / "new" / "1778464800.M1.host").write_bytes(lines)
    words = [each for name in ("files", "mbox", "box") for each in ("--from", str(tmp_path / name))]
    code, out, _ = run(*words, "--format", "json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [each["trust"] for each in rows] == [{"unsigned": 1}, {"verified": 1}, {"verified": 1}]
    assert rows[0]["foreign"] == {"stranger.example": 1}
    before = contents(tmp_path / "store")
    assert run(*words)[0] == 0
    assert contents(tmp_path / "store") == before


def test_a_source_that_cannot_be_read_does_not_keep_the_others_back(
    run: Any, tmp_path: Path, authority: Authority, ca_file: Path
) -> None:
    (tmp_path / "a.json").write_bytes(report())
    with imap_served(Folder(), authority.context(("localhost",))) as port:
        source = f"imaps://u@localhost:{port}/x"
        code, out, err = run(
            "--from", source, "--from", str(tmp_path / "a.json"), "--ca", str(ca_file),
            environment={"MTASTS_IMAP_PASSWORD": "wrong-secret"},
        )  # fmt: skip
    assert code == 3
    assert f"  could not be read to its end: {source} refuses the login" in out
    assert "  1 reports: 1 unsigned" in out
    assert "wrong-secret" not in out + err


def test_a_key_that_could_not_be_looked_up_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL.replace(b"s=s;", b"s=other;"))
    zone = Zone({}, frozenset({("other._domainkey.sender.example", "TXT")}))
    outside = FakeOutside(environment={}, zone=zone, now=NOW)
    words = ["reports", "pull", "--from", str(tmp_path / "a.eml"), "--domain", "example.gov"]
    assert main([*words, "--store", str(tmp_path / "s"), "--format", "json"], outside) == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--domain", "no domain"), "no domain"),
        (("--stacks", "EMPTY"), "lists a domain: give --domain or --stacks"),
        (("--stacks", "NONE"), "there is no folder "),
        (("--stacks", "BROKEN"), "cannot be read: run mtasts lint stack"),
        (("--at-once", "0"), "--at-once takes a number from 1 to 32"),
        (("--at-once", "33"), "--at-once takes a number from 1 to 32"),
        (("--rate", "-1"), "--rate takes a number"),
        (("--rate", "nan"), "--rate takes a number"),
        (("--rate", "inf"), "--rate takes a number"),
        (("--from", "ftp://x"), "ftp:// is not known"),
        (("--from", "imaps://u@h"), "no password for imaps://u@h"),
        (("--resolver", "x"), "x"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_done(
    words: tuple[str, ...], why: str, run: Any, tmp_path: Path
) -> None:
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "BROKEN").mkdir()
    (tmp_path / "BROKEN" / "Pulumi.x.yaml").write_text("- [")
    words = tuple(str(tmp_path / each) if each.isupper() else each for each in words)
    code, out, err = run("--from", str(tmp_path), *words)
    assert (code, out) == (2, "")
    assert why in err
    assert not (tmp_path / "store").exists()


def test_the_domains_are_those_of_every_stack(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.a.yaml").write_text(stack_text('{name: "a.example", mx: [mx.a.example]}'))
    (tmp_path / "Pulumi.b.yaml").write_text(stack_text('{name: "b.example", mx: []}'))
    assert pulling.agency_domains([], tmp_path) == {"a.example", "b.example"}
    assert pulling.agency_domains(["C.example."], tmp_path) == {"c.example"}
    with pytest.raises(UsageError):
        pulling.agency_domains(["-"], tmp_path)


def test_progress_is_told_after_two_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    pauses: list[float] = []

    async def pull() -> None:
        told, done = Pulled("s3://inbox/", listed=7), asyncio.Event()

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 7:
                done.set()
                await asyncio.Event().wait()

        async with pulling.reporting_progress(lambda: pulling.progress(told), sleep):
            await done.wait()

    asyncio.run(pull())
    assert pauses == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert capsys.readouterr().err.splitlines() == 6 * [
        "reports pull: s3://inbox/: 7 listed, 0 known, 0 fetched, 0 reports, 0 skipped, 0 failed"
    ]


def test_a_long_summary_has_an_end(tmp_path: Path) -> None:
    told = Pulled("s3://inbox/", listed=50, reports=3, refused=1, waiting=2)
    told.foreign["stranger.example"] = 4
    for number in range(12):
        told.fail(f"s3://inbox/{number}", f"s3://inbox/{number}: no")
        told.add(
            Skipped(f"kind-{number}", "why", NOW, "mail", "s3://inbox/x", "ab", place="part 1")
        )
    lines = pulling.as_text([told], tmp_path).splitlines()
    assert lines[3] == "  1 of them not accepted: their numbers are not counted"
    assert lines[4].startswith("  2 with a DKIM key that could not be looked up")
    assert lines[5].endswith("are not yours, left out: 4 stranger.example")
    assert lines[6].endswith(" and 2 more")
    assert lines[7] == "    s3://inbox/x part 1: why (kind-0)"
    assert "    and 2 more: all are in the table dropped of the store" in lines
    assert "  not fetched: s3://inbox/0: no" in lines
    assert "  and 2 more not fetched: the next pull tries them again" in lines


def test_an_extra_that_is_missing_is_named(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['fast_mail_parser'] = None\n"
        "from mtasts.cli.main import main\n"
        f"sys.exit(main(['reports', 'pull', '--from', {str(tmp_path)!r}]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, cwd=tmp_path
    )
    assert found.returncode == 2
    assert b"pip install 'mtasts[reports]" in found.stderr
