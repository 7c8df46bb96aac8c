"""What the STS record tells senders now, and whether a run would tell them anything new.

MX safety and gates are asked about every new enforced id. "New" is judged by what is published, not
by what was proven: between the two a run may have ended, and an MX may have moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.records import select_sts
from mtasts.rollout.ledger import enforces, held_at

if TYPE_CHECKING:
    from mtasts.observations import DnsAnswer
    from mtasts.rollout.ledger import Intended, Ledger


def live_id(sts: DnsAnswer | None) -> str | None:
    """The id in the STS record that DNS has, if there is a usable one."""
    record = select_sts(sts.strings).record if sts else None
    return record.id if record else None


def is_published(intended: Intended, ledger: Ledger, sts: DnsAnswer | None) -> bool:
    """Whether senders are told of exactly this already, and were seen to get it.

    ``sts`` is the look-up of the record. Where that brought no answer the ledger's word counts:
    what was proven last was published.
    """
    last = ledger.last_body
    if last is None or not intended.is_recorded or not ledger.is_proven(last):
        return False
    return sts is None or not sts.settled or live_id(sts) == intended.id


def held_as(ledger: Ledger, sts: DnsAnswer | None) -> Intended | None:
    """What a domain is held at: nothing new to senders, unless it takes a refusal away.

    None where that is not known: then nothing of the domain is declared, and nothing changes.
    """
    held = held_at(ledger)
    if held is not None and enforces(held) and not is_published(held, ledger, sts):
        return None
    return held
