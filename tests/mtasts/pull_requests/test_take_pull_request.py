"""What is taken from a pull request: real git objects, made without a work tree.

Everything of a pull request is hostile: names, kinds, sizes, counts and contents.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from mtasts.localcloud.warm import words
from mtasts.localcloud.warm_parent import settings_of_python

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPT = ("-m", "mtasts.pull_requests", "take")
HEAD = "<!-- mtasts preview {} -->"
NEW = """\
config:
  aws:region: us-east-1
  mtasts:agency: A
  mtasts:tlsReports: [mailto:a@example.gov]
  mtasts:domains:
    - name: example.gov
      mx: [mx1.example.gov]
"""
OLD = NEW.replace("A\n", "Another\n", 1)
REGULAR, EXECUTABLE, LINK, MODULE = "100644", "100755", "120000", "160000"
A, B = "stacks/Pulumi.a.yaml", "stacks/Pulumi.b.yaml"
Files: TypeAlias = dict[str | bytes, tuple[str, str | bytes]]
README: Files = {"README.md": (REGULAR, "x")}


def files(**contents: str) -> Files:
    """Stack files by their stacks' names."""
    return {f"stacks/Pulumi.{name}.yaml": (REGULAR, text) for name, text in contents.items()}


class Forge:
    """A remote, and a clone of it whose HEAD is the base branch."""

    def __init__(self, folder: Path, warmth: Mapping[str, str]) -> None:
        self.remote, self.clone = folder / "remote.git", folder / "clone"
        self.warmth = warmth
        self.git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", self.remote)
        self.git(self.remote, "config", "uploadpack.allowAnySHA1InWant", "true")
        self.base, self.first = "", ""
        self.blobs: dict[bytes, str] = {}

    def git(self, where: Path, *words: str | Path, given: bytes = b"") -> str:
        who = {f"GIT_{role}_{what}": "e@example.gov" for role in ("AUTHOR", "COMMITTER")
               for what in ("NAME", "EMAIL")}  # fmt: skip
        done = subprocess.run(
            ["git", *words],
            cwd=where,
            env={"PATH": os.environ["PATH"], "HOME": str(where)} | who,
            input=given,
            check=True,
            capture_output=True,
        )
        return done.stdout.decode().strip()

    def tree(self, contents: dict[bytes, tuple[str, bytes]]) -> str:
        """The id of a tree; names may be such as no work tree could hold."""
        rows = b""
        below: dict[bytes, dict[bytes, tuple[str, bytes]]] = {}
        for path, (mode, raw) in contents.items():
            name, slash, rest = path.partition(b"/")
            if slash:
                below.setdefault(name, {})[rest] = (mode, raw)
            elif mode == MODULE:
                rows += b"160000 commit %s\t%s\0" % (b"1" * 40, name)
            else:
                rows += f"{mode} blob {self.blob(raw)}\t".encode() + name + b"\0"
        for name, inside in below.items():
            rows += f"040000 tree {self.tree(inside)}\t".encode() + name + b"\0"
        return self.git(self.remote, "mktree", "-z", "--missing", given=rows)

    def blob(self, raw: bytes) -> str:
        if raw not in self.blobs:
            self.blobs[raw] = self.git(self.remote, "hash-object", "-w", "--stdin", given=raw)
        return self.blobs[raw]

    def commit(self, contents: Files, *parents: str) -> str:
        raw = {
            path if isinstance(path, bytes) else path.encode(): (
                mode,
                text if isinstance(text, bytes) else text.encode(),
            )
            for path, (mode, text) in contents.items()
        }
        words = [word for each in parents for word in ("-p", each)]
        return self.git(self.remote, "commit-tree", self.tree(raw), *words, "-m", "m")

    def main(self, contents: Files) -> None:
        self.first = self.commit({"README.md": (REGULAR, "x")})
        self.base = self.commit(README | contents, self.first)
        self.git(self.remote, "update-ref", "refs/heads/main", self.base)
        self.git(self.remote.parent, "clone", "--quiet", self.remote, self.clone)

    def take(self, contents: Files, *parents: str) -> Taken:
        head = self.commit(README | contents, *(parents or (self.base,)))
        return self.take_commit(head)

    def take_commit(self, head: str) -> Taken:
        done = subprocess.run(
            words([*SCRIPT, head, "taken"], self.warmth),
            cwd=self.clone,
            env={
                **self.warmth,
                **settings_of_python(os.environ),
                "PATH": os.environ["PATH"],
                "GITHUB_OUTPUT": str(self.clone / "output"),
                "GITHUB_STEP_SUMMARY": str(self.clone / "summary"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        assert done.returncode == 0
        return Taken(self.clone, done.stdout)


class Taken:
    """What the tool wrote."""

    def __init__(self, clone: Path, said: str) -> None:
        self.said = said
        rows = (clone / "output").read_text().splitlines()
        (self.names, self.refused) = (json.loads(row.partition("=")[2]) for row in rows)
        self.folder = clone / "taken"
        self.summary = (clone / "summary").read_text()

    @property
    def proposal(self) -> dict[str, bytes]:
        root = self.folder / "proposal"
        found = [path for path in sorted(root.rglob("*")) if not path.is_dir()]
        assert not any(path.is_symlink() or path.stat().st_mode & 0o111 for path in found)
        return {str(path.relative_to(root)): path.read_bytes() for path in found}

    def remark(self, name: str) -> str:
        return (self.folder / "remarks" / name).read_text("ascii")

    @property
    def remarks(self) -> list[str]:
        root = self.folder / "remarks"
        return sorted(str(path.relative_to(root)) for path in root.rglob("*.md"))


@pytest.fixture(scope="module")
def shared(warmth: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Forge:
    """The forge of all tests: they only add commits, which no ref leads to."""
    made = Forge(tmp_path_factory.mktemp("forge"), warmth)
    made.main(files(a=OLD, b=OLD))
    return made


@pytest.fixture
def forge(shared: Forge, tmp_path: Path) -> Forge:
    """The shared forge with a clone of the test's own."""
    mine = copy(shared)
    mine.clone = shutil.copytree(shared.clone, tmp_path / "clone", symlinks=True)
    return mine


def test_only_the_stacks_that_differ_are_taken(forge: Forge) -> None:
    taken = forge.take(files(a=NEW, b=OLD))
    assert taken.names == ["a"]
    assert taken.refused is False
    assert taken.proposal == {A: NEW.encode()}
    assert taken.remarks == ["previewed/a.md", "pull-request.md"]
    assert taken.remark("previewed/a.md").startswith(f"{HEAD.format('a')}\n_Commit ")
    assert taken.remark("pull-request.md") == "<!-- mtasts pull request -->\n"
    assert HEAD.format("a") in taken.summary


def test_what_the_base_branch_has_got_since_is_merged(forge: Forge) -> None:
    old = forge.commit(README | files(a=OLD))
    later = forge.commit(README | files(a=OLD, b=OLD), old)
    forge.git(forge.clone, "fetch", "--quiet", "origin", later)
    forge.git(forge.clone, "checkout", "--quiet", "--detach", later)
    taken = forge.take(files(a=NEW), old)
    assert taken.names == ["a"]
    assert taken.remarks == ["previewed/a.md", "pull-request.md"]


def test_a_mode_that_could_run_is_dropped(forge: Forge) -> None:
    taken = forge.take(files(b=OLD) | {A: (EXECUTABLE, NEW)})
    assert taken.proposal == {A: NEW.encode()}


def test_a_new_stack_comes_with_its_salt(forge: Forge) -> None:
    taken = forge.take(files(a=OLD, b=OLD, c=f"encryptionsalt: v1:x\n{NEW}"))
    assert taken.names == ["c"]


INBOX = """\
config:
  aws:region: us-east-1
  mtasts:inbox:
    address: tlsrpt@reports.example.gov
"""


def test_the_stack_of_an_inbox_is_taken_like_one_of_an_agency(forge: Forge) -> None:
    taken = forge.take(files(a=INBOX, b=OLD, inbox=INBOX))
    assert (taken.names, taken.refused) == (["inbox"], True)
    assert taken.remarks == ["previewed/inbox.md", "pull-request.md", "refused/a.md"]
    assert "a stack keeps its kind" in taken.remark("refused/a.md")


def test_a_removed_stack_is_told_and_fails_nothing(forge: Forge) -> None:
    taken = forge.take(files(b=OLD))
    assert taken.names == []
    assert taken.refused is False
    assert "The resources of the stack stay in the cloud" in taken.remark("refused/a.md")


def test_one_stack_that_is_refused_holds_up_no_other(forge: Forge) -> None:
    theirs = NEW.replace("  mtasts:agency", "  aws:profile: theirs\n  mtasts:agency")
    taken = forge.take(files(a=theirs, b=NEW))
    assert taken.names == ["b"]
    assert taken.refused is True
    assert list(taken.proposal) == [B]
    assert "aws:profile differs" in taken.remark("refused/a.md")
    assert "into a pull request of its own" in taken.remark("refused/a.md")
    assert "refused: a: " in taken.said


def test_other_changes_are_told_and_not_taken(forge: Forge) -> None:
    program: Files = {
        "__main__.py": (REGULAR, "import evil"),
        "Makefile": (REGULAR, "$(shell evil)"),
        "Pulumi.yaml": (REGULAR, "runtime: evil"),
        ".gitattributes": (REGULAR, "* filter=evil"),
        ".github/workflows/stacks.yml": (REGULAR, "on: push"),
        "tools/evil.py": (REGULAR, "import evil"),
        b"tools/\xff\n@mallory.py": (REGULAR, ""),
    }
    taken = forge.take(program | files(a=NEW, b=OLD))
    assert taken.proposal == {A: NEW.encode()}
    remark = taken.remark("previewed/a.md")
    assert "this preview does not use them" in remark
    assert "tools/&#92;xff&#92;x0a&#64;<!-- -->mallory.py" in remark


def test_a_long_list_of_other_changes_is_cut(forge: Forge) -> None:
    many: Files = {f"docs/{number:03}.md": (REGULAR, "x") for number in range(30)}
    remark = forge.take(many | files(a=NEW, b=OLD)).remark("previewed/a.md")
    assert "docs/009.md and 20 more" in remark


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({A: (LINK, "/etc/passwd")}, "Pulumi.a.yaml is a symbolic link"),
        ({"stacks/other": (LINK, "..")}, "stacks/other is a symbolic link"),
        ({"evidence/a": (LINK, "/etc")}, "evidence/a is a symbolic link"),
        ({"evidence": (LINK, "/etc")}, "evidence is a symbolic link"),
        ({"stacks/sub": (MODULE, "")}, "stacks/sub is a submodule"),
        ({A: (REGULAR, b"#" * (2 * 1024 * 1024 + 1))}, "2097153 bytes long"),
        ({A: (REGULAR, b"\0" * (100 * 1024 * 1024))}, "104857600 bytes long"),
        ({"evidence/a/x.example.json": (REGULAR, b" " * (1024 * 1024 + 1))}, "1048577 bytes"),
        ({"stacks/Pulumi.A.yaml": (REGULAR, NEW)}, "differs from stacks/Pulumi.A.yaml in case"),
        ({"Stacks/Pulumi.c.yaml": (REGULAR, NEW)}, "write stacks in lower case"),
        ({f"stacks/{n}": (REGULAR, "x") for n in range(10_000)}, "it changes 10002 files"),
        (files(**{f"s{n}": OLD for n in range(257)}), "it changes 259 stacks"),
        ({f"stacks/l{n:02}": (LINK, "x") for n in range(30)}, "and 10 more"),
    ],
)  # fmt: skip
def test_nothing_is_taken_from_a_tree_that_means_harm(forge: Forge, more: Files, says: str) -> None:
    contents = files(a=NEW, b=NEW) | more
    taken = forge.take(contents)
    assert taken.names == []
    assert taken.refused is True
    assert taken.proposal == {}
    assert "**Nothing is previewed: " in taken.remark("pull-request.md")
    assert says in taken.said


@pytest.mark.parametrize(
    "name",
    [
        b"stacks/README.md",
        b"stacks/Pulumi.yaml",
        b"stacks/Pulumi.c.yml",
        b"stacks/Pulumi.-c.yaml",
        b"stacks/Pulumi..yaml",
        b"stacks/Pulumi.c.yaml\n",
        b"stacks/Pulumi.c\n.yaml",
        b"stacks/Pulumi.c .yaml",
        b"stacks/Pulumi.$(c).yaml",
        b"stacks/Pulumi.\xff.yaml",
        b"stacks/Pulumi.\xd1\x81.yaml",
        b"stacks/Pulumi." + b"c" * 101 + b".yaml",
        b"stacks/c/Pulumi.c.yaml",
        b"stacks/##[set-output name=names]",
        b"evidence/x.example.json",
        b"evidence/a/x.json",
        b"evidence/a/X.example.json",
        b"evidence/a/b/x.example.json",
        b"evidence/a/x..example.json",
        b"evidence/a/.x.example.json",
        b"evidence/a/x.example.json\x1b[31m",
        b"evidence/a/" + b"x." * 300 + b"example.json",
    ],
)
def test_files_of_other_names_are_left_out_and_named(forge: Forge, name: bytes) -> None:
    taken = forge.take(files(a=NEW, b=OLD) | {name: (REGULAR, NEW)})
    assert taken.proposal == {A: NEW.encode()}
    assert "1 changed files below stacks/ and evidence/ are neither" in taken.said
    assert len(taken.said.splitlines()) == 2
    assert taken.said.isascii()
    assert "\x1b" not in taken.said


@pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT"])
def test_names_that_leave_the_folder_are_refused_by_git_or_left_out(
    forge: Forge, name: str
) -> None:
    taken = forge.take(files(a=OLD, b=OLD) | {f"stacks/{name}/Pulumi.c.yaml": (REGULAR, NEW)})
    assert taken.names == []
    assert taken.proposal == {}


EVIDENCE = '{"version": 1, "domain": "x.example", "collected": "2026-11-01T00:00:00Z"}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[profile x]\ncredential_process = evil\n", "Invalid JSON"),
        ("[" * 500_000, "Invalid JSON"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "Invalid JSON"),
        ("9" * 1_000_000, "evidence/a/x.example.json: "),
        ('{"version": 1, "\\u001b[31m": 1}', "evidence/a/x.example.json: "),
    ],
    ids=["credential-process", "deep-list", "deep-mapping", "long-number", "control"],
)
def test_what_is_no_evidence_lies_beside_no_run(forge: Forge, text: str, says: str) -> None:
    raw: Files = {"evidence/a/x.example.json": (REGULAR, text)}
    taken = forge.take(raw | files(a=NEW, b=NEW))
    assert taken.names == ["b"]
    assert list(taken.proposal) == [B]
    assert says in taken.said
    assert "\x1b" not in taken.said


