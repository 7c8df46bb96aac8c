"""Handshakes that offer less than usual, and what is read off a certificate."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from typing import TYPE_CHECKING, Any, cast

import pytest
from loopback import leading, served

from mtasts.localcloud.authority import Authority, Certificate, server_context
from mtasts.observations import CertificateFault, ClientProfile, Fetch, FetchOutcome
from mtasts.probe import tls
from mtasts.probe.https import greet
from mtasts.probe.tls import expiry, fault, names, tls_context

if TYPE_CHECKING:
    from pathlib import Path

HOST = "mta-sts.example.gov"
MODERN = {ClientProfile.USUAL, ClientProfile.TLS12, ClientProfile.NAMELESS}


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def profiles(context: ssl.SSLContext, ca_file: Path) -> dict[ClientProfile, Fetch]:
    async with served(silent, context) as port:
        reach = leading(port, ca_file)
        return {each: await greet(reach, HOST, "192.0.2.1", each) for each in ClientProfile}


def taken(found: dict[ClientProfile, Fetch]) -> set[ClientProfile]:
    return {profile for profile, each in found.items() if each.outcome is FetchOutcome.ANSWERED}


async def test_a_modern_server_takes_all_but_old_versions(
    authority: Authority, ca_file: Path
) -> None:
    found = await profiles(authority.context((HOST,)), ca_file)
    assert taken(found) == MODERN
    assert found[ClientProfile.USUAL].tls.version == "TLSv1.3"
    assert found[ClientProfile.TLS12].tls.version == "TLSv1.2"
    assert found[ClientProfile.OLD].outcome is FetchOutcome.TLS_FAILED
    assert found[ClientProfile.USUAL].tls.issuer == "mtasts local cloud"
    assert found[ClientProfile.USUAL].tls.certificate


async def test_an_old_server_takes_old_versions(authority: Authority, ca_file: Path) -> None:
    context = Authority.context(authority, (HOST, "old.invalid"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    found = await profiles(context, ca_file)
    assert ClientProfile.OLD in taken(found)
    assert found[ClientProfile.OLD].tls.version == "TLSv1.1"


async def test_a_server_may_need_the_name(authority: Authority, ca_file: Path) -> None:
    context = server_context()
    other = authority.context((HOST,), Certificate.MISMATCH)
    named = authority.context((HOST,))

    def choose(tls_: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        tls_.context = named if name == HOST else other

    context.sni_callback = choose
    found = await profiles(context, ca_file)
    assert taken(found) == MODERN - {ClientProfile.NAMELESS}
    assert found[ClientProfile.NAMELESS].reason == "the certificate names another host"


async def test_a_common_name_names_no_host(authority: Authority, ca_file: Path) -> None:
    """RFC 8461 section 3.3: the subjectAltName alone counts, whatever OpenSSL takes by itself."""
    context = authority.context((HOST,), Certificate.COMMON_NAME)
    usual = (await profiles(context, ca_file))[ClientProfile.USUAL]
    assert usual.outcome is FetchOutcome.CERTIFICATE_REFUSED
    assert usual.fault is CertificateFault.HOST_MISMATCH
    taken_by_openssl = ssl.create_default_context(cafile=ca_file)
    async with served(silent, context) as port:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=taken_by_openssl, server_hostname=HOST
        )
        writer.close()


@pytest.mark.parametrize(
    ("chain", "issuer"), [([], b""), ([b"leaf"], b""), ([b"leaf", b"root"], b"root")]
)
def test_the_issuer_is_the_next_in_the_chain(chain: list[bytes], issuer: bytes) -> None:
    class Verified:  # as Python has it from 3.13 on
        def get_verified_chain(self) -> list[bytes]:
            return chain

    assert tls._issuer(cast("ssl.SSLObject", Verified())) == issuer


async def test_every_hello_verifies(authority: Authority, ca_file: Path) -> None:
    found = await profiles(authority.context((HOST,), Certificate.SELF_SIGNED), ca_file)
    assert taken(found) == set()
    assert found[ClientProfile.NAMELESS].fault is CertificateFault.NOT_TRUSTED


class _Presents:
    """A handshake's end with these names in the certificate."""

    def __init__(self, *names: tuple[str, str]) -> None:
        self._names = names

    def getpeercert(self) -> dict[str, Any]:
        return {"subjectAltName": self._names} if self._names else {}


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ([("DNS", HOST)], True),
        ([("IP Address", HOST), ("DNS", "a..b"), ("DNS", "*.example.gov")], True),
        ([("DNS", "a..b"), ("DNS", "*.gov"), ("DNS", "mta-sts.*.gov")], False),
        ([], False),
    ],
)
def test_names_are_compared_label_by_label(found: list[tuple[str, str]], named: bool) -> None:
    assert names(cast("ssl.SSLObject", _Presents(*found)), HOST) is named


def test_contexts_are_kept(ca_file: Path) -> None:
    assert tls_context(ca_file) is tls_context(ca_file)
    assert tls_context(ca_file) is not tls_context(ca_file, ClientProfile.TLS12)


@pytest.mark.parametrize("certificate", [{}, {"notAfter": ()}])
def test_a_certificate_without_an_end_has_none(certificate: dict[str, Any]) -> None:
    assert expiry(certificate) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [(66, CertificateFault.WEAK), (26, CertificateFault.PURPOSE), (1, CertificateFault.OTHER)],
)
def test_each_refusal_has_a_fault(code: int, expected: CertificateFault) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    assert fault(error) is expected
