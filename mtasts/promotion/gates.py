"""The gates of a promotion: the conditions for mode enforce.

They are judged if the next body is in enforce, and a body that senders may hold is not. Every unmet
condition is reported; a condition that could not be looked at is unmet. A change to testing or none
has no gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config.model import Waiver
from mtasts.ledger.history import enforces
from mtasts.policy import Mode

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from mtasts.config import DomainConfig
    from mtasts.ledger.history import Ledger
    from mtasts.observations import DnsAnswer
    from mtasts.promotion.conditions import KnownLedger
    from mtasts.promotion.evidence import Evidence, EvidenceError
    from mtasts.rulings import Ruling


def is_promotion(domain: DomainConfig, ledger: Ledger, live_id: str | None = None) -> bool:
    """Whether ``domain`` is to be in enforce and a body since the published one was not.

    ``live_id`` is the id of the STS record, None if it is not known. The published body and all
    later ones must have been in enforce: a run that stopped before its proof may have served a body
    in another mode. An id that the ledger does not have makes it a promotion, too.
    """
    if domain.parked or domain.mode is not Mode.ENFORCE:
        return False
    since = ledger.in_force_since(live_id)
    return not since or not all(map(enforces, since))


def unmet(
    domain: DomainConfig,
    mx: DnsAnswer,
    evidence: Evidence | EvidenceError | None,
    now: dt.datetime,
    *,
    ledger: KnownLedger,
    is_local: bool = False,
) -> Iterator[Ruling]:
    """Every unmet condition of the promotion, each with the overrides that waive it.

    ``evidence`` is None if there is no file, and ``ledger`` an error if it could not be read.
    ``is_local`` is for a local cloud: its addresses are loopback ones, and its reports are made up.
    """
    # What judges evidence takes 10 ms to load, and few runs promote anything.
    from mtasts.promotion.conditions import evidence_conditions, mail_authentication_conditions
    from mtasts.promotion.report_conditions import report_conditions

    for each in evidence_conditions(domain, ledger, mx, evidence, now, is_local=is_local):
        yield each.waivable(Waiver.EVIDENCE)
    if evidence is None or isinstance(evidence, Exception):
        return
    for each in mail_authentication_conditions(domain, evidence):
        yield each.waivable(Waiver.EVIDENCE, Waiver.MAIL_AUTHENTICATION)
    if evidence.vantage is not None:
        for each in report_conditions(domain.name, evidence, ledger, is_local=is_local):
            yield each.waivable(Waiver.EVIDENCE, Waiver.REPORTS)


def left_out(
    evidence: Evidence | EvidenceError | None, *, ledger: KnownLedger, is_local: bool = False
) -> Iterator[Ruling]:
    """Warnings about reports that were not counted or were explained; arguments as `unmet`'s."""
    if evidence is not None and not isinstance(evidence, Exception):
        from mtasts.promotion.report_conditions import report_notes  # as above

        yield from report_notes(evidence, ledger, is_local=is_local)
