"""Findings on records: each row of the catalogue is raised by an RRset of its own."""

from __future__ import annotations

import pytest

from mtasts.check.record import CATALOGUE, check_sts, check_tlsrpt

STS = b"v=STSv1; id=1;"
RPT = b"v=TLSRPTv1; rua=mailto:tls@example.gov"
SPF = b"v=spf1 -all"
RAISES = {
    "sts-record-missing": [],
    "sts-record-multiple": [STS, STS],
    "sts-record-version": [b"v=STSv1, id=1"],
    "sts-record-version-near-miss": [b"V=stsv1; id=1"],
    "sts-record-id-missing": [b"v=STSv1; x=1"],
    "sts-record-id-malformed": [b"v=STSv1; id=2026-01-01"],
    "sts-record-field-malformed": [b"v=STSv1; id=1; junk"],
    "sts-record-not-ascii": [b"v=STSv1; id=\xff"],
    "sts-record-spf": [STS, SPF],
    "sts-record-space": [b"v=STSv1 ; id=1"],
    "sts-record-duplicate": [b"v=STSv1; id=1; id=2"],
    "sts-record-unknown-field": [b"v=STSv1; id=1; x=y"],
    "sts-record-unrelated": [STS, b"hello"],
    "tlsrpt-record-missing": [],
    "tlsrpt-record-multiple": [RPT, RPT],
    "tlsrpt-record-version": [b"v=TLSRPTv1, rua=x"],
    "tlsrpt-record-version-near-miss": [b"v=TLSRPTv2; rua=x"],
    "tlsrpt-rua-missing": [b"v=TLSRPTv1; x=1"],
    "tlsrpt-rua-malformed": [b"v=TLSRPTv1; rua=tls@example.gov"],
    "tlsrpt-rua-size-suffix": [RPT + b"!10m"],
    "tlsrpt-record-field-malformed": [RPT + b"; junk"],
    "tlsrpt-record-not-ascii": [RPT + b"\xff"],
    "tlsrpt-record-spf": [SPF],
    "tlsrpt-record-space": [RPT.replace(b";", b" ;")],
    "tlsrpt-record-duplicate": [RPT + b"; rua=mailto:b@example.gov"],
    "tlsrpt-record-unknown-field": [RPT + b"; x=y"],
    "tlsrpt-record-unrelated": [RPT, b"hello"],
    "tlsrpt-rua-duplicate": [RPT + b",mailto:tls@example.gov"],
}


def ids(code: str, texts: list[bytes]) -> set[str]:
    rrset = [[text] for text in texts]
    report = check_sts(rrset) if code.startswith("sts-") else check_tlsrpt(rrset)
    return {finding.id for finding in report.findings}


def test_every_row_of_the_catalogue_has_records_that_raise_it() -> None:
    assert RAISES.keys() == CATALOGUE.keys()


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_raised(code: str) -> None:
    assert code in ids(code, RAISES[code])


def test_good_records_raise_nothing() -> None:
    assert check_sts([[STS]]).findings == ()
    assert check_tlsrpt([[RPT]]).findings == ()
