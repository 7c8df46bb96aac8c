"""The Cloudflare Worker of an inbox: it stores TLS reports that arrive by mail and by HTTPS.

It answers requests as the Lambda function of an inbox at AWS does
(components/aws/inbox_endpoint.py).
"""

from __future__ import annotations

import hashlib

from mtasts.templating import render
from mtasts.tlsrpt.unpacking import COMPRESSED_MAX_BYTES

# Email Routing accepts no larger message (Cloudflare docs, Email Routing limits, 2026).
MAIL_MAX_BYTES = 25 * 1024 * 1024
# `mtasts reports pull` skips a larger report.
BODY_MAX_BYTES = COMPRESSED_MAX_BYTES


def inbox_worker_source(address: str) -> str:
    """The module that stores mail to ``address``, and bodies POSTed to the Worker's path ``/``.

    The Worker needs the bindings ``BUCKET`` (R2) and ``LIMIT`` (a rate limit).
    """
    return render(
        "inbox-worker.js",
        address=address,
        body_max_bytes=BODY_MAX_BYTES,
        mail_max_bytes=MAIL_MAX_BYTES,
    )


def rate_limit_namespace(worker: str) -> str:
    """The id of the Worker's rate limit: a positive integer, unique in the account."""
    return str(1 + int.from_bytes(hashlib.sha256(worker.encode("ascii")).digest()[:3]))
