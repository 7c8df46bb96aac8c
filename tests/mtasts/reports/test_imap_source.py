"""A folder of a real IMAP server over TLS is read, and nothing of it is changed (RFC 9051)."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from imap_server import PASSWORD, TOKEN, USER, Folder, imap_served
from loopback import closed_port

from mtasts.localcloud.authority import Authority, Certificate
from mtasts.reports.sources.imap import ImapAccount, ImapSource
from mtasts.reports.sources.source import Fetched, FetchError, GoneError, Listed, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = {1: b"From: a\r\n\r\none", 5: b"From: a\r\n\r\nfive", 9: b"x" * 3000}
READING = {"CAPABILITY", "LOGIN", "AUTHENTICATE", "EXAMINE", "UID SEARCH", "UID FETCH", "LOGOUT"}


@contextmanager
def source_of(
    folder: Folder,
    authority: Authority,
    *,
    secret: str = PASSWORD,
    certificate: Certificate = Certificate.GOOD,
    trusted: Authority | None = None,
    name: str = "Reports",
    is_token: bool = False,
    seconds: float = 20,
) -> Iterator[ImapSource]:
    with imap_served(folder, authority.context(("localhost",), certificate)) as port:
        pem = (trusted or authority).pem.decode()
        account = ImapAccount(
            USER, "localhost", port, name, "imaps://u@h/Reports", secret, is_token=is_token
        )
        source = ImapSource(
            account, ssl.create_default_context(cadata=pem), command_seconds=seconds
        )
        yield source
        source.close()
    assert folder.commands <= READING


@pytest.fixture
def folder() -> Folder:
    return Folder(dict(MESSAGES))


def test_every_message_is_listed_and_fetched_and_none_is_marked(
    folder: Folder, authority: Authority
) -> None:
    with source_of(folder, authority) as source:
        listed = list(source.keys(""))
        assert listed[1] == Listed(
            "77:5", "imaps://u@h/Reports;UIDVALIDITY=77;UID=5", 15, cursor="77:5"
        )
        assert [each.size for each in listed] == [len(raw) for raw in MESSAGES.values()]
        fetched = [source.fetch(each, 1000) for each in listed]
    when = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    assert fetched[0] == Fetched(MESSAGES[1], when)
    assert len(fetched[2].raw) == 1001
    assert folder.commands == READING - {"AUTHENTICATE"}
    assert all("PEEK" in each for each in folder.said if "BODY" in each)


@pytest.mark.parametrize(
    ("cursor", "uids"),
    [("", [1, 5, 9]), ("77:5", [9]), ("77:9", []), ("76:9", [1, 5, 9])],
    ids=["first", "after", "nothing-new", "made-anew"],
)
def test_a_listing_begins_after_its_cursor(
    cursor: str, uids: list[int], folder: Folder, authority: Authority
) -> None:
    with source_of(folder, authority) as source:
        assert [int(each.key.partition(":")[2]) for each in source.keys(cursor)] == uids


def test_a_folder_without_messages_and_a_server_without_uidvalidity(authority: Authority) -> None:
    with source_of(Folder(), authority) as source:
        assert list(source.keys("")) == []
    with source_of(Folder({1: b"x"}, validity=""), authority) as source:
        assert [each.key for each in source.keys("")] == ["0:1"]


def test_many_messages_are_listed_in_pieces(authority: Authority) -> None:
    folder = Folder(dict.fromkeys(range(1, 1202), b"x"))
    with source_of(folder, authority) as source:
        assert len(list(source.keys(""))) == 1201
    assert [each.split()[3] for each in folder.said if "SIZE" in each] == [
        "1:500", "501:1000", "1001:1201",
    ]  # fmt: skip


def test_flags_in_between_and_a_date_after_the_text_are_read(authority: Authority) -> None:
    with source_of(Folder(dict(MESSAGES), is_odd=True), authority) as source:
        assert [source.fetch(each, 9999).raw for each in source.keys("")] == [*MESSAGES.values()]


@pytest.mark.parametrize(
    ("secret", "is_token"), [("p\xe4ss", False), (TOKEN, True)], ids=["not-ascii", "oauth"]
)
def test_other_ways_to_log_in(
    secret: str, is_token: bool, folder: Folder, authority: Authority
) -> None:
    with source_of(folder, authority, secret=secret, is_token=is_token) as source:
        assert len(list(source.keys(""))) == 3


@pytest.mark.parametrize("is_token", [False, True])
def test_a_wrong_secret_is_told_and_not_shown(
    is_token: bool, folder: Folder, authority: Authority
) -> None:
    with source_of(folder, authority, secret="secret-one", is_token=is_token) as source:
        with pytest.raises(SourceError, match=r"refuses the login|cannot be opened") as told:
            list(source.keys(""))
        assert "secret-one" not in str(told.value)


def test_a_folder_that_is_missing_is_told(folder: Folder, authority: Authority) -> None:
    with (
        source_of(folder, authority, name="Other") as source,
        pytest.raises(SourceError, match=r"cannot be opened.*no such folder"),
    ):
        list(source.keys(""))


@pytest.mark.parametrize(
    "certificate", [Certificate.EXPIRED, Certificate.MISMATCH, Certificate.SELF_SIGNED]
)
def test_no_password_goes_to_a_server_with_a_bad_certificate(
    certificate: Certificate, folder: Folder, authority: Authority
) -> None:
    with (
        source_of(folder, authority, certificate=certificate) as source,
        pytest.raises(SourceError, match="certificate"),
    ):
        list(source.keys(""))
    assert folder.said == []


def test_no_password_goes_to_a_server_of_another_authority(
    folder: Folder, authority: Authority
) -> None:
    with (
        source_of(folder, authority, trusted=Authority()) as source,
        pytest.raises(SourceError, match="certificate"),
    ):
        list(source.keys(""))
    assert folder.said == []


def test_nobody_listens() -> None:
    account = ImapAccount(USER, "localhost", closed_port(), "INBOX", "imaps://u@h/INBOX", "x")
    source = ImapSource(account, ssl.create_default_context())
    with pytest.raises(SourceError, match=r"imaps://u@h/INBOX: .*refused"):
        list(source.keys(""))
    source.close()
    source._drop()


def test_a_connection_that_ends_is_made_again(folder: Folder, authority: Authority) -> None:
    with source_of(folder, authority) as source:
        listed = list(source.keys(""))
        folder.drops = 1
        with pytest.raises(FetchError, match="UID=1"):
            source.fetch(listed[0], 1000)
        assert source.fetch(listed[0], 1000).raw == MESSAGES[1]
        folder.drops, folder.validity = 1, "78"
        with pytest.raises(FetchError):
            source.fetch(listed[1], 1000)
        with pytest.raises(SourceError, match="created anew"):
            source.fetch(listed[1], 1000)


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "EXAMINE", "SEARCH", "FETCH"])
def test_a_server_that_is_silent_is_given_up(
    command: str, folder: Folder, authority: Authority
) -> None:
    folder.silent = command
    with source_of(folder, authority, seconds=0.2) as source, pytest.raises(SourceError):
        list(source.keys(""))


def test_a_server_that_never_greets_is_given_up() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        account = ImapAccount(USER, "localhost", port, "INBOX", "imaps://u@h/INBOX", "x")
        source = ImapSource(account, ssl.create_default_context(), command_seconds=0.2)
        with pytest.raises(SourceError, match="imaps://u@h/INBOX"):
            list(source.keys(""))


@pytest.mark.parametrize("command", ["SEARCH", "FETCH"])
def test_a_command_that_is_refused_is_told(
    command: str, folder: Folder, authority: Authority
) -> None:
    folder.refused = command
    with source_of(folder, authority) as source, pytest.raises((SourceError, FetchError)):
        source.fetch(next(source.keys("")), 10)


def test_a_message_that_is_gone_and_dates_that_are_none(
    folder: Folder, authority: Authority
) -> None:
    with source_of(folder, authority) as source:
        folder.hidden.add(5)
        listed = list(source.keys(""))
        assert [each.size for each in listed] == [14, 0, 3000]
        with pytest.raises(GoneError, match="deleted meanwhile"):
            source.fetch(listed[1], 10)
        folder.date = ""
        with pytest.raises(FetchError, match="did not say when"):
            source.fetch(listed[0], 10)
        folder.date = "yesterday"
        with pytest.raises(FetchError, match="INTERNALDATE is no date"):
            source.fetch(listed[0], 10)
