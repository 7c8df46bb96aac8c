"""The findings of a check as one HTML page: the most severe first, and nothing cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mtasts.check.checks import check_of
from mtasts.findings import Severity
from mtasts.links import rfc_url
from mtasts.render.page import page

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from mtasts.check.notes import Checked
    from mtasts.findings import Finding

_ERRORS, _WARNINGS, _UNKNOWN, _GOOD = "errors", "warnings", "not known in part", "good"
# Each result, the most severe first: its CSS class, and its meaning for the person responsible.
_RESULTS = {
    _ERRORS: ("error", "Senders cannot rely on the policy, or mail may be lost. Act now."),
    _WARNINGS: ("warning", "It works, but has a weakness. Plan a change."),
    _UNKNOWN: ("unknown", "A look-up failed: this is neither good nor bad. Run the check again."),
    _GOOD: ("good", "Nothing to do."),
}


def as_html(
    found: Iterable[Checked],
    at: dt.datetime,
    *,
    least: Severity = Severity.INFO,
    docs: str = "docs",
) -> str:
    """The page, with the time ``at``; findings below ``least`` are counted but not shown.

    ``docs`` is the address of the folder ``docs``, relative to the page or as a URL.
    """
    order = list(_RESULTS)
    domains = sorted(found, key=lambda each: (order.index(_result(each)), each.domain))
    results = [_result(each) for each in domains]
    totals = [
        {"look": look, "count": results.count(result), "result": result, "meaning": meaning}
        for result, (look, meaning) in _RESULTS.items()
        if result in results
    ]
    return page(
        "check.html",
        at,
        domains=[_domain(number, each, least) for number, each in enumerate(domains, start=1)],
        totals=totals,
        hidden=sum(one.severity < least for each in domains for one in each.findings),
        docs=docs.rstrip("/"),
    )


def _result(checked: Checked) -> str:
    gravest = max((each.severity for each in checked.findings), default=Severity.INFO)
    if gravest is Severity.ERROR:
        return _ERRORS
    if gravest is Severity.WARNING:
        return _WARNINGS
    return _UNKNOWN if checked.unknown else _GOOD


def _domain(number: int, checked: Checked, least: Severity) -> dict[str, Any]:
    result = _result(checked)
    return {
        "anchor": f"domain-{number}",
        "name": checked.domain,
        "mode": checked.mode,
        "id": checked.id,
        "hidden": sum(each.severity < least for each in checked.findings),
        "look": _RESULTS[result][0],
        "result": result,
        "errors": _count(checked.findings, Severity.ERROR),
        "warnings": _count(checked.findings, Severity.WARNING),
        "infos": _count(checked.findings, Severity.INFO),
        "findings": [_finding(each) for each in checked.findings if each.severity >= least],
        "unknown": checked.unknown,
    }


def _count(found: Sequence[Finding], severity: Severity) -> int:
    return sum(each.severity is severity for each in found)


def _finding(finding: Finding) -> dict[str, str]:
    more = check_of(finding).page
    return {
        "label": finding.severity.label,
        "id": finding.id,
        "anchor": quote(finding.id),
        "page": more.removeprefix("docs/") if more else "",
        "summary": finding.summary,
        "clause": finding.clause,
        "url": rfc_url(finding.clause),
        "evidence": finding.evidence,
        "fix": finding.fix,
    }
