"""DKIM signatures of a mail, verified (RFC 6376; Ed25519: RFC 8463; key sizes: RFC 8301).

Every signature is tried, not only the first. What RFC 8460 section 3 adds is held: a signature with
``l=`` is refused, and a key whose services are ``email``, ``tlsrpt`` or all is taken. Pure: the key
record is an argument, and whether a signature has expired is judged at the time of receipt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.names import DomainNameError, parse_domain
from mtasts.tlsrpt.dkim_keys import ED25519, RSA, KeyRecordError, KeyStatus, read_key
from mtasts.tlsrpt.dkim_text import (
    MailText,
    read_tags,
    relaxed_body,
    relaxed_header,
    simple_body,
    simple_header,
    without_signature,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from mtasts.tlsrpt.dkim_keys import KeyAnswer, PublicKey

SIGNATURES_MAX = 16  # each costs a look-up; RFC 6376 section 6.1 lets a verifier bound them
_NAME = b"dkim-signature"
_ALGORITHMS = {"rsa-sha256": RSA, "ed25519-sha256": ED25519}
_HEADERS: dict[str, Callable[[bytes], bytes]] = {
    "simple": simple_header,
    "relaxed": relaxed_header,
}
_BODIES: dict[str, Callable[[bytes], bytes]] = {"simple": simple_body, "relaxed": relaxed_body}
_REQUIRED = ("v", "a", "b", "bh", "d", "h", "s")
_SECONDS_MAX_DIGITS = 12


class Outcome(StrEnum):
    """What verifying one signature brought.

    UNKNOWN: its key could not be looked up, which is neither good nor bad. TESTING: it is valid,
    and the key says that the domain is testing DKIM, so the mail counts as unsigned (RFC 6376
    section 3.6.1, ``t=y``).
    """

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    TESTING = "testing"


@dataclass(frozen=True, slots=True)
class Signature:
    """One well-formed DKIM-Signature field of a mail.

    ``place`` is its number among the header fields, ``expires`` the time ``x=`` in seconds since
    1970, or None.
    """

    place: int
    domain: str
    selector: str
    identity: str
    algorithm: str
    header: str
    body: str
    names: tuple[str, ...]
    body_hash: bytes = field(repr=False)
    value: bytes = field(repr=False)
    expires: int | None

    @property
    def key_name(self) -> str:
        """The DNS name of its key."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one signature: its domain, the name of its key, and why."""

    outcome: Outcome
    domain: str
    key_name: str
    reason: str
    key_sha256: str = ""


class _InvalidError(Exception):
    """A signature is not valid; the text says why."""


