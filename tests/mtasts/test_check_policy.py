"""Findings on policies: each row of the catalogue is raised by a body of its own."""

from __future__ import annotations

import pytest

from mtasts.check.policy import CATALOGUE, check_policy
from mtasts.findings import Severity

GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.gov\r\nmax_age: 1209600\r\n"


def with_mx(*values: bytes) -> bytes:
    return GOOD.replace(b"mx: mail.example.gov\r\n", b"".join(b"mx: %s\r\n" % v for v in values))


def with_age(value: bytes) -> bytes:
    return GOOD.replace(b"1209600", value)


RAISES = {
    "policy-empty": b"",
    "policy-html": b"<!doctype html>\n<p>\n",
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
    "policy-mx-malformed": with_mx(b"mail.example.gov."),
    "policy-mx-address": with_mx(b"192.0.2.7"),
    "policy-mx-uncovered": with_mx(b"other.example.gov"),
    "policy-body-large": GOOD + b"x: " + b"a" * 65536,
    "policy-line-end-lf": GOOD.replace(b"\r\n", b"\n"),
    "policy-line-end-mixed": GOOD.replace(b"\r\n", b"\n", 1),
    "policy-version-not-first": b"x: y\r\n" + GOOD,
    "policy-key-duplicate": GOOD + b"mode: testing\r\n",
    "policy-key-near-miss": GOOD + b"Max-Age: 5\r\n",
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


def test_every_row_of_the_catalogue_has_a_body_that_raises_it() -> None:
    assert RAISES.keys() == CATALOGUE.keys()


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_raised(code: str) -> None:
    assert code in ids(RAISES[code])
    assert code not in ids(GOOD)


def test_a_good_policy_raises_nothing() -> None:
    assert check_policy(GOOD, domain="example.gov", mx=["mail.example.gov"]).findings == ()


def test_a_policy_is_invalid_only_with_an_error() -> None:
    for code, body in RAISES.items():
        report = check_policy(body)
        assert report.valid or report.findings[0].severity is Severity.ERROR, code


def test_an_address_is_found_in_brackets_and_in_ipv6_form() -> None:
    for value in (b"[192.0.2.7]", b"[IPv6:2001:db8::1]"):
        assert "policy-mx-address" in ids(with_mx(value))


def test_a_policy_of_mode_none_covers_nobody_and_says_nothing_of_it() -> None:
    body = b"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"
    assert ids(body) == {"policy-mode-none"}


def test_a_page_of_broken_lines_is_told_in_a_few_findings() -> None:
    report = check_policy(b"<p>\n" * 1000)
    assert len(report.findings) < 12
