"""Sends changes to a webhook or an SNS topic."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from mtasts.destinations import require_aws
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mtasts.probe.reach import Reach
    from mtasts.watch.changes import Change

_SECONDS = 10.0
_TRIES = 3
_PAUSE_SECONDS = 1.0
_AT_ONCE = 100
_SUBJECT_MAX = 100  # what SNS takes
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_.-]+")


class Sink(Protocol):
    """A receiver of changes."""

    def post(self, changes: Sequence[Change], /) -> None:
        """Send the changes; blocks.

        Raises:
            OSError: the receiver refused or did not answer.
        """


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """No redirect is followed: findings go only to the address that was given."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts changes as JSON to an https address."""

    url: str
    reach: Reach

    def __post_init__(self) -> None:
        """Refuse an address without TLS.

        Raises:
            UsageError: it is no https address.
        """
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname:
            raise UsageError(f"--webhook {printable(self.url)!r} is no https address")

    def post(self, changes: Sequence[Change]) -> None:
        """Post the changes; blocks.

        Raises:
            OSError: the server refused or did not answer; it may have taken them.
        """
        body = json.dumps({"changes": [each.as_json() for each in changes]}).encode("ascii")
        headers = {"Content-Type": "application/json", "User-Agent": "mtasts"}
        request = Request(self.url, body, headers, method="POST")  # noqa: S310 - https, as checked
        opener = build_opener(_NoRedirects, HTTPSHandler(context=self.reach.tls_context()))
        with opener.open(request, timeout=_SECONDS):
            pass


@dataclass(frozen=True, slots=True)
class Topic:
    """Publishes changes to an SNS topic, with the credentials of the environment."""

    arn: str

    def __post_init__(self) -> None:
        """Refuse an ARN of anything but a topic.

        Raises:
            UsageError: it is no ARN of an SNS topic.
        """
        if not _TOPIC.fullmatch(self.arn):
            raise UsageError(f"--sns {printable(self.arn)!r} is no topic's ARN")

    def post(self, changes: Sequence[Change]) -> None:
        """Publish the changes; blocks.

        Raises:
            OSError: AWS refused or did not answer.
            DestinationError: the endpoint is neither at AWS nor on this machine.
        """
        import boto3  # a quarter of a second that few commands pay
        from botocore.exceptions import BotoCoreError, ClientError  # as above

        found = _TOPIC.fullmatch(self.arn)
        region = found["region"] if found else None
        message = json.dumps({"changes": [each.as_json() for each in changes]})
        subject = printable(f"mtasts: {len(changes)} changes", _SUBJECT_MAX)
        try:
            client = boto3.client("sns", region_name=region)
            require_aws("the endpoint of sns", client.meta.endpoint_url)
            client.publish(TopicArn=self.arn, Subject=subject, Message=message)
        except (BotoCoreError, ClientError) as error:
            raise OSError(str(error)) from error


async def notify(
    sinks: Sequence[Sink],
    changes: Sequence[Change],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Send all changes to every sink, in portions, each with a few attempts.

    ``sleep`` waits between attempts.

    Raises:
        UndeterminedError: a sink failed; it may have received some of the changes.
    """
    # In portions, since SNS limits the size of a message.
    for sink in sinks:
        for start in range(0, len(changes), _AT_ONCE):
            await _tell(sink, changes[start : start + _AT_ONCE], sleep)


async def _tell(
    sink: Sink, changes: Sequence[Change], sleep: Callable[[float], Awaitable[None]]
) -> None:
    tries = 0
    while True:
        tries += 1
        try:
            await in_thread(sink.post, changes)
        except OSError as error:
            if tries == _TRIES:
                raise UndeterminedError(
                    f"whether {len(changes)} changes were sent: {printable(str(error), 300)}"
                ) from error
            await sleep(_PAUSE_SECONDS)
        else:
            return
