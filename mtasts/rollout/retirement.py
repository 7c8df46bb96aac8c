"""How a domain gives MTA-STS up: phases that only advance, each once it can do no harm.

A sender that enforces keeps to its policy until that lapses, whatever is deleted. So ``none`` is
published first and kept until nobody can hold an enforced policy (RFC 8461 section 8.3); then the
STS record goes, then the addresses, and the host last: the other way round, a name would lead to a
host that somebody else may take. Protection is dropped one run ahead of each removal, since the
engine refuses both in one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.clock import minute
from mtasts.ledger.history import enforces
from mtasts.ledger.phases import Phase
from mtasts.policy import Mode
from mtasts.records import Outcome, select_sts
from mtasts.rollout.lost import NEXT_PHASES
from mtasts.rulings import note

if TYPE_CHECKING:
    from mtasts.ledger.entries import PhaseEntered
    from mtasts.ledger.history import Ledger
    from mtasts.observations import DnsAnswer
    from mtasts.rulings import Ruling

# More than any TTL of addresses (a minute for aliases at Route 53, `ADDRESS_TTL_SECONDS` of the
# components for a CNAME), for resolvers that stretch it: nothing is lost by a later deletion.
ADDRESSES_FORGOTTEN_SECONDS = 3600
_DONE = note(
    "retirement-done",
    "retired: nothing of it is declared any more; take it out of the stack file, unless it is the "
    "last one there",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What DNS has of a domain at the zone's own servers: STS record, addresses of the host.

    ``left`` are the names of what somebody else has published and DNS is not seen without.
    """

    sts: DnsAnswer | None
    addresses: tuple[DnsAnswer, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """The phase of a run; ``is_new`` has it written down first. ``ruling`` says what comes next.

    ``ttl_seconds`` is how long resolvers may have what the phase withdraws. A later run does
    nothing before the ruling's ``until``.
    """

    phase: Phase
    ruling: Ruling
    is_new: bool = False
    ttl_seconds: int = 0

    @property
    def is_waiting(self) -> bool:
        """Whether this run does nothing, as none does before the ruling's ``until``."""
        return not self.is_new and self.ruling.until is not None


def progress(
    ledger: Ledger,
    seen: Seen,
    *,
    wanted: bool,
    ttl_seconds: int,
    now: dt.datetime,
    is_lost: bool = False,
) -> Progress | None:
    """Where a retirement stands in this run; None where there is none, nor was one begun.

    ``wanted`` is whether the config asks for it, ``ttl_seconds`` the STS record's as configured.
    What could not be found out lets nothing advance, unless the domain ``is_lost``: then each run
    takes the next phase, whatever DNS or senders have.
    """
    entry = ledger.last_phase
    phase = entry.phase if entry is not None else Phase.KEPT
    if not wanted:
        back = "kept after all: what its retirement had taken away comes back"
        told = note("retirement-called-off", back)
        return None if phase is Phase.KEPT else Progress(Phase.KEPT, told, is_new=True)
    if is_lost:
        return _give_up(phase)
    if entry is None or phase is Phase.KEPT:
        return _begin(ledger, now)
    match phase:
        case Phase.RECORD_FREE:
            live = seen.sts.ttl_seconds if seen.sts is not None and seen.sts.strings else 0
            told = _goes_on("the STS record is withdrawn; run again to see it gone")
            ttl_seconds = max(live, ttl_seconds)
            found = Progress(Phase.RECORD_WITHDRAWN, told, is_new=True, ttl_seconds=ttl_seconds)
        case Phase.RECORD_WITHDRAWN:
            found = _look(entry, "the STS record", Phase.RECORD_GONE, now, gone=_no_record(seen))
        case Phase.RECORD_GONE:
            told = _goes_on("the policy host's addresses are withdrawn; run again to see them gone")
            later = Progress(
                Phase.ADDRESSES_WITHDRAWN,
                told,
                is_new=True,
                ttl_seconds=ADDRESSES_FORGOTTEN_SECONDS,
            )
            found = _wait(entry, later, now)
        case Phase.ADDRESSES_WITHDRAWN:
            gone = _no_addresses(seen)
            found = _look(entry, "the host's addresses", Phase.ADDRESSES_GONE, now, gone=gone)
        case _:
            done = Progress(Phase.HOST_WITHDRAWN, _DONE, is_new=phase is not Phase.HOST_WITHDRAWN)
            found = _wait(entry, done, now)
            if found is done and done.is_new and seen.left:
                found = Progress(phase, _not_gone(", ".join(seen.left)))
    return found


def _give_up(phase: Phase) -> Progress:
    """The next phase of a domain that is lost: nobody waits for what cannot be seen any more."""
    into = NEXT_PHASES[phase]
    told = _goes_on("as lost: run again until it says that the domain is retired")
    if into is Phase.HOST_WITHDRAWN:
        told = _DONE
    return Progress(into, told, is_new=into is not phase)


def _goes_on(what: str, until: dt.datetime | None = None) -> Ruling:
    return note("retirement-goes-on", f"retiring: {what}", until=until)


def _not_gone(what: str) -> Ruling:
    return note("retirement-not-seen-gone", f"retiring: DNS is not seen without {what} yet")


def _waits(what: str, until: dt.datetime) -> Ruling:
    return note("retirement-waits", f"retiring: {what} {minute(until)}", until=until)


def _look(entry: PhaseEntered, what: str, into: Phase, now: dt.datetime, *, gone: bool) -> Progress:
    """Time counts from when ``what`` was seen gone, not from when a run was to take it away."""
    if not gone:
        return Progress(entry.phase, _not_gone(what))
    after = now + dt.timedelta(seconds=entry.ttl_seconds)
    told = _goes_on(f"{what}: seen gone; run again after {minute(after)}", until=after)
    return Progress(into, told, is_new=True, ttl_seconds=entry.ttl_seconds)


def _wait(entry: PhaseEntered, later: Progress, now: dt.datetime) -> Progress:
    """``later``, once resolvers have let go of what was withdrawn before."""
    after = entry.at + dt.timedelta(seconds=entry.ttl_seconds)
    if now < after:
        return Progress(entry.phase, _waits("run again after", after))
    return later


def free_from(ledger: Ledger, now: dt.datetime) -> dt.datetime | None:
    """When no sender can hold an enforced policy any more; None while one is still served.

    What was published before the ledger began counts for as long as it may have been enforced.
    """
    last = ledger.last_proven
    if last is None or last.policy is None or last.policy.mode is not Mode.NONE:
        return None
    if ledger.last_body is not last:
        return None
    times = [ledger.held_until(body, now) for body in ledger.bodies if enforces(body)]
    if ledger.adopted is not None:
        times.append(ledger.adopted.held_until)
    return max(times, default=now)


def _begin(ledger: Ledger, now: dt.datetime) -> Progress:
    """From the first run, which publishes ``none``, until nobody can hold anything else."""
    if ledger.last_body is None:
        nothing = "nothing was published, so there is nothing to retire"
        return Progress(Phase.HOST_WITHDRAWN, note("retirement-done", nothing))
    free = free_from(ledger, now)
    if free is None:
        told = _goes_on("mode none is published; run again to see until when it is kept")
        return Progress(Phase.KEPT, told)
    if now < free:
        return Progress(Phase.KEPT, _waits("senders may hold an enforced policy until", free))
    told = _goes_on("nobody holds an enforced policy; run again to withdraw the STS record")
    return Progress(Phase.RECORD_FREE, told, is_new=True)


def _no_record(seen: Seen) -> bool:
    sts = seen.sts
    return sts is not None and sts.settled and select_sts(sts.strings).outcome is Outcome.NONE


def _no_addresses(seen: Seen) -> bool:
    answers = seen.addresses
    return bool(answers) and all(answer.settled and not answer.values for answer in answers)
