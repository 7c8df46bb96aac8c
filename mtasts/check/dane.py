"""TLSA records of MX hosts, as RFC 7672 reads them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_RECORD = re.compile(r"(\d{1,3}) (\d{1,3}) (\d{1,3}) ([0-9A-Fa-f ]+)")
_HASHES = {1: hashlib.sha256, 2: hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One TLSA record (RFC 6698 section 2.1); ``data`` is its certificate association data."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def matches(self, certificate: bytes) -> bool:
        """Whether this end-entity certificate (DER) is the one meant."""
        chosen = certificate if self.selector == 0 else _public_key(certificate)
        found = _HASHES[self.matching](chosen).digest() if self.matching in _HASHES else chosen
        return found == self.data


def parse_tlsa(text: str) -> Tlsa | None:
    """A record in presentation form; None for one that is none."""
    found = _RECORD.fullmatch(text)
    if found is None:
        return None
    usage, selector, matching, data = found.groups()
    digits = data.replace(" ", "")
    if len(digits) % 2:
        return None
    return Tlsa(int(usage), int(selector), int(matching), bytes.fromhex(digits))


def _public_key(certificate: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import (  # only with DANE
        Encoding,
        PublicFormat,
    )
    from cryptography.x509 import load_der_x509_certificate  # as above

    key = load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
