"""Whether a policy may be published while DNS has these MX hosts, and had others before.

A sender that enforces a policy delivers to no host that it does not list (RFC 8461 section 5). So a
policy in enforce lists every live MX host, and drops a host only when senders do not try that host
any more. Modes testing and none are never refused here. That a policy was proven before is no
excuse: only an id that is published already is not judged again (`mtasts.rollout.published`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.clock import minute
from mtasts.findings import printable
from mtasts.observations import NULL_MX, DnsStatus
from mtasts.policy import Mode
from mtasts.rulings import refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mtasts.ledger.history import Ledger
    from mtasts.observations import DnsAnswer
    from mtasts.policy import Policy
    from mtasts.rulings import Ruling

# How long a sender goes on trying a host it once looked up (RFC 5321 section 4.5.4.1: "at least
# 4-5 days").
RETRY = dt.timedelta(days=5)


def mx_refusals(
    domain: str, new_policy: Policy, ledger: Ledger, mx: DnsAnswer, now: dt.datetime
) -> Iterator[Ruling]:
    """Every reason why ``new_policy`` may not be published for ``domain`` now, under a new id."""
    yield from uncovered(domain, new_policy, mx)
    if mx.settled and mx.status is not DnsStatus.NXDOMAIN:
        for departed in dropped_too_early(new_policy, ledger, live_hosts(domain, mx), now):
            yield refusal(
                "mx-left-too-early",
                f"{departed.host} left the MX records of {domain} at {minute(departed.since)} or "
                f"before, and senders may try that host until {minute(departed.until)}",
                "keep it under mx until then",
                until=min(departed.until, departed.held_until),
            )


def uncovered(domain: str, new_policy: Policy, mx: DnsAnswer) -> Iterator[Ruling]:
    """Every reason why mail may be lost by ``new_policy`` with the MX hosts that DNS has."""
    if new_policy.mode is not Mode.ENFORCE:
        return
    if mx.status is DnsStatus.FAILED:
        yield refusal(
            "mx-unknown",
            f"could not find out the MX records of {domain}, all of which an enforced policy has "
            f"to list: {mx.reason}",
        )
        return
    if mx.status is DnsStatus.NXDOMAIN:
        yield refusal(
            "mx-domain-missing",
            f"{domain} does not exist in DNS",
            "check its spelling, and whether its registration has ended",
        )
        return
    live = live_hosts(domain, mx)
    if not live:
        yield refusal(
            "mx-null",
            f"{domain} has a null MX, so it receives no mail",
            "write mx: [] in its entry",
        )
    missed = [host for host in live if not new_policy.covers(host)]
    if missed:
        yield refusal(
            "mx-uncovered",
            f"{', '.join(missed)}: MX of {domain} in DNS, but not in the policy, so senders would "
            "deliver nothing there",
            "list them under mx, or remove their MX records first",
        )


def live_hosts(domain: str, mx: DnsAnswer) -> tuple[str, ...]:
    """The hosts that senders deliver to: without MX records the domain itself (RFC 5321 5.1)."""
    hosts = mx.mx_hosts
    if hosts == (NULL_MX,):
        return ()
    return tuple(printable(host, 253) for host in hosts) or (domain,)


@dataclass(frozen=True, slots=True)
class DepartedHost:
    """A host that was first missing among the MX at ``since``; senders may try it until ``until``.

    At ``held_until`` the last policy lapses that lists it. ``is_noted`` says that the ledger has
    seen it gone; before that ``since`` is now.
    """

    host: str
    since: dt.datetime
    until: dt.datetime
    held_until: dt.datetime
    is_noted: bool


def dropped_too_early(
    new_policy: Policy, ledger: Ledger, live: Collection[str], now: dt.datetime
) -> Iterator[DepartedHost]:
    """Hosts that ``new_policy`` would drop while senders may still try them.

    A sender keeps its cached policy, whatever is published later. So every enforced body counts
    that a sender may hold, and what was published before the ledger began. A policy that does not
    enforce may drop any host.
    """
    if new_policy.mode is not Mode.ENFORCE:
        return
    held = [
        (body.policy, ledger.held_until(body, now))
        for body in ledger.may_be_held(now)
        if body.policy is not None and body.policy.mode is Mode.ENFORCE
    ]
    # What was published before the ledger began is not known, so it may have listed any host.
    adopted = ledger.adopted
    unknown = [adopted.held_until] if adopted and adopted.held_until > now else []
    last = frozenset(ledger.last_mx.hosts) if ledger.last_mx is not None else frozenset()
    for host, departed in ledger.departed(now).items():
        if host in live or new_policy.covers(host):
            continue
        lapses = [lapse for policy, lapse in held if policy.covers(host)] + unknown
        if not lapses:
            continue
        # Counted from the first look that missed the host. After the last look that saw it, DNS may
        # have had the host for days while no run looked.
        until = departed.since + dt.timedelta(seconds=departed.ttl_seconds) + RETRY
        if until > now:
            yield DepartedHost(host, departed.since, until, max(lapses), is_noted=host not in last)
