"""``host-redirect``: a bad and a good example."""

from __future__ import annotations

import pulumi_cloudflare as cloudflare

DOMAIN = "host-redirect.example"


def bad() -> None:
    """All hosts of the zone lead to its website, the policy host as well."""
    redirect(f'http.host in {{"{DOMAIN}" "mta-sts.{DOMAIN}"}}')


def good() -> None:
    """The policy host is left out."""
    redirect(f'http.host eq "{DOMAIN}"')


def redirect(expression: str) -> None:
    """A rule that redirects where the expression is true."""
    to_website: cloudflare.RulesetRuleArgsDict = {
        "action": "redirect",
        "expression": expression,
        "action_parameters": {
            "from_value": {"status_code": 301, "target_url": {"value": f"https://www.{DOMAIN}/"}}
        },
    }
    cloudflare.Ruleset(
        f"{DOMAIN}-redirects",
        zone_id="fedcba9876543210fedcba9876543210",
        name="redirects",
        kind="zone",
        phase="http_request_dynamic_redirect",
        rules=[to_website],
    )
