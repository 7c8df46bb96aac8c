"""A real sender side: tlsrpt-reporter 0.6.0, fed with the datagrams that Postfix would send it.

Its collector, fetcher and reporter run as the processes that they are. What it delivers mail with
adds what a sender's own mail server adds: a date and a DKIM signature.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SENDER, SELECTOR = "sender.example", "s1"
BIN = Path(sys.prefix) / "bin"
_SECONDS = 60
_SIGNED = ("from", "to", "subject", "date", "message-id", "tls-report-domain")


def new_key(path: Path) -> str:
    """Make a key of 2048 bits in a file; the text of its record (RFC 6376 section 3.6.1)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; s=tlsrpt; p={base64.b64encode(public).decode()}"


def signed(mail: bytes, key_file: Path) -> bytes:
    """The mail with a DKIM signature, relaxed for headers and simple for the body."""
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    head, _, body = mail.partition(b"\r\n\r\n")
    found = dict(_relaxed(each) for each in re.split(rb"\r\n(?![ \t])", head))
    names = [each for each in _SIGNED if each in found]
    body = body.rstrip(b"\r\n") + b"\r\n"
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    tags = (
        f"v=1; a=rsa-sha256; c=relaxed/simple; d={SENDER}; s={SELECTOR}; t={int(time.time())}; "
        f"h={':'.join(names)}; bh={digest}; b="
    )
    rows = [f"{name}:{found[name]}\r\n" for name in names] + [f"dkim-signature:{tags}"]
    made = key.sign("".join(rows).encode(), padding.PKCS1v15(), hashes.SHA256())
    return (
        f"DKIM-Signature: {tags}{base64.b64encode(made).decode()}\r\n".encode()
        + head
        + (b"\r\n\r\n" + body)
    )


def _relaxed(row: bytes) -> tuple[str, str]:
    name, _, value = row.decode().partition(":")
    return name.strip().lower(), re.sub(r"[ \t\r\n]+", " ", value).strip()


def send_mail(port: int, key_file: Path) -> None:
    """Deliver the mail on standard input to an MX host: what ``sendmail -t`` is to the reporter."""
    mail = re.sub(rb"\r?\n", b"\r\n", sys.stdin.buffer.read())
    mail = f"Date: {formatdate()}\r\n".encode() + mail
    to = re.search(rb"(?mi)^To: *(\S+)", mail)
    assert to is not None
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as server:
        server.sendmail(f"noreply@{SENDER}", [to[1].decode()], signed(mail, key_file))


class TlsRptSender:
    """One sending site: what it saw, and where its reports go."""

    def __init__(self, folder: Path, mail_port: int, edge_port: int, ca_file: Path) -> None:
        self.folder = folder
        self.record = new_key(folder / "dkim.pem")
        python = [sys.executable, str(Path(__file__)), str(mail_port), str(folder / "dkim.pem")]
        self._sendmail = shlex.join(python)
        # As its own default, but for where this machine has the endpoint, and with --fail.
        words = ["curl", "--silent", "--show-error", "--fail", "--cacert", str(ca_file)]
        words += ["--connect-to", f"::127.0.0.1:{edge_port}", "--data-binary", "@-"]
        self._http = shlex.join([*words, "--header", "Content-Type: application/tlsrpt+gzip"])
        self._storage = f"sqlite://{folder / 'collectd.sqlite'}"

    def report(self, datagrams: list[dict[str, Any]], arrived: Callable[[], bool]) -> None:
        """Take in a day of datagrams, and deliver its reports until they have ``arrived``."""
        path = self.folder / "socket"
        collect = ["tlsrpt-collectd", "--storage", self._storage, "--socketname", str(path)]
        collect += ["--sockettimeout", "1"]
        today = self.folder / "collectd.sqlite"
        yesterday = today.with_suffix(".sqlite.yesterday")
        with self._running(collect) as process:
            _wait(path.exists)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                for each in datagrams:
                    sender.sendto(json.dumps(each).encode(), str(path))
            _wait(lambda: _sessions(today) == len(datagrams))
            process.send_signal(signal.SIGUSR2)  # the day ends
            _wait(lambda: _sessions(yesterday) == len(datagrams))
        fetch = shlex.join([str(BIN / "tlsrpt-fetcher"), "--storage", self._storage])
        words = ["tlsrpt-reportd", "--dbname", str(self.folder / "reportd.sqlite")]
        words += ["--fetchers", fetch, "--organization_name", "Sender"]
        words += ["--contact_info", f"tls@{SENDER}", "--sender_address", f"noreply@{SENDER}"]
        words += ["--sendmail_script", self._sendmail, "--http_script", self._http]
        words += ["--http_timeout", "30", "--sendmail_timeout", "30"]
        words += ["--spread_out_delivery", "1", "--interval_main_loop", "1"]
        for what in ("delivery", "domainlist"):  # a failed try is made again, as by any sender
            words += [f"--min_wait_{what}", "1", f"--max_wait_{what}", "1"]
        with self._running(words):
            _wait(arrived)

    @contextmanager
    def _running(self, words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        log = self.folder / f"{words[0]}.log"
        nothing = ["--config_file", str(self.folder / "empty.cfg")]
        (self.folder / "empty.cfg").write_text(f"[{words[0].replace('-', '_')}]\n")
        with log.open("wb") as said:
            process = subprocess.Popen(
                [str(BIN / words[0]), *words[1:], *nothing, "--log_level", "debug"],
                stdout=said,
                stderr=said,
                cwd=self.folder,
            )
            try:
                yield process
            except AssertionError as error:
                rows = log.read_text().splitlines()
                told = [each for each in rows if " DEBUG " not in each] + rows[-20:]
                raise AssertionError("\n".join(told)) from error
            finally:
                process.terminate()
                process.wait(20)


def _sessions(database: Path) -> int:
    """How many sessions the collector has committed to a day's database."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            rows = opened.execute("SELECT coalesce(sum(cntrtotal), 0) FROM finalresults")
            return int(rows.fetchone()[0])
    except sqlite3.OperationalError:  # the collector moves the file at the end of a day
        return 0


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.1)


if __name__ == "__main__":
    send_mail(int(sys.argv[1]), Path(sys.argv[2]))
