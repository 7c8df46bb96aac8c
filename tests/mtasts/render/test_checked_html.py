"""The page of ``mtasts check``: who has to do something, and where to read more."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mtasts.check.checks import CHECKS
from mtasts.check.notes import Checked, Unknown
from mtasts.check.row import Question
from mtasts.findings import Finding, Severity
from mtasts.render.checked_html import as_html

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
ROOT = Path(__file__).parents[3]
UNKNOWN = (
    Unknown(Question.MX_SESSION, "whether mx1 offers STARTTLS", "no route", "ask elsewhere"),
)
LONG = "x" * 5000


def finding(id_: str, evidence: str = "") -> Finding:
    return CHECKS[id_].finding(evidence)


FOUND = (
    Checked("good.example", (), (), "enforce", "1"),
    Checked("dark.example", (finding("sts-record-dnssec"),), UNKNOWN),
    Checked("weak.example", (finding("policy-max-age-short"),), UNKNOWN, "testing"),
    Checked("bad.example", (finding("mx-certificate-mismatch"), finding("host-tls-failed"))),
)


class Page(HTMLParser):
    """Elements, ids, links, and the words of each row of a table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links += [values["href"] or ""] if "href" in values else []
        if tag in ("tr", "li"):
            self.rows.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        if self.rows and data.strip():
            self.rows[-1].append(data.strip())


def test_the_gravest_stand_first_and_each_domain_counts_once() -> None:
    rows = Page(as_html(FOUND, NOW)).rows
    assert [row[:2] for row in rows[:4]] == [
        ["1", "with errors"],
        ["1", "with warnings"],
        ["1", "not known in part"],
        ["1", "good"],
    ]
    assert rows[5:9] == [
        ["bad.example", "errors", "2", "0", "0", "0"],
        ["weak.example", "warnings", "0", "1", "0", "1"],
        ["dark.example", "not known in part", "0", "0", "1", "1"],
        ["good.example", "good", "0", "0", "0", "0"],
    ]


def test_links_lead_to_what_is_there() -> None:
    page = Page(as_html(FOUND, NOW))
    assert {link[1:] for link in page.links if link.startswith("#")} == set(page.ids)
    assert len(page.ids) == len(set(page.ids)) == len(FOUND)
    assert "https://www.rfc-editor.org/rfc/rfc8461#section-4.1" in page.links
    documents = {link for link in page.links if link.startswith("docs/")}
    assert "docs/mistakes/certificate.md" in documents
    anchors = (ROOT / "docs/checks.md").read_text()
    for link in documents:
        path, _, anchor = link.partition("#")
        assert (ROOT / path).exists()
        assert not anchor or f'<a id="{anchor}">' in anchors


def test_the_pages_may_be_elsewhere() -> None:
    page = Page(as_html(FOUND, NOW, docs="https://pages.example/docs/"))
    assert "https://pages.example/docs/checks.md#host-tls-failed" in page.links


def test_the_page_loads_nothing_and_allows_its_own_style_alone() -> None:
    text = as_html(FOUND, NOW)
    assert not Page(text).elements & {"script", "link", "img", "iframe", "form", "object"}
    assert not re.search(r"\sstyle=|\son[a-z]+=|url\(|@import", text)
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}';" in text
    assert "2026-11-01 12:00 UTC" in text


def test_nothing_is_cut() -> None:
    found = Finding("x", Severity.ERROR, f"s{LONG}", "c", f"e{LONG}", f"f{LONG}")
    text = as_html(
        [Checked("a.example", (found,), (Unknown(Question.MX, "w", f"r{LONG}", "h"),))], NOW
    )
    assert all(f"{each}{LONG}" in text for each in "sefr")


@pytest.mark.parametrize(
    ("least", "hidden"), [(Severity.INFO, 0), (Severity.WARNING, 1), (Severity.ERROR, 2)]
)
def test_what_is_not_shown_is_counted_all_the_same(least: Severity, hidden: int) -> None:
    text = as_html(FOUND, NOW, least=least)
    assert ["weak.example", "warnings", "0", "1", "0", "1"] in Page(text).rows
    assert ("policy-max-age-short" in text) == (least < Severity.ERROR)
    assert (f"which are not shown: {hidden}<" in text) == bool(hidden)
    assert text.count("Nothing was found that needs a change.") == 1


def test_a_check_of_nothing_is_a_page_too() -> None:
    assert "0 domains" in as_html([], NOW)
