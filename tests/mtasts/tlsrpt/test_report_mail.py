"""A mail is taken apart within bounds, and every part that is no report is named.

RFC 8460 section 5.3 has the report as an attachment; real senders put it elsewhere, too.
"""

from __future__ import annotations

import base64
import gzip
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.tlsrpt import mail as mails
from mtasts.tlsrpt.mail import holds_mail, read_mail

if TYPE_CHECKING:
    from collections.abc import Callable

REPORT = b'{"report-id": "x"}'
PACKED = gzip.compress(REPORT, mtime=0)


def part(type_: str, content: bytes, encoding: str = "", more: str = "") -> bytes:
    header = f"Content-Type: {type_}\r\n{more}"
    if encoding:
        header += f"Content-Transfer-Encoding: {encoding}\r\n"
    return header.encode() + b"\r\n" + content


def based(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def mail(*parts: bytes, sender: str = "tls@sender.example") -> bytes:
    """A multipart mail, or with one part a mail that is that part."""
    start = f"From: {sender}\r\nSubject: x\r\n".encode()
    if len(parts) == 1:
        return start + parts[0]
    name = b"b%d" % sum(map(len, parts))
    between = b"".join(b"--%s\r\n%s\r\n" % (name, each) for each in parts)
    start += b"Content-Type: multipart/report; boundary=%s\r\n\r\n" % name
    return start + between + b"--%s--\r\n" % name


TEXT = part("text/plain", b"This is a report.")
GZIP = part('application/tlsrpt+gzip; name="a!b!1!2.json.gz"', based(PACKED), "base64")
JSON = part("application/tlsrpt+json", REPORT, "8bit")


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (mail(TEXT, GZIP), [("part 1 a!b!1!2.json.gz", PACKED)]),
        (mail(GZIP), [("part 1 a!b!1!2.json.gz", PACKED)]),
        (mail(JSON), [("part 1", REPORT)]),
        (mail(TEXT, JSON, GZIP), [("part 1", REPORT), ("part 2 a!b!1!2.json.gz", PACKED)]),
        (mail(part("application/tlsrpt+json", REPORT, "", "Content-Disposition: inline\r\n")),
         [("part 1", REPORT)]),
        (mail(part("application/json", b"{=22a=22:=\r\n1}", "quoted-printable")),
         [("part 1", b'{"a":1}')]),
        (mail(TEXT, part("application/octet-stream", based(PACKED), "BASE64")),
         [("part 1", PACKED)]),
        (mail(TEXT, part("application/octet-stream; name=r.json", b"not yet known")),
         [("part 1 r.json", b"not yet known")]),
        (mail(TEXT, part("application/octet-stream", REPORT)), [("part 1", REPORT)]),
        (mail(TEXT, part("application/x-anything; name=R.ZIP", b"PK")), [("part 1 R.ZIP", b"PK")]),
        (mail(part("text/plain", REPORT)), [("text", REPORT)]),
        (mail(TEXT, part("message/rfc822", mail(TEXT, JSON))),
         [("part 1: part 1", REPORT)]),
        (mail(TEXT, part("message/rfc822", based(mail(TEXT, JSON)), "base64")),
         [("part 1: part 1", REPORT)]),
        (mail(part('application/json; name="\x1b[2J.json"', REPORT)),
         [("part 1 \\x1b[2J.json", REPORT)]),
    ],
    ids=["gzip", "alone", "json", "two", "inline", "quoted", "octets", "named", "octets-json",
         "zip-name", "text", "nested", "nested-base64", "escape"],
)  # fmt: skip
def test_what_may_be_a_report_is_found(raw: bytes, found: list[tuple[str, bytes]]) -> None:
    contents = read_mail(raw)
    assert [(each.name, each.raw.strip()) for each in contents.attachments] == found
    assert contents.skipped == ()
    assert {each.message.sender for each in contents.attachments} == {"sender.example"}


def test_the_signatures_of_a_forwarded_report_are_those_of_the_mail_within() -> None:
    inner = mail(TEXT, JSON, sender="Reports <TLS@Inner.Example>")
    (found,) = read_mail(mail(TEXT, part("message/rfc822", inner))).attachments
    assert (found.message.raw, found.message.sender) == (inner, "inner.example")


def nested(depth: int) -> bytes:
    raw = mail(JSON)
    for _ in range(depth):
        raw = mail(part("message/rfc822", raw))
    return raw


def nested_parts(count: int) -> bytes:
    begin = (
        f"Content-Type: multipart/mixed; boundary=b{i:04}\r\n\r\n--b{i:04}\r\n"
        for i in range(count)
    )
    return "".join(begin).encode() + JSON


