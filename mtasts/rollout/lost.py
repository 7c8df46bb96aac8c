"""A domain that is not the agency's any more: it retires without DNS.

For such a domain mode none cannot be published, and DNS cannot show that records are gone. So a
person decides that the domain is lost (an override ``for: [lost-domain]``). From then on nothing of
the domain is changed but removed, one phase a run. The ledger stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config.model import Waiver
from mtasts.ledger.history import Intended
from mtasts.ledger.phases import Phase
from mtasts.ledger.stages import Stage
from mtasts.policy import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.config import DomainConfig
    from mtasts.ledger.history import Ledger
    from mtasts.rollout.handover import RecordLookup
    from mtasts.rulings import Ruling

NEXT_PHASES = {
    Phase.KEPT: Phase.RECORD_FREE,
    Phase.RECORD_FREE: Phase.RECORD_WITHDRAWN,
    Phase.RECORD_WITHDRAWN: Phase.ADDRESSES_WITHDRAWN,
    Phase.RECORD_GONE: Phase.ADDRESSES_WITHDRAWN,
    Phase.ADDRESSES_WITHDRAWN: Phase.HOST_WITHDRAWN,
    Phase.ADDRESSES_GONE: Phase.HOST_WITHDRAWN,
    Phase.HOST_WITHDRAWN: Phase.HOST_WITHDRAWN,
}
"""The next phase. As in every retirement, protection ends one run before each removal."""


def is_over(domain: DomainConfig, ledger: Ledger) -> bool:
    """Whether the retirement is complete, so that what DNS has does not matter any more."""
    last = ledger.last_phase
    return domain.retire and last is not None and last.phase is Phase.HOST_WITHDRAWN


def unless_lost(domain: DomainConfig, ledger: Ledger, refused: Ruling) -> Ruling:
    """A refusal because of DNS; for a retiring domain an override ``lost-domain`` passes it."""
    if not domain.retire or ledger.last_proven is None:
        return refused
    way = (
        f"if {domain.name} is not the agency's any more, and its retirement shall not wait for DNS"
    )
    return refused.waivable(Waiver.LOST_DOMAIN, way=way)


def is_nowhere(domain: DomainConfig, ledger: Ledger, lookups: Sequence[RecordLookup]) -> bool:
    """Whether a retirement cannot begin because DNS has none of the handed-out records.

    After mode none was proven, missing records are the normal end of a retirement.
    """
    last = ledger.last_proven
    if not domain.retire or last is None or ledger.stage is not Stage.LIVE:
        return False
    if last.policy is not None and last.policy.mode is Mode.NONE:
        return False
    return bool(lookups) and all(each.answer.settled and not each.has_records for each in lookups)


def published_body(ledger: Ledger) -> Intended | None:
    """What is served and published of a lost domain, so that declaring it changes nothing."""
    last, proven = ledger.last_body, ledger.last_proven
    if last is None or proven is None:
        return None
    # A body whose proof failed is served all the same, under the id before.
    return Intended(last.body, last.revision, proven.id, last.reroll, is_recorded=True)
