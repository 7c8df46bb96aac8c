"""Whether a policy domain may be declared as its config asks, and if not, every reason why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.observations import DnsStatus
from mtasts.rollout.authority import forbids
from mtasts.rollout.zones import delegation_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.config import DomainConfig
    from mtasts.errors import UndeterminedError
    from mtasts.observations import DnsAnswer
    from mtasts.rollout.zones import HostedZone, ZoneError

NULL_MX = "0 ."


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was found out about one policy domain.

    ``zone`` is where its records belong, or ``zone_problem`` says why there is none;
    ``delegated`` is the NS look-up of that zone, ``caa`` those of the policy host, closest first,
    and ``mx`` that of a parked domain.
    """

    domain: DomainConfig
    zone: HostedZone | None = None
    zone_problem: ZoneError | UndeterminedError | None = None
    delegated: DnsAnswer | None = None
    caa: tuple[DnsAnswer, ...] = ()
    mx: DnsAnswer | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one domain: it may proceed unless there are ``refusals``.

    ``warnings`` name what could not be found out and does no harm: a later step looks again.
    """

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def proceeds(self) -> bool:
        """Whether the domain is declared as its config asks."""
        return not self.refusals


def verdict(found: Surroundings) -> Verdict:
    """Every reason against declaring the domain as configured."""
    if found.mx is not None:
        return Verdict(tuple(_parked(found.mx)))
    refusals = []
    warnings = []
    if found.zone_problem is not None:
        refusals.append(str(found.zone_problem))
    forbidden = forbids(found.caa)
    if forbidden:
        refusals.append(forbidden)
    if found.zone is not None and found.delegated is not None:
        if found.delegated.status is DnsStatus.FAILED:
            # The proof asks the zone's own servers before any record is written.
            warnings.append(
                f"could not find out who answers for {found.zone.name}: {found.delegated.reason}"
            )
        elif problem := delegation_problem(found.zone, found.delegated.values):
            refusals.append(problem)
    return Verdict(tuple(refusals), tuple(warnings))


def _parked(mx: DnsAnswer) -> Iterator[str]:
    """A parked domain says that it takes no mail (RFC 7505), or senders go on trying."""
    if mx.status is DnsStatus.FAILED:
        yield f"could not find out whether {mx.name} has a null MX: {mx.reason}"
    elif mx.values != (NULL_MX,):
        shown = ", ".join(mx.values[:5]) or "no MX record"
        yield (
            f"{mx.name} is parked (mx: []), but DNS has {shown}: publish {mx.name} MX 0 . "
            "(RFC 7505), or list its hosts under mx"
        )
