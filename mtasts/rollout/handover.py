"""Records that the agency publishes: which are handed out, which are live, and the next stage.

With dns manual the agency publishes every record; with dns delegated, CNAMEs that lead to the
operator's zone. No run waits for them. A domain enters the next stage in the first run that sees
the handed-out records of the present stage in DNS, and it never goes back.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError
from mtasts.findings import printable
from mtasts.json_fields import JsonError, read_fields
from mtasts.ledger.stages import Stage
from mtasts.names import POLICY_LABEL, STS_LABEL, DomainNameError, parse_domain
from mtasts.records import to_presentation
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import Ruling, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mtasts.json_fields import Fields
    from mtasts.ledger.phases import Parts
    from mtasts.observations import DnsAnswer

VERSION = 1
HANDED_MAX_BYTES = 256 * 1024
_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})+")
# The characters that an STS or TLS-RPT record can have: no quotes, backslashes or markup, which
# would have a meaning in a zone file or in HTML.
_VALUES = {"CNAME": _NAME, "TXT": re.compile(r"[A-Za-z0-9._~:/?#\[\]@$&'()*+,;=% !-]{1,4000}")}
TTL_SECONDS = 300


class HandoverError(MtaStsError):
    """The handed-out records cannot be read: it is not known what the agency publishes."""


@dataclass(frozen=True, slots=True)
class HandedOutRecord:
    """One record to publish; names are A-labels without a trailing dot, a TXT value is its text."""

    owner: str
    type: str
    value: str

    def is_live(self, answer: DnsAnswer) -> bool:
        """Whether DNS has it, and nothing else of its type there."""
        if self.type == "TXT":
            return [b"".join(each).decode("utf-8", "replace") for each in answer.strings] == [
                self.value
            ]
        return answer.values == (self.value,)


@dataclass(frozen=True, slots=True)
class RecordLookup:
    """A handed-out record and what DNS has in its place, at the agency's own servers."""

    record: HandedOutRecord
    answer: DnsAnswer

    @property
    def is_live(self) -> bool:
        """Whether DNS has it."""
        return self.record.is_live(self.answer)

    @property
    def has_records(self) -> bool:
        """Whether DNS has anything of its type there."""
        return bool(self.answer.values or self.answer.strings)


def render_handed(domain: str, records: Iterable[HandedOutRecord]) -> str:
    """The object that says what was handed out for a domain: JSON, keys in order."""
    rows = [{"owner": each.owner, "type": each.type, "value": each.value} for each in records]
    return json.dumps({"version": VERSION, "domain": domain, "records": rows}, indent=1) + "\n"


def parse_handed(raw: bytes) -> tuple[HandedOutRecord, ...]:
    """The records of such an object.

    Raises:
        HandoverError: it cannot be read, or holds what mtasts never writes; the domain is held.
    """
    try:
        found = read_fields(raw, HANDED_MAX_BYTES)
        version, records = found.whole("version"), found.rows("records")
        if version != VERSION:
            raise HandoverError(
                f"the handed-out records are of version {version}, which this release does not know"
            )
        return tuple(map(_read_record, records))
    except JsonError as error:
        why = printable(str(error))
        raise HandoverError(f"the handed-out records cannot be read: {why}") from error


def _read_record(row: Fields) -> HandedOutRecord:
    """A record that mtasts could have handed out.

    Others may write to the bucket, and these values go to terminals, logs, zone files and pull
    requests. So a value with a character that has a meaning there is refused.

    Raises:
        HandoverError: it is something else.
        JsonError: a key is missing, or no text.
    """
    handed = HandedOutRecord(row.text("owner"), row.text("type"), row.text("value"))
    pattern = _VALUES.get(handed.type)
    if not (_NAME.fullmatch(handed.owner) and pattern and pattern.fullmatch(handed.value)):
        raise HandoverError(
            "the handed-out records have one that mtasts never writes: "
            f"{printable(handed.owner)} {printable(handed.type)} {printable(handed.value)}"
        )
    return handed


def as_text(records: Iterable[HandedOutRecord]) -> str:
    """One line a record, for people who type into forms."""
    return "".join(f"{each.owner} {each.type} {each.value}\n" for each in records)


def as_zone_file(records: Iterable[HandedOutRecord]) -> str:
    """The same as a zone file has it (RFC 1035 section 5.1)."""
    return "".join(
        f"{each.owner}. {TTL_SECONDS} IN {each.type} "
        f"{to_presentation(each.value) if each.type == 'TXT' else each.value + '.'}\n"
        for each in records
    )


def next_stage(domain: str, before: Stage | None, lookups: Sequence[RecordLookup]) -> Stage:
    """The stage of this run: one further at most than ``before``, and never back.

    What could not be found out lets nothing advance.
    """
    before = before or Stage.REQUESTED
    host = f"{POLICY_LABEL}.{domain}"
    # Only ACM's CNAME is below the policy host.
    validation = [each for each in lookups if each.record.owner.endswith(f".{host}")]
    if before is Stage.REQUESTED:
        issued = bool(validation) and all(each.is_live for each in validation)
        return Stage.ISSUED if issued else before
    if before is Stage.ISSUED:
        cnames = [
            each for each in lookups if each not in validation and each.record.type == "CNAME"
        ]
        is_live = any(each.record.owner == host for each in cnames) and all(
            each.is_live for each in cnames
        )
        return Stage.LIVE if is_live else before
    return before


def not_published(stage: Stage, lookups: Sequence[RecordLookup]) -> Iterator[Ruling]:
    """Records that DNS lacks or has wrong: warnings once the domain is live, notes before that."""
    kind = Kind.WARNING if stage is Stage.LIVE else Kind.NOTE
    if not lookups:
        text = "the agency has records to publish: see the stack's output domains, under publish"
        yield Ruling("handover-begins", kind, text)
    for each in lookups:
        if found := missing(each, absence(stage)):
            yield found.as_kind(kind)


def absence(stage: Stage | None) -> str:
    """How a message begins about a record that DNS does not have."""
    return "gone or not yet there" if stage is Stage.LIVE else "waiting for"


def is_withdrawn(domain: str, parts: Parts, record: HandedOutRecord) -> bool:
    """Whether a handed-out record is to go, in a phase of a retirement that has ``parts``."""
    if record.owner == f"{STS_LABEL}.{domain}":
        return not parts.record.is_declared
    return not parts.addresses.is_declared


def missing(lookup: RecordLookup, absent: str = "waiting for") -> Ruling | None:
    """How DNS differs from a handed-out record, as a note; None if DNS has the record.

    ``absent`` begins the note if DNS has no record of that name and type.
    """
    record, answer = lookup.record, lookup.answer
    wanted = f"{record.owner} {record.type} {record.value}"
    if not answer.settled:
        text = f"could not find out whether {record.owner} is published: {answer.reason}"
        return note("handed-record-unknown", text)
    if lookup.is_live:
        return None
    if not lookup.has_records:
        return note("handed-record-missing", f"{absent}: {wanted}")
    has = ", ".join(answer.values) or " and ".join(
        printable(b"".join(text).decode("utf-8", "replace"), 100) for text in answer.strings
    )
    return note("handed-record-wrong", f"wrong: DNS has {has}; the agency has to publish: {wanted}")


def delegated_owner(owner: str, zone: str) -> str:
    """The name in the operator's zone that the agency's CNAME at ``owner`` leads to."""
    return f"{owner}.{zone}"


def normalise_name(name: str) -> str:
    """A name in A-labels without a trailing dot; if it is no host name, only in lower case."""
    try:
        return parse_domain(name)
    except DomainNameError:
        return name.rstrip(".").lower()
