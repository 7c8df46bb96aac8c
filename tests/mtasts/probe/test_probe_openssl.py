"""What `openssl s_client` tells of TLS, against OpenSSL's own server."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trustme
from live_domain import GOOD, NOW, changed, ids

from mtasts.check.domain import check_domain
from mtasts.observations import TlsDetails
from mtasts.probe.openssl import details, read
from mtasts.probe.reach import ConnectTo, Reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOST = "mta-sts.example.gov"
ADDRESS = "192.0.2.1"
OPENSSL = shutil.which("openssl") or ""


def is_openssl_3() -> bool:
    """LibreSSL, which macOS has, knows neither early data nor these words."""
    if not OPENSSL:
        return False
    said = subprocess.run([OPENSSL, "version"], capture_output=True, check=False)
    return said.stdout.startswith(b"OpenSSL 3")


needs_openssl = pytest.mark.skipif(not is_openssl_3(), reason="there is no OpenSSL 3 here")


@asynccontextmanager
async def serving(path: Path, *options: str) -> AsyncIterator[Reach]:
    """OpenSSL's server with RSA and a certificate for the host; the way there."""
    authority = trustme.CA()
    leaf = authority.issue_cert(HOST, key_type=trustme.KeyType.RSA)
    leaf.private_key_and_cert_chain_pem.write_to_path(str(path / "leaf.pem"))
    authority.cert_pem.write_to_path(str(path / "ca.pem"))
    server = await asyncio.create_subprocess_exec(
        OPENSSL, "s_server", "-accept", "127.0.0.1:0", "-cert", str(path / "leaf.pem"), *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert server.stdout
        await asyncio.wait_for(server.stdout.readuntil(b"ACCEPT "), 10)
        said = await asyncio.wait_for(server.stdout.readline(), 10)
        port = re.search(rb"(\d+)\s*$", said)
        assert port
        yield Reach(None, path / "ca.pem", (ConnectTo("", None, "127.0.0.1", int(port[1])),))
    finally:
        server.kill()
        await server.wait()


@needs_openssl
async def test_early_data_and_client_renegotiation_are_seen(tmp_path: Path) -> None:
    async with serving(tmp_path, "-early_data", "-client_renegotiation") as reach:
        found = await details(reach, HOST, ADDRESS, port=443)
    assert found == TlsDetails(
        HOST,
        ADDRESS,
        stapled=False,
        digest="SHA256",
        compression="NONE",
        secure_renegotiation=True,
        client_renegotiation=True,
        extended_master_secret=True,
        early_data_bytes=16_384,
    )


@needs_openssl
async def test_a_key_exchange_signed_with_sha1_is_seen(tmp_path: Path) -> None:
    weak = ("-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "DEFAULT:@SECLEVEL=0")
    async with serving(tmp_path, *weak) as reach:
        found = await details(reach, HOST, ADDRESS, port=443)
    assert (found.digest, found.client_renegotiation) == ("SHA1", False)
    assert found.early_data_bytes is None


@needs_openssl
async def test_a_server_of_tls_13_alone(tmp_path: Path) -> None:
    async with serving(tmp_path, "-tls1_3", "-num_tickets", "0") as reach:
        found = await details(reach, HOST, ADDRESS, port=443)
    assert found == TlsDetails(HOST, ADDRESS, stapled=False)


@needs_openssl
async def test_another_name_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as reach:
        found = await details(reach, "mta-sts.example.com", ADDRESS, port=443)
    assert "hostname mismatch" in found.reason


@needs_openssl
@pytest.mark.parametrize("to", ["127.0.0.1", "::1"])
async def test_nobody_listens(tmp_path: Path, to: str) -> None:
    (tmp_path / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    reach = Reach(None, tmp_path / "ca.pem", (ConnectTo("", None, to, 1),))
    found = await details(reach, HOST, ADDRESS, port=25, smtp=True)
    assert found.reason


def standing_for_openssl(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Have a script be the openssl that is found first."""
    program = folder / "openssl"
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


async def test_without_the_program_there_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = await details(Reach(allow_private=True), HOST, ADDRESS, port=443)
    assert found.reason == "there is no openssl here"
    standing_for_openssl(tmp_path, monkeypatch, "#!/nowhere/sh")
    found = await details(Reach(allow_private=True), HOST, ADDRESS, port=443)
    assert "No such file" in found.reason


@pytest.mark.parametrize(
    ("script", "says", "seconds"),
    [
        ("exec sleep 60", "in time", 0.5),
        ("exec yes", "no handshake", 60.0),
        ("echo Verify return code; exec sleep 600", "no handshake", 60.0),
    ],
    ids=["idle", "endless", "never leaves"],
)
async def test_what_does_not_end_is_ended(
    script: str, says: str, seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing_for_openssl(tmp_path, monkeypatch, f"#!/bin/sh\n{script}\n")
    found = await details(
        Reach(allow_private=True), HOST, ADDRESS, port=443, deadline_seconds=seconds
    )
    assert says in found.reason


async def test_it_sees_its_processes_gone_however_often_it_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = tmp_path / "ids"
    ids.touch()
    script = f"#!/bin/sh\necho $$ >>{ids}\nexec sleep 60\n"
    standing_for_openssl(tmp_path, monkeypatch, script)
    looking = asyncio.create_task(details(Reach(allow_private=True), HOST, ADDRESS, port=443))
    async with asyncio.timeout(30):
        while len(started := ids.read_text().split()) < 2:  # noqa: ASYNC110 - others write it
            await asyncio.sleep(0.01)
    while not looking.done():  # a deadline, and the end of the loop
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
    assert looking.cancelled()
    for each in started:
        with pytest.raises(ProcessLookupError):
            os.kill(int(each), 0)


WORDS = (
    b"Verified peername: mta-sts.example.gov",
    b"Peer signing digest: SHA256",
    b"Secure Renegotiation IS supported",
    b"Compression: NONE",
    b"    Extended master secret: yes",
    b"RENEGOTIATING",
)


@pytest.mark.parametrize(
    ("row", "words", "id_"),
    [
        (1, b"Peer signing digest: MD5-SHA1", "tls-key-exchange-hash"),
        (2, b"Secure Renegotiation IS NOT supported", "tls-renegotiation-insecure"),
        (3, b"Compression: zlib compression", "tls-compression"),
        (4, b"    Extended master secret: no", "tls-extended-master-secret-missing"),
        (5, b"RENEGOTIATING\ndepth=0 CN = x\nverify return:1", "tls-renegotiation-client"),
    ],
)
def test_each_detail_has_a_finding_of_its_own(row: int, words: bytes, id_: str) -> None:
    said = (*WORDS[:row], words, *WORDS[row + 1 :])
    for lines, expected in ((WORDS, []), (said, [id_])):
        found = read(HOST, "192.0.2.1", b"\n".join((*lines, b"")), b"")
        assert ids(check_domain(changed(GOOD, details=(found,)), NOW)) == expected


def test_a_ticket_that_takes_early_data_is_told() -> None:
    for taken, expected in ((16_384, ["tls-early-data"]), (0, [])):
        ticket = f"    Max Early Data: {taken}\n".encode()
        found = read(HOST, "192.0.2.1", b"", WORDS[0] + b"\n" + ticket)
        assert found.early_data_bytes == taken
        assert ids(check_domain(changed(GOOD, details=(found,)), NOW)) == expected


def test_what_could_not_be_looked_at_is_not_known() -> None:
    silent = read(HOST, "192.0.2.1", b"", b"connect:errno=111\n")
    found = check_domain(changed(GOOD, details=(silent,)), NOW)
    assert [(each.id, each.reason) for each in found.unknown] == [
        ("tls-details", "connect:errno=111")
    ]
