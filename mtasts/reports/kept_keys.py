"""Which keys of a source are in the store, so that the next pull fetches only the others.

This is written after the store has what was fetched: a pull that is killed in between fetches some
keys once more, and the store takes a report once. It lies in the store's own folder ``pulls/``, one
folder a source.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError, UsageError
from mtasts.files import TEMPORARY, write_whole
from mtasts.json_fields import JsonError, read_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_STATE = "state.json"
_STATE_MAX_BYTES = 16 * 1024 * 1024  # ten times what `_WAITING_MAX` keys take
_KEPT = "kept"
_LOCK = ".lock"
_DIGEST_BYTES = 16
_RETRY_DAYS = 7
_WAITING_MAX = 10_000


class KeptKeysError(MtaStsError):
    """What was kept of the keys of a source cannot be read; nothing was changed."""


class KeptKeys:
    """The keys of one source that are in the store: all up to a cursor, and others by digest.

    A key is also ``waiting`` where what it holds is in the store and is to be judged once more.
    """

    def __init__(self, folder: Path, name: str, *, waiting_max: int = _WAITING_MAX) -> None:
        """Read what earlier pulls of the source ``name`` have written.

        Raises:
            KeptKeysError: it was written by another release.
        """
        self._folder = folder
        self._name = name
        self._waiting_max = waiting_max
        self._digests: set[bytes] = set()
        self.cursor = ""
        self._waiting: dict[bytes, str] = {}
        self._read()

    @classmethod
    @contextmanager
    def opened(cls, store: Path, name: str) -> Iterator[KeptKeys]:
        """The keys of a source, which no other pull changes meanwhile.

        Raises:
            UsageError: another pull of the same source into the same store is running.
            KeptKeysError: as the constructor.
        """
        folder = store / "pulls" / hashlib.sha256(name.encode()).hexdigest()[:32]
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for each in folder.glob(f"{TEMPORARY}*"):  # a pull was killed while it wrote
                each.unlink()
            yield cls(folder, name)
        except BlockingIOError as error:
            raise UsageError(
                f"another pull from {name} into {store} is running: wait until it ends"
            ) from error
        finally:
            os.close(descriptor)

    def has(self, digest: bytes) -> bool:
        """Whether the key is in the store, and settled."""
        return digest in self._digests

    def gives_up(self, digest: bytes, now: dt.datetime) -> bool:
        """Whether a key has waited for so long that it is not judged once more."""
        since = self._waiting.get(digest)
        if since is None:
            return len(self._waiting) >= self._waiting_max
        return now - dt.datetime.fromisoformat(since) > dt.timedelta(days=_RETRY_DAYS)

    def keep(
        self, settled: Iterable[bytes], waiting: Iterable[bytes], cursor: str, now: dt.datetime
    ) -> None:
        """Write down that the store has these keys, and all keys up to the cursor."""
        added = [each for each in dict.fromkeys(settled) if each not in self._digests]
        before = dict(self._waiting), self.cursor
        for each in added:
            self._waiting.pop(each, None)
        for each in waiting:
            self._waiting.setdefault(each, now.isoformat(timespec="seconds"))
        self.cursor = cursor or self.cursor
        if (self._waiting, self.cursor) != before:
            self._write_state()
        self._append(added)

    def finish(self, listed: set[bytes]) -> None:
        """Forget all but these keys: those that the source lists, and that are after the cursor."""
        self._digests &= listed
        lost = self._waiting.keys() - listed
        for each in lost:
            del self._waiting[each]
        if lost:
            self._write_state()
        whole = b"".join(sorted(self._digests))
        path = self._folder / _KEPT
        if not whole:
            path.unlink(missing_ok=True)
        elif whole != path.read_bytes():
            write_whole(path, whole, replace=True)

    def _append(self, added: list[bytes]) -> None:
        if not added:
            return
        with (self._folder / _KEPT).open("ab") as file:
            # A process that was killed may have written a part of one.
            file.truncate(len(self._digests) * _DIGEST_BYTES)
            file.write(b"".join(added))
            file.flush()
            os.fsync(file.fileno())
        self._digests.update(added)

    def _write_state(self) -> None:
        state = {
            "source": self._name,
            "cursor": self.cursor,
            "waiting": {each.hex(): since for each, since in sorted(self._waiting.items())},
        }
        raw = json.dumps(state, indent=1).encode("ascii") + b"\n"
        write_whole(self._folder / _STATE, raw, replace=True)

    def _read(self) -> None:
        """Read what earlier pulls have written.

        Raises:
            KeptKeysError: it is damaged; the text says what to delete, and that nothing is lost.
        """
        path = self._folder / _STATE
        try:
            state = read_fields(path.read_bytes(), _STATE_MAX_BYTES)
            self.cursor, waiting = state.text("cursor"), state.fields("waiting")
            for each in waiting:
                self._waiting[bytes.fromhex(each)] = waiting.time(each).isoformat()
        except FileNotFoundError:
            pass
        except (JsonError, ValueError) as error:
            raise KeptKeysError(
                f"{path} cannot be read: delete the folder {self._folder}; the next pull then "
                "fetches every key once more, and the store keeps each report once"
            ) from error
        kept = self._folder / _KEPT
        raw = kept.read_bytes() if kept.exists() else b""
        count = len(raw) // _DIGEST_BYTES
        self._digests = {
            raw[offset : offset + _DIGEST_BYTES]
            for offset in range(0, count * _DIGEST_BYTES, _DIGEST_BYTES)
        }
