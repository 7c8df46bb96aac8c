"""Revocation lists: who is on them, and which of them count."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from live_domain import FETCH, GOOD, SESSION, changed, fetched, ids, session
from loopback import leading, served

from mtasts.check.domain import check_domain
from mtasts.check.revocation import crl_address, is_revoked, ocsp_request, source
from mtasts.localcloud.authority import CRL_URL, Authority, Certificate
from mtasts.observations import ClientProfile, Fetch, FetchOutcome, TlsSession
from mtasts.probe.https import greet

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

HOST = "mta-sts.example.gov"
NOW = dt.datetime.now(dt.UTC)
OCSP = AuthorityInformationAccessOID.OCSP
LIST = Fetch("crl.lab.example", "192.0.2.1", FetchOutcome.ANSWERED, 200)


async def presented(authority: Authority, kind: Certificate, path: Path) -> TlsSession:
    """What a server of ``authority`` shows; its first certificates are signed by the root."""

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    authority.write(path)
    async with served(silent, authority.context((HOST,), kind)) as port:
        found = await greet(leading(port, path), HOST, "192.0.2.1", ClientProfile.USUAL)
    return found.tls


async def test_a_certificate_on_its_authoritys_list_is_revoked(tmp_path: Path) -> None:
    authority = Authority()
    early = authority.crl()
    tls = await presented(authority, Certificate.REVOKED, tmp_path / "ca.pem")
    assert source(tls) == crl_address(tls.certificate) == CRL_URL
    assert is_revoked(authority.crl(), tls, NOW) == (True, "")
    assert is_revoked(early, tls, NOW) == (False, "")
    good = await presented(authority, Certificate.GOOD, tmp_path / "ca.pem")
    assert source(good) == ""


async def test_a_list_that_does_not_count_settles_nothing(tmp_path: Path) -> None:
    authority = Authority()
    tls = await presented(authority, Certificate.REVOKED, tmp_path / "ca.pem")
    for raw, issuer, now, says in (
        (b"<html>", tls.issuer_certificate, NOW, "cannot be read"),
        (authority.crl(), b"", NOW, "cannot be read"),
        (Authority().crl(), tls.issuer_certificate, NOW, "not signed by"),
        (authority.crl(), tls.issuer_certificate, NOW + dt.timedelta(days=3), "has lapsed"),
    ):
        found, reason = is_revoked(raw, replace(tls, issuer_certificate=issuer), now)
        assert found is None
        assert says in reason


def asked(url: str) -> bytes:
    """The question in an address to GET (RFC 6960 appendix A.1)."""
    return base64.b64decode(unquote(url.rpartition("/")[2]))


async def test_a_responder_is_asked_where_no_list_is_named(tmp_path: Path) -> None:
    authority = Authority()
    tls = await presented(authority, Certificate.REVOKED_BY_ANSWER, tmp_path / "ca.pem")
    assert crl_address(tls.certificate) == ""
    question = asked(source(tls))
    assert ocsp.load_der_ocsp_request(question).issuer_key_hash
    assert is_revoked(authority.answer(question), tls, NOW) == (True, "")
    assert source(replace(tls, issuer_certificate=b"")) == ""


KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()
NAME = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "an authority")])


def certificate(
    signer: Any, key: Any = KEY, *more: x509.ExtensionType, name: x509.Name = NAME
) -> x509.Certificate:
    """One of ``name`` and ``key``, signed by ``signer``, an authority of that name."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=1))
    )
    for each in more:
        builder = builder.add_extension(each, critical=False)
    return builder.sign(signer, None if signer is ED_KEY else hashes.SHA256())


def der(each: x509.Certificate) -> bytes:
    return each.public_bytes(Encoding.DER)


def responder(*methods: str, oid: x509.ObjectIdentifier = OCSP) -> x509.AuthorityInformationAccess:
    rows = [x509.AccessDescription(oid, x509.UniformResourceIdentifier(each)) for each in methods]
    return x509.AuthorityInformationAccess(rows)


LEAF = certificate(KEY, KEY, responder("http://ocsp.example"))


