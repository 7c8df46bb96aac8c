"""Rules between the keys of a config: each sees what could be read, and judges only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config import fields, identifiers
from mtasts.config.fields import PROJECT, FieldError, shown
from mtasts.config.model import OVERRIDE_DAYS, Dns, Hosting, last_day
from mtasts.config.move_rules import check_moving
from mtasts.config.schema import (
    DEFAULT_CACHE_SECONDS,
    DEFAULT_SETTLE_SECONDS,
    PROOF_SECONDS_MAX,
    default_proof_seconds,
)
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mtasts.config.report import Report
    from mtasts.config.schema import DomainFields, OverrideFields, StackFields

REPORTS = "mtasts:tlsReports"
# What CloudFront takes to purge its caches as a rule, and to look after that.
_PURGE_SECONDS = 600
# S3 tells in whole seconds when a policy was replaced.
_GRANULARITY_SECONDS = 1


def check_namespaces(values: Mapping[str, object], report: Report) -> None:
    """Keys of other programs pass untouched, except those meant for this one."""
    for key in values:
        namespace = key.partition(":")[0]
        if namespace != PROJECT and fields.did_you_mean(namespace, [PROJECT]):
            report.add(
                key,
                FieldError(
                    "config-unknown-key",
                    f"nothing reads the namespace '{printable(namespace)}'",
                    f"did you mean {PROJECT}:{printable(key.partition(':')[2])}?",
                ),
            )


def check_stack(
    stack: StackFields, raw: Mapping[str, object], hosting: Hosting, dns: Dns, report: Report
) -> None:
    """Rules between the flat keys; a key that could not be read is not judged further."""
    if hosting is Hosting.CLOUDFLARE and dns is not Dns.CLOUDFLARE:
        report.add(
            "mtasts:dns",
            FieldError(
                "config-impossible-combination",
                f"'{dns}' cannot go with hosting cloudflare: "
                "a Worker custom domain needs its zone at Cloudflare",
                "write mtasts:dns: cloudflare, or mtasts:hosting: aws, which goes with any dns",
            ),
            value=str(dns),
        )
    if hosting is Hosting.CLOUDFLARE and stack.alarm_topic is not None:
        report.add(
            "mtasts:alarmTopic",
            FieldError(
                "config-impossible-combination",
                "alarms watch CloudFront and its certificates, which hosting cloudflare has not",
                "leave it out, or write mtasts:hosting: aws",
            ),
        )
    uses_cloudflare = Hosting.CLOUDFLARE in (hosting, stack.leaving) or Dns.CLOUDFLARE in (
        dns,
        stack.leaving_dns,
    )
    if uses_cloudflare and "mtasts:cloudflareAccount" not in raw:
        report.add(
            "mtasts:cloudflareAccount",
            FieldError(
                "config-missing-key",
                "the Cloudflare account is missing: hosting and dns cloudflare need one, and so "
                "does a move from either",
                "add mtasts:cloudflareAccount: 0123456789abcdef0123456789abcdef",
            ),
        )
    at_cloudflare = () if uses_cloudflare else ("mtasts:cloudflareAccount", "mtasts:settleSeconds")
    choices = {
        "mtasts:hosting": stack.hosting,
        "mtasts:dns": stack.dns,
        "mtasts:leaving": stack.leaving,
        "mtasts:leavingDns": stack.leaving_dns,
    }
    # One that could not be read may be cloudflare.
    is_judged = all(value is not None for key, value in choices.items() if key in raw)
    for key in at_cloudflare:
        if key in raw and is_judged:
            report.add(
                key,
                FieldError(
                    "config-impossible-combination",
                    "nothing of this stack is at Cloudflare",
                    "remove it, or write mtasts:hosting: cloudflare or mtasts:dns: cloudflare",
                ),
            )
    check_moving(stack, hosting, dns, report)
    settle = stack.settle_seconds or DEFAULT_SETTLE_SECONDS
    proof = stack.proof_seconds or default_proof_seconds(hosting, stack.leaving)
    if Hosting.CLOUDFLARE in (hosting, stack.leaving) and settle >= proof:
        report.add(
            "mtasts:proofSeconds",
            FieldError(
                "config-impossible-combination",
                f"a proof may take {proof} s, and a Worker's policy has to be seen for {settle} s",
                f"write mtasts:proofSeconds: {settle * 2}, or a smaller mtasts:settleSeconds",
            ),
            value=proof,
        )
    _check_proof(stack, proof, hosting, report)
    if dns is Dns.DELEGATED and "mtasts:delegationZone" not in raw:
        report.add(
            "mtasts:delegationZone",
            FieldError(
                "config-missing-key",
                "dns delegated needs the operator's name, below which the agency's CNAMEs lead",
                "add mtasts:delegationZone: sts.operator.example, in a zone of this account",
            ),
        )
    if dns is not Dns.DELEGATED and stack.delegation_zone is not None:
        report.add(
            "mtasts:delegationZone",
            FieldError(
                "config-impossible-combination",
                f"nothing is delegated with dns {dns}",
                "remove it, or write mtasts:dns: delegated",
            ),
        )
    judged = "mtasts:hosting" not in raw or stack.hosting is not None
    on_aws = judged and hosting is Hosting.AWS
    if (on_aws or stack.leaving is not None) and "aws:region" not in raw:
        report.add(
            "aws:region",
            FieldError(
                "config-missing-key",
                "the region is missing: hosting aws needs one, and so does a move from or to it",
                "add aws:region: us-east-1",
            ),
        )


def _check_proof(stack: StackFields, proof: int, hosting: Hosting, report: Report) -> None:
    """A change has to outlive the copies that caches keep, within the time of its proof."""
    cache = stack.cache_seconds or DEFAULT_CACHE_SECONDS
    if Hosting.AWS not in (hosting, stack.leaving) or proof > cache + _GRANULARITY_SECONDS:
        return
    wanted = cache + _PURGE_SECONDS
    report.add(
        "mtasts:proofSeconds",
        FieldError(
            "config-impossible-combination",
            f"a proof may take {proof} s, and caches keep a policy for {cache} s "
            "(mtasts:cacheSeconds): no change could ever be proven",
            f"write mtasts:proofSeconds: {wanted}"
            if wanted <= PROOF_SECONDS_MAX
            else f"write mtasts:cacheSeconds: {DEFAULT_CACHE_SECONDS}",
        ),
        value=proof,
    )


def check_names(
    domains: Iterable[tuple[DomainFields, Mapping[str, object], str]], report: Report
) -> None:
    """No domain may be configured twice, in whatever spelling."""
    first: dict[str, str] = {}
    for domain, entry, path in domains:
        if domain.name is None:
            continue
        if domain.name in first:
            report.add(
                f"{path}.name",
                FieldError(
                    "config-domain-repeated",
                    f"{shown(entry['name'])} is the domain of {first[domain.name]} again",
                    "keep one entry a domain; case, a trailing dot and U-labels do not count",
                ),
                value=entry["name"],
            )
        first.setdefault(domain.name, path)


def check_external_ids(
    domains: Iterable[tuple[DomainFields, Mapping[str, object], str]], report: Report
) -> None:
    """A role is assumed with one external id, and an external id belongs to a role."""
    first: dict[str, tuple[str | None, str]] = {}
    for domain, _, path in domains:
        key, value = f"{path}.dnsRoleExternalId", domain.dns_role_external_id
        if domain.dns_role_arn is None:
            if value is not None:
                why, fix = "there is no role to tell it to", "add dnsRoleArn, or remove it"
                report.add(key, FieldError("config-impossible-combination", why, fix))
            continue
        wanted, where = first.setdefault(domain.dns_role_arn, (value, path))
        if value != wanted:
            why = f"another external id for the same role than in {where}"
            fix = f"write the same in both: {wanted or value}"
            report.add(key, FieldError("config-impossible-combination", why, fix))


def check_domain(
    domain: DomainFields,
    path: str,
    hosting: Hosting,
    dns: Dns,
    report: Report,
    *,
    delegation_zone: str | None = None,
    leaving_dns: Dns | None = None,
) -> None:
    """Rules between the keys of one entry and the stack's."""
    # ACM puts the first name into the subject, whose common name ends at 64 (RFC 5280 appendix A).
    if hosting is Hosting.AWS and domain.name and len(f"mta-sts.{domain.name}") > 64:
        report.add(
            f"{path}.name",
            FieldError(
                "config-domain-too-long",
                f"{shown(domain.name)} makes a policy host of more than 64 characters, "
                "for which AWS issues no certificate",
                "use a domain of at most 56 characters, or hosting cloudflare",
            ),
            value=domain.name,
        )
    if delegation_zone and f".{delegation_zone}".endswith(f".mta-sts.{domain.name}"):
        report.add(
            f"{path}.name",
            FieldError(
                "config-impossible-combination",
                f"mtasts:delegationZone is {shown(delegation_zone)}, but mta-sts."
                f"{domain.name} becomes a CNAME, which leads there",
                "write a name in a zone of the operator's",
                clause="RFC 1034 section 3.6.2",
            ),
            value=domain.name,
        )
    longest = f"_smtp._tls.{domain.name}.{delegation_zone}"
    if delegation_zone and domain.name and len(longest) > 253:
        report.add(
            f"{path}.name",
            FieldError(
                "config-domain-too-long",
                f"{shown(domain.name)} makes names in the operator's zone of more than 253 "
                "characters",
                "use a shorter mtasts:delegationZone",
                clause="RFC 1035 section 2.3.4",
            ),
            value=domain.name,
        )
    wanted = "Cloudflare" if dns is Dns.CLOUDFLARE else "Route 53"
    if domain.zone_id and dns is Dns.MANUAL:
        report.add(
            f"{path}.zoneId",
            FieldError(
                "config-impossible-combination",
                "with dns manual nobody writes to a zone",
                "remove zoneId, or write mtasts:dns: route53 or cloudflare",
            ),
            value=domain.zone_id,
        )
    elif domain.zone_id and identifiers.is_route53_zone(domain.zone_id) == (dns is Dns.CLOUDFLARE):
        report.add(
            f"{path}.zoneId",
            FieldError(
                "config-zone-id-invalid",
                f"{shown(domain.zone_id)} is no {wanted} zone, but mtasts:dns is {dns}",
                f"write the zone's id at {wanted}",
            ),
            value=domain.zone_id,
        )
    if domain.retire and domain.mx == []:
        report.add(
            f"{path}.retire",
            FieldError(
                "config-impossible-combination",
                "a parked domain (mx: []) has no policy to retire",
                "list its mx until it is retired, or remove retire",
                clause="RFC 8461 section 8.3",
            ),
        )
    if domain.emergency and (domain.retire or domain.mx == []):
        report.add(
            f"{path}.emergency",
            FieldError(
                "config-impossible-combination",
                "an emergency serves mode testing, and a domain that retires or is parked does not",
                "remove emergency; or remove retire and list its mx, until the emergency is over",
            ),
            value=str(domain.emergency),
        )
    written_by_role = {Dns.ROUTE53, Dns.DELEGATED} & {dns, leaving_dns}
    if domain.dns_role_arn and not written_by_role:
        report.add(
            f"{path}.dnsRoleArn",
            FieldError(
                "config-impossible-combination",
                f"a role is assumed for Route 53 zones only, but mtasts:dns is {dns}",
                "remove dnsRoleArn, or write mtasts:dns: route53",
            ),
            value=domain.dns_role_arn,
        )


