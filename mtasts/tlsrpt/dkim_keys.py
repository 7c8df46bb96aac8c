"""The key record of a DKIM signature (RFC 6376 section 3.6.1, RFC 8463 section 4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from mtasts.tlsrpt.dkim_text import read_tags

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

RSA, ED25519 = "rsa", "ed25519"
RSA_MIN_BITS, RSA_WEAK_BITS, RSA_MAX_BITS = 1024, 2048, 8192  # RFC 8301 section 3.2
_SERVICES = frozenset({"*", "email", "tlsrpt"})  # the last one: RFC 8460 section 3
_TEXT_MAX = 10_000


class KeyStatus(StrEnum):
    """What a look-up of a key record brought."""

    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """The TXT records at the name of a key, each joined to one text.

    UNKNOWN says that it could not be found out, for the ``reason``: that is no verdict, and a later
    look-up may bring one.
    """

    status: KeyStatus
    texts: tuple[str, ...] = ()
    reason: str = ""


class KeyRecordError(ValueError):
    """A key record cannot be used, so no signature with it is valid."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key; ``strict`` wants ``i=`` to be of the very domain, ``testing`` voids verdicts.

    ``remark`` says what is wrong with a key that is taken all the same.
    """

    algorithm: str
    key: RSAPublicKey | Ed25519PublicKey
    sha256: str
    strict: bool
    testing: bool
    remark: str


@lru_cache(maxsize=1024)
def read_key(text: str) -> PublicKey:
    """The key in a record. One record is parsed once: a sender signs thousands of mails with it.

    Raises:
        KeyRecordError: it is revoked, malformed, too short, or not for mail.
    """
    if len(text) > _TEXT_MAX:
        raise KeyRecordError("the key record is too long")
    try:
        tags = read_tags(text)
    except ValueError as error:
        raise KeyRecordError(f"the key record is malformed: {error}") from error
    if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
        raise KeyRecordError("the key record is of no version that DKIM has")
    if "h" in tags and "sha256" not in _words(tags["h"]):
        raise KeyRecordError("the key is not for SHA-256 (h=)")
    if _SERVICES.isdisjoint(_words(tags.get("s", "*"))):
        raise KeyRecordError("the key is neither for email nor for tlsrpt (s=)")
    if "p" not in tags:
        raise KeyRecordError("the key record has no key (p=)")
    raw = _decoded(tags["p"])
    algorithm = tags.get("k", RSA).lower()
    if algorithm == RSA:
        key, remark = _rsa(raw)
        return _public(algorithm, key, raw, tags, remark)
    if algorithm == ED25519:
        return _public(algorithm, _ed25519(raw), raw, tags, "")
    raise KeyRecordError("the key is of an unknown type (k=)")


def _public(
    algorithm: str,
    key: RSAPublicKey | Ed25519PublicKey,
    raw: bytes,
    tags: dict[str, str],
    remark: str,
) -> PublicKey:
    flags = _words(tags.get("t", ""))
    digest = hashlib.sha256(raw).hexdigest()
    return PublicKey(algorithm, key, digest, "s" in flags, "y" in flags, remark)


def _words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(":")}


def _decoded(text: str) -> bytes:
    """The bytes of ``p=``.

    Raises:
        KeyRecordError: the key is revoked, or no base64.
    """
    whole = "".join(text.split())
    if not whole:
        raise KeyRecordError("the key is revoked (p= is empty)")
    try:
        return base64.b64decode(whole, validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRecordError("the key is no base64 (p=)") from error


def _rsa(raw: bytes) -> tuple[RSAPublicKey, str]:
    """The key, as SubjectPublicKeyInfo or RSAPublicKey (erratum 3017), and a remark.

    Raises:
        KeyRecordError: it is no RSA key of a size that is used.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRecordError("the key is malformed (p=)") from error
    if not isinstance(key, RSAPublicKey):
        raise KeyRecordError("the key is no RSA key, as k= says")
    if key.key_size < RSA_MIN_BITS:
        text = f"the RSA key has {key.key_size} bits, and fewer than {RSA_MIN_BITS} prove nothing"
        raise KeyRecordError(text)
    if key.key_size > RSA_MAX_BITS:
        raise KeyRecordError(f"the RSA key has more than {RSA_MAX_BITS} bits")
    weak = key.key_size < RSA_WEAK_BITS
    remark = f"the RSA key has {key.key_size} bits; RFC 8301 wants 2048" if weak else ""
    return key, remark


def _ed25519(raw: bytes) -> Ed25519PublicKey:
    """The key, which has 32 bytes.

    Raises:
        KeyRecordError: it is no such key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise KeyRecordError("the key is malformed (p=)") from error
