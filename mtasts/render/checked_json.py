"""The findings of a check, as JSON lines (docs/check.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mtasts.check.checks import check_of

if TYPE_CHECKING:
    from mtasts.check.notes import Checked
    from mtasts.findings import Finding


def as_json(checked: Checked) -> str:
    """The findings on one domain as a line of JSON; the shape is stable."""
    document = {
        "domain": checked.domain,
        "mode": checked.mode or None,
        "id": checked.id or None,
        "findings": [_finding(each) for each in checked.findings],
        "unknown": [
            {"id": each.id, "what": each.what, "reason": each.reason, "how": each.how}
            for each in checked.unknown
        ],
    }
    return json.dumps(document) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    check = check_of(finding)
    more = {"resultType": check.result_type, "page": check.page}
    return {**finding.as_json(), **more}
