"""The inbox of whichever cloud its config chooses; a cloud's components are imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from mtasts.cloud.aws.receiver import mail_host
from mtasts.config import Dns

if TYPE_CHECKING:
    from mtasts.cloud.of_inbox import InboxClouds
    from mtasts.components.mail_records import MailRecords
    from mtasts.run.inbox_survey import InboxSurvey
    from mtasts.zones import HostedZone

Parts = tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[list[str]]]


def place_inbox(clouds: InboxClouds, survey: InboxSurvey, opts: pulumi.ResourceOptions) -> Parts:
    """The URL of the endpoint, the bucket, and the records that somebody else has to publish."""
    config = clouds.config
    from mtasts.components.aws.inbox import AwsInbox  # half a second

    rules, region = survey.receiving, clouds.aws.settings.region
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
            "zone": _records(survey.zone, config.dns),
            "mail_host": mail_host(region),
        },
        opts,
    )
    return made.endpoint, made.bucket, _handed_out(made.records, config.dns)


def _records(zone: HostedZone | None, dns: Dns) -> MailRecords | None:
    if zone is None:
        return None
    if dns is Dns.CLOUDFLARE:
        from mtasts.components.cloudflare.mail_records import CloudflareRecords  # 2.5 seconds

        return CloudflareRecords(zone.zone_id)
    from mtasts.components.aws.mail_records import Route53Records  # as above

    return Route53Records(zone.zone_id)


def _handed_out(records: pulumi.Output[list[str]], dns: Dns) -> pulumi.Output[list[str]]:
    return records if dns is Dns.MANUAL else pulumi.Output.from_input([])
