"""Places an inbox at the cloud that its config chooses; only that cloud's modules are imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from mtasts.cloud_catalogue import Dns
from mtasts.components.cloud_folder import InboxParts, components_of

if TYPE_CHECKING:
    from mtasts.cloud.of_inbox import InboxClouds
    from mtasts.components.mail_records import MailRecords
    from mtasts.run.inbox_survey import InboxSurvey
    from mtasts.zones import HostedZone


def place_inbox(
    clouds: InboxClouds, survey: InboxSurvey, opts: pulumi.ResourceOptions
) -> InboxParts:
    """Place the inbox; returns endpoint URL, bucket, and the records that others must publish."""
    config = clouds.config
    records = _records(survey.zone, config.dns)
    endpoint, bucket, own = components_of(config.hosting).inbox(clouds, survey, records, opts)
    return endpoint, bucket, own if config.dns is Dns.MANUAL else pulumi.Output.from_input([])


def _records(zone: HostedZone | None, dns: Dns) -> MailRecords | None:
    if zone is None or dns.cloud is None:
        return None
    return components_of(dns.cloud).mail_records(zone.zone_id)
