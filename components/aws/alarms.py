"""CloudWatch alarms on a certificate that is not renewed and on a distribution with errors."""

from __future__ import annotations

from typing import TypedDict

import pulumi
from pulumi_aws import cloudwatch

from mtasts.cloud.naming import alarm_name

# CloudFront has its metrics in this region, and ACM those of certificates for CloudFront.
_REGION = "us-east-1"
_DAY_SECONDS = 86_400
# ACM renews a certificate 45 days before its end at the latest. So if fewer days than these remain,
# the renewal is stuck, and there is still time to remove the cause.
EXPIRY_DAYS = 30
# A policy is a small static file, so errors should not occur; each one fails a sender's fetch.
ERROR_PERCENT = 1
_ERROR_SECONDS = 300
_ERROR_PERIODS = 3


class AlarmsArgs(TypedDict):
    """The watched resources, and the SNS topic; topic and alarms are in us-east-1.

    The name of the stack's ``bucket`` makes the alarm names unique.
    """

    bucket: str
    domain: str
    topic: str
    certificate_arn: pulumi.Input[str]
    distribution_id: pulumi.Input[str]


class Alarms(pulumi.ComponentResource):
    """The alarms of one policy host; each publishes to the topic when it begins and ends."""

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place both alarms."""
        super().__init__("mtasts:index:Alarms", name, {}, opts)
        bucket, domain, topics = args["bucket"], args["domain"], [args["topic"]]
        cloudwatch.MetricAlarm(
            f"{name}-expiry",
            # A fixed name: after a lost state the next run overwrites the alarm.
            name=alarm_name(bucket, domain, "expiry"),
            alarm_description=f"The certificate of mta-sts.{domain} has not been renewed: see "
            "whether its validation record and CAA still let ACM issue (mtasts check).",
            namespace="AWS/CertificateManager",
            metric_name="DaysToExpiry",
            dimensions={"CertificateArn": args["certificate_arn"]},
            statistic="Minimum",
            period=_DAY_SECONDS,
            evaluation_periods=1,
            comparison_operator="LessThanThreshold",
            threshold=EXPIRY_DAYS,
            # ACM sends no metric in the first day, and none after the certificate has expired.
            treat_missing_data="ignore",
            alarm_actions=topics,
            ok_actions=topics,
            region=_REGION,
            tags={"mtasts:domain": domain},
            opts=pulumi.ResourceOptions(parent=self),
        )
        cloudwatch.MetricAlarm(
            f"{name}-errors",
            name=alarm_name(bucket, domain, "errors"),
            alarm_description=f"CloudFront fails to serve the policy of {domain}: see the bucket's "
            "policy and the object (mtasts check, pulumi refresh).",
            namespace="AWS/CloudFront",
            metric_name="5xxErrorRate",
            dimensions={"DistributionId": args["distribution_id"], "Region": "Global"},
            statistic="Average",
            period=_ERROR_SECONDS,
            evaluation_periods=_ERROR_PERIODS,
            comparison_operator="GreaterThanThreshold",
            threshold=ERROR_PERCENT,
            treat_missing_data="notBreaching",  # there were no requests
            alarm_actions=topics,
            ok_actions=topics,
            region=_REGION,
            tags={"mtasts:domain": domain},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
