"""What a pull request may change in a stack file before it is previewed with credentials.

The author of the pull request controls the file. Most keys say what is published, and a preview
shows that. Other keys choose the identity of the run, the address of its requests, or what is
decrypted. If one of those changed, the preview itself would act on a change that nobody has
reviewed, so there is no preview.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.config import fields, source
from mtasts.config.inbox import INBOX, is_inbox
from mtasts.config.loading import require_valid
from mtasts.config.model import ConfigError
from mtasts.config.schema import StackFields
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DOMAINS = "mtasts:domains"
_PREVIEWED = frozenset({*StackFields.known_keys(), _DOMAINS, INBOX})
# These keys are previewed and shown to reviewers: they choose the account or the region.
_WHERE = ("aws:region", "aws:allowedAccountIds", "mtasts:cloudflareAccount")
_INBOX_WHERE = ("hosting", "dns", "zoneId")
# What `pulumi stack init` writes into the file of a new stack: how its passphrase is salted.
_SALT = "encryptionsalt"
_TEXTS_MAX = 20
_TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class Judgement:
    """Why a file is not previewed with credentials (empty if it is), and notes for reviewers."""

    refusals: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def judge_file(before: bytes | None, after: bytes, *, file: str) -> Judgement:
    """Judge a stack file of a pull request against the base branch's, None for a new stack."""
    try:
        read = source.parse(after)
        require_valid(read, file=file)
    except source.SourceError as error:
        problem = error.problem
        place = f"{file}:{problem.line}" if problem.line else file
        return Judgement(refusals=_texts([f"{place}: {problem.error.summary}"]))
    except ConfigError as error:
        return Judgement(refusals=_texts(f"{each.summary}: {each.fix}" for each in error.findings))
    old = _known(before)
    refusals = [
        *_kind(old, read),
        *_other_keys(old, read, is_new=before is None),
        *_choosing(old, read, file),
        *_roles(old, read),
    ]
    notices = [
        f"{key} differs from the base branch's: it chooses the account or region written to"
        for key in _WHERE
        if before is not None and old.values.get(key) != read.values.get(key)
    ]
    notices += _places(old, read)
    return Judgement(_texts(refusals), _texts(notices))


def _known(before: bytes | None) -> source.Source:
    """The values of the base branch's file; empty if it does not exist or cannot be read."""
    try:
        return source.parse(before or b"")
    except source.SourceError:
        return source.Source({}, {})


def _kind(old: source.Source, new: source.Source) -> Iterator[str]:
    """A stack of an agency that becomes an inbox, or the other way: it would delete what it has."""
    has_one = not old.values.keys().isdisjoint({INBOX, _DOMAINS})
    if has_one and is_inbox(old.values) != is_inbox(new.values):
        yield (
            f"a stack keeps its kind: {INBOX} belongs into a stack file of its own, and the stack "
            "of an agency into another"
        )


def _places(old: source.Source, new: source.Source) -> Iterator[str]:
    """The keys of an inbox that choose the cloud or the zone written to."""
    before, after = (_mapping(each.values.get(INBOX)) for each in (old, new))
    if before is None or after is None:
        return
    for key in _INBOX_WHERE:
        if before.get(key) != after.get(key):
            yield (
                f"{INBOX}.{key} differs from the base branch's: it chooses the cloud or the zone "
                "written to"
            )


def _mapping(value: object) -> Mapping[str, object] | None:
    """A mapping, typed or as Pulumi writes it; None for anything else."""
    try:
        found = fields.from_json(value)
    except fields.FieldError:
        return None
    return found if isinstance(found, dict) else None


def _other_keys(old: source.Source, new: source.Source, *, is_new: bool) -> Iterator[str]:
    """Keys beside ``config:``, such as ``secretsprovider``, which names a service to decrypt at."""
    for key in _differing(old.other_keys, new.other_keys):
        if not (is_new and key == _SALT):
            yield (
                f"{printable(key)} differs from the base branch's: it chooses how the stack's "
                "secrets are decrypted, or what else is read"
            )


def _choosing(old: source.Source, new: source.Source, file: str) -> Iterator[str]:
    for key in _differing(old.values, new.values):
        if key not in _PREVIEWED:
            line = new.lines.get(key)
            place = f"{file}:{line}: " if line else ""
            yield (
                f"{place}{printable(key)} differs from the base branch's: it chooses whom a run "
                "acts as or where its requests go, or belongs to another program"
            )


def _roles(old: source.Source, new: source.Source) -> Iterator[str]:
    """Roles of entries: only those are assumed that the base branch's file names already."""
    known = _role_keys(old)
    for role in sorted(_role_keys(new) - known):
        yield (
            f"{_DOMAINS}: {', '.join(printable(word) for word in role)}: the base branch's file "
            "has no entry with this role, so it is not assumed"
        )


def _role_keys(read: source.Source) -> set[tuple[str, ...]]:
    """What each entry says about the role that is assumed for it; malformed entries say nothing."""
    try:
        entries = fields.from_json(read.values.get(_DOMAINS))
    except fields.FieldError:
        return set()
    rows = entries if isinstance(entries, list) else []
    found = (
        tuple(f"{key} {row[key]}" for key in sorted(row) if "role" in key.casefold())
        for row in rows
        if isinstance(row, dict)
    )
    return {role for role in found if role}


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """The keys that only one mapping has, or whose values differ."""
    keys = sorted({*old, *new})
    return [key for key in keys if (key in old) != (key in new) or old.get(key) != new.get(key)]


def _texts(found: Iterator[str] | list[str]) -> tuple[str, ...]:
    """A value for a comment: short and printable."""
    texts = [printable(each, _TEXT_MAX) for each in found]
    left_out = len(texts) - _TEXTS_MAX
    return (*texts[:_TEXTS_MAX], *([f"and {left_out} more"] if left_out > 0 else []))
