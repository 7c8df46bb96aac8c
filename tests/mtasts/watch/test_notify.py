"""The forms of what is told, and mails over TLS that is verified."""

from __future__ import annotations

import asyncio
import warnings
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from loopback import leading

from mtasts.errors import UndeterminedError, UsageError
from mtasts.watch.notify import Form, Mail, Webhook, notify, payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mtasts.localcloud.authority import Authority


class One:
    """A message whose text is hostile."""

    def as_json(self) -> dict[str, Any]:
        return {"id": "x"}

    def __str__(self) -> str:
        return "<!channel> & [a](https://evil.example) `rm`"


async def no_sleep(_: float) -> None:
    return


def test_a_program_gets_values_and_a_chat_gets_text() -> None:
    assert payload(Form.JSON, "alerts", [One()]) == {"alerts": [{"id": "x"}]}
    slack = payload(Form.SLACK, "alerts", [One()])
    assert slack["mrkdwn"] is False
    assert slack["text"] == (
        "mtasts: 1 alerts\n&lt;!channel&gt; &amp; [a](https://evil.example) `rm`"
    )
    card = payload(Form.TEAMS, "alerts", [One()])["attachments"][0]["content"]
    assert card["type"] == "AdaptiveCard"
    blocks = card["body"]
    # A text run shows its text as it is; a TextBlock would read Markdown.
    assert {each["type"] for each in blocks} == {"RichTextBlock"}
    assert [each["inlines"][0]["text"] for each in blocks] == ["mtasts: 1 alerts", str(One())]


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[str] = []

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content.decode())
        return "250 taken"


def allow(*arguments: object) -> AuthResult:
    data = arguments[-1]
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"me", b"secret")
    # The server answers 535 only where the handler says that it has not.
    return AuthResult(success=good, handled=good)


@asynccontextmanager
async def mail_server(
    authority: Authority, box: Mailbox, *, implicit: bool, login: bool
) -> AsyncIterator[int]:
    context = authority.context(("localhost",))

    def made() -> SMTP:
        with warnings.catch_warnings():
            # It does not know that TLS is below it where that begins first.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(
                box,
                hostname="localhost",
                tls_context=None if implicit else context,
                require_starttls=not implicit,
                auth_required=login,
                auth_require_tls=not implicit,
                authenticator=allow if login else None,
            )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(made, "127.0.0.1", 0, ssl=context if implicit else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def mail(port: int, ca_file: Path | None, scheme: str, **more: str) -> Mail:
    return Mail(
        f"{scheme}://localhost:{port}", "m@a.example", "ops@b.example",
        leading(port, ca_file), what="alerts", **more,
    )  # fmt: skip


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
@pytest.mark.parametrize("login", [False, True])
async def test_a_mail_is_sent_over_verified_tls(
    authority: Authority, ca_file: Path, scheme: str, login: bool
) -> None:
    box = Mailbox()
    who = {"user": "me", "password": "secret"} if login else {}
    async with mail_server(authority, box, implicit=scheme == "smtps", login=login) as port:
        await notify([mail(port, ca_file, scheme, **who)], [One(), One()])
    (sent,) = box.mails
    assert "Subject: mtasts: 2 alerts" in sent
    assert "Auto-Submitted: auto-generated" in sent
    assert sent.count("<!channel>") == 2
    assert "secret" not in repr(mail(1, None, "smtp", user="me", password="secret"))


@pytest.mark.parametrize(
    ("scheme", "trusted", "who"),
    [
        ("smtps", False, {}),
        ("smtp", False, {}),
        ("smtp", True, {"user": "me", "password": "wrong"}),
    ],
)
async def test_a_mail_that_is_not_taken_is_told(
    authority: Authority, ca_file: Path, scheme: str, trusted: bool, who: dict[str, str]
) -> None:
    box = Mailbox()
    async with mail_server(authority, box, implicit=scheme == "smtps", login=bool(who)) as port:
        sink = mail(port, ca_file if trusted else None, scheme, **who)
        with pytest.raises(UndeterminedError, match="whether 1 messages were sent"):
            await notify([sink], [One()], sleep=no_sleep)
    assert box.mails == []


@pytest.mark.parametrize(
    ("server", "sender", "recipient", "says"),
    [
        ("http://a.example", "a@b.c", "a@b.c", "--smtp 'http://a.example' is neither"),
        ("smtps://", "a@b.c", "a@b.c", "is neither"),
        ("smtp://a.example:99999", "a@b.c", "a@b.c", "is neither"),
        ("smtp://[", "a@b.c", "a@b.c", "is neither"),
        ("smtp://a.example", "", "a@b.c", "--mail-from '' is no mail address"),
        ("smtp://a.example", "a@b.c", "a\r\nBcc: x@y.z", "--mail-to"),
        ("smtp://a.example", "a@b.c", "b c@d.e", "--mail-to"),
    ],
)
def test_a_server_or_an_address_that_cannot_be_is_refused(
    server: str, sender: str, recipient: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        Mail(server, sender, recipient, leading(1))


@pytest.mark.parametrize("url", ["https://[", "https://a.example:x/", "http://a.example"])
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no https address"):
        Webhook(url, leading(1))
