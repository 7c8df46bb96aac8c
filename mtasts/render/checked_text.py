"""The findings of a check as text: domain by domain, with a summary of all domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.check.checks import check_of
from mtasts.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mtasts.check.notes import Checked
    from mtasts.findings import Finding


def as_text(checked: Checked, describe: Callable[[Finding], str]) -> list[str]:
    """The texts about one domain: a heading, each finding by ``describe``, each failed look-up."""
    count = dict.fromkeys(Severity, 0)
    for finding in checked.findings:
        count[finding.severity] += 1
    parts = [
        f"{count[level]} {level.label}{'s' if count[level] != 1 else ''}"
        for level in (Severity.ERROR, Severity.WARNING)
    ]
    if checked.unknown:
        parts.append(f"{len(checked.unknown)} not known")
    id_ = f"id {checked.id}" if checked.id else "no usable STS record"
    mode = f" (mode {checked.mode}, {id_})" if checked.mode else ""
    found = [f"{checked.domain}: {', '.join(parts)}{mode}"]
    for finding in checked.findings:
        page = check_of(finding).page
        is_serious = finding.severity > Severity.INFO
        more = f"\n      more: {page.command}" if page and is_serious else ""
        found.append(describe(finding) + more)
    for each in checked.unknown:
        what = f"could not find out {each.what}: {each.reason}"
        found.append(f"  not known {each.id}: {what}\n      how: {each.how}")
    return found


@dataclass(frozen=True, slots=True)
class Report:
    """The report on all domains.

    ``lines`` has, by domain, the line numbers in ``text`` of its heading and of each finding.
    """

    text: str
    lines: Mapping[str, Sequence[int]]


def as_report(found: Iterable[Checked], describe: Callable[[Finding], str]) -> Report:
    """The report on all domains of ``found``."""
    text = ""
    lines: dict[str, list[int]] = {}
    number = 1
    for checked in found:
        domain_lines = lines.setdefault(checked.domain, [])
        for part in as_text(checked, describe):
            domain_lines.append(number)
            number += part.count("\n") + 1
            text += part + "\n"
    return Report(text, lines)


def summary(found: Iterable[Checked], seconds: float, hidden: int) -> str:
    """One line with the number of domains by result; ``hidden`` findings were not shown."""
    counts = {"with errors": 0, "with warnings": 0, "not known in part": 0, "good": 0}
    total = 0
    for checked in found:
        total += 1
        gravest = max((each.severity for each in checked.findings), default=Severity.INFO)
        if gravest is Severity.ERROR:
            counts["with errors"] += 1
        elif gravest is Severity.WARNING:
            counts["with warnings"] += 1
        if checked.unknown:
            counts["not known in part"] += 1
        elif gravest is Severity.INFO:
            counts["good"] += 1
    totals = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    less = f"; {hidden} findings below --min-severity are not shown" if hidden else ""
    domains = f"{total} domain{'s' if total != 1 else ''}"
    return f"check: {domains} in {seconds:.0f} s: {totals or 'nothing to look at'}{less}\n"
