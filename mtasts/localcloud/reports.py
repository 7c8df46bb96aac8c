"""TLS reports of two senders about a domain of the local cloud (RFC 8460 section 4)."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_REPORTERS = (
    ("Sender One", "tlsrpt@one.sender.example"),
    ("Sender Two", "smtp-tls@two.sender.example"),
)
_SESSIONS = 120


def write_reports(
    folder: Path,
    domain: str,
    mx: Sequence[str],
    until: dt.datetime,
    *,
    days: int = 14,
    failed: int = 0,
) -> None:
    """Write one gzip file for each of two reporters and each of the last ``days`` days.

    The last of them is the whole UTC day before ``until``. On that day, ``failed`` sessions of each
    report failed because the certificate of the first host in ``mx`` had expired.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last = until.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for organization, contact in _REPORTERS:
        sender = contact.rpartition("@")[2]
        for back in range(1, days + 1):
            begin = last - dt.timedelta(days=back)
            end = begin + dt.timedelta(days=1, seconds=-1)
            lost = failed if back == 1 else 0
            details = {
                "result-type": "certificate-expired",
                "receiving-mx-hostname": mx[0],
                "failed-session-count": lost,
            }
            report = {
                "organization-name": organization,
                "date-range": {
                    "start-datetime": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
                    "end-datetime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
                },
                "contact-info": contact,
                "report-id": f"{begin:%Y-%m-%d}_{domain}",
                "policies": [
                    {
                        "policy": {
                            "policy-type": "sts",
                            "policy-string": ["version: STSv1", "mode: testing"],
                            "policy-domain": domain,
                            "mx-host": list(mx),
                        },
                        "summary": {
                            "total-successful-session-count": _SESSIONS,
                            "total-failure-session-count": lost,
                        },
                        **({"failure-details": [details]} if lost else {}),
                    }
                ],
            }
            span = f"{begin.timestamp():.0f}!{end.timestamp():.0f}"
            path = folder / f"{sender}!{domain}!{span}.json.gz"
            path.write_bytes(gzip.compress(json.dumps(report).encode("ascii"), mtime=0))
