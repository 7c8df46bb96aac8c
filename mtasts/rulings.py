"""Rulings: what a run decides about a domain or a stack, in one shape for people and programs.

A refusal says that something may not be declared. A warning is about an overridden refusal or a
failed look-up. A note says what the run does or what comes next. `mtasts.ruling_catalogue` has
every id; ``docs/rulings.md`` is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from mtasts.findings import for_stack
from mtasts.ruling_catalogue import RULINGS, Kind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from mtasts.config import Waiver


class RulingJson(TypedDict):
    """The stable JSON shape of a ruling; ``until`` is ISO 8601, or None."""

    id: str
    kind: str
    text: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """One refusal, warning or note.

    ``text`` says what is so, ``fix`` what to do. ``until`` is the date from which the ruling does
    not hold any more, if there is one. An override with one of the words ``waivers`` passes the
    refusal; ``way`` says in which case an override is right.

    Raises:
        KeyError: the catalogue does not have the id: a mistake in the code, which no test lets by.
        ValueError: the catalogue has the id, but not as of that kind.
    """

    id: str
    kind: Kind
    text: str
    fix: str = ""
    until: dt.datetime | None = None
    waivers: frozenset[Waiver] = frozenset()
    way: str = ""

    def __post_init__(self) -> None:
        """Refuse an id that the catalogue does not have, or has as another kind."""
        if self.kind not in RULINGS[self.id].kinds:
            raise ValueError(f"{self.id} is no {self.kind}")

    def __str__(self) -> str:
        """The text, and the fix if there is one."""
        return f"{self.text}: {self.fix}" if self.fix else self.text

    @property
    def line(self) -> str:
        """The same with the id before it, which ``docs/rulings.md`` explains.

        The id comes first, since a text may end in a command that is pasted into a shell.
        """
        return f"[{self.id}] {self}"

    @property
    def is_unknown(self) -> bool:
        """Whether it is about a failed look-up: nothing is known to be wrong."""
        return RULINGS[self.id].is_unknown

    def as_kind(self, kind: Kind) -> Ruling:
        """The same as another kind; raises as above."""
        return replace(self, kind=kind)

    def waivable(self, *waivers: Waiver, way: str = "") -> Ruling:
        """The same refusal, which an override with one of these words passes."""
        return replace(self, waivers=frozenset(waivers), way=way)

    def for_stack(self, stack: str) -> Ruling:
        """The same, with the stack's name in place of STACK in its commands."""
        return replace(self, text=for_stack(self.text, stack), fix=for_stack(self.fix, stack))

    def as_json(self) -> RulingJson:
        """The stable JSON shape."""
        until = self.until.isoformat() if self.until is not None else None
        return RulingJson(id=self.id, kind=str(self.kind), text=str(self), until=until)


def refusal(id_: str, text: str, fix: str = "", until: dt.datetime | None = None) -> Ruling:
    """A reason why a domain, or a whole stack, may not be declared as its config asks."""
    return Ruling(id_, Kind.REFUSAL, text, fix, until)


def warning(id_: str, text: str, fix: str = "", until: dt.datetime | None = None) -> Ruling:
    """A ruling that somebody should look at; it holds no domain."""
    return Ruling(id_, Kind.WARNING, text, fix, until)


def note(id_: str, text: str, fix: str = "", until: dt.datetime | None = None) -> Ruling:
    """A ruling that says what a run does, or until when somebody has to wait."""
    return Ruling(id_, Kind.NOTE, text, fix, until)


def of_kind(kind: Kind, rulings: Iterable[Ruling]) -> tuple[Ruling, ...]:
    """Those of one kind, in order."""
    return tuple(each for each in rulings if each.kind is kind)
