"""What a reviewer is told, from plans as the engine prints them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy
from mtasts.render.review import as_json, as_markdown, as_text
from mtasts.rollout.outlook import Forecast, Outlook, Published
from mtasts.rollout.plan_review import Review, read_plan
from mtasts.rulings import Ruling, refusal, warning

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
RECORD = "aws:route53/record:Record"


def policy(*hosts: str, mode: Mode = Mode.TESTING) -> str:
    return Policy(mode, 86400, tuple(map(MxPattern, hosts))).render().decode()


OLD, NEW = policy("a.example.gov"), policy("b.example.gov", mode=Mode.ENFORCE)


def step(operation: str, type_: str, name: str, before: Any, after: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:agency::mtasts::mtasts:index:MailDomain$mtasts:index:Zone${type_}::{name}"
    found: dict[str, Any] = {"op": operation, "urn": urn}
    if before is not None:
        found["oldState"] = {"inputs": before}
    if after is not None:
        found["newState"] = {"inputs": after}
    return found


def record(operation: str) -> dict[str, Any]:
    return step(operation, RECORD, "example.gov-sts", {}, {})


CHANGE = Outlook("example.gov", Published("1", OLD), Published("2", NEW), ttl_seconds=300)


NO_ZONE = refusal("zone-missing", "<no> @zone")
DOUBT = warning("zone-delegation-unknown", "could not find out")


def read(
    *steps: dict[str, Any],
    domains: tuple[Outlook, ...] = (),
    rulings: tuple[Ruling, ...] = (),
    **more: Any,
) -> Review:
    told = Forecast(domains, tuple(("example.gov", each) for each in rulings))
    return read_plan("agency", {"steps": list(steps), **more}, told)


def test_resources_that_change_are_listed_and_those_that_stay_are_not() -> None:
    found = read(
        step("same", OBJECT, "example.gov-policy", {}, {}),
        record("update"),
        step("create", "aws:s3/bucket:Bucket", "policies-bucket", None, {}),
        {"op": "delete"},
        {},
    )
    assert [(each.operation, each.type, each.name) for each in found.changes] == [
        ("delete", "", ""),
        ("update", RECORD, "example.gov-sts"),
        ("create", "aws:s3/bucket:Bucket", "policies-bucket"),
    ]


@pytest.mark.parametrize(
    ("operation", "type_", "name", "is_told"),
    [
        ("delete", "mtasts:index:MailDomain", "example.gov", True),
        ("delete", "mtasts:index:MailDomain", "b.example.gov", False),
        ("update", "mtasts:index:MailDomain", "example.gov", False),
        ("delete", RECORD, "example.gov", False),
    ],
)
def test_a_domain_that_left_the_file_is_told_if_the_plan_deletes_it(
    operation: str, type_: str, name: str, *, is_told: bool
) -> None:
    gone = replace(CHANGE, after=Published(), listed=False)
    found = read(step(operation, type_, name, {}, None), domains=(gone,))
    assert found.domains == ((gone,) if is_told else ())


HELD = {
    "severity": "error",
    "message": "error: held, and left as they are: example.gov\n  example.gov: <no> @zone\n",
}
ENDED = {"severity": "error", "message": "error: an unhandled error occurred: the program ended\n"}
WARNED = {"severity": "warning", "message": "warning: example.gov: could not find out\n"}


def test_what_the_program_said_is_told_once() -> None:
    said = [HELD, ENDED, WARNED, {"severity": "info", "message": "x"}]
    found = read(diagnostics=said, rulings=(NO_ZONE, DOUBT))
    assert found.problems == ("held, and left as they are: example.gov\n  example.gov: <no> @zone",)
    assert found.warnings == ("example.gov: could not find out",)
    assert found.is_held
    # By what the program ruled, whatever its texts are.
    assert not read(diagnostics=[HELD], rulings=(DOUBT,)).is_held


CHANGED = read(
    record("update"),
    domains=(CHANGE,),
    rulings=(NO_ZONE,),
    diagnostics=[HELD, WARNED],
    changeSummary={"same": 19, "update": 2, "create": 0},
)


def test_as_text() -> None:
    text = as_text(CHANGED, NOW)
    assert text.startswith("stack agency: 2 to update\n\nexample.gov: id 1 -> 2\n")
    assert "\n  - mode: testing\n  + mode: enforce\n" in text
    assert (
        "problems:\n  held, and left as they are: example.gov\n    example.gov: <no> @zone" in text
    )
    assert "warnings:\n  example.gov: could not find out" in text
    assert f"  update           {RECORD} example.gov-sts" in text


def test_as_markdown_nothing_said_becomes_markup() -> None:
    text = as_markdown(CHANGED, NOW)
    assert text.splitlines()[0] == "<!-- mtasts preview agency -->"
    assert "&#60;no&#62; &#64;<!-- -->zone" in text
    assert "<no>" not in text
    assert "```diff" in text
    assert "<details><summary>Resources</summary>" in text


def test_as_json() -> None:
    found = json.loads(as_json(CHANGED, NOW))
    assert (found["stack"], found["held"], found["counts"]["update"]) == ("agency", True, 2)
    (domain,) = found["domains"]
    assert (domain["changed"], domain["idBefore"], domain["idAfter"]) == (True, "1", "2")
    assert domain["policyAfter"] == NEW
    assert found["changes"][0]["operation"] == "update"
    refused = {"id": "zone-missing", "kind": "refusal", "text": "<no> @zone", "until": None}
    assert found["rulings"] == [{"domain": "example.gov"} | refused]


@pytest.mark.parametrize(
    ("review", "says"),
    [(read(), "nothing to do"), (read(diagnostics=[HELD]), "refused")],
    ids=["nothing", "refused"],
)
def test_a_plan_without_changes_says_so(review: Review, says: str) -> None:
    assert as_text(review, NOW).startswith(f"stack agency: {says}\n")
    assert f"### `agency`: {says}" in as_markdown(review, NOW)


def test_an_id_that_stays_is_told_so() -> None:
    stays = replace(CHANGE, after=Published("1", NEW))
    assert "example.gov: id 1 stays" in as_text(read(domains=(stays,)), NOW)


def test_a_domain_that_senders_find_as_it_was_is_no_news() -> None:
    same = replace(CHANGE, after=CHANGE.before)
    assert "example.gov" not in as_text(read(domains=(same,)), NOW)
    assert json.loads(as_json(read(domains=(same,)), NOW))["domains"][0]["changed"] is False


def test_what_comes_from_elsewhere_is_escaped_and_cut() -> None:
    hostile = "\x1b[31m" + "x" * 500
    found = replace(CHANGE, after=Published("\x1b", hostile))
    text = as_text(read(domains=(found,)), NOW)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 320


def test_a_long_list_of_resources_is_cut_with_a_word() -> None:
    steps = [step("create", RECORD, f"r{n}", None, {"name": f"{n}"}) for n in range(205)]
    assert "and 5 more" in as_text(read(*steps), NOW)
