"""What the edge knows of the cloud: distributions, invalidations and what an origin answers.

The edge depends on these values and on `CloudState` alone, so that its tests need no moto.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mtasts.localcloud.http1 import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """The bounds a cache policy sets, in seconds."""

    minimum: int
    default: int
    maximum: int


# The managed policies' documented settings, read 2026-11.
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

    ``certificate`` is the ACM certificate's ARN, empty for CloudFront's own certificate;
    ``origin_access_control`` is empty where the origin has none.
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
    """Paths of a distribution to be dropped from every cache; ``*`` may end a path."""

    id: str
    distribution: str
    paths: tuple[str, ...]

    def covers(self, path: str) -> bool:
        """Whether an object at ``path`` is dropped."""
        return any(
            path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
            for pattern in self.paths
        )


@dataclass(frozen=True, slots=True)
class OriginAnswer:
    """What the origin said; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first header of that name, or an empty text."""
        return next((value for each, value in self.headers if each == name), "")


class CloudState(Protocol):
    """The account as the edge sees it; all of it is cheap enough to ask on every request."""

    def distributions(self) -> dict[str, Distribution]:
        """All distributions by id, as the account has configured them.

        What comes back is never changed: after a change of the account it is another mapping, and
        until then it may be the same one.
        """

    def invalidations(self) -> list[Invalidation]:
        """The invalidations that are not yet complete."""

    def deployed(self, distribution: Distribution) -> None:
        """Every point of presence serves by this configuration now."""

    def completed(self, invalidation: Invalidation) -> None:
        """Every point of presence has applied it."""

    def certificate_names(self, arn: str) -> tuple[str, ...]:
        """The names an issued certificate covers; none while it is not issued."""

    def fetch(self, distribution: Distribution, path: str) -> OriginAnswer:
        """What the distribution's origin answers for ``path``, which begins with a slash."""


class Workers(Protocol):
    """The other cloud's hosts, as far as this edge serves them: their Workers answer themselves."""

    def certificate_names(self, host: str) -> tuple[str, ...]:
        """The names of the certificate for ``host``; none where no Worker has it."""

    def hold(self, host: str, lags_seconds: dict[int, float]) -> None:
        """Go on serving what is served now, at the points of those numbers."""

    def release(self, host: str) -> None:
        """Serve what has been uploaded again."""

    async def respond(
        self, host: str, point: int, lag_seconds: float, request: HttpRequest
    ) -> HttpResponse | None:
        """What the Worker answers at a point of presence; None where it knows of none yet."""
