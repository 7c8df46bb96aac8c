"""The Cloudflare Worker of an inbox: it stores TLS reports that come by mail and by HTTPS.

Its answers are those of the function that an inbox at AWS has (components/aws/inbox_endpoint.py).
"""

from __future__ import annotations

import hashlib

from mtasts.templating import render
from mtasts.tlsrpt.unpacking import COMPRESSED_MAX_BYTES

# Email Routing takes no larger message (Cloudflare docs, Email Routing limits, 2026).
MAIL_MAX_BYTES = 25 * 1024 * 1024
# Whoever reads the inbox skips a larger report.
BODY_MAX_BYTES = COMPRESSED_MAX_BYTES


def inbox_worker_source(address: str) -> str:
    """The module that stores what is sent to ``address``, or POSTed to the Worker's root.

    Its bindings are ``BUCKET`` (R2) and ``LIMIT`` (a rate limit).
    """
    return render(
        "inbox-worker.js",
        address=address,
        body_max_bytes=BODY_MAX_BYTES,
        mail_max_bytes=MAIL_MAX_BYTES,
    )


def rate_limit_namespace(worker: str) -> str:
    """The number under which Cloudflare counts for the Worker; in an account each has its own."""
    return str(1 + int.from_bytes(hashlib.sha256(worker.encode("ascii")).digest()[:3]))
