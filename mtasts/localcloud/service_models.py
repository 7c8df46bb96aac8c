"""The models of AWS's services, which botocore reads from files: read once for a whole process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from botocore import session

from mtasts.cloud import sessions

if TYPE_CHECKING:
    from botocore.loaders import Loader

_SERVICES = ("acm", "cloudfront", "cloudwatch", "route53", "s3", "sns", "sts")


def share() -> Loader:
    """The one reader of models that every botocore session of this process has from now on.

    Each session has its own otherwise, and a client costs a tenth of a second of processor time.
    """
    session.create_loader = sessions.service_models = cache(sessions.service_models)
    return sessions.service_models(None)  # as without AWS_DATA_PATH


def preload() -> None:
    """Read the models that a run needs."""
    loader = share()
    for service in _SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
            loader.load_service_model(service, kind)
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(name)
