"""A review (of ``mtasts preview``) as text, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.templating import render

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from mtasts.rollout.outlook import Outlook
    from mtasts.rollout.plan_review import Review

_LINE_MAX = 300
_CHANGES_MAX = 200


def as_text(review: Review, now: dt.datetime) -> str:
    """The review as text for a terminal; ``now`` decides what senders still hold."""
    lines = [f"stack {review.stack}: {_counts(review)}"]
    for domain in _changed(review):
        lines += ["", f"{domain.name}: {_ids(domain)}"]
        lines += [f"  {line}" for line in _diff(domain)]
        lines += [f"  - {line}" for line in domain.effects(now)]
    for title, texts in (("problems", review.problems), ("warnings", review.warnings)):
        if texts:
            lines += ["", f"{title}:", *(f"  {line}" for text in texts for line in _lines(text))]
    if review.changes:
        lines += ["", "resources:", *(f"  {line}" for line in _resources(review))]
    return "\n".join(lines) + "\n"


def as_markdown(review: Review, now: dt.datetime) -> str:
    """The review as a comment on a pull request.

    The first line is a marker, by which a later run finds the comment.
    """
    problems = [_lines(text) for text in review.problems]
    return render(
        "review.md",
        stack=review.stack,
        counts=_counts(review),
        problems=[(lines[0], lines[1:]) for lines in problems if lines],
        warnings=[_lines(text) for text in review.warnings],
        domains=[
            {
                "name": domain.name,
                "before": _id(domain.before.id),
                "after": _id(domain.after.id),
                "diff": _diff(domain),
                "effects": [each for text in domain.effects(now) for each in _lines(text)],
            }
            for domain in _changed(review)
        ],
        resources=_resources(review),
    )


def as_json(review: Review, now: dt.datetime) -> str:
    """The review as one JSON object; the shape is stable."""
    document = {
        "stack": review.stack,
        "held": review.is_held,
        "problems": list(review.problems),
        "warnings": list(review.warnings),
        "rulings": [{"domain": name or None} | each.as_json() for name, each in review.rulings],
        "counts": dict(review.counts),
        "domains": [
            {
                "name": domain.name,
                "changed": domain.is_changed,
                "policyBefore": domain.before.policy,
                "policyAfter": domain.after.policy,
                "policyUnfinished": domain.unfinished,
                "idBefore": domain.before.id or None,
                "idAfter": domain.after.id or None,
                "effects": list(domain.effects(now)),
            }
            for domain in review.domains
        ],
        "changes": [
            {"operation": change.operation, "type": change.type, "name": change.name}
            for change in review.changes
        ],
    }
    return json.dumps(document) + "\n"


def _changed(review: Review) -> Iterator[Outlook]:
    return (domain for domain in review.domains if domain.is_changed)


def _counts(review: Review) -> str:
    counts = [
        f"{count} to {operation}"
        for operation, count in sorted(review.counts.items())
        if operation != "same" and count
    ]
    return ", ".join(counts) or ("refused" if review.problems else "nothing to do")


def _ids(domain: Outlook) -> str:
    before, after = _id(domain.before.id), _id(domain.after.id)
    return f"id {before} stays" if before == after else f"id {before} -> {after}"


def _id(found: str) -> str:
    return printable(found) or "none"


def _diff(domain: Outlook) -> list[str]:
    """The lines of the policy, with - before removed ones and + before added ones."""
    before, after = _lines(domain.before.policy or ""), _lines(domain.after.policy or "")
    diff = difflib.ndiff(before, after)
    return [f"{line[0]} {line[2:]}" for line in diff if not line.startswith("?")]


def _lines(text: str) -> list[str]:
    return [printable(line, _LINE_MAX) for line in text.splitlines()]


def _resources(review: Review) -> list[str]:
    rows = [
        printable(f"{change.operation:<16} {change.type} {change.name}", _LINE_MAX)
        for change in review.changes[:_CHANGES_MAX]
    ]
    left_out = len(review.changes) - len(rows)
    return [*rows, f"and {left_out} more"] if left_out else rows
