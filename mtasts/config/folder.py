"""The stack files of a folder, and which of them list a domain."""

from __future__ import annotations

import shlex
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from mtasts.config import fields, hosts, source
from mtasts.config.fields import FieldError
from mtasts.config.inbox import is_inbox
from mtasts.config.reading import DOMAINS as _DOMAINS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATTERN = "Pulumi.*.yaml"
_SHOWN_MAX = 20


def stack_files(folder: Path) -> tuple[Path, ...]:
    """The stack files of a folder, in the order of their names."""
    return tuple(sorted(folder.glob(_PATTERN)))


def is_inbox_file(path: Path) -> bool:
    """Whether a stack file is an inbox's, which has no mail domains (docs/reports.md)."""
    try:
        values = source.parse(source.read(path)).values
    except source.SourceError:
        return False
    return is_inbox(values)


def agency_files(folder: Path) -> tuple[Path, ...]:
    """The stack files of a folder but for those of inboxes, in the order of their names."""
    return tuple(path for path in stack_files(folder) if not is_inbox_file(path))


def is_stack_file(path: Path) -> bool:
    """Whether Pulumi reads a file of this name as a stack's config."""
    return path.match(_PATTERN) and path.stem != "Pulumi."


def stack_name(path: Path) -> str:
    """The name of the stack whose config a file holds."""
    return path.stem.removeprefix("Pulumi.")


def listed_domains(path: Path) -> frozenset[str] | None:
    """The domains that a stack file lists, parked ones included, even if other keys are wrong.

    None if the file or its list cannot be read: it may then list any domain.
    """
    try:
        seen = path.stat()
    except OSError:
        return None
    return _listed(path, seen.st_mtime_ns, seen.st_size)


def domain_lines(path: Path) -> dict[str, int]:
    """The line number of each domain in a stack file, from 1; empty if it cannot be read."""
    try:
        read = source.parse(source.read(path))
    except source.SourceError:
        return {}
    entries = read.values.get(_DOMAINS)
    found: dict[str, int] = {}
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        line = read.lines.get(f"{_DOMAINS}[{index}]", 0)
        found |= dict.fromkeys(_names([entry]), read.lines.get(f"{_DOMAINS}[{index}].name", line))
    return found


@lru_cache(maxsize=10_000)
def _listed(path: Path, _changed: int, _size: int) -> frozenset[str] | None:
    """As `listed_domains`, cached until the file changes: each stack is compared with all."""
    try:
        value = source.parse(source.read(path)).values.get(_DOMAINS, [])
        entries = fields.from_json(fields.plain(value))
    except (source.SourceError, FieldError):
        return None
    return frozenset(_names(entries)) if isinstance(entries, list) else None


def _names(entries: list[object]) -> Iterator[str]:
    for entry in entries:
        # An invalid name equals no other name; `mtasts lint stack` reports it.
        with suppress(FieldError):
            yield hosts.policy_domain(fields.mapping(entry).get("name"))


def describe_missing(path: Path) -> str:
    """A message that the stack file does not exist, with the existing stacks and a guess."""
    name, quoted = stack_name(path), shlex.quote(str(path))
    before = f'"$(git rev-list -n 1 HEAD -- {quoted})^"'
    names = [stack_name(each) for each in stack_files(path.parent)]
    guess = fields.did_you_mean(name, names)
    shown = ", ".join(names[:_SHOWN_MAX])
    more = f" and {len(names) - _SHOWN_MAX} more" if len(names) > _SHOWN_MAX else ""
    lines = [
        f"{path} does not exist",
        f"  stacks in {path.parent}: {shown}{more}"
        if names
        else f"  {path.parent} has no stack file",
        f"  did you mean {guess}?" if guess else "",
        f"  if the file was deleted, bring it back: git checkout HEAD -- {quoted}",
        f"  or, if a commit deleted it: git checkout {before} -- {quoted}",
        f"  for a new stack: mtasts init {shlex.quote(name)} --domain DOMAIN",
    ]
    return "\n".join(line for line in lines if line)
