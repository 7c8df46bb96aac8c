"""What ``--from`` takes, and where secrets come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare_api import api, settings
from hypothesis import given
from hypothesis import strategies as st

from mtasts.errors import UsageError
from mtasts.localcloud.moto_host import make_bucket, moto_running
from mtasts.reports.sources.address import (
    BucketAddress,
    ImapAddress,
    imap_secret,
    parse_address,
)
from mtasts.reports.sources.folder import FolderSource
from mtasts.reports.sources.imap import ImapSource
from mtasts.reports.sources.mailbox import MaildirSource, MboxSource
from mtasts.reports.sources.objects import ObjectSource
from mtasts.reports.sources.opening import from_keyring, open_source
from mtasts.reports.sources.source import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")

IMAP = ImapAddress("tlsrpt", "mail.example.gov", 993, "INBOX")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("s3://inbox-1/mail/x y", BucketAddress("s3", "inbox-1", "mail/x y")),
        ("R2://inbox", BucketAddress("r2", "inbox", "")),
        ("imaps://tlsrpt@mail.example.gov", IMAP),
        ("imaps://tlsrpt@mail.example.gov/INBOX", IMAP),
        (
            "imaps://a%40b.example@[::1]:1993/TLS%20reports/x",
            ImapAddress("a@b.example", "::1", 1993, "TLS reports/x"),
        ),
        ("a@b.example", None),
        ("folder/mbox", None),
        ("", None),
    ],
)
def test_an_address(text: str, found: object) -> None:
    assert parse_address(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("s3://", "is no bucket"),
        ("s3://a/b", "is no bucket"),
        ("s3://user:secret@inbox/x", "is no bucket"),
        ("imap://u@h/x", "write imaps://"),
        ("https://h/x", "https:// is not known"),
        ("imaps://h/x", "write imaps://USER@HOST"),
        ("imaps://u@/x", "write imaps://USER@HOST"),
        ("imaps://u@h:x/x", "write imaps://USER@HOST"),
        ("imaps://u@h:99999/x", "write imaps://USER@HOST"),
        ("imaps://u@[h/x", "write imaps://USER@HOST"),
        ("imaps://u@h/x?y", "write imaps://USER@HOST"),
        ("imaps://u@h/x#y", "write imaps://USER@HOST"),
        ("imaps://u%0d%0aA1 NOOP@h/x", "control characters"),
        ("imaps://u@h/x%00", "control characters"),
    ],
)
def test_what_is_no_address(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_address(text)


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="change it") as told:
        parse_address("imaps://u:hunter2@h/x")
    assert "hunter2" not in str(told.value)


@given(
    st.builds(
        ImapAddress,
        st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1),
        st.from_regex(r"[a-z0-9]{1,9}(\.[a-z0-9]{1,9})?", fullmatch=True) | st.just("::1"),
        st.integers(1, 65535),
        st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1),
    )
)
def test_an_address_reads_as_it_is_written(address: ImapAddress) -> None:
    assert parse_address(str(address)) == address


def test_secrets_come_from_the_environment_and_then_from_the_keyring() -> None:
    asked = []

    def keyring(service: str, name: str) -> str | None:
        asked.append((service, name))
        return "stored"

    token, password = {"MTASTS_IMAP_TOKEN": "t"}, {"MTASTS_IMAP_PASSWORD": "p"}
    assert imap_secret(IMAP, token | password, keyring) == ("t", True)
    assert imap_secret(IMAP, password, keyring) == ("p", False)
    assert asked == []
    assert imap_secret(IMAP, {}, keyring) == ("stored", False)
    assert asked == [("mtasts", "imaps://tlsrpt@mail.example.gov")]


@pytest.mark.parametrize("stored", [None, "", "a\nb"])
def test_without_a_secret_the_message_says_how_to_give_one(stored: str | None) -> None:
    with pytest.raises(UsageError, match=r"set MTASTS_IMAP_PASSWORD .* keyring set mtasts imaps:"):
        imap_secret(IMAP, {}, lambda *_: stored)
    with pytest.raises(UsageError, match="line end"):
        imap_secret(IMAP, {"MTASTS_IMAP_PASSWORD": "a\n"}, lambda *_: stored)


def test_paths_are_what_they_hold(tmp_path: Path) -> None:
    for folder in ("maildir/cur", "maildir/new", "folder"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "mbox").write_bytes(b"From x\n")
    (tmp_path / "file").write_bytes(b"{}")
    kinds = {
        "maildir": MaildirSource, "folder": FolderSource, "mbox": MboxSource, "file": FolderSource
    }  # fmt: skip
    for name, kind in kinds.items():
        source = open_source(str(tmp_path / name), {})
        assert (type(source), source.name) == (kind, str(tmp_path / name))
    with pytest.raises(UsageError, match="no such file"):
        open_source(str(tmp_path / "none"), {})
    with pytest.raises(UsageError, match="name too long"):
        open_source("n" * 300, {})


def test_imap_is_verified_by_the_mozilla_roots_or_those_given(
    tmp_path: Path, ca_file: Path
) -> None:
    environment = {"MTASTS_IMAP_PASSWORD": "p"}
    address = "imaps://u@h:1993/x"
    assert open_source(address, environment).name == address
    found = open_source(address, environment, authorities=ca_file)
    assert isinstance(found, ImapSource)
    assert len(found._trusted.get_ca_certs()) == 1
    for wrong in (tmp_path / "none", tmp_path):
        with pytest.raises(UsageError, match="--ca"):
            open_source(address, environment, authorities=wrong)


class Keyring:
    """A keyring as a module; ``found`` is what it has, or why it has nothing."""

    def __init__(self, found: object) -> None:
        self.found = found

    def get_password(self, service: str, name: str) -> object:
        if isinstance(self.found, Exception):
            raise self.found
        return f"{self.found} {service} {name}"


def test_the_keyring_of_this_machine() -> None:
    from keyring import errors

    def loading(found: object) -> Callable[[str], Any]:
        return {"keyring": Keyring(found), "keyring.errors": errors}.__getitem__

    def missing(name: str) -> Any:
        raise ImportError(name)

    assert from_keyring("mtasts", "imaps://u@h", loading("secret")) == "secret mtasts imaps://u@h"
    assert from_keyring("mtasts", "imaps://u@h", loading(errors.NoKeyringError())) is None
    assert from_keyring("mtasts", "imaps://u@h", missing) is None
    found = open_source("imaps://u@h", {}, keyring=lambda *_: "stored")
    assert isinstance(found, ImapSource)
    assert found._account.secret == "stored"


def test_s3_is_asked_with_the_account_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    with moto_running() as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }.items():
            monkeypatch.setenv(name, value)
        make_bucket(url, "mtasts-inbox")
        environment = {"AWS_REGION": "us-east-1"}
        source = open_source("s3://mtasts-inbox/mail", environment)
        assert (source.name, list(source.keys(""))) == ("s3://mtasts-inbox/mail", [])
        other = open_source("s3://mtasts-inbox/mail", {}, bucket_owner="210987654321")
        with pytest.raises(SourceError, match="AccessDenied"):
            list(other.keys(""))


def test_r2_is_asked_with_the_keys_of_the_token() -> None:
    with pytest.raises(UsageError, match="set CLOUDFLARE_ACCOUNT_ID"):
        open_source("r2://inbox/x", {})
    with pytest.raises(UsageError, match="no token for Cloudflare"):
        open_source("r2://inbox/x", {"CLOUDFLARE_ACCOUNT_ID": "a"})
    with api() as servers:
        found = settings(servers.api.url)
        environment = {
            "CLOUDFLARE_ACCOUNT_ID": found.account_id,
            "CLOUDFLARE_API_TOKEN": found.token,
            "CLOUDFLARE_BASE_URL": found.base_url,
            "MTASTS_R2_ENDPOINT": "http://127.0.0.1:9",
        }
        source = open_source("r2://inbox/x", environment)
        assert isinstance(source, ObjectSource)
        assert source._client().meta.endpoint_url == "http://127.0.0.1:9"
        assert source._client() is source._client()
        wrong = open_source("r2://inbox/x", environment | {"CLOUDFLARE_API_TOKEN": "wrong"})
        with pytest.raises(SourceError, match="Cloudflare refuses"):
            list(wrong.keys(""))
