"""Places an inbox at the cloud that its config chooses; only that cloud's modules are imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from mtasts.cloud.aws.receipt_rules import ActiveRules
from mtasts.cloud.aws.receiver import mail_host
from mtasts.config import Dns

if TYPE_CHECKING:
    from mtasts.cloud.cloudflare.email_routing import EmailRouting
    from mtasts.cloud.of_inbox import InboxClouds
    from mtasts.components.mail_records import MailRecords
    from mtasts.run.inbox_survey import InboxSurvey
    from mtasts.zones import HostedZone

Parts = tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[list[str]]]


def place_inbox(clouds: InboxClouds, survey: InboxSurvey, opts: pulumi.ResourceOptions) -> Parts:
    """Place the inbox; returns endpoint URL, bucket, and the records that others must publish."""
    receiving = survey.receiving
    if isinstance(receiving, ActiveRules):
        return _at_aws(clouds, survey, receiving, opts)
    return _at_cloudflare(clouds, survey, receiving, opts)


def _at_aws(
    clouds: InboxClouds, survey: InboxSurvey, rules: ActiveRules, opts: pulumi.ResourceOptions
) -> Parts:
    from mtasts.components.aws.inbox import AwsInbox  # half a second

    config, region = clouds.config, clouds.require_aws().settings.region
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


def _at_cloudflare(
    clouds: InboxClouds, survey: InboxSurvey, routing: EmailRouting, opts: pulumi.ResourceOptions
) -> Parts:
    from mtasts.components.cloudflare.inbox import CloudflareInbox  # 2.5 seconds

    config = clouds.config
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
