"""Whether a certificate authority may issue for a host: CAA as RFC 8659 reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtasts.observations import DnsStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtasts.observations import DnsAnswer

# The names by which Amazon's authority goes, any of which permits it (ACM's user guide, "CAA").
AMAZON = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
_CAA = re.compile(r'(\d{1,3}) ([A-Za-z0-9]+) "?([^"]*)"?')


def caa_names(host: str) -> Iterator[str]:
    """Where CAA records for ``host`` may stand, the closest first (RFC 8659 section 3)."""
    labels = host.split(".")
    for start in range(len(labels)):
        yield ".".join(labels[start:])


def forbids(answers: Iterable[DnsAnswer], issuers: frozenset[str] = AMAZON) -> str | None:
    """Why none of ``issuers`` may issue, or None.

    ``answers`` are the CAA look-ups of `caa_names`, closest first. A look-up that failed settles
    nothing here, and an authority would not issue over it either; it is left to the certificate.
    """
    for answer in answers:
        if answer.status is DnsStatus.FAILED:
            return None
        properties = [match.groups() for each in answer.values if (match := _CAA.match(each))]
        if not properties:
            continue
        return _judge(answer.name, properties, issuers)
    return None


def _judge(owner: str, properties: list[tuple[str, ...]], issuers: frozenset[str]) -> str | None:
    for flags, tag, _ in properties:
        # An authority that does not know a critical property must not issue (section 4.1).
        if int(flags) & 128 and tag.lower() not in {"issue", "issuewild", "iodef"}:
            return f"the CAA record of {owner} has the critical property {tag}, unknown to us"
    named = [value for _, tag, value in properties if tag.lower() == "issue"]
    if not named:
        return None
    allowed = {value.partition(";")[0].strip().lower() for value in named}
    if allowed & issuers:
        return None
    shown = ", ".join(sorted(allowed - {""})) or "nobody"
    return (
        f"the CAA record of {owner} lets {shown} issue certificates and not Amazon: "
        f'add {owner} CAA 0 issue "amazon.com"'
    )
