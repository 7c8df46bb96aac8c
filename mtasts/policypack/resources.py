"""The resources of a Pulumi program as plain values, as a policy pack receives them.

In a preview some values are not known yet. Such a value is `UNKNOWN`, and reading it raises: a rule
that needs the value is neither met nor violated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class _Unknown(Enum):
    UNKNOWN = "unknown"


UNKNOWN: Final = _Unknown.UNKNOWN
"""Stands for a value that a preview does not know."""


class NotKnownError(MtaStsError):
    """A rule needs a value that is not known: it could not be judged.

    The text names the value.
    """


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: ``inputs`` are those of the program, by the names of Pulumi's schema.

    ``dependencies`` are the URNs that it waits for, ``by_property`` those that the value of an
    input comes from. ``protect`` is the resource option of that name.
    """

    urn: str
    type: str
    inputs: Mapping[str, object]
    dependencies: frozenset[str] = frozenset()
    by_property: Mapping[str, frozenset[str]] = field(default_factory=dict)
    protect: bool = False

    @property
    def name(self) -> str:
        """The name that the program gave it."""
        return self.urn.rpartition("::")[2]

    @property
    def waits_for(self) -> frozenset[str]:
        """The URNs of all resources that must exist before this one."""
        return self.dependencies.union(*self.by_property.values())

    def value(self, *path: str | int) -> object:
        """The input at ``path``, a JSON value; None if the program left it out.

        Raises:
            NotKnownError: the input is not known yet.
        """
        found: object = self.inputs
        for step, key in enumerate(path):
            if isinstance(key, int):
                found = found[key] if isinstance(found, list) and key < len(found) else None
            else:
                found = found.get(key) if isinstance(found, Mapping) else None
            if found is UNKNOWN:
                shown = ".".join(map(str, path[: step + 1]))
                raise NotKnownError(f"{shown} is not known yet")
        return found

    def text(self, *path: str | int) -> str:
        """The input at ``path`` as text, empty if the program left it out.

        Raises:
            NotKnownError: the input is not known yet.
        """
        found = self.value(*path)
        return found if isinstance(found, str) else ""

    def items(self, *path: str | int) -> list[object]:
        """The members of the list at ``path``; a single object counts as a list of one.

        Raises:
            NotKnownError: the list or a member is not known yet.
        """
        found = self.value(*path)
        if found is None:
            return []
        if not isinstance(found, list):
            return [found]
        return [self.value(*path, index) for index in range(len(found))]


@dataclass(frozen=True, slots=True)
class Remark:
    """What is wrong with the resource ``urn``, or why that is not known (``is_unknown``)."""

    urn: str
    text: str
    is_unknown: bool = False


def one_by_one(
    resources: Iterable[Resource], judge: Callable[[Resource], Iterator[Remark]]
) -> Iterator[Remark]:
    """The remarks of ``judge`` about each resource.

    A resource with a value that is not known gets a remark that says so, and the next is judged.
    """
    for each in resources:
        try:
            yield from judge(each)
        except NotKnownError as error:
            yield Remark(each.urn, str(error), is_unknown=True)
