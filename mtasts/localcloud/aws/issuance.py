"""Decide whether a certificate of the local ACM is issued.

ACM issues a certificate once the validation CNAME of each domain is in public DNS ("DNS validation"
in the ACM user guide). moto issues every certificate after a delay, whatever DNS has, and gives all
domains the same validation record. So this module decides instead, for the provider and the edge.
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
"""The tag of a certificate that was issued once: it stays issued without its validation record,
as at ACM."""


_ZONE_ID_PREFIX = "/hostedzone/"


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """The CNAME record that validates one domain of a certificate.

    ``name`` and ``value`` end with a dot.
    """

    domain: str
    name: str
    value: str


def validation_record(certificate_arn: str, domain: str) -> ValidationRecord:
    """The validation CNAME of ``domain``.

    As at ACM, it depends on the account and the domain, and not on the certificate: two
    certificates of one account have the same record for a domain. A wildcard has the record of the
    domain above it.
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
    """All names of a certificate: the main name first, and then the others, sorted."""
    main = certificate["DomainName"]
    others = set(certificate.get("SubjectAlternativeNames", ())) - {main}
    return (main, *sorted(others))


def is_issued(
    acm: ACMClient,
    route53: Route53Client,
    certificate_arn: str,
    public: Public = lambda _: None,
) -> bool:
    """Whether the certificate is issued: it was imported, issued before, or is validated now.

    ``public(name)`` is the target of the CNAME record at a name in DNS, or empty. None means that
    no DNS server answers; then the records of the hosted zones decide.

    Raises:
        botocore.exceptions.ClientError: ``ResourceNotFoundException``: there is no such
            certificate.
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
    """The validation records of the certificate that are missing in public DNS, or differ there."""
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
