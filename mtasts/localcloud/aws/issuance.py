"""Whether a certificate of the local ACM counts as issued.

moto issues every certificate after a delay, whatever DNS says, and gives every domain the same
validation record. Real ACM issues once the CNAME of each domain is in public DNS. This module is
the one place that decides: the provider (``acm.CertificateValidation``, viewer certificates) and
the edge both ask it. It needs nothing but boto3 clients.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Public = Callable[[str], str | None]

    from mypy_boto3_acm import ACMClient
    from mypy_boto3_acm.type_defs import CertificateDetailTypeDef
    from mypy_boto3_route53 import Route53Client

ISSUED_TAG = "mtasts-local:issued"
"""The tag a certificate carries from the first time it was seen issued: ACM does not take an
issued certificate back when its validation record goes away."""


_ZONE_ID_PREFIX = "/hostedzone/"


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """The CNAME that proves control of one domain of a certificate; ``name`` ends with a dot."""

    domain: str
    name: str
    value: str


def validation_record(certificate_arn: str, domain: str) -> ValidationRecord:
    """The validation CNAME of ``domain``.

    As in ACM it depends on the account and the domain and not on the certificate, so two
    certificates of one account ask for the same record; a wildcard shares its parent's.
    """
    account = certificate_arn.split(":")[4]
    host = domain.removeprefix("*.").rstrip(".").lower()
    digest = sha256(f"{account}/{host}".encode()).hexdigest()
    return ValidationRecord(
        domain=domain,
        name=f"_{digest[:32]}.{host}.",
        value=f"_{digest[32:]}.acm-validations.aws.",
    )


def certificate_domains(certificate: CertificateDetailTypeDef) -> tuple[str, ...]:
    """Every name on a certificate, its main name first, the others sorted."""
    main = certificate["DomainName"]
    others = set(certificate.get("SubjectAlternativeNames", ())) - {main}
    return (main, *sorted(others))


def is_issued(
    acm: ACMClient,
    route53: Route53Client,
    certificate_arn: str,
    public: Public = lambda _: None,
) -> bool:
    """Whether the certificate is issued: imported, seen issued before, or validated by DNS now.

    ``public`` says to which name a CNAME leads in DNS, empty for none; None means that there is no
    DNS to ask, and then the hosted zones decide.

    Raises botocore's ``ClientError`` (``ResourceNotFoundException``) for an unknown certificate.
    """
    certificate = acm.describe_certificate(CertificateArn=certificate_arn)["Certificate"]
    if certificate.get("Type") != "AMAZON_ISSUED":
        return certificate.get("Status") == "ISSUED"
    if certificate.get("Status") not in {"PENDING_VALIDATION", "ISSUED"}:
        return False
    tags = acm.list_tags_for_certificate(CertificateArn=certificate_arn)["Tags"]
    if any(tag["Key"] == ISSUED_TAG for tag in tags):
        return True
    if missing_records(route53, certificate, public):
        return False
    acm.add_tags_to_certificate(
        CertificateArn=certificate_arn, Tags=[{"Key": ISSUED_TAG, "Value": "true"}]
    )
    return True


def missing_records(
    route53: Route53Client,
    certificate: CertificateDetailTypeDef,
    public: Public = lambda _: None,
) -> tuple[ValidationRecord, ...]:
    """The validation records that public DNS does not hold with the right value."""
    zones = tuple(_public_zones(route53))
    wanted = {
        record.name: record
        for domain in certificate_domains(certificate)
        for record in (validation_record(certificate["CertificateArn"], domain),)
    }

    def present(record: ValidationRecord) -> bool:
        target = public(record.name.rstrip("."))
        if target is None:
            return _is_present(route53, zones, record)
        return target == record.value.rstrip(".")

    return tuple(record for record in wanted.values() if not present(record))


def _public_zones(route53: Route53Client) -> Iterator[tuple[str, str]]:
    for page in route53.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            if not zone.get("Config", {}).get("PrivateZone", False):
                yield zone["Name"].lower(), zone["Id"].removeprefix(_ZONE_ID_PREFIX)


def _is_present(
    route53: Route53Client, zones: tuple[tuple[str, str], ...], record: ValidationRecord
) -> bool:
    holders = [zone for zone in zones if record.name.endswith(f".{zone[0]}")]
    if not holders:
        return False
    closest = max(len(name) for name, _ in holders)
    return any(
        _holds(route53, zone_id, record) for name, zone_id in holders if len(name) == closest
    )


def _holds(route53: Route53Client, zone_id: str, record: ValidationRecord) -> bool:
    answer = route53.list_resource_record_sets(
        HostedZoneId=zone_id,
        StartRecordName=record.name,
        StartRecordType="CNAME",
        MaxItems="1",
    )
    return any(
        found["Name"].lower() == record.name
        and found["Type"] == "CNAME"
        and [value["Value"].rstrip(".").lower() for value in found.get("ResourceRecords", ())]
        == [record.value.rstrip(".")]
        for found in answer["ResourceRecordSets"]
    )
