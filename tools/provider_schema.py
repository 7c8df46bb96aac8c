"""Write ``schema.json`` of each local provider: the inputs of the resources that it models.

Run ``python tools/provider_schema.py`` after an update of pulumi-aws or pulumi-cloudflare. With
``--check`` it only compares, and the exit code is 1 if a file is out of date.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import json
import keyword
import re
import sys
import typing
from pathlib import Path
from typing import Any

import pulumi

from mtasts.components import load_as_used

LOCALCLOUD = Path(__file__).parent.parent / "mtasts" / "localcloud"

AWS = {
    "aws:acm/certificate:Certificate": "CertificateArgs",
    "aws:acm/certificateValidation:CertificateValidation": "CertificateValidationArgs",
    "aws:cloudfront/distribution:Distribution": "DistributionArgs",
    "aws:cloudfront/originAccessControl:OriginAccessControl": "OriginAccessControlArgs",
    "aws:cloudwatch/logGroup:LogGroup": "LogGroupArgs",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "MetricAlarmArgs",
    "aws:iam/role:Role": "RoleArgs",
    "aws:iam/rolePolicy:RolePolicy": "RolePolicyArgs",
    "aws:lambda/function:Function": "FunctionArgs",
    "aws:lambda/functionUrl:FunctionUrl": "FunctionUrlArgs",
    "aws:lambda/permission:Permission": "PermissionArgs",
    "aws:route53/record:Record": "RecordArgs",
    "aws:route53/zone:Zone": "ZoneArgs",
    "aws:s3/bucket:Bucket": "BucketArgs",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "BucketLifecycleConfigurationArgs"
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": "BucketObjectv2Args",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "BucketOwnershipControlsArgs",
    "aws:s3/bucketPolicy:BucketPolicy": "BucketPolicyArgs",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "BucketPublicAccessBlockArgs",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "BucketServerSideEncryptionConfigurationInitArgs"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "BucketVersioningInitArgs",
    "aws:ses/domainIdentity:DomainIdentity": "DomainIdentityArgs",
    "aws:ses/receiptRule:ReceiptRule": "ReceiptRuleArgs",
}
CLOUDFLARE = {
    "cloudflare:index/dnsRecord:DnsRecord": "DnsRecordArgs",
    "cloudflare:index/emailRoutingRule:EmailRoutingRule": "EmailRoutingRuleArgs",
    "cloudflare:index/r2Bucket:R2Bucket": "R2BucketArgs",
    "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": "R2BucketLifecycleArgs",
    "cloudflare:index/workersCustomDomain:WorkersCustomDomain": "WorkersCustomDomainArgs",
    "cloudflare:index/workersScript:WorkersScript": "WorkersScriptArgs",
    "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain": "WorkersScriptSubdomainArgs",
}
MODELLED = {"aws": AWS, "cloudflare": CLOUDFLARE}

_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number"}


def build(cloud: str) -> dict[str, Any]:
    """The schema of one provider as plain values, read from its Python SDK."""
    reader = _Reader()
    resources = {}
    for token, arguments in MODELLED[cloud].items():
        module, file = token.split(":")[1].split("/")
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", file).lower()
        module += "_" if keyword.iskeyword(module) else ""
        package = f"pulumi_{cloud}" if module == "index" else f"pulumi_{cloud}.{module}"
        source = importlib.import_module(f"{package}.{name}")
        resources[token] = reader.shape(getattr(source, arguments))
    provider = importlib.import_module(f"pulumi_{cloud}.provider")
    resources[f"pulumi:providers:{cloud}"] = reader.shape(provider.ProviderArgs)
    return {
        f"pulumi-{cloud}": importlib.metadata.version(f"pulumi-{cloud}"),
        "resources": resources,
        "types": dict(sorted(reader.types.items())),
    }


def render(cloud: str) -> str:
    """The text of the provider's ``schema.json``."""
    return json.dumps(build(cloud), indent=1, sort_keys=True) + "\n"


class _Reader:
    """Turns generated argument classes into shapes, collecting the nested ones by name."""

    def __init__(self) -> None:
        self.types: dict[str, Any] = {}

    def shape(self, cls: type) -> dict[str, Any]:
        source = vars(sys.modules[cls.__module__])
        hints = typing.get_type_hints(vars(cls)["__init__"], {**vars(pulumi), "T": Any, **source})
        names = {
            python: getter.fget._pulumi_name  # noqa: SLF001 - where the SDK keeps the wire name
            for python, getter in inspect.getmembers(
                cls, lambda member: isinstance(member, property)
            )
        }
        parameters = [p for p in inspect.signature(cls).parameters.values() if p.name in names]
        return {
            "inputs": {names[p.name]: self.type(hints[p.name]) for p in parameters},
            "required": sorted(names[p.name] for p in parameters if p.default is p.empty),
        }

    def type(self, hint: Any) -> Any:  # noqa: ANN401 - annotations have no common type
        members = _members(hint)
        if any(member in _SCALARS for member in members):
            # The SDK also allows an enumeration or a document, but a string is what is sent.
            kind = next(_SCALARS[member] for member in members if member in _SCALARS)
            document = any(
                getattr(member, "__name__", "") == "PolicyDocumentArgs" for member in members
            )
            return {"type": "document"} if document else {"type": kind}
        for kind in (pulumi.Asset, pulumi.Archive):
            if kind in members:
                return {"type": kind.__name__.lower()}
        (member,) = members
        if member in (Any, object):
            return {"type": "any"}
        origin, arguments = typing.get_origin(member), typing.get_args(member)
        if origin is not None and issubclass(origin, typing.Mapping):
            return {"type": "map", "of": self.type(arguments[1])}
        if origin is not None and issubclass(origin, typing.Sequence):
            return {"type": "list", "of": self.type(arguments[0])}
        name = f"{member.__module__.split('.')[1]}.{member.__name__.removesuffix('Args')}"
        if name not in self.types:
            self.types[name] = {}  # shapes may hold themselves
            self.types[name] = self.shape(member)
        return {"type": "object", "shape": name}


def _members(hint: Any) -> list[Any]:  # noqa: ANN401 - any type hint
    """The plain types of an annotation, without ``Output``, ``Awaitable`` and ``None``."""
    if not isinstance(typing.get_origin(hint), type) and typing.get_args(hint):
        found = [member for argument in typing.get_args(hint) for member in _members(argument)]
        return list(dict.fromkeys(found))
    skipped = (pulumi.Output, typing.get_origin(typing.Awaitable[int]))
    if typing.get_origin(hint) in skipped or hint is type(None):
        return []
    is_typed_dict = typing.is_typeddict(hint)
    return [] if is_typed_dict else [hint]


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` compare them; returns the exit code."""
    load_as_used.install()
    stale = 0
    for cloud in MODELLED:
        file, text = LOCALCLOUD / cloud / "schema.json", render(cloud)
        if "--check" in arguments:
            stale += file.read_text() != text
        else:
            file.write_text(text)
    return int(stale > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
