"""What the edge is told about the cloud: distributions, invalidations and answers of origins.

The edge depends on these values and on `CloudState` alone, so that its tests need no moto.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mtasts.localcloud.http1 import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """The minimum, default and maximum TTL of a CloudFront cache policy, in seconds."""

    minimum: int
    default: int
    maximum: int


# The settings of CloudFront's managed cache policies, as its developer guide had them in 2026-11.
CACHE_POLICIES = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": CachePolicy(1, 86400, 31536000),  # CachingOptimized
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": CachePolicy(1, 86400, 31536000),  # ...Uncompressed
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": CachePolicy(0, 0, 0),  # CachingDisabled
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": CachePolicy(0, 0, 31536000),  # UseOriginCacheControl
}
SECURITY_HEADERS_POLICY = "67f7725c-6f97-4210-82d7-5512b31e9d03"


@dataclass(frozen=True, slots=True)
class Distribution:
    """The part of a CloudFront distribution's configuration that the edge acts on.

    ``certificate`` is the ARN of the ACM certificate, or empty for CloudFront's own certificate.
    ``origin_access_control`` is an id, or empty if the origin has no origin access control.
    """

    id: str
    arn: str
    domain_name: str
    origin_domain: str
    origin_path: str = ""
    origin_access_control: str = ""
    aliases: tuple[str, ...] = ()
    certificate: str = ""
    enabled: bool = True
    ipv6: bool = True
    minimum_tls: str = "TLSv1.2_2021"
    methods: tuple[str, ...] = ("GET", "HEAD")
    default_root_object: str = ""
    cache: CachePolicy = CACHE_POLICIES["658327ea-f89d-4fab-a63d-7e88639e58f6"]
    security_headers: bool = False


@dataclass(frozen=True, slots=True)
class Invalidation:
    """Paths of a distribution to remove from every cache; a path may end in ``*``."""

    id: str
    distribution: str
    paths: tuple[str, ...]

    def covers(self, path: str) -> bool:
        """Whether the invalidation removes the object at ``path``."""
        return any(
            path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
            for pattern in self.paths
        )


@dataclass(frozen=True, slots=True)
class OriginAnswer:
    """The origin's response; header names are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of the first header of that name, or an empty text."""
        return next((value for each, value in self.headers if each == name), "")


class CloudState(Protocol):
    """The AWS account as the edge sees it; every method is fast enough to call on each request."""

    def distributions(self) -> dict[str, Distribution]:
        """All distributions by id, with their configuration in the account.

        A mapping that was returned is never changed: after a change in the account, the method
        returns a new mapping. So a caller that gets the same mapping again knows that no
        distribution has changed.
        """

    def invalidations(self) -> list[Invalidation]:
        """The invalidations that are not yet complete."""

    def deployed(self, distribution: Distribution) -> None:
        """Record that every point of presence has this configuration: its status is Deployed."""

    def completed(self, invalidation: Invalidation) -> None:
        """Record that every point of presence has applied it: its status is Completed."""

    def certificate_names(self, arn: str) -> tuple[str, ...]:
        """The names that an issued certificate covers; empty until it is issued."""

    def fetch(self, distribution: Distribution, path: str) -> OriginAnswer:
        """What the distribution's origin answers for ``path``, which begins with a slash."""


class Workers(Protocol):
    """The hosts that Cloudflare Workers serve; the edge passes their requests to the Worker."""

    def certificate_names(self, host: str) -> tuple[str, ...]:
        """The names of the certificate for ``host``; empty if no Worker serves that host."""

    def hold(self, host: str, lags_seconds: dict[int, float]) -> None:
        """Keep serving the present version of ``host`` at these points of presence.

        ``lags_seconds`` has the lag of each point by its number (from 0).
        """

    def release(self, host: str) -> None:
        """End `hold`: serve the uploaded version of ``host`` again."""

    async def respond(
        self, host: str, point: int, lag_seconds: float, request: HttpRequest
    ) -> HttpResponse | None:
        """The Worker's response at a point of presence; None if no Worker has reached it yet."""
