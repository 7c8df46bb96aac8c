"""Every way in which a TLS report may differ from RFC 8460, and what follows from it.

``docs/report-warnings.md`` is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a warning means for the numbers of the report."""

    READ = "read"
    DROPPED = "row left out"
    REFUSED = "not accepted"
    SKIPPED = "file skipped"


@dataclass(frozen=True, slots=True)
class WarningRow:
    """One warning: its stable id, its effect, what was seen, and what to do about it."""

    id: str
    effect: Effect
    meaning: str
    fix: str


_NOTHING = "Nothing; the numbers count."
_NOT_COUNTED = "Keep the file and ask the sender; none of its numbers count until it is mended."
_ROW = (
    "Read the row in the file: it may hide failures, so `enforce` stays refused until somebody "
    "explains it (`mtasts gate collect --explain`)."
)
_FETCH = "Fetch the file again; if it is still so, ask the sender to deliver the report again."
_LIMIT = (
    "Ask who sends it: no known sender comes near the limit. If it is a real report, split it by "
    "policy domain and read the pieces."
)

_READ = (
    ("bom", "The JSON begins with a UTF-8 byte-order mark (RFC 8259 section 8.1).", _NOTHING),
    (
        "not-utf-8",
        "Some bytes are not UTF-8 (RFC 7493 section 2.1); each is read as U+FFFD.",
        _NOTHING,
    ),
    (
        "trailing-bytes",
        (
            "Bytes follow the end of the report. Line ends and zero bytes after gzip (Mimecast) "
            "are ignored; with anything else the report is not accepted: it may be a second one."
        ),
        "Nothing if the report was accepted. Else split the file where the first report ends.",
    ),
    (
        "duplicate-member",
        "An object has a member twice (RFC 7493 section 2.3); the last one is taken.",
        _NOTHING,
    ),
    ("contact-missing", "`contact-info` is missing, null or no text (RFC 8460 section 4.4).", ""),
    ("organization-missing", "`organization-name` is missing, null or no text.", _NOTHING),
    (
        "report-id-missing",
        (
            "`report-id` is missing (RFC 8460 section 4.4): a second copy is recognised by "
            "sender and dates alone."
        ),
        _NOTHING,
    ),
    ("report-id-number", "`report-id` is a number, not a text.", _NOTHING),
    (
        "date-zone-missing",
        "A date has no time zone (RFC 3339 section 5.6); UTC is taken (Microsoft).",
        _NOTHING,
    ),
    ("date-hour-24", "A date has the hour 24; it is the next midnight.", _NOTHING),
    ("date-epoch", "A date is a number of seconds since 1970, not a text.", _NOTHING),
    ("policies-not-array", "`policies` is one object, not an array; it is read as one row.", ""),
    ("details-not-array", "`failure-details` is one object, not an array.", _NOTHING),
    (
        "mx-host-not-array",
        "`mx-host` is one text, not an array (RFC 8460 erratum 6241), or something else.",
        _NOTHING,
    ),
    (
        "policy-string-not-array",
        "`policy-string` is one text, not an array; it is read line by line.",
        _NOTHING,
    ),
    ("list-cut", "A list of texts holds something else, or more than 200 lines.", _NOTHING),
    ("text-cut", "A text is longer than 1 000 characters; its end is left out.", _NOTHING),
    ("text-not-text", "A member that has to be a text is something else; it is left out.", ""),
    (
        "unknown-result-type",
        "A `result-type` is none of RFC 8460 section 4.3. It counts under the name it has.",
        "Look the name up in the IANA registry of TLS-RPT result types.",
    ),
    (
        "unknown-policy-type",
        "A `policy-type` is none of `sts`, `tlsa` and `no-policy-found` (RFC 8460 section 4.4).",
        "Nothing: sessions and failures count, but the row is no evidence for an MTA-STS policy.",
    ),
    ("policy-type-missing", "A row has no `policy-type`; it counts as one of no policy.", _NOTHING),
    (
        "summary-contradicts-details",
        (
            "One failure detail counts more sessions than all failed sessions of its policy. "
            "Several details may add up to more, because one session may fail for two reasons."
        ),
        "Trust the larger number, and ask the sender.",
    ),
    (
        "same-sessions-twice",
        (
            "A `tlsa` row has the totals of the `sts` row of the same domain (Microsoft): the "
            "sessions are the same, and are counted once."
        ),
        _NOTHING,
    ),
    (
        "detail-without-count",
        (
            "A failure detail has no `failed-session-count`. It is kept if the policy's total says "
            "that sessions failed, and left out otherwise."
        ),
        "Read the detail in the file: how many sessions it is about is not known.",
    ),
    (
        "domain-not-a-label",
        (
            "`policy-domain` is not written in A-labels (RFC 8460 section 4.4). A name in U-labels "
            "is converted and counts; the row of a text that is no host name is left out."
        ),
        "Nothing if the row counts. Else read the row in the file.",
    ),
)
_DROPPED = (
    ("row-not-object", "An entry of `policies` is no JSON object.", _ROW),
    ("row-without-policy", "A row has no `policy` object.", _ROW),
    ("row-without-summary", "A row has no `summary` object.", _ROW),
    (
        "row-without-domain",
        (
            "A row has no `policy-domain` (Postfix, with `no-policy-found`), so nobody knows whose "
            "sessions it counts."
        ),
        "Nothing if the row says that no session failed. Else as for any row left out.",
    ),
    ("row-without-total", "A row lacks a total of its `summary`.", _ROW),
    (
        "count-range",
        (
            "A count is negative, fractional, a text, true or false, or above 2^53 - 1 (RFC 7493 "
            "section 2.2). It is never guessed at."
        ),
        _ROW,
    ),
    ("row-without-result-type", "A failure detail has no `result-type`.", _ROW),
    ("detail-not-object", "An entry of `failure-details` is no JSON object.", _ROW),
    (
        "member-contradicts",
        "A member that decides is given twice with different values, so neither is believed.",
        _ROW,
    ),
)
_REFUSED = (
    ("no-policies", "`policies` is missing or empty: the report is about no domain.", _NOT_COUNTED),
    ("no-readable-row", "None of the rows can be used.", _NOT_COUNTED),
    ("date-missing", "`date-range`, or a date of it, is missing.", _NOT_COUNTED),
    ("date-invalid", "A date is no time of RFC 3339, such as 30 February.", _NOT_COUNTED),
    ("date-inverted", "`date-range` ends before it begins.", _NOT_COUNTED),
    (
        "reporter-missing",
        "Neither `organization-name` nor `contact-info` says who sent it.",
        _NOT_COUNTED,
    ),
    ("not-json", "The file is no JSON text.", _FETCH),
    ("not-object", "The JSON text, or a part that all rows need, is no object.", _NOT_COUNTED),
    ("too-deep", "The JSON text is nested too deep to be a report.", _LIMIT),
    ("too-large", "The file is larger than 10 MB packed or 20 MB unpacked.", _LIMIT),
    ("too-many-rows", "There are more than 10 000 policies or 100 000 failure details.", _LIMIT),
    ("cut-off", "The gzip stream ends too early: the file is not whole.", _FETCH),
    ("not-inflatable", "The gzip stream is broken.", _FETCH),
    (
        "other-format",
        "The file is XML, as DMARC reports are: no TLS report.",
        "Have the other reports sent to another address than the TLS reports.",
    ),
    ("archive", "A zip archive stands where one report should.", "Take the reports out of it."),
)
_SKIPPED = (
    ("archive-invalid", "A zip archive is broken, encrypted or packed in an unknown way.", _FETCH),
    ("archive-in-archive", "A zip archive holds another archive, which no sender does.", _LIMIT),
    (
        "archive-too-large",
        "A zip archive holds more than 100 files, or more than 60 MB unpacked.",
        _LIMIT,
    ),
    (
        "transfer-encoding-invalid",
        (
            "An attachment is not what its Content-Transfer-Encoding says, such as broken base64 "
            "(RFC 2045 section 6.8)."
        ),
        _FETCH,
    ),
    ("mail-too-large", "A mail is larger than 40 MB.", _LIMIT),
    (
        "mail-too-many-parts",
        "A mail has more than 1 000 parts, or a header of more than 512 KB.",
        _LIMIT,
    ),
    ("mail-too-deep", "A mail holds mails within mails, or parts within parts, too deep.", _LIMIT),
    ("mail-invalid", "A mail cannot be taken apart (RFC 5322, RFC 2046).", _FETCH),
    (
        "attachment-other",
        "An attachment has neither name nor type nor first bytes of a report.",
        "Nothing, unless you know that it is one: then save it and read it by its own name.",
    ),
    (
        "no-report",
        "A mail has nothing attached that could be a report.",
        "Nothing if it is ordinary mail; else look what the sender changed.",
    ),
    (
        "no-file",
        "A link, pipe or device lies in the folder that reports are pulled from; it is not opened.",
        "Give the folder or file that a link leads to as a source of its own.",
    ),
)


def _rows(effect: Effect, rows: tuple[tuple[str, str, str], ...]) -> dict[str, WarningRow]:
    return {id_: WarningRow(id_, effect, text, fix or _NOTHING) for id_, text, fix in rows}


WARNINGS: dict[str, WarningRow] = (
    _rows(Effect.READ, _READ)
    | _rows(Effect.DROPPED, _DROPPED)
    | _rows(Effect.REFUSED, _REFUSED)
    | _rows(Effect.SKIPPED, _SKIPPED)
)
"""By id, in the order of the page."""
