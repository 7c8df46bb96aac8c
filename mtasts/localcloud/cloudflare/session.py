"""The configuration of the stand-in for pulumi-cloudflare, and its calls to the local v4 API."""

from __future__ import annotations

import json
import time
import uuid
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from mtasts.localcloud.provider.resource import RefusedError
from mtasts.localcloud.provider.safety import UnsafeError, own_backend, require_running

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.localcloud.provider.properties import Properties
    from mtasts.localcloud.provider.schema import Modelled

MODELLED: Modelled = {"apiToken": None, "baseUrl": None}
_SECONDS = 20.0
_TRIES = 4
_PAUSE_SECONDS = 0.2
# The API's error codes for things that do not exist.
GONE = frozenset({"7003", "81044", "10007", "100114", "10006", "1001"})


def connect(config: Properties, environment: Mapping[str, str]) -> Session:
    """The session of a provider with this configuration.

    Raises:
        UnsafeError: the address is not that of the local cloud's API, no local cloud runs, or the
            stack's state is in another backend.
    """
    cloud = own_backend("cloudflare", environment)
    url = config.get("baseUrl") or environment.get("CLOUDFLARE_BASE_URL", "")
    if urlsplit(url).hostname != "127.0.0.1" or url.rstrip("/") != cloud.cloudflare:
        raise UnsafeError(f"{url or 'no address'} is not the local cloud's v4 API")
    require_running(cloud, cloud.cloudflare)
    token = config.get("apiToken") or environment.get("CLOUDFLARE_API_TOKEN", "")
    return Session(url.rstrip("/"), token)


class Session:
    """One configured provider: calls the local v4 API, and waits and repeats at status 429."""

    default_tags: Properties = {}  # noqa: RUF012 - Cloudflare has none

    def __init__(self, url: str, token: str) -> None:
        """Prepare calls to ``url`` with ``token``."""
        self._url = url
        self._token = token
        self._opener = build_opener(ProxyHandler({}))  # a proxy could not reach this loopback
        self.cancelled = Event()

    def get(self, path: str) -> Any:  # any JSON value
        """The result of GET ``path``; None if the API says that it does not exist.

        Raises:
            RefusedError: another error of the API, or it does not answer.
        """
        try:
            return self.call("GET", path)
        except RefusedError as error:
            if error.code in GONE:
                return None
            raise

    def call(self, method: str, path: str, body: object = None) -> Any:  # any JSON value
        """The ``result`` of a request, with ``body`` as JSON unless it is None.

        Raises:
            RefusedError: with the API's code and message, or it does not answer.
        """
        raw = None if body is None else json.dumps(body).encode("ascii")
        return json.loads(self._send(method, path, raw, "application/json"))["result"]

    def text(self, path: str) -> str:
        """The body of a response that is not JSON; raises as `call`."""
        return self._send("GET", path, None, "").decode("utf-8")

    def upload(self, path: str, metadata: object, name: str, source: str) -> None:
        """Upload a module and its metadata as ``multipart/form-data``; raises as `call`."""
        mark = uuid.uuid4().hex
        parts = (
            ('name="metadata"', "application/json", json.dumps(metadata)),
            (f'name="{name}"; filename="{name}"', "application/javascript+module", source),
        )
        lines = [
            f"--{mark}\r\nContent-Disposition: form-data; {naming}\r\n"
            f"Content-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
            for naming, kind, text in parts
        ]
        raw = ("".join(lines) + f"--{mark}--\r\n").encode("utf-8")
        self._send("PUT", path, raw, f"multipart/form-data; boundary={mark}")

    def _send(self, method: str, path: str, body: bytes | None, media_type: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}"}
        if media_type:
            headers["Content-Type"] = media_type
        request = Request(  # noqa: S310 - the local API's own address
            f"{self._url}{quote(path, safe='/?=&%.:_-')}", body, headers, method=method
        )
        for tries in range(_TRIES):
            try:
                with self._opener.open(request, timeout=_SECONDS) as answer:
                    return bytes(answer.read())
            except HTTPError as error:
                problem = json.loads(error.read())["errors"][0]
                if error.code == 429 and tries + 1 < _TRIES:
                    time.sleep(_PAUSE_SECONDS)
                    continue
                raise RefusedError(str(problem["code"]), problem["message"]) from error
            except URLError as error:
                raise RefusedError("Unreachable", str(error.reason)) from error
        raise AssertionError("the last try returns or raises")
