"""The Cloudflare Worker that serves one policy: its source and its name.

The policy is part of the script. In Workers KV a change takes a minute or more to reach all places,
so a new id could be published while some places still serve the old body.
"""

from __future__ import annotations

import hashlib
import re

from mtasts.policy import POLICY_PATH
from mtasts.templating import render

MODULE = "worker.js"
# Not later than the compatibility date of the oldest runtime that must run the Worker.
COMPATIBILITY_DATE = "2026-01-01"
_NAME_MAX = 63  # Cloudflare's limit for the name of a Worker
_DIGEST = 8


def worker_source(domain: str, body: bytes, cache_seconds: int) -> str:
    """The module that answers GET and HEAD of the policy's path (RFC 8461 section 3.3).

    ``body`` is the policy's exact bytes, UTF-8. All other requests get 404 or 405.
    """
    return render(
        "worker.js",
        domain=domain,
        body=body.decode("utf-8"),
        cache_seconds=cache_seconds,
        path=POLICY_PATH,
    )


def worker_name(domain: str) -> str:
    """The name of the Worker of ``domain`` (A-labels); no two domains have the same name.

    Dots become hyphens, so ``a-b.example`` and ``a.b.example`` would have one name. Therefore the
    first characters of the domain's SHA-256 sum are part of it.
    """
    digest = hashlib.sha256(domain.encode("ascii")).hexdigest()[:_DIGEST]
    room = _NAME_MAX - len("mta-sts--") - _DIGEST
    slug = "-".join(re.findall(r"[a-z0-9]+", domain))[:room].strip("-")
    return f"mta-sts-{slug}-{digest}"
