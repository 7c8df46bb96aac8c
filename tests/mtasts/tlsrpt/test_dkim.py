"""DKIM signatures (RFC 6376), by the rows of ``dkim.jsonl``, and what no row can hold.

Most mails there were signed by dkimpy 1.1.8; one is that of RFC 8463 appendix A.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mtasts.tlsrpt import dkim_text
from mtasts.tlsrpt.dkim import SIGNATURES_MAX, SignedMail, Verdict
from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyRecordError, KeyStatus, read_key
from mtasts.tlsrpt.dkim_text import MailText, relaxed_body, simple_body

VECTORS = Path(__file__).parents[2] / "vectors" / "dkim.jsonl"
ROWS = {row["id"]: row for row in map(json.loads, VECTORS.read_text("ascii").splitlines())}
NOW = dt.datetime(2026, 5, 11, 2, tzinfo=dt.UTC)


def verdicts(
    mail: bytes, keys: dict[str, list[str] | None], received: dt.datetime
) -> list[Verdict]:
    signed = SignedMail(mail)
    found = []
    for each in signed.signatures:
        texts = keys.get(each.key_name, [])
        answer = (
            KeyAnswer(KeyStatus.UNKNOWN, reason="SERVFAIL")
            if texts is None
            else KeyAnswer(KeyStatus.FOUND if texts else KeyStatus.ABSENT, tuple(texts))
        )
        found.append(signed.refuse(each, received) or signed.verify(each, answer))
    return [*found, *signed.malformed]


@pytest.mark.parametrize("row", [pytest.param(row, id=id_) for id_, row in ROWS.items()])
def test_each_signature_has_the_outcome_of_its_row(row: dict[str, Any]) -> None:
    given_ = row["input"]
    received = dt.datetime.fromisoformat(given_["received"])
    found = verdicts(base64.b64decode(given_["mail"]), given_["keys"], received)
    assert [[each.outcome, each.domain] for each in found] == row["expect"]
    assert all(bool(each.key_sha256) == (each.outcome == "valid") for each in found)


def test_a_key_of_1024_bits_is_taken_with_a_remark_and_a_shorter_or_a_giant_one_is_not() -> None:
    given_ = ROWS["key-1024"]["input"]
    (found,) = verdicts(base64.b64decode(given_["mail"]), given_["keys"], NOW)
    assert found.reason == "the RSA key has 1024 bits; RFC 8301 wants 2048"
    for numbers, says in (
        (rsa.RSAPublicNumbers(65537, (1 << 1022) + 1), "1023 bits, and fewer than 1024"),
        (rsa.RSAPublicNumbers(65537, (1 << 8200) + 1), "more than 8192 bits"),
    ):
        raw = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(KeyRecordError, match=says):
            read_key(f"p={base64.b64encode(raw).decode()}")


def test_the_reason_of_a_failed_look_up_says_which_key_and_why() -> None:
    given_ = ROWS["key-unknown"]["input"]
    (found,) = verdicts(base64.b64decode(given_["mail"]), given_["keys"], NOW)
    assert found.reason == "its key s._domainkey.sender.example could not be looked up: SERVFAIL"


def test_no_more_signatures_than_the_limit_are_tried_and_that_is_told() -> None:
    signed = SignedMail(b"DKIM-Signature: v=1\r\n" * (SIGNATURES_MAX + 2) + b"\r\n")
    assert signed.malformed[-1].reason == "only the first 16 of 18 signatures are tried"


# RFC 6376 section 3.4.5 and the sections before it.
@pytest.mark.parametrize(
    ("body", "simple", "relaxed"),
    [
        (b"", b"\r\n", b""),
        (b"\r\n\r\n", b"\r\n", b""),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C \r\nD \t E\r\n", b" C\r\nD E\r\n"),
        (b"x", b"x\r\n", b"x\r\n"),
        (b"x ", b"x \r\n", b"x\r\n"),
        (b" \t", b" \t\r\n", b""),
        (b"x\r", b"x\r\r\n", b"x\r\r\n"),
        (b"x\r\r\n\r\n", b"x\r\r\n", b"x\r\r\n"),
        (b"x\n\r\n", b"x\n\r\n", b"x\n\r\n"),
        (b"x\r\n\n\r\n", b"x\r\n\n\r\n", b"x\r\n\n\r\n"),
        (b"x\r\n \r\n\t\r\n", b"x\r\n \r\n\t\r\n", b"x\r\n"),
    ],
)
def test_a_body_has_the_form_of_the_rfc(body: bytes, simple: bytes, relaxed: bytes) -> None:
    assert (simple_body(body), relaxed_body(body)) == (simple, relaxed)


def test_a_header_field_has_the_form_of_the_rfc() -> None:
    text = MailText.split(b"A: X\r\nB : Y\t\r\n\tZ  \r\nno field\r\n more of it\r\n\r\n C \r\n")
    assert [name for name, _ in text.fields] == [b"a", b"b"]
    raws = [raw for _, raw in text.fields]
    assert [dkim_text.relaxed_header(raw) for raw in raws] == [b"a:X\r\n", b"b:Y Z\r\n"]
    assert [dkim_text.simple_header(raw) for raw in raws] == [b"A: X\r\n", b"B : Y\t\r\n\tZ  \r\n"]


def test_fields_are_chosen_from_below_and_one_that_is_missing_is_nothing() -> None:
    text = MailText.split(b"A: 1\r\nA: 2\r\nB: 3\r\n\r\n")
    assert text.signed_fields(("a", "a", "a", "b", "c"), 2) == [b"A: 2", b"A: 1"]


@given(st.text("\r\n", max_size=12))
def test_only_whole_line_ends_at_the_end_are_left_out(end: str) -> None:
    body = b"x" + end.encode()
    wanted = body
    while wanted.endswith(b"\r\n"):
        wanted = wanted.removesuffix(b"\r\n")
    assert simple_body(body) == wanted + b"\r\n"


def test_a_hostile_body_takes_little_memory() -> None:
    body = b" \r\n" * 1_000_000
    tracemalloc.start()
    relaxed_body(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * len(body)


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_any_bytes_are_no_error(header: bytes, rest: bytes) -> None:
    for raw in (header + b"\r\n\r\n" + rest, b"DKIM-Signature:" + header + b"\r\n\r\n" + rest):
        assert all(each.outcome == "invalid" for each in verdicts(raw, {}, NOW))


@given(st.text(max_size=60))
def test_any_record_is_a_key_or_refused(text: str) -> None:
    with pytest.raises(KeyRecordError):
        read_key(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"DKIM-Signature: " + b" " * 2_000_000 + b"\r\nFrom: a@b.example\r\n\r\n",
        b"DKIM-Signature: " + b";" * 2_000_000 + b"\r\nFrom: a@b.example\r\n\r\n",
        b"From: a@b.example\r\n" * 100_000 + b"\r\n",
        b"From: a@b.example\r\n\r\n" + b" " * 2_000_000 + b"x",
        b"From: a@b.example\r\n\r\n" + b" \r\n" * 1_000_000,
    ],
    ids=["spaces", "tags", "fields", "body-of-spaces", "lines-of-spaces"],
)
def test_hostile_mails_take_time_in_proportion_to_their_size(raw: bytes) -> None:
    begin = time.process_time()
    SignedMail(raw)
    relaxed_body(raw.partition(b"\r\n\r\n")[2])
    assert time.process_time() - begin < 3
