"""The dated sequence that moves a domain's MX without losing mail.

A sender holds a policy for ``max_age`` and delivers to no host that it does not list. So a new host
is listed first, and becomes an MX once senders have had the time to learn of it; an old one leaves
DNS first, and the policy once senders have left it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.names import MxPattern
from mtasts.policy import Mode
from mtasts.rollout.mx_safety import RETRY

if TYPE_CHECKING:
    from mtasts.policy import Policy
    from mtasts.rollout.ledger import Ledger

# How often a sender looks for a new policy by itself (RFC 8461 section 5.1: "daily").
REFRESH = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wait:
    """From when on a step does no harm: each word is a promise about senders.

    ``bounce_safe``: whoever checks the id before giving up on a message, as RFC 8461 section 5.1
    asks, bounces nothing. ``delay_safe``: nor is mail late, from senders that refresh daily.
    ``guaranteed``: no sender holds a policy without the host any more.
    """

    bounce_safe: dt.datetime
    delay_safe: dt.datetime
    guaranteed: dt.datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: ``mx`` is what the stack file or DNS lists after it, in order.

    ``wait`` says from when on; ``not_before`` is the one date of a step without a choice.
    """

    do: str
    mx: tuple[str, ...]
    wait: Wait | None = None
    not_before: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """How long things live, in seconds: copies of the body, the STS record, the MX records."""

    cache_seconds: int
    record_ttl_seconds: int
    mx_ttl_seconds: int


def plan(
    policy: Policy,
    *,
    live: tuple[str, ...],
    to: tuple[str, ...],
    ledger: Ledger,
    times: Times,
    now: dt.datetime,
) -> tuple[Step, ...]:
    """The steps from ``live`` MX hosts to the hosts ``to``, each dated as if taken at its earliest.

    ``policy`` is what the stack file asks for; its patterns are kept as they are for as long as
    they cover something that has to stay.
    """
    listed = tuple(str(pattern) for pattern in policy.mx)
    missing = tuple(host for host in to if not policy.covers(host))
    added = tuple(host for host in to if host not in live)
    removed = tuple(host for host in live if host not in to)
    spread = dt.timedelta(seconds=times.cache_seconds + times.record_ttl_seconds)
    since = _listed_since(ledger, added)
    steps = []
    if missing:
        steps.append(
            Step("list the new hosts in the stack file, and pulumi up -s STACK", listed + missing)
        )
    elif added and since is None:
        steps.append(
            Step("pulumi up -s STACK: the stack file lists them, but senders cannot know", listed)
        )
    ready = now if not added else max(now, (now if since is None else since) + spread)
    if added:
        wait = _wait(policy, ledger, added, ready, now)
        steps.append(Step("add the new hosts to the MX records", (*live, *added), wait))
        ready = wait.delay_safe
    if removed:
        steps.append(
            Step(
                "take the old hosts out of the MX records, and pulumi up -s STACK, which notes the "
                "day",
                to,
                not_before=max(ready, now),
            )
        )
        ready = max(ready, now) + dt.timedelta(seconds=times.mx_ttl_seconds) + RETRY
    final = _kept(listed + missing, to)
    if final != listed + missing:
        steps.append(
            Step(
                "take them out of the stack file too, and pulumi up -s STACK",
                final,
                not_before=ready,
            )
        )
    return tuple(steps)


def _wait(
    policy: Policy, ledger: Ledger, added: tuple[str, ...], ready: dt.datetime, now: dt.datetime
) -> Wait:
    """When the hosts may become MX; at once where no enforced policy could be in the way."""
    lacking = [
        body
        for body in ledger.may_be_held(now)
        if body.policy is not None
        and body.policy.mode is Mode.ENFORCE
        and not all(body.policy.covers(host) for host in added)
    ]
    # What was published before the ledger began may have listed anything.
    unknown = ledger.adopted.held_until if ledger.adopted is not None else now
    if not lacking and unknown <= now:
        # A policy that is enforced from now on is out before a host that only it lists.
        first = ready if policy.mode is Mode.ENFORCE else now
        return Wait(first, first, first)
    # What is served now goes on being fetched until the listing is out, at `ready`.
    held = max(ready, unknown, *(ledger.held_until(body, ready) for body in lacking))
    return Wait(ready, min(ready + REFRESH, held), held)


def _listed_since(ledger: Ledger, hosts: tuple[str, ...]) -> dt.datetime | None:
    """When the policy that is served now was seen, if it lists all of them."""
    last = ledger.last_proven
    if last is None or last.policy is None or not all(map(last.policy.covers, hosts)):
        return None
    return ledger.proven_at(last)


def _kept(listed: tuple[str, ...], to: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns that still cover a host that stays."""
    return tuple(text for text in listed if any(MxPattern.parse(text).covers(host) for host in to))
