"""A sending MTA that follows RFC 8461 section 5, as a pure state machine.

`Sender.step` says what to look up or try next, and each method takes the result;
`mtasts.sender.delivery` does the I/O. RFC 8461 section 5.1 asks for a fresh look at the id before a
message fails permanently. This sender looks before every delivery and only defers mail because of a
policy, so it never bounces a message for one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.observations import NULL_MX, Delivery, DnsStatus, FetchOutcome, SmtpOutcome
from mtasts.policy import MAX_AGE_LIMIT, Mode, Policy
from mtasts.records import select_sts
from mtasts.sender.dialects import RFC

if TYPE_CHECKING:
    from mtasts.observations import DnsAnswer, Fetch
    from mtasts.sender.dialects import Dialect

# As many hosts as a sender tries for one message; RFC 5321 section 5.1 asks for two at least.
_HOSTS_MAX = 20


@dataclass(frozen=True, slots=True)
class CachedPolicy:
    """A cached policy, with the id of the STS record that led to it."""

    policy: Policy
    id: str
    fetched_at: dt.datetime

    @property
    def lapses_at(self) -> dt.datetime:
        """When it expires: after max_age, at most the limit of RFC 8461 section 3.2."""
        return self.fetched_at + dt.timedelta(seconds=min(self.policy.max_age, MAX_AGE_LIMIT))


class Step(StrEnum):
    """What the sender needs to know next."""

    RECORD = "record"  # the TXT records of _mta-sts
    POLICY = "policy"  # the policy from the policy host
    MX = "mx"
    ATTEMPT = "attempt"  # a delivery to `Sender.host`
    DONE = "done"


class Conclusion(StrEnum):
    """What happens to the message."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"  # kept and tried again later (RFC 5321 section 4.5.4.1)
    BOUNCED = "bounced"  # refused permanently by the recipient's server; never because of a policy


@dataclass(frozen=True, slots=True)
class Sender:
    """One message to one policy domain; every method returns the sender after that step.

    ``cached`` is the policy in force, if any. ``hosts`` are the MX hosts still to be tried, the
    next one first. ``story`` has one line for each step: what was found and what follows.
    ``dialect`` is the kind of sender.
    """

    domain: str
    now: dt.datetime
    cached: CachedPolicy | None = None
    step: Step = Step.RECORD
    id: str = ""
    hosts: tuple[str, ...] = ()
    conclusion: Conclusion | None = None
    story: tuple[str, ...] = ()
    dialect: Dialect = RFC

    @property
    def policy(self) -> Policy | None:
        """The policy in force, if any."""
        return self.cached.policy if self.cached else None

    @property
    def requires_tls(self) -> bool:
        """Whether a host must be listed and have a valid certificate (RFC 8461 section 5)."""
        return self.policy is not None and self.policy.mode is Mode.ENFORCE

    @property
    def host(self) -> str:
        """The MX host to be tried next; only at `Step.ATTEMPT`."""
        return self.hosts[0]

    def record_seen(self, answer: DnsAnswer) -> Sender:
        """The next step after the TXT records of ``_mta-sts`` (RFC 8461 section 3.1).

        Without a usable record no policy is fetched, but one already cached stays in force.
        """
        live = self.cached if self.cached and self.now < self.cached.lapses_at else None
        lapsed = self.cached is not None and live is None
        sender = replace(self, cached=live, step=Step.MX)
        if lapsed:
            sender = _with_line(sender, "the cached policy has lapsed")
        record = select_sts(answer.strings).record
        if record is None:
            why = answer.reason if not answer.settled else "no usable record"
            return _with_line(sender, f"no STS record ({why}); {_in_force(sender)}")
        if live is not None and live.id == record.id:
            return _with_line(sender, f"id {record.id} is the cached one; {_in_force(sender)}")
        sender = _with_line(sender, f"id {record.id} is new here: the policy is fetched")
        return replace(sender, id=record.id, step=Step.POLICY)

    def policy_fetched(self, fetch: Fetch) -> Sender:
        """The next step after the fetch; without a valid policy the cached one stays in force."""
        sender = replace(self, step=Step.MX)
        found = _taken(fetch, self.dialect)
        if isinstance(found, str):
            return _with_line(sender, f"no policy was fetched ({found}); {_in_force(sender)}")
        cached = CachedPolicy(found, self.id, self.now)
        sender = replace(sender, cached=cached)
        return _with_line(sender, f"fetched a policy; {_in_force(sender)}")

    def mx_seen(self, answer: DnsAnswer) -> Sender:
        """The next step after the MX look-up; in enforce, hosts that are not listed are skipped."""
        if not answer.settled:
            return _end(
                self, Conclusion.DEFERRED, f"the MX could not be found out: {answer.reason}"
            )
        if answer.status is DnsStatus.NXDOMAIN:
            return _end(self, Conclusion.BOUNCED, "the domain does not exist")
        hosts = answer.mx_hosts
        if hosts == (NULL_MX,):
            return _end(self, Conclusion.BOUNCED, "the domain receives no mail (RFC 7505)")
        sender = self
        allowed = []
        # Without an MX record the domain is its own host (RFC 5321 section 5.1).
        for host in (hosts or (self.domain,))[:_HOSTS_MAX]:
            policy = self.policy
            if policy is None or not self.requires_tls or self.dialect.covers(policy, host):
                allowed.append(host)
            else:
                sender = _with_line(sender, f"{host} is not listed in the policy: skipped")
        return _or_defer(replace(sender, hosts=tuple(allowed), step=Step.ATTEMPT))

    def attempted(self, delivery: Delivery) -> Sender:
        """The next step after an attempt at `host`: the conclusion, or the next host."""
        how = delivery.session.outcome
        if delivery.accepted:
            over = "verified TLS" if how is SmtpOutcome.TLS else f"no verified TLS ({how})"
            return _end(self, Conclusion.DELIVERED, f"{self.host} accepts the message over {over}")
        if delivery.permanent:
            return _end(
                self, Conclusion.BOUNCED, f"{self.host} rejects the message: {delivery.reply}"
            )
        why = delivery.reply or f"{how}: {delivery.session.reason}"
        sender = _with_line(self, f"{self.host} did not accept the message ({why})")
        return _or_defer(replace(sender, hosts=self.hosts[1:]))


def _or_defer(sender: Sender) -> Sender:
    if sender.hosts:
        return sender
    return _end(sender, Conclusion.DEFERRED, "no more hosts to try; the message waits in the queue")


def _end(sender: Sender, conclusion: Conclusion, line: str) -> Sender:
    return _with_line(replace(sender, step=Step.DONE, conclusion=conclusion), line)


def _with_line(sender: Sender, line: str) -> Sender:
    return replace(sender, story=(*sender.story, line))


def _in_force(sender: Sender) -> str:
    cached = sender.cached
    if cached is None:
        return "no policy is in force"
    return f"mode {cached.policy.mode} is in force until {cached.lapses_at:%Y-%m-%d %H:%M} UTC"


def _taken(fetch: Fetch, dialect: Dialect) -> Policy | str:
    """The policy from a fetch, or the reason why there is none (RFC 8461 section 3.3)."""
    if fetch.outcome is not FetchOutcome.ANSWERED:
        return f"{fetch.outcome}: {fetch.reason}"
    if fetch.status != 200:
        return f"status {fetch.status}"
    if fetch.media_type != "text/plain":
        return "it is not text/plain"
    return dialect.take(fetch.body)
