"""Request rates of an AWS account: a token bucket for each service, beyond which calls are refused.

A local cloud starts without rates, and refuses nothing.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Start = Callable[[str, list[tuple[str, str]]], Any]
    App = Callable[[dict[str, Any], Start], Iterable[bytes]]

# The service in the credential scope of a request's signature (AWS Signature Version 4).
_SIGNED_FOR = re.compile(r"Credential=[^/]+/[0-9]{8}/[^/]+/([a-z0-9-]+)/aws4_request")
_XML = (
    '<?xml version="1.0"?>\n<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
    "<Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
    "<RequestId>local</RequestId></ErrorResponse>"
)
_JSON = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"})
# How each service answers a call that it throttles: content type and body.
ANSWERS: Mapping[str, tuple[str, str]] = {
    "route53": ("text/xml", _XML),
    "cloudfront": (
        "text/xml",
        _XML.replace("route53", "cloudfront").replace("2013-04-01", "2020-05-31"),
    ),
    "acm": ("application/x-amz-json-1.1", _JSON),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: ``per_second`` calls a second on average, and at most ``burst`` at once."""

    per_second: float
    burst: int


class Throttle:
    """The request rates of one account, by service; its methods may be called in any thread.

    ``refused`` counts the refused calls of each service since the last `set`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without rates; ``clock`` gives seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}
        self.rates: Mapping[str, Rate] = {}
        self.refused: Counter[str] = Counter()

    def set(self, rates: Mapping[str, Rate]) -> None:
        """Replace all rates, fill every bucket, and set the counts to 0."""
        with self._lock:
            self.rates = dict(rates)
            self.refused = Counter()
            self._buckets = {name: (each.burst, self._clock()) for name, each in rates.items()}

    def takes(self, service: str) -> bool:
        """Take a token for a call of ``service``: whether the call is to be answered."""
        with self._lock:
            rate = self.rates.get(service)
            if rate is None:
                return True
            now = self._clock()
            tokens, since = self._buckets[service]
            tokens = min(rate.burst, tokens + (now - since) * rate.per_second)
            is_taken = tokens >= 1
            self._buckets[service] = (tokens - is_taken, now)
            self.refused[service] += not is_taken
            return is_taken

    def before(self, app: App) -> App:
        """A WSGI application that answers throttled calls, and passes the others to ``app``."""

        def answer(environment: dict[str, Any], start: Start) -> Iterable[bytes]:
            signed = _SIGNED_FOR.search(environment.get("HTTP_AUTHORIZATION", ""))
            service = signed[1] if signed else ""
            if self.takes(service):
                return app(environment, start)
            type_, body = ANSWERS[service]
            start("400 Bad Request", [("Content-Type", type_), ("Content-Length", str(len(body)))])
            return [body.encode("ascii")]

        return answer
