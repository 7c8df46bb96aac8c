"""What stands in a new domain's way, judged from values.

TLS 1.2 stays possible (RFC 8461 section 7.2).
"""

from __future__ import annotations

import pytest

from mtasts.config import DomainConfig
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode
from mtasts.rollout.preflight import quota_note, second_records, taken_names, zone_notes

REPORTS = "mailto:tlsrpt@reports.example"
DOMAIN = DomainConfig(
    "example.gov", (MxPattern("mx.example.gov"),), Mode.TESTING, 604_800, 300, (REPORTS,)
)
NONE = DnsAnswer("x", "TXT", DnsStatus.NXDOMAIN)
FAILED = DnsAnswer("x", "TXT", DnsStatus.FAILED, reason="SERVFAIL")


def txt(*texts: str) -> DnsAnswer:
    strings = tuple((each.encode(),) for each in texts)
    return DnsAnswer("x", "TXT", DnsStatus.ANSWERED, strings=strings)


@pytest.mark.parametrize(
    ("sts", "tlsrpt", "says"),
    [
        (NONE, NONE, []),
        (None, None, []),
        (txt("v=spf1 -all"), txt("v=spf1 -all"), []),
        (NONE, txt(f"v=TLSRPTv1; rua={REPORTS};"), []),
        (txt("v=STSv1; id=1;"), NONE, ["has an STS record that this stack did not"]),
        (NONE, txt("v=TLSRPTv1; rua=mailto:a@b.example"), ["reports go to mailto:a@b.example"]),
        (NONE, txt("v=TLSRPTv1; rua=ftp:x"), ["reports go to nobody"]),
        (FAILED, NONE, ["has an STS record already: SERVFAIL"]),
        (NONE, FAILED, ["has a TLS-RPT record already: SERVFAIL"]),
        (txt("v=STSv1; id=1;"), FAILED, ["STS record that", "TLS-RPT record already"]),
    ],
)
def test_a_record_that_would_become_a_second_one_is_found(
    sts: DnsAnswer | None, tlsrpt: DnsAnswer | None, says: list[str]
) -> None:
    found = list(second_records(DOMAIN, sts, tlsrpt))
    assert len(found) == len(says)
    assert all(part in str(text) for part, text in zip(says, found, strict=True))


@pytest.mark.parametrize(
    ("count", "new", "near"), [(0, 1, False), (448, 1, False), (449, 1, True), (600, 1, True)]
)
def test_a_quota_is_told_of_before_it_is_reached(count: int, new: int, *, near: bool) -> None:
    found = quota_note("distributions", count, new, 500)
    assert bool(found) is near
    assert found is None or f"{count + new} distributions" in found.text


def test_a_limit_that_is_the_accounts_own_is_told_as_such() -> None:
    assert "quota is 500 by default:" in str(quota_note("x", 500, 1, 500))
    assert "quota is 500:" in str(quota_note("x", 500, 1, 500, is_own=True))


FINE = {
    "min_tls_version": "1.2",
    "security_level": "high",
    "browser_check": "off",
    "fight_mode": False,
    "sbfm_definitely_automated": "allow",
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, None),
        ({"min_tls_version": "1.3"}, "Minimum TLS Version to 1.2"),
        ({"security_level": "under_attack"}, "Essentially Off"),
        ({"browser_check": "on"}, "Browser Integrity Check"),
        ({"fight_mode": True}, "Bot Fight Mode"),
        ({"rules": [{"action": "block", "expression": "cf.bot"}]}, "the custom rule 'cf.bot'"),
        ({"rules": [{"action": "js_challenge", "description": "all"}]}, "the custom rule 'all'"),
        (
            {"rules": [{"action": "block", "expression": 'http.host eq "mta-sts.example.gov"'}]},
            "does not apply to mta-sts.*",
        ),
        ({"rules": [{"action": "block", "expression": 'http.host eq "www.example.gov"'}]}, None),
        ({"rules": [{"action": "block", "expression": "x", "enabled": False}]}, None),
        ({"rules": [{"action": "skip", "expression": "x"}, "no rule"]}, None),
        ({"rules": "none"}, None),
        ({"sbfm_definitely_automated": "block"}, "definitely automated"),
        ({"sbfm_likely_automated": "managed_challenge"}, "likely automated"),
        (
            {"redirects": [{"action": "redirect", "description": "to www"}]},
            "redirect rule 'to www'",
        ),
        ({"redirects": [{"action": "redirect", "expression": 'http.host eq "a.gov"'}]}, None),
        ({"unread": {"bot settings": "no right"}}, "whether its bot settings would block"),
        ({"unread": "none"}, None),
    ],
)
def test_settings_that_would_hit_the_host_are_told_with_the_change(
    changes: dict[str, object], says: str | None
) -> None:
    found = list(zone_notes("example.gov", FINE | changes))
    assert len(found) == (says is not None)
    assert says is None or (says in str(found[0]) and "zone example.gov" in found[0].text)


@pytest.mark.parametrize(
    ("expression", "is_told"),
    [
        ('http.host eq "www.example.gov"', False),
        ('(http.host eq "www.example.gov")', False),
        ('(http.host == "www.example.gov" and ip.src.country ne "US")', False),
        ('http.host eq "www.example.gov" and http.user_agent contains "a or not b"', False),
        ('http.host eq "mta-sts.example.gov"', True),
        ('http.host eq "MTA-STS.sub.example.gov"', True),
        ('http.host contains "mta-sts"', True),
        ('http.host ne "www.example.gov"', True),
        ('ends_with(http.host, ".example.gov")', True),
        ('(http.host eq "www.example.gov") or (ip.src.country ne "US")', True),
        ('http.host eq "www.example.gov" || true', True),
        ('not http.host eq "www.example.gov"', True),
        ('!(http.host eq "www.example.gov")', True),
        ('http.host != "www.example.gov"', True),
        ("cf.client.bot", True),
    ],
)
def test_a_rule_is_told_of_unless_it_is_surely_about_another_host(
    expression: str, *, is_told: bool
) -> None:
    rules = {"rules": [{"action": "block", "expression": expression}]}
    assert bool(list(zone_notes("example.gov", rules))) is is_told


def at(type_: str, *values: str, name: str = "mta-sts.example.gov", to: str = "") -> DnsAnswer:
    status = DnsStatus.ANSWERED if values else DnsStatus.NO_DATA
    return DnsAnswer(name, type_, status, values, canonical=to or name)


@pytest.mark.parametrize(
    ("answer", "wild", "says"),
    [
        (at("A"), (), False),
        (at("A", "192.0.2.1"), (), True),
        (at("CNAME", "www.example"), (at("A", "192.0.2.1", name="x"),), True),
        (at("A", "192.0.2.1", "192.0.2.2"), (at("A", "192.0.2.2", "192.0.2.1", name="x"),), False),
        (at("A", "192.0.2.1"), (at("A", "192.0.2.2", name="x"),), True),
        (at("A", "192.0.2.1", to="w"), (at("A", "192.0.2.2", name="x", to="w"),), False),
        (DnsAnswer("x", "A", DnsStatus.FAILED, reason="SERVFAIL"), (), False),
    ],
)
def test_what_stands_at_the_name_of_a_new_host_is_in_its_way(
    answer: DnsAnswer, wild: tuple[DnsAnswer, ...], *, says: bool
) -> None:
    found = list(taken_names((answer,), wild))
    assert bool(found) is says
    assert not says or f"has records already ({answer.type})" in found[0].text


def test_what_is_not_known_of_a_zone_is_not_blamed() -> None:
    assert list(zone_notes("example.gov", {})) == []
