"""Sends changes and alerts to a webhook, an SNS topic or a mailbox."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from mtasts.cloud_catalogue import Hosting
from mtasts.destinations import require
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mtasts.probe.reach import Reach

# A receiver that hangs must not delay the next look at the domains.
_SECONDS = 10.0
_TRIES = 3
_PAUSE_SECONDS = 1.0
_AT_ONCE = 100
_SUBJECT_MAX = 100  # what SNS takes
# In this order: the first one is part of the others' entities.
_SLACK = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SMTP_PORTS = MappingProxyType({"smtps": 465, "smtp": 587})
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,253}")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_.-]+")


class Notice(Protocol):
    """Something that is told once: a change of a check, or an alert about TLS reports."""

    def as_json(self) -> dict[str, Any]:
        """As plain values."""

    def __str__(self) -> str:
        """As one line."""


class Sink(Protocol):
    """A receiver of changes or alerts."""

    def post(self, notices: Sequence[Notice], /) -> None:
        """Send it; blocks.

        Raises:
            OSError: the receiver refused or did not answer.
        """


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """No redirect is followed: findings go only to the address that was given."""


class Form(StrEnum):
    """What a webhook takes: values, or the message of a chat."""

    JSON = "json"
    SLACK = "slack"
    TEAMS = "teams"


def payload(form: Form, what: str, notices: Sequence[Notice]) -> dict[str, Any]:
    """The body of a webhook's request; ``what`` is the name of the list, such as changes.

    A chat shows the lines as they are: what its markup means by ``&``, ``<`` and ``>`` is escaped
    for Slack, and an Adaptive Card of Teams has them as its text without markup.
    """
    lines = [str(each) for each in notices]
    match form:
        case Form.SLACK:
            text = "\n".join(lines)
            for character, entity in _SLACK.items():
                text = text.replace(character, entity)
            return {"text": f"mtasts: {len(notices)} {what}\n{text}", "mrkdwn": False}
        case Form.TEAMS:
            rows = [f"mtasts: {len(notices)} {what}", *lines]
            blocks = [
                {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": row}]}
                for row in rows
            ]
            card = {"type": "AdaptiveCard", "version": "1.4", "body": blocks}
            kind = "application/vnd.microsoft.card.adaptive"
            return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}
    return {what: [each.as_json() for each in notices]}


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts changes or alerts to an https address, in one of three forms."""

    url: str
    reach: Reach
    form: Form = Form.JSON
    what: str = "changes"

    def __post_init__(self) -> None:
        """Refuse an address without TLS.

        Raises:
            UsageError: it is no https address.
        """
        parts = _split(self.url)
        if parts is None or parts.scheme != "https" or not parts.hostname:
            raise UsageError(f"--webhook {printable(self.url)!r} is no https address")

    def post(self, notices: Sequence[Notice]) -> None:
        """Post it; blocks.

        Raises:
            OSError: the server refused or did not answer; it may have taken them.
        """
        body = json.dumps(payload(self.form, self.what, notices)).encode("ascii")
        headers = {"Content-Type": "application/json", "User-Agent": "mtasts"}
        request = Request(self.url, body, headers, method="POST")  # noqa: S310 - https, as checked
        opener = build_opener(_NoRedirects, HTTPSHandler(context=self.reach.tls_context()))
        with opener.open(request, timeout=_SECONDS):
            pass


