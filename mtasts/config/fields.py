"""One parser for each kind of field: it returns the typed value or raises a `FieldError`.

Values arrive typed, from YAML, or as Pulumi hands flat config to programs: whole numbers as texts
(``"86400"``). Nothing else is coerced.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from mtasts.config.mistakes import Mistake
from mtasts.findings import printable

REFERENCE = "mtasts docs config"
# The name in Pulumi.yaml, which is the namespace of its config keys.
PROJECT = "mtasts"
# 250 patterns of full length still fit the 64 KB that senders read (RFC 8461 section 3.3).
LIST_LIMIT = 250
# The longest value of a flat field; it also limits the work of parsers such as IDNA.
_TEXT_LIMIT = 1024
JSON_LIMIT = 2 * 1024 * 1024
_DIGITS = re.compile(r"0|[1-9][0-9]{0,14}")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?: 00:00:00 \+0000 UTC)?")
_SELECTOR_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")

E = TypeVar("E", bound=StrEnum)


_NOTHING_MEANT: Mapping[str, Any] = MappingProxyType({})


class Unquoted(str):
    """A plain scalar that Pulumi reads as a number or a date and hands on in another spelling.

    Only a field that knows both spellings may take it; for every other one, the file and the
    program would see different texts.
    """

    __slots__ = ()


class NotYetKnown:
    """Stands for a value of `Agency` that a preview cannot know: it comes of another resource."""

    __slots__ = ()


class FieldError(ValueError):
    """A value is not valid for its field; the config cannot be used before it is corrected."""

    def __init__(
        self, what: Mistake, summary: str, fix: str, *, clause: str = REFERENCE, evidence: str = ""
    ) -> None:
        """Keep the mistake, the reason, the fix and the clause."""
        self.id = what.value
        self.summary = summary
        self.fix = fix
        self.clause = clause
        self.evidence = evidence
        super().__init__(what, summary)


def impossible(why: str, fix: str, *, clause: str = REFERENCE) -> FieldError:
    """The error for keys that contradict each other."""
    return FieldError(Mistake.IMPOSSIBLE_COMBINATION, why, fix, clause=clause)


def shown(value: object) -> str:
    """``value`` for a message: short, printable, without the contents of lists and mappings."""
    match value:
        case None:
            description = "nothing"
        case bool():
            description = str(value).lower()
        case str():
            description = f"'{printable(value)}'"
        case int() if value.bit_length() > 128:  # Python refuses to print very long ones
            description = f"a number of {value.bit_length()} bits"
        case int() | float():
            description = repr(value)
        case list():
            description = f"a list of {len(value)}"
        case Mapping():
            description = "a mapping"
        case _:
            description = f"a {type(value).__name__}"
    return description


def did_you_mean(text: str, words: Iterable[str]) -> str | None:
    """The word that ``text`` most likely stands for: case, hyphens and underscores do not count."""
    folded = {_folded(word): word for word in words}
    # The time of difflib grows with the square of the length, and the text may come from anybody.
    close = difflib.get_close_matches(_folded(text[:64]), folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None


def _folded(text: str) -> str:
    return text.casefold().replace("_", "").replace("-", "")


def is_secret(value: object) -> bool:
    """Whether ``value`` is what `pulumi config set --secret` writes."""
    return isinstance(value, Mapping) and set(value) == {"secure"}


def plain(value: object) -> object:
    """``value`` unless it is a secret: everything here is published or shown in previews.

    Raises:
        FieldError: it is a secret, or not known yet.
    """
    if isinstance(value, NotYetKnown):
        raise FieldError(
            Mistake.NOT_YET_KNOWN,
            "the value comes from a resource that does not exist yet",
            "write the value itself; only a zoneId may come from a resource of the same run",
        )
    if is_secret(value):
        raise FieldError(
            Mistake.SECRET,
            "the value is encrypted as a secret, but it is published",
            "set it again without --secret: pulumi config set --path 'KEY' VALUE -s STACK",
        )
    return value


def text(value: object) -> str:
    """A text without control characters; a whole number counts, as Pulumi makes it one anyway.

    Raises:
        FieldError: it is no text, empty, too long, or holds characters that nobody sees.
    """
    value = plain(value)
    if isinstance(value, Unquoted):
        raise FieldError(
            Mistake.UNQUOTED,
            f"Pulumi reads {shown(value)} without quotes as a number or a date, and changes its "
            "spelling",
            f'put it in quotes: "{printable(value)}"',
        )
    if isinstance(value, int) and not isinstance(value, bool):
        value = shown(value)
    if not isinstance(value, str):
        raise FieldError(Mistake.WRONG_TYPE, f"{shown(value)} is no text", "write a text")
    if not value.strip():
        raise FieldError(Mistake.EMPTY, "the value is empty", "write a value, or remove the key")
    if len(value) > _TEXT_LIMIT:
        raise FieldError(
            Mistake.TOO_LONG,
            f"{shown(value)} is longer than {_TEXT_LIMIT} characters",
            "shorten it",
        )
    if not value.isprintable():
        raise FieldError(
            Mistake.CONTROL_CHARACTER,
            f"{shown(value)} has control or invisible characters",
            "write it on one line, in visible characters",
        )
    return value


def title(value: object) -> str:
    """A text for human readers."""
    return text(value).strip()


def whole_number(low: int, high: int, why: str, clause: str) -> Callable[[object], int]:
    """A parser of whole numbers from ``low`` to ``high``; ``why`` explains the bounds.

    Raises:
        FieldError: (the parser) it is no whole number, or outside the bounds.
    """

    def parse(value: object) -> int:
        value = plain(value)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldError(
                Mistake.NO_WHOLE_NUMBER,
                f"{shown(value)} is no whole number",
                f"write plain digits, {low} to {high}",
            )
        if not low <= value <= high:
            raise FieldError(
                Mistake.OUT_OF_RANGE,
                f"{shown(value)} is outside {low} to {high}: {why}",
                f"write a number from {low} to {high}",
                clause=clause,
            )
        return value

    return parse


def word(
    kind: type[E], clause: str = REFERENCE, *, meant: Mapping[str, E] = _NOTHING_MEANT
) -> Callable[[object], E]:
    """A parser of the words of an enum; ``meant`` is what other words for one of them mean.

    ``meant`` is looked up before similar words: a similar word may mean something else (us-gov
    looks like uk-gov).

    Raises:
        FieldError: (the parser) it is none of the words; the fix names the most similar one.
    """
    words = [str(member) for member in kind]

    def parse(value: object) -> E:
        value = plain(value)
        if isinstance(value, str) and value in words:
            return kind(value)
        guess: str | None = None
        if isinstance(value, str):
            known = meant.get(value.strip().lower())
            guess = str(known) if known is not None else did_you_mean(value, words)
        raise FieldError(
            Mistake.UNKNOWN_WORD,
            f"{shown(value)} is not one of {', '.join(words)}",
            f"write {guess}" if guess else f"write one of {', '.join(words)}",
            clause=clause,
        )

    return parse


def flag(value: object) -> bool:
    """True or false, as YAML or Pulumi's JSON has it, or in the words.

    Raises:
        FieldError: it is neither.
    """
    value = plain(value)
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise FieldError(
        Mistake.WRONG_TYPE, f"{shown(value)} is neither true nor false", "write true or false"
    )


def listed(value: object) -> list[object]:
    """A list of bounded length.

    Raises:
        FieldError: it is no list, or has more than `LIST_LIMIT` values.
    """
    value = plain(value)
    if not isinstance(value, list):
        raise FieldError(
            Mistake.WRONG_TYPE,
            f"{shown(value)} is no list",
            "write a list: each value on its own line, after a hyphen",
        )
    if len(value) > LIST_LIMIT:
        raise FieldError(
            Mistake.TOO_LONG, f"the list has {len(value)} values", f"list at most {LIST_LIMIT}"
        )
    return value


def from_json(value: object) -> object:
    """A list or mapping that Pulumi handed on as JSON; anything else as it is.

    Raises:
        FieldError: it is too long, or no JSON.
    """
    if not isinstance(value, str):
        return value
    if len(value) > JSON_LIMIT:
        raise FieldError(
            Mistake.TOO_LONG,
            f"the value has {len(value)} characters",
            f"shorten it to {JSON_LIMIT}",
        )
    try:
        return json.loads(value, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        if isinstance(error, FieldError):
            raise
        raise FieldError(
            Mistake.WRONG_TYPE,
            f"{shown(value)} is no list",
            "write a list in the stack file, or use pulumi config set --path 'KEY[0]' VALUE "
            "-s STACK",
        ) from error


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A mapping of JSON with each key once.

    Raises:
        FieldError: a key stands twice, and readers differ in which one holds.
    """
    values = dict(pairs)
    if len(values) < len(pairs):
        raise FieldError(
            Mistake.KEY_REPEATED,
            "a key appears twice in one mapping of this JSON text",
            "keep one of the two",
        )
    return values


