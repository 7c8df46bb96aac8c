"""``aws.acm.Certificate`` and ``aws.acm.CertificateValidation``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.aws.edge_config import distributions
from mtasts.localcloud.aws.issuance import (
    certificate_domains,
    is_issued,
    missing_records,
    validation_record,
)
from mtasts.localcloud.aws.tags import aws_tags, live_tags, program_tags
from mtasts.localcloud.provider.differences import as_set
from mtasts.localcloud.provider.properties import UNKNOWN, Properties, is_unknown
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_acm.type_defs import CertificateDetailTypeDef

    from mtasts.localcloud.aws.session import Session

_POLL_SECONDS = 0.1


class Certificate(Resource):
    """A certificate that ACM issues once its validation records are in DNS."""

    token = "aws:acm/certificate:Certificate"  # a type token
    modelled: ClassVar = {
        "domainName": None,
        "keyAlgorithm": None,
        "region": None,
        "subjectAlternativeNames": None,
        "tags": None,
        "validationMethod": None,
    }
    replaces = frozenset(
        {"domainName", "keyAlgorithm", "region", "subjectAlternativeNames", "validationMethod"}
    )
    computed = (
        "arn",
        "domainValidationOptions",
        "keyAlgorithm",
        "notAfter",
        "notBefore",
        "region",
        "status",
        "subjectAlternativeNames",
        "tagsAll",
        "type",
    )
    sets = frozenset({"subjectAlternativeNames"})
    taggable = True

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Refuse a certificate without a name, and what the stand-in does not model."""
        if "domainName" not in inputs:
            yield Problem("domainName", f'{self.token} needs the input "domainName"')
        if inputs.get("validationMethod") not in {"DNS", UNKNOWN}:
            yield Problem(
                "validationMethod", "the local stand-in models certificates validated by DNS only"
            )
        if inputs.get("keyAlgorithm", "RSA_2048") not in {"RSA_2048", UNKNOWN}:
            yield Problem(
                "keyAlgorithm", "the local stand-in models the key algorithm RSA_2048 only"
            )

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare domain names without case and trailing dot."""
        if path == "domainName" and isinstance(value, str):
            return value.rstrip(".").lower()
        return super().normalise(path, value)

    def create(self, session: Session, inputs: Properties) -> str:
        """Request the certificate; it is pending until its validation records are in DNS."""
        request: dict[str, Any] = {}
        if inputs.get("subjectAlternativeNames"):
            request["SubjectAlternativeNames"] = inputs["subjectAlternativeNames"]
        if inputs.get("tagsAll"):
            request["Tags"] = aws_tags(inputs["tagsAll"])
        answer = session.acm(inputs.get("region")).request_certificate(
            DomainName=inputs["domainName"], ValidationMethod="DNS", **request
        )
        return answer["CertificateArn"]

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the certificate, with the validation records that `issuance` wants.

        ACM adds the main name to the alternative names. It counts as an input only if the program
        listed it as well.
        """
        region = identity.split(":")[3]
        found = _describe(session, identity)
        if found is None:
            return None
        acm = session.acm(region)
        domains = certificate_domains(found)
        tags = program_tags(acm.list_tags_for_certificate(CertificateArn=identity)["Tags"])
        others = [name for name in domains if name != found["DomainName"]]
        asked = inputs.get("subjectAlternativeNames", [])
        names = list(domains) if found["DomainName"] in asked else others
        live = {
            "domainName": found["DomainName"],
            "region": region,
            "subjectAlternativeNames": names or None,
            **live_tags(session, inputs, tags),
            "validationMethod": "DNS",
        }
        issued = is_issued(acm, session.route53(), identity, session.cname)
        outputs = {
            "arn": identity,
            "domainName": found["DomainName"],
            "domainValidationOptions": [_option(identity, domain) for domain in sorted(domains)],
            "keyAlgorithm": found["KeyAlgorithm"],
            "notAfter": found["NotAfter"].isoformat() if issued else "",
            "notBefore": found["NotBefore"].isoformat() if issued else "",
            "region": region,
            "status": "ISSUED" if issued else "PENDING_VALIDATION",
            "subjectAlternativeNames": list(domains),
            "tagsAll": tags,
            "type": found["Type"],
            "validationMethod": "DNS",
        }
        return Live(live, outputs)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the tags: nothing else of a certificate can change."""
        acm = session.acm(identity.split(":")[3])
        wanted = inputs.get("tagsAll", {})
        removed_tags = {k: v for k, v in old.get("tagsAll", {}).items() if k not in wanted}
        if removed_tags:
            acm.remove_tags_from_certificate(CertificateArn=identity, Tags=aws_tags(removed_tags))
        if wanted:
            acm.add_tags_to_certificate(CertificateArn=identity, Tags=aws_tags(wanted))

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it; as at ACM, one that a distribution uses is refused."""
        del inputs, outputs
        if _describe(session, identity) is None:
            return
        with session.one_at_a_time("distributions"):
            users = [
                found.id
                for found in distributions(session.cloudfront())
                if found.certificate_arn == identity
            ]
            if users:
                raise RefusedError(
                    "ResourceInUseException",
                    f"Certificate {identity} is in use by distribution {', '.join(users)}",
                )
            session.acm(identity.split(":")[3]).delete_certificate(CertificateArn=identity)


