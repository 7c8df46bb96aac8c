"""The changes since the last round: findings added, sustained and removed, each reported once.

A finding is removed only if its check was done again and passed. If the look-up failed, it remains.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mtasts.check.checks import CHECKS
from mtasts.check.row import Question
from mtasts.check.table.policy import POLICY_ID_UNCHANGED
from mtasts.errors import MtaStsError
from mtasts.findings import Severity, ordered, printable
from mtasts.json_fields import JsonError, read_fields

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping

    from mtasts.check.notes import Checked
    from mtasts.findings import Finding
    from mtasts.json_fields import Fields

VERSION = 1
# A larger file is no state of this command.
STATE_MAX_BYTES = 256 * 1024 * 1024


class StateError(MtaStsError):
    """The state file of a watch cannot be read, so earlier reports are not known."""


class Kind(StrEnum):
    """How a finding changed."""

    ADDED = "added"
    SUSTAINED = "sustained"  # seen again in the next round; reported once
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding of the last round; ``looks`` is the number of rounds that saw it, at most 3."""

    id: str
    severity: str
    summary: str
    evidence: str
    since: dt.datetime
    looks: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One change to report; ``stack`` is empty for domains that were given without a stack."""

    kind: Kind
    domain: str
    standing: Standing
    at: dt.datetime
    stack: str = ""

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "kind": self.kind,
            "at": self.at.isoformat(),
            "stack": self.stack or None,
            "domain": self.domain,
            "id": self.standing.id,
            "severity": self.standing.severity,
            "summary": self.standing.summary,
            "evidence": self.standing.evidence,
            "since": self.standing.since.isoformat(),
        }

    def __str__(self) -> str:
        seen = f" ({self.standing.evidence})" if self.standing.evidence else ""
        where = f"{self.stack} " if self.stack else ""
        return (
            f"{self.at:%Y-%m-%dT%H:%M:%SZ} {where}{self.kind:<9} {self.domain}: "
            f"{self.standing.severity} {self.standing.id}: {self.standing.summary}{seen}"
        )


@dataclass(frozen=True, slots=True)
class Served:
    """A policy as it was first seen under its id: `Checked.digest` of it."""

    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class State:
    """What a watch remembers, by domain."""

    standings: Mapping[str, tuple[Standing, ...]] = field(default_factory=dict)
    served: Mapping[str, Served] = field(default_factory=dict)


def recall(checked: Checked, before: Served | None) -> tuple[Checked, Served | None]:
    """``checked``, with a finding if the policy changed and its id did not.

    The first policy under an id is remembered, so the finding remains until the id changes or that
    policy is served again. The second value is the policy to remember.
    """
    if not checked.id or not checked.digest:
        return checked, before
    if before is None or before.id != checked.id:
        return checked, Served(checked.id, checked.digest)
    if before.digest == checked.digest:
        return checked, before
    found = POLICY_ID_UNCHANGED.finding(f"id {checked.id}")
    return replace(checked, findings=ordered((*checked.findings, found))), before


def compare(
    before: tuple[Standing, ...], checked: Checked, now: dt.datetime
) -> tuple[tuple[Standing, ...], tuple[Change, ...]]:
    """The findings after this round, and the changes to report."""
    former = {(each.id, each.evidence): each for each in before}
    standing: list[Standing] = []
    changes: list[Change] = []
    for each in checked.findings:
        known = former.pop((each.id, each.evidence), None)
        looks = 1 if known is None else min(known.looks + 1, 3)
        since = now if known is None else known.since
        standing.append(_standing(each, since, looks))
        if looks < 3:
            kind = Kind.ADDED if looks == 1 else Kind.SUSTAINED
            changes.append(Change(kind, checked.domain, standing[-1], now))
    open_questions = {each.id for each in checked.unknown}
    for standing_before in former.values():
        if _is_open(standing_before.id, open_questions):
            standing.append(standing_before)
        else:
            changes.append(Change(Kind.REMOVED, checked.domain, standing_before, now))
    return tuple(standing), tuple(changes)


def _is_open(id_: str, questions: Collection[Question]) -> bool:
    """Whether the check of a finding could not be done, so that the finding remains."""
    needed = CHECKS[id_].depends_on if id_ in CHECKS else ()
    return Question.CHECK in questions or any(each in questions for each in needed)


def _standing(finding: Finding, since: dt.datetime, looks: int) -> Standing:
    severity = finding.severity.label
    return Standing(finding.id, severity, finding.summary, finding.evidence, since, looks)


def read_state(raw: bytes, *, max_bytes: int = STATE_MAX_BYTES) -> State:
    """The state of a watch, from the bytes of its file.

    Raises:
        StateError: the file is damaged, too large or of another version; begin without it.
    """
    try:
        found = read_fields(raw, max_bytes)
        if found.whole("version") != VERSION:
            raise StateError(f"it is of version {found.whole('version')}")
        domains = found.fields("domains")
        standings = {name: tuple(map(_read, domains.rows(name))) for name in domains}
        if "served" not in found:
            return State(standings)
        served = found.fields("served")
        return State(standings, {name: _served(served.fields(name)) for name in served})
    except (JsonError, ValueError) as error:
        raise StateError(f"it cannot be read: {printable(str(error), 200)}") from error


def _served(row: Fields) -> Served:
    return Served(row.text("id"), row.text("digest"))


def _read(row: Fields) -> Standing:
    """One finding of the file.

    Raises:
        JsonError: a value is of another type.
        ValueError: there is no such severity.
    """
    severity = Severity.parse(row.text("severity")).label
    return Standing(
        row.text("id"),
        severity,
        row.text("summary"),
        row.text("evidence"),
        row.time("since"),
        row.whole("looks"),
    )


def render_state(state: State) -> bytes:
    """The state as a file, domains in order."""
    document = {
        "version": VERSION,
        "domains": {name: list(map(_row, rows)) for name, rows in sorted(state.standings.items())},
        "served": {name: asdict(each) for name, each in sorted(state.served.items())},
    }
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def _row(each: Standing) -> dict[str, Any]:
    return {
        "id": each.id,
        "severity": each.severity,
        "summary": each.summary,
        "evidence": each.evidence,
        "since": each.since.isoformat(),
        "looks": each.looks,
    }


def gravest(changes: Iterable[Change], least: Severity = Severity.INFO) -> list[Change]:
    """The changes of severity ``least`` or worse, the worst first and removed ones last."""
    return sorted(
        (each for each in changes if Severity.parse(each.standing.severity) >= least),
        key=lambda each: (each.kind is Kind.REMOVED, -Severity.parse(each.standing.severity)),
    )
