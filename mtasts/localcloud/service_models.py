"""Read botocore's service models, which it has in files, only once in a process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from botocore import session

from mtasts.cloud import sessions

if TYPE_CHECKING:
    from botocore.loaders import Loader

_SERVICES = ("acm", "cloudfront", "cloudwatch", "route53", "s3", "sns", "sts")


def share() -> Loader:
    """Have all botocore sessions of this process use one loader of models, and return it.

    Otherwise each session has its own loader, and reads the models again: a tenth of a second of
    processor time for each client.
    """
    session.create_loader = sessions.service_models = cache(sessions.service_models)
    return sessions.service_models(None)  # None: AWS_DATA_PATH is not set


def preload() -> None:
    """Read the models of the services that a run uses into the shared loader."""
    loader = share()
    for service in _SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
            loader.load_service_model(service, kind)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
