"""The Pulumi engine as its command line: plans, imports and locks of one stack.

Nothing here imports Pulumi: the methods run the engine on PATH. Its JSON has many more keys, and
new releases add some; each method reads only the keys that it needs.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mtasts.errors import MtaStsError, UndeterminedError, UsageError
from mtasts.files import write_whole
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTHING: Mapping[str, str] = MappingProxyType({})
_SECONDS = 900
_SAID_MAX = 600
# The text of the file, S3, Azure and GCS backends for a lock (pulumi/pkg, backend/diy/lock.go).
_LOCK = re.compile(
    r"/(?P<id>[0-9a-f-]{36})\.json\S*: created by (?P<user>\S*)@(?P<host>\S+) "
    r"\(pid (?P<pid>\d+)\) at (?P<since>\S+)"
)
# The text of Pulumi Cloud.
_ANOTHER_UPDATE = re.compile(r"\[409\]|[Aa]nother update is currently in progress")


class EngineError(MtaStsError):
    """A command of the engine failed; the text is the engine's own."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The owner of a lock: a process on a host, and since when."""

    id: str
    user: str
    host: str
    pid: int
    since: dt.datetime


class LockedError(EngineError):
    """The stack is locked by another run, or by one that was killed and left its lock."""

    def __init__(self, locks: tuple[Lock, ...], text: str) -> None:
        """Keep the locks; empty if the backend does not name them."""
        self.locks = locks
        super().__init__(text)


