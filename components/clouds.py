"""The components of whichever cloud a stack uses, imported only then: one costs 2.5 seconds."""

from __future__ import annotations

import asyncio
import contextlib
from importlib.metadata import version
from typing import TYPE_CHECKING

import pulumi

from mtasts.cloud.cloudflare import CloudflareError
from mtasts.config import Dns
from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from components.aws.hosting import AwsHosting
    from components.hosting import Hosting, Zones
    from mtasts.clouds import Clouds


async def start_provider(clouds: Clouds) -> None:
    """Have the engine start its aws provider now: otherwise it does so at the first resource.

    The function asked for makes no call to the account. A failure is not reported here: the first
    resource meets it again, and the engine reports it there.
    """
    if clouds.aws is None:
        return
    options = pulumi.InvokeOptions(version=version("pulumi-aws"))
    with contextlib.suppress(Exception):
        await pulumi.runtime.invoke_async("aws:index/getRegion:getRegion", {}, options)


def load_components(clouds: Clouds) -> None:
    """Import what the stack needs, in one thread: pulumi_aws's lazy modules bear no more."""
    if clouds.aws is not None:
        from components.aws import hosting, zones  # noqa: F401, PLC0415 - half a second

        hosting.load_resources()
    if clouds.cloudflare is not None:
        from components.cloudflare import hosting as _  # noqa: F401, PLC0415 - 2.5 seconds


async def place_hosting(clouds: Clouds, account_id: str, *, protect: bool, keep: bool) -> Hosting:
    """The cloud that serves the policies, with what all domains of the stack share.

    ``protect`` it while senders may rely on any of its policies; ``keep`` the ledger, even when the
    stack is destroyed, once any of them has been enforced.
    """
    config = clouds.config
    if clouds.hosts_on_aws:
        return _on_aws(clouds, account_id, protect=protect, keep=keep)
    from components.cloudflare.hosting import CloudflareHosting  # noqa: PLC0415 - as above

    account = clouds.require_cloudflare()
    try:
        workers_dev = await asyncio.to_thread(account.workers_dev)
    except CloudflareError as error:
        raise UndeterminedError(str(error)) from error
    return CloudflareHosting(
        account,
        workers_dev=workers_dev,
        cache_seconds=config.cache_seconds,
        settle_seconds=config.settle_seconds,
    )


async def place_former(clouds: Clouds, *, keep: bool) -> Hosting | None:
    """The cloud that hosting moves away from, unprotected; None where it does not move.

    Until resolvers have let go of its address it serves the same policies.
    """
    if clouds.hosts_on_aws or clouds.config.leaving is None:
        return None
    account_id = await asyncio.to_thread(clouds.require_aws().require_allowed)
    return _on_aws(clouds, account_id, protect=False, keep=keep)


def _on_aws(clouds: Clouds, account_id: str, *, protect: bool, keep: bool) -> AwsHosting:
    from components.aws.hosting import AwsHosting  # noqa: PLC0415 - as above

    return AwsHosting(
        clouds.require_aws(),
        bucket=clouds.aws_bucket(account_id),
        account_id=account_id,
        cache_seconds=clouds.config.cache_seconds,
        alarm_topic=clouds.config.alarm_topic,
        protect=protect,
        keep=keep,
    )


def place_zones(clouds: Clouds, hosting: Hosting) -> Zones:
    """Whoever answers for the domains; what is handed out lies in the bucket of ``hosting``."""
    if clouds.config.dns is Dns.CLOUDFLARE:
        from components.cloudflare.zone import CloudflareZones  # noqa: PLC0415 - as above

        return CloudflareZones()
    from components.aws.hosting import AwsHosting  # noqa: PLC0415 - as above
    from components.aws.zones import Route53Zones  # noqa: PLC0415 - as above

    own = Route53Zones(clouds.require_aws().settings)
    if clouds.config.dns is Dns.ROUTE53 or not isinstance(hosting, AwsHosting):
        return own
    if clouds.config.dns is Dns.MANUAL:
        from components.manual.zone import ManualZones  # noqa: PLC0415 - as above

        return ManualZones(hosting.bucket)
    from components.delegated.zone import DelegatedZones  # noqa: PLC0415 - as above

    return DelegatedZones(own, hosting.bucket)
