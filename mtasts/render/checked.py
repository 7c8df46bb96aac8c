"""What a check found: as JSON lines, and as a page."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from mtasts.check.checks import check_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.check.notes import Checked
    from mtasts.findings import Finding

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0}"
    ".error{color:#a40000}.warning{color:#7a4d00}.info,.unknown{color:#555}"
    "code{overflow-wrap:anywhere}"
)


def as_json(checked: Checked) -> str:
    """One line of JSON: a stable shape."""
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


def as_html(found: Iterable[Checked], summary: str) -> str:
    """A page of its own, without script or anything from elsewhere; ``summary`` comes first."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>MTA-STS and TLS-RPT</title><style>{_STYLE}</style><h1>MTA-STS and TLS-RPT</h1>",
        f"<p>{escape(summary)}",
    ]
    for checked in found:
        mode = f" <small>mode {escape(checked.mode)}</small>" if checked.mode else ""
        parts.append(f"<h2>{escape(checked.domain)}{mode}</h2>")
        rows = [
            f"<tr class={each.severity.label}><th>{each.severity.label}<td>{escape(each.id)}"
            f"<td>{escape(each.summary)} ({escape(each.clause)})"
            f"{f'<br><code>{escape(each.evidence)}</code>' if each.evidence else ''}"
            f"<br>{escape(each.fix)}"
            for each in checked.findings
        ]
        rows += [
            f"<tr class=unknown><th>not known<td>{escape(each.id)}<td>could not find out "
            f"{escape(each.what)}: {escape(each.reason)}<br>{escape(each.how)}"
            for each in checked.unknown
        ]
        parts.append(f"<table>{''.join(rows)}</table>" if rows else "<p>Nothing to say.")
    return "\n".join(parts) + "\n"
