"""``mtasts reports parse`` as a user runs it (RFC 8460)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtasts.cli.main import main
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.tlsrpt.parsed import ParsedRow

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNED = next(
    row["input"]
    for line in (Path(__file__).parents[2] / "vectors" / "dkim.jsonl").read_text().splitlines()
    if (row := json.loads(line))["id"] == "rfc-8463-appendix-a"
)


def report(**changes: object) -> bytes:
    summary = {"total-successful-session-count": 9, "total-failure-session-count": 1}
    detail = {"result-type": "certificate-expired", "failed-session-count": 1}
    whole = {
        "organization-name": "Sender",
        "contact-info": "tls@sender.example",
        "report-id": "r1",
        "date-range": {
            "start-datetime": "2026-05-10T00:00:00Z",
            "end-datetime": "2026-05-10T23:59:59Z",
        },
        "policies": [
            {
                "policy": {"policy-type": "sts", "policy-domain": "example.gov"},
                "summary": summary,
                "failure-details": [detail],
            }
        ],
    }
    return json.dumps(whole | changes).encode()


class Dns:
    """Key records by name; nothing else has an answer."""

    def __init__(self, names: dict[str, list[str]] | None = None) -> None:
        self.names = names or {}

    async def lookup(self, name: str, type_: str) -> DnsAnswer:
        texts = self.names.get(name)
        if texts is None:
            return DnsAnswer(name, type_, DnsStatus.FAILED, reason="SERVFAIL")
        strings = tuple((text.encode(),) for text in texts)
        return DnsAnswer(name, type_, DnsStatus.ANSWERED, strings=strings)


@pytest.fixture
def parse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[dict[str, Any]]]]:
    def run(raw: bytes, *options: str, dns: Dns | None = None) -> tuple[int, list[dict[str, Any]]]:
        path = tmp_path / "file"
        path.write_bytes(raw)
        outside = FakeOutside(zone=dns or Dns())  # type: ignore[arg-type]
        words = ["reports", "parse", str(path), "--format", "json", *options]
        code = main(words, outside)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_a_report_is_one_json_line(parse: Any, tmp_path: Path) -> None:
    for raw in (report(), gzip.compress(report())):
        code, (row,) = parse(raw)
        assert code == 0
        assert row == {
            "file": str(tmp_path / "file"),
            "part": "",
            "accepted": True,
            "policies": 1,
            "successful": 9,
            "failed": 1,
            "result_types": ["certificate-expired"],
            "reporter": "sender.example",
            "trust": "unsigned",
            "warnings": [],
            "reason": "",
            "report_id": "r1",
            "begin": "2026-05-10T00:00:00+00:00",
            "end": "2026-05-10T23:59:59+00:00",
            "trust_reason": "it is a file, and no signature came with it",
            "signer": "",
            "failures": {"certificate-expired": 1},
            "dropped": [],
        }
        assert set(row) == set(ParsedRow.__annotations__)


def test_what_is_not_accepted_is_a_line_with_the_reason_and_exit_code_1(parse: Any) -> None:
    code, (row,) = parse(report(policies=[]))
    assert (code, row["accepted"], row["warnings"]) == (1, False, ["no-policies"])
    assert row["reason"] == "no row of it can be used"
    code, (row,) = parse(b"{")
    assert (code, row["accepted"], row["warnings"]) == (1, False, ["not-json"])
    assert row["reason"].startswith("it is no JSON")
    code, (row,) = parse(report(**{"date-range": {}}))
    assert (code, row["reporter"]) == (1, "sender.example")


def test_each_member_of_an_archive_is_a_line(parse: Any) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as file:
        file.writestr("a.json", report())
        file.writestr("b.zip", b"PK\x03\x04")
    code, rows = parse(whole.getvalue())
    assert code == 1
    assert [(row["part"], row["accepted"], row["warnings"]) for row in rows] == [
        ("a.json", True, []),
        ("b.zip", False, ["archive-in-archive"]),
    ]


def signed_mail(*parts: bytes) -> bytes:
    """A mail with reports; the signatures of RFC 8463 are there, and are of another body."""
    header, _, _ = base64.b64decode(SIGNED["mail"]).partition(b"\r\n\r\n")
    body = b"".join(b"--b\r\nContent-Type: %s\r\n" % each for each in parts) + b"--b--\r\n"
    return header + b"\r\nContent-Type: multipart/report; boundary=b\r\n\r\n" + body


REPORT = b"application/tlsrpt+json; name=r.json\r\n\r\n" + report() + b"\r\n"
IMAGE = b"image/png\r\n\r\nx\r\n"
BROKEN = b"application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n!!\r\n"


def test_a_mail_gives_its_reports_and_its_broken_parts(parse: Any) -> None:
    code, rows = parse(signed_mail(REPORT, IMAGE, BROKEN))
    assert code == 1
    assert [(row["part"], row["accepted"], row["warnings"]) for row in rows] == [
        ("part 1 r.json", True, []),
        ("part 3", False, ["transfer-encoding-invalid"]),
    ]
    assert rows[0]["trust"] == "failed"
    assert parse(signed_mail(REPORT, IMAGE))[0] == 0


def test_a_mail_without_a_report_is_a_line_too(parse: Any) -> None:
    code, (row,) = parse(signed_mail(b"text/plain\r\n\r\nhello\r\n"))
    assert (code, row["warnings"]) == (1, ["no-report"])


def test_a_key_that_could_not_be_looked_up_is_exit_code_3(parse: Any) -> None:
    text = b"v=1; a=rsa-sha256; c=simple/simple; d=sender.example; s=s; h=from; b=AAAA; bh="
    body = report() + b"\r\n"
    digest = base64.b64encode(hashlib.sha256(body).digest())
    raw = (
        b"DKIM-Signature: " + text + digest + b"\r\nFrom: tls@sender.example\r\n"
        b"Content-Type: application/tlsrpt+json\r\n\r\n" + body
    )
    code, (row,) = parse(raw)
    assert (code, row["accepted"], row["trust"]) == (3, True, "unsigned")
    assert "could not be looked up: SERVFAIL" in row["trust_reason"]
    code, (row,) = parse(raw, "--offline")
    assert (code, row["trust_reason"].endswith("--offline")) == (3, True)
    code, (row,) = parse(raw, dns=Dns({"s._domainkey.sender.example": ["v=DKIM1; p="]}))
    assert (code, row["trust"]) == (0, "failed")
    expired = raw.replace(b"v=1;", b"v=1; x=1778464800;", 1)
    for received, says in (
        ("2026-05-11T02:00:01Z", "it had expired"),
        ("2026-05-11T02:00:00Z", "could not be looked up"),
    ):
        _, (row,) = parse(expired, "--received", received, "--resolver", "127.0.0.1:53")
        assert says in row["trust_reason"]


@pytest.mark.parametrize("text", ["yesterday", "2026-05-11T02:00:00"])
def test_a_time_without_a_zone_is_refused(
    parse: Any, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse(report(), "--received", text)[0] == 2
    assert capsys.readouterr().err == ""


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(report())
    outside = FakeOutside(typed=report())
    assert main(["reports", "parse", str(tmp_path / "gone"), str(path), "-"], outside) == 2
    shown = capsys.readouterr()
    assert shown.err == f"mtasts reports: {tmp_path}/gone: No such file or directory\n"
    assert shown.out.count(": accepted\n") == 2
    assert main(["reports", "parse", "-", "-"], outside) == 2


def test_a_mail_without_the_extra_says_what_to_install(
    parse: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fast_mail_parser", None)
    assert main(["reports", "parse", "-"], FakeOutside(typed=signed_mail(REPORT))) == 2
    assert "pip install 'mtasts[reports]" in capsys.readouterr().err
    assert parse(report())[0] == 0


def test_people_read_the_same_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"result-type": "x"}, {"result-type": "certificate-expired", "failed-session-count": 1}]
    policy = json.loads(report())["policies"][0] | {"failure-details": rows}
    raw = report(policies=[policy, 5])
    assert main(["reports", "parse", "-"], FakeOutside(typed=raw)) == 0
    assert capsys.readouterr().out == (
        "-: accepted\n"
        "  from sender.example, 2026-05-10T00:00:00+00:00 to 2026-05-10T23:59:59+00:00, id r1\n"
        "  trust: unsigned: it is a file, and no signature came with it\n"
        "  rows 1, sessions 9 successful, 1 failed\n"
        "    certificate-expired: 1\n"
        "    x: not counted\n"
        "  left out: policies[1]: the row is '5', not a JSON object\n"
        "  warnings: detail-without-count, row-not-object, unknown-result-type\n"
    )
    assert main(["reports", "parse", "-"], FakeOutside(typed=b"[]")) == 1
    assert capsys.readouterr().out.startswith("-: not accepted\n  the report is '[]', not a JSON")


HOSTILE = "\x1b[2J\u202e<script>=cmd|' /C calc'!A0\r\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.text(max_size=30))
def test_nothing_of_a_report_reaches_the_terminal_raw(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    hostile = HOSTILE + text
    detail = {"result-type": hostile, "failed-session-count": 1, "receiving-mx-hostname": hostile}
    policy = json.loads(report())["policies"][0] | {"failure-details": [detail]}
    names = {"organization-name": hostile, "contact-info": hostile, "report-id": hostile}
    raw = report(policies=[policy, {"policy": {"policy-domain": hostile}}], **names)
    assert main(["reports", "parse", "-"], FakeOutside(typed=raw)) == 0
    assert re.fullmatch(r"[\n\x20-\x7e]*", capsys.readouterr().out)
    assert main(["reports", "parse", "-", "--format", "json"], FakeOutside(typed=raw)) == 0
    assert re.fullmatch(r"[\x20-\x7e]*\n", capsys.readouterr().out)
