"""The dated sequence that moves a domain's MX without losing mail.

A sender keeps a policy for ``max_age`` and delivers to no host that the policy does not list. So a
new host is listed first, and becomes an MX host when senders had the time to fetch that policy. An
old host leaves DNS first, and the policy when senders do not try the host any more.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.names import MxPattern
from mtasts.policy import Mode
from mtasts.rollout.mx_safety import RETRY, dropped_too_early

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtasts.ledger.history import Ledger
    from mtasts.policy import Policy

# How often a sender looks for a new policy by itself (RFC 8461 section 5.1: "daily").
REFRESH = dt.timedelta(days=1)
_UP = "pulumi up -s STACK"


@dataclass(frozen=True, slots=True)
class Wait:
    """Three dates from which a step is safe, for three kinds of senders.

    ``bounce_safe``: senders that look for a new id before they give up on a message (RFC 8461
    section 5.1) bounce nothing. ``delay_safe``: mail is not even late from senders that refresh
    daily. ``guaranteed``: no sender holds a policy without the host any more.
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
        do = f"list {_all(missing)} in the stack file, and {_UP}"
        steps.append(Step(do, listed + missing))
    elif added and since is None:
        do = f"{_UP}: the stack file lists {_all(added)}, but the published policy does not"
        steps.append(Step(do, listed))
    ready = now if not added else max(now, (now if since is None else since) + spread)
    if added:
        wait = _wait(policy, ledger, added, ready, now)
        steps.append(Step(f"add {_all(added)} to the MX records", (*live, *added), wait))
        ready = wait.delay_safe
    if removed:
        do = f"remove {_all(removed)} from the MX records, and {_UP}, which records the date"
        steps.append(Step(do, to, not_before=max(ready, now)))
        ready = max(ready, now) + _mx_ttl(ledger, removed, times, now) + RETRY
    last = _unlisting(policy, listed + missing, to, live=live, ledger=ledger, ready=ready, now=now)
    return (*steps, *last)


def _unlisting(
    policy: Policy,
    listed: tuple[str, ...],
    to: tuple[str, ...],
    *,
    live: tuple[str, ...],
    ledger: Ledger,
    ready: dt.datetime,
    now: dt.datetime,
) -> Iterator[Step]:
    """The last steps: patterns that no host of ``to`` needs leave the stack file.

    ``ready`` is when senders do not try any more the hosts that leave DNS by this plan. Other hosts
    may have left DNS before.
    """
    final = _kept(listed, to)
    if final == listed:
        return
    new_policy = replace(policy, mx=tuple(map(MxPattern.parse, final)))
    departed = list(dropped_too_early(new_policy, ledger, live, now))
    unnoted = [each.host for each in departed if not each.is_noted]
    if unnoted:
        yield Step(f"{_UP}, which records that {_all(unnoted)} left the MX records", listed)
    dropped = [text for text in listed if text not in final]
    do = f"remove {_all(dropped)} from the stack file, and {_UP}"
    yield Step(do, final, not_before=max(ready, *(each.until for each in departed), now))


def _mx_ttl(ledger: Ledger, hosts: Iterable[str], times: Times, now: dt.datetime) -> dt.timedelta:
    """How long resolvers may have one of the hosts, by DNS now and by what an `up` has noted."""
    departed = ledger.departed(now)
    noted = (departed[host].ttl_seconds for host in hosts if host in departed)
    return dt.timedelta(seconds=max(times.mx_ttl_seconds, *noted, 0))


def _all(names: Iterable[str]) -> str:
    return ", ".join(names)


def _wait(
    policy: Policy, ledger: Ledger, added: tuple[str, ...], ready: dt.datetime, now: dt.datetime
) -> Wait:
    """When the hosts may become MX hosts: now, if every policy that senders enforce has them."""
    lacking = [
        body
        for body in ledger.may_be_held(now)
        if body.policy is not None
        and body.policy.mode is Mode.ENFORCE
        and not all(body.policy.covers(host) for host in added)
    ]
    # A policy from before the ledger began may have listed any hosts.
    unknown = ledger.adopted.held_until if ledger.adopted is not None else now
    if not lacking and unknown <= now:
        # If the new policy enforces, it has to be everywhere before a host that only it lists
        # becomes MX.
        first = ready if policy.mode is Mode.ENFORCE else now
        return Wait(first, first, first)
    # Until `ready`, senders may still fetch the present policy, and keep it from then on.
    held = max(ready, unknown, *(ledger.held_until(body, ready) for body in lacking))
    return Wait(ready, min(ready + REFRESH, held), held)


def _listed_since(ledger: Ledger, hosts: tuple[str, ...]) -> dt.datetime | None:
    """When the present policy was proven, if it lists all ``hosts``; otherwise None."""
    last = ledger.last_proven
    if last is None or last.policy is None or not all(map(last.policy.covers, hosts)):
        return None
    return ledger.proven_at(last)


def _kept(listed: tuple[str, ...], to: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns that cover a host of ``to``."""
    return tuple(text for text in listed if any(MxPattern.parse(text).covers(host) for host in to))