def answer(
    signer: Any = KEY,
    issuer: x509.Certificate | None = None,
    *,
    about: x509.Certificate = LEAF,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    lapses: dt.datetime | None = None,
    by: x509.Certificate | None = None,
) -> bytes:
    issuer = issuer or certificate(KEY)
    revoked = NOW if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = ocsp.OCSPResponseBuilder().add_response(
        about,
        issuer,
        hashes.SHA1(),  # noqa: S303 - what responders know
        status,
        NOW - dt.timedelta(days=1),
        lapses,
        revoked,
        None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by or issuer)
    if by is not None:
        builder = builder.certificates([by])
    made = builder.sign(signer, None if signer is ED_KEY else hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def told(raw: bytes, issuer: x509.Certificate | None = None) -> tuple[bool | None, str]:
    signer = der(issuer or certificate(KEY))
    return is_revoked(raw, TlsSession(certificate=der(LEAF), issuer_certificate=signer), NOW)


def test_what_a_responder_says_counts_if_it_is_signed_for_the_issuer() -> None:
    later = NOW + dt.timedelta(days=1)
    assert told(answer(lapses=later)) == (False, "")
    assert told(answer(status=ocsp.OCSPCertStatus.REVOKED)) == (True, "")
    strong = certificate(RSA_KEY, RSA_KEY)
    assert told(answer(RSA_KEY, strong), strong) == (False, "")
    signing = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    delegate = certificate(KEY, RSA_KEY, signing)
    assert told(answer(RSA_KEY, by=delegate)) == (False, "")


OF_ED = certificate(ED_KEY, ED_KEY)
UNAUTHORIZED = ocsp.OCSPResponseBuilder.build_unsuccessful(
    ocsp.OCSPResponseStatus.UNAUTHORIZED
).public_bytes(Encoding.DER)
WEB = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@pytest.mark.parametrize(
    ("raw", "issuer", "says"),
    [
        (b"<html>", None, "cannot be read"),
        (UNAUTHORIZED, None, "UNAUTHORIZED"),
        (answer(about=certificate(KEY)), None, "another certificate"),
        (answer(RSA_KEY, certificate(RSA_KEY, RSA_KEY)), None, "not signed for"),
        (answer(RSA_KEY, by=certificate(KEY, RSA_KEY)), None, "not signed for"),
        (answer(RSA_KEY, by=certificate(KEY, RSA_KEY, WEB)), None, "not signed for"),
        (answer(RSA_KEY, by=certificate(RSA_KEY, RSA_KEY)), None, "not signed for"),
        (answer(ED_KEY, OF_ED), OF_ED, "not signed for"),
        (answer(lapses=NOW - dt.timedelta(hours=1)), None, "has lapsed"),
        (answer(status=ocsp.OCSPCertStatus.UNKNOWN), None, "does not know"),
    ],
    ids=[
        "no answer", "refused", "about another", "signed by another", "no right to sign",
        "another right", "not of the issuer", "a kind of key nobody uses", "lapsed", "unknown",
    ],
)  # fmt: skip
def test_an_answer_that_does_not_count_settles_nothing(
    raw: bytes, issuer: x509.Certificate | None, says: str
) -> None:
    found, reason = told(raw, issuer)
    assert found is None
    assert says in reason


@pytest.mark.parametrize(
    "access",
    [
        (),
        (responder("https://ocsp.example", "ldap://ocsp.example"),),
        (responder("http://ca.example", oid=AuthorityInformationAccessOID.CA_ISSUERS),),
    ],
)
def test_a_certificate_that_names_no_responder_over_http(
    access: tuple[x509.ExtensionType, ...],
) -> None:
    assert ocsp_request(der(certificate(KEY, KEY, *access)), der(certificate(KEY))) == ""


@pytest.mark.parametrize("certificate", [b"", b"no certificate"])
def test_what_is_no_certificate_names_no_list(certificate: bytes) -> None:
    assert crl_address(certificate) == source(TlsSession(certificate=certificate)) == ""


async def test_each_layer_tells_it(tmp_path: Path) -> None:
    authority = Authority()
    early = replace(LIST, body=authority.crl())
    tls = await presented(authority, Certificate.REVOKED, tmp_path / "ca.pem")
    tls = replace(tls, version="TLSv1.3", expires=NOW + dt.timedelta(days=90))
    both = {**fetched(tls=tls), **session(tls=tls)}
    listed = replace(LIST, body=authority.crl())
    expected = {"host-certificate-revoked", "mx-certificate-revoked"}
    seen = changed(GOOD, revocations=((CRL_URL, listed),), **both)
    assert set(ids(check_domain(seen, NOW))) == expected
    for silent in (
        replace(LIST, status=404),
        replace(LIST, outcome=FetchOutcome.TIMED_OUT, status=0, reason="late"),
        replace(LIST, body=b"x"),
    ):
        found = check_domain(replace(seen, revocations=((CRL_URL, silent),)), NOW)
        assert ids(found) == []
        assert {each.id for each in found.unknown} == {"host-revocation", "mx-revocation"}
    found = check_domain(replace(seen, revocations=((CRL_URL, early),)), NOW)
    assert (ids(found), found.unknown) == ([], ())
    other = replace(listed, body=Authority().crl())
    assert ids(check_domain(replace(seen, revocations=(("http://other/", other),)), NOW)) == []
    assert FETCH.tls.certificate == SESSION.tls.certificate == b""
