"""A Worker's module and its bindings: R2 buckets and rate limits.

The API reads and shows a binding as JSON; workerd's configuration has it as Cap'n Proto text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class R2Binding:
    """A binding to an R2 bucket; ``name`` is the name in the Worker's environment."""

    name: str
    bucket: str

    def shown(self) -> dict[str, Any]:
        """The binding in the form of the API."""
        return {"type": "r2_bucket", "name": self.name, "bucket_name": self.bucket}

    def configured(self) -> str:
        """The binding for workerd; the bucket's service is configured once for all Workers."""
        return f"(name = {quoted(self.name)}, r2Bucket = {quoted(service(self.bucket))})"


@dataclass(frozen=True, slots=True)
class RateLimitBinding:
    """A rate limit: ``limit`` calls in each period of ``period_seconds``, for each key."""

    name: str
    namespace: str
    limit: int
    period_seconds: int

    def shown(self) -> dict[str, Any]:
        """The binding in the form of the API."""
        return {
            "type": "ratelimit",
            "name": self.name,
            "namespace_id": self.namespace,
            "simple": {"limit": self.limit, "period": self.period_seconds},
        }

    def configured(self) -> str:
        """The binding for workerd, which lacks rate limits: our module ``ratelimit.js``."""
        inner = (
            f'(name = "limit", json = "{self.limit}"), '
            f'(name = "period", json = "{self.period_seconds}")'
        )
        wrapped = f'(moduleName = "local:ratelimit", innerBindings = [{inner}])'
        return f"(name = {quoted(self.name)}, wrapped = {wrapped})"


Binding = R2Binding | RateLimitBinding


@dataclass(frozen=True, slots=True)
class Worker:
    """The source of a Worker's module, and its bindings."""

    source: str
    bindings: tuple[Binding, ...] = ()


def service(bucket: str) -> str:
    """The name of the service that answers the bindings of a bucket."""
    return f"r2/{bucket}"


def quoted(text: str) -> str:
    """A text as Cap'n Proto writes it, in quotes."""
    return json.dumps(text)
