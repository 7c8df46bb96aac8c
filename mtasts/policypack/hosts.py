"""Rules about the policy host: TLS, certificate, origin, redirects (RFC 8461 section 3.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mtasts.names import POLICY_LABEL
from mtasts.policypack.reading import (
    DISTRIBUTION,
    OBJECTS,
    WORKER_NAMES,
    is_object,
    policy_hosts,
)
from mtasts.policypack.resources import NotKnownError, Remark, one_by_one
from mtasts.policypack.stack import CERTIFICATE, VALIDATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.policypack.resources import Resource
    from mtasts.policypack.stack import Domain

    Settings = Mapping[str, float]

_HOSTNAME_TLS = "cloudflare:index/hostnameTlsSetting:HostnameTlsSetting"
_ZONE_SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
_RULESET = "cloudflare:index/ruleset:Ruleset"
_PAGE_RULE = "cloudflare:index/pageRule:PageRule"
_BUCKETS = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
_ACLS = frozenset(
    {
        "aws:s3/bucketAcl:BucketAcl",
        "aws:s3/bucketAclV2:BucketAclV2",
        *_BUCKETS,
        *OBJECTS,
    }
)
_BUCKET_POLICIES = frozenset({"aws:s3/bucketPolicy:BucketPolicy", *_BUCKETS})
_WEBSITES = frozenset(
    {
        "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
        "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2",
    }
)
_PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read"})
# A condition on this key alone still leaves a statement open to everybody.
_OPEN_CONDITION = "aws:securetransport"
_TLS13 = "TLSv1.3"
_TLS12 = "TLSv1.2"


def host_tls13_only(host: Resource, _: Settings) -> Iterator[Remark]:
    """A host that refuses TLS 1.2, which senders may speak (RFC 8461 section 7.2)."""
    least = _least_tls(host)
    if least is not None and least.startswith((_TLS13, "1.3")):
        yield Remark(host.urn, f"{host.name} accepts {least} only.")


def host_tls_old(host: Resource, _: Settings) -> Iterator[Remark]:
    """A host that accepts TLS versions below 1.2 (RFC 8996)."""
    least = _least_tls(host)
    if least is not None and not least.startswith((_TLS12, _TLS13, "1.2", "1.3")):
        yield Remark(host.urn, f"{host.name} accepts {least or 'TLSv1: no minimum is set'}.")


def _least_tls(host: Resource) -> str | None:
    """The minimum TLS version of a policy host, empty if none is set; None for other resources."""
    if host.type == DISTRIBUTION and policy_hosts(host):
        return host.text("viewerCertificate", "minimumProtocolVersion")
    if host.type != _HOSTNAME_TLS or host.text("settingId") not in ("min_tls_version", ""):
        return None
    is_policy_host = host.text("hostname").lower().startswith(f"{POLICY_LABEL}.")
    return host.text("value") or None if is_policy_host else None


def host_error_page(host: Resource, _: Settings) -> Iterator[Remark]:
    """A distribution that answers an error with another status, such as 200."""
    responses = "customErrorResponses"
    if host.type == DISTRIBUTION and policy_hosts(host):
        for index in range(len(host.items(responses))):
            code = host.value(responses, index, "responseCode")
            error = host.value(responses, index, "errorCode")
            if isinstance(code, (int, float)) and 0 < code < 400:
                shown = f"{error:.0f}" if isinstance(error, (int, float)) else "with an error"
                yield Remark(
                    host.urn, f"{host.name} answers {code:.0f} where its origin answers {shown}."
                )


def host_redirect(rule: Resource, _: Settings) -> Iterator[Remark]:
    """A rule of a Cloudflare zone that redirects requests to the policy host."""
    target = rule.text("target") if rule.type == _PAGE_RULE else ""
    if f"{POLICY_LABEL}." in target and rule.value("actions", "forwardingUrl") is not None:
        yield Remark(rule.urn, f"{rule.name} forwards {target}.")
    if rule.type == _RULESET:
        for index in range(len(rule.items("rules"))):
            expression = rule.text("rules", index, "expression")
            if rule.text("rules", index, "action") == "redirect" and POLICY_LABEL in expression:
                yield Remark(rule.urn, f"{rule.name} redirects requests that match {expression}.")


def host_zone_tls13_only(domain: Domain, _: Settings) -> Iterator[Remark]:
    """A Cloudflare zone that refuses TLS 1.2, with a policy host in it."""
    return _zone_tls(domain, frozenset({"1.3"}))


def host_zone_tls_old(domain: Domain, _: Settings) -> Iterator[Remark]:
    """A Cloudflare zone that accepts TLS below 1.2, with a policy host in it."""
    return _zone_tls(domain, frozenset({"1.0", "1.1"}))


def _zone_tls(domain: Domain, wrong: frozenset[str]) -> Iterator[Remark]:
    zones = {domain.stack.zone_of(each) for each in domain.hosts if each.type in WORKER_NAMES}

    def judge(setting: Resource) -> Iterator[Remark]:
        is_minimum = setting.text("settingId") == "min_tls_version"
        if (
            is_minimum
            and domain.stack.zone_of(setting) in zones
            and setting.value("value") in wrong
        ):
            yield Remark(
                setting.urn,
                f"{setting.name} sets the minimum TLS of {domain.policy_host} to "
                f"{setting.value('value')}.",
            )

    return one_by_one(domain.stack.of_type(_ZONE_SETTING) if zones else (), judge)


def host_certificate_unvalidated(domain: Domain, _: Settings) -> Iterator[Remark]:
    """A distribution that may be created before its certificate is issued."""
    validations = domain.stack.of_type(VALIDATION)
    for host in domain.hosts:
        before = domain.stack.all_before(host)
        for urn in sorted(host.by_property.get("viewerCertificate", ())):
            certificate = domain.stack.resources.get(urn)
            if certificate is None or certificate.type != CERTIFICATE or _is_imported(certificate):
                continue
            if not any(each.urn in before and urn in each.waits_for for each in validations):
                yield Remark(
                    host.urn,
                    f"{host.name} uses {certificate.name} and does not wait for its validation.",
                )


def _is_imported(certificate: Resource) -> bool:
    """Whether the program imports the certificate into ACM, so that it needs no validation."""
    return "privateKey" in certificate.inputs or "certificateBody" in certificate.inputs


def host_bucket_public(domain: Domain, _: Settings) -> Iterator[Remark]:
    """A bucket of the policy that anybody can read, or that is a website."""
    stack = domain.stack
    tokens = {token for body in filter(is_object, domain.bodies) for token in stack.buckets(body)}
    if not tokens:
        return
    parts = [
        each
        for each in stack.of_type(*{*_ACLS, *_BUCKET_POLICIES, *_WEBSITES, *_BUCKETS})
        if not tokens.isdisjoint(stack.buckets(each))
        if each in domain.bodies or each.type not in OBJECTS
    ]
    yield from one_by_one(parts, _opened)


def _opened(part: Resource) -> Iterator[Remark]:
    """A remark for each way in which ``part`` of a bucket opens it to everybody."""
    if part.type in _WEBSITES or (part.type in _BUCKETS and part.value("website") is not None):
        yield Remark(part.urn, f"{part.name} makes the bucket a website.")
    if part.type in _ACLS and part.text("acl") in _PUBLIC_ACLS:
        yield Remark(part.urn, f"{part.name} has the ACL {part.text('acl')}.")
    if part.type in _BUCKET_POLICIES and _is_open(part):
        yield Remark(part.urn, f"{part.name} lets everybody read.")


def _is_open(bucket: Resource) -> bool:
    """Whether a bucket policy allows something to everybody.

    Raises:
        NotKnownError: the policy cannot be read.
    """
    document = bucket.value("policy")
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            raise NotKnownError("policy is no JSON") from None
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    return any(_allows_everybody(each) for each in _listed(statements))


def _allows_everybody(statement: object) -> bool:
    if not isinstance(statement, Mapping) or statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal")
    named = principal.get("AWS") if isinstance(principal, Mapping) else principal
    return "*" in _listed(named) and not _restricts(statement.get("Condition"))


def _listed(value: object) -> list[object]:
    """A JSON list, or one value that stands for a list of one."""
    return value if isinstance(value, list) else [value]


def _restricts(condition: object) -> bool:
    each = condition.values() if isinstance(condition, Mapping) else ()
    keys = [str(key) for named in each for key in named]
    return any(key.lower() != _OPEN_CONDITION for key in keys)
