"""Rules between the flat keys of a stack; a key that could not be read is not judged further."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import CLOUDS, Dns, Hosting
from mtasts.config.fields import FieldError, impossible
from mtasts.config.mistakes import Mistake
from mtasts.config.move_rules import wrong_leaving, wrong_leaving_dns
from mtasts.config.schema import (
    DEFAULT_CACHE_SECONDS,
    DEFAULT_SETTLE_SECONDS,
    PROOF_SECONDS_MAX,
    default_proof_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mtasts.cloud_catalogue import CloudRow
    from mtasts.config.report import Report
    from mtasts.config.schema import StackFields

ACCOUNT, SETTLE = "mtasts:cloudflareAccount", "mtasts:settleSeconds"
PROOF, ZONE = "mtasts:proofSeconds", "mtasts:delegationZone"
# The usual time of a CloudFront invalidation and of the requests after it, in seconds.
_PURGE_SECONDS = 600
# S3 tells in whole seconds when a policy was replaced.
_GRANULARITY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class StackKeys:
    """The keys of a stack: as they were read, as they were written, and what they choose."""

    read: StackFields
    raw: Mapping[str, object]
    hosting: Hosting
    dns: Dns

    @property
    def hosts(self) -> tuple[CloudRow, ...]:
        """The present cloud, and the former cloud during a move."""
        return tuple(each.row for each in (self.hosting, self.read.leaving) if each is not None)

    @property
    def uses_cloudflare(self) -> bool:
        """Whether anything of the stack is at Cloudflare, or was before a move."""
        zones = (self.dns, self.read.leaving_dns)
        return CLOUDS[Hosting.CLOUDFLARE] in self.hosts or Dns.CLOUDFLARE in zones

    @property
    def choices_are_read(self) -> bool:
        """Whether each key that chooses a cloud could be read: one that could not may be any."""
        choices = {
            "mtasts:hosting": self.read.hosting,
            "mtasts:dns": self.read.dns,
            "mtasts:leaving": self.read.leaving,
            "mtasts:leavingDns": self.read.leaving_dns,
        }
        return all(value is not None for key, value in choices.items() if key in self.raw)

    @property
    def proof_seconds(self) -> int:
        """The deadline of a proof in seconds."""
        given = self.read.proof_seconds
        return given or default_proof_seconds(self.hosting, self.read.leaving)


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """What is wrong at a key; ``value`` is what was written there, where that helps."""

    key: str
    error: FieldError
    value: object = None


def check_stack(stack: StackKeys, report: Report) -> None:
    """Report what each rule of `RULES` finds wrong."""
    for rule in RULES:
        for each in rule(stack):
            report.add(each.key, each.error, value=each.value)


def _own_zone(stack: StackKeys) -> Iterator[KeyProblem]:
    """Some hosts answer only for a name in a zone of their own cloud."""
    row = stack.hosting.row
    if row.needs_own_zone and stack.dns is not row.dns:
        anywhere = next(each.hosting for each in CLOUDS.values() if not each.needs_own_zone)
        error = impossible(
            f"hosting {row.hosting} does not work with dns {stack.dns}: {row.needs_own_zone}",
            f"write mtasts:dns: {row.dns}, or mtasts:hosting: {anywhere}, which works with every "
            "dns",
        )
        yield KeyProblem("mtasts:dns", error, str(stack.dns))


def _alarms(stack: StackKeys) -> Iterator[KeyProblem]:
    """An alarm topic needs hosting aws: the alarms are in CloudWatch."""
    if (why := stack.hosting.row.no_alarms) and stack.read.alarm_topic is not None:
        error = impossible(why, "remove it, or write mtasts:hosting: aws")
        yield KeyProblem("mtasts:alarmTopic", error)


def _account(stack: StackKeys) -> Iterator[KeyProblem]:
    """Cloudflare's keys are required if the stack uses Cloudflare, and wrong otherwise."""
    if stack.uses_cloudflare:
        if ACCOUNT not in stack.raw:
            error = FieldError(
                Mistake.MISSING_KEY,
                "the Cloudflare account is missing: hosting cloudflare, dns cloudflare and a move "
                "away from either need it",
                "add mtasts:cloudflareAccount: 0123456789abcdef0123456789abcdef",
            )
            yield KeyProblem(ACCOUNT, error)
        return
    for key in (ACCOUNT, SETTLE):
        if key in stack.raw and stack.choices_are_read:
            error = impossible(
                "this stack uses nothing at Cloudflare",
                "remove it, or write mtasts:hosting: cloudflare or mtasts:dns: cloudflare",
            )
            yield KeyProblem(key, error)


