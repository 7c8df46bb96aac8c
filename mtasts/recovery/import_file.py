"""The resources that a plan would create, and an import file for those that exist already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The text that the engine puts in place of a value that is not known before the run.
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True, slots=True)
class Creation:
    """A resource that a plan would create, with the inputs that are known already."""

    type: str
    name: str
    inputs: Mapping[str, Any]


def creations(plan: Mapping[str, Any]) -> Iterator[Creation]:
    """The cloud resources that a plan would create; inputs with unknown values are left out."""
    for step in plan.get("steps", ()):
        state = step.get("newState") or {}
        urn = str(step.get("urn", ""))
        if step.get("op") != "create" or not state.get("custom") or urn.count("::") < 3:
            continue
        inputs = state.get("inputs") or {}
        known = {key: value for key, value in inputs.items() if _UNKNOWN not in repr(value)}
        yield Creation(urn.split("::")[2].rpartition("$")[2], urn.split("::", 3)[3], known)


def import_file(
    skeleton: Mapping[str, Any], found: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    """The engine's ``skeleton``, reduced to the resources in ``found`` and their parents.

    ``found`` maps (type, name) to an import id. A resource whose provider is not in the state yet
    is left out: the engine cannot import it before the provider exists.
    """
    rows = {str(row["name"]): row for row in skeleton.get("resources", ())}
    table = skeleton.get("nameTable") or {}
    kept: dict[str, dict[str, Any]] = {}
    for name, row in rows.items():
        id_ = found.get((str(row["type"]), str(row.get("logicalName", name))))
        if id_ is None or (row.get("provider") and row["provider"] not in table):
            continue
        kept[name] = {**row, "id": id_}
        parent = row.get("parent")
        while parent in rows and parent not in kept:
            kept[parent] = dict(rows[parent])
            parent = rows[parent].get("parent")
    # Parents first: the engine imports the resources in the order of the file.
    ordered = [kept[name] for name in rows if name in kept]
    file: dict[str, Any] = {"resources": ordered}
    return file | ({"nameTable": table} if table else {})
