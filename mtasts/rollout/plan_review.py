"""One stack's plan, for the person who reviews it: from the engine, and from its program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mtasts.rollout.outlook import Forecast
from mtasts.rollout.protection import explain_protected
from mtasts.ruling_catalogue import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.rollout.outlook import Outlook
    from mtasts.rulings import Ruling

_QUIET = frozenset({"same", "read", "refresh"})
_NOTHING = Forecast()


@dataclass(frozen=True, slots=True)
class Change:
    """A resource that a run would create, change, replace or delete."""

    operation: str
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Review:
    """One stack's plan: ``problems`` are what the engine or the program said against it.

    ``domains`` is what senders find before and after, and ``rulings`` are those of the run, each
    with its domain's name (empty: the stack's); none where the program ended before it knew.
    """

    stack: str
    domains: tuple[Outlook, ...] = ()
    changes: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    rulings: tuple[tuple[str, Ruling], ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether some domain may not be declared as its config asks, or may not go."""
        return any(each.kind is Kind.REFUSAL for _, each in self.rulings)


def read_plan(stack: str, plan: Mapping[str, Any], forecast: Forecast = _NOTHING) -> Review:
    """The review of a plan as ``pulumi preview --json`` prints it; what is not known is skipped.

    ``forecast`` is what the program told (`mtasts.rollout.outlook`). A domain that has left the
    stack file is left out unless the plan deletes it: its component goes with the first part of it.
    """
    changes = []
    for step in plan.get("steps", ()):
        operation, urn = str(step.get("op", "")), str(step.get("urn", ""))
        type_ = urn.split("::")[-2].rpartition("$")[2] if urn.count("::") >= 2 else ""
        if operation and operation not in _QUIET:
            changes.append(Change(operation, type_, urn.rpartition("::")[2]))
    deleted = {
        each.name
        for each in changes
        if (each.operation, each.type) == ("delete", "mtasts:index:MailDomain")
    }
    names = [each.name for each in forecast.domains]
    diagnostics = [
        (str(each.get("severity")), _words(each)) for each in plan.get("diagnostics", ())
    ]
    return Review(
        stack,
        tuple(each for each in forecast.domains if each.listed or each.name in deleted),
        tuple(sorted(changes, key=lambda change: (change.type, change.name))),
        tuple(
            explain_protected(text, stack, names)
            for severity, text in diagnostics
            if severity == "error" and _is_news(text)
        ),
        tuple(text for severity, text in diagnostics if severity == "warning"),
        dict(plan.get("changeSummary", {})),
        forecast.rulings,
    )


def _words(diagnostic: Mapping[str, Any]) -> str:
    text = str(diagnostic.get("message", "")).strip()
    return text.removeprefix("error: ").removeprefix("warning: ")


def _is_news(text: str) -> bool:
    """The engine adds that the program failed, which the program has said better."""
    return not text.startswith("an unhandled error occurred")
