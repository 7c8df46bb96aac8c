"""What the engine's refusal to delete a protected resource means, and the safe way from there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_PROTECTED = re.compile(r'resource "(?P<urn>urn:[^"\s]+)" cannot be (?:deleted|replaced)')


def explain_protected(text: str, stack: str, domains: Collection[str]) -> str:
    """What the engine said, in full words where it is about protection; otherwise as it was.

    ``domains`` are those that the stack has or remembers: the name of a resource of a domain begins
    with the domain's.
    """
    urns = list(dict.fromkeys(found["urn"] for found in _PROTECTED.finditer(text)))
    if not urns:
        return text
    names = ", ".join(urn.rpartition("::")[2] for urn in urns)
    owners = {_owner(urn.rpartition("::")[2], domains) for urn in urns}
    whose = ", ".join(sorted(filter(None, owners))) or f"every domain of {stack} that was enforced"
    refused = f"refused by the engine, since it is protected: {names}"
    kept = f"it is kept for {whose}: senders may refuse mail by what was published there"
    way = (
        "put the entry of the domain, and the keys it stood under, back as they were; to give "
        f"MTA-STS up, add retire: true and run pulumi up -s {stack} until it says that the domain "
        "is retired (mtasts docs retirement)"
    )
    last = (
        f"a run that was killed may have left protection behind. Only where mtasts ledger show "
        f"{stack} has the phase that removes it:"
    )
    freeing = (f"pulumi state unprotect '{urn}' -s {stack}" for urn in urns)
    return "\n  ".join((refused, kept, way, last, *freeing))


def _owner(resource: str, domains: Collection[str]) -> str | None:
    """The domain that a resource is of; None where it is the stack's."""
    found = [each for each in domains if resource == each or resource.startswith(f"{each}-")]
    return max(found, key=len, default=None)
