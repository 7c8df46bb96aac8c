"""Recovery after a run that was killed, or whose state was lost: what is there comes into state.

The engine remembers what it was doing, but not what came of it, and makes it again. So what exists
is found by name, alias and tag and imported, round by round, since what is known of one resource
(a certificate) tells what to look for next (the record that validates it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.existing import find_existing
from mtasts.errors import UndeterminedError
from mtasts.rollout.importing import creations, import_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from mtasts.cloud.aws import Account
    from mtasts.config import AgencyConfig
    from mtasts.engine import Engine
    from mtasts.rollout.importing import Creation

_ROUNDS_MAX = 6
_RECORD = "aws:route53/record:Record"


def look_for(
    plan: Mapping[str, Any], account_of: Callable[[Creation], Account]
) -> dict[tuple[str, str], str]:
    """Type and name of what the plan would create and is there, with its import id.

    Raises:
        UndeterminedError: an account did not tell.
    """
    found = {}
    for creation in creations(plan):
        try:
            id_ = find_existing(account_of(creation), creation.type, creation.inputs)
        except KeyError:  # what it would be called is not known before something else exists
            continue
        if id_ is not None:
            found[creation.type, creation.name] = id_
    return found


def accounts(config: AgencyConfig, account: Account) -> Callable[[Creation], Account]:
    """Whose account each resource is in: a record's is that of its domain's role."""
    roles = {
        domain.name: account.in_role(domain.dns_role_arn)
        for domain in config.domains
        if domain.dns_role_arn is not None
    }

    def account_of(creation: Creation) -> Account:
        name = str(creation.inputs.get("name", "")) if creation.type == _RECORD else ""
        inside = [each for each in roles if name == each or name.endswith(f".{each}")]
        return roles[max(inside, key=len)] if inside else account

    return account_of


def take_in_existing(
    engine: Engine, account_of: Callable[[Creation], Account]
) -> Iterator[tuple[str, str, str]]:
    """Import what is there and not in the state; type, name and id of each as it is taken in.

    Raises:
        EngineError: the program has an error, or the engine did not import.
        UndeterminedError: the account did not tell, or there is no end to it.
    """
    for _ in range(_ROUNDS_MAX):
        plan, skeleton = engine.plan_import()
        file = import_file(skeleton, look_for(plan, account_of))
        taken = [row for row in file["resources"] if "id" in row]
        if not taken:
            return
        engine.take_in(file)
        for row in taken:
            yield str(row["type"]), str(row.get("logicalName", row["name"])), str(row["id"])
    raise UndeterminedError(f"{engine.stack}: there is more to take in after {_ROUNDS_MAX} rounds")
