"""Email Routing as an inbox reads it: whether it has the name, what the name needs, its rules."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from fake_cloudflare import BASE_URL, FakeCloudflare

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.cloud.cloudflare.email_routing import EmailRouting, email_routing, is_mail_host
from mtasts.cloud.cloudflare.receiver import RoutingReceiver
from mtasts.config.hosts import Mailbox
from mtasts.errors import UndeterminedError, UsageError
from mtasts.zones import HostedZone

ZONE = HostedZone("z1", "example.gov")
DOMAIN = "reports.example.gov"
ADDRESS = Mailbox("TLSRPT", DOMAIN)
OWN = "mtasts-inbox"
PATH = "/zones/z1/email/routing"
HOSTS = ("route1.mx.cloudflare.net", "route2.mx.cloudflare.net")
NEEDED = [
    *({"type": "MX", "name": DOMAIN, "content": f"{host}.", "priority": 1} for host in HOSTS),
    {"type": "TXT", "name": DOMAIN, "content": "v=spf1 include:_spf.mx.cloudflare.net ~all"},
]
ON: dict[str, Any] = {"enabled": False, "subdomains": [{"name": DOMAIN, "enabled": True}]}


def rule(name: str = "theirs", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "enabled": True,
        "matchers": [{"type": "literal", "field": "to", "value": f"tlsrpt@{DOMAIN}"}],
        "actions": [{"type": "forward", "value": ["someone@example.com"]}],
        **more,
    }


OURS = rule("ours", actions=[{"type": "worker", "value": [OWN]}])


def look(
    settings: Any = ON,
    rules: list[Any] | None = None,
    needed: Any = NEEDED,
    hosts: tuple[str, ...] = HOSTS,
    address: Mailbox = ADDRESS,
) -> EmailRouting:
    answers = {PATH: settings, f"{PATH}/dns": needed, f"{PATH}/rules": rules or []}
    return RoutingReceiver(FakeCloudflare(answers)).look(OWN, address, ZONE, hosts)


@pytest.mark.parametrize(
    "needed",
    [
        NEEDED,
        {"record": NEEDED, "errors": []},
        {"records": NEEDED, "errors": None},
        {"errors": [{"code": "mx.missing", "missing": each} for each in NEEDED]},
        {"record": NEEDED[:1], "errors": [{"code": "mx.missing", "missing": NEEDED[1]}]},
    ],
)
def test_a_name_that_it_has_takes_an_inbox(needed: Any) -> None:
    found = look(needed=needed)
    assert (found.zone_id, found.workers_dev, found.missing) == ("z1", "ours.workers.dev", ())
    assert found.warnings(OWN, ADDRESS) == ()


def test_a_subdomain_is_asked_for_by_its_name_and_the_zone_by_none() -> None:
    for address, query in ((ADDRESS, {"subdomain": DOMAIN}), (Mailbox("r", ZONE.name), {})):
        account = FakeCloudflare(
            {PATH: {**ON, "enabled": True}, f"{PATH}/dns": NEEDED, f"{PATH}/rules": []}
        )
        email_routing(account, OWN, address, ZONE, HOSTS)
        assert ("GET", f"{PATH}/dns", query) in account.asked


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        pytest.param({"enabled": True, "subdomains": []}, ADDRESS, id="the zone's own name alone"),
        pytest.param(
            {"enabled": True, "subdomains": [{"name": DOMAIN, "enabled": False}]},
            ADDRESS,
            id="switched off",
        ),
        pytest.param(ON, Mailbox("r", f"x.{DOMAIN}"), id="another name"),
        pytest.param(ON, Mailbox("r", ZONE.name), id="a subdomain alone"),
    ],
)
def test_a_name_that_it_does_not_have_is_asked_for(settings: Any, address: Mailbox) -> None:
    with pytest.raises(UsageError) as refused:
        look(settings, address=address)
    said = str(refused.value)
    assert f"Email Routing is not on for {address.domain}" in said
    (line,) = [each.strip() for each in said.splitlines() if "curl" in each]
    words = shlex.split(line)
    is_apex = address.domain == ZONE.name
    assert words[:5] == [
        "curl",
        "-sS",
        "-X",
        "POST",
        f"{BASE_URL}{PATH}/{'enable' if is_apex else 'dns'}",
    ]
    # Without a name Cloudflare would switch on the zone's own.
    assert json.loads(words[-1]) == ({} if is_apex else {"name": address.domain})
    assert (f"Do not add {ZONE.name} itself" in said) is not is_apex


@pytest.mark.parametrize(("hosts", "has"), [(HOSTS, True), ((), False)])
def test_where_the_api_names_no_subdomains_the_mx_records_decide(
    hosts: tuple[str, ...], *, has: bool
) -> None:
    if has:
        assert look({"enabled": True}, hosts=hosts).missing == ()
        return
    with pytest.raises(UsageError, match="is not on for"):
        look({"enabled": True}, hosts=hosts)


def test_mx_records_that_dns_does_not_show_are_told() -> None:
    (said,) = look(hosts=HOSTS[:1]).warnings(OWN, ADDRESS)
    assert f"no MX record of it for {HOSTS[1]}" in said


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(rule(), id="forwards"),
        pytest.param(rule(actions=[{"type": "drop"}]), id="drops"),
        pytest.param(rule(actions=[{"type": "worker", "value": ["other"]}]), id="another Worker"),
        pytest.param(rule(enabled=False), id="switched off"),
    ],
)
def test_another_rule_of_the_address_is_not_displaced(other: dict[str, Any]) -> None:
    for rules in ([other], [other, OURS]):
        with pytest.raises(UsageError, match=r"has the address TLSRPT@reports\.example\.gov \("):
            look(rules=rules)


def test_a_rule_of_ours_that_somebody_switched_off_is_told() -> None:
    (said,) = look(rules=[{**OURS, "enabled": False}]).warnings(OWN, ADDRESS)
    assert "its rule of Email Routing is switched off" in said


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param(OURS, id="ours"),
        pytest.param(rule(matchers=[{"type": "all"}]), id="the catch-all"),
        pytest.param(
            rule(matchers=[{"type": "literal", "field": "to", "value": f"x@{DOMAIN}"}]),
            id="another address",
        ),
    ],
)
def test_a_rule_that_takes_no_mail_from_us_is_no_obstacle(harmless: dict[str, Any]) -> None:
    assert look(rules=[harmless]).warnings(OWN, ADDRESS) == ()


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({PATH: CloudflareError("refused", status=403)}, id="refused"),
        pytest.param({PATH: None}, id="no settings"),
        pytest.param({PATH: {}, f"{PATH}/dns": NEEDED}, id="no word of it"),
        pytest.param({PATH: {"enabled": True}, f"{PATH}/dns": {}}, id="no records"),
        pytest.param(
            {PATH: {"enabled": True}, f"{PATH}/dns": NEEDED, f"{PATH}/rules": [{}]}, id="no rule"
        ),
    ],
)
def test_what_cloudflare_does_not_tell_is_not_known(broken: dict[str, Any]) -> None:
    with pytest.raises(UndeterminedError, match=r"Email Routing of the zone example\.gov"):
        email_routing(FakeCloudflare(broken), OWN, Mailbox("r", ZONE.name), ZONE, HOSTS)


def test_whose_mail_hosts_are_cloudflare_s() -> None:
    assert is_mail_host("route1.mx.cloudflare.net")
    assert not is_mail_host("mx.cloudflare.net.example")


def test_an_inbox_at_cloudflare_has_a_zone_there() -> None:
    receiver = RoutingReceiver(FakeCloudflare({}))
    with pytest.raises(UsageError, match="is in no zone at Cloudflare"):
        receiver.look(OWN, ADDRESS, None, HOSTS)
    assert receiver.bucket(receiver.identify(), "inbox") == "mtasts-inbox"
