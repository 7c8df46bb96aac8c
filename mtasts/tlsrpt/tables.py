"""The tables of the store of TLS reports.

One place says which columns there are, of which type, and what they mean: the store writes them,
the queries read them, and docs/report-queries.md is made from them. `rows` fills them. A change of
any of them needs another `SCHEMA`.

A text is printable ASCII and has an end. A count has the type DECIMAL(18, 0): no sum of it
overflows, in any engine. Times are UTC without a zone, and days are UTC days.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mtasts.tlsrpt.trust import Trust

SCHEMA = 1
RANKS: Final = {Trust.FAILED: 0, Trust.UNSIGNED: 1, Trust.HTTPS: 2, Trust.VERIFIED: 3}
"""How far a report is believed, as a number: ``trust_rank >= $trust`` is a filter."""


class Type(StrEnum):
    """The type of a column, as SQL spells it."""

    TEXT = "VARCHAR"
    COUNT = "DECIMAL(18, 0)"
    NUMBER = "INTEGER"
    FLAG = "BOOLEAN"
    TIME = "TIMESTAMP"
    DAY = "DATE"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``of_entry`` says that each row of a report has the report's own value."""

    name: str
    type: Type
    meaning: str
    of_entry: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: a folder of Parquet files by UTC day."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def own(self) -> tuple[Column, ...]:
        """The columns that differ from row to row of one report."""
        return tuple(each for each in self.columns if not each.of_entry)


DAY = Column("day", Type.DAY, "the last UTC day that the report is about", of_entry=True)
_KEY = Column(
    "report_key", Type.TEXT, "digest of submitter, report-id and range; one report", of_entry=True
)
_REPORTER = Column(
    "reporter",
    Type.TEXT,
    "domain of contact-info, or the organisation's name, in lower case",
    of_entry=True,
)
_TRUST = (
    Column("trust", Type.TEXT, "verified, https, unsigned or failed", of_entry=True),
    Column("trust_rank", Type.NUMBER, "the same as a number: 3, 2, 1, 0; a filter", of_entry=True),
)
_RECEIPT = (
    Column("trust_reason", Type.TEXT, "why the trust is what it is", of_entry=True),
    Column("signer", Type.TEXT, "d= of the signature that decided; may be empty", of_entry=True),
    Column("signing_key", Type.TEXT, "DNS name of its key; may be empty", of_entry=True),
    Column("signing_key_sha256", Type.TEXT, "digest of the public key, in hex", of_entry=True),
    Column("received", Type.TIME, "when it arrived", of_entry=True),
    Column("via", Type.TEXT, "mail, https or file", of_entry=True),
    Column("source", Type.TEXT, "the address that it was pulled from", of_entry=True),
)
_BODY = Column("body", Type.TEXT, "digest of what the report says", of_entry=True)
_DOMAIN = Column("domain", Type.TEXT, "the policy domain, in A-labels and lower case")
_POLICY_ROW = Column("policy_row", Type.NUMBER, "which entry of policies it is, from 0")
_POLICY_TYPE = Column("policy_type", Type.TEXT, "sts, tlsa, no-policy-found, a later one, or empty")
_IS_REPEAT = Column(
    "is_repeat", Type.FLAG, "true where another row is about the same sessions: do not add it up"
)
_IDENTITY = (
    Column("submitter", Type.TEXT, "the domain that submitted it", of_entry=True),
    Column("organization", Type.TEXT, "organization-name", of_entry=True),
    Column("contact", Type.TEXT, "contact-info", of_entry=True),
    Column("report_id", Type.TEXT, "report-id", of_entry=True),
    Column("begins", Type.TIME, "start-datetime", of_entry=True),
    Column("ends", Type.TIME, "end-datetime", of_entry=True),
    Column(
        "is_accepted", Type.FLAG, "false where its numbers would lie: it has no rows", of_entry=True
    ),
    Column(
        "warnings", Type.TEXT, "ids of the parser's warnings, with spaces between", of_entry=True
    ),
    Column(
        "successful", Type.COUNT, "sessions that succeeded, repeated rows left out", of_entry=True
    ),
    Column("failed", Type.COUNT, "sessions that failed, repeated rows left out", of_entry=True),
)

