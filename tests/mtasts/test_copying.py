"""A ledger goes from one store to another, ahead of a move between the clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mtasts.cli.main import main
from mtasts.cloud.aws import Account, AwsSettings
from mtasts.recording import Recorder, copy_ledger
from mtasts.rollout.entries import LedgerError
from mtasts.stores.s3 import S3Store

if TYPE_CHECKING:
    from pathlib import Path

DOMAIN = "example.gov"


class Memory:
    """A store that is a dictionary; ``rival`` is written by somebody else in between."""

    def __init__(self, *entries: bytes, rival: bytes | None = None) -> None:
        self.entries = dict(enumerate(entries, start=1))
        self.rival = rival

    def list(self, _: str) -> dict[int, bytes]:
        return dict(self.entries)

    def append(self, _: str, number: int, entry: bytes) -> bool:
        if self.rival is not None:
            self.entries.setdefault(number, self.rival)
        if number in self.entries:
            return False
        self.entries[number] = entry
        return True


async def test_a_ledger_is_kept_by_its_store() -> None:
    kept: list[str] = []

    class Kept(Memory):
        def lock(self) -> None:
            kept.append("locked")

    await Recorder(Kept()).lock()
    assert kept == ["locked"]
    S3Store(Account(AwsSettings("us-east-1")), "b").lock()  # its bucket does so by itself


@pytest.mark.parametrize("present", [(), (b"1",), (b"1", b"2"), (b"1", b"2", b"3")])
def test_what_is_missing_is_copied_and_what_is_there_is_left(present: tuple[bytes, ...]) -> None:
    target = Memory(*present)
    count = copy_ledger(Memory(b"1", b"2"), target, DOMAIN)
    assert count == max(0, 2 - len(present))
    assert {1: b"1", 2: b"2"}.items() <= target.entries.items()


def test_another_history_is_not_mixed_with_it() -> None:
    with pytest.raises(LedgerError, match="another entry 2"):
        copy_ledger(Memory(b"1", b"2"), Memory(b"1", b"x"), DOMAIN)


def test_a_copy_beside_ours_does_no_harm_and_is_not_counted() -> None:
    assert copy_ledger(Memory(b"1"), Memory(rival=b"1"), DOMAIN) == 0


STACK = """config:
  aws:region: us-east-1
  mtasts:agency: Department of Tests
  mtasts:dns: cloudflare
  mtasts:cloudflareAccount: 0123456789abcdef0123456789abcdef
  mtasts:tlsReports: [mailto:tlsrpt@reports.example]
  mtasts:domains: [{name: example.gov, mx: [mx1.example.gov]}]
"""


def test_the_command_copies_every_domain_once_the_stack_is_about_to_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = Memory()
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "t")
    monkeypatch.setattr("mtasts.clouds.Clouds.next_store", lambda _: target)
    monkeypatch.setattr("mtasts.clouds.Clouds.identify", lambda _: "123456789012")
    monkeypatch.setattr("mtasts.clouds.Clouds.store", lambda *_: Memory(b"1", b"2"))
    file = tmp_path / "Pulumi.agency.yaml"
    words = ["ledger", "copy", "agency", "--stacks", str(tmp_path)]
    file.write_text(STACK)
    assert main(words) == 2
    assert "with hosting aws still and mtasts:leaving: aws" in capsys.readouterr().err
    file.write_text(STACK + "  mtasts:leaving: aws\n")
    assert main(words) == 0
    assert capsys.readouterr().out == "example.gov: 2 entries copied\n"
    assert target.entries == {1: b"1", 2: b"2"}
