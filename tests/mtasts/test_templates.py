"""Every template, fed with values that would be code in its language."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import demo_picture
import layers_picture
import pytest
import yaml
from jinja2 import meta
from structures import STRUCTURES, poisoned

from mtasts import __version__
from mtasts.check.notes import Checked, Unknown
from mtasts.check.row import Question
from mtasts.config.proposed import Judgement
from mtasts.escapes import UnfitValueError
from mtasts.findings import Finding, Severity
from mtasts.ledger.entries import Proof
from mtasts.localcloud import previews
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy
from mtasts.pull_requests import take
from mtasts.render import checked_html, document_html, status_html
from mtasts.render.checked_text import Report
from mtasts.render.document import Document, Field, Kind, Section
from mtasts.render.inbox_worker import inbox_worker_source
from mtasts.render.project import project_files
from mtasts.render.review import as_markdown
from mtasts.render.sarif import Places, as_sarif
from mtasts.render.stack_file import LivePolicy, NewDomain, NewStack, stack_file_text
from mtasts.render.worker import worker_source
from mtasts.rollout.outlook import Outlook, Published
from mtasts.rollout.plan_review import Change, Review
from mtasts.rulings import note, refusal, warning
from mtasts.status.rows import (
    Claim,
    DomainStatus,
    EvidenceSeen,
    Overview,
    StackStatus,
    Standing,
)
from mtasts.templating import SUFFIX, environment, folder, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": "\" onload=alert(1) x='",
    "template": "{{ 7*7 }}{% raw %}{# x #}",
    "backticks": "`a` ``` b",
    "fence": "a\n````\n# heading\n````",
    "link": "a](javascript:alert(1)) [b](c) ![d](e)",
    "table": "a | b | c",
    "lines": "a\nb: c\r\nd\n\n- e",
    "list": "- a",
    "rule": "---",
    "emphasis": "**a** _b_ ~~c~~",
    "mention": "@mallory #12 https://evil.example www.evil.example",
    "control": "a\x00b\x1b[31mc\x7fd\x85e\x9bf",
    "bidi": "a\u202eb\u2066c\u2028d",
    "comment": "--> --!> */ a // b",
    "quotes": "\\\" ' \\",
    "yaml": "!!python/object:a {b: c} &d *d",
    "number": "0x10",
    "entity": "&lt;b&gt; &#60;",
    "letters": "Zürich \U0001f600",
}
POLICY = Policy(Mode.ENFORCE, 604_800, (MxPattern("a.example"),))


STACK = NewStack(
    "example-agency",
    "Department of Examples",
    "adopt",
    (
        NewDomain(
            "a.example",
            ("mx1.a.example", "mx2.a.example"),
            "From the live policy",
            live=LivePolicy(Mode.ENFORCE, 604_800, 3600, ("mailto:tlsrpt@a.example",)),
        ),
        NewDomain("b.example", (), ""),
        NewDomain("bücher.example", ("mx.b.example",), "As given", a_label="xn--bcher-kva.example"),
    ),
    region="us-east-1",
    account="123456789012",
    reports=("https://reports.example/",),
)


CHECKED = (
    Checked(
        "bad.example",
        (
            Finding("host-not-found", Severity.ERROR, "there is no policy", "RFC 8461 section 3.3"),
            Finding("x", Severity.WARNING, "a warning", "vendor", "seen", "mend it"),
        ),
        (
            Unknown(
                Question.MX_SESSION, "whether mx1 offers TLS", "port 25 is closed", "ask elsewhere"
            ),
        ),
        "enforce",
        "1",
    ),
    Checked("good.example", mode="testing"),
)
ID = "0123456789abcdef" * 2
CLAIM = Claim(Standing.DUE, "collect evidence", NOW, ("mtasts gate collect a.example -s agency",))
WARNING = warning("handed-record-wrong", "a warning")
UNMET = refusal("dmarc-missing", "no DMARC record")
NOTE = note("enforce-way-back", "a note")
OVERVIEW = Overview(
    NOW,
    (
        StackStatus(
            "agency",
            "stacks/Pulumi.agency.yaml",
            "Department of Examples",
            "aws",
            "route53",
            (
                DomainStatus(
                    "a.example",
                    "testing",
                    NOW,
                    ID,
                    Proof(1, NOW, ID, ("192.0.2.1",), ("2001:db8::1",)),
                    EvidenceSeen(problem="no JSON", unmet=(UNMET,)),
                    claims=(CLAIM,),
                    rulings=(WARNING, NOTE),
                ),
                DomainStatus("b.example", "enforce", NOW, ID),
            ),
            (CLAIM,),
            (WARNING,),
        ),
    ),
)


def policy(text: str) -> str:
    found: Policy = poisoned(POLICY, text)
    return found.render().decode()


def remarks(text: str) -> dict[str, str]:
    """What a pull request is told, by file."""
    found = take.Outcome(problems=[text], notices=[text], outside_files=[text] * 11)
    found.stacks["a"] = Judgement((text,), (text,))
    found.removed.add("gone")
    return dict(take._remarks(found, text))


def review(text: str) -> Review:
    outlook = Outlook("a.example", Published("1", "b"), Published("2", "c"))
    sample = Review("a", (), (Change("a", "b", "c"),), ("a",), ("a",), {"create": 1})
    found: Review = poisoned(sample, text)
    after: Outlook = poisoned(outlook, text)
    return replace(found, counts={text: 1}, domains=(replace(after, before=Published("2", text)),))


def sarif_help(text: str) -> str:
    row = Finding("mx", Severity.ERROR, text, text, text, text)
    made = as_sarif([Checked("a", (row,))], Places(Report("", {"a": (1, 2)}), "a"))
    return str(json.loads(made)["runs"][0]["tool"]["driver"]["rules"][0]["help"]["markdown"])


def layers(text: str) -> str:
    box = layers_picture.Box(text, 1, 2)
    last = layers_picture.Box(layers_picture.VOCABULARY, 1, 2)
    arrows = {text: {layers_picture.VOCABULARY}}
    return layers_picture.render([box, last], arrows, [text])


def checks(text: str) -> str:
    row = dict.fromkeys(("severity", "summary", "fix", "clause", "result_type", "page_name"), text)
    rows = [row | {"id": text, "page": text, "peers": text}]
    return render(
        "docs/checks.md",
        peers=[(text, text)],
        parts=[{"title": "Checks of `a`", "rows": rows}],
        questions=[(text, [text, text])],
        mistakes=[(text, text)],
    )


def stale_pins(text: str) -> str:
    row = {"name": text, "y": 1, "wide": 1, "good": True, "said": text}
    return render("bench/stale-pins.svg", rows=[row], height=1, rollouts=text, senders=text)


def iam(text: str) -> str:
    words = ("sid", "commands", "need", "name", "dashboard", "scope")
    row = dict.fromkeys(words, text) | {"purpose": "for `a`", "optional": True}
    lists = {"actions": [text], "resources": [text], "conditions": [(text, text, [text, text])]}
    unseen = [(text, text, "because of `a`")]
    rows = [row | lists]
    return render(
        "docs/iam.md",
        statements=rows,
        inbox=rows,
        permissions=[row],
        inbox_permissions=[row],
        unseen=unseen,
    )


def rulings(text: str) -> str:
    row = {"id": text, "kinds": [text, text], "means": "a `b`", "to_do": "c"}
    return render("docs/rulings.md", subjects=[("d", [row])])


def policy_pack(text: str) -> str:
    rule = {"id": "a", "means": "a `b`", "to_do": "c", "level": "advisory", "clause": "d"}
    figure = {"name": text, "means": "a", "default": "b"}
    row = {"rule": rule, "about_domain": True, "settings": [figure], "example": "e"}
    return render("docs/policy-pack.md", subjects=[("d", [row])], not_judged=rule)


def report_queries(text: str) -> str:
    column = {"name": text, "type": "VARCHAR", "meaning": "for `a`"}
    table = {"name": text, "meaning": "for `a`", "columns": [column]}
    query = {"name": text, "answers": "a `b`", "parameters": [text], "lines": text.splitlines()}
    return render("docs/report-queries.md", schema=1, tables=[table], queries=[query])


def report_warnings(text: str) -> str:
    row = {"id": text, "meaning": "a `b`", "fix": "c"}
    return render("docs/report-warnings.md", parts=[("d", [row])])


def report_failures(text: str) -> str:
    row = {"type": text, "means": "a `b`", "to_do": "c", "clause": text, "checks": [text]}
    return render("docs/report-failures.md", rows=[row])


def reports(text: str) -> str:
    fields = (Field("a", "A"), Field("b", "B", Kind.SHARE))
    section = Section("a", "A", fields, ({"a": "x", "b": 0.5},), "b", "c")
    sample = Document("a", ("b",), (section, replace(section, rows=())))
    found: Document = poisoned(sample, text)
    # Ids and keys are ours.
    sections = [
        replace(
            each,
            id="a",
            fields=tuple(replace(f, key=k) for f, k in zip(each.fields, "ab", strict=True)),
        )
        for each in found.sections
    ]
    row: Mapping[str, str | float] = {"a": text, "b": 0.5}
    sections[0] = replace(sections[0], rows=tuple(row for _ in sample.sections[0].rows))
    return document_html.as_html(replace(found, sections=tuple(sections)), NOW)


STEP = {"ok": True, "seconds": 1.5}


# A new template needs a line here: how a text from outside gets into every place of it.
CASES: dict[str, Callable[[str], str]] = {
    "bench/constant.js": lambda text: render("bench/constant.js", body=text),
    "bench/stale-pins.svg": stale_pins,
    "check.html": lambda text: checked_html.as_html(poisoned(CHECKED, text), NOW),
    "docs/checks.md": checks,
    "docs/demo.svg": lambda text: demo_picture.picture([{**STEP, "name": "a", "detail": text}]),
    "docs/iam.md": iam,
    "docs/layers.svg": layers,
    "docs/policy-pack.md": policy_pack,
    "docs/report-failures.md": report_failures,
    "docs/report-queries.md": report_queries,
    "docs/report-warnings.md": report_warnings,
    "docs/rulings.md": rulings,
    "inbox-worker.js": inbox_worker_source,
    "mta-sts.txt": policy,
    "project/Pulumi.yaml": lambda text: project_files(cloudflare=True, virtualenv=text)[
        "Pulumi.yaml"
    ].decode(),
    "pull_request/local.md": lambda text: previews._comment(text, text),
    "pull_request/removed.md": lambda text: remarks(text)["refused/gone.md"],
    "pull_request/stack.md": lambda text: remarks(text)["refused/a.md"],
    "pull_request/whole.md": lambda text: remarks(text)["pull-request.md"],
    "reports.html": reports,
    "review.md": lambda text: as_markdown(review(text), NOW),
    "sarif_help.md": sarif_help,
    "stack.yaml": lambda text: stack_file_text(poisoned(STACK, text)).decode(),
    "status.html": lambda text: status_html.as_html(poisoned(OVERVIEW, text)),
    "worker.js": lambda text: worker_source(text, text.encode(), 60),
}


def names(at: Traversable, before: str = "") -> set[str]:
    found = set()
    for each in at.iterdir():
        if each.is_dir():
            found |= names(each, f"{before}{each.name}/")
        elif each.name.endswith(SUFFIX):
            found.add(before + each.name.removesuffix(SUFFIX))
    return found


def parts() -> set[str]:
    """Templates that are part of others."""
    found: set[str] = set()
    for name in names(folder()):
        tree = environment("html").parse((folder() / f"{name}{SUFFIX}").read_text())
        found |= {each for each in meta.find_referenced_templates(tree) if each}
    return found


def test_every_template_is_fed() -> None:
    assert set(CASES) == names(folder()) - parts()


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", sorted(set(CASES) - {"mta-sts.txt"}))
def test_no_value_is_more_than_a_value(name: str, value: str) -> None:
    structure = STRUCTURES[name.rpartition(".")[2]]
    made = CASES[name](value)
    harmless = "\n".join("x" if line.strip() else "" for line in value.splitlines())
    assert structure(made) == structure(CASES[name](harmless))
    assert "49" not in made


@pytest.mark.parametrize("name", [*sorted(set(HOSTILE) - {"rule", "number"}), "empty"])
def test_what_a_policy_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(UnfitValueError, match="no value of a policy"):
        policy(HOSTILE.get(name, ""))


def test_a_policy_as_it_is_served(golden: Callable[[str, str], None]) -> None:
    mx = (MxPattern("mx1.example.gov"), MxPattern("mx.example.gov", wildcard=True))
    body = Policy(Mode.ENFORCE, 604_800, mx).render()
    assert body.splitlines(keepends=True)[3] == b"mx: *.mx.example.gov\r\n"
    golden("mta-sts.txt", body.decode())


def test_a_worker_as_it_is_uploaded(golden: Callable[[str, str], None]) -> None:
    source = worker_source("example.gov", b"version: STSv1\r\nmode: testing\r\n", 60)
    assert 'encode("version: STSv1\\r\\nmode: testing\\r\\n");' in source
    golden("worker.js", source)


def test_a_review_as_it_is_posted(golden: Callable[[str, str], None]) -> None:
    outlook = Outlook(
        "example.gov",
        Published("1", "mode: testing\n"),
        Published("2", "mode: enforce\n"),
        ttl_seconds=300,
    )
    found = Review(
        "example-agency",
        (outlook,),
        (Change("update", "aws:s3/bucketObjectv2:BucketObjectv2", "example.gov-policy"),),
        ("held, and left as they are: example.gov\n  example.gov: no <zone>",),
        ("example.gov: could not find out",),
        {"same": 19, "update": 2},
    )
    text = as_markdown(found, NOW)
    assert "#### `example.gov`: id 1 -> 2\n\n```diff\n" in text
    golden("review.md", text)


@pytest.mark.parametrize("cloud", ["aws", "cloudflare"])
def test_a_stack_file_as_it_is_written(cloud: str, golden: Callable[[str, str], None]) -> None:
    account = "0123456789abcdef" * 2 if cloud == "cloudflare" else ""
    text = stack_file_text(replace(STACK, cloudflare_account=account)).decode()
    assert yaml.safe_load(text)["config"]["mtasts:hosting"] == cloud
    golden(f"stack-{cloud}.yaml", text)


def test_a_page_of_a_check_and_of_a_status(golden: Callable[[str, str], None]) -> None:
    check, status = checked_html.as_html(CHECKED, NOW), status_html.as_html(OVERVIEW)
    assert '<a href="#domain-1">bad.example</a>' in check
    assert '<b class="due">due</b> until 2026-01-01 00:00 UTC: collect evidence' in status
    golden("check.html", check.replace(f"mtasts {__version__}", "mtasts VERSION"))
    golden("status.html", status.replace(f"mtasts {__version__}", "mtasts VERSION"))
