"""Recovery after a run was killed or the state was lost: existing resources go into the state.

The engine knows which operations were under way, but not their results, and would create the
resources again. So existing resources are found by name, alias or tag, and imported. This takes
several rounds: the outputs of one resource (a certificate) say where to look for the next (its
validation record).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.recovery.import_file import creations, import_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from mtasts.cloud.of_stack import Clouds
    from mtasts.engine import Engine
    from mtasts.recovery.import_file import Creation

# Some names are known only after another resource is in the state, so each round may find more. No
# stack of mtasts needs as many rounds.
_ROUNDS_MAX = 6


def look_for(
    plan: Mapping[str, Any], find: Callable[[Creation], str | None]
) -> dict[tuple[str, str], str]:
    """The import ids of the resources in the plan that exist already, by (type, name).

    Raises:
        UndeterminedError: a cloud refused or did not answer; import nothing.
    """
    found = {}
    for creation in creations(plan):
        try:
            id_ = find(creation)
        except KeyError:  # its name is not known before another resource exists
            continue
        if id_ is not None:
            found[creation.type, creation.name] = id_
    return found


def finder(clouds: Clouds) -> Callable[[Creation], str | None]:
    """A function that finds the import id of a resource, at the cloud that its type names.

    It raises `KeyError` and `UndeterminedError` as `mtasts.cloud.interface.StackCloud.finder` says.
    """
    finders = {cloud.row.provider.namespace: clouds.at(cloud).finder() for cloud in clouds.accounts}

    def find(creation: Creation) -> str | None:
        of_provider = finders.get(creation.type.partition(":")[0])
        return None if of_provider is None else of_provider(creation.type, creation.inputs)

    return find


def take_in_existing(
    engine: Engine, find: Callable[[Creation], str | None]
) -> Iterator[tuple[str, str, str]]:
    """Import resources that exist and are not in the state; yields type, name and id of each.

    Raises:
        EngineError: the program has an error, or the engine refused an import.
        UndeterminedError: a cloud did not answer, or there are more rounds than are tried.
    """
    for _ in range(_ROUNDS_MAX):
        plan, skeleton = engine.plan_import()
        file = import_file(skeleton, look_for(plan, find))
        taken = [row for row in file["resources"] if "id" in row]
        if not taken:
            return
        engine.take_in(file)
        for row in taken:
            yield str(row["type"]), str(row.get("logicalName", row["name"])), str(row["id"])
    raise UndeterminedError(
        f"{engine.stack}: {_ROUNDS_MAX} rounds were not enough to import every existing resource: "
        f"run mtasts recover {engine.stack} again"
    )