class SignedMail:
    """A mail, split once, and the signatures in its header."""

    def __init__(self, raw: bytes) -> None:
        """Split the mail and read its first `SIGNATURES_MAX` signatures."""
        self._text = MailText.split(raw)
        self._hashes: dict[str, bytes] = {}
        self.signatures: list[Signature] = []
        self.malformed: list[Verdict] = []
        places = [place for place, (name, _) in enumerate(self._text.fields) if name == _NAME]
        for place in places[:SIGNATURES_MAX]:
            raw_field = self._text.fields[place][1]
            try:
                self.signatures.append(_read_signature(raw_field, place))
            except _InvalidError as error:
                self.malformed.append(Verdict(Outcome.INVALID, "", "", str(error)))
        if len(places) > SIGNATURES_MAX:
            text = f"only the first {SIGNATURES_MAX} of {len(places)} signatures are tried"
            self.malformed.append(Verdict(Outcome.INVALID, "", "", text))

    def refuse(self, signature: Signature, received: dt.datetime) -> Verdict | None:
        """The verdict on a signature that is not valid whatever its key: none has to be looked up.

        It had expired when it arrived, the body was changed, or there are several From fields, of
        which it can mean only one (RFC 6376 section 8.15).
        """
        if sum(name == b"from" for name, _ in self._text.fields) > 1:
            return _verdict(signature, Outcome.INVALID, "the mail has several From fields")
        if signature.expires is not None and received.timestamp() > signature.expires:
            reason = f"it had expired when it arrived (x={signature.expires})"
            return _verdict(signature, Outcome.INVALID, reason)
        digest = self._hashes.get(signature.body)
        if digest is None:
            digest = hashlib.sha256(_BODIES[signature.body](self._text.body)).digest()
            self._hashes[signature.body] = digest
        if digest != signature.body_hash:
            reason = "the body was changed after it was signed (bh=)"
            return _verdict(signature, Outcome.INVALID, reason)
        return None

    def verify(self, signature: Signature, answer: KeyAnswer) -> Verdict:
        """Verify a signature that `refuse` lets through, by the records at its ``key_name``."""
        if answer.status is KeyStatus.UNKNOWN:
            reason = f"its key {signature.key_name} could not be looked up: {answer.reason}"
            return _verdict(signature, Outcome.UNKNOWN, reason)
        try:
            key = _key(signature, answer)
            self._check_value(signature, key)
        except _InvalidError as error:
            return _verdict(signature, Outcome.INVALID, str(error))
        if key.testing:
            return _verdict(signature, Outcome.TESTING, "the key is for tests only (t=y)")
        return _verdict(signature, Outcome.VALID, key.remark, key.sha256)

    def _check_value(self, signature: Signature, key: PublicKey) -> None:
        """Verify the value of a signature (``b=``) with ``key``.

        Raises:
            _InvalidError: the header was changed, or another key signed it.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA256

        canonical = _HEADERS[signature.header]
        fields = self._text.signed_fields(signature.names, signature.place)
        own = canonical(without_signature(self._text.fields[signature.place][1]))
        signed = b"".join(map(canonical, fields)) + own.removesuffix(b"\r\n")
        try:
            if isinstance(key.key, RSAPublicKey):
                key.key.verify(signature.value, signed, PKCS1v15(), SHA256())
            else:  # RFC 8463 section 3: what is signed is the hash
                key.key.verify(signature.value, hashlib.sha256(signed).digest())
        except InvalidSignature as error:
            raise _InvalidError("the header was changed, or the key is another one (b=)") from error


def _verdict(signature: Signature, outcome: Outcome, reason: str, key_sha256: str = "") -> Verdict:
    return Verdict(outcome, signature.domain, signature.key_name, reason, key_sha256)


def _read_signature(raw: bytes, place: int) -> Signature:
    """One field (RFC 6376 section 3.5).

    Raises:
        _InvalidError: the field is malformed, or asks for what no signature here may have.
    """
    try:
        tags = read_tags(raw.partition(b":")[2].decode("ascii"))
    except ValueError as error:
        raise _InvalidError(f"a signature is malformed: {printable(str(error), 80)}") from error
    missing = [name for name in _REQUIRED if not tags.get(name)]
    if missing:
        raise _InvalidError(f"a signature lacks {', '.join(missing)}")
    if tags["v"] != "1":
        raise _InvalidError("a signature is of an unknown version")
    if "l" in tags:
        text = "a signature is about a part of the body (l=), which RFC 8460 section 3 rules out"
        raise _InvalidError(text)
    algorithm = tags["a"].lower()
    header, _, body = tags.get("c", "simple").lower().partition("/")
    body = body or "simple"
    if algorithm not in _ALGORITHMS or header not in _HEADERS or body not in _BODIES:
        raise _InvalidError("a signature is of an algorithm that is not used (a=, c=)")
    if "dns/txt" not in {each.strip().lower() for each in tags.get("q", "dns/txt").split(":")}:
        raise _InvalidError("the key of a signature is not in DNS (q=)")
    names = tuple(each.strip().lower() for each in tags["h"].split(":"))
    if "from" not in names:
        raise _InvalidError("a signature leaves out the From field (h=)")
    domain, selector = _name(tags["d"], "d"), _name(tags["s"], "s", labels="_")
    identity = tags.get("i", f"@{domain}").rpartition("@")[2].strip().lower().removesuffix(".")
    if identity != domain and not identity.endswith(f".{domain}"):
        raise _InvalidError("a signature is for another domain than its own (i=, d=)")
    signed, expires = _seconds(tags, "t"), _seconds(tags, "x")
    if signed is not None and expires is not None and expires < signed:
        raise _InvalidError("a signature expires before it is made (x=, t=)")
    return Signature(
        place=place,
        domain=domain,
        selector=selector,
        identity=identity,
        algorithm=_ALGORITHMS[algorithm],
        header=header,
        body=body,
        names=names,
        body_hash=_decoded(tags["bh"], "bh"),
        value=_decoded(tags["b"], "b"),
        expires=expires,
    )


def _key(signature: Signature, answer: KeyAnswer) -> PublicKey:
    """The key of a signature, fit for it.

    Raises:
        _InvalidError: there is not one key that fits; the signature proves nothing.
    """
    if not answer.texts:
        raise _InvalidError(f"there is no key at {signature.key_name}")
    if len(answer.texts) > 1:  # RFC 6376 section 3.6.2.2
        raise _InvalidError(f"there are {len(answer.texts)} records at {signature.key_name}")
    try:
        key = read_key(answer.texts[0])
    except KeyRecordError as error:
        raise _InvalidError(str(error)) from error
    if key.algorithm != signature.algorithm:
        raise _InvalidError("the key is of another type than the signature (k=, a=)")
    if key.strict and signature.identity != signature.domain:
        raise _InvalidError("the key is for its own domain alone (t=s), and i= is below it")
    return key


def _name(text: str, tag: str, labels: str = "") -> str:
    """A domain, or a selector, in which an underscore occurs.

    Raises:
        _InvalidError: ``text`` is no host name.
    """
    try:
        parse_domain(text.translate({ord(each): "a" for each in labels}))
    except DomainNameError as error:
        raise _InvalidError(f"a signature has no host name in {tag}=") from error
    return text.lower().removesuffix(".")


def _seconds(tags: dict[str, str], name: str) -> int | None:
    """A time in seconds since 1970; None where the tag is missing.

    Raises:
        _InvalidError: it is no such number.
    """
    text = tags.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _SECONDS_MAX_DIGITS):
        raise _InvalidError(f"a signature has no time in {name}=")
    return int(text)


def _decoded(text: str, name: str) -> bytes:
    """The bytes that a tag has in base64.

    Raises:
        _InvalidError: it is no base64.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _InvalidError(f"a signature has no base64 in {name}=") from error
