"""SPF, DKIM and DMARC: what protects the sender's name, where MTA-STS protects the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.check.notes import AGAIN
from mtasts.mail_authentication import begins_dmarc, dkim_rsa_bits, is_dkim, is_spf
from mtasts.records import texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.check.notes import Notes
    from mtasts.check.observed import Observed
    from mtasts.observations import DnsAnswer, Parsed

_RSA_BITS = 2048


def judge_authentication(seen: Observed, notes: Notes) -> None:
    """SPF, DKIM and DMARC, as far as a gate would ask for them."""
    if not seen.takes_mail:
        return
    if not seen.apex.settled:
        notes.ask("spf", f"the SPF record of {seen.domain}", seen.apex.reason, AGAIN)
    else:
        records = list(filter(is_spf, texts(seen.apex.strings)))
        if len(records) != 1:
            notes.find("spf-multiple" if records else "spf-missing", " | ".join(records))
        _parsed("spf", seen.spf_parsed, notes)
    for each in seen.dkim:
        if not each.settled:
            notes.ask("dkim", f"the DKIM key {each.name}", each.reason, AGAIN)
        elif not any(map(is_dkim, texts(each.strings))):
            notes.find("dkim-missing", each.name)
        for bits in filter(None, map(dkim_rsa_bits, texts(each.strings))):
            if bits < _RSA_BITS:
                notes.find("dkim-key-weak", f"{each.name}: {bits} bits")
    _dmarc(seen.dmarc, notes)
    _parsed("dmarc", seen.dmarc_parsed, notes)


def _parsed(name: str, found: Parsed | None, notes: Notes) -> None:
    """What the parser makes of a record beyond its being there."""
    if found is None:
        return
    if found.reason:
        what = f"what the {name.upper()} record refers to"
        notes.ask(f"{name}-parsed", what, found.reason, AGAIN)
    elif found.error:
        notes.find(f"{name}-malformed", found.error)
    for each in found.warnings:
        notes.find(f"{name}-doubtful", each)


def _dmarc(answers: Iterable[DnsAnswer], notes: Notes) -> None:
    for each in answers:
        if not each.settled:
            notes.ask("dmarc", f"the DMARC record {each.name}", each.reason, AGAIN)
            return
        records = list(filter(begins_dmarc, texts(each.strings)))
        if records:
            if len(records) > 1:
                notes.find("dmarc-multiple", " | ".join(records))
            return
    notes.find("dmarc-missing")
