"""Which id the STS record has now, and whether a run would publish a new one.

MX safety and the gates judge every new enforced id. An id is new if it is not published, even if
its body is proven: a run may have ended between proof and record, and the MX may have changed
since.
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
    """Whether exactly this id is in the STS record, and its body proven.

    ``sts`` is the look-up of the record. If it has no answer, the ledger decides: the last proven
    body counts as published.
    """
    last = ledger.last_body
    if last is None or not intended.is_recorded or not ledger.is_proven(last):
        return False
    return sts is None or not sts.settled or live_id(sts) == intended.id


def held_as(ledger: Ledger, sts: DnsAnswer | None) -> Intended | None:
    """The body and id that a held domain is declared with: what is published already.

    None if that is not known, or would be a new enforced id: then nothing of the domain is
    declared, and nothing changes.
    """
    held = held_at(ledger)
    if held is not None and enforces(held) and not is_published(held, ledger, sts):
        return None
    return held


def foreign_records(domain: DomainConfig, ledger: Ledger, sts: DnsAnswer) -> Iterator[Ruling]:
    """Rulings on an STS record that is not ours.

    A step away from enforce is never refused. With a new ``reroll`` the operator publishes our
    policy on purpose over an unknown id. With mode enforce that is a promotion, and no evidence
    counts for it, since nobody knows which policy senders had in the meantime, and for how long.
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
            f"does not know ({ours}): senders may hold a policy that mtasts has never seen"
        )
        if domain.reroll and (last is None or last.reroll != domain.reroll):
            yield _published_over(domain, text)
            return
        fix = (
            "if an intruder had the zone or the policy host, take it back; if another stack or a "
            "person publishes, too, stop that. Then publish our policy under a new id: write "
            "another reroll in the domain's entry, and run pulumi up -s STACK (mtasts docs "
            "emergencies)"
        )
        yield _refusal_if_enforcing(domain, warning("sts-record-id-foreign", text, fix))
    if found.outcome in (Outcome.MULTIPLE, Outcome.INVALID):
        texts = ", ".join(printable(each.decode("ascii", "replace")) for each in found.candidates)
        text = (
            f"DNS has {texts} at {sts.name} ({ours}): senders act as if there were no record "
            "(RFC 8461 section 3.1)"
        )
        fix = "remove the other records from the zone, and run pulumi up --refresh -s STACK"
        yield _refusal_if_enforcing(domain, warning("sts-record-void", text, fix))


def _unseen(domain: DomainConfig, ledger: Ledger, sts: DnsAnswer) -> Ruling:
    """The ruling on a failed look-up: no new enforced id is published over an unknown record."""
    ruling = warning(
        "sts-record-unknown",
        f"could not find out which STS record DNS has at {sts.name}: {sts.reason}",
    )
    if is_published(intend(ledger, domain.policy, domain.reroll), ledger, sts):
        return ruling
    return _refusal_if_enforcing(domain, ruling)


def _published_over(domain: DomainConfig, text: str) -> Ruling:
    if domain.mode is not Mode.ENFORCE:
        return warning("sts-record-published-over", text)
    why = f"{text}, and nobody knows since when, so no evidence counts for enforce"
    way = "publish mode testing first; or, to enforce now"
    return refusal("sts-record-published-over", why).waivable(Waiver.EVIDENCE, way=way)


def _refusal_if_enforcing(domain: DomainConfig, ruling: Ruling) -> Ruling:
    """The ruling, as a refusal if the mode is enforce."""
    if domain.mode is not Mode.ENFORCE:
        return ruling
    fix = f"{ruling.fix}. A change to testing or none is not held".removeprefix(". ")
    return replace(ruling, kind=Kind.REFUSAL, fix=fix)
