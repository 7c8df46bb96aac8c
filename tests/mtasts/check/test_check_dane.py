"""TLSA records: which certificate they mean, from a certificate of the local authority.

Senders that know DANE put them before MTA-STS (RFC 8461 section 2).
"""

from __future__ import annotations

import hashlib
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from mtasts.check.dane import Tlsa, parse_tlsa

if TYPE_CHECKING:
    from mtasts.localcloud.authority import Authority


@pytest.fixture
def certificate(authority: Authority) -> bytes:
    return ssl.PEM_cert_to_DER_cert(authority.pem.decode())


def test_each_way_to_name_a_certificate_is_known(authority: Authority, certificate: bytes) -> None:
    key = (
        load_pem_x509_certificate(authority.pem)
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    for selector, chosen in enumerate((certificate, key)):
        for matching, data in enumerate(
            (chosen, hashlib.sha256(chosen).digest(), hashlib.sha512(chosen).digest())
        ):
            record = parse_tlsa(f"3 {selector} {matching} {data.hex()}")
            assert record == Tlsa(3, selector, matching, data)
            assert record.matches(certificate)
            assert not Tlsa(3, selector, matching, b"other").matches(certificate)


@pytest.mark.parametrize("text", ["", "3 1 1", "3 1 1 abc", "3 1 1 xy", "1234 1 1 ab"])
def test_what_is_none_is_none(text: str) -> None:
    assert parse_tlsa(text) is None


def test_spaces_in_the_data_are_presentation() -> None:
    assert parse_tlsa("3 1 1 AB cd") == Tlsa(3, 1, 1, b"\xab\xcd")
