"""Findings on records: each row of the table is raised by an RRset of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from text_checks import OF_RECORDS

from mtasts.check.record import check_sts, check_tlsrpt, read_rrset
from mtasts.findings import Severity, printable

STS = b"v=STSv1; id=1;"
RPT = b"v=TLSRPTv1; rua=mailto:tls@example.gov"
SPF = b"v=spf1 -all"
RAISES = {
    "sts-record-missing": [],
    "sts-record-multiple": [STS, STS],
    "sts-record-version": [b"v=STSv1, id=1"],
    "sts-record-version-near-miss": [b"V=stsv1; id=1"],
    "sts-record-id-missing": [b"v=STSv1; x=1"],
    "sts-record-id-malformed": [b"v=STSv1; id=2026-01-01"],
    "sts-record-field-malformed": [b"v=STSv1; id=1; junk"],
    "sts-record-id-long": [b"v=STSv1; id=" + b"a" * 33],
    "sts-record-field-empty": [b"v=STSv1;; id=1"],
    "sts-record-trailing-space": [b"v=STSv1; id=1 "],
    "sts-record-quoted": [b'v=STSv1; id="1"'],
    "sts-record-field-near-miss": [b"v=STSv1; ID=1"],
    "sts-record-misplaced": [RPT],
    "sts-record-not-ascii": [b"v=STSv1; id=\xff"],
    "sts-record-spf": [STS, SPF],
    "sts-record-space": [b"v=STSv1 ; id=1"],
    "sts-record-duplicate": [b"v=STSv1; id=1; id=2"],
    "sts-record-unknown-field": [b"v=STSv1; id=1; x=y"],
    "sts-record-unrelated": [STS, b"hello"],
    "tlsrpt-record-missing": [],
    "tlsrpt-record-multiple": [RPT, RPT],
    "tlsrpt-record-version": [b"v=TLSRPTv1, rua=x"],
    "tlsrpt-record-version-near-miss": [b"v=TLSRPTv2; rua=x"],
    "tlsrpt-rua-missing": [b"v=TLSRPTv1; x=1"],
    "tlsrpt-rua-empty": [RPT + b","],
    "tlsrpt-rua-scheme-missing": [b"v=TLSRPTv1; rua=tls@example.gov"],
    "tlsrpt-rua-http": [b"v=TLSRPTv1; rua=http://example.gov/"],
    "tlsrpt-rua-scheme-unknown": [b"v=TLSRPTv1; rua=ftp://example.gov/"],
    "tlsrpt-rua-mailto-malformed": [b"v=TLSRPTv1; rua=mailto:example.gov"],
    "tlsrpt-rua-https-malformed": [b"v=TLSRPTv1; rua=https://"],
    "tlsrpt-rua-unencoded": [b"v=TLSRPTv1; rua=mailto:a!b@example.gov"],
    "tlsrpt-rua-semicolon": [b"v=TLSRPTv1; rua=https://example.gov/?a;b=c"],
    "tlsrpt-rua-host": [b"v=TLSRPTv1; rua=mailto:tls@localhost"],
    "tlsrpt-rua-credentials": [b"v=TLSRPTv1; rua=https://u:p@example.gov/"],
    "tlsrpt-rua-scheme-case": [b"v=TLSRPTv1; rua=Mailto:tls@example.gov"],
    "tlsrpt-rua-retired": [b"v=TLSRPTv1; rua=mailto:tls-rua@mailcheck.service.ncsc.gov.uk"],
    "tlsrpt-rua-several": [RPT + b",mailto:b@example.gov"],
    "tlsrpt-record-field-empty": [b"v=TLSRPTv1;; rua=mailto:tls@example.gov"],
    "tlsrpt-record-trailing-space": [RPT + b" "],
    "tlsrpt-record-quoted": [RPT + b'"'],
    "tlsrpt-record-field-near-miss": [b"v=TLSRPTv1; Rua=mailto:tls@example.gov"],
    "tlsrpt-record-misplaced": [STS],
    "tlsrpt-rua-size-suffix": [RPT + b"!10m"],
    "tlsrpt-record-field-malformed": [RPT + b"; junk"],
    "tlsrpt-record-not-ascii": [RPT + b"\xff"],
    "tlsrpt-record-spf": [SPF],
    "tlsrpt-record-space": [RPT.replace(b";", b" ;")],
    "tlsrpt-record-duplicate": [RPT + b"; rua=mailto:b@example.gov"],
    "tlsrpt-record-unknown-field": [RPT + b"; x=y"],
    "tlsrpt-record-unrelated": [RPT, b"hello"],
    "tlsrpt-rua-duplicate": [RPT + b",mailto:tls@example.gov"],
}


LINES = {
    "record-presentation": b'"v=STSv1',
    "record-string-long": b'"' + b"a" * 256 + b'"',
    "record-comment": b"v=STSv1; id=1",
    "record-owner": b'_mta-sts.example.gov. 300 IN TXT "v=STSv1; id=1"',
    "record-lines-many": b"a\n" * 1001,
}


def ids(code: str, texts: list[bytes]) -> set[str]:
    rrset = [[text] for text in texts]
    report = check_sts(rrset) if code.startswith("sts-") else check_tlsrpt(rrset)
    for finding in report.findings:
        shown = finding.summary + finding.clause + finding.evidence + finding.fix
        assert shown == printable(shown, 2000).replace(r"\x5c", "\\")
    return {finding.id for finding in report.findings}


def test_every_row_of_the_table_has_records_that_raise_it() -> None:
    assert RAISES.keys() | LINES.keys() == OF_RECORDS.keys()


@pytest.mark.parametrize("code", sorted(RAISES))
def test_raised(code: str) -> None:
    assert code in ids(code, RAISES[code])


@pytest.mark.parametrize("code", sorted(LINES))
def test_raised_by_a_line(code: str) -> None:
    assert [finding.id for finding in read_rrset(LINES[code])[1]] == [code]


def test_good_records_raise_nothing() -> None:
    assert check_sts([[STS]]).findings == ()
    assert check_tlsrpt([[RPT]]).findings == ()
    assert read_rrset(b'; the record\n\n"v=STSv1; " "id=1"\r\n') == ([(b"v=STSv1; ", b"id=1")], [])


def test_every_parser_problem_has_a_row_or_a_more_precise_one() -> None:
    vectors = Path(__file__).parents[2] / "vectors"
    for name, check in (("sts_record", check_sts), ("tlsrpt_record", check_tlsrpt)):
        for line in (vectors / f"{name}.jsonl").read_text().splitlines():
            row = json.loads(line)
            rrset = [[raw(text) for text in texts] for texts in row["input"]["rrset"]]
            report = check(rrset)
            assert str(report.selection.outcome) == row["expect"]["outcome"]
            worst = max((one.severity for one in report.findings), default=Severity.INFO)
            assert (worst is Severity.ERROR) == (row["expect"]["outcome"] != "valid"), row["id"]


def raw(value: dict[str, str]) -> bytes:
    return value["text"].encode() if "text" in value else bytes.fromhex(value["hex"])


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        pytest.param(b"v=STSv1; id=2026-01-01", '"v=STSv1; id=20260101;"', id="id"),
        pytest.param(b"v=STSv1 id=7", '"v=STSv1; id=7;"', id="semicolon"),
        pytest.param(b"V=stsv1; ID = 7", '"v=STSv1; id=7;"', id="case"),
        pytest.param(
            b"v=STSv1; x=1", '"v=STSv1; id=<1 to 32 letters and digits>;"', id="nothing-to-go-by"
        ),
        pytest.param(
            b"v=TLSRPTv1; rua=a@b.example!10m",
            '"v=TLSRPTv1; rua=mailto:a@b.example;"',
            id="size-suffix",
        ),
        pytest.param(
            b"v=TLSRPTv1; rua=a@b.example",
            '"v=TLSRPTv1; rua=mailto:a@b.example;"',
            id="bare-address",
        ),
        pytest.param(b'"v=STSv1; id=7"', '"v=STSv1; id=7;"', id="quotes-inside-quotes"),
        pytest.param("v=STSv1; id=“7”".encode(), '"v=STSv1; id=7;"', id="typographic-quotes"),
        pytest.param("„v=STSv1; id=7“".encode(), '"v=STSv1; id=7;"', id="low-quotes"),
        pytest.param(b"v=STS1; id=7", '"v=STSv1; id=7;"', id="version-without-its-v"),
        pytest.param(b"v=MTA-STSv1; id=7", '"v=STSv1; id=7;"', id="version-by-the-full-name"),
        pytest.param(
            b"v=TLSRPT1; rua=mailto:a@b.example",
            '"v=TLSRPTv1; rua=mailto:a@b.example;"',
            id="tlsrpt-without-its-v",
        ),
        pytest.param(
            b"v=TLS-RPTv1; rua=mailto:a@b.example",
            '"v=TLSRPTv1; rua=mailto:a@b.example;"',
            id="tlsrpt-with-a-hyphen",
        ),
        pytest.param(
            b"v=TLSRPTv1; rua=mailto:a@b.example;mailto:c@d.example",
            '"v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example;"',
            id="semicolon-between-addresses",
        ),
        pytest.param(
            b"v=TLSRPTv1; rua=mailto:a@b.example; c@d.example; x=y",
            '"v=TLSRPTv1; rua=mailto:a@b.example,mailto:c@d.example;"',
            id="semicolon-before-a-bare-address",
        ),
        pytest.param(
            b"v=TLSRPTv1; rua=mailto://tls@example.com",
            '"v=TLSRPTv1; rua=mailto:tls@example.com;"',
            id="slashes",
        ),
        pytest.param(
            b"v=TLSRPTv1; rua=Mailto:tls@example.com,mailto:tls@example.com",
            '"v=TLSRPTv1; rua=mailto:tls@example.com;"',
            id="scheme-case",
        ),
        pytest.param(
            b"v=TLSRPTv1; rua=mailto:a@localhost ",
            '"v=TLSRPTv1; rua=mailto:<mailbox>"',
            id="no-fix-that-has-findings-itself",
        ),
        pytest.param(
            b"v=TLSRPTv1; rua=http://b.example/",
            '"v=TLSRPTv1; rua=mailto:<mailbox>"',
            id="http-is-not-guessed",
        ),
    ],
)
def test_the_fix_is_the_line_to_publish(text: bytes, fix: str) -> None:
    check = check_tlsrpt if b"rua" in text else check_sts
    findings = [one for one in check([[text]]).findings if not one.id.endswith("-missing")]
    assert fix in {one.fix for one in findings} or findings == []
    if not findings:
        assert check([[text]]).findings[0].fix == fix


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        pytest.param("https://reports.example.gov:8443/x?y#z", set(), id="port"),
        pytest.param("https://192.0.2.7/", {"tlsrpt-rua-host"}, id="ipv4"),
        pytest.param("https://[2001:db8::1]/", {"tlsrpt-rua-host"}, id="ipv6"),
        pytest.param("mailto:a@-b.example", {"tlsrpt-rua-host"}, id="no-host-name"),
        pytest.param("mailto:a@b.example.", set(), id="final-dot"),
        pytest.param("mailto:a@b.example?subject=x@localhost", set(), id="query"),
    ],
)
def test_where_a_uri_leads(uri: str, expected: set[str]) -> None:
    report = check_tlsrpt([[f"v=TLSRPTv1; rua={uri}".encode()]])
    assert {finding.id for finding in report.findings} == expected


def test_a_password_is_not_repeated() -> None:
    report = check_tlsrpt([[b"v=TLSRPTv1; rua=https://user:secret@example.gov/"]])
    assert [one.id for one in report.findings] == ["tlsrpt-rua-credentials"]
    assert "secret" not in str(report.findings)


def test_white_space_before_the_semicolon_is_fatal_beside_another_record() -> None:
    spaced = b"v=STSv1 ;id=a"
    assert ids("sts-", [spaced]) == {"sts-record-space"}
    expected = {"sts-record-space", "sts-record-missing", "sts-record-unrelated"}
    assert ids("sts-", [spaced, b"hello"]) == expected


def test_a_long_string_is_split_in_the_fix() -> None:
    (finding,) = read_rrset(b'"' + b"a" * 300 + b'"')[1]
    assert finding.fix == f'"{"a" * 255}" "{"a" * 45}"'


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        pytest.param(b"v=STS1; id=7", "sts-record-version-near-miss", id="sts1"),
        pytest.param(b"version=STSv1; id=7", "sts-record-version-near-miss", id="long-key"),
        pytest.param(b'"v=STSv1; id=7"', "sts-record-version-near-miss", id="quoted"),
        pytest.param("“v=STSv1; id=7”".encode(), "sts-record-version-near-miss", id="typeset"),
        pytest.param(b"v=TLSRPTv1; rua=mailto:a@b.example", "sts-record-misplaced", id="tlsrpt"),
        pytest.param(b"v=TLS-RPTv1; rua=mailto:a@b.example", "sts-record-misplaced", id="hyphen"),
        pytest.param(b"v=DMARC1; p=none", "sts-record-unrelated", id="dmarc"),
        pytest.param(b"v=STUN1", "sts-record-unrelated", id="another-version"),
        pytest.param(b"posts=7", "sts-record-unrelated", id="another-word"),
    ],
)
def test_what_was_meant_for_the_record_is_told_from_what_was_not(text: bytes, id_: str) -> None:
    assert {finding.id for finding in check_sts([[text]]).findings} == {"sts-record-missing", id_}


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        pytest.param(rb"v=STSv1; id=7", '"v=STSv1; id=7"', id="comment"),
        pytest.param(rb"v=STSv1\; id=7; x=1", '"v=STSv1; id=7; x=1"', id="one-escaped"),
        pytest.param(rb"v=STSv1; id=2026-01-01", "put the value in quotes", id="broken-record"),
        pytest.param(rb"v=STSv1; id=7\1", "put the value in quotes", id="broken-escape"),
    ],
)
def test_an_unquoted_line_is_published_as_it_was_meant(line: bytes, fix: str) -> None:
    (finding,) = read_rrset(line)[1]
    assert (finding.id, finding.fix) == ("record-comment", fix)


def test_a_file_longer_than_any_answer_is_not_read_to_its_end() -> None:
    _, findings = read_rrset(b"\n" * 5_000_000)
    assert [one.id for one in findings] == ["record-lines-many"]
