"""How stacks stand, as text, page and JSON, from values."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mtasts.config import Override, Waiver
from mtasts.ledger.entries import Proof
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.render.status_html import as_html
from mtasts.render.status_json import as_json
from mtasts.render.status_text import WIDE, as_text, summary
from mtasts.render.visible import visible
from mtasts.rulings import Ruling, note, refusal, warning
from mtasts.status.rows import (
    Claim,
    DomainStatus,
    EvidenceSeen,
    Overview,
    StackStatus,
    Standing,
)

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
NO_DMARC = refusal("dmarc-missing", "no DMARC record")
SECOND = warning("handed-record-missing", "the second")
THIRD = note("retirement-goes-on", "the third")
A_WARNING = warning("handed-record-wrong", "a warning")
A_NOTE = note("enforce-way-back", "a note")
QUOTA = warning("quota-near", "a quota")
DAY = dt.timedelta(days=1)
ID = "0123456789abcdef0123456789abcdef"
GOOD = DomainStatus("good.example", "enforce", NOW - 40 * DAY, ID, Proof(2, NOW - DAY, ID))
FULL = DomainStatus(
    "a-rather-long-name.of-some-bureau.example.gov",
    "testing",
    NOW - 20 * DAY,
    ID,
    Proof(2, NOW - 20 * DAY, ID, ("192.0.2.1", "192.0.2.2"), ("2001:db8::1",)),
    EvidenceSeen(NOW - 3 * DAY, unmet=(NO_DMARC,)),
    Phase.KEPT,
    Stage.ISSUED,
    moves=True,
    adopted_until=NOW + DAY,
    override=Override(
        frozenset({Waiver.REPORTS}), "<why>", "the CIO", NOW.date(), NOW.date() - DAY
    ),
    claims=(
        Claim(Standing.WAITING, "retiring: run again later", NOW + DAY, ("pulumi up -s one",)),
        Claim(Standing.HELD, "no zone of this account holds it", run=("mtasts preview one",)),
        Claim(Standing.DUE, "<b>due</b>"),
        Claim.of(Standing.DUE, SECOND),
        Claim.of(Standing.DUE, THIRD),
    ),
    rulings=(SECOND, A_WARNING, THIRD, A_NOTE),
)
READY = replace(GOOD, name="ready.example", mode="testing", evidence=EvidenceSeen(NOW, unmet=()))
LACKS = replace(
    READY,
    name="lacks.example",
    evidence=EvidenceSeen(problem="no JSON", unmet=(NO_DMARC, NO_DMARC)),
    run=("mtasts gate check lacks.example",),
)
LONG = "an-agency-of-a-very-long-name-indeed"
PROMOTE = f"pulumi config set --path 'mtasts:domains[12].mode' enforce -s {LONG}"
READY = replace(READY, run=(PROMOTE, f"mtasts preview {LONG}"))
UNASKED = DomainStatus("nobody.example", claims=(Claim(Standing.UNKNOWN, ""),))
FOUND = Overview(
    NOW,
    (
        StackStatus("one", "f", "Agency One", "aws", "route53", (GOOD, FULL), warnings=(QUOTA,)),
        StackStatus("two", "f", "Agency Two", "aws", "manual", (READY, LACKS)),
        StackStatus(
            "three",
            "stacks/Pulumi.three.yaml",
            claims=(Claim(Standing.HELD, "1 problem in the config", run=("mtasts lint",)),),
            is_refused=True,
        ),
        StackStatus(
            "four",
            "f",
            "Agency Four",
            "aws",
            "route53",
            (UNASKED,),
            (Claim(Standing.UNKNOWN, "whose credentials these are", run=("mtasts status four",)),),
        ),
        StackStatus(
            "five", "f", "Agency Five", "aws", "route53", (GOOD,), run=("pulumi destroy -s five",)
        ),
    ),
)
TEXT = """\
DOMAIN                 MODE     SINCE      ID       PROVEN     EVID  STATE

one: Agency One, hosting aws, dns route53
  good.example         enforce  2026-09-22 01234567 2026-10-31 -     good
  a-rather-long-name.of-some-bureau.example.gov
                       testing  2026-10-12 01234567 2026-10-12 3 d   held
    held: no zone of this account holds it
    due: <b>due</b>
    due: the second
    due: the third
    and 1 more: --wide
    next: mtasts preview one
    override of reports from 2026-10-31 until 2026-11-01 by the CIO

