"""Answers for names, from zones that are literals."""

import dns.rcode
import pytest

from mtasts.localcloud.resolution import BadRecordError, Names, RecordSet, Zone, records

SOA = "ns-1.example. hostmaster.example. 1 7200 900 1209600 86400"
EXAMPLE = Zone(
    "example.gov",
    (
        RecordSet("example.gov", "SOA", 900, (SOA,)),
        RecordSet("example.gov", "NS", 172800, ("ns-1.awsdns.com",)),
        RecordSet("example.gov", "MX", 300, ("10 mail1.example.gov",)),
        RecordSet("_mta-sts.example.gov", "TXT", 300, ('"v=STSv1; " "id=1;"',)),
        RecordSet("mta-sts.example.gov", "A", 0, alias="d1.cloudfront.net"),
        RecordSet("mta-sts.example.gov", "AAAA", 0, alias="d1.cloudfront.net"),
        RecordSet("a.b.example.gov", "A", 60, ("192.0.2.1",)),
        RecordSet("*.wild.example.gov", "TXT", 60, ('"caught"',)),
        RecordSet("one.example.gov", "CNAME", 60, ("two.example.org",)),
        RecordSet("loop.example.gov", "CNAME", 60, ("loop.example.gov",)),
        RecordSet("dangling.example.gov", "CNAME", 60, ("gone.example.org",)),
        RecordSet("bad.example.gov", "A", 60, ("not an address",)),
    ),
)
ORG = Zone(
    "example.org",
    (
        RecordSet("example.org", "SOA", 60, (SOA,)),
        RecordSet("two.example.org", "TXT", 60, ('"arrived"',)),
    ),
)
NAMES = Names(
    (EXAMPLE, ORG),
    (
        *records(["d1.cloudfront.net", "mail1.example.gov"], "A", "127.0.0.1"),
        *records(["example.gov"], "MX", "99 overlaid.example"),
    ),
)


@pytest.mark.parametrize(
    ("name", "type_", "expect"),
    [
        pytest.param("_mta-sts.example.gov", "TXT", ['"v=STSv1; " "id=1;"'], id="multi-string"),
        pytest.param("example.gov", "MX", ["10 mail1.example.gov."], id="zone-before-overlay"),
        pytest.param("example.gov", "NS", ["ns-1.awsdns.com."], id="name-servers"),
        pytest.param("mail1.example.gov", "A", ["127.0.0.1"], id="overlay-inside-a-zone"),
        pytest.param("mta-sts.example.gov", "A", ["127.0.0.1"], id="alias"),
        pytest.param("x.wild.example.gov", "TXT", ['"caught"'], id="wildcard"),
        pytest.param("x.y.wild.example.gov", "TXT", ['"caught"'], id="wildcard-two-labels"),
        pytest.param("one.example.gov", "CNAME", ["two.example.org."], id="cname-itself"),
    ],
)
def test_data(name: str, type_: str, expect: list[str]) -> None:
    answer = NAMES.resolve(name, type_)
    assert answer.rcode == dns.rcode.NOERROR
    (rrset,) = answer.answer
    assert rrset.name.to_text(omit_final_dot=True) == name
    assert [rdata.to_text() for rdata in rrset] == expect


@pytest.mark.parametrize(
    ("name", "type_", "code", "soa_owner", "ttl"),
    [
        pytest.param("no.example.gov", "TXT", "NXDOMAIN", "example.gov.", 900, id="nxdomain"),
        pytest.param("example.gov", "TXT", "NOERROR", "example.gov.", 900, id="nodata"),
        pytest.param("b.example.gov", "A", "NOERROR", "example.gov.", 900, id="empty-non-terminal"),
        pytest.param("mta-sts.example.gov", "AAAA", "NOERROR", "example.gov.", 900, id="no-ipv6"),
        pytest.param("x.wild.example.gov", "A", "NOERROR", "example.gov.", 900, id="wildcard-type"),
        pytest.param("x.org", "A", "NXDOMAIN", ".", 900, id="outside-all-zones"),
        pytest.param("no.example.org", "A", "NXDOMAIN", "example.org.", 60, id="soa-ttl-is-less"),
    ],
)
def test_no_data(name: str, type_: str, code: str, soa_owner: str, ttl: int) -> None:
    answer = NAMES.resolve(name, type_)
    assert dns.rcode.to_text(answer.rcode) == code
    assert not answer.answer
    (soa,) = answer.authority
    assert (soa.name.to_text(), soa.ttl) == (soa_owner, ttl)


def test_a_cname_is_followed_into_another_zone() -> None:
    answer = NAMES.resolve("one.example.gov", "TXT")
    assert [rrset.name.to_text() for rrset in answer.answer] == [
        "one.example.gov.",
        "two.example.org.",
    ]


def test_a_dangling_cname_is_nxdomain_and_shows_the_chain() -> None:
    answer = NAMES.resolve("dangling.example.gov", "TXT")
    assert answer.rcode == dns.rcode.NXDOMAIN
    assert len(answer.answer) == 1


def test_a_cname_loop_ends_in_servfail() -> None:
    assert NAMES.resolve("loop.example.gov", "TXT").rcode == dns.rcode.SERVFAIL


def test_an_invalid_record_is_an_error_and_not_an_answer() -> None:
    with pytest.raises(BadRecordError, match=r"bad\.example\.gov A"):
        NAMES.resolve("bad.example.gov", "A")


def test_only_names_inside_a_zone_are_answered_with_authority() -> None:
    assert NAMES.resolve("mail1.example.gov", "A").authoritative
    assert not NAMES.resolve("d1.cloudfront.net", "A").authoritative
