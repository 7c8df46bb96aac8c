"""``policy-mx-uncovered``: a bad and a good example."""

from __future__ import annotations

import parts
import pulumi_aws as aws

DOMAIN = "policy-mx-uncovered.example"


def bad() -> None:
    """The backup MX is not in the policy."""
    parts.whole(DOMAIN)
    mx("mail", "backup")


def good() -> None:
    """Every MX is in the policy."""
    parts.whole(DOMAIN)
    mx("mail")


def mx(*hosts: str) -> None:
    """The MX records of the domain."""
    aws.route53.Record(
        f"{DOMAIN}-mx",
        zone_id=parts.ZONE,
        name=DOMAIN,
        type="MX",
        ttl=3600,
        records=[f"{10 + at} {host}.{DOMAIN}" for at, host in enumerate(hosts)],
    )
