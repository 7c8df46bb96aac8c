"""Start moto in this process, with corrections where it behaves differently from AWS.

moto keeps its state in module globals, so a process can run only one local cloud.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloud import REGION
from mtasts.localcloud.moto_cloudfront import nearer_to_cloudfront
from mtasts.localcloud.moto_s3 import nearer_to_s3
from mtasts.localcloud.moto_scale import fast_moto
from mtasts.localcloud.moto_ses import nearer_to_ses
from mtasts.localcloud.throttling import Throttle

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

# The account's id stays moto's default, which is ACCOUNT. With MOTO_ACCOUNT_ID set, moto would
# treat a role of another account as one of this account.
_ENVIRONMENT = {
    # moto issues certificates by itself after so many seconds: a year, so that it never does.
    # mtasts.localcloud.aws.issuance decides instead.
    "MOTO_ACM_VALIDATION_WAIT": "31536000",
    # boto3 inside this process must not look for credentials elsewhere.
    "AWS_EC2_METADATA_DISABLED": "true",
}
_running = threading.Lock()
# The request rates of the account; one for the process, as moto's state is.
throttle = Throttle()


class AlreadyRunningError(Exception):
    """A local cloud runs already, in this process or in this folder."""


@contextmanager
def moto_running() -> Iterator[str]:
    """Run moto with an empty account within this context; gives its URL on loopback.

    Raises:
        AlreadyRunningError: moto runs in this process already.
    """
    if not _running.acquire(blocking=False):
        raise AlreadyRunningError(
            "this process runs a local cloud already: start another one in a process of its own"
        )
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    try:
        os.environ.update(_ENVIRONMENT)
        with _nearer_to_aws(), fast_moto():
            yield from _serving()
    finally:
        os.environ.update({name: value for name, value in before.items() if value is not None})
        for name in (name for name, value in before.items() if value is None):
            del os.environ[name]
        _running.release()


def _serving() -> Iterator[str]:
    from moto.moto_api._internal.models import moto_api_backend  # late: moto reads _ENVIRONMENT
    from moto.server import ThreadedMotoServer  # late, as above

    # Without this, werkzeug logs every request to standard error; errors still get into our log.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto_api_backend.reset()  # an earlier use of moto in this process may have left state
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    served: Any = server._server  # noqa: SLF001 - moto has no public name for it
    served.app = throttle.before(served.app)
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        throttle.set({})
        server.stop()
        moto_api_backend.reset()


@contextmanager
def _nearer_to_aws() -> Iterator[None]:
    """Replace classes and methods of moto within this context, so that they do as AWS does.

    In moto a distribution is Deployed and an invalidation Completed at once. At CloudFront that
    takes time; here it ends when the edge reports it.
    """
    from moto.cloudfront import models as cloudfront  # late, as in _serving

    class Distribution(cloudfront.Distribution):
        """A distribution that is InProgress until every point has its present configuration."""

        deployed_config: object = None

        @property
        def status(self) -> str:
            deployed = self.deployed_config is self.distribution_config
            return "Deployed" if deployed else "InProgress"

        @status.setter
        def status(self, value: str) -> None:
            """No-op: moto sets the status Deployed too early."""

    class Invalidation(cloudfront.Invalidation):
        """An invalidation that is InProgress until the edge sets it to Completed."""

        def __init__(self, *args: Any, **options: Any) -> None:  # moto's, passed on
            super().__init__(*args, **options)
            self.status = "InProgress"

    with ExitStack() as stack:
        for replacement in (Distribution, Invalidation):
            name = replacement.__name__
            stack.callback(setattr, cloudfront, name, getattr(cloudfront, name))
            setattr(cloudfront, name, replacement)
        stack.enter_context(nearer_to_cloudfront())
        stack.enter_context(nearer_to_s3())
        stack.enter_context(nearer_to_ses())
        yield


def session() -> boto3.Session:
    """A boto3 session with credentials that only the local cloud accepts."""
    import boto3  # late: importing takes a third of a second, and not every caller needs it

    return boto3.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - no secret: moto takes any
        region_name=REGION,
    )


def make_bucket(aws_url: str, name: str) -> None:
    """Make a bucket in moto's S3, which also has the buckets of R2."""
    from botocore.config import Config  # late, as boto3 above

    s3 = session().client("s3", endpoint_url=aws_url, config=Config(proxies={}))
    s3.create_bucket(Bucket=name)
