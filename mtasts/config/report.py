"""The report of one reading of a config: findings that say file, line and key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.config.fields import FieldError, shown
from mtasts.findings import Finding, Severity, for_stack, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMESPACE = re.compile(r"\bmtasts:(?=[A-Za-z])")
_STACK_FILE = re.compile(r"(?:^|/)Pulumi\.([A-Za-z0-9_.-]+)\.yaml$")


@dataclass(frozen=True, slots=True)
class Report:
    """Collects findings with the name of the file and the line of each key."""

    file: str
    lines: Mapping[str, int] = field(default_factory=dict)
    # Arguments of `Agency` have no namespace.
    has_namespace: bool = True
    _placed: list[tuple[int, Finding]] = field(default_factory=list)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings, in the order of the file's lines if they are known."""
        return tuple(finding for _, finding in sorted(self._placed, key=lambda placed: placed[0]))

    @property
    def _stack(self) -> str:
        """The stack whose file this is; STACK for a text of another name."""
        named = _STACK_FILE.search(self.file)
        return named[1] if named else "STACK"

    def add(
        self, key: str, error: FieldError, *, line: int | None = None, value: object = None
    ) -> None:
        """Report ``error`` at a key path, which is empty for the file as a whole."""
        # A missing key has no line, so the line of its mapping is shown.
        summary, fix = error.summary, error.fix
        if not self.has_namespace:
            key, summary, fix = (_NAMESPACE.sub("", each) for each in (key, summary, fix))
        line = line or self.lines.get(key) or self.lines.get(key.rpartition(".")[0])
        place = f"{self.file}:{line}" if line else self.file
        if key:
            place = f"{place}: {printable(key)}"
        finding = Finding(
            error.id,
            Severity.ERROR,
            f"{place}: {summary}",
            error.clause,
            "" if value is None else shown(value),
            for_stack(fix, self._stack),
        )
        self._placed.append((line or 0, finding))