REPORTS = Table(
    "reports",
    "each report once, by its best receipt",
    (DAY, _KEY, _REPORTER, *_TRUST, *_IDENTITY, *_RECEIPT, _BODY),
)
POLICIES = Table(
    "policies",
    "an entry of policies: the sessions of one domain under one policy",
    (
        DAY,
        _KEY,
        _REPORTER,
        *_TRUST,
        _POLICY_ROW,
        _DOMAIN,
        _POLICY_TYPE,
        Column("mode", Type.TEXT, "mode of policy-string, as it is written; may be empty"),
        Column("max_age", Type.TEXT, "max_age of policy-string, as it is written; may be empty"),
        Column("policy_mx", Type.TEXT, "mx of policy-string, sorted, with spaces between"),
        Column("mx_hosts", Type.TEXT, "mx-host, sorted, with spaces between"),
        Column("policy_string", Type.TEXT, "policy-string, its lines joined by '; '"),
        Column("successful", Type.COUNT, "total-successful-session-count"),
        Column("failed", Type.COUNT, "total-failure-session-count"),
        Column("detailed", Type.COUNT, "sum of its failure-details that have a count"),
        Column("detail_most", Type.COUNT, "the largest of them"),
        _IS_REPEAT,
    ),
)
FAILURES = Table(
    "failures",
    "an entry of failure-details, and a row for failed sessions that no entry explains",
    (
        DAY,
        _KEY,
        _REPORTER,
        *_TRUST,
        _POLICY_ROW,
        Column("detail_row", Type.NUMBER, "which entry of failure-details; -1: the rest"),
        _DOMAIN,
        _POLICY_TYPE,
        Column("result_type", Type.TEXT, "RFC 8460 section 4.3; unspecified: no entry says why"),
        Column("mx", Type.TEXT, "receiving-mx-hostname; may be empty"),
        Column("sending_ip", Type.TEXT, "sending-mta-ip; may be empty"),
        Column("receiving_ip", Type.TEXT, "receiving-ip; may be empty"),
        Column("sessions", Type.COUNT, "failed-session-count; NULL where it is not given"),
        Column("reason_code", Type.TEXT, "failure-reason-code; may be empty"),
        Column("information", Type.TEXT, "additional-information; may be empty"),
        Column("concerns_sts", Type.FLAG, "false where it is a failure of DANE alone"),
        _IS_REPEAT,
    ),
)
DROPPED = Table(
    "dropped",
    "what is not counted: files and mails, rows of reports, and domains of nobody here",
    (
        DAY,
        _KEY,
        _REPORTER,
        *_TRUST,
        Column("dropped_row", Type.NUMBER, "which of its rows, from 0"),
        Column("kind", Type.TEXT, "why, as one word: the same words as in: mtasts docs gates"),
        _DOMAIN,
        Column("place", Type.TEXT, "where it stands, such as policies[3]"),
        Column("reason", Type.TEXT, "why, as a sentence"),
        Column("quantity", Type.COUNT, "how many rows or sessions were left out"),
        Column("may_hide_failures", Type.FLAG, "false where it cannot be about failed sessions"),
        *_RECEIPT,
    ),
)
RECEIPTS = Table(
    "receipts",
    "each arrival of each report, duplicates included",
    (DAY, _KEY, _REPORTER, *_TRUST, *_RECEIPT, _BODY),
)
QUARANTINE = Table(
    "quarantine",
    "reports that have the identity of another one in reports, and say something else",
    (
        DAY,
        _KEY,
        _REPORTER,
        *_TRUST,
        *_IDENTITY,
        *_RECEIPT,
        _BODY,
        Column("counted_body", Type.TEXT, "body of the report that is counted in its place"),
        Column("content", Type.TEXT, "all its rows, as JSON"),
    ),
)
TABLES: Final = {
    each.name: each for each in (REPORTS, POLICIES, FAILURES, DROPPED, RECEIPTS, QUARANTINE)
}
ENTRY: Final = Table(
    "entries",
    "what arrived, whole: the other tables are made from it",
    (
        DAY,
        _KEY,
        _BODY,
        Column("is_report", Type.FLAG, "false: it is something that was skipped", of_entry=True),
        _REPORTER,
        *_TRUST,
        *_IDENTITY,
        *_RECEIPT,
        Column("content", Type.TEXT, "the rows of policies, failures and dropped, as JSON"),
    ),
)
