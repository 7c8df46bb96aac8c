"""Links to what a finding or an alert rests on."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"RFC (\d+)(?: section ([0-9.]+))?")


def rfc_url(clause: str) -> str:
    """Where the section of an RFC that ``clause`` names can be read; empty where it names none."""
    found = _CLAUSE.match(clause)
    if found is None:
        return ""
    section = f"#section-{found[2].rstrip('.')}" if found[2] else ""
    return f"https://www.rfc-editor.org/rfc/rfc{found[1]}{section}"
