"""The live MTA-STS of a domain as senders see it: record, policy at every address, TLS-RPT record.

Only a valid setup is adopted. A policy that senders refuse, or that differs between addresses, must
first be corrected where it is served.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.findings import printable
from mtasts.names import POLICY_LABEL, STS_LABEL, TLSRPT_LABEL
from mtasts.observations import FetchOutcome
from mtasts.policy import PolicySyntaxError, parse
from mtasts.probe.probes import LIVE
from mtasts.records import Outcome, select_sts, select_tlsrpt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.observations import DnsAnswer, Fetch
    from mtasts.policy import Policy
    from mtasts.probe.dns import Resolver
    from mtasts.probe.probes import Probes
    from mtasts.probe.reach import Reach

_ADDRESSES_MAX = 16


class AdoptionError(MtaStsError):
    """The live setup cannot be adopted; the text says what must be corrected first."""


@dataclass(frozen=True, slots=True)
class Live:
    """What senders get: the exact body, its id, and the TTL of the STS record.

    ``addresses`` served the body; ``unseen`` are those that this machine has no route to.
    """

    domain: str
    id: str
    body: bytes
    policy: Policy
    ttl_seconds: int
    tls_reports: tuple[str, ...]
    addresses: tuple[str, ...]
    unseen: tuple[str, ...]

    @property
    def policy_host(self) -> str:
        """The host that serves the policy (RFC 8461 section 3.3)."""
        return f"{POLICY_LABEL}.{self.domain}"


async def look_at(domain: str, *, reach: Reach, resolver: Resolver, probes: Probes = LIVE) -> Live:
    """The live setup of ``domain``.

    Raises:
        AdoptionError: there is none, or senders could not use it.
        UndeterminedError: DNS did not answer, or no address could be reached.
    """
    sts, tlsrpt, (addresses, reason) = await asyncio.gather(
        resolver.lookup(f"{STS_LABEL}.{domain}", "TXT"),
        resolver.lookup(f"{TLSRPT_LABEL}.{domain}", "TXT"),
        resolver.addresses(f"{POLICY_LABEL}.{domain}"),
    )
    id_ = _id(domain, sts)
    if not tlsrpt.settled:
        raise UndeterminedError(f"the TLS-RPT record of {domain}: {tlsrpt.reason}")
    if not addresses:
        raise AdoptionError(f"{domain} has an STS record, but no policy host: {reason}")
    host = f"{POLICY_LABEL}.{domain}"
    fetches = await asyncio.gather(
        *(probes.fetch(reach, host, address) for address in addresses[:_ADDRESSES_MAX])
    )
    body = _body(host, fetches)
    try:
        policy = parse(body)
    except PolicySyntaxError as error:
        raise AdoptionError(f"https://{host} serves no policy: {error}") from error
    reports = select_tlsrpt(tlsrpt.strings).record
    return Live(
        domain,
        id_,
        body,
        policy,
        sts.ttl_seconds,
        reports.rua if reports else (),
        tuple(each.address for each in fetches if each.outcome is FetchOutcome.ANSWERED),
        tuple(each.address for each in fetches if each.outcome is FetchOutcome.NO_ROUTE),
    )


def _id(domain: str, sts: DnsAnswer) -> str:
    """The policy id in the live STS record.

    Raises:
        UndeterminedError: DNS did not answer.
        AdoptionError: there is no STS record, or senders ignore it; there is nothing to take over.
    """
    if not sts.settled:
        raise UndeterminedError(f"the STS record of {domain}: {sts.reason}")
    selected = select_sts(sts.strings)
    if selected.outcome is Outcome.NONE:
        raise AdoptionError(
            f"{domain} has no STS record, so there is nothing to take over: use mtasts init"
        )
    if selected.record is None:
        raise AdoptionError(
            f"the STS record of {domain} is one that senders ignore ({selected.outcome}): "
            "correct it, or delete it and begin with mtasts init"
        )
    return selected.record.id


def _body(host: str, fetches: Iterable[Fetch]) -> bytes:
    """The body that every reachable address serves.

    Raises:
        UndeterminedError: this machine can reach none of the addresses.
        AdoptionError: an address serves no policy, or another one.
    """
    seen = [each for each in fetches if each.outcome is not FetchOutcome.NO_ROUTE]
    for each in seen:
        why = printable(each.reason) or f"status {each.status}"
        if each.outcome is not FetchOutcome.ANSWERED or each.status != 200:
            raise AdoptionError(f"https://{host} at {each.address}: {each.outcome}: {why}")
        if each.media_type != "text/plain":
            raise AdoptionError(
                f"https://{host} at {each.address}: media type {printable(each.media_type)}, which "
                "senders refuse (RFC 8461 section 3.2)"
            )
    bodies = {each.body for each in seen}
    if not bodies:
        raise UndeterminedError(f"https://{host}: this machine can reach none of its addresses")
    if len(bodies) > 1:
        raise AdoptionError(f"https://{host} serves {len(bodies)} different bodies")
    return bodies.pop()
