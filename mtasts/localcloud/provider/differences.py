"""Compare two sets of inputs, and the inputs in the state with what a refresh finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtasts.localcloud.provider.properties import Properties

Normalise = Callable[[str, Any], Any]
"""A function of a path (without list indices) and a value.

It returns the value in a form in which two values are equal if they mean the same to the cloud.
"""


# Maps that are compared as a whole: a tag that was removed is a change as well.
_TAGS = ("tags", "tagsAll")


class Change(Enum):
    """How a property changed."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


def differences(
    old: Properties, new: Properties, normalise: Normalise
) -> Iterator[tuple[str, Change]]:
    """The path and kind of every change, each with the deepest path that differs."""
    yield from _objects(old, new, normalise, "", "")


def _objects(
    old: Properties, new: Properties, normalise: Normalise, path: str, plain: str
) -> Iterator[tuple[str, Change]]:
    for name in sorted(old.keys() | new.keys()):
        if name.startswith("__"):
            continue
        dot = "." if path else ""
        below, below_plain = f"{path}{dot}{name}", f"{plain}{dot}{name}"
        if name not in new:
            yield below, Change.DELETE
        elif name not in old:
            yield below, Change.ADD
        else:
            yield from _values(old[name], new[name], normalise, below, below_plain)


def _values(
    old: Any,  # a property value is any JSON value
    new: Any,  # a property value is any JSON value
    normalise: Normalise,
    path: str,
    plain: str,
) -> Iterator[tuple[str, Change]]:
    if normalise(plain, old) == normalise(plain, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _objects(old, new, normalise, path, plain)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            below = f"{path}[{index}]"
            if index >= len(new):
                yield below, Change.DELETE
            elif index >= len(old):
                yield below, Change.ADD
            else:
                yield from _values(old[index], new[index], normalise, below, plain)
    else:
        yield path, Change.UPDATE


def reconcile(
    old: Properties, live: Properties, normalise: Normalise, plain: str = ""
) -> Properties:
    """The inputs ``old``, with the values that the cloud has now where they differ.

    Only inputs that the program set are compared, because the cloud adds many of its own. An input
    that is missing in ``live`` cannot be read, and keeps its value. One that is None in ``live`` no
    longer exists, and is left out.
    """
    result: Properties = {}
    for name, value in old.items():
        below = f"{plain}.{name}" if plain else name
        found = live.get(name, value)
        if found is not None:
            result[name] = _reconciled(value, found, normalise, below)
    return result


def _reconciled(old: Any, live: Any, normalise: Normalise, plain: str) -> Any:  # any JSON value
    if normalise(plain, old) == normalise(plain, live):
        return old
    if isinstance(old, dict) and isinstance(live, dict) and not plain.endswith(_TAGS):
        return reconcile(old, live, normalise, plain)
    if isinstance(old, list) and isinstance(live, list) and len(old) == len(live):
        return [_reconciled(a, b, normalise, plain) for a, b in zip(old, live, strict=True)]
    return live


def as_set(value: Any) -> Any:  # a property value is any JSON value
    """A list without order as sorted JSON texts, each once; any other value as it is."""
    if not isinstance(value, list):
        return value
    return sorted({json.dumps(member, sort_keys=True) for member in value})