def test_evidence_of_no_stack_is_told(forge: Forge) -> None:
    taken = forge.take(files(a=OLD, b=OLD) | {"evidence/c/x.example.json": (REGULAR, "{}")})
    assert taken.names == []
    assert taken.refused is False
    assert "evidence/c/ is about a stack that has no file" in taken.remark("pull-request.md")


def test_a_conflict_is_told(forge: Forge) -> None:
    taken = forge.take(files(a=NEW, b=OLD), forge.first)
    assert "it conflicts with the base branch" in taken.remark("pull-request.md")
    assert taken.refused is True


def test_what_shares_no_history_is_told(forge: Forge) -> None:
    alone = forge.commit(files(a=NEW))
    assert "git cannot merge it" in forge.take_commit(alone).remark("pull-request.md")


@pytest.mark.parametrize(
    ("head", "says"),
    [("main", "main is no commit id"), ("--upload-pack=x", "is no commit id"),
     ("1" * 40, "git fetch: ")],
)  # fmt: skip
def test_what_is_no_commit_of_the_repository_is_told(forge: Forge, head: str, says: str) -> None:
    assert says in forge.take_commit(head).said


def test_a_folder_that_is_there_is_not_written_to(forge: Forge) -> None:
    (forge.clone / "taken").mkdir()
    done = subprocess.run(
        [sys.executable, *SCRIPT, "1" * 40, "taken"],
        cwd=forge.clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "File exists" in done.stderr


def test_the_token_is_on_no_command_line(forge: Forge, tmp_path: Path) -> None:
    """A private repository is fetched from with a header that only git's environment has."""
    (tmp_path / "bin").mkdir()
    spy = tmp_path / "bin" / "git"
    spy.write_text('#!/bin/sh\necho "$@" >> "$0.words"\nenv >> "$0.env"\nexit 1\n')
    spy.chmod(0o755)
    subprocess.run(
        [sys.executable, *SCRIPT, "1" * 40, "taken"],
        cwd=forge.clone,
        env={"PATH": f"{spy.parent}:{os.environ['PATH']}", "GH_TOKEN": "the-token", "SECRET": "s"},
        check=True,
        capture_output=True,
    )
    words, variables = (Path(f"{spy}.{kind}").read_text() for kind in ("words", "env"))
    assert "fetch" in words
    assert "eC1hY2Nlc3MtdG9rZW46dGhlLXRva2Vu" not in words
    assert "http.https://github.com/.extraheader" in variables
    assert "eC1hY2Nlc3MtdG9rZW46dGhlLXRva2Vu" in variables
    assert "SECRET" not in variables
