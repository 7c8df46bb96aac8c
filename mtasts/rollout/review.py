"""What a change means to senders, for the person who reviews it: from the engine's own plan."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from mtasts.policy import MAX_AGE_LIMIT, Mode, PolicySyntaxError, parse
from mtasts.records import RecordSyntaxError, StsRecord
from mtasts.rollout.dates import minute
from mtasts.rollout.handover import HandoverError, parse_handed
from mtasts.rollout.protection import explain_protected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtasts.policy import Policy

    _Inputs: TypeAlias = Mapping[str, Any]

_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
_WORKER = "cloudflare:index/workersScript:WorkersScript"
_RECORDS = ("aws:route53/record:Record", "cloudflare:index/dnsRecord:DnsRecord")
_PREFIX, _SUFFIX = "policy/", "/.well-known/mta-sts.txt"
# The names that `components.mail_domain` gives, after the domain's.
_STS, _SCRIPT, _HANDED = "-sts", "-worker-script", "-handed-out"
# The policy in the source of `mtasts.render.worker`.
_IN_SOURCE = re.compile(r'encode\(("(?:[^"\\]|\\.)*")\)')
_QUIET = frozenset({"same", "read", "refresh"})


@dataclass(slots=True)
class DomainReview:
    """What one run does to one policy domain; None and empty mean that there is nothing.

    ``ttl_seconds`` is how long resolvers may go on telling the id before. While a domain moves, it
    is in two places: what either has is there.
    """

    name: str
    body_before: str | None = None
    body_after: str | None = None
    id_before: str = ""
    id_after: str = ""
    ttl_seconds: int | None = None

    def serves(self, before: str | None, after: str | None) -> None:
        """Take note of a host's body before and after the run."""
        self.body_before = before if self.body_before is None else self.body_before
        self.body_after = after if self.body_after is None else self.body_after

    @property
    def is_changed(self) -> bool:
        """Whether senders will notice."""
        return (self.body_before, self.id_before) != (self.body_after, self.id_after)

    def effects(self, now: dt.datetime) -> tuple[str, ...]:
        """What follows for senders and for mail, if it goes out at ``now``."""
        return tuple(_effects(self, now))


@dataclass(frozen=True, slots=True)
class Change:
    """A resource that a run would create, change, replace or delete."""

    operation: str
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Review:
    """One stack's plan: ``problems`` are what the engine or the program said against it."""

    stack: str
    domains: tuple[DomainReview, ...] = ()
    changes: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_held(self) -> bool:
        """Whether some domain may not be declared as its config asks, or may not go."""
        return any(text.startswith(("held, ", "refused", "emergency: ")) for text in self.problems)


def read_plan(stack: str, plan: Mapping[str, Any]) -> Review:
    """The review of a plan as ``pulumi preview --json`` prints it; what is not known is skipped."""
    domains: dict[str, DomainReview] = {}
    changes = []
    for step in plan.get("steps", ()):
        operation, urn = str(step.get("op", "")), str(step.get("urn", ""))
        type_ = urn.split("::")[-2].rpartition("$")[2] if urn.count("::") >= 2 else ""
        if operation and operation not in _QUIET:
            changes.append(Change(operation, type_, urn.rpartition("::")[2]))
        before, after = _inputs(step, "oldState"), _inputs(step, "newState")
        name = urn.rpartition("::")[2]
        _read_body(domains, type_, name, before, after)
        _read_id(domains, type_, name, before, after)
    said = [(str(each.get("severity")), _words(each)) for each in plan.get("diagnostics", ())]
    return Review(
        stack,
        tuple(domains[name] for name in sorted(domains)),
        tuple(sorted(changes, key=lambda change: (change.type, change.name))),
        tuple(
            explain_protected(text, stack)
            for severity, text in said
            if severity == "error" and _is_news(text)
        ),
        tuple(text for severity, text in said if severity == "warning"),
        dict(plan.get("changeSummary", {})),
    )


def _inputs(step: Mapping[str, Any], state: str) -> _Inputs:
    found = (step.get(state) or {}).get("inputs")
    return found if isinstance(found, dict) else {}


def _words(diagnostic: Mapping[str, Any]) -> str:
    text = str(diagnostic.get("message", "")).strip()
    return text.removeprefix("error: ").removeprefix("warning: ")


