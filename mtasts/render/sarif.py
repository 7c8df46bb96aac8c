"""The findings of a check as SARIF 2.1.0, for code hosts: a rule per id, a result per finding.

A failed look-up is neither good nor bad, so it is no result but a notification of the run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mtasts import __version__
from mtasts.check.checks import check_of
from mtasts.findings import Severity
from mtasts.links import rfc_url
from mtasts.templating import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mtasts.check.notes import Checked
    from mtasts.check.row import Check
    from mtasts.findings import Finding
    from mtasts.render.checked_text import Report

# The levels of SARIF 2.1.0 section 3.27.10.
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; ``uri`` is absolute, or relative to the folder of the run."""

    uri: str
    line: int


@dataclass(frozen=True, slots=True)
class Places:
    """The places of findings.

    ``listed`` has, by domain, the line of the stack file or list that names it. The place of any
    other finding is in the report: in a file if the run has written one, else in the document.
    """

    report: Report
    report_uri: str
    is_written: bool = False
    listed: Mapping[str, Place] = field(default_factory=dict)

    def of(self, domain: str, part: int) -> Place:
        """The place of the domain's heading (``part`` 0), or of its finding number ``part``."""
        return self.listed.get(domain) or Place(self.report_uri, self.report.lines[domain][part])


def as_sarif(found: Sequence[Checked], places: Places) -> str:
    """The document; paths in it are relative to the folder of the run."""
    ids = list(dict.fromkeys(each.id for checked in found for each in checked.findings))
    first = {each.id: each for checked in reversed(found) for each in reversed(checked.findings)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "mtasts",
                "version": __version__,
                "rules": [_rule(first[id_]) for id_ in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": list(_notifications(found, places)),
            }
        ],
        "results": list(_results(found, places, ids)),
    }
    if not places.is_written and any(each.domain not in places.listed for each in found):
        run["artifacts"] = [
            {
                "location": {"uri": places.report_uri},
                "contents": {"text": places.report.text},
                "mimeType": "text/plain",
            }
        ]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    """The rule of a finding's id: the texts of the table of checks, the same for every domain."""
    row = check_of(finding)
    sent = f" Senders report it as {row.result_type} (RFC 8460 section 4.3)."
    type_note = sent if row.result_type else ""
    todo = f" What to do: {row.fix}." if row.fix else ""
    help_ = f"{_sentence(row.summary)} Source: {row.clause}.{todo}{type_note}"
    rule: dict[str, Any] = {
        "id": finding.id,
        "shortDescription": {"text": _plain(row.summary)},
        "fullDescription": {"text": _plain(f"{row.summary} ({row.clause})")},
        "defaultConfiguration": {"level": _LEVELS[row.severity]},
        "help": {"text": _plain(help_), "markdown": _markdown(row)},
        "properties": {"tags": ["MTA-STS", "mail"]},
    }
    url = rfc_url(row.clause)
    return rule | ({"helpUri": url} if url else {})


def _markdown(row: Check) -> str:
    text = render(
        "sarif_help.md",
        summary=_sentence(row.summary),
        clause=row.clause,
        sent=row.result_type,
        fix=row.fix,
    )
    return text.rstrip("\n")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _results(
    found: Iterable[Checked], places: Places, ids: Sequence[str]
) -> Iterable[dict[str, Any]]:
    index = {id_: at for at, id_ in enumerate(ids)}
    for checked in found:
        count: dict[str, int] = {}
        for part, finding in enumerate(checked.findings, start=1):
            count[finding.id] = count.get(finding.id, 0) + 1
            text = f"{checked.domain}: {finding.summary}"
            text += f" ({finding.evidence})" if finding.evidence else ""
            text += f". {finding.fix}" if finding.fix else ""
            which = f"{checked.domain}\n{finding.id}\n{count[finding.id]}"
            yield {
                "ruleId": finding.id,
                "ruleIndex": index[finding.id],
                "level": _LEVELS[finding.severity],
                "message": {"text": _plain(text)},
                "locations": [_location(checked.domain, places.of(checked.domain, part))],
                # A code host recognises the result of a later run by this: no date, no line.
                "partialFingerprints": {
                    "domainAndRule/v1": hashlib.sha256(which.encode()).hexdigest()
                },
            }


def _notifications(found: Iterable[Checked], places: Places) -> Iterable[dict[str, Any]]:
    for checked in found:
        for each in checked.unknown:
            text = f"{checked.domain}: could not find out {each.what}: {each.reason}. {each.how}"
            yield {
                "descriptor": {"id": each.id},
                "level": "warning",
                "message": {"text": _plain(text)},
                "locations": [_location(checked.domain, places.of(checked.domain, 0))],
            }


def _location(domain: str, place: Place) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": place.uri},
            "region": {"startLine": place.line},
        },
        "logicalLocations": [{"name": domain, "kind": "resource"}],
    }


def _plain(text: str) -> str:
    """``text`` without embedded links (SARIF 2.1.0 section 3.11.6): brackets are escaped."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
