"""Bombs and poison in every kind of source: each is named, and the good mail among them counts."""

from __future__ import annotations

import base64
import gzip
import io
import ssl
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from imap_server import PASSWORD, USER, Folder, imap_served
from pulling import around
from report_mails import json_part, mail, report, signed
from test_pull import ask, pulled

from mtasts.localcloud.moto_host import make_bucket, moto_running, session
from mtasts.reports.sources.folder import FolderSource
from mtasts.reports.sources.imap import ImapAccount, ImapSource
from mtasts.reports.sources.mailbox import MaildirSource, MboxSource
from mtasts.reports.sources.objects import ObjectSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mtasts.localcloud.authority import Authority
    from mtasts.reports.sources.source import Source

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")


def attached(raw: bytes, type_: bytes = b"application/tlsrpt+gzip") -> bytes:
    head = type_ + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return mail(head + base64.encodebytes(raw).replace(b"\n", b"\r\n"))


def zip_of(raw: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.zip", raw)
    return found.getvalue()


def nested(depth: int) -> bytes:
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(depth)
    )
    return b"From: a@sender.example\r\n" + parts


SCRIPT = b"<script>alert(1)</script>=cmd|' /C calc'!A0\\u001b[31m"
# What it is, and the word by which it is skipped; None: it is a report.
POISON = {
    "good": (signed(mail(json_part(report())), "sender.example"), None),
    "bomb": (attached(gzip.compress(bytes(30 * 2**20))), "too-large"),
    "zips": (attached(zip_of(zip_of(b"{}")), b"application/zip"), "archive-in-archive"),
    "deep": (mail(json_part(b"[" * 10_000)), "too-deep"),
    "multiparts": (nested(3000), "mail-too-many-parts"),
    "levels": (nested(300), "no-report"),
    "parts": (mail(*[b"text/plain\r\n\r\nx\r\n"] * 5000), "mail-too-many-parts"),
    "parameters": (b"Content-Type: a/b" + b'; x="y"' * 20_000 + b"\r\n\r\nx", "attachment-other"),
    "script": (mail(json_part(report(id_=SCRIPT.decode()))), None),
    "not-utf-8": (mail(json_part(report(id_="u").replace(b"Sender", b"\xff\xfe"))), None),
    "twice": (mail(json_part(report(id_="t")[:-1] + b',"policies":[]}')), "member-contradicts"),
    "base64": (attached(b"x").replace(b"eA==", b"e$$="), "transfer-encoding-invalid"),
    "nul": (b"From: a@b.example\r\n\r\n" + bytes(1000), "no-report"),
}


@contextmanager
def source_of(kind: str, folder: Path, authority: Authority) -> Iterator[Source]:
    """A source of that kind with all of it."""
    mails = [raw for raw, _ in POISON.values()]
    match kind:
        case "folder" | "maildir":
            for name in ("new", "cur"):
                (folder / name).mkdir(parents=True)
            for number, raw in enumerate(mails):
                (folder / "new" / f"{1778464800 + number}.M.host").write_bytes(raw)
            yield FolderSource(folder) if kind == "folder" else MaildirSource(folder)
        case "mbox":
            lines = b"From x Mon May 11 02:00:00 2026\n"
            stored = (each.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n" for each in mails)
            folder.write_bytes(b"".join(lines + each + b"\n" for each in stored))
            yield MboxSource(folder)
        case "imap":
            served = Folder(dict(enumerate(mails, 1)))
            with imap_served(served, authority.context(("localhost",))) as port:
                account = ImapAccount(
                    USER, "localhost", port, "Reports", "imaps://u@h/Reports", PASSWORD
                )
                trusted = ssl.create_default_context(cadata=authority.pem.decode())
                yield ImapSource(account, trusted)
        case _:
            with moto_running() as url:
                s3 = session().client("s3", endpoint_url=url)
                make_bucket(url, "mtasts-hostile")
                for number, raw in enumerate(mails):
                    key = f"mail/{number}\x1b[31m"
                    s3.put_object(Bucket="mtasts-hostile", Key=key, Body=raw)
                yield ObjectSource(
                    "s3://mtasts-hostile/mail", "mtasts-hostile", "mail/", lambda: s3
                )


@pytest.mark.parametrize("kind", ["folder", "maildir", "mbox", "imap", "s3"])
def test_poison_is_named_and_keeps_nothing_back(
    kind: str, tmp_path: Path, authority: Authority
) -> None:
    with source_of(kind, tmp_path / "source", authority) as source:
        told = pulled(source, tmp_path / "store", around(), limit=2**20)
    assert told.is_whole
    assert told.fetched == len(POISON)
    expected = [word for _, word in POISON.values() if word is not None]
    assert sorted(told.skipped.elements()) == sorted(expected)
    assert told.trust == {"verified": 1, "unsigned": 2}
    store = tmp_path / "store"
    for (value,) in ask(store, "SELECT source FROM receipts UNION SELECT reason FROM dropped"):
        assert str(value).isascii()
        assert str(value).isprintable()
    assert ask(store, "SELECT report_id FROM reports WHERE trust = 'verified'") == [("r1",)]
