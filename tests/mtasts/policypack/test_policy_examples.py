"""Each rule has a bad example, which violates it, and a good one, which violates none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.policypack.judging import not_judged
from mtasts.policypack.resources import UNKNOWN, Remark, Resource
from mtasts.policypack.rule import DomainRule, ResourceRule
from mtasts.policypack.stack import Stack
from mtasts.policypack.table import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "policypack" / "examples"
RECORDER = Path(__file__).with_name("record_policy_examples.py")


def resource(row: dict[str, Any]) -> Resource:
    by_property = {key: frozenset(urns) for key, urns in row["by_property"].items()}
    return Resource(
        row["urn"],
        row["type"],
        unknowns(row["inputs"]),
        frozenset(row["dependencies"]),
        by_property,
        protect=row["protect"],
    )


def unknowns(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: unknowns(each) for key, each in value.items()}
    if isinstance(value, list):
        return [unknowns(each) for each in value]
    return UNKNOWN if value == "<unknown>" else value


@pytest.fixture(scope="module")
def examples() -> dict[str, dict[str, list[Resource]]]:
    done = subprocess.run(
        [sys.executable, str(RECORDER), str(EXAMPLES)], capture_output=True, text=True, check=True
    )
    return {
        which: {rule: [resource(each) for each in rows] for rule, rows in rules.items()}
        for which, rules in json.loads(done.stdout).items()
    }


def violated(resources: Sequence[Resource]) -> dict[str, list[Remark]]:
    found = {id_: [each for each in told if not each.is_unknown] for id_, told in judged(resources)}
    return {id_: told for id_, told in found.items() if told}


def judged(resources: Sequence[Resource]) -> Iterator[tuple[str, list[Remark]]]:
    stack = Stack(resources)
    for id_, rule in RULES.items():
        settings = rule.with_config({})
        if isinstance(rule, ResourceRule):
            yield id_, [told for each in resources for told in rule.remarks(each, settings)]
        if isinstance(rule, DomainRule):
            yield id_, list(rule.remarks(stack, settings))


def test_every_rule_has_its_examples_and_no_other_is_there(
    examples: dict[str, dict[str, list[Resource]]],
) -> None:
    assert {which: set(rules) for which, rules in examples.items()} == {
        "good": set(RULES),
        "bad": set(RULES),
    }


@pytest.mark.parametrize("rule", RULES)
def test_a_bad_example_violates_its_rule_alone(
    rule: str, examples: dict[str, dict[str, list[Resource]]]
) -> None:
    found = violated(examples["bad"][rule])
    assert set(found) == {rule}, found
    for remark in found[rule]:
        assert remark.text.endswith(".")
        assert any(each.urn == remark.urn for each in examples["bad"][rule])


@pytest.mark.parametrize("rule", RULES)
def test_a_good_example_violates_no_rule(
    rule: str, examples: dict[str, dict[str, list[Resource]]]
) -> None:
    assert violated(examples["good"][rule]) == {}
    assert [*not_judged(Stack(examples["good"][rule]))] == []


def test_all_good_examples_together_violate_no_rule(
    examples: dict[str, dict[str, list[Resource]]],
) -> None:
    """Domains of one program do not get in each other's way."""
    together = [each for rows in examples["good"].values() for each in rows]
    assert violated(together) == {}
    bad = [each for rows in examples["bad"].values() for each in rows]
    assert set(violated(bad)) == set(RULES)
