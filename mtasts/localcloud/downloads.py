"""Downloads of the engine and of provider plugins, compared with pinned sha256 sums.

A file without a pinned sum is not downloaded, because engine and plugins run with the user's
credentials.
"""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SUMS = Path(__file__).with_name("downloads.sums")
RELEASES = "https://get.pulumi.com/releases/sdk"
_LINE = re.compile(r"(?P<sum>[0-9a-f]{64}) [ *](?P<file>[A-Za-z0-9._-]+)")
_SECONDS = 60
_INSTALL_SECONDS = 600
_CHUNK = 1024 * 1024
# Go's names of processors, which plugin archives use; the engine's archives say x64 for amd64.
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest archive that is downloaded, and how large its files may be."""

    archive_bytes: int = 512 * 1024 * 1024
    unpacked_bytes: int = 2 * 1024 * 1024 * 1024


LIMITS = Limits()


class DownloadError(MtaStsError):
    """Nothing was installed: no sum is pinned, the file has another sum, or it did not arrive."""


def machine(processor: str = "") -> tuple[str, str]:
    """Operating system and processor of this machine, as Go names them.

    Raises:
        DownloadError: there is no release for such a machine.
    """
    processor = processor or platform.machine()
    found = _MACHINES.get(processor.lower())
    if found is None or sys.platform not in ("linux", "darwin"):
        raise DownloadError(f"there is no release for {sys.platform} on {processor}")
    return sys.platform, found


def engine_archive(version: str) -> str:
    """The file name of the engine's archive for this machine; raises `DownloadError`."""
    system, processor = machine()
    return f"pulumi-v{version}-{system}-{processor.replace('amd64', 'x64')}.tar.gz"


def plugin_archive(name: str, version: str) -> str:
    """The file name of a provider plugin's archive for this machine; raises `DownloadError`."""
    system, processor = machine()
    return f"pulumi-resource-{name}-v{version}-{system}-{processor}.tar.gz"


def read_sums(text: str) -> dict[str, str]:
    """The sha256 sums of a checksums file, by file name; lines that begin with ``#`` are comments.

    Raises:
        DownloadError: a line has another form, or a file has two different sums.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row = _LINE.fullmatch(line)
        if row is None or found.setdefault(row["file"], row["sum"]) != row["sum"]:
            raise DownloadError(
                f"line {number} of the pinned sums is not a sha256 sum and a file name, or gives "
                "a file another sum than an earlier line"
            )
    return found


def pinned(archive: str, sums: Mapping[str, str] | None = None) -> str:
    """The pinned sha256 sum of an archive.

    Raises:
        DownloadError: no sum of it is pinned, so it must not be downloaded.
    """
    known = read_sums(SUMS.read_text()) if sums is None else sums
    if archive not in known:
        raise DownloadError(
            f"no sha256 sum of {archive} is pinned in {SUMS.name}, so it is not "
            "downloaded: install it yourself, or pin its sum from the release's checksums file "
            "(mtasts docs downloads)"
        )
    return known[archive]


def fetch_engine(
    version: str,
    target: Path,
    *,
    sums: Mapping[str, str] | None = None,
    base: str = RELEASES,
    limits: Limits = LIMITS,
) -> None:
    """Download the engine's release and put its programs into ``target / "bin"``.

    Raises:
        DownloadError: there is no such release for this machine, no sum of it is pinned, it could
            not be downloaded, or it is not the file whose sum is pinned. Nothing is installed.
    """
    archive = engine_archive(version)
    wanted = pinned(archive, sums)
    file = target / archive
    _download(f"{base}/{archive}", file, limits)
    _require_sum(file, wanted)
    _unpack(file, target / "bin", limits)
    file.unlink()


def install_plugins(
    pulumi: str,
    providers: Mapping[str, str],
    run: Callable[[list[str]], None] | None = None,
    *,
    sums: Mapping[str, str] | None = None,
) -> list[str]:
    """Have the engine ``pulumi`` install the plugins of ``providers`` (versions by name).

    Returns a text "NAME VERSION" for each. The engine compares each download with the pinned sum.
    If one plugin has no pinned sum, none is installed.

    Raises:
        DownloadError: a sum is not pinned, or the engine could not install a plugin.
    """
    rows = [
        (name, version, pinned(plugin_archive(name, version), sums))
        for name, version in providers.items()
    ]
    for name, version, wanted in rows:
        (run or _run)(
            [pulumi, "plugin", "install", "resource", name, version, "--checksum", wanted]
        )
    return [f"{name} {version}" for name, version, _ in rows]


def _download(url: str, file: Path, limits: Limits) -> None:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer, file.open("xb") as out:  # noqa: S310 - a constant URL, and the sum is compared
            count = 0
            while chunk := answer.read(_CHUNK):
                count += len(chunk)
                if count > limits.archive_bytes:
                    raise DownloadError(f"{url} is larger than any release")
                out.write(chunk)
    except (urllib.error.URLError, OSError) as error:
        raise DownloadError(f"{url}: {error}") from error


def _require_sum(file: Path, wanted: str) -> None:
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != wanted:
        raise DownloadError(
            f"{file.name} has the sha256 sum {found}, but the pinned sum is {wanted}: it is not "
            "the file that was reviewed, so it is not used"
        )


def _unpack(file: Path, into: Path, limits: Limits) -> None:
    """Put the files of an archive into the folder ``into``, without the archive's folder names."""
    into.mkdir()
    with tarfile.open(file) as archive:
        rows = [each for each in archive.getmembers() if each.isfile()]
        if sum(each.size for each in rows) > limits.unpacked_bytes:
            raise DownloadError(f"{file.name} unpacks to more than any release")
        for each in rows:
            each.name = Path(each.name).name
            archive.extract(each, into, filter="data")
    if not (into / "pulumi").is_file():
        raise DownloadError(f"{file.name} has no program pulumi in it")


def _run(words: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own engine
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise DownloadError(f"{' '.join(words[:5])}: {error}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason was printed"]
        raise DownloadError(f"{' '.join(words[:5])}: {lines[-1]}")
