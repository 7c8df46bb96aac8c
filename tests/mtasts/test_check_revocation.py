"""Revocation lists: who is on them, and which of them count."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from loopback import leading, served
from test_check_domain import FETCH, GOOD, SESSION, fetched, ids, session

from localcloud.authority import CRL_URL, Authority, Certificate
from mtasts.check.domain import check_domain
from mtasts.check.revocation import crl_address, is_revoked
from mtasts.observations import Fetch, FetchOutcome, Hello, Presented
from mtasts.probe.https import greet

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

HOST = "mta-sts.example.gov"
NOW = dt.datetime.now(dt.UTC)
LIST = Fetch("crl.lab.example", "192.0.2.1", FetchOutcome.ANSWERED, 200)


async def presented(authority: Authority, kind: Certificate, path: Path) -> Presented:
    """What a server of ``authority`` shows; its first certificates are signed by the root."""

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    authority.write(path)
    async with served(silent, authority.context((HOST,), kind)) as port:
        found = await greet(leading(port, path), HOST, "192.0.2.1", Hello.USUAL)
    return found.tls


async def test_a_certificate_on_its_authoritys_list_is_revoked(tmp_path: Path) -> None:
    authority = Authority()
    tls = await presented(authority, Certificate.REVOKED, tmp_path / "ca.pem")
    assert crl_address(tls.certificate) == CRL_URL
    told = is_revoked(authority.crl(), tls.certificate, tls.issuer_certificate, NOW)
    assert told == (True, "")
    good = await presented(authority, Certificate.GOOD, tmp_path / "ca.pem")
    assert crl_address(good.certificate) == ""
    told = is_revoked(authority.crl(), good.certificate, good.issuer_certificate, NOW)
    assert told == (False, "")


async def test_a_list_that_does_not_count_settles_nothing(tmp_path: Path) -> None:
    authority = Authority()
    tls = await presented(authority, Certificate.REVOKED, tmp_path / "ca.pem")
    for raw, issuer, now, says in (
        (b"<html>", tls.issuer_certificate, NOW, "cannot be read"),
        (authority.crl(), b"", NOW, "cannot be read"),
        (Authority().crl(), tls.issuer_certificate, NOW, "not signed by"),
        (authority.crl(), tls.issuer_certificate, NOW + dt.timedelta(days=3), "has lapsed"),
    ):
        found, reason = is_revoked(raw, tls.certificate, issuer, now)
        assert found is None
        assert says in reason


@pytest.mark.parametrize("certificate", [b"", b"no certificate"])
def test_what_is_no_certificate_names_no_list(certificate: bytes) -> None:
    assert crl_address(certificate) == ""


async def test_each_layer_tells_it(tmp_path: Path) -> None:
    authority = Authority()
    early = replace(LIST, body=authority.crl())
    tls = await presented(authority, Certificate.REVOKED, tmp_path / "ca.pem")
    tls = replace(tls, version="TLSv1.3", expires=NOW + dt.timedelta(days=90))
    both = {**fetched(tls=tls), **session(tls=tls)}
    listed = replace(LIST, body=authority.crl())
    expected = {"host-certificate-revoked", "mx-certificate-revoked"}
    seen = replace(GOOD, crls=((CRL_URL, listed),), **both)
    assert set(ids(check_domain(seen, NOW))) == expected
    for silent in (
        replace(LIST, status=404),
        replace(LIST, outcome=FetchOutcome.TIMED_OUT, status=0, reason="late"),
        replace(LIST, body=b"x"),
    ):
        found = check_domain(replace(seen, crls=((CRL_URL, silent),)), NOW)
        assert ids(found) == []
        assert {each.id for each in found.unknown} == {"host-revocation", "mx-revocation"}
    found = check_domain(replace(seen, crls=((CRL_URL, early),)), NOW)
    assert (ids(found), found.unknown) == ([], ())
    other = replace(listed, body=Authority().crl())
    assert ids(check_domain(replace(seen, crls=(("http://other/", other),)), NOW)) == []
    assert FETCH.tls.certificate == SESSION.tls.certificate == b""
