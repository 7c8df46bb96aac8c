"""Which stack has a domain, for commands that are given the domain alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cli.paths import existing
from mtasts.config import ConfigError, load_stack
from mtasts.config.fields import FieldError
from mtasts.config.hosts import policy_domain
from mtasts.errors import UsageError
from mtasts.names import DomainNameError, parse_domain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mtasts.config import AgencyConfig, DomainConfig


@dataclass(frozen=True, slots=True)
class StackDomain:
    """A domain that receives mail, in the stack that has it; ``values`` is the stack's config."""

    stack: str
    config: AgencyConfig
    domain: DomainConfig
    values: Mapping[str, object]


def domain_name(text: str) -> str:
    """A host name from the command line; raises `UsageError` for what is none."""
    try:
        return parse_domain(text)
    except DomainNameError as error:
        raise UsageError(str(error)) from error


def mail_domain(text: str) -> str:
    """A mail domain from the command line: no address, and no name that is published for one.

    Raises:
        UsageError: it can carry no policy; the text says what to write.
    """
    try:
        return policy_domain(text)
    except FieldError as error:
        raise UsageError(f"{error.summary}: {error.fix}") from error


def find_domain(name: str, folder: Path) -> StackDomain:
    """The stack that has the domain; a file with mistakes is passed over unless none has it.

    Raises:
        UsageError: no readable file has it.
    """
    broken = []
    for path in sorted(existing(folder).glob("Pulumi.*.yaml")):
        try:
            config, values = load_stack(path)
        except ConfigError as error:
            broken.append(error.file)
            continue
        for domain in config.domains:
            if domain.name == name and not domain.parked:
                stack = path.stem.removeprefix("Pulumi.")
                return StackDomain(stack, config, domain, values)
    more = f" (not readable: {', '.join(broken)})" if broken else ""
    raise UsageError(f"no stack file in {folder} has the domain {name}{more}")
