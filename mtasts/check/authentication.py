"""SPF, DKIM and DMARC: what protects the sender's name, where MTA-STS protects the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mtasts.check.notes import AGAIN
from mtasts.check.row import Question
from mtasts.check.table import authentication as checks
from mtasts.mail_authentication import begins_dmarc, dkim_rsa_bits, is_dkim, is_spf
from mtasts.records import texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.check.notes import Notes
    from mtasts.check.observed import Observed
    from mtasts.check.row import Check
    from mtasts.observations import DnsAnswer, Parsed

# RFC 8301 section 3.2: signers should use at least 2048 bits.
_RSA_BITS = 2048


def judge_authentication(seen: Observed, notes: Notes) -> None:
    """SPF, DKIM and DMARC, as far as a gate would ask for them."""
    if not seen.takes_mail:
        return
    if not seen.records.apex.settled:
        notes.not_known(
            Question.SPF, f"the SPF record of {seen.domain}", seen.records.apex.reason, AGAIN
        )
    else:
        records = list(filter(is_spf, texts(seen.records.apex.strings)))
        if len(records) != 1:
            notes.find(checks.SPF_MULTIPLE if records else checks.SPF_MISSING, " | ".join(records))
        _parsed(_SPF, seen.authentication.spf_parsed, notes)
    for each in seen.authentication.dkim:
        if not each.settled:
            notes.not_known(Question.DKIM, f"the DKIM key {each.name}", each.reason, AGAIN)
        elif not any(map(is_dkim, texts(each.strings))):
            notes.find(checks.DKIM_MISSING, each.name)
        for bits in filter(None, map(dkim_rsa_bits, texts(each.strings))):
            if bits < _RSA_BITS:
                notes.find(checks.DKIM_KEY_WEAK, f"{each.name}: {bits} bits")
    _dmarc(seen.authentication.dmarc, notes)
    _parsed(_DMARC, seen.authentication.dmarc_parsed, notes)


class _Parsing(NamedTuple):
    """What a parser's reading of a record may become."""

    name: str
    question: Question
    malformed: Check
    doubtful: Check


_SPF = _Parsing("SPF", Question.SPF_PARSED, checks.SPF_MALFORMED, checks.SPF_DOUBTFUL)
_DMARC = _Parsing("DMARC", Question.DMARC_PARSED, checks.DMARC_MALFORMED, checks.DMARC_DOUBTFUL)


def _parsed(of: _Parsing, found: Parsed | None, notes: Notes) -> None:
    """What the parser makes of a record beyond its being there."""
    if found is None:
        return
    if found.reason:
        notes.not_known(of.question, f"what the {of.name} record refers to", found.reason, AGAIN)
    elif found.error:
        notes.find(of.malformed, found.error)
    for each in found.warnings:
        notes.find(of.doubtful, each)


def _dmarc(answers: Iterable[DnsAnswer], notes: Notes) -> None:
    for each in answers:
        if not each.settled:
            notes.not_known(Question.DMARC, f"the DMARC record {each.name}", each.reason, AGAIN)
            return
        records = list(filter(begins_dmarc, texts(each.strings)))
        if records:
            if len(records) > 1:
                notes.find(checks.DMARC_MULTIPLE, " | ".join(records))
            return
    notes.find(checks.DMARC_MISSING)
