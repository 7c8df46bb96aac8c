"""Rows about policy domains that nobody here is responsible for, left out and counted.

One inbox serves many agencies, and whoever knows its address can report about any domain (RFC 8460
section 7).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from mtasts.tlsrpt.report import Report


def managed_only(report: Report, domains: AbstractSet[str]) -> tuple[Report, dict[str, int]]:
    """The report without the rows of other domains, and how many rows those are, by domain.

    ``domains`` are spelt as `mtasts.names.parse_domain` returns them. A dropped row stays where it
    may be about one of them; one that names another domain is counted under it.
    """
    policies, dropped = [], []
    foreign: dict[str, int] = defaultdict(int)
    for each in report.policies:
        if each.domain in domains:
            policies.append(each)
        else:
            foreign[each.domain] += 1
    for row in report.dropped:
        if row.domain is None or any(row.may_concern(domain) for domain in domains):
            dropped.append(row)
        else:
            foreign[printable(row.domain)] += 1
    if not foreign:
        return report, {}
    return replace(report, policies=tuple(policies), dropped=tuple(dropped)), dict(foreign)
