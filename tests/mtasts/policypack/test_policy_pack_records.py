"""The rules about DNS records, on literals: each accept has a reject twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pack_programs import BUCKET, CERTIFICATE, DNS_RECORD, RECORD, body, made, remarks, told, txt

from mtasts.policypack.judging import not_judged
from mtasts.policypack.reading import txt_value
from mtasts.policypack.resources import UNKNOWN
from mtasts.policypack.stack import Stack

if TYPE_CHECKING:
    from mtasts.policypack.resources import Resource

GOOD = "v=STSv1; id=20260101;"
RUA = "v=TLSRPTv1; rua=mailto:tls@example.org;"


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        (GOOD, set()),
        (f'"{GOOD}"', set()),
        ('v=STSv1; " "id=20260101;', set()),
        ("v=STSv1; id=2026-01-01;", {"sts-record-id"}),
        (f"v=STSv1; id={'a' * 33};", {"sts-record-id"}),
        (f"v=STSv1; id={'a' * 32};", set()),
        ("v=STSv1;", {"sts-record-id"}),
        ("v=STSv1; id=;", {"sts-record-id"}),
        ("v=STS1; id=1;", {"sts-record-invalid"}),
        ("v=STSv1; id=1; =2", {"sts-record-invalid"}),
        ("another=text", set()),
        ("v=spf1 -all", set()),
        (r"v=STSv1; id=1\9;", {"sts-record-id"}),
    ],
)
@pytest.mark.parametrize("owner", ["_mta-sts.example.org", "_MTA-STS.example.org.", "_mta-sts"])
def test_sts_records(owner: str, value: str, rules: set[str]) -> None:
    record = txt(owner, value)
    for rule in ("sts-record-id", "sts-record-invalid"):
        assert bool(told(rule, record)) is (rule in rules)


def test_a_text_that_no_zone_file_takes_is_judged_as_it_stands() -> None:
    assert txt_value('a"b') == b'a"b'
    assert txt_value(r"a\9") == rb"a\9"


@pytest.mark.parametrize(
    ("value", "is_good"),
    [
        (RUA, True),
        ("v=TLSRPTv1; rua=mailto:a@example.org,https://example.org/tls", True),
        ("v=TLSRPTv1;", False),
        ("v=TLSRPTv1; rua=tls@example.org;", False),
        ("v=TLSRPTv1; ruf=mailto:tls@example.org;", False),
        ("v=DMARC1; p=none", True),
    ],
)
def test_tlsrpt_records(value: str, is_good: bool) -> None:
    assert bool(told("tlsrpt-record-invalid", txt("_smtp._tls.example.org", value))) is not is_good


@pytest.mark.parametrize("key", ["content", "value"])
def test_a_record_at_cloudflare_is_read_alike(key: str) -> None:
    for id_, count in (("2026-01-01", 1), ("20260101", 0)):
        inputs = {"name": "_mta-sts.example.org", "type": "txt", key: f'"v=STSv1; id={id_};"'}
        assert len(told("sts-record-id", made(DNS_RECORD, "r", inputs))) == count


@pytest.mark.parametrize(
    ("owner", "value", "rules"),
    [
        ("_mta-sts.example.org", GOOD, set()),
        ("_mta-sts.example.org", "v=STSv1 ; id=1;", {"record-unwise"}),
        ("_mta-sts.example.org", "v=STSv1; id=1; id=2;", {"record-unwise"}),
        ("_mta-sts.example.org", "v=STSv01; id=1;", {"sts-record-invalid"}),
        ("_mta-sts.example.org", RUA, set()),  # record-elsewhere says so
        ("_smtp._tls.example.org", RUA, set()),
        ("_smtp._tls.example.org", "v=TLSRPTv1; rua=mailto:a@localhost;", {"record-unwise"}),
        (
            "_smtp._tls.example.org",
            "v=TLSRPT1; rua=mailto:a@example.org;",
            {"tlsrpt-record-invalid"},
        ),
        ("_smtp._tls.example.org", GOOD, set()),
    ],
)
def test_what_is_broken_and_what_is_unwise_are_told_apart(
    owner: str, value: str, rules: set[str]
) -> None:
    for rule in ("record-unwise", "sts-record-invalid", "tlsrpt-record-invalid", "sts-record-id"):
        assert bool(told(rule, txt(owner, value))) is (rule in rules), rule


@pytest.mark.parametrize(
    ("owner", "value", "is_elsewhere"),
    [
        ("example.org", GOOD, True),
        ("_mta-sts.example.org", GOOD, False),
        ("_mta-sts", GOOD, False),
        ("mta-sts.example.org", GOOD, True),
        ("_smtp-tlsrpt.example.org", RUA, True),
        ("_mta-sts._tls.example.org", RUA, True),
        ("_smtp._tls.example.org", RUA, False),
        ("", RUA, True),
        ("example.org", "v=spf1 -all", False),
    ],
)
def test_a_record_at_a_name_that_nobody_asks_for(
    owner: str, value: str, is_elsewhere: bool
) -> None:
    assert bool(told("record-elsewhere", txt(owner, value))) is is_elsewhere


def test_only_a_text_is_at_a_wrong_name() -> None:
    assert told("record-elsewhere", txt("example.org", GOOD, type="A")) == []
    assert told("record-elsewhere", made(BUCKET)) == []


@pytest.mark.parametrize(
    ("owner", "type_", "value", "texts"),
    [
        (
            "_mta-sts.example.org",
            "CNAME",
            "x.example",
            ["_mta-sts.example.org is a CNAME to x.example."],
        ),
        (
            "_mta-sts.example.org",
            "CNAME",
            UNKNOWN,
            ["_mta-sts.example.org is a CNAME to another name."],
        ),
        ("mta-sts.example.org", "CNAME", "x.example", []),
        ("_mta-sts.example.org", "TXT", GOOD, []),
    ],
)
def test_a_cname_in_place_of_the_sts_record(
    owner: str, type_: str, value: object, texts: list[str]
) -> None:
    assert told("sts-record-cname", txt(owner, value, type=type_)) == texts


def test_records_of_other_purposes_make_no_policy_domain() -> None:
    others = [
        txt("_dmarc.example.org", "x"),
        txt("_mta-sts.example.org", "x.example", type="CNAME", urn="b"),
        txt("mta-sts.example.org", "x", urn="c"),
    ]
    assert Stack(others).domains == ()


@pytest.mark.parametrize(
    ("owner", "type_", "ttl", "is_long"),
    [
        ("_mta-sts.example.org", "TXT", 3601.0, True),
        ("_mta-sts.example.org", "TXT", 3600.0, False),
        ("_mta-sts.example.org", "TXT", None, False),
        ("mta-sts.example.org", "CNAME", 86_400.0, True),
        ("mta-sts.example.org", "A", None, False),
        ("_smtp._tls.example.org", "TXT", 86_400.0, False),
        ("www.example.org", "A", 86_400.0, False),
    ],
)
def test_a_long_ttl(owner: str, type_: str, ttl: float | None, is_long: bool) -> None:
    record = txt(owner, GOOD, type=type_, ttl=ttl)
    assert bool(told("sts-record-ttl-long", record)) is is_long
    assert told("sts-record-ttl-long", made(BUCKET, "b", {"ttl": 99_999})) == []


def test_the_longest_ttl_is_a_figure_of_the_config() -> None:
    record = txt("_mta-sts.example.org", GOOD)
    assert told("sts-record-ttl-long", record, seconds=299) == [
        "_mta-sts.example.org: the TTL is 300 s, over 299 s."
    ]


@pytest.mark.parametrize(
    ("records", "count"),
    [
        ([txt("_mta-sts.example.org", GOOD)], 0),
        ([txt("_mta-sts.example.org", GOOD, "other=1")], 0),
        ([txt("_mta-sts.example.org", GOOD, "v=STSv1; id=2;")], 1),
        ([txt("_mta-sts.example.org", GOOD), txt("_mta-sts.example.org", GOOD, urn="b")], 1),
        ([txt("_mta-sts.example.org", GOOD), txt("_mta-sts.example.com", GOOD, urn="b")], 0),
        # While a domain moves, each of two zones has its record.
        (
            [
                txt("_mta-sts.example.org", GOOD),
                txt("_mta-sts.example.org", GOOD, urn="b", zoneId="Z2"),
            ],
            0,
        ),
        ([txt("_mta-sts", GOOD), txt("_mta-sts", GOOD, urn="b", zoneId="Z2")], 0),
        ([txt("_mta-sts", GOOD), txt("_mta-sts", GOOD, urn="b")], 1),
    ],
)
def test_a_second_sts_record(records: list[Resource], count: int) -> None:
    found = remarks("sts-record-second", *records)
    assert len(found) == count
    assert not any(each.is_unknown for each in found)


def test_a_second_tlsrpt_record_and_a_text_that_is_not_known() -> None:
    records = [
        txt("_smtp._tls.example.org", RUA, RUA),
        txt("_smtp._tls.example.org", UNKNOWN, urn="u"),
    ]
    assert told("tlsrpt-record-second", *records) == [
        f"example.org has a second record at _smtp._tls, {RUA}; the first is in it.",
        "? records.0 is not known yet",
    ]


def test_a_tlsrpt_record_that_is_missing() -> None:
    sts = txt("_mta-sts.example.org", GOOD)
    rpt = txt("_smtp._tls.example.org", RUA, urn="rpt")
    assert told("tlsrpt-record-missing", sts, rpt) == []
    assert told("tlsrpt-record-missing", rpt) == []
    assert told("tlsrpt-record-missing", sts) == [
        "The program publishes an STS record for example.org and no TLS-RPT record."
    ]
    unnamed = txt(UNKNOWN, RUA, urn="later")
    assert told("tlsrpt-record-missing", sts, unnamed) == ["? the name of later is not known yet"]


def test_the_record_waits_for_the_policy_be_it_by_way_of_others() -> None:
    policy, between = body(), made("pulumi:other", "between", after=("policy",))
    for after, is_good in (
        (("policy",), True),
        (("between",), True),
        (("gone",), False),
        ((), False),
    ):
        sts = txt("_mta-sts.example.org", GOOD, urn="sts", after=after)
        found = told("sts-record-before-policy", sts, policy, between)
        assert (found == []) is is_good
    assert found == [
        "The STS record of example.org does not wait for policy, which holds the policy."
    ]
    assert told("sts-record-before-policy", sts) == [
        "? the program does not make the policy of example.org"
    ]
    assert told("sts-record-before-policy", policy) == []
    assert told("sts-record-before-policy", txt("_smtp._tls.example.org", RUA)) == []


def test_a_policy_host_that_is_missing() -> None:
    sts = txt("_mta-sts.example.org", GOOD)
    address = txt("mta-sts.example.org", type="A", urn="a")
    assert told("sts-record-host-missing", sts, address) == []
    assert len(told("sts-record-host-missing", sts)) == 1
    assert told("sts-record-host-missing", sts, txt(UNKNOWN, "x", urn="later")) == [
        "? the name of later is not known yet"
    ]
    relative = txt("_mta-sts", GOOD)
    (text,) = told("sts-record-host-missing", relative)
    assert text.endswith("serves or leads to mta-sts in zone Z1.")


def test_names_are_completed_by_the_zone_that_the_program_makes() -> None:
    zone = made("aws:route53/zone:Zone", "zone", {"name": "example.org"})
    for owner, name in (
        ("_mta-sts", "example.org"),
        ("_mta-sts.example.org", "example.org"),
        ("_mta-sts.sub", "sub.example.org"),
    ):
        inputs = {"name": owner, "type": "TXT", "records": [GOOD]}
        (domain,) = Stack([zone, made(RECORD, "r", inputs, by={"zoneId": "zone"})]).domains
        assert (domain.name, domain.policy_host) == (name, f"mta-sts.{name}")


def test_the_name_of_a_zone_itself_may_be_left_out() -> None:
    zone = made("aws:route53/zone:Zone", "zone", {"name": "example.org"})
    sts = txt("_mta-sts.example.org", GOOD)
    for owner, count in (("", 1), ("@", 1), ("example.org", 1), ("www", 0)):
        inputs = {"name": owner, "type": "MX", "records": ["10 mx.example.org"]}
        (domain,) = Stack([zone, sts, made(RECORD, "mx", inputs, by={"zoneId": "zone"})]).domains
        assert len(domain.mx) == count


def test_a_single_value_counts_as_a_list_of_one() -> None:
    assert len(told("sts-record-id", txt("_mta-sts.example.org", records="v=STSv1; id=-;"))) == 1


def test_the_record_that_validates_a_certificate_has_no_name_yet_and_is_no_riddle() -> None:
    certificate = made(CERTIFICATE, "certificate")
    inputs = {"name": UNKNOWN, "type": UNKNOWN, "records": [UNKNOWN], "ttl": 300}
    validation = made(RECORD, "v", inputs, by={"name": "certificate"})
    other = made(RECORD, "o", inputs, by={"name": "gone"})
    assert [*not_judged(Stack([certificate, validation]))] == []
    assert Stack([certificate, validation]).unnamed == []
    found = [*not_judged(Stack([certificate, other]))]
    assert {each.urn for each in found} == {"o"}
    assert found[0].text.startswith("type is not known yet; not judged: sts-record-id, ")
