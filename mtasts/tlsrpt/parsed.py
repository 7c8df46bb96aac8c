"""One file of a report as plain values: the JSON line of ``mtasts reports parse``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from mtasts.tlsrpt.report import Report
from mtasts.tlsrpt.sessions import failures_by_type, repeated

if TYPE_CHECKING:
    from mtasts.tlsrpt.trust import Receipt
    from mtasts.tlsrpt.unpacking import ReportError, Skipped


class ParsedRow(TypedDict):
    """The stable shape of one report; ``docs/reports.md`` says what each member means."""

    file: str
    part: str
    accepted: bool
    policies: int
    successful: int
    failed: int
    result_types: list[str]
    reporter: str
    trust: str
    warnings: list[str]
    reason: str
    report_id: str
    begin: str | None
    end: str | None
    trust_reason: str
    signer: str
    failures: dict[str, int | None]
    dropped: list[str]


def parsed_row(
    file: str, part: str, found: Report | ReportError | Skipped, receipt: Receipt | None
) -> ParsedRow:
    """The row of a report, of a file that is none, or of a part that was skipped."""
    row = ParsedRow(
        file=file,
        part=part,
        accepted=False,
        policies=0,
        successful=0,
        failed=0,
        result_types=[],
        reporter="",
        trust=receipt.trust if receipt else "unsigned",
        warnings=[],
        reason="",
        report_id="",
        begin=None,
        end=None,
        trust_reason=receipt.reason if receipt else "nothing of it was read",
        signer=receipt.signer if receipt else "",
        failures={},
        dropped=[],
    )
    if isinstance(found, Report):
        _add_report(row, found)
    elif isinstance(found, Exception):
        row["reason"] = str(found)
        row["reporter"] = found.reporter
        row["warnings"] = _ids(found)
    else:
        row["reason"] = found.reason
        row["warnings"] = [found.id]
    return row


def _add_report(row: ParsedRow, report: Report) -> None:
    """The numbers, each session once."""
    repeats = repeated(report.policies)
    counted = [each for i, each in enumerate(report.policies) if i not in repeats]
    failures = failures_by_type(report.policies)
    row["accepted"] = report.accepted
    row["policies"] = len(report.policies)
    row["successful"] = sum(each.successes for each in counted)
    row["failed"] = sum(each.failures for each in counted)
    row["result_types"] = list(failures)
    row["failures"] = failures
    row["reporter"] = report.reporter
    row["warnings"] = _ids(report)
    row["reason"] = "" if report.accepted else "no row of it can be used"
    row["report_id"] = report.report_id
    row["begin"] = report.begin.isoformat()
    row["end"] = report.end.isoformat()
    row["dropped"] = [f"{each.where}: {each.reason}" for each in report.dropped]


def _ids(found: Report | ReportError) -> list[str]:
    return sorted({each.id for each in found.warnings})
