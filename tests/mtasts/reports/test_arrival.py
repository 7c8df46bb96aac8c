"""What arrives becomes reports, each with a receipt made at that time (RFC 8460 section 3)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import re
import zipfile
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mtasts.reports.arrival import Arrived, receive_file, receive_mail
from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus
from mtasts.tlsrpt.report import Report
from mtasts.tlsrpt.unpacking import Skipped

if TYPE_CHECKING:
    from mtasts.reports.arrival import FindKey

NOW = dt.datetime(2026, 5, 11, 2, tzinfo=dt.UTC)


def report(contact: str | None = "tls@sender.example", id_: str = "r1") -> bytes:
    return json.dumps(
        {
            "organization-name": "Sender",
            "contact-info": contact,
            "report-id": id_,
            "date-range": {
                "start-datetime": "2026-05-10T00:00:00Z",
                "end-datetime": "2026-05-10T23:59:59Z",
            },
            "policies": [
                {
                    "policy": {"policy-type": "sts", "policy-domain": "example.gov"},
                    "summary": {
                        "total-successful-session-count": 1,
                        "total-failure-session-count": 0,
                    },
                }
            ],
        }
    ).encode()


@cache
def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def mail(*parts: bytes, sender: str = "sender.example") -> bytes:
    body = b"".join(b"--b\r\nContent-Type: %s\r\n" % each for each in parts) + b"--b--\r\n"
    start = f"From: tls@{sender}\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
    return start.encode() + body


def json_part(raw: bytes) -> bytes:
    return b"application/tlsrpt+json\r\n\r\n" + raw + b"\r\n"


def signed(raw: bytes, domain: str, *, more: str = "") -> bytes:
    """The mail with a signature, relaxed, over its From field."""
    header, _, body = raw.partition(b"\r\n\r\n")
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    tags = (
        f"v=1; a=ed25519-sha256; c=relaxed/relaxed; d={domain}; s=s; h=from; bh={digest};{more} b="
    )
    sender = re.search(rb"(?m)^From: *([^\r]*)", header)
    assert sender is not None
    text = b"from:%s\r\ndkim-signature:%s" % (sender[1], tags.encode())
    value = base64.b64encode(signing_key().sign(hashlib.sha256(text).digest())).decode()
    return f"DKIM-Signature: {tags}{value}\r\n".encode() + raw


def keys(status: KeyStatus = KeyStatus.FOUND) -> FindKey:
    public = base64.b64encode(signing_key().public_key().public_bytes_raw()).decode()
    texts = (f"v=DKIM1; k=ed25519; p={public}",) if status is KeyStatus.FOUND else ()
    asked = []

    async def find(name: str) -> KeyAnswer:
        asked.append(name)
        return KeyAnswer(status, texts, "SERVFAIL" if status is KeyStatus.UNKNOWN else "")

    return find


PLAIN = mail(json_part(report()))
NO_CONTACT = mail(json_part(report(None)))


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
    (found,), skipped = await receive_mail(raw, keys(KeyStatus(status)), NOW, "s3://inbox/1")
    assert isinstance(found.found, Report)
    assert skipped == ()
    assert (found.receipt.trust, found.receipt.source) == (trust, "s3://inbox/1")
    assert found.receipt.retry is (status == "unknown")


async def test_a_forwarded_report_keeps_the_signature_of_its_own_mail() -> None:
    inner = signed(mail(json_part(report())), "sender.example")
    outer = (
        b"From: x@forwarder.example\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n"
        b"--out\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--out--\r\n"
    )
    (found,), _ = await receive_mail(outer, keys(), NOW, "x")
    assert (found.receipt.trust, found.receipt.signer) == ("verified", "sender.example")


async def test_a_body_that_was_changed_costs_no_look_up() -> None:
    asked = []

    async def find(name: str) -> KeyAnswer:
        asked.append(name)
        return KeyAnswer(KeyStatus.ABSENT)

    await receive_mail(signed(PLAIN, "sender.example").replace(b"r1", b"r2"), find, NOW, "x")
    assert asked == []
    await receive_mail(signed(PLAIN, "sender.example"), find, NOW, "x")
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
    arrived, skipped = await receive_mail(signed(raw, "sender.example"), keys(), NOW, "x")
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
    arrived, skipped = await receive_mail(raw, keys(), NOW, "x")
    assert arrived or skipped
