"""What a reviewer is told, from plans as the engine prints them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy
from mtasts.render.review import as_json, as_markdown, as_text
from mtasts.render.worker import worker_source
from mtasts.rollout.handover import Handed, render_handed
from mtasts.rollout.review import Review, read_plan

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


def body(operation: str, before: str | None, after: str | None) -> dict[str, Any]:
    key = "policy/example.gov/.well-known/mta-sts.txt"
    old, new = (None if text is None else {"key": key, "content": text} for text in (before, after))
    return step(operation, OBJECT, "example.gov-policy", old, new)


def record(operation: str, before: str | None, after: str | None) -> dict[str, Any]:
    old, new = (
        None
        if id_ is None
        else {
            "name": "_mta-sts.example.gov",
            "type": "TXT",
            "ttl": 300,
            "records": [f"v=STSv1; id={id_};"],
        }
        for id_ in (before, after)
    )
    return step(operation, RECORD, "example.gov-sts", old, new)


def read(*steps: dict[str, Any], **more: Any) -> Review:
    return read_plan("agency", {"steps": list(steps), **more})


def effects(*steps: dict[str, Any]) -> str:
    (domain,) = read(*steps).domains
    return "\n".join(domain.effects(NOW))


def test_a_new_domain_is_told_as_one() -> None:
    text = effects(body("create", None, OLD), record("create", None, "1"))
    assert text == "senders that see the record fetch this policy: mode testing"


def test_a_promotion_says_what_senders_will_do_and_until_when_they_keep_the_old_policy() -> None:
    text = effects(body("update", OLD, NEW), record("update", "1", "2"))
    assert "keep it until 2026-01-02 00:00 UTC at the latest" in text
    assert "they deliver only to the hosts listed" in text
    assert "listed from then on: b.example.gov" in text
    assert "no longer listed: a.example.gov" in text


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (
            (body("update", NEW, OLD), record("update", "1", "2")),
            "refuse nothing any more, 300 s after the record at the latest",
        ),
        ((body("update", NEW, OLD),), "refuse nothing any more"),
        ((body("same", OLD, OLD), record("update", "1", "2")), "the same policy under a new id"),
        ((body("delete", OLD, None), record("delete", "1", None)), "no policy is served any more"),
        ((body("same", OLD, OLD), record("same", "1", "1")), ""),
        ((body("update", "<html>", OLD),), "senders that see the record fetch this policy"),
    ],
    ids=["taken-back", "taken-back-unknown", "re-roll", "gone", "nothing", "a-page-before"],
)
def test_each_change_has_its_words(steps: tuple[dict[str, Any], ...], says: str) -> None:
    text = effects(*steps)
    assert says in text
    assert bool(text) == bool(says)


def test_resources_that_change_are_listed_and_those_that_stay_are_not() -> None:
    found = read(
        body("same", OLD, OLD),
        record("update", "1", "2"),
        step("create", "aws:s3/bucket:Bucket", "policies-bucket", None, {}),
        {"op": "delete"},
        {},
    )
    assert [(each.operation, each.type, each.name) for each in found.changes] == [
        ("delete", "", ""),
        ("update", RECORD, "example.gov-sts"),
        ("create", "aws:s3/bucket:Bucket", "policies-bucket"),
    ]


def test_other_objects_and_records_are_no_policy() -> None:
    found = read(
        step("create", OBJECT, "o", None, {"key": "ledger/example.gov/1.json", "content": "x"}),
        step("create", RECORD, "r", None, {"name": "_smtp._tls.example.gov", "records": ["x"]}),
    )
    assert found.domains == ()


def test_an_id_that_cannot_be_read_is_none() -> None:
    broken = {"name": "_mta-sts.example.gov", "records": ["v=spf1 -all"]}
    (domain,) = read(step("create", RECORD, "example.gov-sts", None, broken)).domains
    assert domain.id_after == ""


HELD = {
    "severity": "error",
    "message": "error: held, and left as they are: example.gov\n  example.gov: <no> @zone\n",
}
ENDED = {"severity": "error", "message": "error: an unhandled error occurred: the program ended\n"}
WARNED = {"severity": "warning", "message": "warning: example.gov: could not find out\n"}


def test_what_the_program_said_is_told_once() -> None:
    found = read(diagnostics=[HELD, ENDED, WARNED, {"severity": "info", "message": "x"}])
    assert found.problems == ("held, and left as they are: example.gov\n  example.gov: <no> @zone",)
    assert found.warnings == ("example.gov: could not find out",)
    assert found.is_held
    assert not read(diagnostics=[ENDED]).is_held


CHANGED = read(
    body("update", OLD, NEW),
    record("update", "1", "2"),
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


@pytest.mark.parametrize(
    ("review", "says"),
    [(read(), "nothing to do"), (read(diagnostics=[HELD]), "refused")],
    ids=["nothing", "refused"],
)
def test_a_plan_without_changes_says_so(review: Review, says: str) -> None:
    assert as_text(review, NOW).startswith(f"stack agency: {says}\n")
    assert f"### `agency`: {says}" in as_markdown(review, NOW)


def test_an_id_that_stays_is_told_so() -> None:
    text = as_text(read(body("update", OLD, NEW), record("same", "1", "1")), NOW)
    assert "example.gov: id 1 stays" in text


def test_what_comes_from_elsewhere_is_escaped_and_cut() -> None:
    hostile = "\x1b[31m" + "x" * 500
    text = as_text(read(body("create", None, hostile)), NOW)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 320


def test_a_long_list_of_resources_is_cut_with_a_word() -> None:
    steps = [step("create", RECORD, f"r{n}", None, {"name": f"{n}"}) for n in range(205)]
    assert "and 5 more" in as_text(read(*steps), NOW)


WORKER = "cloudflare:index/workersScript:WorkersScript"
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"


def test_a_worker_and_its_record_are_read_as_an_object_and_its() -> None:
    def worker(text: str) -> dict[str, Any]:
        return {"content": worker_source("example.gov", text.encode(), 60)}

    def sts(id_: str) -> dict[str, Any]:
        return {"name": "_mta-sts.example.gov", "content": f'"v=STSv1; id={id_};"', "ttl": 60}

    (found,) = read(
        step("update", WORKER, "example.gov-worker-script", worker(OLD), worker(NEW)),
        step("update", DNS_RECORD, "example.gov-sts", sts("1"), sts("2")),
        step("update", DNS_RECORD, "example.gov-tlsrpt", sts("3"), sts("4")),
        step("create", WORKER, "somebody-elses", None, {"content": "export default {}"}),
    ).domains
    assert (found.body_before, found.body_after) == (OLD, NEW)
    assert (found.id_before, found.id_after, found.ttl_seconds) == ("1", "2", 60)


def test_a_worker_without_a_policy_has_none() -> None:
    (found,) = read(
        step("create", WORKER, "example.gov-worker-script", None, {"content": "export default {}"})
    ).domains
    assert (found.body_before, found.body_after) == (None, None)


def test_the_id_that_is_handed_out_is_one_that_senders_will_see() -> None:
    def handed(id_: str) -> dict[str, Any]:
        rows = [Handed("_mta-sts.example.gov", "TXT", f"v=STSv1; id={id_};")]
        return {"key": "published/example.gov.json", "content": render_handed("example.gov", rows)}

    (found,) = read(
        step("update", OBJECT, "example.gov-handed-out", handed("1"), handed("2"))
    ).domains
    assert (found.name, found.id_before, found.id_after) == ("example.gov", "1", "2")


def test_a_delegated_record_is_the_domains_wherever_it_stands() -> None:
    def sts(id_: str) -> dict[str, Any]:
        owner = "_mta-sts.example.gov.op.example"
        return {"name": owner, "type": "TXT", "ttl": 300, "records": [f"v=STSv1; id={id_};"]}

    (found,) = read(step("update", RECORD, "example.gov-sts", sts("1"), sts("2"))).domains
    assert (found.name, found.id_after) == ("example.gov", "2")


@pytest.mark.parametrize("first", ["new", "former"])
def test_a_domain_that_is_in_two_zones_changes_for_senders_when_what_they_get_changes(
    first: str,
) -> None:
    new = (body("create", None, OLD), record("create", None, "1"))
    former = (body("same", OLD, OLD), record("same", "1", "1"))
    (domain,) = read(*(new + former if first == "new" else former + new)).domains
    assert not domain.is_changed
    assert domain.ttl_seconds == 300
    gone = (body("delete", OLD, None), record("delete", "1", None))
    (domain,) = read(*(former + gone if first == "new" else gone + former)).domains
    assert not domain.is_changed
    (domain,) = read(*gone).domains
    assert domain.is_changed
