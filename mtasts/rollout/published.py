"""What the STS record tells senders now, and whether a run would tell them anything new.

MX safety and gates are asked about every new enforced id. "New" is judged by what is published, not
by what was proven: between the two a run may have ended, and an MX may have moved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mtasts.config.model import Waiver
from mtasts.findings import printable
from mtasts.ledger.history import enforces, held_at, intend
from mtasts.policy import Mode
from mtasts.records import Outcome, StsRecord, select_sts
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import refusal, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.config import DomainConfig
    from mtasts.ledger.history import Intended, Ledger
    from mtasts.observations import DnsAnswer
    from mtasts.rulings import Ruling


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


def foreign_records(domain: DomainConfig, ledger: Ledger, sts: DnsAnswer) -> Iterator[Ruling]:
    """What DNS has in place of our STS record, and what that means for ``domain``.

    A step away from enforce is never stopped. A new re-roll token publishes ours on purpose where
    the id is unknown; with enforce that is a promotion for which no evidence counts, since nobody
    knows what senders had meanwhile, nor for how long.
    `mtasts.rollout.preflight` judges a domain that has no ledger.
    """
    last = ledger.last_proven
    if not sts.settled:
        yield _unseen(domain, ledger, sts)
        return
    found = select_sts(sts.strings)
    ours = f"ours is {StsRecord(last.id).render()}" if last else "ours was never proven"
    if found.record is not None and not ledger.has_id(found.record.id):
        text = (
            f"DNS has the policy id {printable(found.record.id)} at {sts.name}, which the ledger "
            f"does not know ({ours}): senders may hold a policy that nobody here has seen"
        )
        if domain.reroll and (last is None or last.reroll != domain.reroll):
            yield _published_over(domain, text)
            return
        fix = (
            "if somebody else had the zone or the host, take it back; if another stack or a person "
            "publishes too, end that. Then publish ours under a new id: write another reroll in "
            "the domain's entry, and run pulumi up -s STACK (mtasts docs emergencies)"
        )
        yield _refused_or_told(domain, warning("sts-record-id-foreign", text, fix))
    if found.outcome in (Outcome.MULTIPLE, Outcome.INVALID):
        texts = ", ".join(printable(each.decode("ascii", "replace")) for each in found.candidates)
        text = (
            f"DNS has {texts} at {sts.name} ({ours}): senders act as if there were no record "
            "(RFC 8461 section 3.1)"
        )
        fix = "remove in the zone what is not ours, and run pulumi up --refresh -s STACK"
        yield _refused_or_told(domain, warning("sts-record-void", text, fix))


def _unseen(domain: DomainConfig, ledger: Ledger, sts: DnsAnswer) -> Ruling:
    """Nothing new is enforced over what could not be seen."""
    told = warning(
        "sts-record-unknown",
        f"could not find out which STS record DNS has at {sts.name}: {sts.reason}",
    )
    if is_published(intend(ledger, domain.policy, domain.reroll), ledger, sts):
        return told
    return _refused_or_told(domain, told)


def _published_over(domain: DomainConfig, text: str) -> Ruling:
    if domain.mode is not Mode.ENFORCE:
        return warning("sts-record-published-over", text)
    why = f"{text}, nor since when, so no evidence counts for enforce"
    way = "publish mode testing first; or, to enforce at once"
    return refusal("sts-record-published-over", why).waivable(Waiver.EVIDENCE, way=way)


def _refused_or_told(domain: DomainConfig, told: Ruling) -> Ruling:
    """The same as a refusal where the domain is to enforce."""
    if domain.mode is not Mode.ENFORCE:
        return told
    fix = f"{told.fix}. A move to testing or none is not held up".removeprefix(". ")
    return replace(told, kind=Kind.REFUSAL, fix=fix)
