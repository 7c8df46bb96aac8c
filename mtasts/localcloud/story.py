"""A sequence of checked steps: each is printed when it ends, and written to a JSON file."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class StepError(MtaStsError):
    """A step failed; the text says what was seen instead of the expected."""


@dataclass(frozen=True, slots=True)
class Step:
    """A finished step; ``detail`` says what was seen, or why the step failed."""

    name: str
    seconds: float
    ok: bool
    detail: str


class Story:
    """Runs steps one after the other; ``summary`` is complete JSON after each of them."""

    def __init__(self, summary: Path, say: Callable[[str], None]) -> None:
        """Write an empty summary; ``say`` gets a line for each step."""
        self.steps: list[Step] = []
        self._summary = summary
        self._say = say
        summary.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    @property
    def ok(self) -> bool:
        """Whether every step so far succeeded."""
        return all(step.ok for step in self.steps)

    def take(self, name: str, act: Callable[[], str]) -> None:
        """Run the step ``act``, which returns what was seen, and record its result.

        Raises:
            StepError: the step failed; that is already in the summary and printed.
        """
        began = time.monotonic()
        try:
            ok, detail = True, act()
        except (MtaStsError, OSError) as error:
            ok, detail = False, str(error) or type(error).__name__
        step = Step(name, round(time.monotonic() - began, 2), ok, detail)
        self.steps.append(step)
        self._write()
        mark = "ok  " if ok else "FAIL"
        self._say(f"{mark} {step.seconds:5.1f} s  {name}: {detail}")
        if not ok:
            raise StepError(f"{name}: {detail}")

    def _write(self) -> None:
        partial = self._summary.with_suffix(".partial")
        steps = [asdict(step) for step in self.steps]
        partial.write_text(json.dumps({"steps": steps}, indent=2) + "\n")
        partial.replace(self._summary)


def expect(holds: object, otherwise: str) -> None:
    """Require that ``holds`` is true.

    Raises:
        StepError: it is not; the text is ``otherwise``.
    """
    if not holds:
        raise StepError(otherwise)
