"""The edge's response to one request, as CloudFront and S3 would give it, with faults applied."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from mtasts.localcloud.distribution import OriginAnswer
from mtasts.localcloud.http1 import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.localcloud.authority import Certificate
    from mtasts.localcloud.distribution import Distribution
    from mtasts.localcloud.edge_cache import Served

_TARGET_MAX = 8192  # CloudFront's limit for a URL
_METHODS = {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}
_PASSED_ON = ("content-type", "etag", "last-modified", "cache-control", "content-encoding")
# The headers that Managed-SecurityHeadersPolicy adds, as CloudFront's developer guide had them in
# 2026-11.
_SECURITY_HEADERS = (
    ("Strict-Transport-Security", "max-age=31536000"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-XSS-Protection", "1; mode=block"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
)


@dataclass(frozen=True, slots=True)
class EdgeFault:
    """What the edge does wrong for one host name; the defaults change nothing.

    ``points`` limits the fault to points of presence by number (from 0). With ``stale`` the edge
    keeps serving the answers of the time when the fault was set. ``origin_status`` is the status of
    the origin's answers; ``status``, ``location``, ``headers`` and ``body`` replace those of the
    response, and ``certificate`` the kind of certificate.
    """

    stale: bool = False
    points: tuple[int, ...] | None = None
    status: int | None = None
    location: str = ""
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delay_seconds: float = 0.0
    certificate: Certificate | None = None
    origin_status: int | None = None

    def concerns(self, point: int) -> bool:
        """Whether the point of presence with that number has the fault."""
        return self.points is None or point in self.points


@dataclass(frozen=True, slots=True)
class Viewer:
    """A request, with the distributions for its name in SNI and for its Host header."""

    request: HttpRequest
    host: str
    by_sni: Distribution | None
    by_host: Distribution | None


def host_name(text: str) -> str:
    """A Host header or a name in SNI in lower case, without port and trailing dot."""
    return text.partition(":")[0].rstrip(".").lower()


def respond(
    viewer: Viewer,
    pop: str,
    fault: EdgeFault,
    serve: Callable[[Distribution, str], Served],
) -> HttpResponse:
    """The response of the point of presence ``pop``; ``serve`` answers from its cache."""
    distribution, path = viewer.by_host, viewer.request.path
    if distribution is None:  # no distribution has that name: CloudFront answers 403
        response = _error(HTTPStatus.FORBIDDEN if viewer.host else HTTPStatus.BAD_REQUEST, pop)
    elif refusal := _refusal(viewer.request, distribution, viewer.by_sni):
        response = _error(refusal, pop)
    else:
        if path == "/" and distribution.default_root_object:
            path = f"/{distribution.default_root_object}"
        response = _from_origin(serve(distribution, path), distribution, pop, viewer.request)
    return with_fault(response, fault)


def _refusal(
    request: HttpRequest, distribution: Distribution, by_sni: Distribution | None
) -> HTTPStatus | None:
    """The error status of a request that CloudFront refuses before its cache, or None."""
    served = request.method in distribution.methods and request.method in ("GET", "HEAD")
    reasons = (
        (by_sni != distribution, HTTPStatus.MISDIRECTED_REQUEST),  # domain fronting
        (not distribution.enabled, HTTPStatus.FORBIDDEN),
        (request.method not in _METHODS, HTTPStatus.METHOD_NOT_ALLOWED),
        (not served, HTTPStatus.FORBIDDEN),
        (len(request.target) > _TARGET_MAX, HTTPStatus.REQUEST_URI_TOO_LONG),
        (not request.target.startswith("/"), HTTPStatus.BAD_REQUEST),
    )
    return next((status for applies, status in reasons if applies), None)


def _from_origin(
    served: Served, distribution: Distribution, pop: str, request: HttpRequest
) -> HttpResponse:
    answer = served.answer
    headers = [(name.title(), value) for name, value in answer.headers if name in _PASSED_ON]
    headers.append(("Server", "AmazonS3"))
    if distribution.security_headers:
        headers.extend(_SECURITY_HEADERS)
    if served.age_seconds is not None:
        headers.append(("Age", str(served.age_seconds)))
    headers.extend(_marks(served.cache, pop))
    etag = answer.header("etag")
    wanted = [tag.strip() for tag in request.header("if-none-match").split(",")]
    if answer.status == HTTPStatus.OK and etag and (etag in wanted or "*" in wanted):
        return HttpResponse(HTTPStatus.NOT_MODIFIED, tuple(headers))
    return HttpResponse(answer.status, tuple(headers), answer.body)


def _error(status: HTTPStatus, pop: str) -> HttpResponse:
    """CloudFront's own error page; the response headers policy does not apply to it."""
    body = (
        "<!DOCTYPE html>\n<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE>"
        f"</HEAD><BODY>\n<H1>{status.value} ERROR</H1>\n"
        "<H2>The request could not be satisfied.</H2>\n</BODY></HTML>\n"
    )
    return HttpResponse(
        status,
        (
            ("Content-Type", "text/html"),
            ("Server", "CloudFront"),
            *_marks("Error from cloudfront", pop),
        ),
        body.encode("ascii"),
    )


def _marks(cache: str, pop: str) -> tuple[tuple[str, str], ...]:
    return (
        ("X-Cache", cache),
        ("Via", f"1.1 {pop.lower()}.cloudfront.net (CloudFront)"),
        ("X-Amz-Cf-Pop", pop),
        ("X-Amz-Cf-Id", secrets.token_urlsafe(24)),
    )


def with_fault(response: HttpResponse, fault: EdgeFault) -> HttpResponse:
    """``response`` with the status, headers and body that ``fault`` replaces."""
    status = response.status if fault.status is None else fault.status
    overridden = {name.lower() for name, _ in fault.headers}
    if fault.location:
        overridden.add("location")
    headers = [pair for pair in response.headers if pair[0].lower() not in overridden]
    headers.extend(fault.headers)
    if fault.location:
        headers.append(("Location", fault.location))
    body = response.body if fault.body is None else fault.body
    return HttpResponse(status, tuple(headers), body)


def s3_error(status: int, code: str, message: str) -> OriginAnswer:
    """An error response of S3: ``code`` and ``message`` in S3's XML."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return OriginAnswer(
        status, (("content-type", "application/xml"),), body.encode("ascii", "replace")
    )
