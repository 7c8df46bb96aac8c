"""What others wrote, inside Markdown."""

from __future__ import annotations

import pytest

from mtasts.render.markdown import escaped, fenced


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("held, example.gov: no zone", "held, example.gov: no zone"),
        ("a/b-c.d, 604800 s", "a/b-c.d, 604800 s"),
        ("<img src=x>", "&#60;img src=x&#62;"),
        ("**bold** `code`", "&#42;&#42;bold&#42;&#42; &#96;code&#96;"),
        ("[text](target)", "&#91;text&#93;&#40;target&#41;"),
        ("&lt;", "&#38;lt;"),
        ("@mallory", "&#64;<!-- -->mallory"),
        ("#12", "&#35;<!-- -->12"),
        ("https://attacker.example", "https&#58;//attacker.example"),
        ("www.attacker.example", "www&#46;attacker.example"),
        ("WWW.attacker.example", "WWW&#46;attacker.example"),
        ("mailto:a@b.example", "mailto:a&#64;<!-- -->b.example"),
    ],
)
def test_nothing_becomes_markup_a_mention_or_a_link(text: str, expect: str) -> None:
    assert escaped(text) == expect


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
    assert fenced(lines, "diff") == [f"{fence}diff", *lines, fence]
