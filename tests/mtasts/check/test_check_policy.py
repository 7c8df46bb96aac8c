"""Findings on policies: each row of the table is raised by a body of its own.

Policies that say too little (RFC 8461 section 10.4) are among them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from text_checks import OF_POLICIES as CHECKS

from mtasts.check.policy import check_policy
from mtasts.check.table.policy import JUDGED_LIMIT
from mtasts.findings import Severity

VECTORS = Path(__file__).parents[2] / "vectors" / "policy.jsonl"
GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.gov\r\nmax_age: 1209600\r\n"


def with_mx(*values: bytes) -> bytes:
    return GOOD.replace(b"mx: mail.example.gov\r\n", b"".join(b"mx: %s\r\n" % v for v in values))


def with_age(value: bytes) -> bytes:
    return GOOD.replace(b"1209600", value)


RAISES = {
    "policy-empty": b"",
    "policy-html": b"<!doctype html>\n<p>\n",
    "policy-json": b'{"version": "STSv1"}',
    "policy-problems-many": b"junk\n" * 1000,
    "policy-bom": b"\xef\xbb\xbf" + GOOD,
    "policy-blank-line": GOOD + b"\r\n",
    "policy-bare-cr": GOOD.replace(b"\r\n", b"\r"),
    "policy-control-character": GOOD + b"x: \x07\r\n",
    "policy-line-malformed": GOOD + b"# note\r\n",
    "policy-key-space": GOOD.replace(b"mode:", b"mode :"),
    "policy-key-malformed": GOOD + b"a b: c\r\n",
    "policy-value-missing": GOOD + b"x:\r\n",
    "policy-value-malformed": GOOD + b"x: a\tb\r\n",
    "policy-not-utf8": GOOD + b"x: \xff\r\n",
    "policy-version-missing": GOOD.replace(b"version: STSv1\r\n", b""),
    "policy-version-unknown": GOOD.replace(b"STSv1", b"STSv2"),
    "policy-mode-missing": GOOD.replace(b"mode: enforce\r\n", b""),
    "policy-mode-unknown": GOOD.replace(b"enforce", b"Enforce"),
    "policy-mode-report": GOOD.replace(b"enforce", b"report"),
    "policy-max-age-missing": GOOD.replace(b"max_age: 1209600\r\n", b""),
    "policy-max-age-malformed": with_age(b"+5"),
    "policy-max-age-over": with_age(b"31557601"),
    "policy-mx-missing": with_mx(),
    "policy-mx-malformed": with_mx(b"mail_1.example.gov"),
    "policy-mx-trailing-dot": with_mx(b"mail.example.gov."),
    "policy-mx-leading-dot": with_mx(b".example.gov"),
    "policy-mx-u-label": with_mx("bücher.example".encode()),
    "policy-mx-wildcard-malformed": with_mx(b"mail.*.example.gov"),
    "policy-mx-several": with_mx(b"mail.example.gov, mail2.example.gov"),
    "policy-mx-preference": with_mx(b"10 mail.example.gov"),
    "policy-mx-null": with_mx(b"."),
    "policy-mx-not-certifiable": with_mx(b"mail.internal"),
    "policy-mx-unused": GOOD.replace(b"enforce", b"none"),
    "policy-mx-address": with_mx(b"192.0.2.7"),
    "policy-mx-uncovered": with_mx(b"other.example.gov"),
    "policy-body-unread": b"a" * (JUDGED_LIMIT + 1),
    "policy-body-large": GOOD + b"x: " + b"a" * 65536,
    "policy-line-end-lf": GOOD.replace(b"\r\n", b"\n"),
    "policy-line-end-mixed": GOOD.replace(b"\r\n", b"\n", 1),
    "policy-version-not-first": b"x: y\r\n" + GOOD,
    "policy-key-duplicate": GOOD + b"mode: testing\r\n",
    "policy-key-near-miss": GOOD + b"Max-Age: 5\r\n",
    "policy-key-unknown": GOOD + b"x: y\r\n",
    "policy-value-not-ascii": GOOD + b"x: \xc3\xa9\r\n",
    "policy-max-age-short-testing": with_age(b"604799").replace(b"enforce", b"testing"),
    "policy-max-age-long": GOOD.replace(b"enforce", b"none"),
    "policy-max-age-tiny": with_age(b"3600"),
    "policy-max-age-short": with_age(b"604800"),
    "policy-mx-wide": with_mx(b"*.example.gov"),
    "policy-mx-public": with_mx(b"*.gov"),
    "policy-mx-single-label": with_mx(b"mail"),
    "policy-mx-duplicate": with_mx(b"mail.example.gov", b"MAIL.example.gov"),
    "policy-mx-redundant": with_mx(b"*.mx.example.gov", b"a.mx.example.gov"),
    "policy-mode-testing": GOOD.replace(b"enforce", b"testing"),
    "policy-mode-none": GOOD.replace(b"enforce", b"none"),
}


def ids(body: bytes) -> set[str]:
    report = check_policy(body, domain="example.gov", mx=["mail.example.gov"])
    return {finding.id for finding in report.findings}


def test_every_row_of_the_table_has_a_body_that_raises_it() -> None:
    assert RAISES.keys() == CHECKS.keys()


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_raised(code: str) -> None:
    assert code in ids(RAISES[code])
    assert code not in ids(GOOD)


def test_a_good_policy_raises_nothing() -> None:
    assert check_policy(GOOD, domain="example.gov", mx=["mail.example.gov"]).findings == ()


LEGAL = {
    "policy-mx-address",
    "policy-mx-uncovered",
    "policy-body-large",
    "policy-max-age-over",
}


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_what_is_legal_stays_valid(code: str) -> None:
    severity = CHECKS[code].severity
    assert check_policy(RAISES[code]).valid == (severity < Severity.ERROR or code in LEGAL)


@pytest.mark.parametrize("code", sorted(CHECKS))
def test_every_finding_is_complete_and_printable(code: str) -> None:
    report = check_policy(RAISES[code], domain="example.gov", mx=["mail.example.gov"])
    for finding in report.findings:
        texts = (finding.summary, finding.clause, finding.evidence, finding.fix)
        assert all(text.isascii() for text in texts)
        assert "".join(texts).isprintable()
        assert finding.summary
        assert finding.clause
        assert finding.fix


def test_every_parser_problem_has_a_row() -> None:
    lines = VECTORS.read_text().splitlines()
    codes = {code for line in lines for code in json.loads(line)["expect"].get("problems", ())}
    assert codes <= CHECKS.keys()


@pytest.mark.parametrize(
    ("body", "code", "fix"),
    [
        pytest.param(with_mx(b"a.b."), "policy-mx-trailing-dot", "mx: a.b", id="trailing-dot"),
        pytest.param(with_mx(b".a.b"), "policy-mx-leading-dot", "mx: *.a.b", id="leading-dot"),
        pytest.param(
            with_mx("BÜCHER.example".encode()),
            "policy-mx-u-label",
            "mx: xn--bcher-kva.example",
            id="u-label",
        ),
        pytest.param(
            with_mx("\u200b".encode()),
            "policy-mx-u-label",
            "write the name as A-labels (xn--...)",
            id="no-u-label",
        ),
        pytest.param(with_mx(b"10 a.b"), "policy-mx-preference", "mx: a.b", id="preference"),
        pytest.param(
            GOOD + b"Max-Age: 604800\r\n",
            "policy-key-near-miss",
            "max_age: 604800",
            id="near-miss",
        ),
        pytest.param(
            GOOD + b"Max-Age: soon\r\n",
            "policy-key-near-miss",
            "write version, mode, mx or max_age",
            id="near-miss-of-no-value",
        ),
        pytest.param(
            GOOD + b"Max-Age: 9\r\n",
            "policy-key-near-miss",
            "write version, mode, mx or max_age",
            id="near-miss-of-a-value-that-is-wrong-too",
        ),
        pytest.param(
            GOOD + b"nmx: mx2.example.gov\r\n",
            "policy-key-near-miss",
            "mx: mx2.example.gov",
            id="a-letter-too-many",
        ),
        pytest.param(
            GOOD + b"mx1: mx1.example.gov\r\n",
            "policy-key-near-miss",
            "mx: mx1.example.gov",
            id="numbered",
        ),
        pytest.param(
            GOOD + b"moed: enforce\r\n",
            "policy-key-near-miss",
            "mode: enforce",
            id="letters-swapped",
        ),
        pytest.param(
            with_age(b"+5"), "policy-max-age-malformed", "max_age: 1209600", id="age-in-enforce"
        ),
        pytest.param(
            with_age(b"+5").replace(b"enforce", b"testing"),
            "policy-max-age-malformed",
            "max_age: 604800",
            id="age-in-testing",
        ),
        pytest.param(
            b"version: STSv1\r\nmode: none\r\nmax_age: 60\r\n",
            "policy-max-age-tiny",
            "max_age: 86400",
            id="age-in-none",
        ),
        pytest.param(
            with_mx(b"10 mail.internal"),
            "policy-mx-preference",
            "write only the name of the host",
            id="no-fix-that-has-findings-itself",
        ),
        pytest.param(
            GOOD.replace(b"mode:", b" mode :"), "policy-key-space", "mode: enforce", id="space"
        ),
        pytest.param(
            GOOD.replace(b"enforce", b"Enforce"), "policy-mode-unknown", "mode: enforce", id="case"
        ),
    ],
)
def test_the_fix_is_the_line_to_write(body: bytes, code: str, fix: str) -> None:
    fixes = [one.fix for one in check_policy(body).findings if one.id == code]
    assert fixes == [fix]


@pytest.mark.parametrize(
    ("mx", "expected"),
    [
        pytest.param(b"192.0.2.7", {"policy-mx-address"}, id="ipv4"),
        pytest.param(b"[192.0.2.7]", {"policy-mx-address"}, id="ipv4-in-brackets"),
        pytest.param(b"[IPv6:2001:db8::1]", {"policy-mx-address"}, id="ipv6-literal"),
        pytest.param(b"2001:db8::1", {"policy-mx-address"}, id="ipv6"),
        pytest.param(b"*.gov", {"policy-mx-public", "policy-mx-wide"}, id="tld-of-the-domain"),
        pytest.param(b"*.com", {"policy-mx-public"}, id="another-tld"),
        pytest.param(b"*.co.uk", {"policy-mx-public"}, id="registry"),
        pytest.param(b"*.mail.co.uk", set(), id="below-a-registry"),
        pytest.param(b"*.mx.example.gov", set(), id="narrow-wildcard"),
        pytest.param(b"mail", {"policy-mx-single-label"}, id="single-label"),
        pytest.param(b"localhost", {"policy-mx-not-certifiable"}, id="localhost"),
        pytest.param(b"mail.123", {"policy-mx-not-certifiable"}, id="numeric-tld"),
    ],
)
def test_one_mx(mx: bytes, expected: set[str]) -> None:
    report = check_policy(with_mx(mx), domain="example.gov")
    assert {finding.id for finding in report.findings} == expected


@pytest.mark.parametrize("key", [b"m", b"x", b"age", b"smtp", b"contact", b"mx-host", b"policy"])
def test_a_key_that_is_no_slip_of_the_pen_is_an_extension(key: bytes) -> None:
    assert ids(GOOD + key + b": y\r\n") == {"policy-key-unknown"}


def test_without_a_domain_no_wildcard_is_called_wide() -> None:
    assert check_policy(with_mx(b"*.example.gov")).findings == ()
    assert ids(with_mx(b"*.example.gov")) == {"policy-mx-wide"}


def test_max_age_at_the_limits() -> None:
    assert ids(with_age(b"1209599")) == {"policy-max-age-short"}
    assert ids(with_age(b"86399")) == {"policy-max-age-tiny"}
    assert ids(with_age(b"31557600")) == set()


def test_a_policy_of_mode_none_covers_nobody_and_says_nothing_of_it() -> None:
    body = b"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"
    assert ids(body) == {"policy-mode-none"}


def test_every_mistake_is_told_at_once_the_gravest_first() -> None:
    body = b"mode: Enforce\nmx: mail.example.gov.\nmax-age: 5\nx: \xff\n\n"
    report = check_policy(body)
    assert [finding.id for finding in report.findings] == [
        "policy-not-utf8",
        "policy-blank-line",
        "policy-version-missing",
        "policy-max-age-missing",
        "policy-mode-unknown",
        "policy-mx-trailing-dot",
        "policy-line-end-lf",
        "policy-key-near-miss",
    ]


def test_a_page_of_broken_lines_is_told_in_a_few_findings() -> None:
    assert len(check_policy(b"junk\n" * 10_000).findings) < 30
    assert [one.id for one in check_policy(b"<p>\n" * 1000).findings] == [
        "policy-html",
        "policy-line-end-lf",
    ]
