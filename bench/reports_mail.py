"""The reading of TLS reports, against parsedmarc 11.1.0 on the same files, in turns.

The files are 2 000 small mails (2 failure details, 1.9 KB), 500 large ones (50 failure details, 9
KB of JSON), and the gzip files in these mails. parsedmarc verifies no signatures; mtasts does in
the rows ``signed``. ``python bench/reports_mail.py PYTHON`` takes the path of the Python
interpreter in parsedmarc's environment.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from measuring import Taken, row, tell

ROUNDS = 5
SETS = {"small": (2000, 2), "large": (500, 50)}
# The limit for each kind, as a part of parsedmarc's processor seconds for all files of both sizes.
BARS = {"mail": 1 / 10, "signed": 1 / 2, "gz": 1 / 3}
KEY = rsa.generate_private_key(65537, 2048)


def report(number: int, details: int) -> bytes:
    """A report about one domain as JSON without white space, as Google writes it."""
    domain = f"agency-{number}.example.gov"
    detail = {
        "result-type": "certificate-expired",
        "receiving-mx-hostname": f"mx1.{domain}",
        "receiving-ip": "203.0.113.56",
        "failed-session-count": 3,
    }
    policy = {
        "policy-type": "sts",
        "policy-string": ["version: STSv1", "mode: enforce", f"mx: mx1.{domain}", "max_age: 86400"],
        "policy-domain": domain,
        "mx-host": [f"mx1.{domain}"],
    }
    summary = {
        "total-successful-session-count": 1200 + number,
        "total-failure-session-count": 3 * details,
    }
    rows = [{**detail, "sending-mta-ip": f"2001:db8::{n:x}"} for n in range(details)]
    return json.dumps(
        {
            "organization-name": "Sender Inc.",
            "date-range": {
                "start-datetime": "2026-05-10T00:00:00Z",
                "end-datetime": "2026-05-10T23:59:59Z",
            },
            "contact-info": "tls-reports@sender.example",
            "report-id": f"2026-05-10T00:00:00Z_{domain}",
            "policies": [{"policy": policy, "summary": summary, "failure-details": rows}],
        },
        separators=(",", ":"),
    ).encode("ascii")


def mail(number: int, packed: bytes) -> bytes:
    """A signed mail with a report, as a large sender writes it."""
    domain = f"agency-{number}.example.gov"
    name = f"sender.example!{domain}!1778371200!1778457599!001.json.gz"
    header = f"""\
MIME-Version: 1.0
Date: Mon, 11 May 2026 01:00:00 +0000
Message-ID: <{number}@sender.example>
Subject: Report Domain: {domain} Submitter: sender.example Report-ID: <{number}@sender.example>
From: tls-reports@sender.example
To: tlsrpt@example.gov
TLS-Report-Domain: {domain}
TLS-Report-Submitter: sender.example
Content-Type: multipart/report; boundary="7f5a"; report-type=tlsrpt
"""
    body = f"""\
--7f5a
Content-Type: text/plain; charset="UTF-8"

This is an aggregate TLS report from sender.example

--7f5a
Content-Type: application/tlsrpt+gzip; name="{name}"
Content-Disposition: attachment; filename="{name}"
Content-Transfer-Encoding: base64

{base64.encodebytes(packed).decode("ascii")}--7f5a--
"""
    whole, text = (part.replace("\n", "\r\n").encode("ascii") for part in (header, body))
    return _signature(whole, text) + whole + b"\r\n" + text


def _signature(header: bytes, body: bytes) -> bytes:
    names = ("from", "to", "subject", "date", "tls-report-domain", "tls-report-submitter")
    fields = dict(line.split(b": ", 1) for line in header.splitlines())
    values = {name.decode().lower(): value for name, value in fields.items()}
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    tags = (
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=bench; "
        f"h={':'.join(names)}; bh={digest}; b="
    )
    signed = b"".join(b"%s:%s\r\n" % (name.encode(), values[name]) for name in names)
    signed += f"dkim-signature:{tags}".encode("ascii")
    value = base64.b64encode(KEY.sign(signed, PKCS1v15(), SHA256()))
    return b"DKIM-Signature: " + tags.encode("ascii") + value + b"\r\n"


def write_files(folder: Path, count: int, details: int) -> None:
    """The mails of one size, the files in them, and the key record."""
    folder.mkdir()
    public = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = f"v=DKIM1; k=rsa; s=tlsrpt; p={base64.b64encode(public).decode('ascii')}"
    (folder / "key.txt").write_text(text, "ascii")
    for number in range(count):
        packed = gzip.compress(report(number, details), mtime=0)
        (folder / f"{number:05}.gz").write_bytes(packed)
        (folder / f"{number:05}.eml").write_bytes(mail(number, packed))


def take(python: str, program: str, kind: str, folder: Path) -> Taken:
    """Run one program over one folder; returns its seconds."""
    script = Path(__file__).with_name("reports_peer.py")
    words = [python, str(script), program, kind, str(folder)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return Taken(*json.loads(done.stdout))


def together(taken: list[Taken]) -> Taken:
    """The sum of the seconds of several runs."""
    return Taken(sum(each.wall for each in taken), sum(each.processor for each in taken))


def main(python: str) -> int:
    """Measure, and print a line for each kind and size; a bar applies to both sizes together."""
    rows = []
    with tempfile.TemporaryDirectory() as base:
        for size, (count, details) in SETS.items():
            write_files(Path(base) / size, count, details)
        for kind, bar in BARS.items():
            pairs: dict[str, list[tuple[Taken, Taken]]] = {size: [] for size in SETS}
            for _ in range(ROUNDS):
                for size in SETS:
                    folder = Path(base) / size
                    mine = take(sys.executable, "ours", kind, folder)
                    pairs[size].append((mine, take(python, "parsedmarc", kind, folder)))
            rows += [row(f"{kind}, {size}, beside parsedmarc", pairs[size]) for size in SETS]
            whole = [
                (together([ours for ours, _ in each]), together([theirs for _, theirs in each]))
                for each in zip(*pairs.values(), strict=True)
            ]
            rows.append(row(f"{kind}, all, beside parsedmarc", whole, bar))
    return tell(rows)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
