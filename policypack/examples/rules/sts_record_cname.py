"""``sts-record-cname``: a bad and a good example."""

from __future__ import annotations

import parts
import pulumi_aws as aws

DOMAIN = "sts-record-cname.example"


def bad() -> None:
    """A CNAME to another party's record; that party does not serve this domain's policy."""
    aws.route53.Record(
        f"{DOMAIN}-sts",
        zone_id=parts.ZONE,
        name=f"_mta-sts.{DOMAIN}",
        type="CNAME",
        ttl=300,
        records=["_mta-sts.provider.example"],
    )


def good() -> None:
    """A record of one's own, for a policy of one's own."""
    parts.whole(DOMAIN)