two: Agency Two, hosting aws, dns manual
  ready.example        testing  2026-09-22 01234567 2026-10-31 0 d   good
    enforce: every condition is met:
      pulumi config set --path 'mtasts:domains[12].mode' enforce -s \\
        an-agency-of-a-very-long-name-indeed
      mtasts preview an-agency-of-a-very-long-name-indeed
  lacks.example        testing  2026-09-22 01234567 2026-10-31 bad   good
    enforce: 2 conditions unmet: mtasts gate check lacks.example

three: stacks/Pulumi.three.yaml
  held: 1 problem in the config
  next: mtasts lint

four: Agency Four, hosting aws, dns route53
  not known: whose credentials these are
  next: mtasts status four
  nobody.example       -        -          -        -          -     not known

five: Agency Five, hosting aws, dns route53
  every domain is retired: pulumi destroy -s five
  good.example         enforce  2026-09-22 01234567 2026-10-31 -     good

5 stacks, 6 domains at 2026-11-01 12:00 UTC: 2 held, 1 not known, 4 good
"""


def test_the_text_reads_at_80_columns() -> None:
    text = as_text(FOUND)
    assert text == TEXT
    assert max(map(len, text.splitlines())) <= 80


def test_one_of_each_is_counted_as_one() -> None:
    stack = StackStatus("one", "f", "A", "aws", "route53", (GOOD,))
    assert summary(Overview(NOW, (stack,))) == ("1 stack, 1 domain at 2026-11-01 12:00 UTC: 1 good")


def test_with_more_room_all_that_is_known_is_told_once() -> None:
    text = as_text(FOUND, WIDE)
    assert max(map(len, text.splitlines())) <= 160
    for line in (
        "  warning: a quota",
        "    waiting until 2026-11-02 12:00 UTC: retiring: run again later",
        "    proven at 192.0.2.1, 192.0.2.2; unseen: 2001:db8::1",
        "    proven at no address",
        "    retirement: kept",
        "    stage: issued",
        "    taken over: senders may hold an earlier policy until 2026-11-02 12:00 UTC",
        "    unmet: no DMARC record",
        "    evidence: no JSON",
        "    warning: a warning",
        "    note: a note",
    ):
        assert line in text.splitlines()
    assert ID in text
    assert text.count("the second") == text.count("the third") == 1


def test_a_date_from_which_on_a_command_helps_stands_beside_it() -> None:
    claim = Claim(Standing.WAITING, "wait", NOW + DAY, ("pulumi up -s one",))
    later = replace(GOOD, claims=(claim,))
    found = Overview(NOW, (StackStatus("one", "f", "A", "aws", "route53", (later,)),))
    assert "    next, from 2026-11-02 12:00 UTC: pulumi up -s one\n" in as_text(found)
    assert "<p>next, from 2026-11-02 12:00 UTC:</p>\n<pre>pulumi up -s one</pre>" in as_html(found)


def test_json_has_a_stable_shape() -> None:
    found = json.loads(as_json(FOUND))
    assert {key: found[key] for key in ("at", "standing", "counts")} == {
        "at": "2026-11-01T12:00:00+00:00",
        "standing": "held",
        "counts": {"held": 2, "due": 0, "not known": 1, "waiting": 0, "good": 4},
    }
    one, _, three, *_ = found["stacks"]
    good, full = one.pop("domains")
    assert one == {
        "stack": "one",
        "file": "f",
        "agency": "Agency One",
        "hosting": "aws",
        "dns": "route53",
        "standing": "good",
        "claims": [],
        "next": [],
        "warnings": ["a quota"],
        "rulings": [ruled(QUOTA)],
    }
    assert (three["agency"], three["next"]) == (None, ["mtasts lint"])
    nothing = ("evidence", "retirement", "stage", "override", "adoptedHeldUntil")
    assert [good[key] for key in nothing] == [None] * 5
    claims = full.pop("claims")
    assert claims[0] == {
        "id": None,
        "standing": "waiting",
        "text": "retiring: run again later",
        "until": "2026-11-02T12:00:00+00:00",
        "run": ["pulumi up -s one"],
    }
    assert full == {
        "domain": "a-rather-long-name.of-some-bureau.example.gov",
        "standing": "held",
        "mode": "testing",
        "since": "2026-10-12T12:00:00+00:00",
        "id": ID,
        "proof": {
            "at": "2026-10-12T12:00:00+00:00",
            "id": ID,
            "addresses": ["192.0.2.1", "192.0.2.2"],
            "unseen": ["2001:db8::1"],
        },
        "evidence": {
            "collected": "2026-10-29T12:00:00+00:00",
            "problem": None,
            "unmet": ["no DMARC record"],
            "unmetIds": ["dmarc-missing"],
        },
        "retirement": "kept",
        "stage": "issued",
        "moves": True,
        "adoptedHeldUntil": "2026-11-02T12:00:00+00:00",
        "override": {
            "for": ["reports"],
            "from": "2026-10-31",
            "expires": "2026-11-01",
            "approvedBy": "the CIO",
            "reason": "<why>",
        },
        "next": ["mtasts preview one"],
        "warnings": ["the second", "a warning"],
        "notes": ["the third", "a note"],
        "rulings": [ruled(each) for each in (SECOND, A_WARNING, THIRD, A_NOTE)],
    }
    assert [each["id"] for each in claims[-2:]] == [SECOND.id, THIRD.id]


def ruled(found: Ruling) -> dict[str, str | None]:
    return {"id": found.id, "kind": str(found.kind), "text": found.text, "until": None}


def test_an_override_may_stand_at_once() -> None:
    override = Override(frozenset({Waiver.REPORTS}), "why", "the CIO", NOW.date())
    plain = replace(GOOD, override=override)
    found = Overview(NOW, (StackStatus("one", "f", "A", "aws", "route53", (plain,)),))
    assert "    override of reports until 2026-11-01 by the CIO\n" in as_text(found)
    (stack,) = json.loads(as_json(found))["stacks"]
    assert stack["domains"][0]["override"]["from"] is None


class Page(HTMLParser):
    """What a browser makes of a page: its elements, the ids, the links and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links += [values["href"] or ""] if "href" in values else []

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_is_its_own_and_leads_to_what_is_not_good() -> None:
    page = Page(as_html(FOUND))
    assert not page.elements & {"script", "link", "img", "iframe", "form"}
    assert page.links == [
        "#one/a-rather-long-name.of-some-bureau.example.gov",
        "#three",
        "#four",
    ]
    assert {each.removeprefix("#") for each in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    for words in (
        "5 stacks, 6 domains at 2026-11-01 12:00 UTC: 2 held, 1 not known, 4 good",
        "warning: a quota",
        "proven at: 192.0.2.1, 192.0.2.2; unseen: 2001:db8::1",
        "override: reports until 2026-11-01 by the CIO: <why>",
        "taken over: senders may hold an earlier policy until 2026-11-02 12:00 UTC",
        "unmet for enforce: no DMARC record",
        "unmet for enforce: nothing",
        "evidence: no JSON",
        "3 days old",
        "cannot be used",
        "due: <b>due</b>",
        "1 problem in the config",
    ):
        assert words in page.words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Département", "Département"),
        ("a\nb", "a b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202egnp", "\\u202egnp"),
        ("\\x1b", "\\x1b"),
        ("x" * 2001, "x" * 1997 + "..."),
        ("x" * 2000, "x" * 2000),
    ],
    ids=["letters", "lines", "terminal", "bidi", "escaped-already", "too-long", "just-fits"],
)
def test_what_cannot_be_seen_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_whatever_a_file_or_the_network_says_is_text() -> None:
    evil = "<script>\x1b]0;x\x07</script>'\""
    claims = (Claim(Standing.DUE, evil, run=(f"mtasts status {evil}",)),)
    domain = DomainStatus(
        "a.example",
        id=evil,
        proof=Proof(1, NOW, evil, (evil,), (evil,)),
        evidence=EvidenceSeen(problem=evil, unmet=(replace(NO_DMARC, text=evil),)),
        override=Override(frozenset({Waiver.REPORTS}), evil, evil, NOW.date()),
        claims=claims,
        rulings=(
            replace(A_WARNING, text=evil),
            replace(A_NOTE, text=evil),
            replace(A_NOTE, text="x" * 5000),
        ),
    )
    stack = StackStatus(
        evil, evil, evil, "aws", "route53", (domain,), claims, (replace(QUOTA, text=evil),)
    )
    found = Overview(NOW, (stack, replace(stack, dns="", domains=())))
    page = as_html(found)
    assert "script" not in Page(page).elements
    for text in (page, as_text(found), as_text(found, WIDE), as_json(found)):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "x" * 2001 not in text
