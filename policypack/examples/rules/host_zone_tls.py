"""``host-zone-tls``: a bad and a good example."""

from __future__ import annotations

import json

import parts
import pulumi
import pulumi_cloudflare as cloudflare

DOMAIN = "host-zone-tls.example"


def bad() -> None:
    """The whole zone refuses TLS 1.2."""
    worker("1.3")


def good() -> None:
    """The zone takes TLS 1.2 and 1.3."""
    worker("1.2")


def worker(least: str) -> None:
    """A Worker with the policy in its source, and its zone's minimum TLS version."""
    account, zone = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
    cloudflare.ZoneSetting(
        f"{DOMAIN}-minimum", zone_id=zone, setting_id="min_tls_version", value=least
    )
    text = json.dumps(parts.policy(DOMAIN))
    script = cloudflare.WorkersScript(
        f"{DOMAIN}-script",
        account_id=account,
        script_name="mta-sts",
        main_module="worker.js",
        content=f"export default {{ fetch: () => new Response({text}) }};",
    )
    cloudflare.WorkersCustomDomain(
        f"{DOMAIN}-name",
        account_id=account,
        zone_id=zone,
        hostname=f"mta-sts.{DOMAIN}",
        service=script.script_name,
    )
    for owner, content, waits_for in (
        (f"_smtp._tls.{DOMAIN}", "v=TLSRPTv1; rua=mailto:tls@reports.example;", []),
        (f"_mta-sts.{DOMAIN}", "v=STSv1; id=20260101;", [script]),
    ):
        cloudflare.DnsRecord(
            owner,
            zone_id=zone,
            name=owner,
            type="TXT",
            ttl=300,
            content=f'"{content}"',
            opts=pulumi.ResourceOptions(depends_on=waits_for),
        )
