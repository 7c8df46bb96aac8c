"""The retirement of a domain: phases that only advance, each when it can do no harm.

A sender enforces its cached policy until ``max_age`` ends, whatever is deleted. So mode none is
published first, and kept until no sender can hold an enforced policy (RFC 8461 section 8.3). Then
the STS record is removed, then the addresses, and the host last: in any other order, the policy
host's name would lead to a host that somebody else may take over. Protection is turned off one run
before each removal, since the engine refuses to do both in one run.
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

# More than the TTL of any address (a minute for an alias at Route 53, `ADDRESS_TTL_SECONDS` of the
# components for a CNAME), since some resolvers keep answers longer. A late deletion loses nothing.
ADDRESSES_FORGOTTEN_SECONDS = 3600
_DONE = note(
    "retirement-done",
    "retired: nothing of the domain is declared any more. Remove its entry from the stack file, "
    "unless it is the last entry",
)


@dataclass(frozen=True, slots=True)
class DnsState:
    """What DNS has of a domain at the zone's own servers: STS record, addresses of the host.

    ``remaining`` are the names of handed-out records that DNS still has, or may have.
    """

    sts: DnsAnswer | None
    addresses: tuple[DnsAnswer, ...] = ()
    remaining: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """The phase of a run, and the ``ruling`` that says what comes next.

    A phase that ``is_new`` is written into the ledger before anything is removed. ``ttl_seconds``
    is how long resolvers may keep what the phase removes. Before the ruling's ``until``, a later
    run does nothing.
    """

    phase: Phase
    ruling: Ruling
    is_new: bool = False
    ttl_seconds: int = 0

    @property
    def is_waiting(self) -> bool:
        """Whether this run does nothing, because the ruling's ``until`` is not reached."""
        return not self.is_new and self.ruling.until is not None


def progress(
    ledger: Ledger,
    dns_state: DnsState,
    *,
    retire: bool,
    ttl_seconds: int,
    now: dt.datetime,
    is_lost: bool = False,
) -> Progress | None:
    """The retirement's phase in this run; None if none is configured and none had begun.

    ``retire`` says that the config has ``retire: true``; ``ttl_seconds`` is the configured TTL of
    the STS record. A failed look-up never advances a phase. If the domain ``is_lost``, each run
    takes the next phase, whatever DNS or senders have.
    """
    entry = ledger.last_phase
    phase = entry.phase if entry is not None else Phase.KEPT
    if not retire:
        back = "the retirement is cancelled: this run publishes again what the retirement removed"
        ruling = note("retirement-called-off", back)
        return None if phase is Phase.KEPT else Progress(Phase.KEPT, ruling, is_new=True)
    if is_lost:
        return _give_up(phase)
    if entry is None or phase is Phase.KEPT:
        return _begin(ledger, now)
    match phase:
        case Phase.RECORD_FREE:
            # DNS may still have the TTL of an earlier config, and resolvers keep the record so
            # long.
            live = (
                dns_state.sts.ttl_seconds
                if dns_state.sts is not None and dns_state.sts.strings
                else 0
            )
            ruling = _goes_on(
                "this run removes the STS record; run again, to see that DNS does not have it any "
                "more"
            )
            ttl_seconds = max(live, ttl_seconds)
            found = Progress(Phase.RECORD_WITHDRAWN, ruling, is_new=True, ttl_seconds=ttl_seconds)
        case Phase.RECORD_WITHDRAWN:
            found = _look(
                entry, "the STS record", Phase.RECORD_GONE, now, is_removed=_no_record(dns_state)
            )
        case Phase.RECORD_GONE:
            ruling = _goes_on(
                "this run removes the policy host's addresses; run again, to see that DNS does not "
                "have them any more"
            )
            later = Progress(
                Phase.ADDRESSES_WITHDRAWN,
                ruling,
                is_new=True,
                ttl_seconds=ADDRESSES_FORGOTTEN_SECONDS,
            )
            found = _wait(entry, later, now)
        case Phase.ADDRESSES_WITHDRAWN:
            is_removed = _no_addresses(dns_state)
            found = _look(
                entry,
                "the policy host's addresses",
                Phase.ADDRESSES_GONE,
                now,
                is_removed=is_removed,
            )
        case _:
            done = Progress(Phase.HOST_WITHDRAWN, _DONE, is_new=phase is not Phase.HOST_WITHDRAWN)
            found = _wait(entry, done, now)
            if found is done and done.is_new and dns_state.remaining:
                found = Progress(phase, _not_gone(", ".join(dns_state.remaining)))
    return found


