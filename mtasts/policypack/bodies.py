"""Rules about the policy itself, and about the object that holds it (RFC 8461 section 3.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtasts.check.policy import check_policy
from mtasts.check.table import policy as checks
from mtasts.findings import Severity
from mtasts.names import DomainNameError, parse_domain
from mtasts.policy import MAX_AGE_LIMIT, Mode, Policy, read
from mtasts.policypack.reading import (
    DISTRIBUTION,
    dns_record,
    has_right_path,
    is_body,
    is_object,
    policy_body,
)
from mtasts.policypack.resources import NotKnownError, Remark, one_by_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mtasts.findings import Finding
    from mtasts.policypack.resources import Resource
    from mtasts.policypack.stack import Domain

    Settings = Mapping[str, float]

# These checks have rules of their own: the result depends on a setting, or on the policy domain.
_OWN_RULE = {
    checks.POLICY_MAX_AGE_SHORT.id,
    checks.POLICY_MX_WIDE.id,
    checks.POLICY_MX_UNCOVERED.id,
}
_MEDIA_TYPE = re.compile(r"text/plain\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_AGE = re.compile(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[,\s])(?:no-store|no-cache)(?:$|[,\s])", re.IGNORECASE)
# CloudFront's managed cache policy CachingDisabled, and the default TTL of all other policies.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_DEFAULT_TTL_SECONDS = 86_400
_REDIRECT = "websiteRedirect"


def policy_invalid(body: Resource, _: Settings) -> Iterator[Remark]:
    """A body that senders reject, or read as another policy than intended."""
    yield from _remarks(body, Severity.ERROR)


def policy_unwise(body: Resource, _: Settings) -> Iterator[Remark]:
    """A policy that follows the grammar, but some senders reject it, or that allows too much."""
    yield from _remarks(body, Severity.WARNING)


def _remarks(body: Resource, severity: Severity) -> Iterator[Remark]:
    if not is_body(body):
        return
    for each in check_policy(policy_body(body)).findings:
        if each.severity is severity and each.id not in _OWN_RULE:
            yield Remark(body.urn, f"{body.name}: {_sentence(each)}")


def _sentence(finding: Finding) -> str:
    evidence = f": {finding.evidence}" if finding.evidence else ""
    return f"{finding.summary}{evidence}; {finding.fix} ({finding.clause})."


def policy_max_age_short(body: Resource, settings: Settings) -> Iterator[Remark]:
    """An enforced policy that senders soon forget (RFC 8461 section 10.2)."""
    policy = _policy(body) if is_body(body) else None
    least = settings["seconds"]
    if policy and policy.mode is Mode.ENFORCE and policy.max_age < min(least, MAX_AGE_LIMIT):
        yield Remark(
            body.urn,
            f"{body.name}: max_age is {policy.max_age} s in mode enforce, below {least:.10g} s.",
        )


def _policy(body: Resource) -> Policy | None:
    return read(policy_body(body)).policy


def policy_media_type(body: Resource, _: Settings) -> Iterator[Remark]:
    """An object that is not served as text/plain (RFC 8461 section 3.2)."""
    if is_object(body):
        found = body.text("contentType")
        if not _MEDIA_TYPE.fullmatch(found):
            shown = found or "none, which S3 serves as application/octet-stream"
            yield Remark(body.urn, f"{body.name}: the content type is {shown}.")


def policy_redirect(body: Resource, _: Settings) -> Iterator[Remark]:
    """An object that answers with a redirect (RFC 8461 section 3.3)."""
    if is_object(body) and (target := body.text(_REDIRECT)):
        yield Remark(body.urn, f"{body.name}: it redirects to {target}.")


def policy_path(body: Resource, _: Settings) -> Iterator[Remark]:
    """An object whose key is another path than the one that senders request."""
    if is_object(body) and not has_right_path(body):
        yield Remark(body.urn, f"{body.name}: the key is {body.text('key')}.")


def policy_cache_long(domain: Domain, settings: Settings) -> Iterator[Remark]:
    """A policy that a cache may serve long after the object has changed."""
    most = settings["seconds"]

    def judge(body: Resource) -> Iterator[Remark]:
        control = body.text("cacheControl") if is_object(body) else "no-store"
        if _NO_CACHE.search(control):
            return
        if ages := [int(each) for each in _AGE.findall(control)]:
            if max(ages) > most:
                yield Remark(
                    body.urn, f"{body.name}: Cache-Control is {control}, over {most:.10g} s."
                )
            return
        for host in domain.hosts:
            if host.type == DISTRIBUTION and (kept := _kept_seconds(host)) > most:
                yield Remark(
                    body.urn,
                    f"{body.name} has no Cache-Control; {host.name} keeps it for {kept:.10g} s.",
                )

    return one_by_one(domain.bodies, judge)


def _kept_seconds(host: Resource) -> float:
    """The seconds for which a distribution caches an object that has no Cache-Control."""
    behaviour = "defaultCacheBehavior"
    if policy := host.text(behaviour, "cachePolicyId"):
        return 0 if policy == _CACHING_DISABLED else _DEFAULT_TTL_SECONDS
    ttl = host.value(behaviour, "defaultTtl")
    return ttl if isinstance(ttl, (int, float)) else _DEFAULT_TTL_SECONDS


def policy_wildcard_wide(domain: Domain, _: Settings) -> Iterator[Remark]:
    """A wildcard that admits any host of the domain (RFC 8461 section 10.4)."""

    def judge(body: Resource) -> Iterator[Remark]:
        for each in check_policy(policy_body(body), domain=domain.name or None).findings:
            if each.id == checks.POLICY_MX_WIDE.id:
                yield Remark(
                    body.urn,
                    f"{body.name}: mx: {each.evidence} admits every host below {domain.shown}.",
                )

    return one_by_one(domain.bodies, judge)


def policy_mx_uncovered(domain: Domain, _: Settings) -> Iterator[Remark]:
    """An MX record of the same program whose host the policy does not list."""

    def judge(body: Resource) -> Iterator[Remark]:
        policy = _policy(body)
        if policy is not None and policy.mode is not Mode.NONE:
            yield from one_by_one(domain.mx, lambda record: uncovered(body, policy, record))

    def uncovered(body: Resource, policy: Policy, record: Resource) -> Iterator[Remark]:
        for host in _mx_hosts(record):
            if not policy.covers(host):
                yield Remark(
                    body.urn,
                    f"{body.name}: no mx of the policy covers {host}, an MX of {domain.shown}.",
                )

    return one_by_one(domain.bodies if domain.mx else (), judge)


def _mx_hosts(record: Resource) -> Iterator[str]:
    for value in dns_record(record).values:
        host = value.split()[-1] if value.split() else ""
        try:
            yield parse_domain(host)
        except DomainNameError:
            continue  # a null MX (RFC 7505), or not a host name


def policy_unprotected(domain: Domain, _: Settings) -> Iterator[Remark]:
    """Unprotected parts of an enforced domain: a destroy deletes them while senders hold it."""
    parts = (*domain.sts, *domain.bodies, *domain.hosts)
    bare = [each for each in parts if not each.protect]
    for each in bare if bare and _is_enforced(domain) else ():
        yield Remark(each.urn, f"{domain.shown} is enforced, and {each.name} is not protected.")


def _is_enforced(domain: Domain) -> bool:
    """Whether any body of the domain is in mode enforce.

    Raises:
        NotKnownError: a body is not known yet, and no other body is in mode enforce.
    """
    missing: NotKnownError | None = None
    for body in domain.bodies:
        try:
            policy = _policy(body)
        except NotKnownError as error:
            missing = error
            continue
        if policy is not None and policy.mode is Mode.ENFORCE:
            return True
    if missing is not None:
        raise missing
    return False
