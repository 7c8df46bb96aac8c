"""What exists in a local cloud before mtasts is used: zones and mail records, for stack files.

A real agency has its zones and MX records already. Here they are made in Route 53 and at Cloudflare
for the domains of the stack files.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import yaml
from botocore.config import Config

from mtasts.cloud_catalogue import Dns
from mtasts.config import Hosting
from mtasts.config.inbox import INBOX, is_inbox
from mtasts.config.reading import DOMAINS
from mtasts.findings import printable
from mtasts.localcloud import moto_host
from mtasts.localcloud.aws.inbound import REGIONS
from mtasts.localcloud.cloud import REGION
from mtasts.localcloud.cloudflare.account import Record
from mtasts.localcloud.cloudflare.email_names import enable
from mtasts.localcloud.mail_records import DKIM, DMARC, SPF
from mtasts.names import DomainNameError, parse_domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mypy_boto3_route53 import Route53Client

    from mtasts.localcloud.cloudflare.account import Account

logger = logging.getLogger(__name__)

_FILE_MAX_BYTES = 1_000_000
_DOMAINS_MAX = 1000
_TTL_SECONDS = 300
_RULE_SET = "default-rule-set"  # the name that SES's console gives the first rule set


@dataclass(frozen=True, slots=True)
class MailDomain:
    """A domain and its MX hosts; without hosts it is parked and has a null MX (RFC 7505).

    A domain with hosts has SPF and DMARC records as well, and a DKIM key for each of ``selectors``.
    Its zone is at Route 53, or with ``cloudflare`` at Cloudflare.
    """

    name: str
    mx: tuple[str, ...]
    selectors: tuple[str, ...] = ()
    cloudflare: bool = False


@dataclass(frozen=True, slots=True)
class InboxDomain:
    """The name of an inbox for TLS reports: it has a zone, but no MX records yet.

    The zone is at the provider ``dns``; with ``manual`` there is none. If its mail is ``routed``,
    Cloudflare's Email Routing has the name; else SES has an active receipt rule set in ``region``.
    """

    name: str
    dns: Dns = Dns.ROUTE53
    routed: bool = False
    region: str = REGION


# A domain that no stack file names, for `mtasts init`; ARRIVAL is the one with a Cloudflare zone.
NEWCOMER = MailDomain("newcomer.example", ("mx1.newcomer.example", "mx2.newcomer.example"))
# The domain of the programs in `examples/`.
EXAMPLE = MailDomain("my-agency.example", ("mx1.mail.example", "mx2.mail.example"))
ARRIVAL = MailDomain("arrival.example", ("mx1.arrival.example",), cloudflare=True)
# Mail servers that no MX record names yet, so that one can be added.
SPARE_HOSTS = ("mail3.example.gov", "mail3.bureau.example")


@dataclass(frozen=True, slots=True)
class World:
    """The mail domains and the inboxes of a local cloud, each once."""

    domains: tuple[MailDomain, ...]
    inboxes: tuple[InboxDomain, ...] = ()

    @classmethod
    def from_stacks(cls, folder: Path | None) -> World:
        """The domains of the stack files in ``folder``, and three domains that no stack file names.

        A file with mistakes is skipped with a warning in the log; ``mtasts lint`` reports them.
        """
        found = {each.name: each for each in (NEWCOMER, ARRIVAL, EXAMPLE)}
        inboxes: dict[str, InboxDomain] = {}
        for path in sorted(folder.glob("Pulumi.*.yaml")) if folder else ():
            for each in _read(path):
                if isinstance(each, InboxDomain):
                    inboxes.setdefault(each.name, each)
                else:
                    found.setdefault(each.name, each)
        if len(found) > _DOMAINS_MAX:
            logger.warning("only %d of %d domains are set up", _DOMAINS_MAX, len(found))
        return cls(tuple(found.values())[:_DOMAINS_MAX], tuple(inboxes.values())[:_DOMAINS_MAX])

    @property
    def mail_hosts(self) -> tuple[str, ...]:
        """Every MX host that gets a mail server."""
        hosts = {host for domain in self.domains for host in domain.mx}
        return tuple(sorted(hosts.union(SPARE_HOSTS)))

    def at(self, *, cloudflare: bool) -> World:
        """The domains and inboxes with a zone at Cloudflare, or those with a zone at Route 53."""
        dns = Dns.CLOUDFLARE if cloudflare else Dns.ROUTE53
        return World(
            tuple(each for each in self.domains if each.cloudflare is cloudflare),
            tuple(each for each in self.inboxes if each.dns is dns),
        )

    @property
    def zones(self) -> tuple[str, ...]:
        """The names that get a zone: those that are not below another one."""
        names = {each.name for each in self.domains} | {each.name for each in self.inboxes}
        return tuple(sorted(name for name in names if not names.intersection(_parents(name))))


def _parents(name: str) -> Iterator[str]:
    while name := name.partition(".")[2]:
        yield name


def _read(path: Path) -> Iterator[MailDomain | InboxDomain]:
    try:
        with path.open("rb") as file:
            config = yaml.safe_load(file.read(_FILE_MAX_BYTES))["config"]
        if is_inbox(config):
            yield _inbox(config[INBOX], str(config.get("aws:region", REGION)))
            return
        cloudflare = config.get("mtasts:dns") == "cloudflare"
        for item in config[DOMAINS]:
            mx = item.get("mx") or []
            named = [host for host in mx if not host.startswith("*.")]
            if named or not mx:
                hosts = tuple(parse_domain(host) for host in named)
                selectors = tuple(map(str, item.get("dkimSelectors") or ()))
                name = parse_domain(item["name"])
                yield MailDomain(name, hosts, selectors, cloudflare)
    except (
        OSError,
        yaml.YAMLError,
        DomainNameError,
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
        RecursionError,
    ) as error:
        reason = printable(" ".join(str(error).split()))
        logger.warning("%s: %s: %s", path.name, type(error).__name__, reason)


def _inbox(below: dict[str, Any], region: str) -> InboxDomain:
    """The inbox that the value of ``mtasts:inbox`` describes.

    Raises:
        DomainNameError, KeyError, ValueError: the value describes none.
    """
    name = parse_domain(str(below["address"]).rpartition("@")[2])
    routed = below.get("hosting") == Hosting.CLOUDFLARE
    dns = Dns.CLOUDFLARE if routed else Dns(below.get("dns", Dns.ROUTE53))
    return InboxDomain(name, dns, routed, region)


def seed(world: World, aws_url: str) -> None:
    """Make missing zones and records in Route 53, and SES receipt rule sets.

    What exists is not changed.

    Raises:
        botocore.exceptions.ClientError: moto refused a call.
    """
    session, direct = moto_host.session(), Config(proxies={})
    for region in REGIONS & {each.region for each in world.inboxes if not each.routed}:
        _activate_rules(session.client("ses", region, endpoint_url=aws_url, config=direct))
    world = world.at(cloudflare=False)
    route53 = session.client("route53", endpoint_url=aws_url, config=direct)
    zones = dict(_zones(route53))
    for name in world.zones:
        if name not in zones:
            created = route53.create_hosted_zone(Name=name, CallerReference=f"world/{name}")
            zones[name] = created["HostedZone"]["Id"]
    inside: dict[str, list[MailDomain]] = defaultdict(list)
    for domain in world.domains:
        closest = next(name for name in (domain.name, *_parents(domain.name)) if name in zones)
        inside[zones[closest]].append(domain)
    for zone, domains in inside.items():
        _seed_zone(route53, zone, domains)


def _activate_rules(ses: Any) -> None:  # no stubs are installed for SES
    """Make and activate a receipt rule set, if the region has none at all."""
    if not ses.list_receipt_rule_sets()["RuleSets"]:
        ses.create_receipt_rule_set(RuleSetName=_RULE_SET)
        ses.set_active_receipt_rule_set(RuleSetName=_RULE_SET)


def seed_cloudflare(world: World, account: Account) -> None:
    """Make missing zones and records in the Cloudflare account, and turn on Email Routing."""
    here = world.at(cloudflare=True)
    for name in here.zones:
        account.add_zone(name)
    for domain in here.domains:
        zone = next(each for each in account.zones.values() if each.holds(domain.name))
        present = {(each.name, each.type) for each in zone.records.values()}
        for (name, type_), values in _records(domain).items():
            for value in () if (name, type_) in present else values:
                account.add_record(zone, _row(name, type_, value))
    for inbox in here.inboxes:
        zone = next(each for each in account.zones.values() if each.holds(inbox.name))
        if inbox.routed:
            enable(zone, inbox.name)


def _row(name: str, type_: str, value: str) -> Record:
    """A Cloudflare record for a value in presentation form."""
    id_, priority = uuid.uuid4().hex, None
    if type_ == "MX":
        number, _, value = value.partition(" ")
        priority, value = int(number), value.rstrip(".") or "."
    return Record(id_, name, type_, value, _TTL_SECONDS, priority=priority)


def _zones(route53: Route53Client) -> Iterator[tuple[str, str]]:
    for page in route53.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            if not zone.get("Config", {}).get("PrivateZone"):
                yield zone["Name"].rstrip("."), zone["Id"]


def _seed_zone(route53: Route53Client, zone: str, domains: Iterable[MailDomain]) -> None:
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    present = {
        (found["Name"].rstrip("."), str(found["Type"]))
        for page in pages
        for found in page["ResourceRecordSets"]
    }
    wanted = {key: values for domain in domains for key, values in _records(domain).items()}
    missing = {key: values for key, values in wanted.items() if key not in present}
    if missing:
        route53.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={
                "Changes": [
                    {
                        "Action": "UPSERT",
                        "ResourceRecordSet": {
                            "Name": name,
                            "Type": cast("Any", type_),
                            "TTL": _TTL_SECONDS,
                            "ResourceRecords": [{"Value": value} for value in values],
                        },
                    }
                    for (name, type_), values in missing.items()
                ]
            },
        )


def _records(domain: MailDomain) -> dict[tuple[str, str], list[str]]:
    """The records of a domain, by owner name and type: values in presentation form."""
    found = {(domain.name, "MX"): _mx(domain)}
    if domain.mx:
        found[domain.name, "TXT"] = [f'"{SPF}"']
        found[f"_dmarc.{domain.name}", "TXT"] = [f'"{DMARC}"']
    for selector in domain.selectors:
        found[f"{selector}._domainkey.{domain.name}", "TXT"] = [f'"{DKIM}"']
    return found


def _mx(domain: MailDomain) -> list[str]:
    if not domain.mx:
        return ["0 ."]
    return [
        f"{preference} {host}." for preference, host in zip(count(10, 10), domain.mx, strict=False)
    ]
