"""A sequence of steps, each checked: told as it goes, and kept as a file that machines can read."""

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
    """A step did not show what it has to show; the text says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken; ``detail`` says what was seen, or why it is not ok."""

    name: str
    seconds: float
    ok: bool
    detail: str


class Story:
    """Takes steps one after the other until one is not ok; ``summary`` is whole after each."""

    def __init__(self, summary: Path, say: Callable[[str], None]) -> None:
        """Begin an empty summary; ``say`` gets a line a step."""
        self.steps: list[Step] = []
        self._summary = summary
        self._say = say
        summary.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    @property
    def ok(self) -> bool:
        """Whether every step so far was ok."""
        return all(step.ok for step in self.steps)

    def take(self, name: str, act: Callable[[], str]) -> None:
        """Take a step: ``act`` returns what was seen.

        Raises:
            StepError: it was not ok; summary and story say so already.
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
    """Let a step go on only if something holds; raises `StepError`."""
    if not holds:
        raise StepError(otherwise)
