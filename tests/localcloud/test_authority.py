"""Each kind of certificate of the local authority is accepted, or refused for its own fault."""

import ssl
from pathlib import Path

import pytest

from mtasts.localcloud.authority import Authority, Certificate, server_context

HOST = "mta-sts.example.gov"


def client(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=authority.pem.decode())
    return context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str = HOST) -> ssl.SSLObject:
    """A complete TLS handshake in memory; raises the client's exception."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ours


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_a_good_certificate_verifies_for_each_of_its_names(authority: Authority) -> None:
    context = authority.context((HOST, "mta-sts.example.org"))
    for name in (HOST, "mta-sts.example.org"):
        assert handshake(context, client(authority), name).version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        pytest.param(Certificate.EXPIRED, "certificate has expired", id="expired"),
        pytest.param(Certificate.NOT_YET_VALID, "not yet valid", id="not-yet-valid"),
        pytest.param(Certificate.MISMATCH, "Hostname mismatch", id="mismatch"),
        pytest.param(Certificate.SELF_SIGNED, "self-signed certificate", id="self-signed"),
    ],
)
def test_a_bad_certificate_is_refused_for_its_reason(
    authority: Authority, certificate: Certificate, reason: str
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        handshake(authority.context((HOST,), certificate), client(authority))


def test_another_authority_is_refused(authority: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        handshake(authority.context((HOST,)), client(Authority()))


def test_a_context_is_minted_once(authority: Authority) -> None:
    assert authority.context((HOST,)) is authority.context((HOST,))
    assert authority.context((HOST,)) is not authority.context((HOST,), Certificate.EXPIRED)


def test_the_file_holds_the_root_and_no_key(authority: Authority, tmp_path: Path) -> None:
    authority.write(tmp_path / "ca.pem")
    text = (tmp_path / "ca.pem").read_text()
    assert text.count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE KEY" not in text


def test_tls_below_1_2_is_refused() -> None:
    assert server_context().minimum_version is ssl.TLSVersion.TLSv1_2
