"""What arrives becomes reports, each with a receipt made at that time (RFC 8460 section 3)."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_mails import NOW, json_part, keys, mail, report, signed

from mtasts.reports.arrival import Arrived, receive_file, receive_mail
from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus
from mtasts.tlsrpt.report import Report
from mtasts.tlsrpt.unpacking import Skipped

PLAIN = mail(json_part(report()))
NO_CONTACT = mail(json_part(report(None)))


async def received(
    raw: bytes, find_key: Any, source: str = "x"
) -> tuple[list[Arrived], list[Skipped]]:
    """The reports in a mail, and what was skipped of it."""
    found = [each async for each in receive_mail(raw, find_key, NOW, source)]
    reports = [each for each in found if isinstance(each, Arrived)]
    return reports, [each for each in found if isinstance(each, Skipped)]


@pytest.mark.parametrize(
    ("raw", "status", "trust"),
    [
        (signed(PLAIN, "sender.example"), "found", "verified"),
        (signed(PLAIN, "mail.sender.example"), "found", "verified"),
        (signed(PLAIN, "evil.example"), "found", "failed"),
        (signed(mail(json_part(report("tls@google.com")), sender="evil.example"), "evil.example"),
         "found", "failed"),
        (signed(NO_CONTACT, "sender.example"), "found", "verified"),
        (signed(NO_CONTACT, "evil.example"), "found", "failed"),
        (signed(PLAIN, "sender.example").replace(b"r1", b"r2"), "found", "failed"),
        (signed(PLAIN, "sender.example"), "absent", "failed"),
        (signed(PLAIN, "sender.example"), "unknown", "unsigned"),
        (signed(PLAIN, "sender.example", more=f" x={NOW.timestamp():.0f};"), "found", "verified"),
        (signed(PLAIN, "sender.example", more=f" x={NOW.timestamp() - 1:.0f};"), "found", "failed"),
        (PLAIN, "found", "unsigned"),
        (mail(b"message/rfc822\r\n\r\n" + signed(PLAIN, "sender.example").replace(b"=b", b"=c")
              .replace(b"--b", b"--c")), "found", "failed"),
    ],
    ids=["own", "subdomain", "other", "in-the-name-of-another", "no-contact", "no-contact-other",
         "changed", "no-key", "servfail", "expires-now", "expired", "unsigned", "forwarded"],
)  # fmt: skip
async def test_a_report_by_mail_is_believed_by_its_signature(
    raw: bytes, status: str, trust: str
) -> None:
    (found,), skipped = await received(raw, keys(KeyStatus(status)), "s3://inbox/1")
    assert isinstance(found.found, Report)
    assert skipped == []
    assert (found.receipt.trust, found.receipt.source) == (trust, "s3://inbox/1")
    assert found.receipt.retry is (status == "unknown")


async def test_a_forwarded_report_keeps_the_signature_of_its_own_mail() -> None:
    inner = signed(mail(json_part(report())), "sender.example")
    outer = (
        b"From: x@forwarder.example\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n"
        b"--out\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--out--\r\n"
    )
    (found,), _ = await received(outer, keys())
    assert (found.receipt.trust, found.receipt.signer) == ("verified", "sender.example")


async def test_a_body_that_was_changed_costs_no_look_up() -> None:
    asked = []

    async def find(name: str) -> KeyAnswer:
        asked.append(name)
        return KeyAnswer(KeyStatus.ABSENT)

    await received(signed(PLAIN, "sender.example").replace(b"r1", b"r2"), find)
    assert asked == []
    await received(signed(PLAIN, "sender.example"), find)
    assert asked == ["s._domainkey.sender.example"]


def zipped(*members: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as file:
        for number, content in enumerate(members):
            file.writestr(f"{number}.json", content)
    return whole.getvalue()


async def test_one_mail_can_hold_several_reports_and_each_that_is_none_is_named() -> None:
    archive = base64.b64encode(zipped(report(id_="a"), zipped(b""))) + b"\r\n"
    raw = mail(
        json_part(report(id_="b")),
        b"application/zip; name=r.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + archive,
        json_part(b"{"),
    )
    arrived, skipped = await received(signed(raw, "sender.example"), keys())
    assert [
        (each.name, getattr(each.found, "report_id", None), each.receipt.trust) for each in arrived
    ] == [
        ("part 1", "b", "verified"),
        ("part 2 r.zip:0.json", "a", "verified"),
        ("part 3", None, "verified"),
    ]
    assert [(each.id, each.where) for each in skipped] == [
        ("archive-in-archive", "part 2 r.zip:1.json")
    ]


@pytest.mark.parametrize(("via", "trust"), [("https", "https"), ("file", "unsigned")])
def test_what_comes_without_a_mail_is_not_verified(via: str, trust: str) -> None:
    (found,) = receive_file("r.json", report(), NOW, "x", via)  # type: ignore[arg-type]
    assert isinstance(found, Arrived)
    assert (found.receipt.trust, found.receipt.via) == (trust, via)


def test_a_file_that_is_an_archive_gives_each_member() -> None:
    one, two = receive_file("r.zip", zipped(report(), zipped(b"")), NOW, "x")
    assert isinstance(one, Arrived)
    assert isinstance(two, Skipped)


@given(st.binary(max_size=200))
async def test_any_mail_is_received(raw: bytes) -> None:
    arrived, skipped = await received(raw, keys())
    assert arrived or skipped
