"""Which stack has a domain, for commands that are given the domain alone."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cli.paths import existing
from mtasts.config import ConfigError, load_stack
from mtasts.config.fields import FieldError
from mtasts.config.folder import listed_domains, stack_files, stack_name
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
    """A host name from the command line; raises `UsageError` if it is none."""
    try:
        return parse_domain(text)
    except DomainNameError as error:
        raise UsageError(str(error)) from error


def mail_domain(text: str) -> str:
    """A mail domain from the command line: no mail address, no policy host, no record's name.

    Raises:
        UsageError: it can have no policy; the text says what to write.
    """
    try:
        return policy_domain(text)
    except FieldError as error:
        raise UsageError(f"{error.summary}: {error.fix}") from error


def find_domain(name: str, folder: Path) -> StackDomain:
    """The one stack that has the domain; unreadable stack files are named on standard error.

    Raises:
        UsageError: no file has the domain, several have it, or its file has mistakes.
    """
    listed = {path: listed_domains(path) for path in stack_files(existing(folder))}
    paths = [path for path, names in listed.items() if names is not None and name in names]
    unreadable = [path for path, names in listed.items() if names is None]
    broken = ", ".join(map(str, unreadable))
    if len(paths) > 1:
        raise UsageError(
            f"{name} is in {len(paths)} stack files: {', '.join(map(str, paths))}: remove it "
            "from all but one"
        )
    if paths and unreadable:
        sys.stderr.write(
            f"mtasts: {broken} cannot be read, so it is not known whether {name} is in there as "
            f"well as in {paths[0]}\n"
        )
    for path in paths:
        config, values = _loaded(path)
        for domain in config.domains:
            if domain.name == name and not domain.parked:
                return StackDomain(stack_name(path), config, domain, values)
    more = f" (not readable: {broken})" if broken else ""
    raise UsageError(f"no stack file in {folder} has the domain {name}{more}")


def _loaded(path: Path) -> tuple[AgencyConfig, Mapping[str, object]]:
    """The config of a stack file.

    Raises:
        UsageError: it has mistakes; the text says which command lists them.
    """
    try:
        return load_stack(path)
    except ConfigError as error:
        quoted = shlex.quote(str(path))
        raise UsageError(f"{path} has mistakes: run mtasts lint stack {quoted}") from error
