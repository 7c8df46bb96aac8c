"""Requests to the endpoint of an inbox, and how either cloud answers (RFC 8460 section 5.4)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

GZIP, JSON = "application/tlsrpt+gzip", "application/tlsrpt+json"
REPORT = b'{"organization-name": "Tests"}'
PACKED = gzip.compress(REPORT, mtime=0)


@dataclass(frozen=True, slots=True)
class Posted:
    """One request, and the status of its answer; ``suffix`` is of the key, where it is stored."""

    id: str
    body: bytes | None
    status: int
    media_type: str | None = GZIP
    method: str = "POST"
    suffix: str = ""


TAKEN = (
    Posted("gzip", PACKED, 201, suffix="json.gz"),
    Posted("json", b'{"of": "json"}', 201, JSON, suffix="json"),
    Posted("byte order mark", b"\xef\xbb\xbf\r\n " + REPORT, 201, JSON, suffix="json"),
    Posted("no media type", b'{"of": "none"}', 201, None, suffix="json"),
    Posted("empty media type", b'{"of": "empty"}', 201, "", suffix="json"),
    Posted("parameters", b'{"of": "case"}', 201, f"{GZIP.upper()}; charset=utf-8", suffix="json"),
    Posted("octets", b'{"of": "octets"}', 201, "application/octet-stream", suffix="json"),
    Posted("gzip's own name", b"\x1f\x8b1", 201, "application/gzip", suffix="json.gz"),
    Posted("gzip's old name", b"\x1f\x8b2", 201, "application/x-gzip", suffix="json.gz"),
    Posted("plain json", b'\t\x0b\x0c{"of": "white"}', 201, "application/json", suffix="json"),
)
REFUSED = (
    Posted("GET", None, 405, method="GET"),
    Posted("HEAD", None, 405, method="HEAD"),
    Posted("PUT", REPORT, 405, method="PUT"),
    Posted("HTML", REPORT, 415, "text/html"),
    Posted("multipart", REPORT, 415, "multipart/form-data"),
    Posted("empty", None, 400),
    Posted("no report", b"<script>", 400),
    Posted("a list", b"[]", 400, JSON),
    Posted("white space", b" \r\n", 400, JSON),
    Posted("half of gzip's mark", b"\x1f", 400),
    Posted("half of a byte order mark", b"\xef\xbb{}", 400, JSON),
)
