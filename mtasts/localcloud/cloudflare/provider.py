"""The stand-in for pulumi-cloudflare: which version it stands for, and what it models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.email_resources import EmailRoutingRule
from mtasts.localcloud.cloudflare.r2_resources import R2Bucket, R2BucketLifecycle
from mtasts.localcloud.cloudflare.resources import (
    DnsRecord,
    WorkersCustomDomain,
    WorkersScript,
    WorkersScriptSubdomain,
)
from mtasts.localcloud.cloudflare.session import MODELLED, connect
from mtasts.localcloud.provider import service
from mtasts.localcloud.provider.resource import RefusedError
from mtasts.localcloud.provider.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.localcloud.provider.properties import Properties


def _invoke(token: str, arguments: Properties, session: Any) -> Properties:  # unused
    """Refuse: no function is modelled, because the program of mtasts calls none."""
    del arguments, session
    raise RefusedError("NotModelled", f"the local stand-in does not model the function {token}")


PLUGIN = service.Plugin(
    name="cloudflare",
    version="6.23.1",
    schema=Schema(Path(__file__).with_name("schema.json")),
    resources={
        resource.token: resource
        for resource in (
            DnsRecord(),
            EmailRoutingRule(),
            R2Bucket(),
            R2BucketLifecycle(),
            WorkersCustomDomain(),
            WorkersScript(),
            WorkersScriptSubdomain(),
        )
    },
    modelled=MODELLED,
    connect=connect,
    invoke=_invoke,
)


def provider(environment: Mapping[str, str] | None = None) -> service.Provider:
    """A provider for the local cloud that ``environment`` names (by default this process's)."""
    return service.Provider(PLUGIN, os.environ if environment is None else environment)
