"""The v4 API of the local cloud's Cloudflare account, over HTTP on loopback.

It has the calls that the provider and mtasts make, with Cloudflare's envelope, status and codes.
That includes its errors: a rate limit, a missing zone, a token without a permission. The calls are
in ``zone_calls``, ``worker_calls``, ``r2_calls`` and ``email_calls``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from mtasts.findings import printable
from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID, Account
from mtasts.localcloud.cloudflare.calls import Call, Endpoints, envelope, ok
from mtasts.localcloud.cloudflare.email_calls import EMAIL
from mtasts.localcloud.cloudflare.errors import ApiError
from mtasts.localcloud.cloudflare.r2_calls import R2
from mtasts.localcloud.cloudflare.worker_calls import WORKERS
from mtasts.localcloud.cloudflare.workerd import WorkerdError
from mtasts.localcloud.cloudflare.zone_calls import ZONES
from mtasts.localcloud.http1 import HttpRequest, HttpResponse, Limits, Listener

if TYPE_CHECKING:
    from mtasts.localcloud.cloudflare.calls import Backing

TOKEN_ID = "ed17574386854bf78a67040be0a770b0"  # no secret: only this API knows it
_LIMITS = Limits(body_bytes=4 * 1024 * 1024, idle_seconds=10)
_TOKENS = Endpoints()


@dataclass(slots=True)
class Faults:
    """Faults of the API: the next ``rate_limited`` requests get 429, and the token's gaps.

    ``lacking`` are the permissions that the token does not have.
    """

    rate_limited: int = 0
    lacking: frozenset[str] = field(default_factory=frozenset)


@_TOKENS.on("GET", "/user/tokens/verify", "")
async def _verify(_: Call) -> HttpResponse:
    return ok({"id": TOKEN_ID, "status": "active"})


@_TOKENS.on("GET", rf"/user/tokens/{TOKEN_ID}", "API Tokens Read")
async def _token(call: Call) -> HttpResponse:
    groups = [{"id": name.lower(), "name": name} for name in sorted(call.granted)]
    policy = {"effect": "allow", "resources": {}, "permission_groups": groups}
    return ok({"id": TOKEN_ID, "status": "active", "policies": [policy]})


_ROWS = (*_TOKENS.rows, *ZONES.rows, *WORKERS.rows, *R2.rows, *EMAIL.rows)
PERMISSIONS = frozenset(each.permission for each in _ROWS if each.permission)


class Api:
    """The HTTP server of the v4 API."""

    def __init__(self, account: Account, backing: Backing) -> None:
        """Make the server; `start` makes it listen."""
        self._account = account
        self._backing = backing
        self._listener = Listener(self._respond, _LIMITS)
        self.faults = Faults()
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self.url = f"{await self._listener.start()}/client/v4"

    async def stop(self) -> None:
        """Stop listening and end open connections."""
        await self._listener.stop()

    async def _respond(self, request: HttpRequest) -> HttpResponse:
        try:
            return await self._act(request)
        except ApiError as error:
            return envelope(error.status, None, [(error.code, error.message)])
        except WorkerdError as error:
            return envelope(400, None, [(10021, printable(str(error), 300))])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            return envelope(400, None, [(6003, printable(f"Invalid request: {error}", 300))])

    async def _act(self, request: HttpRequest) -> HttpResponse:
        if self.faults.rate_limited > 0:
            self.faults.rate_limited -= 1
            text = "Please wait and consider throttling your request speed"
            return envelope(429, None, [(971, text)], (("Retry-After", "1"),))
        if request.header("authorization") != f"Bearer {CLOUDFLARE_TOKEN}":
            raise ApiError(403, 9109, "Invalid access token")
        path = request.path.removeprefix("/client/v4")
        for row in _ROWS:
            found = row.path.fullmatch(path) if row.method == request.method else None
            if found is None:
                continue
            if row.permission in self.faults.lacking:
                raise ApiError(403, 10000, "Authentication error")
            parts = {key: unquote(value) for key, value in found.groupdict().items()}
            if parts.pop("account", ACCOUNT_ID) != ACCOUNT_ID:
                raise ApiError(404, 7003, f"Could not route to {path}")
            query = {key: values[0] for key, values in parse_qs(_query(request)).items()}
            granted = PERMISSIONS - self.faults.lacking
            call = Call(
                self._account, self._backing, granted, parts, query, _body(request), request
            )
            return await row.act(call)
        raise ApiError(404, 7000, f"No route for that URI: {request.method} {printable(path)}")


def _query(request: HttpRequest) -> str:
    return request.target.partition("?")[2]


def _body(request: HttpRequest) -> Any:  # any JSON value
    if request.header("content-type").startswith("application/json") and request.body:
        return json.loads(request.body)
    return {}