def _move(stack: StackKeys) -> Iterator[KeyProblem]:
    """Senders must find a policy host at every moment of a move."""
    for key, wrong in (
        ("mtasts:leaving", wrong_leaving(stack.read, stack.hosting, stack.dns)),
        ("mtasts:leavingDns", wrong_leaving_dns(stack.read, stack.hosting, stack.dns)),
    ):
        if wrong is not None:
            yield KeyProblem(key, wrong)


def _settling(stack: StackKeys) -> Iterator[KeyProblem]:
    """The time to settle must fit into the deadline of a proof."""
    settle, proof = stack.read.settle_seconds or DEFAULT_SETTLE_SECONDS, stack.proof_seconds
    if any(row.settles for row in stack.hosts) and settle >= proof:
        error = impossible(
            f"a proof may take {proof} s, but a Worker's policy must be seen for {settle} s "
            "(mtasts:settleSeconds)",
            f"write mtasts:proofSeconds: {settle * 2}, or a smaller mtasts:settleSeconds",
        )
        yield KeyProblem(PROOF, error, proof)


def _caches(stack: StackKeys) -> Iterator[KeyProblem]:
    """The lifetime of cached copies must fit into the deadline of a proof."""
    cache, proof = stack.read.cache_seconds or DEFAULT_CACHE_SECONDS, stack.proof_seconds
    if not any(row.purges for row in stack.hosts) or proof > cache + _GRANULARITY_SECONDS:
        return
    proposed_seconds = cache + _PURGE_SECONDS
    error = impossible(
        f"a proof may take {proof} s, but caches keep a policy for {cache} s "
        "(mtasts:cacheSeconds): no change could ever be proven",
        f"write mtasts:proofSeconds: {proposed_seconds}"
        if proposed_seconds <= PROOF_SECONDS_MAX
        else f"write mtasts:cacheSeconds: {DEFAULT_CACHE_SECONDS}",
    )
    yield KeyProblem(PROOF, error, proof)


def _delegation(stack: StackKeys) -> Iterator[KeyProblem]:
    """The delegation zone is required with dns delegated, and wrong otherwise."""
    if stack.dns is Dns.DELEGATED and ZONE not in stack.raw:
        error = FieldError(
            Mistake.MISSING_KEY,
            "dns delegated needs the name below which the operator publishes the records",
            "add mtasts:delegationZone: sts.operator.example, in a zone of this account",
        )
        yield KeyProblem(ZONE, error)
    if stack.dns is not Dns.DELEGATED and stack.read.delegation_zone is not None:
        error = impossible(
            f"mtasts:delegationZone is only for dns delegated, but mtasts:dns is {stack.dns}",
            "remove it, or write mtasts:dns: delegated",
        )
        yield KeyProblem(ZONE, error)


def _region(stack: StackKeys) -> Iterator[KeyProblem]:
    """A stack that uses AWS needs a region."""
    is_read = "mtasts:hosting" not in stack.raw or stack.read.hosting is not None
    needs_one = is_read and stack.hosting.row.needs_region
    if (needs_one or stack.read.leaving is not None) and "aws:region" not in stack.raw:
        error = FieldError(
            Mistake.MISSING_KEY,
            "the region is missing: hosting aws and a move from or to AWS need it",
            "add aws:region: us-east-1",
        )
        yield KeyProblem("aws:region", error)


RULES: tuple[Callable[[StackKeys], Iterator[KeyProblem]], ...] = (
    _own_zone,
    _alarms,
    _account,
    _move,
    _settling,
    _caches,
    _delegation,
    _region,
)
