"""Recovery after a run that was killed, or whose state was lost: what is there comes into state.

The engine remembers what it was doing, but not what came of it, and makes it again. So what exists
is found by name, alias and tag and imported, round by round, since what is known of one resource
(a certificate) tells what to look for next (the record that validates it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.aws import existing
from mtasts.cloud.cloudflare import existing as existing_cloudflare
from mtasts.errors import UndeterminedError
from mtasts.recovery.import_file import creations, import_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from mtasts.cloud.of_stack import Clouds
    from mtasts.engine import Engine
    from mtasts.recovery.import_file import Creation

_ROUNDS_MAX = 6
_RECORD = "aws:route53/record:Record"
_CLOUDFLARE = "cloudflare:"


def look_for(
    plan: Mapping[str, Any], find: Callable[[Creation], str | None]
) -> dict[tuple[str, str], str]:
    """Type and name of what the plan would create and is there, with its import id.

    Raises:
        UndeterminedError: an account did not tell.
    """
    found = {}
    for creation in creations(plan):
        try:
            id_ = find(creation)
        except KeyError:  # what it would be called is not known before something else exists
            continue
        if id_ is not None:
            found[creation.type, creation.name] = id_
    return found


def finder(clouds: Clouds) -> Callable[[Creation], str | None]:
    """What finds a resource in the account it is in: a record's is that of its domain's role.

    It raises `KeyError` and `UndeterminedError` as `mtasts.cloud.aws.existing` does.
    """
    roles = {
        domain.name: clouds.require_aws().in_role(domain.dns_role_arn)
        for domain in clouds.config.domains
        if domain.dns_role_arn is not None
    }

    def find(creation: Creation) -> str | None:
        if creation.type.startswith(_CLOUDFLARE):
            account = clouds.require_cloudflare()
            return existing_cloudflare.find_existing(account, creation.type, creation.inputs)
        name = str(creation.inputs.get("name", "")) if creation.type == _RECORD else ""
        inside = [each for each in roles if name == each or name.endswith(f".{each}")]
        own = roles[max(inside, key=len)] if inside else clouds.require_aws()
        return existing.find_existing(own, creation.type, creation.inputs)

    return find


def take_in_existing(
    engine: Engine, find: Callable[[Creation], str | None]
) -> Iterator[tuple[str, str, str]]:
    """Import what is there and not in the state; type, name and id of each as it is taken in.

    Raises:
        EngineError: the program has an error, or the engine did not import.
        UndeterminedError: the account did not tell, or there is no end to it.
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
    raise UndeterminedError(f"{engine.stack}: there is more to take in after {_ROUNDS_MAX} rounds")
