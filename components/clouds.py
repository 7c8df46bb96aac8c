"""Chooses the components of the clouds that a stack uses, and imports no others.

The import of a cloud's package takes a tenth of a second at AWS, half a second at Cloudflare.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import Dns
from mtasts.cloud_catalogue import Hosting as Cloud
from mtasts.components.cloud_folder import SharedOptions, components_of

if TYPE_CHECKING:
    from mtasts.cloud.of_stack import Clouds
    from mtasts.components.belonging import Belonging
    from mtasts.components.hosting import Hosting, Zones
    from mtasts.components.mail_domain import Former
    from mtasts.probe.dns import Resolver


async def start_provider(clouds: Clouds) -> None:
    """Have the engine start the providers of the stack now, as far as they can be started."""
    await asyncio.gather(*(components_of(each).start_provider() for each in clouds.accounts))


def load_components(clouds: Clouds) -> None:
    """Import the modules that the stack needs, in one thread.

    Raises:
        MissingExtraError: the stack is at a cloud whose extra is not installed.
    """
    for each in clouds.accounts:
        components_of(each).load()


async def place_hosting(clouds: Clouds, shared: SharedOptions) -> Hosting:
    """The cloud that serves the policies; the resources that all domains share are placed.

    Raises:
        MtaStsError: the cloud's account could not be found out, or is the wrong one; nothing is
            placed.
    """
    config = clouds.config
    if config.leaving is config.hosting and not config.hosting.row.unprotects_first:
        other = SharedOptions(shared.belonging, protect=False, keep=shared.keep)
        await components_of(config.hosting.other).ledgers(clouds, other)
    return await components_of(config.hosting).hosting(clouds, shared)


async def place_former(clouds: Clouds, belonging: Belonging, *, keep: bool) -> Former:
    """Former cloud and zone of moving domains, kept unprotected until cached DNS expires.

    Raises:
        MtaStsError: the former cloud's account could not be found out, or is the wrong one.
    """
    config = clouds.config
    hosting: Hosting | None = None
    if config.leaving is not None and config.leaving is not config.hosting:
        shared = SharedOptions(belonging, protect=False, keep=keep)
        hosting = await components_of(config.leaving).hosting(clouds, shared)
    former = None if config.leaving_dns is None else config.leaving_dns.cloud
    zones = None if former is None else components_of(former).zones(clouds, belonging)
    return {"hosting": hosting, "zones": zones}


def place_zones(
    clouds: Clouds, belonging: Belonging, hosting: Hosting, resolver: Resolver
) -> Zones:
    """The zones of the domains; ``resolver`` looks up records that somebody else publishes.

    Raises:
        TypeError: ``hosting`` has no bucket at AWS; the config is refused before that (`CloudRow`).
    """
    dns = clouds.config.dns
    if dns.cloud is not None:
        return components_of(dns.cloud).zones(clouds, belonging)
    from mtasts.components.aws.hosting import AwsHosting  # late: takes 0.1 s

    if not isinstance(hosting, AwsHosting):
        raise TypeError(f"with dns {dns} records are handed out through a bucket at AWS")
    if dns is Dns.MANUAL:
        from mtasts.components.manual.zone import ManualZones  # as above

        return ManualZones(hosting.bucket, resolver)
    from mtasts.components.delegated.zone import DelegatedZones  # as above

    operators = components_of(Cloud.AWS).zones(clouds, belonging)
    return DelegatedZones(operators, hosting.bucket, resolver)
