"""Reads the Email Routing of a zone from Cloudflare's API; nothing is changed.

Why no stack owns it: docs/decisions/0014-email-routing-is-never-owned.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.config.hosts import Mailbox
    from mtasts.zones import HostedZone

_MAIL_HOSTS = ".mx.cloudflare.net"


def is_mail_host(host: str) -> bool:
    """Whether ``host`` is an MX host of Email Routing, such as ``route1.mx.cloudflare.net``."""
    return host.endswith(_MAIL_HOSTS)


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """One rule: the addresses that it matches, and the Workers that get their mail.

    The catch-all rule matches what no other rule does, so it has no addresses.
    """

    name: str
    addresses: frozenset[str]
    workers: frozenset[str]
    enabled: bool


@dataclass(frozen=True, slots=True)
class EmailRouting:
    """Email Routing of the zone ``zone_id``, for one name of the zone.

    ``workers_dev`` is the account's name at workers.dev. ``missing`` are the MX hosts that the name
    needs and that its MX records in DNS do not name yet.
    """

    zone_id: str
    workers_dev: str
    rules: tuple[RoutingRule, ...]
    missing: tuple[str, ...]

    def others(self, own: str, address: Mailbox) -> tuple[RoutingRule, ...]:
        """The rules for ``address`` that do not lead to the Worker ``own``."""
        wanted = str(address).lower()
        found = (each for each in self.rules if wanted in each.addresses)
        return tuple(each for each in found if own not in each.workers)

    def warnings(self, own: str, address: Mailbox) -> tuple[str, ...]:
        """Warnings about what keeps mail for ``address`` from the Worker ``own``."""
        found = []
        if any(own in each.workers and not each.enabled for each in self.rules):
            found.append(
                f"no mail for {address} arrives: its rule of Email Routing is switched off. "
                "Switch it on: pulumi up --refresh -s STACK"
            )
        if self.missing:
            found.append(
                f"no mail for {address} arrives yet: Email Routing is on for {address.domain}, but "
                f"DNS has no MX record of it for {', '.join(self.missing)}. Wait until resolvers "
                "have the records. If they are not in the zone after an hour, add them in the "
                "dashboard: Email Routing, Settings, DNS records"
            )
        return tuple(found)


def email_routing(
    account: CloudflareAccount,
    own: str,
    address: Mailbox,
    zone: HostedZone,
    mail_hosts: Collection[str],
) -> EmailRouting:
    """Email Routing for ``address``; ``mail_hosts`` are the MX hosts of its name in DNS. Blocks.

    Raises:
        UsageError: Email Routing is not on for the name, or another rule has the address. The
            text says what to do.
        CloudflareError: the account has no workers.dev name.
        UndeterminedError: Cloudflare refused or did not answer.
    """
    path = f"/zones/{zone.zone_id}/email/routing"
    is_apex = address.domain == zone.name
    query = {} if is_apex else {"subdomain": address.domain}
    try:
        settings = account.get(path)
        if not (settings["enabled"] is True if is_apex else _has(settings, address, mail_hosts)):
            raise UsageError(_how_to_add(account, address, zone, is_apex=is_apex))
        needed = _mx_hosts(account.get(f"{path}/dns", **query))
        rules = tuple(_rule(each) for each in account.pages(f"{path}/rules"))
    except (CloudflareError, KeyError, TypeError, AttributeError) as error:
        raise UndeterminedError(f"Email Routing of the zone {zone.name}: {error}") from error
    missing = tuple(sorted(needed.difference(mail_hosts)))
    found = EmailRouting(zone.zone_id, account.workers_dev(), rules, missing)
    if others := found.others(own, address):
        raise UsageError(_taken(others, address))
    return found


def _has(settings: Mapping[str, Any], address: Mailbox, mail_hosts: Collection[str]) -> bool:
    """Whether Email Routing is on for a name below the zone's.

    The API's answer lists the subdomains, although its reference does not mention them. The
    acceptance tests of Cloudflare's Terraform provider read them (2026-11). If an answer has no
    such list, the MX records decide: Email Routing adds and locks them for each of its names.
    """
    rows = settings.get("subdomains")
    if rows is None:
        return bool(mail_hosts)
    return any(each["name"] == address.domain and each["enabled"] is True for each in rows)


def _how_to_add(
    account: CloudflareAccount, address: Mailbox, zone: HostedZone, *, is_apex: bool
) -> str:
    """The text that says how to turn Email Routing on for a name."""
    name, base = address.domain, f"{account.settings.base_url}/zones/{zone.zone_id}/email/routing"
    # Cloudflare's own command line calls the first URL (wrangler email routing enable, 2026).
    url, body = (f"{base}/enable", {}) if is_apex else (f"{base}/dns", {"name": name})
    authorized = '-H "Authorization: Bearer $CLOUDFLARE_API_TOKEN"'
    typed = f"-H 'Content-Type: application/json' --data '{json.dumps(body)}'"
    call = f"curl -sS -X POST '{url}' {authorized} {typed}"
    where = "or in the dashboard under Email Service, Email Routing"
    why = (
        f"Email Routing is not on for {name}, so Cloudflare receives no mail for it. mtasts never "
        "turns Email Routing on or off: it belongs to the zone, and other mail depends on it."
    )
    careful = (
        f"Do not add {zone.name} itself if it receives mail at other hosts: its MX records would "
        "be replaced. If Cloudflare requires that, use hosting: aws, or a zone for the inbox alone."
    )
    add = f"Add {name}, once. By the API, with a token that has Zone Settings Write:"
    again = "Then: pulumi up -s STACK"
    if is_apex:
        rest = [f"{where}, Onboard Domain.", again]
    else:
        rest = [f"{where}, {zone.name}, Settings, Subdomains.", careful, again]
    return "\n  ".join([why, add, call, *rest])


def _taken(others: tuple[RoutingRule, ...], address: Mailbox) -> str:
    names = ", ".join(printable(each.name) or "without a name" for each in others)
    return (
        f"another rule of Email Routing has the address {address} ({names}), and Cloudflare allows "
        "one rule for an address: delete that rule, or give the inbox another address"
    )


def _mx_hosts(found: list[Any] | Mapping[str, Any]) -> set[str]:
    """The MX hosts that a name needs, from a list of records, or from present and missing ones.

    Cloudflare's reference has the key ``record`` for the present ones; ``records`` is read as well.
    """
    if isinstance(found, list):
        rows = found
    else:
        rows = list(found.get("record") or found.get("records") or ())
        rows += [each["missing"] for each in found.get("errors") or ()]
    hosts = {str(each["content"]).rstrip(".").lower() for each in rows if each["type"] == "MX"}
    if not hosts:
        raise KeyError("no MX record in what the name needs")
    return hosts


def _rule(row: Mapping[str, Any]) -> RoutingRule:
    literal = [each for each in row["matchers"] if each["type"] == "literal"]
    handed = [each for each in row["actions"] if each["type"] == "worker"]
    return RoutingRule(
        str(row.get("name") or ""),
        frozenset(str(each["value"]).lower() for each in literal),
        frozenset(str(name) for each in handed for name in each["value"]),
        bool(row["enabled"]),
    )
