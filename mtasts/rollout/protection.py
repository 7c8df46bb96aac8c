"""What the engine's refusal to delete a protected resource means, and the safe way from there."""

from __future__ import annotations

import re

_PROTECTED = re.compile(r'resource "(?P<urn>urn:[^"\s]+)" cannot be (?:deleted|replaced)')
# What `components.mail_domain` and its children add to the domain's name.
_ADDED = re.compile(
    r"-(?:former-)?(?:sts|tlsrpt|policy|distribution|certificate|issued|validation|published"
    r"|own-name|cname|domain|script|worker-script|worker-domain|handed-out|a|aaaa|A|AAAA)$"
)


def explain_protected(text: str, stack: str) -> str:
    """What the engine said, in full words where it is about protection; otherwise as it was."""
    urns = list(dict.fromkeys(found["urn"] for found in _PROTECTED.finditer(text)))
    if not urns:
        return text
    names = ", ".join(urn.rpartition("::")[2] for urn in urns)
    domains = {_ADDED.sub("", urn.rpartition("::")[2]) for urn in urns if "MailDomain" in urn}
    whose = ", ".join(sorted(domains)) or f"every domain of {stack} that was enforced"
    refused = f"refused by the engine, since it is protected: {names}"
    kept = f"it is kept for {whose}: senders may refuse mail by what was published there"
    way = (
        "put the entry of the domain, and the keys it stood under, back as they were; to give "
        f"MTA-STS up, add retire: true and run pulumi up -s {stack} until it says that the domain "
        "is retired (docs/retirement.md)"
    )
    last = (
        f"a run that was killed may have left protection behind. Only where mtasts ledger show "
        f"{stack} has the phase that removes it:"
    )
    freeing = (f"pulumi state unprotect '{urn}' -s {stack}" for urn in urns)
    return "\n  ".join((refused, kept, way, last, *freeing))