def check_override(override: OverrideFields | None, path: str, report: Report) -> None:
    """What it repeats, and how long it stands, where it says from when on.

    Otherwise that is judged on the day (`mtasts.promotion.waivers`): no file knows what day it is.
    """
    if override is None:
        return
    check_repeated_items(override.waives, str, f"{path}.override.for", report)
    if override.begins is None:
        return
    latest = last_day(override.begins)
    if not override.begins <= override.expires <= latest:
        report.add(
            f"{path}.override.expires",
            FieldError(
                "config-out-of-range",
                f"an override stands for {OVERRIDE_DAYS} days at most, and this one is from "
                f"{override.begins} until {override.expires}",
                f"write a day from {override.begins} to {latest}",
                clause="docs/gates.md",
            ),
            value=str(override.expires),
        )


def check_repeated_items(
    value: object, parse: Callable[[object], object], path: str, report: Report
) -> None:
    """The same item twice in a list, in whatever spelling; other mistakes are reported already."""
    try:
        items = fields.listed(fields.from_json(value))
    except FieldError:
        return
    first: dict[object, int] = {}
    for index, item in enumerate(items):
        try:
            parsed = parse(item)
        except FieldError:
            continue
        if parsed in first:
            report.add(
                f"{path}[{index}]",
                FieldError(
                    "config-item-repeated",
                    f"{shown(item)} stands here a second time, after [{first[parsed]}]",
                    "keep one of the two",
                ),
                value=item,
            )
        first.setdefault(parsed, index)


def check_reports(
    raw: Mapping[str, object], entries: Iterable[Mapping[str, object]], report: Report
) -> None:
    """Every domain that receives mail needs somewhere for its TLS reports to go."""
    bare = [
        entry.get("name")
        for entry in entries
        if "tlsReports" not in entry and entry.get("mx") != []
    ]
    if bare and REPORTS not in raw:
        report.add(
            REPORTS,
            FieldError(
                "config-missing-key",
                f"no address for TLS reports: {shown(bare[0])} sets none of its own",
                "add mtasts:tlsReports: [mailto:tlsrpt@reports.example.gov]",
                clause="RFC 8460 section 3",
            ),
        )
