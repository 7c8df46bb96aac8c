"""``stacks/`` and ``evidence/`` as a pull request would leave them, read from git as data.

No file of the pull request is checked out: a checkout would follow attributes, symbolic links and
names that its author chose. git merges the two commits in its object store; from that merge, trees
are listed and blobs are read, both within bounds.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.config.source import SIZE_LIMIT
from mtasts.findings import printable
from mtasts.promotion.evidence import EVIDENCE_MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("stacks", "evidence")
# A matrix of a workflow has at most 256 jobs, and a comment is posted for each stack.
STACKS_MAX = 256
# The author of a pull request chooses the number and the size of its files. Without bounds one pull
# request could fill the memory of the runner.
FILES_MAX = 2000
BYTES_MAX = 64 * 1024 * 1024
_LISTING_MAX = 32 * 1024 * 1024
_PROBLEMS_MAX = 20
_SECONDS = 300
_COMMIT = re.compile(r"[0-9a-f]{40}")
_STACK = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
_STACK_FILE = re.compile(rf"stacks/Pulumi\.(?P<stack>{_STACK})\.yaml")
_EVIDENCE = re.compile(
    rf"evidence/(?P<stack>{_STACK})/(?P<domain>[a-z0-9_][a-z0-9_-]*(?:\.[a-z0-9_][a-z0-9_-]*)+)\.json"
)
_NAME_MAX = 400
_KINDS = {"120000": "a symbolic link", "160000": "a submodule"}
_REGULAR = frozenset({"100644", "100755"})


class TakeError(Exception):
    """Nothing can be taken from the pull request; the text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree as git lists it; ``size`` is of a blob, in bytes."""

    mode: str
    id: str
    size: int


@dataclass(slots=True)
class TakenFiles:
    """Files by stack that can be read, those left out, and what nothing may be taken for."""

    files: dict[str, dict[str, Entry]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Repository:
    """A clone whose HEAD is the base branch."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of the clone."""
        self.folder = folder

    def fetch(self, commit: str, token: str) -> None:
        """Get the objects of a commit, and nothing else; raises `TakeError` where git does not."""
        if not _COMMIT.fullmatch(commit):
            raise TakeError(f"{printable(commit)} is no commit id of 40 hex digits")
        options = ("--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        self._git("fetch", "--quiet", *options, "origin", commit, token=token)

    def merge(self, commit: str) -> str:
        """The tree that merging the commit into HEAD makes; raises `TakeError` on a conflict."""
        code, out, errors = self._run("merge-tree", "--write-tree", "--no-messages", "HEAD", commit)
        # git-merge-tree(1): exit code 1 is a conflict, any other one an error.
        if code == 1:
            raise TakeError("it conflicts with the base branch: merge or rebase, and push again")
        if code != 0:
            raise TakeError(f"git cannot merge it: {errors}")
        return out.decode().strip()

    def tree(self, tree: str) -> dict[str, Entry]:
        """Every file below `FOLDERS`, or a file with the name of such a folder."""
        # -z: otherwise git quotes unusual names, and a name may have a line end in it.
        rows = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", tree, "--", *FOLDERS)
        found = {}
        for row in rows.split(b"\0")[:-1]:
            facts, _, path = row.partition(b"\t")
            mode, _, id_, size = facts.decode().split()
            # Only a blob has a size; for a submodule git prints a hyphen.
            found[_name(path)] = Entry(mode, id_, int(size) if size != "-" else 0)
        return found

    def outside_files(self, tree: str) -> list[str]:
        """The files that differ from HEAD outside of `FOLDERS`."""
        options = ("-r", "-z", "--no-renames", "--name-only")
        rows = self._git("diff-tree", *options, "HEAD", tree).split(b"\0")[:-1]
        paths = map(_name, rows)
        return [path for path in paths if path.partition("/")[0] not in FOLDERS]

    def blobs(self, ids: list[str]) -> dict[str, bytes]:
        """The content of blobs; the caller has checked the sum of their sizes."""
        names = "".join(f"{each}\n" for each in ids).encode()
        answer = self._git("cat-file", "--batch", given=names, limit=2 * BYTES_MAX)
        found, offset = {}, 0
        for id_ in ids:
            head, _, _ = answer[offset : offset + 128].partition(b"\n")
            start = offset + len(head) + 1
            length = int(head.split()[2])
            found[id_] = answer[start : start + length]
            offset = start + length + 1
        return found

    def _git(
        self, *words: str, token: str = "", given: bytes = b"", limit: int = _LISTING_MAX
    ) -> bytes:
        """What git answers; ``limit`` bytes at most.

        Raises:
            TakeError: git refused, or answers with more.
        """
        code, out, errors = self._run(*words, token=token, given=given, limit=limit)
        if len(out) > limit:
            raise TakeError(f"git {words[0]} answers with more than {limit >> 20} MiB")
        if code != 0:
            raise TakeError(f"git {words[0]}: {errors}")
        return out

    def _run(
        self, *words: str, token: str = "", given: bytes = b"", limit: int = _LISTING_MAX
    ) -> tuple[int, bytes, str]:
        """Exit code, at most ``limit`` and one byte of the answer, and what was said."""
        # Files in place of pipes: git would block on a full pipe that nobody reads at that moment.
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as errors:
            stdin.write(given)
            stdin.seek(0)
            with subprocess.Popen(  # noqa: S603 - git, with words of ours
                ["git", *words],  # noqa: S607 - the runner's own
                cwd=self.folder,
                env=_environment(token),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
            ) as running:
                # The read below has no time limit of its own.
                ending = threading.Timer(_SECONDS, running.kill)
                ending.start()
                out = running.stdout.read(limit + 1) if running.stdout else b""
                if len(out) > limit:
                    running.kill()
                code = running.wait()
                ending.cancel()
            errors.seek(0)
            return code, out, printable(errors.read(_NAME_MAX + 1).strip(), _NAME_MAX)


def _environment(token: str) -> dict[str, str]:
    """What git needs, and a header for a private repository that no command line shows."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    settings = {
        # Off by default. It refuses trees with names such as .git or "..".
        "fetch.fsckObjects": "true",
        # No hook of the clone may run here, and no URL may name a command (ext::).
        "core.hooksPath": os.devnull,
        "protocol.ext.allow": "never",
    }
    if token:
        server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        settings[f"http.{server}/.extraheader"] = f"AUTHORIZATION: basic {basic}"
    for number, (key, value) in enumerate(settings.items()):
        kept |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return kept | {
        "GIT_CONFIG_COUNT": str(len(settings)),
        # Settings of the machine or the user could add filters, hooks or another transport.
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _name(raw: bytes) -> str:
    """A path; bytes that are no UTF-8 become what no pattern matches."""
    return raw.decode("utf-8", "surrogateescape")


def stack_of(path: str) -> str | None:
    """The stack that a path belongs to, None where it is neither stack file nor evidence."""
    if len(path) > _NAME_MAX:
        return None
    found = _STACK_FILE.fullmatch(path) or _EVIDENCE.fullmatch(path)
    return found["stack"] if found else None


def domain_of(path: str) -> str | None:
    """The domain that a file of evidence is about, None for a stack file."""
    found = _EVIDENCE.fullmatch(path)
    return found["domain"] if found else None


def stack_file(stack: str) -> str:
    """Where the config of a stack lies in the repository."""
    return f"stacks/Pulumi.{stack}.yaml"


def take(before: dict[str, Entry], after: dict[str, Entry], outside_files: list[str]) -> TakenFiles:
    """What of the merged tree is read: the files of each stack that differs from the base branch's.

    A problem is about the pull request as a whole: none of its files is to be trusted then.
    """
    taken = TakenFiles()
    differing = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    for path in differing:
        entry, stack = after.get(path), stack_of(path)
        if entry is not None and (problem := _problem(path, entry)):
            taken.problems.append(f"{printable(path)} is {problem}")
        elif stack is not None:
            taken.changed.add(stack)
        elif entry is not None:
            taken.left_out.append(printable(path))
    for path, entry in sorted(after.items()):
        stack = stack_of(path)
        if stack in taken.changed and _problem(path, entry) is None:
            taken.files.setdefault(str(stack), {})[path] = entry
    taken.problems += _collisions(taken, after)
    taken.problems += [
        f"{printable(path)}: write {path.partition('/')[0].casefold()} in lower case"
        for path in outside_files
        if path.partition("/")[0].casefold() in FOLDERS
    ]
    taken.problems += _excess(taken)
    left_out = len(taken.problems) - _PROBLEMS_MAX
    if left_out > 0:
        taken.problems[_PROBLEMS_MAX:] = [f"and {left_out} more"]
    return taken


def _problem(path: str, entry: Entry) -> str | None:
    """Why a file is never read, whatever it is called."""
    if entry.mode not in _REGULAR:
        return f"{_KINDS.get(entry.mode, 'no regular file')}; only regular files are read"
    limit = EVIDENCE_MAX_BYTES if path.startswith("evidence/") else SIZE_LIMIT
    if entry.size > limit:
        return f"{entry.size} bytes long; {limit} are the limit"
    return None


def _collisions(taken: TakenFiles, after: dict[str, Entry]) -> list[str]:
    """Names that are one where case does not count: a colleague's checkout would lose one."""
    first: dict[str, str] = {}
    found = []
    for path in sorted(path for path in after if stack_of(path)):
        other = first.setdefault(path.casefold(), path)
        if other != path and taken.changed & {stack_of(other), stack_of(path)}:
            found.append(f"{path} differs from {other} in case alone")
    return found


def _excess(taken: TakenFiles) -> list[str]:
    files = [entry for each in taken.files.values() for entry in each.values()]
    counts = (
        (len(taken.changed), STACKS_MAX, "stacks"),
        (len(files) + len(taken.left_out), FILES_MAX, "files"),
        (sum(entry.size for entry in files), BYTES_MAX, "bytes"),
    )
    return [
        f"it changes {count} {what}, more than the {most} of one pull request: split it"
        for count, most, what in counts
        if count > most
    ]
