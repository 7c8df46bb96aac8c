"""Rates as AWS has them for an account: past a token bucket, calls of a service are refused.

Without a rate set, and that is how a local cloud starts, nothing is refused.
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

# The service that a request is signed for, as the scope of its credential says.
_SIGNED_FOR = re.compile(r"Credential=[^/]+/[0-9]{8}/[^/]+/([a-z0-9-]+)/aws4_request")
_XML = (
    '<?xml version="1.0"?>\n<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
    "<Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
    "<RequestId>local</RequestId></ErrorResponse>"
)
_JSON = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"})
# How each service words it: type of the answer, and the answer.
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
    """So many calls a second in the long run, and so many at a stroke."""

    per_second: float
    burst: int


class Throttle:
    """The rates of one account, by service; may be set at any time and from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Refuse nothing yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}
        self.rates: Mapping[str, Rate] = {}
        self.refused: Counter[str] = Counter()

    def set(self, rates: Mapping[str, Rate]) -> None:
        """Have these rates and no others from now on, every bucket full, and count anew."""
        with self._lock:
            self.rates = dict(rates)
            self.refused = Counter()
            self._buckets = {name: (each.burst, self._clock()) for name, each in rates.items()}

    def takes(self, service: str) -> bool:
        """Whether one more call of the service is answered."""
        with self._lock:
            rate = self.rates.get(service)
            if rate is None:
                return True
            now = self._clock()
            left, then = self._buckets[service]
            left = min(rate.burst, left + (now - then) * rate.per_second)
            is_taken = left >= 1
            self._buckets[service] = (left - is_taken, now)
            self.refused[service] += not is_taken
            return is_taken

    def before(self, app: App) -> App:
        """``app``, a WSGI application, asked only for what is taken."""

        def answer(environment: dict[str, Any], start: Start) -> Iterable[bytes]:
            signed = _SIGNED_FOR.search(environment.get("HTTP_AUTHORIZATION", ""))
            service = signed[1] if signed else ""
            if self.takes(service):
                return app(environment, start)
            type_, body = ANSWERS[service]
            start("400 Bad Request", [("Content-Type", type_), ("Content-Length", str(len(body)))])
            return [body.encode("ascii")]

        return answer
