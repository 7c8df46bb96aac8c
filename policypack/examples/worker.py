"""A policy host at Cloudflare, as plain resources."""

from __future__ import annotations

import json

import parts
import pulumi
import pulumi_cloudflare as cloudflare


def worker(domain: str, least: str) -> None:
    """A Worker with the policy in its source, and its zone's minimum TLS version."""
    account, zone = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
    cloudflare.ZoneSetting(
        f"{domain}-minimum", zone_id=zone, setting_id="min_tls_version", value=least
    )
    text = json.dumps(parts.policy(domain))
    script = cloudflare.WorkersScript(
        f"{domain}-script",
        account_id=account,
        script_name=domain.replace(".", "-"),
        main_module="worker.js",
        content=f"export default {{ fetch: () => new Response({text}) }};",
    )
    cloudflare.WorkersCustomDomain(
        f"{domain}-name",
        account_id=account,
        zone_id=zone,
        hostname=f"mta-sts.{domain}",
        service=script.script_name,
    )
    for owner, content, waits_for in (
        (f"_smtp._tls.{domain}", "v=TLSRPTv1; rua=mailto:tls@reports.example;", []),
        (f"_mta-sts.{domain}", "v=STSv1; id=20260101;", [script]),
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
