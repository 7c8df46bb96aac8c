"""What the calls of the local v4 API have in common: routes, permissions, and the envelope."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from mtasts.localcloud.http1 import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mtasts.localcloud.cloudflare.account import Account, Script
    from mtasts.localcloud.cloudflare.bindings import Worker
    from mtasts.localcloud.http1 import HttpRequest

    Act = Callable[["Call"], Awaitable[HttpResponse]]

ZONE = r"/zones/(?P<zone>[^/]+)"
ACCOUNT = r"/accounts/(?P<account>[^/]+)"


class Backing(Protocol):
    """What the API needs besides the account."""

    async def upload(self, name: str, main: str, date: str, worker: Worker) -> Script:
        """Have the runtime take a script; raises `WorkerdError` for what is none."""

    async def create_bucket(self, name: str) -> None:
        """Make the bucket whose objects S3's API serves."""

    async def remove_bucket(self, name: str) -> None:
        """Delete it; raises `ApiError` for one that holds objects."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that is allowed: the values in its path, its query, and its JSON body.

    ``granted`` is every permission that the token has.
    """

    account: Account
    backing: Backing
    granted: frozenset[str]
    parts: dict[str, str]
    query: dict[str, str]
    body: Any
    request: HttpRequest


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers a method and a path, and the permission that the token needs; "" is none."""

    method: str
    path: re.Pattern[str]
    permission: str
    act: Act


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints of one subject, in the order in which they are tried."""

    rows: list[Endpoint] = field(default_factory=list)

    def on(self, method: str, path: str, permission: str) -> Callable[[Act], Act]:
        """Answer such requests with the function, if the token has that permission."""

        def add(act: Act) -> Act:
            self.rows.append(Endpoint(method, re.compile(path), permission, act))
            return act

        return add


def ok(result: object, **more: object) -> HttpResponse:
    """A call that succeeded."""
    return envelope(200, result, [], (), more)


def envelope(
    status: int,
    result: object,
    errors: list[tuple[int, str]],
    headers: tuple[tuple[str, str], ...] = (),
    more: dict[str, object] | None = None,
) -> HttpResponse:
    """An answer as Cloudflare wraps it; errors are codes and messages."""
    document = {
        "success": not errors,
        "errors": [{"code": code, "message": message} for code, message in errors],
        "messages": [],
        "result": result,
        **(more or {}),
    }
    body = json.dumps(document).encode("ascii")
    return HttpResponse(status, (("Content-Type", "application/json"), *headers), body)
