"""The Cloudflare Worker that serves one policy: its source and its name, from the policy alone.

The policy stands in the script itself: Workers KV is eventually consistent, for a minute and more,
and an id published meanwhile would name a body that not every place serves.
"""

from __future__ import annotations

import hashlib
import json
import re

from mtasts.policy import POLICY_PATH

MODULE = "worker.js"
# No later one than the oldest runtime that has to run it.
COMPATIBILITY_DATE = "2026-01-01"
_NAME_MAX = 63  # Cloudflare's limit for the name of a Worker
_DIGEST = 8

_SOURCE = """\
// The MTA-STS policy of {domain}, RFC 8461. Made by mtasts: an edit here is undone by its next run.
const BODY = new TextEncoder().encode({body});
const INIT = {{ headers: new Headers({headers}) }};
const REFUSED = {{ headers: {refused} }};
let known = ""; // the last address that was right: senders all ask for the same

// The path as it was sent: a URL parser would undo dots and find the policy under other names.
function path(url) {{
  const end = url.indexOf("?");
  return url.slice(url.indexOf("/", 8), end < 0 ? undefined : end);
}}

export default {{
  fetch(request) {{
    const url = request.url;
    if (url !== known && (path(url) !== {path} || !url.startsWith("https:"))) {{
      return new Response("not found\\n", {{ ...REFUSED, status: 404 }});
    }}
    if (request.method !== "GET" && request.method !== "HEAD") {{
      return new Response("method not allowed\\n", {{ ...REFUSED, status: 405 }});
    }}
    known = url;
    return new Response(BODY, INIT);
  }},
}};
"""


def worker_source(domain: str, body: bytes, cache_seconds: int) -> str:
    """The module that answers GET and HEAD of the policy's path, and nothing else (section 3.3).

    ``body`` is the policy's exact bytes, UTF-8; every other answer is 404 or 405.
    """
    headers = {
        "Content-Type": "text/plain",
        "Cache-Control": f"max-age={cache_seconds}",
        "Strict-Transport-Security": "max-age=31536000",
    }
    refused = {"Content-Type": "text/plain", "Allow": "GET, HEAD", "Cache-Control": "no-store"}
    return _SOURCE.format(
        domain=domain,
        body=json.dumps(body.decode("utf-8")),
        headers=json.dumps(headers),
        refused=json.dumps(refused),
        path=json.dumps(POLICY_PATH),
    )


def worker_name(domain: str) -> str:
    """The Worker of ``domain`` (A-labels): no two domains share one.

    Dots become hyphens, which would make one name of ``a-b.example`` and ``a.b.example``; so a
    piece of the domain's hash is part of it.
    """
    digest = hashlib.sha256(domain.encode("ascii")).hexdigest()[:_DIGEST]
    room = _NAME_MAX - len("mta-sts--") - _DIGEST
    slug = "-".join(re.findall(r"[a-z0-9]+", domain))[:room].strip("-")
    return f"mta-sts-{slug}-{digest}"
