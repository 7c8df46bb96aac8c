"""The components of AWS, as `mtasts.components.cloud_folder` describes those of a cloud."""

from __future__ import annotations

import contextlib
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

import pulumi

from mtasts.components.cloud_folder import ComponentFolder
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from mtasts.cloud.aws.receipt_rules import ActiveRules
    from mtasts.cloud.of_inbox import InboxClouds
    from mtasts.cloud.of_stack import Clouds
    from mtasts.components.aws.hosting import AwsHosting
    from mtasts.components.aws.zones import Route53Zones
    from mtasts.components.belonging import Belonging
    from mtasts.components.cloud_folder import InboxParts, SharedOptions
    from mtasts.components.mail_records import MailRecords
    from mtasts.run.inbox_survey import InboxSurvey


def _load() -> None:
    """Load the lazy modules of pulumi_aws, which several threads cannot load at once."""
    from mtasts.components.aws import hosting, zones  # noqa: F401 - late: takes 0.5 s

    hosting.load_resources()


async def _start_provider() -> None:
    """Make the engine start its aws provider now, before the first resource.

    The invoked function, ``getRegion``, makes no call to the account. A failure is not reported
    here: the first resource fails in the same way, and the engine reports that.
    """
    options = pulumi.InvokeOptions(version=version("pulumi-aws"))
    with contextlib.suppress(Exception):
        await pulumi.runtime.invoke_async("aws:index/getRegion:getRegion", {}, options)


async def _hosting(clouds: Clouds, shared: SharedOptions) -> AwsHosting:
    from mtasts.components.aws.hosting import AwsHosting  # as above

    account = clouds.require_aws()
    account_id = shared.account_id or await in_thread(account.require_allowed)
    return AwsHosting(
        account,
        bucket=clouds.aws_bucket(account_id),
        account_id=account_id,
        cache_seconds=clouds.config.cache_seconds,
        alarm_topic=clouds.config.alarm_topic,
        protect=shared.protect,
        keep=shared.keep,
        belonging=shared.belonging,
    )


async def _ledgers(clouds: Clouds, shared: SharedOptions) -> None:
    """The bucket that the ledgers are copied to."""
    await _hosting(clouds, shared)


def _zones(clouds: Clouds, belonging: Belonging) -> Route53Zones:
    from mtasts.components.aws.zones import Route53Zones  # as above

    return Route53Zones(clouds.require_aws().settings, belonging)


def _inbox(
    clouds: InboxClouds,
    survey: InboxSurvey,
    zone: MailRecords | None,
    opts: pulumi.ResourceOptions,
) -> InboxParts:
    from mtasts.cloud.aws.receiver import mail_host
    from mtasts.components.aws.inbox import AwsInbox  # late: takes 0.5 s

    config, region = clouds.config, clouds.require_aws().settings.region
    rules = cast("ActiveRules", survey.receiving)
    made = AwsInbox(
        f"{clouds.name}-inbox",
        {
            "address": str(config.address),
            "domain": config.address.domain,
            "bucket": clouds.bucket(survey.account_id),
            "slug": clouds.slug,
            "account_id": survey.account_id,
            "region": region,
            "rule_set": rules.name,
            "after": rules.last,
            "keep_days": config.keep_days,
            "at_once": config.at_once,
            "zone": zone,
            "mail_host": mail_host(region),
        },
        opts,
    )
    return made.endpoint, made.bucket, made.records


def _mail_records(zone_id: str) -> MailRecords:
    from mtasts.components.aws.mail_records import Route53Records  # as above

    return Route53Records(zone_id)


FOLDER = ComponentFolder(
    load=_load,
    start_provider=_start_provider,
    hosting=_hosting,
    ledgers=_ledgers,
    zones=_zones,
    inbox=_inbox,
    mail_records=_mail_records,
)
