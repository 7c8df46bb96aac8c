"""The I/O half of `mtasts.sender.machine`: look-ups, fetch, delivery (RFC 8461 section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.names import POLICY_LABEL, STS_LABEL
from mtasts.observations import Delivery, Fetch, FetchOutcome, SmtpOutcome, SmtpSession
from mtasts.probe.probes import LIVE
from mtasts.sender.machine import Sender, Step

if TYPE_CHECKING:
    from mtasts.probe.dns import Resolver
    from mtasts.probe.probes import Probes
    from mtasts.probe.reach import Reach
    from mtasts.probe.smtp import Envelope

# RFC 8461 section 3.3 suggests one minute for a fetch.
_FETCH_SECONDS = 60.0
# A sender tries a limited number of addresses for each message (RFC 5321 section 5.1).
_ADDRESSES_MAX = 4
# After these outcomes a sender tries the next address.
_NOT_REACHED: frozenset[FetchOutcome | SmtpOutcome] = frozenset(
    {
        FetchOutcome.CONNECT_FAILED,
        FetchOutcome.NO_ROUTE,
        FetchOutcome.NOT_GLOBAL,
        SmtpOutcome.CONNECT_FAILED,
        SmtpOutcome.NO_ROUTE,
        SmtpOutcome.NOT_GLOBAL,
        SmtpOutcome.TIMED_OUT,
    }
)


async def send(
    sender: Sender,
    envelope: Envelope | None,
    reach: Reach,
    resolver: Resolver,
    *,
    probes: Probes = LIVE,
) -> Sender:
    """Run ``sender`` to its conclusion; ``envelope`` is delivered at most once.

    Without ``envelope`` each session ends after STARTTLS, and the host is assumed to accept mail.
    It never raises for what DNS or a server does.
    """
    while sender.step is not Step.DONE:
        match sender.step:
            case Step.RECORD:
                found = await resolver.lookup(f"{STS_LABEL}.{sender.domain}", "TXT")
                sender = sender.record_seen(found)
            case Step.POLICY:
                host = f"{POLICY_LABEL}.{sender.domain}"
                sender = sender.policy_fetched(await _fetch(host, reach, resolver, probes))
            case Step.MX:
                sender = sender.mx_seen(await resolver.lookup(sender.domain, "MX"))
            case _:  # Step.ATTEMPT
                sender = sender.attempted(await _deliver(sender, envelope, reach, resolver, probes))
    return sender


async def _fetch(host: str, reach: Reach, resolver: Resolver, probes: Probes) -> Fetch:
    """The answer of the first reachable address of the policy host, or a failed fetch."""
    addresses, reason = await resolver.addresses(host)
    found = Fetch(host, "", FetchOutcome.CONNECT_FAILED, reason=reason)
    for address in addresses[:_ADDRESSES_MAX]:
        found = await probes.fetch(reach, host, address, deadline_seconds=_FETCH_SECONDS)
        if found.outcome not in _NOT_REACHED:
            break
    return found


async def _deliver(
    sender: Sender, envelope: Envelope | None, reach: Reach, resolver: Resolver, probes: Probes
) -> Delivery:
    """Try the addresses of the next host until one answers as a mail server."""
    addresses, reason = await resolver.addresses(sender.host)
    failed = SmtpOutcome.CONNECT_FAILED
    delivery = Delivery(SmtpSession(sender.host, "", failed, reason=reason))
    for address in addresses[:_ADDRESSES_MAX]:
        if envelope is None:
            session = await probes.look(reach, sender.host, address)
            good = SmtpOutcome.TLS if sender.requires_tls else session.outcome
            accepted = session.outcome.settled and session.outcome is good
            delivery = Delivery(session, accepted=accepted)
        else:
            delivery = await probes.deliver(
                reach, sender.host, address, envelope, require_tls=sender.requires_tls
            )
        if delivery.session.outcome not in _NOT_REACHED:
            break
    return delivery
