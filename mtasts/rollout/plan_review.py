"""One stack's plan, for the person who reviews it: from the engine, and from its program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mtasts.rollout.protection import explain_protected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mtasts.rollout.outlook import Outlook

_QUIET = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True, slots=True)
class Change:
    """A resource that a run would create, change, replace or delete."""

    operation: str
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Review:
    """One stack's plan: ``problems`` are what the engine or the program said against it.

    ``domains`` is what senders find before and after; none where the program ended before it knew.
    """

    stack: str
    domains: tuple[Outlook, ...] = ()
    changes: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_held(self) -> bool:
        """Whether some domain may not be declared as its config asks, or may not go."""
        return any(text.startswith(("held, ", "refused", "emergency: ")) for text in self.problems)


def read_plan(stack: str, plan: Mapping[str, Any], domains: Iterable[Outlook] = ()) -> Review:
    """The review of a plan as ``pulumi preview --json`` prints it; what is not known is skipped.

    ``domains`` is what the program told of them (`mtasts.rollout.outlook`). One that has left the
    stack file is left out unless the plan deletes something of it.
    """
    changes = []
    for step in plan.get("steps", ()):
        operation, urn = str(step.get("op", "")), str(step.get("urn", ""))
        type_ = urn.split("::")[-2].rpartition("$")[2] if urn.count("::") >= 2 else ""
        if operation and operation not in _QUIET:
            changes.append(Change(operation, type_, urn.rpartition("::")[2]))
    deleted = [each.name for each in changes if each.operation == "delete"]
    said = [(str(each.get("severity")), _words(each)) for each in plan.get("diagnostics", ())]
    return Review(
        stack,
        tuple(
            each
            for each in domains
            if each.listed or any(name.startswith(f"{each.name}-") for name in deleted)
        ),
        tuple(sorted(changes, key=lambda change: (change.type, change.name))),
        tuple(
            explain_protected(text, stack)
            for severity, text in said
            if severity == "error" and _is_news(text)
        ),
        tuple(text for severity, text in said if severity == "warning"),
        dict(plan.get("changeSummary", {})),
    )


def _words(diagnostic: Mapping[str, Any]) -> str:
    text = str(diagnostic.get("message", "")).strip()
    return text.removeprefix("error: ").removeprefix("warning: ")


def _is_news(text: str) -> bool:
    """The engine adds that the program failed, which the program has said better."""
    return not text.startswith("an unhandled error occurred")
