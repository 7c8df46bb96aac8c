"""How far a report is believed (RFC 8460 sections 3 and 5.3): each level and its twin."""

from __future__ import annotations

import datetime as dt

import pytest

from mtasts.tlsrpt.dkim import Outcome, Verdict
from mtasts.tlsrpt.trust import Receipt, Trust
from mtasts.tlsrpt.verdicts import (
    judge_file,
    judge_mail,
    judge_post,
    organisational_domain,
    submitter_domain,
)

NOW = dt.datetime(2026, 5, 11, 2, tzinfo=dt.UTC)


def verdict(outcome: str, domain: str, reason: str = "") -> Verdict:
    sha = "ab" if outcome == "valid" else ""
    return Verdict(Outcome(outcome), domain, f"s._domainkey.{domain}", reason, sha)


OWN, OTHER = "corp.mail.example", "other.example"


@pytest.mark.parametrize(
    ("verdicts", "trust", "reason"),
    [
        ([], "unsigned", "the mail has no DKIM signature"),
        ([verdict("valid", OWN)], "verified", "signed by corp.mail.example"),
        ([verdict("valid", OWN, "weak")], "verified", "signed by corp.mail.example; weak"),
        ([verdict("invalid", OTHER), verdict("valid", OWN)], "verified", "signed by corp."),
        ([verdict("invalid", OWN, "no"), verdict("valid", OWN)], "verified", "signed by corp."),
        ([verdict("unknown", OWN, "no"), verdict("valid", OWN)], "verified", "signed by corp."),
        ([verdict("valid", OTHER)], "failed", "it is signed by other.example, and names mail.exa"),
        ([verdict("invalid", OWN, "bh")], "failed", "the signature of corp.mail.example is not v"),
        ([verdict("invalid", "", "no tag")], "failed", "no tag"),
        ([verdict("unknown", OTHER, "no")], "failed", "no"),
        ([verdict("invalid", OWN, "x"), verdict("unknown", OWN, "SERVFAIL")], "unsigned",
         "the signature of corp.mail.example: SERVFAIL"),
        ([verdict("testing", OWN, "t=y")], "unsigned", "the signature of corp.mail.example: t=y"),
    ],
)  # fmt: skip
def test_a_report_by_mail_has_the_trust_of_its_best_signature(
    verdicts: list[Verdict], trust: str, reason: str
) -> None:
    found = judge_mail(verdicts, "mail.example", NOW, "s3://inbox/1")
    assert (found.trust, found.via, found.received) == (trust, "mail", NOW)
    assert found.reason.startswith(reason)
    is_verified = found.trust is Trust.VERIFIED
    assert found.signer == (OWN if is_verified else "")
    assert found.key == (f"s._domainkey.{OWN}" if is_verified else "")
    assert found.key_sha256 == ("ab" if is_verified else "")


def test_only_a_failed_look_up_of_its_own_key_is_tried_again() -> None:
    for verdicts, retry in (
        ([verdict("unknown", OWN)], True),
        ([verdict("unknown", OTHER)], False),
        ([verdict("unknown", OTHER), verdict("valid", OWN)], False),
        ([verdict("invalid", OWN)], False),
    ):
        assert judge_mail(verdicts, "mail.example", NOW, "x").retry is retry


def test_a_report_that_names_nobody_is_not_verified_by_anybody() -> None:
    found = judge_mail([verdict("valid", OWN)], "", NOW, "x")
    assert (found.trust, found.reason) == (
        "failed",
        "it is signed by corp.mail.example, and names nobody as its sender",
    )


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("mail.example", "mail.example"),
        ("a.b.mail.example", "mail.example"),
        ("a.example.co.uk", "example.co.uk"),
        ("co.uk", ""),
        ("uk", ""),
        ("agency.gov.au", "agency.gov.au"),
        ("a.b.github.io", "b.github.io"),
        ("not a name", ""),
        ("", ""),
    ],
)
def test_organisations_are_told_apart_by_the_public_suffix_list(name: str, domain: str) -> None:
    assert organisational_domain(name) == domain


def test_two_tenants_of_one_public_suffix_are_not_aligned() -> None:
    found = judge_mail([verdict("valid", "evil.github.io")], "good.github.io", NOW, "x")
    assert found.trust is Trust.FAILED


@pytest.mark.parametrize(
    ("contact", "sender", "domain"),
    [
        ("tls@Google.COM", "evil.example", "google.com"),
        ("tls@google.com.", "", "google.com"),
        ("", "microsoft.com", "microsoft.com"),
        ("no address", "microsoft.com", "no address"),
        ("", "", ""),
    ],
)
def test_the_report_names_its_submitter_and_the_mail_only_where_it_does_not(
    contact: str, sender: str, domain: str
) -> None:
    assert submitter_domain(contact, sender) == domain


def test_what_did_not_come_by_mail_has_no_signer() -> None:
    posted = judge_post(NOW, "s3://inbox/2")
    assert posted == Receipt(
        Trust.HTTPS,
        "it was posted by HTTPS, which does not say by whom",
        "",
        "",
        "",
        NOW,
        "https",
        "s3://inbox/2",
    )
    assert (judge_file(NOW, "r.json").trust, judge_file(NOW, "r.json").via) == ("unsigned", "file")
