"""Facts of a handshake that Python does not show, from OpenSSL's client (``openssl s_client``).

Two verified handshakes: TLS 1.2, in which it then asks to negotiate anew, and TLS 1.3.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from typing import IO, TYPE_CHECKING, Self, cast

from mtasts.findings import printable
from mtasts.observations import TlsDetails
from mtasts.probe.reach import NotGlobalError

if TYPE_CHECKING:
    from mtasts.probe.reach import Reach

# The server decides how much openssl prints, such as its certificate chain.
_OUTPUT_MAX = 256 * 1024
_ANSWER_SECONDS = 1.0  # the wait for messages after a handshake, which may never come
_RENEGOTIATING = b"RENEGOTIATING"
_STOOD = re.compile(rb"^Extended master secret: |^    Extended master secret: ", re.MULTILINE)
_AGAIN = re.compile(rb"RENEGOTIATING\r?\n(?:.*\n)*?verify return:1")
_TICKET = re.compile(rb"^    Max Early Data: (\d+)", re.MULTILINE)


async def details(
    reach: Reach,
    host: str,
    address: str,
    *,
    port: int,
    smtp: bool = False,
    deadline_seconds: float = 30.0,
) -> TlsDetails:
    """The details of TLS at one address; ``smtp`` asks for STARTTLS first.

    Never raises for what the other side does: what it did not come to is None, with a reason.
    """
    program = shutil.which("openssl")
    if program is None:
        return TlsDetails(host, address, reason="there is no openssl here")
    try:
        target, to_port = reach.target(host, port, address)
    except NotGlobalError as error:
        return TlsDetails(host, address, reason=str(error))
    place = f"[{target}]:{to_port}" if ":" in target else f"{target}:{to_port}"
    usual = [program, "s_client", "-connect", place, "-servername", host, "-status"]
    usual += ["-CAfile", str(reach.roots), "-verify_hostname", host, "-verify_return_error"]
    usual += ["-starttls", "smtp"] if smtp else []
    # SHA-1 is offered as well, so that a server that signs with it is found.
    tls12 = [*usual, "-tls1_2", "-cipher", "DEFAULT:@SECLEVEL=0"]
    reason = ""
    try:
        async with asyncio.timeout(deadline_seconds), asyncio.TaskGroup() as talks:
            first = talks.create_task(_talk(tls12, _AGAIN, ask=b"R\n"))
            second = talks.create_task(_talk([*usual, "-tls1_3"], _TICKET, ask=b""))
    except* TimeoutError:
        reason = "no whole answer in time"
    except* OSError as errors:
        reason = printable(str(errors.exceptions[0]))
    if reason:
        return TlsDetails(host, address, reason=reason)
    return read(host, address, first.result(), second.result())


async def _talk(command: list[str], until: re.Pattern[bytes], *, ask: bytes) -> bytes:
    """What it says until it ends, or ``until`` comes, or nothing more does after ``ask``."""
    is_asked = quitting = False
    with _Talk(command) as talk:
        while len(talk.output) < _OUTPUT_MAX and not talk.over:
            patience = _ANSWER_SECONDS if b"Verify return code" in talk.output else None
            try:
                await asyncio.wait_for(talk.more.wait(), patience)
            except TimeoutError:
                if quitting:
                    break
                quitting = True  # s_client flushes its buffered output when it quits
                talk.write(b"Q\n")
                continue
            talk.more.clear()
            if until.search(talk.output):
                break
            if ask and not is_asked and _STOOD.search(talk.output):
                is_asked = True
                talk.write(ask)
        return bytes(talk.output)


class _Talk:
    """A process and what it says, as it says it; killed and gone at the end.

    Not asyncio's subprocess: cancelled twice, as at the end of a loop, that leaves one behind.
    """

    def __init__(self, command: list[str]) -> None:
        self.output = bytearray()
        self.over = False
        self.more = asyncio.Event()
        self._process = subprocess.Popen(  # noqa: S603 - no shell; names come checked
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"OPENSSL_CONF": "/dev/null"},
        )
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> Self:
        self._loop.add_reader(self._output_fd, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self._output_fd)
        self._process.kill()
        with self._process:  # closes its pipes, and waits: milliseconds after the kill
            pass

    @property
    def _output_fd(self) -> int:
        return cast("IO[bytes]", self._process.stdout).fileno()

    def _hear(self) -> None:
        chunk = os.read(self._output_fd, 65_536)
        self.output += chunk
        self.over = not chunk
        if self.over or len(self.output) >= _OUTPUT_MAX:
            self._loop.remove_reader(self._output_fd)
        self.more.set()

    def write(self, words: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # the process has ended already
            cast("IO[bytes]", self._process.stdin).write(words)


def read(host: str, address: str, tls12: bytes, tls13: bytes) -> TlsDetails:
    """What the words of both handshakes say; pure. None where one did not come to it."""
    has_tls12 = b"Verified peername" in tls12
    newer = b"Verified peername" in tls13
    whole = tls12 if has_tls12 else tls13
    ticket = _TICKET.search(tls13)
    if not has_tls12 and not newer:
        last = [line for line in whole.splitlines() if b"error" in line or b"errno" in line]
        reason = printable((last or [b"no handshake"])[0].decode("ascii", "replace"), 120)
        return TlsDetails(host, address, reason=reason)
    return TlsDetails(
        host,
        address,
        stapled=b"OCSP Response Status: successful" in whole,
        digest=_word(tls12, rb"^Peer signing digest: (\S+)") if has_tls12 else "",
        compression=_word(tls12, rb"^Compression: (\S+)") if has_tls12 else "",
        secure_renegotiation=b"Secure Renegotiation IS supported" in tls12 if has_tls12 else None,
        client_renegotiation=bool(_AGAIN.search(tls12)) if _RENEGOTIATING in tls12 else None,
        extended_master_secret=b"Extended master secret: yes" in tls12 if has_tls12 else None,
        early_data_bytes=int(ticket[1]) if ticket else None,
    )


def _word(text: bytes, pattern: bytes) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return printable(found[1].decode("ascii", "replace"), 40) if found else ""
