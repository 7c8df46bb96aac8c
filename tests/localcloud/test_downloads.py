"""A download is installed if its sha256 sum is the pinned one; otherwise nothing is installed."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from mtasts.cli.main import main
from mtasts.localcloud import engine
from mtasts.localcloud.downloads import (
    SUMS,
    DownloadError,
    Limits,
    engine_archive,
    fetch_engine,
    install_plugins,
    machine,
    pinned,
    plugin_archive,
    read_sums,
)
from mtasts.localcloud.lifecycle import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = engine_archive("1.2.3")


def archive(*names: str, links: bool = False) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for name in names:
            row = tarfile.TarInfo(name)
            row.size, row.mode = 3, 0o755
            file.addfile(row, io.BytesIO(b"run"))
        if links:
            row = tarfile.TarInfo("pulumi/link")
            row.type, row.linkname = tarfile.SYMTYPE, "/etc/passwd"
            file.addfile(row)
    return out.getvalue()


@contextmanager
def serving(content: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing: the test knows."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def sums(content: bytes) -> dict[str, str]:
    return {NAME: hashlib.sha256(content).hexdigest()}


def test_an_archive_with_the_pinned_sum_is_unpacked(tmp_path: Path) -> None:
    content = archive("pulumi/pulumi", "pulumi/pulumi-language-python", links=True)
    with serving(content) as (base, asked):
        fetch_engine("1.2.3", tmp_path, sums=sums(content), base=base)
    assert asked == [f"/{NAME}"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bin"]
    assert sorted(each.name for each in (tmp_path / "bin").iterdir()) == [
        "pulumi",
        "pulumi-language-python",
    ]
    assert (tmp_path / "bin" / "pulumi").stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("content", "pin", "status", "says"),
    [
        pytest.param(archive("pulumi/pulumi"), b"other", 200, "it is not the file", id="other"),
        pytest.param(
            archive("pulumi/pulumi"), None, 200, "no sha256 sum of pulumi-v1.2.3", id="no"
        ),
        pytest.param(b"", b"", 404, "404", id="not-there"),
        pytest.param(
            archive("pulumi/x"), archive("pulumi/x"), 200, "has no program pulumi", id="empty"
        ),
    ],
)
def test_an_archive_without_the_pinned_sum_is_not_installed(
    tmp_path: Path, content: bytes, pin: bytes | None, status: int, says: str
) -> None:
    known = {} if pin is None else {NAME: hashlib.sha256(pin).hexdigest()}
    with serving(content, status) as (base, asked), pytest.raises(DownloadError, match=says):
        fetch_engine("1.2.3", tmp_path, sums=known, base=base)
    assert bool(asked) == (pin is not None)
    assert not (tmp_path / "bin" / "pulumi").exists()


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(archive_bytes=10), "larger than any release"),
        (Limits(unpacked_bytes=2), "unpacks to more"),
    ],
    ids=["archive", "unpacked"],
)
def test_an_archive_over_the_limit_is_refused(tmp_path: Path, limits: Limits, says: str) -> None:
    content = archive("pulumi/pulumi")
    with serving(content) as (base, _), pytest.raises(DownloadError, match=says):
        fetch_engine("1.2.3", tmp_path, sums=sums(content), base=base, limits=limits)


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("# a comment\n\n" + "a" * 64 + "  pulumi-v1.tar.gz\n", True),
        ("a" * 64 + " *pulumi-v1.tar.gz\n" + "a" * 64 + "  pulumi-v1.tar.gz\n", True),
        ("a" * 64 + "  pulumi-v1.tar.gz\n" + "b" * 64 + "  pulumi-v1.tar.gz\n", False),
        ("a" * 63 + "  pulumi-v1.tar.gz\n", False),
        ("A" * 64 + "  pulumi-v1.tar.gz\n", False),
        ("a" * 64 + "  ../pulumi-v1.tar.gz\n", False),
        ("a" * 64 + "\n", False),
    ],
)
def test_a_bad_line_in_the_sums_is_refused(text: str, is_good: bool) -> None:
    if is_good:
        assert read_sums(text) == {"pulumi-v1.tar.gz": "a" * 64}
        return
    with pytest.raises(DownloadError, match=r"line 1|line 2"):
        read_sums(text)


def test_the_sums_of_this_checkout_are_valid_and_list_every_wanted_file() -> None:
    text = SUMS.read_text()
    known = read_sums(text)
    wanted = [engine_archive(engine.RELEASE_VERSION)]
    wanted += [plugin_archive(*each) for each in PROVIDERS.items()]
    for name in wanted:
        assert name in text
        if name not in known:
            with pytest.raises(DownloadError, match=r"is pinned in downloads\.sums"):
                pinned(name)


PLUGIN = {plugin_archive("aws", "7.0.0"): "a" * 64}


def test_plugins_are_installed_only_if_each_has_a_sum() -> None:
    ran: list[list[str]] = []
    install = partial(install_plugins, "pulumi", run=ran.append, sums=PLUGIN)
    assert install({"aws": "7.0.0"}) == ["aws 7.0.0"]
    assert ran == [
        ["pulumi", "plugin", "install", "resource", "aws", "7.0.0", "--checksum", "a" * 64]
    ]
    with pytest.raises(DownloadError, match="no sha256 sum of pulumi-resource-cloudflare"):
        install({"aws": "7.0.0", "cloudflare": "6.0.0"})
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("exit 0", ""),
        ("echo mismatch >&2; exit 1", "mismatch"),
        ("exit 1", "no reason was printed"),
    ],
)
def test_the_reason_why_the_engine_refuses_a_plugin_is_reported(
    tmp_path: Path, program: str, says: str
) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\n{program}\n")
    pulumi.chmod(0o755)
    if not says:
        assert install_plugins(str(pulumi), {"aws": "7.0.0"}, sums=PLUGIN) == ["aws 7.0.0"]
        return
    with pytest.raises(DownloadError, match=says):
        install_plugins(str(pulumi), {"aws": "7.0.0"}, sums=PLUGIN)
    with pytest.raises(DownloadError, match="No such file"):
        install_plugins(str(tmp_path / "none"), {"aws": "7.0.0"}, sums=PLUGIN)


def test_a_machine_without_a_release_is_refused() -> None:
    with pytest.raises(DownloadError, match="riscv64"):
        machine("riscv64")


def test_an_engine_without_a_pinned_sum_is_not_fetched(tmp_path: Path) -> None:
    own = {"HOME": str(tmp_path), "MTASTS_ENGINE": "release", "PATH": ""}
    with pytest.raises(engine.EngineError, match="release: no sha256 sum"):
        engine.find(own, lambda _: None, partial(fetch_engine, sums={}))
    assert [p.suffix for p in engine.cache_folder(own).iterdir()] == [".lock"]


def test_an_engine_with_a_pinned_sum_is_fetched_and_kept(tmp_path: Path) -> None:
    def fetch(_: str, target: Path) -> None:
        (target / "bin").mkdir()
        (target / "bin" / "pulumi").write_text("run")

    own = {"HOME": str(tmp_path), "MTASTS_ENGINE": "release", "PATH": ""}
    found = engine.find(own, lambda _: None, fetch)
    assert (found.version, found.binary.read_text()) == (engine.RELEASE_VERSION, "run")


def test_unknown_providers_are_named_before_an_engine_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["local", "plugins", "gcp", "aws", "<x>"]) == 2
    assert "'gcp', '<x>': no such provider; write aws or cloudflare" in capsys.readouterr().err
    assert main(["local", "plugins", "aws"]) == 2
    assert "there is no pulumi on PATH" in capsys.readouterr().err
