"""The shared parts of the v4 API's calls: paths, permissions and the envelope."""

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
    """The servers behind the API: workerd runs scripts, and S3 stores the objects of buckets."""

    async def upload(self, name: str, main: str, date: str, worker: Worker) -> Script:
        """Have workerd run a new upload; raises `WorkerdError` if it refuses the script."""

    async def create_bucket(self, name: str) -> None:
        """Make the bucket in the S3 that stands for R2."""

    async def remove_bucket(self, name: str) -> None:
        """Delete the bucket there; raises `ApiError` if it has objects."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request for which the token has the permission.

    ``parts`` are the values in its path, ``body`` its JSON, ``granted`` all permissions of the
    token.
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
    """A method and path, the function that answers, and the permission it needs ("": none)."""

    method: str
    path: re.Pattern[str]
    permission: str
    act: Act


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints of one subject, in the order in which they are tried."""

    rows: list[Endpoint] = field(default_factory=list)

    def on(self, method: str, path: str, permission: str) -> Callable[[Act], Act]:
        """A decorator: the function answers such requests, if the token has ``permission``."""

        def add(act: Act) -> Act:
            self.rows.append(Endpoint(method, re.compile(path), permission, act))
            return act

        return add


def ok(result: object, **more: object) -> HttpResponse:
    """The response to a call that succeeded; ``more`` are further fields of the envelope."""
    return envelope(200, result, [], (), more)


def envelope(
    status: int,
    result: object,
    errors: list[tuple[int, str]],
    headers: tuple[tuple[str, str], ...] = (),
    more: dict[str, object] | None = None,
) -> HttpResponse:
    """A response in the envelope of the v4 API; ``errors`` are pairs of code and message."""
    document = {
        "success": not errors,
        "errors": [{"code": code, "message": message} for code, message in errors],
        "messages": [],
        "result": result,
        **(more or {}),
    }
    body = json.dumps(document).encode("ascii")
    return HttpResponse(status, (("Content-Type", "application/json"), *headers), body)
