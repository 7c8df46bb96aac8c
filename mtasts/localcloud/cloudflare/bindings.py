"""A Worker's code, and what it is given besides: buckets of R2, and rate limits.

The API takes a binding as JSON and shows it so again; workerd takes it as Cap'n Proto's text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class R2Binding:
    """A bucket of R2."""

    name: str
    bucket: str

    def shown(self) -> dict[str, Any]:
        """As the API has it."""
        return {"type": "r2_bucket", "name": self.name, "bucket_name": self.bucket}

    def configured(self) -> str:
        """As workerd has it; the service of the bucket is configured once for all Workers."""
        return f"(name = {quoted(self.name)}, r2Bucket = {quoted(service(self.bucket))})"


@dataclass(frozen=True, slots=True)
class RateLimitBinding:
    """So many calls a period for each key; what has the same namespace is one configuration."""

    name: str
    namespace: str
    limit: int
    period_seconds: int

    def shown(self) -> dict[str, Any]:
        """As the API has it."""
        return {
            "type": "ratelimit",
            "name": self.name,
            "namespace_id": self.namespace,
            "simple": {"limit": self.limit, "period": self.period_seconds},
        }

    def configured(self) -> str:
        """As workerd has it: a module of ours, in JavaScript."""
        inner = (
            f'(name = "limit", json = "{self.limit}"), '
            f'(name = "period", json = "{self.period_seconds}")'
        )
        wrapped = f'(moduleName = "local:ratelimit", innerBindings = [{inner}])'
        return f"(name = {quoted(self.name)}, wrapped = {wrapped})"


Binding = R2Binding | RateLimitBinding


@dataclass(frozen=True, slots=True)
class Worker:
    """A module and its bindings."""

    source: str
    bindings: tuple[Binding, ...] = ()


def service(bucket: str) -> str:
    """The name of the service behind the bindings of a bucket."""
    return f"r2/{bucket}"


def quoted(text: str) -> str:
    """A text in Cap'n Proto's form."""
    return json.dumps(text)
