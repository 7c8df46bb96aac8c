"""Explain the engine's refusal to delete a protected resource, and the safe way to go on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

# The engine's own words. If a later release changes them, its message is shown as it is.
_PROTECTED = re.compile(r'resource "(?P<urn>urn:[^"\s]+)" cannot be (?:deleted|replaced)')


def explain_protected(text: str, stack: str, domains: Collection[str]) -> str:
    """The engine's message, replaced by an explanation if it is about protection.

    ``domains`` are those of the stack file and of the ledgers: the name of each resource of a
    domain begins with the domain.
    """
    urns = list(dict.fromkeys(found["urn"] for found in _PROTECTED.finditer(text)))
    if not urns:
        return text
    names = ", ".join(urn.rpartition("::")[2] for urn in urns)
    owners = {_owner(urn.rpartition("::")[2], domains) for urn in urns}
    owner = ", ".join(sorted(filter(None, owners))) or f"every domain of {stack} that ever enforced"
    refused = f"the engine refused to delete protected resources: {names}"
    kept = f"they are protected for {owner}: senders may enforce a policy that was published there"
    way = (
        "put back the domain's entry and the keys of the stack file as they were. To end MTA-STS "
        f"of the domain, add retire: true to its entry and run pulumi up -s {stack} until it says "
        "that the domain is retired (mtasts docs retirement)"
    )
    last = (
        f"a killed run may have left a resource protected. Only if mtasts ledger show {stack} has "
        "the phase that removes the resource, run:"
    )
    freeing = (f"pulumi state unprotect '{urn}' -s {stack}" for urn in urns)
    return "\n  ".join((refused, kept, way, last, *freeing))


def _owner(resource: str, domains: Collection[str]) -> str | None:
    """The domain of a resource, by its name; None for a resource of the whole stack."""
    found = [each for each in domains if resource == each or resource.startswith(f"{each}-")]
    return max(found, key=len, default=None)
