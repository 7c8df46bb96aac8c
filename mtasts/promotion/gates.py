"""The gates of a promotion: what has to be known before senders are told to refuse.

Judged where a body that senders have, or may have got since, does not enforce, and the next one
does. Every unmet condition is told; what could not be found out is unmet. A move the other way
passes no gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config.model import Waiver
from mtasts.ledger.history import enforces
from mtasts.policy import Mode
from mtasts.promotion.conditions import evidence_conditions, mail_authentication_conditions
from mtasts.promotion.report_conditions import report_conditions, report_notes

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
    """Whether ``domain`` asks to be enforced, and was not all the time since the published body.

    ``live_id`` is what the STS record says, where that is known and ours to write, and any id that
    the ledger does not know. So an attempt at another mode that ended before its proof counts:
    senders may have got its body. So does a body that nobody could write down.
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
    """Every condition that keeps ``domain`` from being promoted, with what may let it past.

    ``evidence`` is None where there is no file, ``ledger`` an error where it could not be read.
    ``is_local`` says that all of this is in a local cloud, whose addresses are loopback ones and
    whose weeks of reports are played.
    """
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
    """What of the evidence counts for nothing, and hinders nothing; arguments as `unmet`'s."""
    if evidence is not None and not isinstance(evidence, Exception):
        yield from report_notes(evidence, ledger, is_local=is_local)