@pytest.mark.parametrize(
    ("raw", "ids", "may_hide"),
    [
        (mail(TEXT), ["no-report"], False),
        (b"", ["no-report"], False),
        (mail(TEXT, part("image/png", b"x")), ["attachment-other"], False),
        (mail(TEXT, part("application/octet-stream", b"MZ")), ["attachment-other"], False),
        (mail(part("application/tlsrpt+gzip", b"H4sI!!!!", "base64")),
         ["transfer-encoding-invalid"], True),
        (mail(part("application/tlsrpt+gzip", based(PACKED)[:-5], "base64")),
         ["transfer-encoding-invalid"], True),
        (mail(part("message/rfc822", b"H4sI!!!!", "base64")), ["transfer-encoding-invalid"], True),
        (nested(mails.DEPTH_MAX + 1), ["mail-too-deep"], True),
        (mail(TEXT) + b"\r\n--b" * 1001, ["mail-too-many-parts"], True),
        (b"X: y\r\n" * 100_000 + b"\r\n" + REPORT, ["mail-too-many-parts"], True),
        (nested_parts(300), ["mail-too-deep"], True),
        (mail(part("text/plain", b"H4sI!!!!", "base64")), ["transfer-encoding-invalid"], True),
        (b" \tx:y\r\n\r\n", ["mail-invalid"], True),
        (bytes(mails.MAIL_MAX_BYTES + 1), ["mail-too-large"], True),
    ],
    ids=["text", "empty", "image", "octets", "base64", "base64-cut", "message", "deep", "parts",
         "header", "deep-parts", "text-base64", "no-mail", "large"],
)  # fmt: skip
def test_what_is_skipped_is_named(raw: bytes, ids: list[str], *, may_hide: bool) -> None:
    contents = read_mail(raw)
    assert contents.attachments == ()
    assert [each.id for each in contents.skipped] == ids
    assert [each.may_hide for each in contents.skipped] == [may_hide] * len(ids)


def test_a_mail_at_the_limits_is_read() -> None:
    assert read_mail(nested(mails.DEPTH_MAX)).attachments
    assert read_mail(b"X: y\r\n" * 80_000 + JSON).attachments
    assert read_mail(mail(*[TEXT] * 900, GZIP)).attachments


def test_a_broken_part_does_not_hide_the_next() -> None:
    broken = part("application/tlsrpt+gzip; name=a.gz", b"H4sI!!!!", "base64")
    contents = read_mail(mail(TEXT, broken, GZIP))
    assert [each.raw for each in contents.attachments] == [PACKED]
    assert [(each.id, each.where) for each in contents.skipped] == [
        ("transfer-encoding-invalid", "part 1 a.gz")
    ]


def test_what_is_decoded_is_bounded_in_all() -> None:
    large = part("application/json", b"{" + b" " * 300 + b"}")
    raw = mail(part("message/rfc822", mail(large, b"")))
    assert len(read_mail(raw, max_bytes=2 * len(raw)).attachments) == 1
    found = read_mail(raw, max_bytes=len(raw)).skipped
    assert [each.id for each in found] == ["mail-too-large"]


BOMBS: dict[str, Callable[[], bytes]] = {
    "3000-nested-multiparts": lambda: nested_parts(3000),
    "200-nested-multiparts": lambda: nested_parts(200),
    "100000-parts": lambda: mail(*[b"\r\n"] * 100_000),
    "20000-header-parameters": lambda: mail(
        part("application/json; " + "; ".join(f"p{i}=v" for i in range(20_000)), REPORT)
    ),
    "20000-pieces-of-a-name": lambda: mail(
        part("application/json; " + "; ".join(f"name*{i}=v" for i in range(20_000)), REPORT)
    ),
    "3000-nested-messages": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 3000 + JSON,
    "40000-addresses": lambda: mail(JSON, sender=", ".join(["a@b.example"] * 40_000)),
    "header-lines-in-a-part": lambda: mail(TEXT, b"X: y\r\n" * 400_000 + JSON),
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_mails_cost_little_time_and_memory(name: str) -> None:
    raw = BOMBS[name]()
    tracemalloc.start()
    begin = time.process_time()
    contents = read_mail(raw)
    took = time.process_time() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert contents.attachments or contents.skipped
    assert took < 2
    assert peak < 4 * len(raw) + 1_000_000


@given(st.binary(max_size=300), st.sampled_from(["base64", "quoted-printable", "8bit", "x"]))
def test_any_bytes_are_attachments_or_skipped(content: bytes, encoding: str) -> None:
    for raw in (content, mail(part("application/tlsrpt+gzip", content, encoding)), mail(content)):
        contents = read_mail(raw)
        assert contents.attachments or contents.skipped


@pytest.mark.parametrize(
    ("raw", "is_mail"),
    [
        (b"Received: x", True),
        (b"From: a\n\n{}", True),
        (b"DKIM-Signature:v=1", True),
        (b"{}", False),
        (b'{"a": 1}', False),
        (b'<?xml version="1.0" xmlns:a="b"?>', False),
        (PACKED, False),
        (b"", False),
        (b"no colon", False),
    ],
)
def test_a_mail_is_told_from_other_files(raw: bytes, *, is_mail: bool) -> None:
    assert holds_mail(raw) is is_mail
