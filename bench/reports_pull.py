"""Memory and seconds of a pull of 100 000 signed mails, and of a second pull without new mails.

The mails are in a Maildir, from 90 days and 1 000 reporters. Each signature is verified with a key
from a resolver in the same process. The bar is 1 GB for the peak memory of the largest process.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BAR_MB = 1024
COUNT = 100_000
DAYS = 90
REPORTERS = 1000
DOMAIN = "example.gov"
BEGAN = 1_767_225_600  # 2026-01-01
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_PULL = """
import sys
from mtasts.cli.main import main
from mtasts.cli.outside import Outside
from mtasts.observations import DnsAnswer, DnsStatus

class Dns:
    async def lookup(self, name, type_):
        return DnsAnswer(name, type_, DnsStatus.ANSWERED, strings=((sys.argv[3].encode(),),))

class Here(Outside):
    def resolver(self, reach):
        return Dns()

words = ["reports", "pull", "--from", sys.argv[1], "--store", sys.argv[2], "--format", "json"]
sys.exit(main([*words, "--domain", sys.argv[4]], Here()))
"""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The output of one pull, its peak memory in MB, its wall-clock and its processor seconds."""

    said: dict[str, object]
    peak_mb: float
    wall: float
    processor: float


def mail(number: int) -> bytes:
    """A signed mail with one report in gzip; every tenth report has failures."""
    domain = f"reporter-{number % REPORTERS}.example"
    day = time.strftime("%Y-%m-%d", time.gmtime(BEGAN + number // REPORTERS % DAYS * 86_400))
    failed = number % 10 == 0
    detail = {
        "result-type": "certificate-expired",
        "receiving-mx-hostname": "mx1.example.gov",
        "sending-mta-ip": "192.0.2.1",
        "failed-session-count": 3,
    }
    found = {
        "organization-name": domain,
        "contact-info": f"tls@{domain}",
        "report-id": f"{day}-{number}",
        "date-range": {
            "start-datetime": f"{day}T00:00:00Z",
            "end-datetime": f"{day}T23:59:59Z",
        },
        "policies": [
            {
                "policy": {
                    "policy-type": "sts",
                    "policy-domain": DOMAIN,
                    "policy-string": ["version: STSv1", "mode: testing", "mx: mx1.example.gov"],
                    "mx-host": ["mx1.example.gov"],
                },
                "summary": {
                    "total-successful-session-count": number % 100,
                    "total-failure-session-count": 3 * failed,
                },
                "failure-details": [detail] * failed,
            }
        ],
    }
    packed = base64.encodebytes(gzip.compress(json.dumps(found).encode())).replace(b"\n", b"\r\n")
    body = (
        b"--b\r\nContent-Type: application/tlsrpt+gzip\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + packed + b"--b--\r\n"
    )
    return signed(domain, body)


def signed(domain: str, body: bytes) -> bytes:
    """A mail with that body, signed over its From field (RFC 6376, RFC 8463)."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    tags = f"v=1; a=ed25519-sha256; c=relaxed/relaxed; d={domain}; s=s; h=from; bh={digest}; b="
    text = f"from:tls@{domain}\r\ndkim-signature:{tags}".encode()
    value = base64.b64encode(_KEY.sign(hashlib.sha256(text).digest())).decode()
    header = (
        f"DKIM-Signature: {tags}{value}\r\nFrom: tls@{domain}\r\nSubject: Report Domain\r\n"
        "Content-Type: multipart/report; boundary=b\r\n\r\n"
    )
    return header.encode() + body


def fill(folder: Path, count: int) -> None:
    """Write ``count`` mails into a Maildir."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        (folder / "new" / f"{BEGAN + number}.M{number}.bench").write_bytes(mail(number))


def pull(folder: Path, store: Path) -> Pulled:
    """Run one pull in another process.

    Raises:
        SystemExit: the pull failed.
    """
    public = base64.b64encode(_KEY.public_key().public_bytes_raw()).decode()
    record = f"v=DKIM1; k=ed25519; p={public}"
    began = time.perf_counter()
    words = [sys.executable, "-c", _PULL, str(folder), str(store), record, DOMAIN]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        out = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the pull ended with {process.returncode}: {out[:2000]!r}")
    wall = time.perf_counter() - began
    return Pulled(json.loads(out), usage.ru_maxrss / 1024, wall, usage.ru_utime + usage.ru_stime)


def row(name: str, pulled: Pulled) -> dict[str, object]:
    """One line of output; ``ratio`` is the peak memory divided by the bar."""
    return {
        "name": name,
        "ratio": round(pulled.peak_mb / BAR_MB, 2),
        "ours": round(pulled.peak_mb),
        "theirs": BAR_MB,
        "unit": "MB",
        "wall_ours": round(pulled.wall, 1),
        "processor_ours": round(pulled.processor, 1),
        "bar": 1.0,
    }


def main() -> int:
    """Measure and print both lines; returns the exit code, 1 if the bar was missed.

    Raises:
        SystemExit: a pull failed, or did not read every mail.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="mtasts-bench-") as name:
        folder, store = Path(name) / "maildir", Path(name) / "store"
        sys.stderr.write(f"bench: writing {count} mails\n")
        fill(folder, count)
        first, second = pull(folder, store), pull(folder, store)
    if first.said["trust"] != {"verified": count} or second.said["known"] != count:
        raise SystemExit(f"not all were pulled: {first.said}, {second.said}")
    rows = [
        row(f"a pull of {count} signed mails", first),
        row(f"a pull that finds none new among {count}", second),
    ]
    for each in rows:
        print(json.dumps(each))
    return int(any(each.peak_mb > BAR_MB for each in (first, second)))


if __name__ == "__main__":
    sys.exit(main())
