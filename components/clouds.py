"""Chooses the components of the clouds that a stack uses, and imports no others.

The import of pulumi_cloudflare takes 2.5 seconds.
"""

from __future__ import annotations

import contextlib
from importlib.metadata import version
from typing import TYPE_CHECKING

import pulumi

from mtasts.config import Dns
from mtasts.errors import UndeterminedError
from mtasts.extras import require
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from mtasts.cloud.of_stack import Clouds
    from mtasts.components.aws.hosting import AwsHosting
    from mtasts.components.belonging import Belonging
    from mtasts.components.cloudflare.hosting import CloudflareHosting
    from mtasts.components.hosting import Hosting, Zones
    from mtasts.components.mail_domain import Former
    from mtasts.probe.dns import Resolver


async def start_provider(clouds: Clouds) -> None:
    """Make the engine start its aws provider now, and not only at the first resource.

    The invoked function, ``getRegion``, makes no call to the account. A failure is not reported
    here: the first resource fails in the same way, and the engine reports that.
    """
    if clouds.aws is None:
        return
    options = pulumi.InvokeOptions(version=version("pulumi-aws"))
    with contextlib.suppress(Exception):
        await pulumi.runtime.invoke_async("aws:index/getRegion:getRegion", {}, options)


def load_components(clouds: Clouds) -> None:
    """Import the modules that the stack needs, in one thread.

    The lazy modules of pulumi_aws cannot be loaded by several threads at once.

    Raises:
        MissingExtraError: the stack is at Cloudflare, and that extra is not installed.
    """
    if clouds.aws is not None:
        from mtasts.components.aws import hosting, zones  # noqa: F401 - half a second

        hosting.load_resources()
    if clouds.cloudflare is not None:
        require("cloudflare")
        from mtasts.components.cloudflare import hosting as _  # noqa: F401 - 2.5 seconds


async def place_hosting(
    clouds: Clouds, belonging: Belonging, account_id: str, *, protect: bool, keep: bool
) -> Hosting:
    """The cloud that serves the policies; the resources that all domains share are placed.

    ``belonging`` is the parent of the shared resources. ``protect`` them while senders may rely on
    a policy of the stack. ``keep`` the ledger when the stack is destroyed, once a policy of the
    stack has been enforced.

    Raises:
        MtaStsError: the cloud's account could not be found out, or is the wrong one; nothing is
            placed.
    """
    if clouds.hosts_on_aws:
        return _on_aws(clouds, belonging, account_id, protect=protect, keep=keep)
    if clouds.config.leaving is clouds.config.hosting:  # the bucket that the ledgers are copied to
        _on_aws(clouds, belonging, await _aws_account(clouds), protect=False, keep=keep)
    return await _on_cloudflare(clouds)


async def place_former(clouds: Clouds, belonging: Belonging, *, keep: bool) -> Former:
    """Former cloud and zone of moving domains, kept unprotected until cached DNS expires.

    Raises:
        MtaStsError: the former cloud's account could not be found out, or is the wrong one.
    """
    config = clouds.config
    hosting: Hosting | None = None
    if config.leaving not in (None, config.hosting):
        if clouds.hosts_on_aws:
            hosting = await _on_cloudflare(clouds)
        else:
            hosting = _on_aws(
                clouds, belonging, await _aws_account(clouds), protect=False, keep=keep
            )
    zones = (
        None if config.leaving_dns is None else _own_zones(clouds, belonging, config.leaving_dns)
    )
    return {"hosting": hosting, "zones": zones}


async def _aws_account(clouds: Clouds) -> str:
    return await in_thread(clouds.require_aws().require_allowed)


async def _on_cloudflare(clouds: Clouds) -> CloudflareHosting:
    """The account of the stack at Cloudflare, as a host.

    Raises:
        UndeterminedError: Cloudflare refused or did not answer; nothing is placed.
    """
    from mtasts.cloud.cloudflare.account import CloudflareError
    from mtasts.components.cloudflare.hosting import CloudflareHosting  # as above

    account = clouds.require_cloudflare()
    try:
        workers_dev = await in_thread(account.workers_dev)
    except CloudflareError as error:
        raise UndeterminedError(str(error)) from error
    return CloudflareHosting(
        account,
        workers_dev=workers_dev,
        cache_seconds=clouds.config.cache_seconds,
        settle_seconds=clouds.config.settle_seconds,
    )


def _on_aws(
    clouds: Clouds, belonging: Belonging, account_id: str, *, protect: bool, keep: bool
) -> AwsHosting:
    from mtasts.components.aws.hosting import AwsHosting  # as above

    return AwsHosting(
        clouds.require_aws(),
        bucket=clouds.aws_bucket(account_id),
        account_id=account_id,
        cache_seconds=clouds.config.cache_seconds,
        alarm_topic=clouds.config.alarm_topic,
        protect=protect,
        keep=keep,
        belonging=belonging,
    )


def place_zones(
    clouds: Clouds, belonging: Belonging, hosting: Hosting, resolver: Resolver
) -> Zones:
    """The zones of the domains.

    With ``mtasts:dns`` delegated or manual, the records that somebody else must publish are handed
    out in the bucket of ``hosting``; ``resolver`` looks up whether they are published.
    """
    from mtasts.components.aws.hosting import AwsHosting  # as above

    dns = clouds.config.dns
    if dns in (Dns.ROUTE53, Dns.CLOUDFLARE) or not isinstance(hosting, AwsHosting):
        return _own_zones(clouds, belonging, dns)
    if dns is Dns.MANUAL:
        from mtasts.components.manual.zone import ManualZones  # as above

        return ManualZones(hosting.bucket, resolver)
    from mtasts.components.delegated.zone import DelegatedZones  # as above

    return DelegatedZones(_own_zones(clouds, belonging, Dns.ROUTE53), hosting.bucket, resolver)


def _own_zones(clouds: Clouds, belonging: Belonging, dns: Dns) -> Zones:
    """The zones of one account, in which mtasts writes the records itself."""
    if dns is Dns.CLOUDFLARE:
        from mtasts.components.cloudflare.zone import CloudflareZones  # as above

        return CloudflareZones(clouds.require_cloudflare())
    from mtasts.components.aws.zones import Route53Zones  # as above

    return Route53Zones(clouds.require_aws().settings, belonging)