def _is_news(text: str) -> bool:
    """The engine adds that the program failed, which the program has said better."""
    return not text.startswith("an unhandled error occurred")


def _read_body(
    domains: dict[str, DomainReview], type_: str, name: str, before: _Inputs, after: _Inputs
) -> None:
    key = str((after or before).get("key", ""))
    if type_ == _WORKER and name.endswith(_SCRIPT):
        domain = _domain(domains, name.removesuffix(_SCRIPT))
        domain.serves(_in_source(before), _in_source(after))
    elif type_ == _OBJECT and key.startswith(_PREFIX) and key.endswith(_SUFFIX):
        domain = _domain(domains, key.removeprefix(_PREFIX).removesuffix(_SUFFIX))
        domain.serves(before.get("content"), after.get("content"))


def _domain(domains: dict[str, DomainReview], name: str) -> DomainReview:
    return domains.setdefault(name, DomainReview(name))


def _in_source(inputs: _Inputs) -> str | None:
    """The policy that a Worker's source holds; None where there is none."""
    found = _IN_SOURCE.search(str(inputs.get("content", "")))
    return str(json.loads(found[1])) if found else None


def _read_id(
    domains: dict[str, DomainReview], type_: str, name: str, before: _Inputs, after: _Inputs
) -> None:
    if type_ in _RECORDS and name.endswith(_STS):
        domain = _domain(domains, name.removesuffix(_STS))
        ttl = before.get("ttl")
        if isinstance(ttl, int | float):
            domain.ttl_seconds = max(int(ttl), domain.ttl_seconds or 0)
    elif type_ == _OBJECT and name.endswith(_HANDED):
        domain = _domain(domains, name.removesuffix(_HANDED))
    else:
        return
    domain.id_before = domain.id_before or _id(before)
    domain.id_after = domain.id_after or _id(after)


def _texts(inputs: _Inputs) -> Iterator[str]:
    """The texts of a record, as either cloud has them, or of those that are handed out."""
    yield from map(str, inputs.get("records", ()))
    content = str(inputs.get("content", ""))
    try:
        yield from (each.value for each in parse_handed(content.encode("utf-8", "replace")))
    except HandoverError:
        yield content


def _id(inputs: _Inputs) -> str:
    for text in _texts(inputs):
        try:
            return StsRecord.parse(text.strip('"').encode("utf-8", "replace")).id
        except RecordSyntaxError:
            continue
    return ""


def _policy(body: str | None) -> Policy | None:
    try:
        return parse(body.encode("utf-8", "replace")) if body is not None else None
    except PolicySyntaxError:
        return None


def _effects(domain: DomainReview, now: dt.datetime) -> Iterator[str]:
    before, after = _policy(domain.body_before), _policy(domain.body_after)
    if not domain.is_changed:
        return
    if after is None:
        yield "no policy is served any more: senders that hold one keep to it until it lapses"
    elif before is None:
        yield f"senders that see the record fetch this policy: mode {after.mode}"
    elif before == after:
        yield "the same policy under a new id: every sender fetches it again"
    if before is not None and before != after:
        lapse = now + dt.timedelta(seconds=min(before.max_age, MAX_AGE_LIMIT))
        yield (
            f"senders that cached the old policy keep it until {minute(lapse)} at the latest, "
            "unless they see the new id before"
        )
    if after is not None:
        yield from _mode_effects(before.mode if before else None, after.mode, domain.ttl_seconds)
    if before is not None and after is not None:
        yield from _mx_effects(before, after)


def _mode_effects(before: Mode | None, after: Mode, ttl_seconds: int | None) -> Iterator[str]:
    if after is Mode.ENFORCE and before is not Mode.ENFORCE:
        yield (
            "from then on they deliver only to the hosts listed, and only over TLS with a "
            "certificate that is valid for the host"
        )
    if before is Mode.ENFORCE and after is not Mode.ENFORCE:
        within = "" if ttl_seconds is None else f", {ttl_seconds} s after the record at the latest"
        yield f"senders that check the id refuse nothing any more{within}"


def _mx_effects(before: Policy, after: Policy) -> Iterator[str]:
    added = [str(pattern) for pattern in after.mx if pattern not in before.mx]
    removed = [str(pattern) for pattern in before.mx if pattern not in after.mx]
    if added:
        yield f"listed from then on: {', '.join(added)}"
    if removed:
        yield f"no longer listed: {', '.join(removed)}"
