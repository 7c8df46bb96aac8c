"""Check inputs against a provider's schema, and against the part that the stand-in models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Union

from mtasts.localcloud.provider.properties import UNKNOWN, Properties, is_archive, is_asset

if TYPE_CHECKING:
    from pathlib import Path

Modelled = Mapping[str, Union["Modelled", None]]
"""The inputs that the stand-in models, nested as in the schema; None allows the whole value."""

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "list": (list,),
    "map": (dict,),
    "object": (dict,),
    "document": (str, dict),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse inputs; ``path`` names the property."""

    path: str
    reason: str


@cache
def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema file, which ``tools/provider_schema.py`` makes from the installed SDK package."""

    path: Path

    def problems(self, token: str, inputs: Properties, modelled: Modelled) -> Iterator[Problem]:
        """Every input that is missing, unknown, not modelled, or of a wrong type."""
        schema = _read(self.path)
        checker = _Checker(token, schema["types"])
        yield from checker.shape(schema["resources"][token], inputs, modelled, "")


@dataclass(frozen=True, slots=True)
class _Checker:
    token: str
    types: dict[str, Any]

    def shape(
        self, shape: dict[str, Any], value: Properties, modelled: Modelled | None, prefix: str
    ) -> Iterator[Problem]:
        for name in shape["required"]:
            if name not in value:
                path = prefix + name
                yield Problem(path, f'{self.token} needs the input "{path}"')
        for name, member in value.items():
            path = prefix + name
            if name.startswith("__"):
                continue
            if name not in shape["inputs"]:
                yield Problem(path, f'{self.token} has no input "{path}"')
            elif modelled is not None and name not in modelled:
                yield Problem(
                    path, f'the local stand-in does not model the input "{path}" of {self.token}'
                )
            else:
                below = None if modelled is None else modelled[name]
                yield from self.value(shape["inputs"][name], member, below, path)

    def value(
        self,
        kind: dict[str, Any],
        value: Any,  # a property value is any JSON value
        modelled: Modelled | None,
        path: str,
    ) -> Iterator[Problem]:
        if value == UNKNOWN:
            return
        if not _fits(kind["type"], value):
            yield Problem(
                path, f'the input "{path}" must be of type {kind["type"]}, not {_name(value)}'
            )
        elif kind["type"] == "list":
            for index, member in enumerate(value):
                yield from self.value(kind["of"], member, modelled, f"{path}[{index}]")
        elif kind["type"] == "map":
            for key, member in value.items():
                yield from self.value(kind["of"], member, modelled, f"{path}.{key}")
        elif kind["type"] == "object":
            yield from self.shape(self.types[kind["shape"]], value, modelled, f"{path}.")


def _fits(kind: str, value: Any) -> bool:  # a property value is any JSON value
    if kind == "any":
        return True
    if kind == "asset":
        return is_asset(value)
    if kind == "archive":
        return is_archive(value)
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _PYTHON_TYPES[kind])


def _name(value: Any) -> str:  # a property value is any JSON value
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "list"}
    return names.get(type(value), "object")
