"""Checks of a zone file's lines, as `mtasts lint record` reads them (RFC 1035)."""

from __future__ import annotations

from mtasts.check.row import Check
from mtasts.findings import Severity

_ZONE = "RFC 1035 section 5.1"

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
RECORD_PRESENTATION = Check(
    "record-presentation", Severity.ERROR, _ZONE,
    "a line is no TXT value as a zone file spells it",
    'write strings in quotes: "v=STSv1; id=1"',
)
RECORD_STRING_LONG = Check(
    "record-string-long", Severity.ERROR, "RFC 1035 section 3.3",
    "a string is longer than 255 bytes",
    "split it into several strings",
)
RECORD_COMMENT = Check(
    "record-comment", Severity.WARNING, _ZONE,
    "an unquoted ';' begins a comment: what follows it on the line is not published",
    "put the value in quotes",
)
RECORD_OWNER = Check(
    "record-owner", Severity.INFO, _ZONE,
    "a line is a whole record; its name, TTL and type were ignored",
    "",
)
RECORD_LINES_MANY = Check(
    "record-lines-many", Severity.ERROR, "RFC 1035 section 4.2",
    "there are more records than one DNS answer can have; the rest was not read",
    "keep exactly one",
)
# fmt: on
