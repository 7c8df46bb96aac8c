"""Rules between the keys of one entry of ``mtasts:domains`` and those of its stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import DEFAULT_CLOUD, OWN_DNS, Dns, dns_of_zone
from mtasts.config.fields import FieldError, impossible, shown
from mtasts.config.mistakes import Mistake
from mtasts.config.stack_rules import KeyProblem
from mtasts.names import POLICY_LABEL, TLSRPT_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mtasts.config.report import Report
    from mtasts.config.schema import DomainFields
    from mtasts.config.stack_rules import StackKeys

# RFC 1035 section 2.3.4: 255 octets with length bytes, which are 253 characters without the last
# dot.
_NAME_MAX = 253


@dataclass(frozen=True, slots=True)
class DomainKeys:
    """The valid keys of one entry, and the keys of its stack."""

    read: DomainFields
    stack: StackKeys

    @property
    def delegation_zone(self) -> str | None:
        """The operator's zone."""
        return self.stack.read.delegation_zone


def check_domain(domain: DomainKeys, path: str, report: Report) -> None:
    """Report what each rule of `RULES` finds wrong, below ``path``."""
    for rule in RULES:
        for each in rule(domain):
            report.add(f"{path}.{each.key}", each.error, value=each.value)


def _common_name(domain: DomainKeys) -> Iterator[KeyProblem]:
    """The policy host must be short enough for a certificate."""
    name, row = domain.read.name, domain.stack.hosting.row
    longest = row.common_name_max
    if name and longest is not None and len(f"{POLICY_LABEL}.{name}") > longest:
        error = FieldError(
            Mistake.DOMAIN_TOO_LONG,
            f"{shown(name)} makes a policy host of more than {longest} characters, "
            f"for which {row.title} issues no certificate",
            f"use a domain of at most {longest - len(POLICY_LABEL) - 1} characters, or hosting "
            f"{row.moves_to}",
        )
        yield KeyProblem("name", error, name)


def _delegated_below_itself(domain: DomainKeys) -> Iterator[KeyProblem]:
    """The delegation zone must not be below the policy host, which becomes a CNAME."""
    name, zone = domain.read.name, domain.delegation_zone
    if zone and f".{zone}".endswith(f".mta-sts.{name}"):
        error = impossible(
            f"mtasts:delegationZone is {shown(zone)}, but mta-sts."
            f"{name} becomes a CNAME, which leads there",
            "write a name in a zone of the operator, outside of the domain",
            clause="RFC 1034 section 3.6.2",
        )
        yield KeyProblem("name", error, name)


def _names_in_the_delegation_zone(domain: DomainKeys) -> Iterator[KeyProblem]:
    """Names in the delegation zone must not be longer than DNS allows."""
    name, zone = domain.read.name, domain.delegation_zone
    if zone and name and len(f"{TLSRPT_LABEL}.{name}.{zone}") > _NAME_MAX:
        error = FieldError(
            Mistake.DOMAIN_TOO_LONG,
            f"{shown(name)} needs names of more than 253 characters in the operator's zone",
            "use a shorter mtasts:delegationZone",
            clause="RFC 1035 section 2.3.4",
        )
        yield KeyProblem("name", error, name)


def _zone(domain: DomainKeys) -> Iterator[KeyProblem]:
    """The zone (zoneId) must be one of the DNS provider, and mtasts must write to it."""
    zone_id, dns = domain.read.zone_id, domain.stack.dns
    if not zone_id:
        return
    if dns is Dns.MANUAL:
        error = impossible(
            "with dns manual, mtasts writes to no zone",
            f"remove zoneId, or write mtasts:dns: {' or '.join(OWN_DNS)}",
        )
        yield KeyProblem("zoneId", error, zone_id)
    elif dns_of_zone(zone_id) is not (cloud := dns.cloud or DEFAULT_CLOUD).row.dns:
        wanted = cloud.row.zones
        error = FieldError(
            Mistake.ZONE_ID_INVALID,
            f"{shown(zone_id)} is no {wanted} zone, but mtasts:dns is {dns}",
            f"write the id that the zone has at {wanted}",
        )
        yield KeyProblem("zoneId", error, zone_id)


def _retirement(domain: DomainKeys) -> Iterator[KeyProblem]:
    """A parked domain has nothing to retire."""
    if domain.read.retire and domain.read.mx == []:
        error = impossible(
            "a parked domain (mx: []) has no policy to retire",
            "list its mx until it is retired, or remove retire",
            clause="RFC 8461 section 8.3",
        )
        yield KeyProblem("retire", error)


def _emergency(domain: DomainKeys) -> Iterator[KeyProblem]:
    """An emergency serves mode ``testing``."""
    if domain.read.emergency and (domain.read.retire or domain.read.mx == []):
        error = impossible(
            "an emergency publishes mode testing, but a retiring domain publishes mode none and a "
            "parked domain publishes nothing",
            "remove emergency; or, until the emergency is over, remove retire and list its mx",
        )
        yield KeyProblem("emergency", error, str(domain.read.emergency))


def _role(domain: DomainKeys) -> Iterator[KeyProblem]:
    """A role (dnsRoleArn) is for Route 53 only."""
    stack = domain.stack
    written_by_role = {Dns.ROUTE53, Dns.DELEGATED} & {stack.dns, stack.read.leaving_dns}
    if domain.read.dns_role_arn and not written_by_role:
        error = impossible(
            f"mtasts assumes a role only for Route 53 zones, but mtasts:dns is {stack.dns}",
            "remove dnsRoleArn, or write mtasts:dns: route53",
        )
        yield KeyProblem("dnsRoleArn", error, domain.read.dns_role_arn)


RULES: tuple[Callable[[DomainKeys], Iterator[KeyProblem]], ...] = (
    _common_name,
    _delegated_below_itself,
    _names_in_the_delegation_zone,
    _zone,
    _retirement,
    _emergency,
    _role,
)
