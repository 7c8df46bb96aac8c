"""How a value is spelt in each language."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mtasts import escapes

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("held, example.gov: no zone", "held, example.gov: no zone"),
        ("a/b-c.d, 604800 s", "a/b-c.d, 604800 s"),
        ("<img src=x>", "&#60;img src=x&#62;"),
        ("**bold** `code`", "&#42;&#42;bold&#42;&#42; &#96;code&#96;"),
        ("[text](target)", "&#91;text&#93;(target)"),
        ("![text](target)", "!&#91;text&#93;(target)"),
        ("max_age _a_ a_ (b_)", "max_age &#95;a&#95; a&#95; (b&#95;)"),
        ("12) a", "12&#41; a"),
        ("&lt;", "&#38;lt;"),
        ("@mallory", "&#64;<!-- -->mallory"),
        ("#12", "&#35;<!-- -->12"),
        ("https://attacker.example", "https&#58;//attacker.example"),
        ("www.attacker.example", "www&#46;attacker.example"),
        ("WWW.attacker.example", "WWW&#46;attacker.example"),
        ("mailto:a@b.example", "mailto:a&#64;<!-- -->b.example"),
        ("- a", "&#45; a"),
        ("-1", "-1"),
        ("12. a", "12&#46; a"),
        ("12.5", "12.5"),
        ("---", "--&#45;"),
        ("    code", "code"),
        ("a\n# b", "a &#35;<!-- --> b"),
    ],
)
def test_no_value_is_markup_in_markdown(text: str, expect: str) -> None:
    assert escapes.markdown(text) == expect


@pytest.mark.parametrize(
    ("lines", "fence"),
    [
        ([], "```"),
        (["+ mode: enforce"], "```"),
        (["a ``b`` c"], "```"),
        (["  ```"], "````"),
        (["x", "  `````", "```"], "``````"),
    ],
)
def test_no_line_ends_its_block(lines: list[str], fence: str) -> None:
    block = "\n".join([f"{fence}diff", *lines, fence])
    assert escapes.FILTERS["md"]["fenced"](lines, "diff") == block


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("example-agency", "`example-agency`"),
        ("a_b <c>", "`a_b <c>`"),
        ("a`b_", "<code>a&#96;b&#95;</code>"),
        ("a|b", "<code>a&#124;b</code>"),
        ("", "<code></code>"),
    ],
)
def test_code_within_a_line(text: str, expect: str) -> None:
    assert escapes.FILTERS["md"]["code"](text) == expect


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("a `b_c` <d>", "a `b_c` &#60;d&#62;"),
        ("``a`` and `b`", "`a` and `b`"),
        ("a ` b", "a &#96; b"),
        ("a", "a"),
    ],
)
def test_code_in_a_sentence_of_ours(text: str, expect: str) -> None:
    assert escapes.FILTERS["md"]["prose"](text) == expect


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("mx1.example.gov", "mx1.example.gov"),
        ("us-east-1", "us-east-1"),
        ("enforce", "enforce"),
        ("off", '"off"'),
        ("no", '"no"'),
        ("null", '"null"'),
        ("yes", '"yes"'),
        ("1.5", '"1.5"'),
        ("Zürich \U0001f600", '"Zürich \U0001f600"'),
        ("a\u202eb\x85\U000e0001", r'"a\u202eb\u0085\U000e0001"'),
    ],
)
def test_a_scalar_of_yaml(text: str, expect: str) -> None:
    assert escapes.yaml(text) == expect


@given(
    st.one_of(TEXTS, st.from_regex(r"\A[a-z0-9.:+-]{1,6}\Z"), st.sampled_from(["true", "y", "on"]))
)
def test_yaml_reads_back_what_was_written(text: str) -> None:
    assert yaml.safe_load(f"- key: {escapes.yaml(text)} # x\n") == [{"key": text}]


def test_what_is_no_utf_8_stays_so_that_the_reader_refuses_it() -> None:
    written = escapes.yaml("a\udc80").encode("utf-8", "surrogateescape")
    assert written == b'"a\x80"'
    with pytest.raises(yaml.reader.ReaderError):
        yaml.safe_load(written)


@given(TEXTS)
def test_a_literal_of_javascript_is_its_text(text: str) -> None:
    literal = escapes.javascript(text)
    assert json.loads(literal.replace("<\\/", "</")) == text
    assert literal.isascii()
    assert "</" not in literal


@given(TEXTS)
def test_markup_has_no_tag_and_nothing_unseen(text: str) -> None:
    written = escapes.markup(text)
    assert not re.search("[<>\"']", written)
    assert written.isprintable()


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("  + mode: none", "  + mode: none"),
        ("a\r\nb\n", "a b"),
        ("a\n", "a"),
        ("", ""),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\u202eb", r"a\u202eb"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, expect: str) -> None:
    assert escapes.shown(text) == expect