def mapping(value: object) -> dict[str, object]:
    """A mapping with keys of its own, which a secret is not.

    Raises:
        FieldError: it is no mapping.
    """
    value = plain(value)
    if not isinstance(value, Mapping):
        raise FieldError(
            Mistake.WRONG_TYPE,
            f"{shown(value)} is no mapping",
            "write its keys below it, each on its own indented line",
        )
    # pydantic takes no key with a lone surrogate, which JSON can spell.
    return {str(key).encode("utf-8", "replace").decode(): item for key, item in value.items()}


def filled(value: object) -> list[object]:
    """A list of bounded length with something in it.

    Raises:
        FieldError: it is no list, or an empty one.
    """
    values = listed(value)
    if not values:
        raise FieldError(Mistake.EMPTY, "the list is empty", "list at least one, or remove the key")
    return values


def dkim_selector(value: object) -> str:
    """The name of a DKIM key (RFC 6376 section 3.1), lower case.

    Raises:
        FieldError: it is no selector; the fix names the one that was probably meant.
    """
    selector = text(value).lower()
    if _is_selector(selector) and "_domainkey" not in selector.split("."):
        return selector
    own = selector.partition("._domainkey")[0]
    meant = own if _is_selector(own) else "the part before ._domainkey of the key's DNS name"
    raise FieldError(
        Mistake.DKIM_SELECTOR_INVALID,
        f"{shown(selector)} is no DKIM selector",
        f"write {meant}" if own != selector else f"write {meant}, such as s1",
        clause="RFC 6376 section 3.1",
    )


def _is_selector(text: str) -> bool:
    return len(text) <= 128 and all(map(_SELECTOR_LABEL.fullmatch, text.split(".")))


def token(value: object) -> str:
    """A short text whose only purpose is to differ from the last one.

    Raises:
        FieldError: it has other characters than letters, digits, dots and hyphens.
    """
    mark = text(value)
    if not _TOKEN.fullmatch(mark):
        raise FieldError(
            Mistake.REROLL_INVALID,
            f"{shown(mark)} cannot be used for reroll",
            'write 1 to 64 letters, digits, dots, hyphens or underscores, such as "2"',
        )
    return mark


def iso_date(value: object) -> dt.date:
    """A date; Pulumi respells an unquoted one, and both spellings are taken.

    Raises:
        FieldError: it is no date.
    """
    value = plain(value)
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        return dt.date.fromisoformat(match[1] if match else "")
    except ValueError as error:
        raise FieldError(
            Mistake.DATE_INVALID,
            f"{shown(value)} is no date",
            "write year-month-day, such as 2027-01-31",
        ) from error
