"""A whole program judged: what the adapter to Pulumi's SDK calls."""

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
"""The id under which it is told what could not be found out."""
NOT_JUDGED_MEANS = "A rule could not be judged, because a value that it needs is not known."
NOT_JUDGED_TO_DO = (
    "Nothing is known to be wrong. A value that only a preview does not know is judged in the run "
    "itself; look at the rest yourself."
)


def not_judged(stack: Stack) -> Iterator[Remark]:
    """What could not be found out, one remark a resource and reason, with the rules it concerns."""
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
