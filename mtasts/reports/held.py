"""A row of reports beside the ledger: which policy its sender held, and the MX that it lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.ledger.served import served_policies
from mtasts.names import DomainNameError, parse_domain

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mtasts.ledger.history import Ledger
    from mtasts.ledger.served import Served
    from mtasts.tlsrpt.applied import Applied

NOT_KNOWN = "not known"
CURRENT = "current"
OLD = "old"
NOT_SERVED = "not served then"
NOT_STATED = "not stated"
LISTED = "yes"
NOT_LISTED = "no"


@dataclass(frozen=True, slots=True)
class History:
    """The policies of a domain that senders could hold, or why nobody knows them."""

    served: tuple[Served, ...] = ()
    current: Served | None = None
    problem: str = ""

    @classmethod
    def of(cls, ledger: Ledger | Exception, now: dt.datetime) -> History:
        """What a ledger says at ``now``; an error instead of it is why nothing is known."""
        if isinstance(ledger, Exception):
            return cls(problem=printable(str(ledger).splitlines()[0], 300))
        served = served_policies(ledger, now)
        last = ledger.last_proven
        newest = served[0] if served else None
        is_last = last is not None and newest is not None and last.policy == newest.policy
        return cls(served, newest if is_last else None)

    def standing(self, applied: Applied, first: dt.date, last: dt.date) -> str:
        """Which policy a sender applied on the days from ``first`` to ``last``, in a few words."""
        if not (applied.mode or applied.max_age or applied.mx):
            return NOT_STATED
        if self.problem:
            return NOT_KNOWN
        fitting = [
            each
            for each in self.served
            if each.could_be_held(first, last) and applied.fits(each.policy)
        ]
        if self.current in fitting:
            return CURRENT
        return OLD if fitting else NOT_SERVED

    def lists(self, host: str, first: dt.date, last: dt.date) -> str:
        """Whether a policy that could be held on those days lists an MX host."""
        if self.problem or not host:
            return NOT_KNOWN
        try:
            name = parse_domain(host)
        except DomainNameError:
            return NOT_LISTED
        held = [each.policy for each in self.served if each.could_be_held(first, last)]
        if not held:
            return NOT_KNOWN
        return LISTED if any(policy.covers(name) for policy in held) else NOT_LISTED


def history_of(histories: Mapping[str, History], domain: str) -> History:
    """The history of a domain; one that no stack has is not known."""
    return histories.get(domain, History(problem="no stack has it"))