@dataclass(frozen=True, slots=True)
class Topic:
    """Publishes changes or alerts to an SNS topic, with the credentials of the environment."""

    arn: str
    what: str = "changes"

    def __post_init__(self) -> None:
        """Refuse an ARN of anything but a topic.

        Raises:
            UsageError: it is no ARN of an SNS topic.
        """
        if not _TOPIC.fullmatch(self.arn):
            raise UsageError(f"--sns {printable(self.arn)!r} is not the ARN of an SNS topic")

    def post(self, notices: Sequence[Notice]) -> None:
        """Publish it; blocks.

        Raises:
            OSError: AWS refused or did not answer.
            DestinationError: the endpoint is neither at AWS nor on this machine.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # 0.1 s that few commands pay
        from botocore.session import Session  # as above

        found = _TOPIC.fullmatch(self.arn)
        region = found["region"] if found else None
        message = json.dumps(payload(Form.JSON, self.what, notices))
        subject = printable(f"mtasts: {len(notices)} {self.what}", _SUBJECT_MAX)
        try:
            client: Any = Session().create_client("sns", region_name=region)
            require(Hosting.AWS, "the endpoint of sns", client.meta.endpoint_url)
            client.publish(TopicArn=self.arn, Subject=subject, Message=message)
        except (BotoCoreError, ClientError) as error:
            raise OSError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Mail:
    """Sends changes or alerts as a mail, over verified TLS: from the start, or with STARTTLS.

    ``server`` is ``smtps://HOST[:465]`` or ``smtp://HOST[:587]``; ``user`` is empty where the
    server asks for nobody.
    """

    server: str
    sender: str
    recipient: str
    reach: Reach
    user: str = ""
    password: str = field(default="", repr=False)
    what: str = "changes"

    def __post_init__(self) -> None:
        """Refuse a server that is named otherwise, and addresses that are none.

        Raises:
            UsageError: it cannot be used.
        """
        parts = _split(self.server)
        if parts is None or parts.scheme not in _SMTP_PORTS or not parts.hostname:
            raise UsageError(
                f"--smtp {printable(self.server)!r} is neither smtps://HOST nor smtp://HOST"
            )
        for option, address in (("--mail-from", self.sender), ("--mail-to", self.recipient)):
            if not _ADDRESS.fullmatch(address):
                raise UsageError(f"{option} {printable(address)!r} is no mail address")

    def post(self, notices: Sequence[Notice]) -> None:
        """Send one mail; blocks.

        Raises:
            OSError: the server refused or did not answer; it may have taken the mail.
        """
        from email.message import EmailMessage
        from smtplib import SMTP, SMTP_SSL  # few commands send mails

        message = EmailMessage()
        message["From"], message["To"] = self.sender, self.recipient
        message["Subject"] = printable(f"mtasts: {len(notices)} {self.what}", _SUBJECT_MAX)
        # It is no mail to answer automatically (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n\n".join(map(str, notices)) + "\n")
        parts = urlsplit(self.server)
        host, port = str(parts.hostname), parts.port or _SMTP_PORTS[parts.scheme]
        context = self.reach.tls_context()
        if parts.scheme == "smtps":
            client: SMTP = SMTP_SSL(host, port, timeout=_SECONDS, context=context)
        else:
            client = SMTP(host, port, timeout=_SECONDS)
        with client:
            if parts.scheme == "smtp":
                client.starttls(context=context)
            if self.user:
                client.login(self.user, self.password)
            client.send_message(message)


def _split(address: str) -> SplitResult | None:
    """The parts of an address; None where it is malformed."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # only this look finds a wrong one
    except ValueError:
        return None
    return parts


async def notify(
    sinks: Sequence[Sink],
    notices: Sequence[Notice],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Send all that is told to every sink, in portions, each with a few attempts.

    ``sleep`` waits between attempts.

    Raises:
        UndeterminedError: a sink failed; it may have received some of it.
    """
    # In portions, since SNS limits the size of a message.
    for sink in sinks:
        for start in range(0, len(notices), _AT_ONCE):
            await _post(sink, notices[start : start + _AT_ONCE], sleep)


async def _post(
    sink: Sink, notices: Sequence[Notice], sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Hand it to one sink, and try again while it fails.

    Raises:
        UndeterminedError: every try failed; a message may have arrived all the same.
    """
    tries = 0
    while True:
        tries += 1
        try:
            await in_thread(sink.post, notices)
        except OSError as error:
            if tries == _TRIES:
                raise UndeterminedError(
                    f"whether {len(notices)} messages were sent: {printable(str(error), 300)}"
                ) from error
            await sleep(_PAUSE_SECONDS)
        else:
            return
