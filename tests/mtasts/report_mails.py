"""Reports as bytes, and mails that carry them, signed by a key that tests know."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from functools import cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus

if TYPE_CHECKING:
    from mtasts.reports.arrival import FindKey

NOW = dt.datetime(2026, 5, 11, 2, tzinfo=dt.UTC)


def report(contact: str | None = "tls@sender.example", id_: str = "r1") -> bytes:
    return json.dumps(
        {
            "organization-name": "Sender",
            "contact-info": contact,
            "report-id": id_,
            "date-range": {
                "start-datetime": "2026-05-10T00:00:00Z",
                "end-datetime": "2026-05-10T23:59:59Z",
            },
            "policies": [
                {
                    "policy": {"policy-type": "sts", "policy-domain": "example.gov"},
                    "summary": {
                        "total-successful-session-count": 1,
                        "total-failure-session-count": 0,
                    },
                }
            ],
        }
    ).encode()


@cache
def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def mail(*parts: bytes, sender: str = "sender.example") -> bytes:
    body = b"".join(b"--b\r\nContent-Type: %s\r\n" % each for each in parts) + b"--b--\r\n"
    start = f"From: tls@{sender}\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
    return start.encode() + body


def json_part(raw: bytes) -> bytes:
    return b"application/tlsrpt+json\r\n\r\n" + raw + b"\r\n"


def signed(raw: bytes, domain: str, *, more: str = "") -> bytes:
    """The mail with a signature, relaxed, over its From field."""
    header, _, body = raw.partition(b"\r\n\r\n")
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    tags = (
        f"v=1; a=ed25519-sha256; c=relaxed/relaxed; d={domain}; s=s; h=from; bh={digest};{more} b="
    )
    sender = re.search(rb"(?m)^From: *([^\r]*)", header)
    assert sender is not None
    text = b"from:%s\r\ndkim-signature:%s" % (sender[1], tags.encode())
    value = base64.b64encode(signing_key().sign(hashlib.sha256(text).digest())).decode()
    return f"DKIM-Signature: {tags}{value}\r\n".encode() + raw


def public_key() -> str:
    """The key record of the signatures."""
    public = base64.b64encode(signing_key().public_key().public_bytes_raw()).decode()
    return f"v=DKIM1; k=ed25519; p={public}"


def keys(status: KeyStatus = KeyStatus.FOUND) -> FindKey:
    texts = (public_key(),) if status is KeyStatus.FOUND else ()
    asked = []

    async def find(name: str) -> KeyAnswer:
        asked.append(name)
        return KeyAnswer(status, texts, "SERVFAIL" if status is KeyStatus.UNKNOWN else "")

    return find