class CertificateValidation(Resource):
    """The wait until a certificate is issued; in AWS there is no such resource."""

    token = "aws:acm/certificateValidation:CertificateValidation"  # a type token
    modelled: ClassVar = {"certificateArn": None, "region": None, "validationRecordFqdns": None}
    replaces = frozenset({"certificateArn", "region", "validationRecordFqdns"})
    computed = ("region",)
    sets = frozenset({"validationRecordFqdns"})

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare record names without case, trailing dot and order."""
        if path == "validationRecordFqdns" and isinstance(value, list) and not is_unknown(value):
            return as_set([name.rstrip(".").lower() for name in value])
        return super().normalise(path, value)

    def create(self, session: Session, inputs: Properties) -> str:
        """Wait until the certificate is issued, for ``session.validation_seconds`` at most."""
        arn = inputs["certificateArn"]
        found = _describe(session, arn)
        if found is None:
            raise RefusedError("ResourceNotFoundException", f"there is no certificate {arn}")
        _require_all_named(found, inputs)
        deadline = time.monotonic() + session.validation_seconds
        acm = session.acm(arn.split(":")[3])
        while not is_issued(acm, session.route53(), arn, session.cname):
            if time.monotonic() >= deadline or session.cancelled.wait(_POLL_SECONDS):
                raise RefusedError("ValidationTimedOut", _still_missing(session, found))
        return str(found["IssuedAt"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """None if the certificate does not exist or is not issued."""
        del identity
        arn = inputs.get("certificateArn", "")
        if not arn or _describe(session, arn) is None:
            return None
        region = arn.split(":")[3]
        if not is_issued(session.acm(region), session.route53(), arn, session.cname):
            return None
        return Live({"certificateArn": arn}, {"certificateArn": arn, "region": region})

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """No-op: there is nothing in AWS to delete."""


def covers(names: tuple[str, ...], alias: str) -> bool:
    """Whether ``names`` has ``alias``, or the wildcard one label above it."""
    parent = alias.partition(".")[2]
    return any(name.lower() in {alias, f"*.{parent}"} for name in names)


def require_usable(session: Session, arn: str, aliases: tuple[str, ...]) -> None:
    """Check a viewer certificate for a distribution with these ``aliases``.

    Raises:
        RefusedError: CloudFront would refuse it: it is not issued, not in us-east-1, or has no
            name for an alias.
    """
    found = _describe(session, arn) if arn.startswith("arn:aws:acm:us-east-1:") else None
    if found is None or not is_issued(
        session.acm("us-east-1"), session.route53(), arn, session.cname
    ):
        raise RefusedError(
            "InvalidViewerCertificate",
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, "
            f"or doesn't include a valid certificate chain: {arn}",
        )
    uncovered = [alias for alias in aliases if not covers(certificate_domains(found), alias)]
    if uncovered:
        raise RefusedError(
            "InvalidViewerCertificate",
            "The certificate that is attached to your distribution doesn't cover the alternate "
            f"domain name (CNAME) that you're trying to add: {', '.join(uncovered)}",
        )


def _describe(session: Session, arn: str) -> CertificateDetailTypeDef | None:
    from botocore.exceptions import ClientError  # loaded with the client

    acm = session.acm(arn.split(":")[3] if arn.count(":") > 3 else None)
    try:
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise


def _option(arn: str, domain: str) -> Properties:
    record = validation_record(arn, domain)
    return {
        "domainName": domain,
        "resourceRecordName": record.name,
        "resourceRecordType": "CNAME",
        "resourceRecordValue": record.value,
    }


def _require_all_named(found: CertificateDetailTypeDef, inputs: Properties) -> None:
    """Refuse ``validationRecordFqdns`` without a record of the certificate, as pulumi-aws does."""
    given = inputs.get("validationRecordFqdns")
    if given is None:
        return
    names = {name.rstrip(".").lower() for name in given}
    for domain in certificate_domains(found):
        wanted = validation_record(found["CertificateArn"], domain).name.rstrip(".")
        if wanted not in names:
            raise RefusedError(
                "InvalidValidationRecords", f"missing {domain} DNS validation record: {wanted}"
            )


def _still_missing(session: Session, found: CertificateDetailTypeDef) -> str:
    missing = [
        f"{record.name} CNAME {record.value}"
        for record in missing_records(session.route53(), found, session.cname)
    ]
    return (
        f"{found['CertificateArn']} is still PENDING_VALIDATION after "
        f"{session.validation_seconds:g} s; public DNS lacks {'; '.join(missing) or 'nothing now'}"
    )