def _give_up(phase: Phase) -> Progress:
    """The next phase of a lost domain, without a wait: its DNS cannot be looked at any more."""
    into = NEXT_PHASES[phase]
    ruling = _goes_on("as a lost domain; run again until it says that the domain is retired")
    if into is Phase.HOST_WITHDRAWN:
        ruling = _DONE
    return Progress(into, ruling, is_new=into is not phase)


def _goes_on(what: str, until: dt.datetime | None = None) -> Ruling:
    return note("retirement-goes-on", f"retiring: {what}", until=until)


def _not_gone(what: str) -> Ruling:
    return note("retirement-not-seen-gone", f"retiring: DNS still has {what}, or did not answer")


def _waits(what: str, until: dt.datetime) -> Ruling:
    return note("retirement-waits", f"retiring: {what} {minute(until)}", until=until)


def _look(
    entry: PhaseEntered, what: str, into: Phase, now: dt.datetime, *, is_removed: bool
) -> Progress:
    """The next phase once DNS does not have ``what`` any more.

    The wait for resolvers begins at that look, not at the run that removed ``what``: the removal
    may have failed, or come late.
    """
    if not is_removed:
        return Progress(entry.phase, _not_gone(what))
    after = now + dt.timedelta(seconds=entry.ttl_seconds)
    ruling = _goes_on(
        f"DNS does not have {what} any more; run again after {minute(after)}", until=after
    )
    return Progress(into, ruling, is_new=True, ttl_seconds=entry.ttl_seconds)


def _wait(entry: PhaseEntered, later: Progress, now: dt.datetime) -> Progress:
    """``later``, when no resolver keeps any more what the phase before removed."""
    after = entry.at + dt.timedelta(seconds=entry.ttl_seconds)
    if now < after:
        return Progress(entry.phase, _waits("run again after", after))
    return later


def free_from(ledger: Ledger, now: dt.datetime) -> dt.datetime | None:
    """When no sender can hold an enforced policy any more; None while mode none is not proven.

    A policy from before the ledger began counts, too, for as long as it may be in force.
    """
    last = ledger.last_proven
    if last is None or last.policy is None or last.policy.mode is not Mode.NONE:
        return None
    # A later body has no proof: it may be served all the same, and it need not be mode none.
    if ledger.last_body is not last:
        return None
    times = [ledger.held_until(body, now) for body in ledger.bodies if enforces(body)]
    if ledger.adopted is not None:
        times.append(ledger.adopted.held_until)
    return max(times, default=now)


def _begin(ledger: Ledger, now: dt.datetime) -> Progress:
    """The time from the run that publishes mode none until no sender can hold another policy."""
    if ledger.last_body is None:
        nothing = "retired: no policy of the domain was ever published"
        return Progress(Phase.HOST_WITHDRAWN, note("retirement-done", nothing))
    free = free_from(ledger, now)
    if free is None:
        ruling = _goes_on(
            "this run publishes mode none; run again, to see until when it has to stay"
        )
        return Progress(Phase.KEPT, ruling)
    if now < free:
        return Progress(
            Phase.KEPT,
            _waits("mode none stays, since senders may hold an enforced policy until", free),
        )
    ruling = _goes_on(
        "no sender holds an enforced policy any more; run again to remove the STS record"
    )
    return Progress(Phase.RECORD_FREE, ruling, is_new=True)


def _no_record(dns_state: DnsState) -> bool:
    sts = dns_state.sts
    return sts is not None and sts.settled and select_sts(sts.strings).outcome is Outcome.NONE


def _no_addresses(dns_state: DnsState) -> bool:
    answers = dns_state.addresses
    return bool(answers) and all(answer.settled and not answer.values for answer in answers)
