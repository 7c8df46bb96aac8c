"""Lists the rules that could not be judged; the adapter to Pulumi's SDK reports them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.policypack.reading import RECORDS
from mtasts.policypack.resources import Remark
from mtasts.policypack.rule import DomainRule
from mtasts.policypack.table import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.policypack.stack import Stack

NOT_JUDGED = "rule-not-judged"
"""The id of the policy that reports the rules which could not be judged."""
NOT_JUDGED_MEANS = "A rule could not be judged, because a value that it needs is not known."
NOT_JUDGED_TO_DO = (
    "This is no violation. A value that only a preview does not know is judged in the run itself; "
    "check all other values yourself."
)


def not_judged(stack: Stack) -> Iterator[Remark]:
    """One remark for each resource and unknown value; it names the rules that need the value."""
    found: dict[tuple[str, str], list[str]] = {}
    for rule in RULES.values():
        settings = rule.with_config({})
        if isinstance(rule, DomainRule):
            remarks = list(rule.remarks(stack, settings))
        else:
            remarks = [
                remark
                for each in stack.resources.values()
                if not (each.type in RECORDS and stack.is_validation(each))
                for remark in rule.remarks(each, settings)
            ]
        for remark in remarks:
            if remark.is_unknown:
                found.setdefault((remark.urn, remark.text), []).append(rule.id)
    for (urn, text), rules in found.items():
        yield Remark(urn, f"{text}; not judged: {', '.join(rules)}.", is_unknown=True)