class CheckpointError(EngineError):
    """The stack's state file is cut off: a run was killed while it wrote the file."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine on PATH and one stack of the project in the current folder.

    No call of it takes longer than ``seconds``.
    """

    binary: str
    stack: str
    seconds: float = _SECONDS

    @classmethod
    def find(cls, stack: str) -> Engine:
        """The engine for ``stack``; raises `UsageError` where there is none."""
        binary = shutil.which("pulumi")
        if binary is None:
            raise UsageError(
                "there is no pulumi on PATH: install the Pulumi CLI, or use a local cloud: "
                'eval "$(mtasts local env)"'
            )
        return cls(binary, stack)

    def plan(self, environment: Mapping[str, str] = _NOTHING) -> dict[str, Any]:
        """What a run would do, as the engine's JSON, held domains and errors included.

        ``environment`` is added to the environment of the program.
        """
        return self._plan(environment=environment)

    def plan_import(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """A plan without errors, and the engine's import file for what it would create.

        Raises:
            EngineError: the program has an error, or holds a domain; the text says which.
        """
        with tempfile.TemporaryDirectory(prefix="mtasts-") as folder:
            file = Path(folder) / "import.json"
            plan = self._plan("--import-file", str(file))
            errors = [
                str(each.get("message", "")).strip()
                for each in plan.get("diagnostics", ())
                if each.get("severity") == "error"
            ]
            if errors:
                raise EngineError(f"the engine's preview of {self.stack} failed: {errors[0]}")
            return plan, json.loads(file.read_bytes()) if file.exists() else {}

    def take_in(self, file: dict[str, Any]) -> None:
        """Take what ``file`` names into the stack's state; nothing in the account changes."""
        with tempfile.TemporaryDirectory(prefix="mtasts-") as folder:
            path = Path(folder) / "import.json"
            path.write_text(json.dumps(file))
            # By default the engine protects what it imports, and asks the provider for a schema
            # from which it writes code.
            options = ("--yes", "--skip-preview", "--generate-code=false", "--protect=false")
            self._required("import", "--file", str(path), *options)

    def ensure_stack(self, secrets_provider: str | None) -> None:
        """Make the stack in the backend, unless it is there.

        ``secrets_provider`` is the URL that the stack file names, if it names one. Without it, the
        engine would delete that URL and the encrypted key from the file.

        Raises:
            EngineError: the engine did not make it; the text has its own words.
        """
        # Without --no-select, later pulumi commands without -s would act on this stack.
        options = () if secrets_provider is None else ("--secrets-provider", secrets_provider)
        done = self._run("stack", "init", "--no-select", *options)
        output = done.stderr + done.stdout
        if done.returncode != 0 and "already exists" not in output:
            raise EngineError(
                f"pulumi stack init: {printable(' '.join(output.split()), _SAID_MAX)}"
            )

    def require_unlocked(self) -> None:
        """Raise `LockedError` while a run holds the stack, or has left its lock behind."""
        self.take_in({"resources": []})  # the least that asks for the lock

    def restore(self) -> Path | None:
        """Put the engine's own copy of the state in the place of a file that is cut off.

        Only a backend of files can have such a file; None where there is nothing to restore from.
        """
        url = json.loads(self._run("whoami", "--json", of_stack=False).stdout)["url"]
        if not str(url).startswith("file://"):
            return None
        folder = Path(str(url).removeprefix("file://")).expanduser() / ".pulumi" / "stacks"
        for file in (folder / f"{self.stack}.json", *folder.glob(f"*/{self.stack}.json")):
            # The engine keeps the state before the last write beside it.
            copy = file.with_name(f"{file.name}.bak")
            if not _is_json(file) and _is_json(copy):
                write_whole(file, copy.read_bytes(), replace=True)
                return file
        return None

    def release(self) -> None:
        """Remove every lock of the stack; the caller has checked that no owner is alive."""
        self._required("cancel", "--yes")

    def interrupted(self) -> tuple[tuple[str, str], ...]:
        """The operations that a run had begun when it ended: operation and name of the resource."""
        state = json.loads(self._required("stack", "export").stdout)
        pending = (state.get("deployment") or {}).get("pending_operations") or ()
        return tuple(
            (str(each["type"]), str(each["resource"]["urn"]).rpartition("::")[2])
            for each in pending
        )

    def settle_interrupted(self) -> None:
        """Refresh the state after interrupted operations; unfinished creations are dropped."""
        self._required("refresh", "--yes", "--skip-preview", "--clear-pending-creates")

    def _plan(self, *options: str, environment: Mapping[str, str] = _NOTHING) -> dict[str, Any]:
        """What the engine would do, as JSON.

        Raises:
            UsageError: the program or the config is wrong; the text is the engine's.
            UndeterminedError: it did not end in time, or printed something else.
        """
        done = self._run("preview", "--json", *options, environment=environment)
        try:
            plan = json.loads(done.stdout)
        except ValueError as error:
            output = done.stderr.strip() or done.stdout.strip()
            raise UsageError(f"pulumi preview: {printable(output, _SAID_MAX)}") from error
        if not isinstance(plan, dict):
            raise UndeterminedError("the engine's plan is no JSON object")
        return plan

    def _required(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command that has to succeed.

        Raises:
            CheckpointError: the state cannot be read.
            LockedError: another run holds the stack.
            EngineError: it failed otherwise; the text is the engine's.
            UndeterminedError: it did not end in time.
        """
        done = self._run(*words)
        if done.returncode == 0:
            return done
        output = done.stderr + done.stdout
        locks = tuple(map(_lock, _LOCK.finditer(output)))
        text = f"pulumi {words[0]}: {printable(' '.join(output.split()), _SAID_MAX)}"
        if "failed to load checkpoint" in output:
            raise CheckpointError(text)
        if locks or _ANOTHER_UPDATE.search(output):
            raise LockedError(locks, text)
        raise EngineError(text)

    def _run(
        self, *words: str, of_stack: bool = True, environment: Mapping[str, str] = _NOTHING
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, whatever comes of it.

        Raises:
            UndeterminedError: it did not end in time.
        """
        options = ["--non-interactive", "--color", "never"]
        options += ["--stack", self.stack] if of_stack else []
        try:
            return subprocess.run(  # noqa: S603 - the user's own engine, in their project
                [self.binary, *words, *options],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env={**os.environ, **environment},
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UndeterminedError(
                f"pulumi {words[0]} did not end within {self.seconds:g} s"
            ) from error


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def _lock(found: re.Match[str]) -> Lock:
    try:
        since = dt.datetime.fromisoformat(found["since"])
    except ValueError:
        since = dt.datetime.fromtimestamp(0, dt.UTC)
    return Lock(found["id"], found["user"], found["host"], int(found["pid"]), since)
