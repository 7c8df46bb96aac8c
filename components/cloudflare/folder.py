"""Cloudflare's components, as `mtasts.components.cloud_folder` describes those of a cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pulumi

from mtasts.components.cloud_folder import ComponentFolder
from mtasts.errors import UndeterminedError
from mtasts.extras import require
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from mtasts.cloud.cloudflare.email_routing import EmailRouting
    from mtasts.cloud.of_inbox import InboxClouds
    from mtasts.cloud.of_stack import Clouds
    from mtasts.components.belonging import Belonging
    from mtasts.components.cloud_folder import InboxParts, SharedOptions
    from mtasts.components.cloudflare.hosting import CloudflareHosting
    from mtasts.components.cloudflare.zone import CloudflareZones
    from mtasts.components.mail_records import MailRecords
    from mtasts.run.inbox_survey import InboxSurvey


def _load() -> None:
    """Import what a stack needs.

    Raises:
        MissingExtraError: the extra is not installed.
    """
    require("cloudflare")
    from mtasts.components.cloudflare import hosting  # late: takes 0.5 s

    hosting.load_resources()


async def _start_provider() -> None:
    """No-op: to start the provider, one of its functions would have to call the account."""


async def _hosting(clouds: Clouds, shared: SharedOptions) -> CloudflareHosting:
    """The account of the stack, in which policy hosts are placed.

    Raises:
        UndeterminedError: Cloudflare refused or did not answer; nothing is placed.
    """
    del shared  # the domains share no resource at Cloudflare
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


async def _ledgers(_clouds: Clouds, _shared: SharedOptions) -> None:
    """No-op: the bucket is no resource of the stack (`mtasts.cloud.cloudflare.ledger_store`)."""


def _zones(clouds: Clouds, belonging: Belonging) -> CloudflareZones:
    from mtasts.components.cloudflare.zone import CloudflareZones  # as above

    del belonging
    return CloudflareZones(clouds.require_cloudflare())


def _inbox(
    clouds: InboxClouds,
    survey: InboxSurvey,
    zone: MailRecords | None,
    opts: pulumi.ResourceOptions,
) -> InboxParts:
    from mtasts.components.cloudflare.inbox import CloudflareInbox  # as above

    del zone  # Email Routing makes the inbox's records
    config, routing = clouds.config, cast("EmailRouting", survey.receiving)
    made = CloudflareInbox(
        f"{clouds.name}-inbox",
        {
            "address": str(config.address),
            "bucket": clouds.bucket(survey.account_id),
            "slug": clouds.slug,
            "account_id": survey.account_id,
            "zone_id": routing.zone_id,
            "workers_dev": routing.workers_dev,
            "keep_days": config.keep_days,
            "per_minute": config.per_minute,
        },
        opts,
    )
    return made.endpoint, made.bucket, pulumi.Output.from_input([])


def _mail_records(zone_id: str) -> MailRecords:
    from mtasts.components.cloudflare.mail_records import CloudflareRecords  # as above

    return CloudflareRecords(zone_id)


FOLDER = ComponentFolder(
    load=_load,
    start_provider=_start_provider,
    hosting=_hosting,
    ledgers=_ledgers,
    zones=_zones,
    inbox=_inbox,
    mail_records=_mail_records,
)
