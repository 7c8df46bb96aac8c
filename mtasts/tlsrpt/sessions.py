"""Sessions that a report counts twice: in an ``sts`` row, and in a ``tlsa`` row beside it.

A sender that applies both MTA-STS and DANE may list the same sessions under either policy (seen in
reports of Microsoft). Added up, a domain would seem to have twice its mail.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtasts.tlsrpt.report import PolicyResult

_STS, _TLSA = "sts", "tlsa"


def repeated(results: tuple[PolicyResult, ...]) -> frozenset[int]:
    """Which rows are about the sessions of others, by their index: they are not added up.

    They are the ``tlsa`` rows of a domain whose totals together equal those of its ``sts`` rows.
    Where the totals differ, some sessions may still be the same, but nobody can tell which.
    """
    if len(results) < 2:
        return frozenset()
    totals: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in results:
        good, bad = totals[each.domain, each.policy_type]
        totals[each.domain, each.policy_type] = (good + each.successes, bad + each.failures)
    same = {
        domain
        for (domain, type_), total in totals.items()
        if type_ == _TLSA and any(total) and totals.get((domain, _STS)) == total
    }
    return frozenset(
        i for i, each in enumerate(results) if each.policy_type == _TLSA and each.domain in same
    )


def failures_by_type(results: tuple[PolicyResult, ...]) -> dict[str, int | None]:
    """How many sessions failed for each reason, by result type.

    The counts of a row that repeats others are compared with theirs, and the larger one is taken.
    None stands where no detail of a type has a count.
    """
    counts: dict[str, dict[tuple[str, bool], int]] = {}
    known: set[str] = set()
    repeats = repeated(results)
    for i, each in enumerate(results):
        for detail in each.details:
            of_type = counts.setdefault(detail.result_type, defaultdict(int))
            of_type[each.domain, i in repeats] += detail.count or 0
            if detail.count is not None:
                known.add(detail.result_type)
    return {
        type_: sum(
            max(of_type.get((domain, False), 0), of_type.get((domain, True), 0))
            for domain in {domain for domain, _ in of_type}
        )
        if type_ in known
        else None
        for type_, of_type in sorted(counts.items())
    }
