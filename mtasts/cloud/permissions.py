"""The account, bucket and zones in a stack's permissions: from options, config or the account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import OWN_DNS, dns_of_zone
from mtasts.config import Dns, Hosting
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable
from mtasts.iam.policies import ANY_ZONE, Placeholders, policies, statements_of
from mtasts.iam.statements import Command, Need
from mtasts.iam.token import permissions_of, token_needs, token_policies
from mtasts.render.permissions import Permissions, Token
from mtasts.zones import choose_zone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.cloud.of_stack import Clouds
    from mtasts.config import DomainConfig
    from mtasts.zones import HostedZone

_ROLE = re.compile(r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}")


class Granting:
    """Finds the values for the permissions of one stack. Every method blocks."""

    def __init__(
        self,
        clouds: Clouds,
        *,
        account: str | None,
        zone_ids: Iterable[str],
        topic: str | None,
    ) -> None:
        """Use the account, the zones and the topic that the options give.

        A zone is ``ID`` or, in the account of a dnsRoleArn, ``ROLE=ID``; ``*`` is any zone.

        Raises:
            UsageError: one of ``zone_ids`` is no zone id.
        """
        self._clouds = clouds
        self._account = account
        self._topic = topic
        self._given: dict[str, list[str]] = {}
        for each in zone_ids:
            role, zone = _read_zone(each)
            self._given.setdefault(role, []).append(zone)
        self._assumed: list[str] = []
        self._listed: dict[tuple[Dns, str | None], tuple[HostedZone, ...]] = {}

    def permissions(self, command: Command) -> Permissions:
        """The permissions that ``command`` needs.

        Raises:
            UsageError: a value is missing; the text names the option that gives it.
            ZoneError: no zone of the account can have a domain's records.
            UndeterminedError: the account or its zones could not be looked up.
        """
        clouds = self._clouds
        placeholders = self._placeholders(command) if Hosting.AWS in clouds.accounts else None
        token = self._token(command) if Hosting.CLOUDFLARE in clouds.accounts else None
        return Permissions(
            clouds.stack,
            command,
            policies(command, placeholders) if placeholders else (),
            statements_of(command, set(Need)) if placeholders else (),
            token,
            tuple(self._assumed),
        )

    def _placeholders(self, command: Command) -> Placeholders:
        config, settings = self._clouds.config, self._clouds.require_aws().settings
        account = self._account or self._account_of_config()
        zones, roles = self._route53(command)
        wanted = {
            Need.ZONES: bool(zones),
            Need.ROLE: bool(roles),
            Need.HANDED_OUT: config.dns not in OWN_DNS,
            Need.ALARMS: config.alarm_topic is not None,
            Need.TOPIC: self._topic is not None,
        }
        return Placeholders(
            stack=self._clouds.stack,
            account=account,
            region=settings.region,
            bucket=self._clouds.aws_bucket(account),
            zones=zones,
            roles=roles,
            topic=self._topic or "",
            alarm_topic=config.alarm_topic or "",
            needs=frozenset(need for need, is_wanted in wanted.items() if is_wanted),
        )

    def _account_of_config(self) -> str:
        """The id of the AWS account.

        Raises:
            UndeterminedError: AWS did not say to which account the credentials belong; the text
                names the option.
        """
        account = self._clouds.require_aws()
        if len(account.settings.allowed_accounts) == 1:
            return account.settings.allowed_accounts[0]
        try:
            found = account.require_allowed()
        except UndeterminedError as error:
            raise UndeterminedError(f"{error}: give --account ID") from error
        self._assumed.append(f"the account is that of the present credentials, {found}")
        return found

    def _route53(self, command: Command) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
        """The zone ids of the stack's own account, and by role those of other accounts."""
        config = self._clouds.config
        is_used = {Dns.ROUTE53, Dns.DELEGATED} & {config.dns, config.leaving_dns}
        if not is_used or command is Command.CHECK:
            return (), {}
        roles = dict.fromkeys(each.dns_role_arn or "" for each in config.domains if not each.parked)
        found: dict[str, tuple[str, ...]] = {}
        for role in roles:
            given = [
                each
                for each in self._given.get(role, ())
                if dns_of_zone(each) is not Dns.CLOUDFLARE
            ]
            found[role] = _distinct(given or self._zones_of(Dns.ROUTE53, role or None))
        return found.pop("", ()), found

    def _zones_of(self, dns: Dns, role: str | None) -> Iterable[str]:
        for domain in self._clouds.config.domains:
            if not domain.parked and (domain.dns_role_arn == role or dns is Dns.CLOUDFLARE):
                yield self._zone_of(dns, role, domain)

    def _zone_of(self, dns: Dns, role: str | None, domain: DomainConfig) -> str:
        """The id of the zone that a domain is in.

        Raises:
            UndeterminedError: the cloud refused or did not answer; the text names the option.
            ZoneError: no zone, or several, fit.
        """
        config = self._clouds.config
        is_here = config.dns is dns or (dns is Dns.ROUTE53 and config.dns is Dns.DELEGATED)
        if domain.zone_id is not None and is_here:
            return domain.zone_id
        name = domain.delegation_zone if config.dns is Dns.DELEGATED else domain.name
        try:
            zones = self._list(dns, role)
        except UndeterminedError as error:
            where = f"{role}=ID" if role else "ID"
            raise UndeterminedError(
                f"the zone of {domain.name}: {error}: give --zone-id {where}, or * for any zone "
                "of that account"
            ) from error
        zone = choose_zone(zones, name or domain.name).zone_id
        self._assumed.append(f"{domain.name} is in the zone {zone}, which the account has listed")
        return zone

    def _list(self, dns: Dns, role: str | None) -> tuple[HostedZone, ...]:
        if (dns, role) not in self._listed:
            self._listed[dns, role] = self._clouds.zones_at(dns).list(role)
        return self._listed[dns, role]

    def _token(self, command: Command) -> Token:
        config = self._clouds.config
        account = self._clouds.require_cloudflare().settings.account_id
        zones: tuple[str, ...] = ()
        if Dns.CLOUDFLARE in (config.dns, config.leaving_dns) and command is not Command.CHECK:
            given = [
                each for each in self._given.get("", ()) if dns_of_zone(each) is not Dns.ROUTE53
            ]
            zones = _distinct(given or self._zones_of(Dns.CLOUDFLARE, None))
        rows = permissions_of(command, token_needs(config))
        return Token(
            f"mtasts-{self._clouds.stack}-{command}-token",
            account,
            rows,
            token_policies(rows, account, zones),
        )


def _distinct(zones: Iterable[str]) -> tuple[str, ...]:
    """Each zone once; ``*`` (any zone) replaces all others."""
    found = tuple(dict.fromkeys(zones))
    return (ANY_ZONE,) if ANY_ZONE in found else found


def _read_zone(text: str) -> tuple[str, str]:
    """The role, or an empty text, and the zone of one ``--zone-id``.

    Raises:
        UsageError: it is no zone id; the text says how it is written.
    """
    role, separator, zone = text.rpartition("=")
    is_zone = zone == ANY_ZONE or dns_of_zone(zone) is not None
    if not is_zone or (separator and not _ROLE.fullmatch(role)):
        raise UsageError(
            f"--zone-id {printable(text)}: write the id alone (Z0123456789ABCDEFGHIJ, 32 hex "
            "digits at Cloudflare, or * for any zone), for a dnsRoleArn ROLE=ID"
        )
    return role, zone
