"""Host names and mx patterns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtasts.names import DomainNameError, MxPattern, parse_domain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("example.gov", "example.gov", id="plain"),
        pytest.param("Example.GOV", "example.gov", id="case"),
        pytest.param("example.gov.", "example.gov", id="trailing-dot"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="u-label"),
        pytest.param("BÜCHER.example.", "xn--bcher-kva.example", id="u-label-case-and-dot"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="a-label"),
        pytest.param("a" * 63 + ".gov", "a" * 63 + ".gov", id="label-of-63"),
        pytest.param("mail", "mail", id="single-label"),
        pytest.param("3com.example", "3com.example", id="digit-first"),
    ],
)
def test_one_spelling(text: str, expected: str) -> None:
    assert parse_domain(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param(".", "is empty", id="root"),
        pytest.param(" example.gov", "spaces around", id="leading-space"),
        pytest.param("example.gov\n", "spaces around", id="line-break"),
        pytest.param("a..b", "empty label", id="empty-label"),
        pytest.param(".a", "empty label", id="leading-dot"),
        pytest.param("a.b..", "empty label", id="two-trailing-dots"),
        pytest.param("a" * 64 + ".gov", "64 long", id="label-of-64"),
        pytest.param(".".join(["a" * 62] * 4) + ".aa", "254 characters", id="name-of-254"),
        pytest.param("a_b.example", "more than letters", id="underscore"),
        pytest.param("a b.example", "more than letters", id="space-within"),
        pytest.param("-a.example", "hyphen", id="leading-hyphen"),
        pytest.param("a-.example", "hyphen", id="trailing-hyphen"),
        pytest.param("\u200b.example", "internationalised", id="zero-width-space"),
    ],
)
def test_refused(text: str, why: str) -> None:
    with pytest.raises(DomainNameError, match=why):
        parse_domain(text)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_name_that_stays_itself_or_an_error(text: str) -> None:
    try:
        name = parse_domain(text)
    except DomainNameError:
        return
    assert parse_domain(name) == name


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        pytest.param("mail.example.gov", "mail.example.gov", True, id="equal"),
        pytest.param("MAIL.example.gov.", "mail.example.gov", True, id="case-and-dot"),
        pytest.param("mail.example.gov", "mail2.example.gov", False, id="other"),
        pytest.param("example.gov", "mail.example.gov", False, id="no-subdomains"),
        pytest.param("*.example.gov", "mail.example.gov", True, id="one-label"),
        pytest.param("*.example.gov", "a.mail.example.gov", False, id="two-labels"),
        pytest.param("*.example.gov", "example.gov", False, id="the-domain-itself"),
        pytest.param("*.example.gov", ".example.gov", False, id="empty-label"),
        pytest.param("*.example.gov", "mailexample.gov", False, id="no-dot"),
    ],
)
def test_one_label_is_matched(pattern: str, host: str, covered: bool) -> None:
    assert MxPattern.parse(pattern).covers(host) is covered


@pytest.mark.parametrize("text", ["*", "*.", "*.*.example.gov", "a.*.gov", "*a.example.gov"])
def test_a_wildcard_stands_alone_and_left_most(text: str) -> None:
    with pytest.raises(DomainNameError):
        MxPattern.parse(text)


@pytest.mark.parametrize("text", ["mail.example.gov", "*.example.gov"])
def test_a_pattern_is_written_as_it_is_read(text: str) -> None:
    assert str(MxPattern.parse(text)) == text
