"""What surrounds an inbox, looked up before anything is placed: account, rules, zone and MX."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.cloud.aws.receipt_rules import active_rules
from mtasts.errors import UndeterminedError, UsageError
from mtasts.threads import in_thread
from mtasts.zones import choose_zone, delegation_problem

if TYPE_CHECKING:
    from mtasts.cloud.aws.receipt_rules import ActiveRules
    from mtasts.cloud.of_inbox import InboxClouds
    from mtasts.probe.dns import Resolver
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class InboxSurvey:
    """What was found out; ``zone`` is None with dns manual."""

    account_id: str
    rules: ActiveRules
    zone: HostedZone | None
    warnings: tuple[str, ...]

    @property
    def after(self) -> str | None:
        """The name of the last rule of the active set; None if it has none."""
        return self.rules.rules[-1].name if self.rules.rules else None


def mail_host(region: str) -> str:
    """The MX host of SES in a region (SES developer guide, "Publishing an MX record")."""
    return f"inbound-smtp.{region}.amazonaws.com"


async def survey_inbox(clouds: InboxClouds, resolver: Resolver) -> InboxSurvey:
    """Look at the account, the receipt rules, the zone and the mail of the inbox's name.

    Raises:
        UsageError: no receipt rule set is active, or the name receives mail elsewhere.
        ZoneError: no zone of the account holds the name.
        WrongAccountError: the credentials are another account's.
        UndeterminedError: one of them could not be found out.
    """
    config = clouds.config
    account_id = await in_thread(clouds.aws.require_allowed)
    rules, zone, mail = await asyncio.gather(
        in_thread(active_rules, clouds.aws),
        _zone(clouds, resolver),
        resolver.lookup(config.address.domain, "MX"),
    )
    if not mail.settled:
        raise UndeterminedError(f"the MX records of {config.address.domain}: {mail.reason}")
    _require_no_other_mail(clouds, {host for _, host in mail.exchanges})
    return InboxSurvey(account_id, rules, zone, tuple(_warnings(clouds, rules)))


def _require_no_other_mail(clouds: InboxClouds, hosts: set[str]) -> None:
    """Refuse a name that receives mail elsewhere, which an MX record of ours would take away."""
    address = clouds.config.address
    elsewhere = sorted(each for each in hosts if not _is_ours(each, clouds))
    if not elsewhere:
        return
    found = f"receives its mail at {', '.join(elsewhere)}"
    if elsewhere == ["."]:
        found = "has a null MX record, by which it receives no mail (RFC 7505)"
    raise UsageError(
        f"{address.domain} {found}: an inbox has a name of its own, such as "
        f"{address.local}@tlsrpt.{address.domain}"
    )


async def _zone(clouds: InboxClouds, resolver: Resolver) -> HostedZone | None:
    """The zone that holds the inbox's name, which DNS must lead to."""
    zones, config = clouds.zones, clouds.config
    if zones is None:
        return None
    listed = await in_thread(zones.list, None)
    chosen = choose_zone(listed, config.address.domain, config.zone_id)
    zone = await in_thread(zones.complete, None, chosen)
    seen = await resolver.delegation(zone.name)
    if not seen.settled:
        raise UndeterminedError(f"the delegation of {zone.name}: {seen.reason}")
    if problem := delegation_problem(zone, seen.values):
        raise UsageError(problem)
    return zone


def _is_ours(host: str, clouds: InboxClouds) -> bool:
    """Whether a mail host is that of the inbox's cloud."""
    return host == mail_host(clouds.aws.settings.region)


def _warnings(clouds: InboxClouds, rules: ActiveRules) -> list[str]:
    """What keeps mail from the inbox's rule."""
    address = clouds.config.address
    found = rules.shadowing(clouds.slug, address)
    if found is None:
        return []
    return [
        (
            f"mail for {address} does not reach the inbox: the rule {found.name} of the active set "
            f"{rules.name} applies first, takes this address too, and stops there. Change its "
            "recipients, or remove its stop action"
        )
    ]
