"""What the STS record tells senders now, and whether a run would tell them anything new.

MX safety and gates are asked about every new enforced id. "New" is judged by what is published, not
by what was proven: between the two a run may have ended, and an MX may have moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.policy import Mode
from mtasts.records import Outcome, StsRecord, select_sts
from mtasts.rollout.ledger import enforces, held_at

if TYPE_CHECKING:
    from mtasts.config import DomainConfig
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


def stranger_records(
    domain: DomainConfig, ledger: Ledger, sts: DnsAnswer | None
) -> tuple[list[str], list[str]]:
    """What is in DNS in place of ours: what stops ``domain``, and what is told of it.

    A step away from enforce is never stopped, nor is a new re-roll token where the id is unknown:
    who writes one publishes ours on purpose. `mtasts.rollout.preflight` judges a domain that has
    no ledger.
    """
    last = ledger.last_proven
    if ledger.last_body is None or sts is None:
        return [], []
    if not sts.settled:
        return [], [f"could not find out which STS record DNS has at {sts.name}: {sts.reason}"]
    found = select_sts(sts.strings)
    ours = f"ours is {StsRecord(last.id).render()}" if last else "ours was never proven"
    if found.record is not None and found.record.id not in {each.id for each in ledger.bodies}:
        text = (
            f"DNS has the policy id {printable(found.record.id)} at {sts.name}, which the ledger "
            f"does not know ({ours}): senders may hold a policy that nobody here has seen. If "
            "somebody else had the zone or the host, take it back, and publish ours under a new "
            "id: write another reroll for the domain (docs/emergencies.md). If another stack or a "
            "person publishes too, end that, and do the same"
        )
        is_meant = bool(domain.reroll) and (last is None or last.reroll != domain.reroll)
    elif found.outcome in (Outcome.MULTIPLE, Outcome.INVALID):
        texts = ", ".join(printable(each.decode("ascii", "replace")) for each in found.candidates)
        text = (
            f"DNS has {texts} at {sts.name} ({ours}): senders act as if there were no record "
            "(RFC 8461 section 3.1). Remove in the zone what is not ours, and run pulumi up "
            "--refresh -s STACK"
        )
        is_meant = False
    else:
        return [], []
    if domain.mode is Mode.ENFORCE and not is_meant:
        return [f"{text}. A move to testing or none is not held up"], []
    return [], [text]
