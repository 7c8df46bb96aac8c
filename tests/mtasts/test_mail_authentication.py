"""What passes for SPF, DKIM and DMARC, from a table."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mtasts.mail_authentication import (
    begins_dmarc,
    dkim_name,
    dkim_rsa_bits,
    dmarc_names,
    is_dkim,
    is_dmarc,
    is_spf,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("test", "record", "expected"),
    [
        (is_spf, "v=spf1", True),
        (is_spf, "V=SPF1 -all", True),
        (is_spf, "v=spf10 -all", False),
        (is_spf, "spf2.0/pra", False),
        (is_dkim, "v=DKIM1; k=ed25519; p=11qYAYKx", True),
        (is_dkim, "p=AAAA", True),
        (is_dkim, "v=DKIM1; p=", False),
        (is_dkim, "v=DKIM1; sp=AAAA", False),
        (begins_dmarc, "v=DMARC1", True),
        (begins_dmarc, "v = DMARC1; p=none", True),
        (begins_dmarc, "p=none; v=DMARC1", False),
        (is_dmarc, "v=DMARC1;p=reject;", True),
        (is_dmarc, "v=DMARC1; P=Quarantine", True),
        (is_dmarc, "v=DMARC1; sp=reject", False),
        (is_dmarc, "v=DMARC1; p=later", False),
        (is_dmarc, "p=none", False),
    ],
)
def test_a_record_is_one_or_is_not(
    test: Callable[[str], bool], record: str, expected: bool
) -> None:
    assert test(record) is expected


def _record(key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey) -> str:
    raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(raw).decode()}"


def test_the_size_of_an_rsa_key_is_read() -> None:
    assert dkim_rsa_bits(_record(rsa.generate_private_key(65537, 2048).public_key())) == 2048


@pytest.mark.parametrize(
    "record",
    [
        "v=DKIM1; p=",
        "v=DKIM1; p=AAAA",
        "v=DKIM1; p=A",
        "v=spf1 -all",
        _record(ed25519.Ed25519PrivateKey.generate().public_key()),
    ],
    ids=["revoked", "no-key", "no-base64", "another-record", "another-kind"],
)
def test_other_keys_have_no_such_size(record: str) -> None:
    assert dkim_rsa_bits(record) is None


def test_names_are_those_of_the_rfcs() -> None:
    assert dkim_name("s1", "example.gov") == "s1._domainkey.example.gov"
    assert dmarc_names("a.example.gov") == ["_dmarc.a.example.gov", "_dmarc.example.gov"]
    assert dmarc_names("example") == ["_dmarc.example"]
    assert len(dmarc_names("a." * 30 + "gov")) == 8
