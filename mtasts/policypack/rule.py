"""One rule as one row: id, level, texts, settings, and the function that judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.policypack.resources import NotKnownError, Remark, Resource

if TYPE_CHECKING:
    from mtasts.policypack.stack import Domain, Stack

PAGE = "mtasts docs policy-pack"

Settings = Mapping[str, float]
"""The values of a rule's settings by name; every setting of the row has one."""


class Level(StrEnum):
    """A violation stops the run (mandatory) or is only printed (advisory); the engine's words."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that the pack's config may change; ``means`` describes it, with its unit."""

    name: str
    default: float
    means: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table.

    ``id`` is stable and kebab-case, subject first. ``means`` says what is wrong, ``to_do`` what to
    do about it, ``clause`` names the RFC section or who else asks for it.
    """

    id: str
    level: Level
    means: str
    to_do: str
    clause: str
    settings: tuple[Setting, ...] = field(default=(), kw_only=True)

    @property
    def page(self) -> str:
        """The section of the documentation about the rule, as an argument of ``mtasts docs``."""
        return f"{PAGE}#{self.id}"

    def with_config(self, config: Mapping[str, object]) -> Settings:
        """The settings of the row, with the values of ``config`` instead of defaults.

        The engine has validated ``config`` against the schema.
        """
        return {
            each.name: float(found)
            if isinstance(found := config.get(each.name), (int, float))
            else each.default
            for each in self.settings
        }


@dataclass(frozen=True, slots=True)
class ResourceRule(Rule):
    """A rule about one resource alone; the engine judges it before the resource is written."""

    judge: Callable[[Resource, Settings], Iterator[Remark]]

    def remarks(self, resource: Resource, settings: Settings) -> Iterator[Remark]:
        """The violations of ``resource``, and the values that are not known; never raises."""
        return _remarks(resource.urn, self.judge(resource, settings))


@dataclass(frozen=True, slots=True)
class DomainRule(Rule):
    """A rule about all resources that a program has for a policy domain."""

    judge: Callable[[Domain, Settings], Iterator[Remark]]

    def remarks(self, stack: Stack, settings: Settings) -> Iterator[Remark]:
        """The violations of all domains, and the values that are not known; never raises."""
        for domain in stack.domains:
            parts = (*domain.sts, *domain.hosts, *domain.bodies, *domain.tlsrpt, *domain.addresses)
            yield from _remarks(parts[0].urn, self.judge(domain, settings))


AnyRule = ResourceRule | DomainRule


def _remarks(urn: str, found: Iterator[Remark]) -> Iterator[Remark]:
    try:
        yield from found
    except NotKnownError as error:
        yield Remark(urn, str(error), is_unknown=True)
