"""Resources as literals, for tests of the policy pack's judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.policypack.resources import Resource
from mtasts.policypack.rule import DomainRule, ResourceRule
from mtasts.policypack.stack import Stack
from mtasts.policypack.table import RULES

if TYPE_CHECKING:
    from mtasts.policypack.resources import Remark

RECORD = "aws:route53/record:Record"
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
FUNCTION = "aws:cloudfront/function:Function"
WORKER = "cloudflare:index/workersScript:WorkersScript"
CUSTOM_DOMAIN = "cloudflare:index/workersCustomDomain:WorkersCustomDomain"
ROUTE = "cloudflare:index/workersRoute:WorkersRoute"
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
POLICY = "version: STSv1\r\nmode: testing\r\nmx: mail.example.org\r\nmax_age: 604800\r\n"
ENFORCED = POLICY.replace("testing", "enforce")


def made(
    type_: str,
    urn: str = "it",
    inputs: dict[str, Any] | None = None,
    *,
    after: tuple[str, ...] = (),
    by: dict[str, str] | None = None,
    protect: bool = False,
) -> Resource:
    """A resource; ``by`` says which input comes from which other one."""
    by_property = {key: frozenset({each}) for key, each in (by or {}).items()}
    return Resource(urn, type_, inputs or {}, frozenset(after), by_property, protect=protect)


def txt(
    owner: Any, *values: Any, urn: str = "it", after: tuple[str, ...] = (), **more: Any
) -> Resource:
    """A TXT record set at Route 53."""
    inputs = {"zoneId": "Z1", "name": owner, "type": "TXT", "ttl": 300.0, "records": [*values]}
    return made(RECORD, urn, inputs | more, after=after)


def body(
    content: Any = POLICY, *, urn: str = "policy", protect: bool = False, **more: Any
) -> Resource:
    """The object of a policy at S3."""
    inputs = {
        "bucket": "b",
        "key": "example.org/.well-known/mta-sts.txt",
        "content": content,
        "contentType": "text/plain",
        "cacheControl": "max-age=60",
    }
    return made(OBJECT, urn, inputs | more, protect=protect)


def remarks(rule: str, *resources: Resource, **settings: float) -> list[Remark]:
    """What one rule says of a program."""
    row = RULES[rule]
    figures = row.with_config(settings)
    if isinstance(row, DomainRule):
        return list(row.remarks(Stack(resources), figures))
    assert isinstance(row, ResourceRule)
    return [remark for each in resources for remark in row.remarks(each, figures)]


def told(rule: str, *resources: Resource, **settings: float) -> list[str]:
    """The texts of what one rule says, those of what is not known behind a question mark."""
    found = remarks(rule, *resources, **settings)
    return [f"? {each.text}" if each.is_unknown else each.text for each in found]
