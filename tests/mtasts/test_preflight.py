"""What stands in a new domain's way, judged from values."""

from __future__ import annotations

import pytest

from mtasts.config import DomainConfig
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode
from mtasts.rollout.preflight import quota_note, second_records, zone_notes

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
        (txt("v=STSv1; id=1;"), NONE, ["has an STS record that this stack has not"]),
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
    assert all(part in text for part, text in zip(says, found, strict=True))


@pytest.mark.parametrize(
    ("count", "new", "near"), [(0, 1, False), (448, 1, False), (449, 1, True), (600, 1, True)]
)
def test_a_quota_is_told_of_before_it_is_reached(count: int, new: int, *, near: bool) -> None:
    found = quota_note("distributions", count, new, 500)
    assert bool(found) is near
    assert not found or f"{count + new} distributions" in found


def test_a_limit_that_is_the_accounts_own_is_told_as_such() -> None:
    assert "limit is 500 unless it was raised:" in (quota_note("x", 500, 1, 500) or "")
    assert "limit is 500:" in (quota_note("x", 500, 1, 500, is_own=True) or "")


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
            "passes over mta-sts.*",
        ),
        ({"rules": [{"action": "block", "expression": 'http.host eq "www.example.gov"'}]}, None),
        ({"rules": [{"action": "block", "expression": "x", "enabled": False}]}, None),
        ({"rules": [{"action": "skip", "expression": "x"}, "no rule"]}, None),
        ({"rules": "none"}, None),
        ({"sbfm_definitely_automated": "block"}, "WAF rule"),
        ({"sbfm_definitely_automated": "managed_challenge"}, "WAF rule"),
    ],
)
def test_settings_that_would_hit_the_host_are_told_with_the_change(
    changes: dict[str, object], says: str | None
) -> None:
    found = list(zone_notes("example.gov", FINE | changes))
    assert len(found) == (says is not None)
    assert says is None or (says in found[0] and "zone example.gov" in found[0])


def test_what_is_not_known_of_a_zone_is_not_blamed() -> None:
    assert list(zone_notes("example.gov", {})) == []
