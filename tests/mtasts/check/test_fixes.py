"""No fix may be wrong: what a finding says to write is fed back, and brings no finding of weight.

A fix is exact where it is a TXT value in quotes, or a line that begins with a key of RFC 8461; in
any other, words say what to do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.check.policy import check_policy
from mtasts.check.record import check_sts, check_tlsrpt, read_rrset
from mtasts.config.fields import FieldError, dkim_selector, word
from mtasts.config.hosts import report_uri
from mtasts.findings import Finding, Severity
from mtasts.policy import Mode
from mtasts.records import parse_presentation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PIECES = [
    "v=STSv1", "v=STS1", "v = stsv1", "v=MTA-STSv1", "v=TLSRPTv1", "v=TLSRPT1", "v=TLS-RPTv1",
    ";", ";;", "; ", " ;", ",", " ", "\t", '"', "“", "”", "!10m", "=", "x=y", "v=spf1 -all",
    "id=", "ID=", "id = ", "20260101", "2026-01-01", "a" * 40, "rua=", "Rua=", "é",
    "mailto:", "MAILTO:", "mailto://", "https://", "http://", "tls@example.gov", "a@localhost",
    "b@example.com", "reports.example.gov/x", "a;b@c.example", "[:::]",
    "tls-rua@mailcheck.service.ncsc.gov.uk", "%3B", "\\;", '\\"',
]  # fmt: skip
LINES = [
    "version: STSv1", "Version: STSv1", "version: STSv2", "version : STSv1", "", " ", "# x",
    "mode: enforce", "mode: Enforce", "mode: testing", "mode: report", "moed: none", "mode: none",
    "mx: mx.example.gov", "mx: mx.example.gov.", "nmx: mx.example.gov", "mx1: mail.local", "mx: .",
    "mx: .example.gov", "mx: 10 mx.example.gov", "mx: 192.0.2.7", "mx: a, b", "mx: *.gov",
    "max_age: 604800", "max-age: 9", "maxAge: 1209600", "max_age: +5", "max_age: 99999999999",
    "max_age: 60", "max_age:", "x: y", " mx: mail", "max: 604800", "mx 5: b", "mx: é.gov",
]  # fmt: skip
KEYS = ("version", "mode", "mx", "max_age")


def grave(findings: Iterable[Finding]) -> list[str]:
    return [each.id for each in findings if each.severity > Severity.INFO]


def require_sound(fix: str) -> None:
    """Fail where ``fix`` is exact and has findings of its own."""
    key, colon, value = fix.partition(": ")
    # A record of SPF in quotes is what it was: another finding says that it does not belong there.
    if fix.startswith('"v=') and not fix.startswith('"v=spf1') and "<" not in fix:
        text = b"".join(parse_presentation(fix))
        check = check_tlsrpt if text.startswith(b"v=TLSRPT") else check_sts
        assert grave(check([(text,)]).findings) == [], fix
    elif colon and key in KEYS and "<" not in fix:
        lines = {"version": "STSv1", "mode": "enforce", "mx": "a.example", "max_age": "1209600"}
        if key == "max_age":  # what is enough for testing is told, too
            lines["mode"] = {"86400": "none", "1209600": "enforce"}.get(value, "testing")
        body = "".join(f"{each}: {text}\r\n" for each, text in (lines | {key: value}).items())
        assert grave(check_policy(body.encode()).findings) == [], fix


@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=9))
def test_of_records(pieces: list[str]) -> None:
    text = "".join(pieces)
    raw = text.encode()
    found = [*check_sts([(raw,)]).findings, *check_tlsrpt([(raw,)]).findings]
    found += [*read_rrset(raw)[1], *read_rrset(raw * 20)[1]]
    for each in found:
        require_sound(each.fix)


@given(lines=st.lists(st.sampled_from(LINES), max_size=7), mx=st.sampled_from(["b.gov", "b.lan"]))
def test_of_policies(lines: list[str], mx: str) -> None:
    body = "".join(f"{line}\r\n" for line in lines).encode()
    for each in check_policy(body, domain="example.gov", mx=[mx]).findings:
        require_sound(each.fix)


@pytest.mark.parametrize(
    "parser",
    [
        pytest.param(dkim_selector, id="dkim-selector"),
        pytest.param(report_uri, id="report-uri"),
        pytest.param(word(Mode), id="word"),
    ],
)
@given(
    pieces=st.lists(
        st.sampled_from([*PIECES, "google", "._domainkey", ".", "Enforce", "te-sting", "/", "s1"]),
        min_size=1,
        max_size=4,
    )
)
def test_of_config_values(parser: Callable[[object], object], pieces: list[str]) -> None:
    try:
        parser("".join(pieces))
    except FieldError as error:
        wanted = re.fullmatch(r"write (\S+)(?: or \S+)?", error.fix)
        if wanted:
            parser(wanted[1])
