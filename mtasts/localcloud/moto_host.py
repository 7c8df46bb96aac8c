"""moto in this process: how it is started, and the few places where it is brought nearer to AWS.

moto keeps its state in module globals, so a process holds one local cloud and no more.
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
from mtasts.localcloud.moto_scale import by_what_is_asked
from mtasts.localcloud.moto_ses import nearer_to_ses
from mtasts.localcloud.throttling import Throttle

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

# The account is moto's own default, ACCOUNT: were it set, moto would take a role of another account
# for one of this.
_ENVIRONMENT = {
    # moto issues certificates on its own after this time; localcloud.aws.issuance decides instead.
    "MOTO_ACM_VALIDATION_WAIT": "31536000",
    # boto3 inside this process must not look for credentials elsewhere.
    "AWS_EC2_METADATA_DISABLED": "true",
}
_running = threading.Lock()
# What the account is allowed; as its state, of this process.
throttle = Throttle()


class AlreadyRunningError(Exception):
    """This process holds a local cloud already; start another in a process of its own."""


@contextmanager
def moto_running() -> Iterator[str]:
    """Moto's URL on loopback, with an empty account; gone at the end.

    Raises:
        AlreadyRunningError: this process holds one already.
    """
    if not _running.acquire(blocking=False):
        raise AlreadyRunningError("one process holds one local cloud: moto's state is global")
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    try:
        os.environ.update(_ENVIRONMENT)
        with _nearer_to_aws(), by_what_is_asked():
            yield from _serving()
    finally:
        os.environ.update({name: value for name, value in before.items() if value is not None})
        for name in (name for name, value in before.items() if value is None):
            del os.environ[name]
        _running.release()


def _serving() -> Iterator[str]:
    from moto.moto_api._internal.models import moto_api_backend  # after the environment
    from moto.server import ThreadedMotoServer  # as above

    # Its request log would go to standard error otherwise; failures still reach our log file.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto_api_backend.reset()  # the state is the process's, and somebody may have used it before
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    served: Any = server._server  # noqa: SLF001 - moto makes it itself
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
    """Classes put in place of moto's own; each says what real AWS does.

    This is how the edge can report progress without a moment in which moto claims more.
    """
    from moto.cloudfront import models as cloudfront  # after the environment

    class Distribution(cloudfront.Distribution):
        """Its status is InProgress until every point of presence has the present configuration."""

        deployed_config: object = None

        @property
        def status(self) -> str:
            deployed = self.deployed_config is self.distribution_config
            return "Deployed" if deployed else "InProgress"

        @status.setter
        def status(self, value: str) -> None:
            """Nothing: moto's own idea of progress does not count."""

    class Invalidation(cloudfront.Invalidation):
        """Its status begins as InProgress, and the edge sets it to Completed."""

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
    """A boto3 session for loopback, with credentials that are good nowhere else."""
    import boto3  # a third of a second, and not every user of this module needs it

    return boto3.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - no secret: moto takes any
        region_name=REGION,
    )


def make_bucket(aws_url: str, name: str) -> None:
    """Make a bucket in moto's S3, where R2's lie, too."""
    from botocore.config import Config  # as boto3

    s3 = session().client("s3", endpoint_url=aws_url, config=Config(proxies={}))
    s3.create_bucket(Bucket=name)
