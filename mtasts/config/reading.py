"""One mapping of a config, read field by field: what is valid, and a report of what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from mtasts.config import fields
from mtasts.config.fields import PROJECT, FieldError
from mtasts.config.mistakes import Mistake
from mtasts.config.model import OVERRIDE_DAYS, Waiver
from mtasts.config.schema import DomainFields, Fields, OverrideFields, StackFields
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

    from mtasts.config.report import Report

DOMAINS = "mtasts:domains"
_EXAMPLES = {
    "mtasts:agency": "Department of Examples",
    "name": "example.gov",
    "address": "tlsrpt@reports.example.gov",
    "mx": "[mail1.example.gov], or [] for a domain that receives no mail",
    "for": f"[evidence], or other refusals that it passes: {', '.join(Waiver)}",
    "reason": "why the refusal may be passed",
    "approvedBy": "the name of the person who decided it",
    "expires": f"2027-01-31, at most {OVERRIDE_DAYS} days after the override begins",
}
_F = TypeVar("_F", bound=Fields)


def read_fields(kind: type[_F], raw: Mapping[str, object], path: str, report: Report) -> _F:
    """The valid fields of ``raw``; wrong ones are reported and left out."""
    prefix = f"{path}." if path else ""
    for key in kind.REQUIRED:
        if key not in raw:
            report.add(prefix + key, _missing(key))
    good = dict(raw)
    for key in [key for key, value in raw.items() if value is None and key in kind.known_keys()]:
        del good[key]
        report.add(
            prefix + key,
            FieldError(Mistake.EMPTY, "the value is empty", "write a value or remove the key"),
        )
    try:
        return kind.model_validate(good)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            place = _path(prefix, detail["loc"])
            report.add(place, _field_error(kind, detail), value=detail["input"])
            good.pop(str(detail["loc"][0]), None)
    return kind.model_validate(good)


def _path(prefix: str, location: Iterable[str | int]) -> str:
    path = prefix
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += step if path == prefix else f".{step}"
    return path


def _field_error(kind: type[Fields], detail: ErrorDetails) -> FieldError:
    """What our own parser said, or what pydantic's only two own complaints mean here."""
    if detail["type"] == "extra_forbidden":
        inner = len(detail["loc"]) > 1
        return _unknown_key(OverrideFields if inner else kind, str(detail["loc"][-1]))
    if detail["type"] == "missing":
        return _missing(str(detail["loc"][-1]))
    error: FieldError = detail["ctx"]["error"]
    return error


def _missing(key: str) -> FieldError:
    return FieldError(Mistake.MISSING_KEY, "the key is missing", f"add {key}: {_EXAMPLES[key]}")


def _unknown_key(kind: type[Fields], key: str) -> FieldError:
    """An unknown key, with the place or the spelling that was probably meant."""
    bare = key.removeprefix(f"{PROJECT}:")
    stack_key = f"{PROJECT}:{bare}"
    words = [*kind.known_keys(), *([DOMAINS] if kind is StackFields else [])]
    if kind is StackFields and bare in DomainFields.known_keys():
        fix = f"move {bare} into an entry of {DOMAINS}"
    elif kind is not StackFields and stack_key in StackFields.known_keys():
        fix = f"remove it here, and set it for the whole stack: {stack_key}"
    elif guess := fields.did_you_mean(key, words):
        fix = f"did you mean {guess}?"
    else:
        fix = f"remove it; {fields.REFERENCE} lists the keys"
    return FieldError(Mistake.UNKNOWN_KEY, f"'{printable(key)}' is no known key", fix)
