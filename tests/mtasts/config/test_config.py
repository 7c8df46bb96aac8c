"""The typed config: what is accepted, what is refused, and that every refusal comes at once.

Each mail domain has its own policy (RFC 8461 section 3.4).
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtasts.config import (
    AgencyConfig,
    ConfigError,
    Dns,
    Hosting,
    Override,
    Profile,
    Waiver,
    load,
)
from mtasts.config.schema import DomainFields, OverrideFields, StackFields
from mtasts.findings import Severity
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.findings import Finding

Values = dict[str, Any]
FILE = "stacks/Pulumi.test.yaml"
DOMAIN = "mtasts:domains[0]"


TOPIC = "arn:aws:sns:us-east-1:123456789012:mail-alerts"


def valid() -> Values:
    return {
        "aws:region": "us-east-1",
        "aws:allowedAccountIds": ["123456789012"],
        "mtasts:agency": "Department of Examples",
        "mtasts:profile": "us-fceb",
        "mtasts:hosting": "aws",
        "mtasts:dns": "route53",
        "mtasts:mode": "testing",
        "mtasts:maxAge": 604800,
        "mtasts:cacheSeconds": 60,
        "mtasts:ttl": 300,
        "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
        "mtasts:reroll": "1",
        "mtasts:domains": [
            {
                "name": "example.gov",
                "mx": ["mail1.example.gov", "*.mx.example.gov"],
                "dkimSelectors": ["s1"],
                "mode": "enforce",
                "maxAge": 1209600,
                "zoneId": "Z0123456789ABCDEFGHIJ",
                "dnsRoleArn": "arn:aws:iam::123456789012:role/dns",
                "ttl": 600,
                "tlsReports": ["https://reports.example/tlsrpt"],
                "reroll": "b-2",
                "override": {
                    "for": ["evidence"],
                    "reason": "change window",
                    "approvedBy": "the change board",
                    "expires": "2027-01-31",
                },
            },
            {"name": "parked.example", "mx": []},
        ],
    }


MINIMAL: Values = {
    "aws:region": "us-east-1",
    "mtasts:agency": "A",
    "mtasts:tlsReports": ["mailto:a@reports.example"],
    "mtasts:domains": [{"name": "example.gov", "mx": ["mail.example.gov"]}],
}


def read(values: Values, **more: Any) -> AgencyConfig:
    return load(values, file=FILE, **more)


def refusals(values: Values, **more: Any) -> tuple[Finding, ...]:
    with pytest.raises(ConfigError) as caught:
        read(values, **more)
    return caught.value.findings


def change(path: str, value: Any) -> Values:
    """The valid config with ``value`` at ``path``: a stack key, or ``domains.<key>``."""
    values = valid()
    target, _, key = path.rpartition(".")
    if not target:
        values[path] = value
    elif target == "domains":
        values["mtasts:domains"][0][key] = value
    else:
        values["mtasts:domains"][0]["override"][key] = value
    return values


def as_pulumi_hands_it(values: Values) -> Values:
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }


# --- what comes out ------------------------------------------------------------------------------


def test_overrides_of_a_domain_win_over_the_stack() -> None:
    config = read(valid())
    domain = config.domains[0]
    assert (config.agency, config.profile) == ("Department of Examples", Profile.US_FCEB)
    assert (config.hosting, config.dns) == (Hosting.AWS, Dns.ROUTE53)
    assert (config.region, config.allowed_account_ids) == ("us-east-1", ("123456789012",))
    assert (config.cache_seconds, config.file) == (60, FILE)
    assert domain.policy == Policy(
        Mode.ENFORCE, 1209600, (MxPattern("mail1.example.gov"), MxPattern.parse("*.mx.example.gov"))
    )
    assert (domain.ttl_seconds, domain.reroll) == (600, "b-2")
    assert domain.tls_reports == ("https://reports.example/tlsrpt",)
    assert domain.dkim_selectors == ("s1",)
    assert domain.zone_id == "Z0123456789ABCDEFGHIJ"
    assert domain.dns_role_arn == "arn:aws:iam::123456789012:role/dns"
    assert domain.override == Override(
        frozenset({Waiver.EVIDENCE}), "change window", "the change board", dt.date(2027, 1, 31)
    )


def test_a_domain_takes_what_it_does_not_say_from_the_stack() -> None:
    domain = read(valid()).domains[1]
    assert (domain.mode, domain.max_age, domain.ttl_seconds) == (Mode.TESTING, 604800, 300)
    assert domain.tls_reports == ("mailto:tlsrpt@reports.example",)
    assert (domain.reroll, domain.override, domain.zone_id) == ("1", None, None)


def test_defaults_are_testing_for_a_week_on_aws() -> None:
    config = read(MINIMAL)
    domain = config.domains[0]
    assert (config.profile, config.hosting, config.dns) == (Profile.RFC, Hosting.AWS, Dns.ROUTE53)
    assert (config.cache_seconds, config.allowed_account_ids) == (60, ())
    assert (domain.mode, domain.max_age, domain.ttl_seconds) == (Mode.TESTING, 604800, 300)
    assert domain.reroll == ""


def test_no_mx_means_parked_and_no_policy() -> None:
    domain = read(valid()).domains[1]
    assert domain.parked
    assert not read(valid()).domains[0].parked
    with pytest.raises(ValueError, match=r"parked\.example is parked"):
        _ = domain.policy


def test_texts_as_pulumi_hands_them_read_the_same() -> None:
    assert read(as_pulumi_hands_it(valid())) == read(valid())


def test_keys_of_other_programs_pass_untouched() -> None:
    others = {"aws:profile": {"secure": "x"}, "other:key": [1], "pulumi:tags": {}, "mt:x": "1"}
    assert read({**valid(), **others}) == read(valid())


ACCEPTED: list[tuple[str, Any, Callable[[AgencyConfig], object], object]] = [
    ("mtasts:maxAge", "86400", lambda c: c.domains[1].max_age, 86400),
    ("mtasts:maxAge", 31557600, lambda c: c.domains[1].max_age, 31557600),
    ("mtasts:cacheSeconds", 1, lambda c: c.cache_seconds, 1),
    ("mtasts:cacheSeconds", "898", lambda c: c.cache_seconds, 898),
    ("mtasts:proofSeconds", 62, lambda c: c.proof_seconds, 62),
    ("mtasts:proofSeconds", "3600", lambda c: c.proof_seconds, 3600),
    ("mtasts:alarmTopic", TOPIC, lambda c: c.alarm_topic, TOPIC),
    ("mtasts:ttl", 60, lambda c: c.domains[1].ttl_seconds, 60),
    ("mtasts:ttl", 86400, lambda c: c.domains[1].ttl_seconds, 86400),
    ("mtasts:mode", "none", lambda c: c.domains[1].mode, Mode.NONE),
    ("mtasts:agency", 2024, lambda c: c.agency, "2024"),
    ("mtasts:agency", " Büro ", lambda c: c.agency, "Büro"),
    ("aws:region", "ap-southeast-2", lambda c: c.region, "ap-southeast-2"),
    (
        "aws:allowedAccountIds",
        [123456789012],
        lambda c: c.allowed_account_ids,
        ("123456789012",),
    ),
    ("domains.name", "Bücher.Example.", lambda c: c.domains[0].name, "xn--bcher-kva.example"),
    ("domains.name", "e" * 50 + ".gov", lambda c: len(c.domains[0].name), 54),
    ("domains.mx", ["MAIL.example.gov."], lambda c: str(c.domains[0].mx[0]), "mail.example.gov"),
    (
        "domains.mx",
        ["*.bücher.example"],
        lambda c: str(c.domains[0].mx[0]),
        "*.xn--bcher-kva.example",
    ),
    ("domains.dkimSelectors", [], lambda c: c.domains[0].dkim_selectors, ()),
    (
        "domains.dkimSelectors",
        ["S1", "a_b.c-d", 2024],
        lambda c: c.domains[0].dkim_selectors,
        ("s1", "a_b.c-d", "2024"),
    ),
    ("domains.reroll", 7, lambda c: c.domains[0].reroll, "7"),
    (
        "domains.tlsReports",
        ["MAILTO:a+b@reports.example?x=y", "https://REPORTS.example/"],
        lambda c: c.domains[0].tls_reports,
        ("mailto:a+b@reports.example?x=y", "https://REPORTS.example/"),
    ),
    (
        "domains.tlsReports",
        ["https://reports.example:8443/a?b=c&d=%2C"],
        lambda c: c.domains[0].tls_reports,
        ("https://reports.example:8443/a?b=c&d=%2C",),
    ),
    ("domains.retire", True, lambda c: (c.domains[0].mode, c.domains[0].max_age), ("none", 86400)),
    ("domains.retire", "true", lambda c: c.domains[0].retire, True),
    ("domains.retire", "false", lambda c: c.domains[0].retire, False),
    (
        "override.for",
        ["reports", "mail-authentication", "zone-wait", "host-wait", "lost-domain"],
        lambda c: c.domains[0].override and c.domains[0].override.waives,
        frozenset(Waiver) - {Waiver.EVIDENCE},
    ),
    (
        "override.from",
        "2026-11-02",
        lambda c: c.domains[0].override and c.domains[0].override.begins,
        dt.date(2026, 11, 2),
    ),
    (
        "override.expires",
        "2027-01-31 00:00:00 +0000 UTC",
        lambda c: c.domains[0].override and c.domains[0].override.expires,
        dt.date(2027, 1, 31),
    ),
]


@pytest.mark.parametrize(
    ("path", "value", "get", "expect"),
    ACCEPTED,
    ids=[f"{path}-{ascii(value)[:30]}" for path, value, _, _ in ACCEPTED],
)
def test_accepted(
    path: str, value: Any, get: Callable[[AgencyConfig], object], expect: object
) -> None:
    assert get(read(change(path, value))) == expect


# --- what is refused -----------------------------------------------------------------------------

SECRET = {"secure": "v1:abc"}
LONG_LABEL = "a" * 60
LONG_NAME = f"{LONG_LABEL}.{LONG_LABEL}.{LONG_LABEL}.{LONG_LABEL}"

REPORTS = "mtasts:tlsReports"
SELECTOR = ".dkimSelectors[0]"
GOVCLOUD_ROLE = "arn:aws-us-gov:iam::123456789012:role/x"
BAD_URI = "config-report-uri-invalid"
BAD_SELECTOR = "config-dkim-selector-invalid"
POLICY_HOST = "config-domain-is-policy-host"
UNKNOWN = "config-unknown-key"
MISSING = "config-missing-key"
EXTERNAL_ID = ".dnsRoleExternalId"

# path, value, the key the finding names, its id, a part of its fix
TWICE = ["reports", "reports"]
OUT = "config-out-of-range"
UNDATED = {"for": ["evidence"], "reason": "a", "approvedBy": "b"}
UNNAMED = {"reason": "a", "approvedBy": "b", "expires": "2027-01-31"}
REFUSED: list[tuple[str, Any, str, str, str]] = [
    ("aws:region", "us-gov-west-1", "", "config-region-without-cloudfront", "us-east-1"),
    ("aws:region", "cn-north-1", "", "config-region-without-cloudfront", "us-east-1"),
    ("aws:region", "us-iso-east-1", "", "config-region-without-cloudfront", "us-east-1"),
    ("aws:region", "Virginia", "", "config-region-invalid", "us-east-1"),
    ("aws:region", SECRET, "", "config-secret", "--secret"),
    ("aws:region", None, "", "config-empty", "write a value"),
    ("aws:allowedAccountIds", "123456789012", "", "config-wrong-type", "list"),
    ("aws:allowedAccountIds", ["12345"], "[0]", "config-account-invalid", "12 digits"),
    ("aws:allowedAccountIds", [], "", "config-empty", "remove the key"),
    ("mtasts:agency", "", "", "config-empty", "write a value"),
    ("mtasts:agency", "a\nb", "", "config-control-character", "one line"),
    ("mtasts:agency", "a\x1b[31mb", "", "config-control-character", "visible"),
    ("mtasts:agency", "\ud800", "", "config-control-character", "visible"),
    ("mtasts:agency", "a" * 1025, "", "config-too-long", "shorten"),
    ("mtasts:agency", ["a"], "", "config-wrong-type", "text"),
    ("mtasts:agency", True, "", "config-wrong-type", "text"),
    ("mtasts:agency", SECRET, "", "config-secret", "--secret"),
    ("mtasts:profile", "us-fcb", "", "config-unknown-word", "us-fceb"),
    ("mtasts:hosting", "azure", "", "config-unknown-word", "aws, cloudflare"),
    ("mtasts:dns", "Route53", "", "config-unknown-word", "write route53"),
    ("mtasts:mode", "banana", "", "config-unknown-word", "testing, enforce, none"),
    ("mtasts:mode", "Enforce", "", "config-unknown-word", "write enforce"),
    ("mtasts:mode", False, "", "config-unknown-word", "testing"),
    ("mtasts:mode", ["testing"], "", "config-unknown-word", "testing"),
    ("mtasts:maxAge", 86399, "", "config-out-of-range", "86400"),
    ("mtasts:maxAge", "31557601", "", "config-out-of-range", "31557600"),
    ("mtasts:maxAge", -1, "", "config-out-of-range", "86400"),
    ("mtasts:maxAge", 10**4000, "", "config-out-of-range", "86400"),
    ("mtasts:maxAge", "+604800", "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", "604_800", "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", "٦٠٤٨٠٠", "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", "0604800", "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", " 604800", "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", 604800.0, "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", float("nan"), "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", True, "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", "", "", "config-no-whole-number", "plain digits"),
    ("mtasts:maxAge", (1,), "", "config-no-whole-number", "plain digits"),
    ("mtasts:cacheSeconds", 0, "", "config-out-of-range", "1 to 3600"),
    ("mtasts:cacheSeconds", 3601, "", "config-out-of-range", "1 to 3600"),
    ("mtasts:alarmTopic", "alerts", "", "config-topic-invalid", "arn:aws:sns:us-east-1"),
    (
        "mtasts:alarmTopic",
        TOPIC.replace("us-east-1", "eu-west-1"),
        "",
        "config-topic-invalid",
        "a topic of us-east-1",
    ),
    ("mtasts:proofSeconds", 4, "", "config-out-of-range", "5 to 3600"),
    ("mtasts:proofSeconds", 3601, "", "config-out-of-range", "5 to 3600"),
    ("mtasts:ttl", 59, "", "config-out-of-range", "60 to 86400"),
    ("mtasts:ttl", 86401, "", "config-out-of-range", "60 to 86400"),
    (REPORTS, ["reports@example.gov"], "[0]", "config-report-uri-scheme", "mailto:r"),
    (REPORTS, ["our reports"], "[0]", "config-report-uri-scheme", "mailto:tlsrpt@reports."),
    (REPORTS, ["mailto://tls@example.com"], "[0]", BAD_URI, "write mailto:tls@example.com"),
    (REPORTS, ["mailto:a/b@example.com"], "[0]", BAD_URI, "mailto:tlsrpt@"),
    (REPORTS, ["http://reports.example/"], "[0]", "config-report-uri-scheme", "https:"),
    (REPORTS, "mailto:a@reports.example", "", "config-wrong-type", "--path"),
    (REPORTS, '[{"a": 1, "a": 2}]', "", "config-key-repeated", "keep one"),
    (REPORTS, "[" * 100_000, "", "config-wrong-type", "list"),
    (REPORTS, "a" * (2 * 1024 * 1024 + 1), "", "config-too-long", "shorten"),
    (REPORTS, [], "", "config-empty", "list at least one"),
    (REPORTS, [None], "[0]", "config-wrong-type", "text"),
    (REPORTS, [SECRET], "[0]", "config-secret", "--secret"),
    (REPORTS, ["mailto:a@b.example,c@d.example"], "[0]", BAD_URI, "%2C"),
    (REPORTS, ["mailto:a@b.example!10m"], "[0]", BAD_URI, "%21"),
    (REPORTS, ["mailto:a b@b.example"], "[0]", BAD_URI, "encode"),
    (REPORTS, ["mailto:b.example"], "[0]", BAD_URI, "mailto:"),
    (REPORTS, ["mailto:@b.example"], "[0]", BAD_URI, "mailto:"),
    (REPORTS, ["mailto:a@localhost"], "[0]", BAD_URI, "mailto:"),
    (REPORTS, ["mailto:a@-.example"], "[0]", BAD_URI, "mailto:"),
    (REPORTS, ["https://192.0.2.7/"], "[0]", BAD_URI, "https://rep"),
    (REPORTS, ["https:///x"], "[0]", BAD_URI, "https://rep"),
    (REPORTS, ["https://[x/"], "[0]", BAD_URI, "https://rep"),
    (REPORTS, ["https://r.example:0/"], "[0]", BAD_URI, "https://rep"),
    (REPORTS, ["https://r.example:99999/"], "[0]", BAD_URI, "https://rep"),
    (REPORTS, ["https://u:p@r.example/"], "[0]", BAD_URI, "https://rep"),
    (REPORTS, [f"https://r{n}.test/{'x' * 990}" for n in range(4)], "", "config-too-long", "few"),
    (REPORTS, ["mailto:a@r.test", "MAILTO:a@r.test"], "[1]", "config-item-repeated", "keep one"),
    ("mtasts:reroll", "a b", "", "config-reroll-invalid", "letters"),
    ("mtasts:reroll", "x" * 65, "", "config-reroll-invalid", "64"),
    ("mtasts:domains", None, "", "config-no-domains", "- name:"),
    ("mtasts:domains", [], "", "config-no-domains", "- name:"),
    ("mtasts:domains", {"name": "example.gov"}, "", "config-no-domains", "- name:"),
    ("mtasts:domains", "example.gov", "", "config-wrong-type", "--path"),
    ("mtasts:domains", SECRET, "", "config-secret", "--secret"),
    ("mtasts:domains", ["example.gov"], "[0]", "config-wrong-type", "indented"),
    ("mtasts:domains", [SECRET], "[0]", "config-secret", "--secret"),
    ("mtasts:max_age", 1, "", UNKNOWN, "mtasts:maxAge"),
    ("mtasts:Mode", "testing", "", UNKNOWN, "mtasts:mode"),
    ("mtasts:domain", [], "", UNKNOWN, "mtasts:domains"),
    ("mtasts:zoneId", "x", "", UNKNOWN, "an entry of mtasts:domains"),
    ("mtasts:colour", "x", "", UNKNOWN, "mtasts docs config"),
    ("mta-sts:mode", "enforce", "", UNKNOWN, "mtasts:mode"),
    ("domains.cacheSeconds", 60, ".cacheSeconds", UNKNOWN, "mtasts:cacheSeconds"),
    ("domains.dkim_selectors", [], ".dkim_selectors", UNKNOWN, "dkimSelectors"),
    ("domains.colour\x1b", 1, ".colour\\x1b", UNKNOWN, "mtasts docs config"),
    ("domains.name", None, ".name", "config-empty", "write a value"),
    ("domains.name", "_mta-sts.example.gov", ".name", POLICY_HOST, "after the @"),
    ("domains.name", "mta-sts.example.gov", ".name", POLICY_HOST, "after the @"),
    ("domains.name", "ＭTA-STS.example.gov", ".name", POLICY_HOST, "after the @"),  # noqa: RUF001 - a full-width letter is the point
    ("domains.name", "*.example.gov", ".name", "config-domain-wildcard", "list each domain"),
    ("domains.name", "gov", ".name", "config-domain-single-label", "example.gov"),
    ("domains.name", "example..gov", ".name", "config-domain-invalid", "example.gov"),
    ("domains.name", "exa mple.gov", ".name", "config-domain-not-a-name", "spaces"),
    ("domains.name", "https://example.gov/", ".name", "config-domain-not-a-name", "scheme"),
    ("domains.name", "me@example.gov", ".name", "config-domain-not-a-name", "name alone"),
    ("domains.name", "192.0.2.7", ".name", "config-domain-address-literal", "example.gov"),
    ("domains.name", "１92.0.2.7", ".name", "config-domain-invalid", "example.gov"),  # noqa: RUF001 - a full-width digit is the point
    ("domains.name", LONG_NAME, ".name", "config-domain-too-long", "shorter"),
    ("domains.name", LONG_LABEL + ".gov", ".name", "config-domain-too-long", "56"),
    ("domains.name", LONG_NAME + ".example.gov", ".name", "config-domain-invalid", "example.gov"),
    ("domains.name", "Parked.Example.", "", "config-domain-repeated", "one entry"),
    ("domains.mx", None, ".mx", "config-empty", "write a value"),
    ("domains.mx", "mail.example.gov", ".mx", "config-wrong-type", "list"),
    ("domains.mx", ["192.0.2.7"], ".mx[0]", "config-mx-address-literal", "mail1"),
    ("domains.mx", ["[IPv6:2001:db8::1]"], ".mx[0]", "config-mx-address-literal", "mail1"),
    ("domains.mx", ["*.192.0.2.7"], ".mx[0]", "config-mx-address-literal", "mail1"),
    ("domains.mx", ["mail"], ".mx[0]", "config-mx-single-label", "mail1.example.gov"),
    ("domains.mx", ["."], ".mx[0]", "config-mx-invalid", "mail1.example.gov"),
    ("domains.mx", ["https://mail.example.gov"], ".mx[0]", "config-mx-not-a-name", "scheme"),
    ("domains.mx", ["mail.example.gov:25"], ".mx[0]", "config-mx-not-a-name", "port"),
    ("domains.mx", ["10 mail.example.gov"], ".mx[0]", "config-mx-not-a-name", "preference"),
    ("domains.mx", ["*.com"], ".mx[0]", "config-mx-wildcard-wide", "one by one"),
    ("domains.mx", ["mail.*.example.gov"], ".mx[0]", "config-mx-invalid", "mail1"),
    ("domains.mx", ["*mail.example.gov"], ".mx[0]", "config-mx-invalid", "mail1"),
    ("domains.mx", ["mail.1"], ".mx[0]", "config-mx-invalid", "mail1"),
    ("domains.mx", ["mäil .example"], ".mx[0]", "config-mx-not-a-name", "mail1"),
    ("domains.mx", ["a.example", "A.example."], ".mx[1]", "config-item-repeated", "keep one"),
    ("domains.mx", [f"m{n}.example" for n in range(251)], ".mx", "config-too-long", "250"),
    ("domains.dnsRoleExternalId", "a b", EXTERNAL_ID, "config-external-id-invalid", "policy"),
    ("domains.dkimSelectors", ["a b"], SELECTOR, BAD_SELECTOR, "s1"),
    ("domains.dkimSelectors", ["s1._domainkey."], SELECTOR, BAD_SELECTOR, "s1"),
    ("domains.dkimSelectors", ["google._domainkey"], SELECTOR, BAD_SELECTOR, "write google"),
    ("domains.dkimSelectors", ["a._domainkey.b.c"], SELECTOR, BAD_SELECTOR, "write a"),
    ("domains.dkimSelectors", ["_domainkey"], SELECTOR, BAD_SELECTOR, "s1"),
    ("domains.dkimSelectors", ["a", "A"], ".dkimSelectors[1]", "config-item-repeated", "keep one"),
    ("domains.mode", "on", ".mode", "config-unknown-word", "testing"),
    ("domains.maxAge", 5, ".maxAge", "config-out-of-range", "86400"),
    ("domains.ttl", "5m", ".ttl", "config-no-whole-number", "60"),
    ("domains.tlsReports", [], ".tlsReports", "config-empty", "list at least one"),
    ("domains.tlsReports", '["mailto:a@r.example"]', ".tlsReports", "config-wrong-type", "list"),
    ("domains.zoneId", "/hostedzone/Z0123456789", ".zoneId", "config-zone-id-invalid", "alone"),
    ("domains.zoneId", "0" * 31 + "a", ".zoneId", "config-zone-id-invalid", "Route 53"),
    ("domains.dnsRoleArn", "dns-role", ".dnsRoleArn", "config-role-invalid", "arn:aws:iam"),
    ("domains.dnsRoleArn", GOVCLOUD_ROLE, ".dnsRoleArn", "config-role-invalid", "arn:aws:iam"),
    ("domains.reroll", [], ".reroll", "config-wrong-type", "text"),
    ("domains.retire", "yes", ".retire", "config-wrong-type", "true or false"),
    ("domains.override", "yes", ".override", "config-wrong-type", "indented"),
    ("domains.override", SECRET, ".override", "config-secret", "--secret"),
    ("domains.override", UNDATED, ".override.expires", MISSING, "01-31, at most 90 days after"),
    ("domains.override", UNNAMED, ".override.for", MISSING, "add for: [evidence], or other"),
    ("domains.override", UNNAMED, ".override.for", MISSING, f": {', '.join(Waiver)}"),
    ("override.for", [], ".override.for", "config-empty", "list at least one"),
    ("override.for", "evidence", ".override.for", "config-wrong-type", "write a list"),
    ("override.for", ["everything"], ".override.for[0]", "config-unknown-word", "write one of evi"),
    ("override.for", ["zoneWait"], ".override.for[0]", "config-unknown-word", "write zone-wait"),
    ("override.for", TWICE, ".override.for[1]", "config-item-repeated", "keep one"),
    ("override.from", "soon", ".override.from", "config-date-invalid", "2027-01-31"),
    ("override.from", "2026-11-01", ".override.expires", OUT, "from 2026-11-01 to 2027-01-30"),
    ("override.from", "2027-02-01", ".override.expires", OUT, "from 2027-02-01 to 2027-05-02"),
    ("override.approver", "b", ".override.approver", UNKNOWN, "approvedBy"),
    ("override.reason", "", ".override.reason", "config-empty", "write a value"),
    ("override.expires", "soon", ".override.expires", "config-date-invalid", "2027-01-31"),
    ("override.expires", "2027-02-30", ".override.expires", "config-date-invalid", "2027-01-31"),
    ("override.expires", "20270131", ".override.expires", "config-date-invalid", "2027-01-31"),
    ("override.expires", 2027, ".override.expires", "config-date-invalid", "2027-01-31"),
]  # fmt: skip


def named_key(path: str, suffix: str) -> str:
    return (DOMAIN if path.startswith(("domains.", "override.")) else path) + suffix


@pytest.mark.parametrize(
    ("path", "value", "suffix", "what", "fix"),
    REFUSED,
    ids=[f"{path}-{ascii(value)[:30]}" for path, value, *_ in REFUSED],
)
def test_refused(path: str, value: Any, suffix: str, what: str, fix: str) -> None:
    findings = refusals(change(path, value))
    key = named_key(path, suffix)
    if what == "config-domain-repeated":  # the later of the two is the mistake
        key = "mtasts:domains[1].name"
    assert [finding.id for finding in findings] == [what]
    assert f"{FILE}: {key}: " in findings[0].summary
    assert fix in findings[0].fix
    assert findings[0].severity is Severity.ERROR
    assert (findings[0].summary + findings[0].evidence + findings[0].fix).isprintable()


def test_the_value_is_named_in_summary_and_evidence() -> None:
    (finding,) = refusals(change("domains.mx", ["192.0.2.7"]))
    assert finding.summary == f"{FILE}: {DOMAIN}.mx[0]: '192.0.2.7' is an IP address"
    assert finding.evidence == "'192.0.2.7'"
    assert finding.clause == "RFC 8461 section 3.2"


def without(*keys: str) -> Values:
    return {key: value for key, value in valid().items() if key not in keys}


@pytest.mark.parametrize(
    ("values", "key", "fix"),
    [
        (without("mtasts:agency"), "mtasts:agency", "add mtasts:agency: Department of Examples"),
        (without("mtasts:domains"), "mtasts:domains", "list at least one entry"),
        (without("aws:region"), "aws:region", "add aws:region: us-east-1"),
        (without("mtasts:hosting", "aws:region"), "aws:region", "add aws:region: us-east-1"),
        (
            {**valid(), "mtasts:domains": [{"mx": []}]},
            "mtasts:domains[0].name",
            "add name: example.gov",
        ),
        (
            {**valid(), "mtasts:domains": [{"name": "example.gov"}]},
            "mtasts:domains[0].mx",
            "or [] for a domain that receives no mail",
        ),
        (
            {
                **without("mtasts:tlsReports"),
                "mtasts:domains": [{"name": "example.gov", "mx": ["m.example.gov"]}],
            },
            "mtasts:tlsReports",
            "mailto:",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_missing_key_is_named(values: Values, key: str, fix: str) -> None:
    (finding,) = refusals(values)
    assert finding.summary.startswith(f"{FILE}: {key}: ")
    assert fix in finding.fix


def test_reports_need_no_default_where_every_receiving_domain_has_its_own() -> None:
    config = read(without("mtasts:tlsReports"))
    assert config.domains[0].tls_reports == ("https://reports.example/tlsrpt",)
    assert config.domains[1].tls_reports == ()


def test_alarms_watch_what_aws_hosts() -> None:
    values = {**change("mtasts:hosting", "cloudflare"), "mtasts:dns": "cloudflare"}
    values["mtasts:cloudflareAccount"] = CLOUDFLARE
    values["mtasts:domains"] = values["mtasts:domains"][1:]
    (finding,) = refusals({**values, "mtasts:alarmTopic": TOPIC})
    assert (finding.id, finding.fix) == (
        "config-impossible-combination",
        "remove it, or write mtasts:hosting: aws",
    )


@pytest.mark.parametrize("dns", ["route53", "delegated", "manual"])
def test_hosting_cloudflare_needs_its_zone_there(dns: str) -> None:
    values = {**change("mtasts:hosting", "cloudflare"), "mtasts:dns": dns}
    values["mtasts:cloudflareAccount"] = CLOUDFLARE
    if dns == "delegated":
        values["mtasts:delegationZone"] = "sts.operator.example"
    values["mtasts:domains"] = values["mtasts:domains"][1:]
    (finding,) = refusals(values)
    assert finding.id == "config-impossible-combination"
    assert (
        f"mtasts:dns: hosting cloudflare does not work with dns {dns}: a Worker" in finding.summary
    )
    assert finding.fix == (
        "write mtasts:dns: cloudflare, or mtasts:hosting: aws, which works with every dns"
    )


CLOUDFLARE = "0123456789abcdef" * 2


@pytest.mark.parametrize(("hosting", "dns"), [("cloudflare", "cloudflare"), ("aws", "cloudflare")])
def test_what_is_at_cloudflare_needs_to_know_the_account(hosting: str, dns: str) -> None:
    values = with_dns(hosting, dns)
    assert read(values).cloudflare_account == CLOUDFLARE
    del values["mtasts:cloudflareAccount"]
    (finding,) = refusals(values)
    assert finding.id == "config-missing-key"
    assert finding.fix.startswith("add mtasts:cloudflareAccount: ")
    for wrong in ("123456789012", CLOUDFLARE[1:]):
        (finding,) = refusals({**values, "mtasts:cloudflareAccount": wrong})
        assert finding.id == "config-account-invalid"


@pytest.mark.parametrize("key", ["mtasts:cloudflareAccount", "mtasts:settleSeconds"])
def test_without_anything_at_cloudflare_its_keys_mean_nothing(key: str) -> None:
    value = CLOUDFLARE if key.endswith("Account") else 30
    (finding,) = refusals({**with_dns("aws", "route53"), key: value})
    assert (finding.id, finding.summary.split(": ")[1]) == ("config-impossible-combination", key)


def test_how_long_a_worker_has_to_be_seen_is_bounded() -> None:
    values = with_dns("cloudflare", "cloudflare")
    assert read(values).settle_seconds == 120
    assert read({**values, "mtasts:settleSeconds": "30"}).settle_seconds == 30
    assert [each.id for each in refusals({**values, "mtasts:settleSeconds": 0})]
    (finding,) = refusals({**values, "mtasts:proofSeconds": 120})
    assert finding.fix == "write mtasts:proofSeconds: 240, or a smaller mtasts:settleSeconds"
    read({**values, "mtasts:proofSeconds": 120, "mtasts:settleSeconds": 119})


def with_dns(hosting: str, dns: str, **entry: Any) -> Values:
    values = {**valid(), "mtasts:hosting": hosting, "mtasts:dns": dns}
    values["mtasts:domains"] = [{"name": "example.gov", "mx": ["m.example.gov"], **entry}]
    if "cloudflare" in (hosting, dns):
        values["mtasts:cloudflareAccount"] = CLOUDFLARE
    if dns == "delegated":
        values["mtasts:delegationZone"] = "sts.operator.example"
    return values


@pytest.mark.parametrize(
    ("hosting", "dns"),
    [
        ("aws", "route53"),
        ("aws", "cloudflare"),
        ("aws", "delegated"),
        ("aws", "manual"),
        ("cloudflare", "cloudflare"),
    ],
)
def test_every_other_combination_is_possible(hosting: str, dns: str) -> None:
    found = read(with_dns(hosting, dns))
    assert (found.hosting, found.dns) == (hosting, dns)


def test_what_is_delegated_needs_to_know_where_to() -> None:
    values = with_dns("aws", "delegated")
    assert read(values).domains[0].delegation_zone == "sts.operator.example"
    del values["mtasts:delegationZone"]
    assert [each.id for each in refusals(values)] == ["config-missing-key"]
    for dns in ("route53", "manual"):
        wrong = {**with_dns("aws", dns), "mtasts:delegationZone": "sts.operator.example"}
        assert [each.id for each in refusals(wrong)] == ["config-impossible-combination"]
    wrong = {**values, "mtasts:delegationZone": "not a name"}
    assert [each.id for each in refusals(wrong)] == ["config-domain-not-a-name"]
    long = ".".join(["a" * 60] * 3)
    wrong = with_dns("aws", "delegated", name="b.example")
    wrong["mtasts:delegationZone"] = f"{long}.{'c' * 45}.example"
    assert [each.id for each in refusals(wrong)] == ["config-domain-too-long"]


@pytest.mark.parametrize(
    ("hosting", "dns", "leaving", "says"),
    [
        ("aws", "cloudflare", "aws", None),
        ("cloudflare", "cloudflare", "aws", None),
        ("cloudflare", "cloudflare", "cloudflare", None),
        ("aws", "route53", "cloudflare", None),
        ("aws", "route53", "aws", "only if the zone is at Cloudflare already"),
        ("aws", "cloudflare", "cloudflare", None),  # no record may lead to it: the ledger tells
        ("aws", "manual", "cloudflare", "the Worker cannot serve the policy until then"),
    ],
)
def test_hosting_moves_where_senders_find_a_host_at_every_moment(
    hosting: str, dns: str, leaving: str, says: str | None
) -> None:
    values = {**with_dns(hosting, dns), "mtasts:leaving": leaving}
    if "cloudflare" in (hosting, dns, leaving):
        values["mtasts:cloudflareAccount"] = "a" * 32
    if says is None:
        config = read(values)
        assert config.leaving == leaving
        gone = "cloudflare" if (dns, leaving) == ("route53", "cloudflare") else None
        assert config.leaving_dns == gone
        del values["aws:region"]
        assert [each.id for each in refusals(values)] == ["config-missing-key"]
    else:
        (finding,) = refusals(values)
        assert says in finding.summary


@pytest.mark.parametrize(
    ("hosting", "dns", "leaving", "says"),
    [
        ("aws", "cloudflare", "route53", None),
        ("aws", "route53", "cloudflare", None),
        ("aws", "route53", "route53", "the former and the new DNS provider are the same"),
        ("aws", "manual", "route53", "when it chooses"),
        ("aws", "route53", "delegated", "when it chooses"),
        ("cloudflare", "cloudflare", "route53", "no certificate for a Worker"),
    ],
)
def test_zones_are_left_where_both_can_answer(
    hosting: str, dns: str, leaving: str, says: str | None
) -> None:
    values = {**with_dns(hosting, dns), "mtasts:leavingDns": leaving}
    if "cloudflare" in (hosting, dns, leaving):
        values["mtasts:cloudflareAccount"] = "a" * 32
    if says is None:
        assert read(values).leaving_dns == leaving
        del values["mtasts:cloudflareAccount"]
        assert [each.id for each in refusals(values)] == ["config-missing-key"]
    else:
        (finding,) = refusals(values)
        assert says in finding.summary


def test_a_move_of_host_and_zone_to_aws_may_be_given_up() -> None:
    values = with_dns("cloudflare", "cloudflare")
    values |= {"mtasts:leaving": "aws", "mtasts:leavingDns": "route53"}
    config = read(values)
    assert (config.leaving, config.leaving_dns) == ("aws", "route53")


def test_what_could_not_be_read_may_be_at_cloudflare() -> None:
    for key, wrong in (("hosting", "Cloudflare"), ("dns", "CloudFlare"), ("leaving", "Cloud")):
        values = with_dns("aws", "route53") | {f"mtasts:{key}": wrong}
        values["mtasts:cloudflareAccount"] = "A" * 32
        (finding,) = refusals(values)
        assert f"mtasts:{key}" in finding.summary
    values = with_dns("aws", "cloudflare") | {"mtasts:cloudflareAccount": "A" * 32}
    assert read(values).cloudflare_account == "a" * 32


@pytest.mark.parametrize("dns", ["manual", "delegated"])
def test_what_somebody_else_publishes_moves_to_no_other_cloud(dns: str) -> None:
    values = with_dns("aws", dns) | {"mtasts:leaving": "aws"}
    (finding,) = refusals(values)
    assert f"with dns {dns} the agency publishes the records in its own zone" in finding.summary


def test_a_zone_id_is_of_whoever_has_the_zone() -> None:
    ids = {"aws": "Z0123456789ABCDEFGHIJ", "cloudflare": "a" * 32}
    for dns, right in (("delegated", "aws"), ("route53", "aws"), ("cloudflare", "cloudflare")):
        for kind, id_ in ids.items():
            values = with_dns("aws", dns, zoneId=id_)
            if dns == "cloudflare":
                values["mtasts:cloudflareAccount"] = "a" * 32
            if kind == right:
                assert read(values).domains[0].zone_id == id_
            else:
                assert [each.id for each in refusals(values)] == ["config-zone-id-invalid"]
    (finding,) = refusals(with_dns("aws", "manual", zoneId=ids["aws"]))
    assert "mtasts writes to no zone" in finding.summary


@pytest.mark.parametrize("below", ["", "op."])
def test_nothing_is_delegated_below_what_becomes_a_cname(below: str) -> None:
    values = with_dns("aws", "delegated")
    name = read(values).domains[0].name
    values["mtasts:delegationZone"] = f"{below}mta-sts.{name}"
    assert [each.id for each in refusals(values)] == ["config-impossible-combination"]
    values["mtasts:delegationZone"] = f"sts.{name}"
    assert read(values).domains[0].delegation_zone == f"sts.{name}"


def test_a_worker_that_is_left_needs_its_time_as_well() -> None:
    values = with_dns("aws", "route53") | {"mtasts:leaving": "cloudflare"}
    values |= {"mtasts:cloudflareAccount": "a" * 32, "mtasts:settleSeconds": "900"}
    (finding,) = refusals(values)
    assert "mtasts:proofSeconds" in finding.summary


def test_a_token_stands_in_no_file() -> None:
    values = with_dns("cloudflare", "cloudflare") | {"cloudflare:apiToken": "abc"}
    values["mtasts:cloudflareAccount"] = "a" * 32
    (finding,) = refusals(values)
    assert finding.id == "config-token-in-clear"
    assert "cloudflare:apiToken" in finding.summary
    assert "abc" not in str(finding)
    assert read(values, secret_keys=["cloudflare:apiToken"])
    assert read(values | {"cloudflare:apiToken": {"secure": "v1:x"}})


def test_a_role_writes_to_the_zone_that_is_left() -> None:
    values = with_dns("aws", "cloudflare", dnsRoleArn="arn:aws:iam::123456789012:role/dns")
    assert [each.id for each in refusals(values)] == ["config-impossible-combination"]
    assert read({**values, "mtasts:leavingDns": "route53"}).leaving_dns is Dns.ROUTE53


def test_hosting_cloudflare_needs_no_region_and_brings_its_dns() -> None:
    values = with_dns("cloudflare", "cloudflare")
    del values["aws:region"], values["mtasts:dns"]
    config = read(values)
    assert (config.dns, config.region) == (Dns.CLOUDFLARE, None)


@pytest.mark.parametrize(
    ("dns", "entry", "what"),
    [
        ("route53", {"zoneId": "a" * 32}, "config-zone-id-invalid"),
        ("cloudflare", {"zoneId": "Z0123456789"}, "config-zone-id-invalid"),
        ("cloudflare", {"zoneId": "a" * 32}, None),
        ("delegated", {"zoneId": "Z0123456789"}, None),
        ("delegated", {"dnsRoleArn": "arn:aws:iam::123456789012:role/x"}, None),
        (
            "manual",
            {"dnsRoleArn": "arn:aws:iam::123456789012:role/x"},
            "config-impossible-combination",
        ),
    ],
)
def test_zone_and_role_belong_to_the_dns_in_use(dns: str, entry: Values, what: str | None) -> None:
    values = with_dns("aws", dns, **entry)
    if what is None:
        assert read(values).domains[0].name == "example.gov"
    else:
        assert [finding.id for finding in refusals(values)] == [what]


def test_a_long_name_is_only_awss_problem() -> None:
    values = with_dns("cloudflare", "cloudflare", name=f"{LONG_LABEL}.example")
    assert read(values).domains[0].name == f"{LONG_LABEL}.example"


def test_an_unreadable_hosting_hides_no_other_mistake_and_adds_none() -> None:
    values = {**without("aws:region"), "mtasts:hosting": "azure", "mtasts:mode": "on"}
    keys = [finding.summary.split(": ")[1] for finding in refusals(values)]
    assert keys == ["mtasts:hosting", "mtasts:mode"]


@pytest.mark.parametrize("key", ["mtasts:agency", "mtasts:domains", "aws:region"])
def test_a_secret_that_pulumi_decrypted_is_refused(key: str) -> None:
    (finding,) = refusals(as_pulumi_hands_it(valid()), secret_keys={key, "aws:secretKey"})
    assert finding.id == "config-secret"
    assert f": {key}: " in finding.summary


def test_duplicates_are_found_beside_other_mistakes_in_the_same_list() -> None:
    values = change("domains.mx", ["a.example", "10 b.example", "A.example", "mail", "b.example"])
    keys = [finding.summary.split(": ")[1] for finding in refusals(values)]
    assert sorted(keys) == [f"{DOMAIN}.mx[{n}]" for n in (1, 2, 3)]


TEN_MISTAKES: Values = {
    "aws:region": "us-gov-west-1",
    "mtasts:agency": "",
    "mtasts:mode": "banana",
    "mtasts:maxAge": "+5",
    "mtasts:max-age": 604800,
    "mtasts:tlsReports": ["tlsrpt@example.gov"],
    "mtasts:domains": [
        {"name": "example.gov", "mx": ["192.0.2.7", "mail"]},
        {"name": "EXAMPLE.gov.", "mx": ["m.example.gov"], "zoneId": "zone"},
    ],
}
TEN_KEYS = {
    "aws:region",
    "mtasts:agency",
    "mtasts:mode",
    "mtasts:maxAge",
    "mtasts:max-age",
    "mtasts:tlsReports[0]",
    "mtasts:domains[0].mx[0]",
    "mtasts:domains[0].mx[1]",
    "mtasts:domains[1].name",
    "mtasts:domains[1].zoneId",
}


def test_ten_mistakes_get_ten_findings_in_one_run() -> None:
    findings = refusals(TEN_MISTAKES)
    assert len(findings) == 10
    assert {finding.summary.split(": ")[1] for finding in findings} == TEN_KEYS
    assert all(finding.fix for finding in findings)


def test_the_error_lists_every_finding_with_its_fix() -> None:
    with pytest.raises(ConfigError) as caught:
        read(TEN_MISTAKES)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{FILE}: 10 problems in the config"
    assert len(lines) == 21
    assert str(ConfigError("f", caught.value.findings[:1])).startswith("f: 1 problem in")


# --- properties ----------------------------------------------------------------------------------

# Mutations that do not touch each other's keys, so each must be reported whatever the others are.
INDEPENDENT = [
    ("aws:region", "cn-north-1"),
    ("aws:allowedAccountIds", ["1"]),
    ("mtasts:agency", ""),
    ("mtasts:profile", "eu"),
    ("mtasts:hosting", "azure"),
    ("mtasts:dns", "bind"),
    ("mtasts:mode", "on"),
    ("mtasts:maxAge", "1e6"),
    ("mtasts:cacheSeconds", 0),
    ("mtasts:ttl", True),
    ("mtasts:tlsReports", ["x"]),
    ("mtasts:reroll", "a b"),
    ("mtasts:alarmTopic", "?"),
    ("mtasts:unknown", 1),
    ("domains.name", "gov"),
    ("domains.mx", ["mail"]),
    ("domains.dkimSelectors", "s1"),
    ("domains.mode", "on"),
    ("domains.maxAge", 1),
    ("domains.zoneId", "?"),
    ("domains.dnsRoleArn", "?"),
    ("domains.ttl", 1),
    ("domains.tlsReports", ["x"]),
    ("domains.reroll", "?"),
    ("domains.unknown", 1),
    ("override.for", ["all"]),
    ("override.reason", ""),
    ("override.approvedBy", []),
    ("override.expires", "never"),
]


@given(st.sets(st.sampled_from(range(len(INDEPENDENT))), min_size=1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_subset_of_mistakes_is_reported_in_full(chosen: set[int], as_texts: bool) -> None:
    values = valid()
    for index in chosen:
        path, value = INDEPENDENT[index]
        target, _, key = path.rpartition(".")
        entry = values["mtasts:domains"][0]
        place = {"": values, "domains": entry, "override": entry["override"]}[target]
        place[key] = copy.deepcopy(value)
    findings = refusals(as_pulumi_hands_it(values) if as_texts else values)
    assert len(findings) == len(chosen)


TEXT = st.text(st.characters())  # lone surrogates included: JSON can spell them
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
STACK_KEYS = [*StackFields.known_keys(), "mtasts:domains", "mtasts:x", "other:x"]
ENTRY = st.dictionaries(st.sampled_from(DomainFields.known_keys()) | TEXT, PLAIN, max_size=4)


@given(
    st.dictionaries(st.sampled_from(STACK_KEYS) | TEXT, PLAIN, max_size=6),
    st.lists(ENTRY, max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_no_value_makes_it_crash(values: Values, entries: list[Values]) -> None:
    for candidate in (values, {**valid(), **values, "mtasts:domains": entries}):
        findings: tuple[Finding, ...] = ()
        try:
            read(candidate)
        except ConfigError as error:
            findings = error.findings
        assert all(finding.fix and finding.summary.isprintable() for finding in findings)


# --- the documentation ---------------------------------------------------------------------------


def documented(heading: str) -> dict[str, str]:
    """The keys of the table below a heading of docs/config.md, with their defaults."""
    text = (Path(__file__).parents[3] / "docs" / "config.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \|[^|]*\|([^|]*)\|", section, re.MULTILINE)
    return {key: default.strip() for key, default in rows}


def test_the_documentation_lists_the_keys_of_the_model() -> None:
    assert list(documented("Stack-wide keys")) == [*StackFields.known_keys(), "mtasts:domains"]
    assert list(documented("Keys of an entry of `mtasts:domains`")) == DomainFields.known_keys()
    assert list(documented("Keys of `override`")) == OverrideFields.known_keys()


def test_the_documentation_gives_the_defaults_of_the_model() -> None:
    defaults = documented("Stack-wide keys")
    config = read(MINIMAL)
    assert defaults["mtasts:profile"] == f"`{config.profile}`"
    assert defaults["mtasts:hosting"] == f"`{config.hosting}`"
    assert defaults["mtasts:mode"] == f"`{config.domains[0].mode}`"
    assert defaults["mtasts:maxAge"] == f"`{config.domains[0].max_age}`"
    assert defaults["mtasts:ttl"] == f"`{config.domains[0].ttl_seconds}`"
    assert defaults["mtasts:cacheSeconds"] == f"`{config.cache_seconds}`"
    on_cloudflare = read(with_dns("cloudflare", "cloudflare"))
    assert defaults["mtasts:proofSeconds"] == (
        f"`{config.proof_seconds}`; `{on_cloudflare.proof_seconds}` with nothing on AWS"
    )


@pytest.mark.parametrize(
    ("flat", "own", "emergency", "mode"),
    [
        ({}, {}, False, Mode.ENFORCE),
        ({"mtasts:emergency": "testing"}, {}, True, Mode.TESTING),
        ({}, {"emergency": "testing"}, True, Mode.TESTING),
        ({"mtasts:emergency": "testing"}, {"retire": True}, False, Mode.NONE),
        ({"mtasts:emergency": "testing"}, {"mx": []}, False, Mode.ENFORCE),
    ],
    ids=["none", "stack", "domain", "retiring", "parked"],
)
def test_in_an_emergency_what_is_live_has_mode_testing(
    flat: dict[str, object], own: dict[str, object], mode: Mode, *, emergency: bool
) -> None:
    entry = {"name": "example.gov", "mx": ["mx.example.gov"], "mode": "enforce", **own}
    (found,) = load(valid() | flat | {"mtasts:domains": [entry]}, file="f").domains
    assert (found.emergency, found.mode) == (emergency, mode)


@pytest.mark.parametrize("own", [{"retire": True}, {"mx": []}], ids=["retiring", "parked"])
def test_an_emergency_of_a_domain_that_publishes_no_testing_is_refused(
    own: dict[str, object],
) -> None:
    entry = {"name": "example.gov", "mx": ["mx.example.gov"], "emergency": "testing", **own}
    (finding,) = refusals(valid() | {"mtasts:domains": [entry]})
    assert "mtasts:domains[0].emergency: an emergency publishes mode testing" in finding.summary


def test_an_emergency_serves_nothing_but_testing() -> None:
    (finding,) = refusals(valid() | {"mtasts:emergency": "none"})
    assert finding.id == "config-unknown-word"


def test_a_parked_domain_has_nothing_to_retire() -> None:
    values = valid() | {"mtasts:domains": [{"name": "example.gov", "mx": [], "retire": True}]}
    (finding,) = refusals(values)
    assert finding.id == "config-impossible-combination"
    assert "mtasts:domains[0].retire: a parked domain" in finding.summary


ROLE_OF_A_ZONE = "arn:aws:iam::123456789012:role/dns"


@pytest.mark.parametrize(
    ("first", "second", "expect"),
    [
        pytest.param({"dnsRoleArn": ROLE_OF_A_ZONE, "dnsRoleExternalId": "a-1"}, {}, "", id="one"),
        pytest.param(
            {"dnsRoleArn": ROLE_OF_A_ZONE, "dnsRoleExternalId": "a-1"},
            {"dnsRoleArn": ROLE_OF_A_ZONE, "dnsRoleExternalId": "a-1"},
            "",
            id="the-same",
        ),
        pytest.param(
            {"dnsRoleArn": ROLE_OF_A_ZONE, "dnsRoleExternalId": "a-1"},
            {"dnsRoleArn": ROLE_OF_A_ZONE},
            "the same role has another external id",
            id="none-in-the-other",
        ),
        pytest.param(
            {"dnsRoleArn": ROLE_OF_A_ZONE, "dnsRoleExternalId": "a-1"},
            {"dnsRoleArn": ROLE_OF_A_ZONE, "dnsRoleExternalId": "b-2"},
            "the same role has another external id",
            id="another",
        ),
        pytest.param({"dnsRoleExternalId": "a-1"}, {}, "an external id needs a role", id="no-role"),
        pytest.param(
            {"dnsRoleArn": ROLE_OF_A_ZONE, "dnsRoleExternalId": "a b"}, {}, "no external id", id="b"
        ),
        pytest.param(
            {"dnsRoleArn": ROLE_OF_A_ZONE, "dnsRoleExternalId": "a"}, {}, "no external id", id="l"
        ),
    ],
)
def test_a_role_is_told_one_external_id(
    first: dict[str, str], second: dict[str, str], expect: str
) -> None:
    values = with_dns("aws", "route53", **first)
    entry = {"name": "second.example", "mx": ["mx.second.example"], **second}
    values["mtasts:domains"] = [*values["mtasts:domains"], entry]
    if not expect:
        assert read(values).domains[0].dns_role_external_id == "a-1"
        return
    with pytest.raises(ConfigError) as refused:
        read(values)
    assert [expect in each.summary for each in refused.value.findings] == [True]
