"""Take stacks and evidence out of a pull request as data, and judge what may be previewed.

``python -m mtasts.pull_requests take COMMIT FOLDER``, in a clone whose HEAD is the base branch.
Into FOLDER go ``proposal/`` (the files of each stack that may be previewed with credentials) and
``remarks/`` (Markdown for the comments). ``names`` and ``refused`` are written to $GITHUB_OUTPUT.
Nothing of the pull request is run, and none of its text is printed but in printable characters.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.config.proposed import Judgement, judge_file
from mtasts.findings import printable
from mtasts.promotion.evidence import EvidenceError, read_evidence
from mtasts.pull_requests.tree import Repository, TakeError, domain_of, stack_file, take
from mtasts.templating import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.pull_requests.tree import Entry, TakenFiles

_SHOWN_MAX = 10


@dataclass(slots=True)
class Outcome:
    """What was judged: files to preview by path, judgements by stack, words about the whole."""

    files: dict[str, bytes] = field(default_factory=dict)
    stacks: dict[str, Judgement] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    outside_files: list[str] = field(default_factory=list)

    @property
    def previewed(self) -> list[str]:
        """The stacks that are previewed with credentials."""
        return sorted(name for name, each in self.stacks.items() if not each.refusals)

    @property
    def is_refused(self) -> bool:
        """Whether something may not be previewed as it is."""
        return bool(self.problems) or any(each.refusals for each in self.stacks.values())


def judge(repository: Repository, commit: str, token: str) -> Outcome:
    """Everything about the pull request whose head is ``commit``."""
    outcome = Outcome()
    try:
        repository.fetch(commit, token)
        tree = repository.merge(commit)
        before, after = repository.tree("HEAD"), repository.tree(tree)
        outcome.outside_files = repository.outside_files(tree)
        taken = take(before, after, outcome.outside_files)
        outcome.problems = taken.problems
        if taken.left_out:
            shown = ", ".join(taken.left_out[:_SHOWN_MAX])
            outcome.notices.append(
                f"{len(taken.left_out)} changed files below stacks/ and evidence/ are neither a "
                f"stack's config nor evidence, and are not read: {shown}"
            )
        if not taken.problems:
            _judge_stacks(repository, before, taken, outcome)
    except TakeError as error:
        outcome.problems.append(str(error))
    return outcome


def _judge_stacks(
    repository: Repository, before: dict[str, Entry], taken: TakenFiles, outcome: Outcome
) -> None:
    blob_ids = {entry.id for files in taken.files.values() for entry in files.values()}
    known = {name: before.get(stack_file(name)) for name in taken.changed}
    blob_ids |= {entry.id for entry in known.values() if entry is not None}
    blobs = repository.blobs(sorted(blob_ids))
    for name in sorted(taken.changed):
        files = taken.files.get(name, {})
        old, new = known[name], files.get(stack_file(name))
        if new is None and old is not None:
            outcome.removed.add(name)
        elif new is None:
            outcome.notices.append(f"evidence/{name}/ is about a stack that has no file")
        else:
            base = None if old is None else blobs[old.id]
            found = judge_file(base, blobs[new.id], file=stack_file(name))
            unusable = [
                problem
                for path, entry in files.items()
                if before.get(path) != entry and (problem := _evidence(path, blobs[entry.id]))
            ]
            outcome.stacks[name] = Judgement((*found.refusals, *unusable), found.notices)
            if not outcome.stacks[name].refusals:
                outcome.files |= {path: blobs[entry.id] for path, entry in files.items()}


def _evidence(path: str, raw: bytes) -> str | None:
    """Why a file of evidence cannot be used, so that none but evidence lies beside a run."""
    domain = domain_of(path)
    if domain is None:
        return None
    try:
        read_evidence(raw, domain)
    except EvidenceError as error:
        return f"{path}: {printable(str(error), 500)}"
    return None


def write(outcome: Outcome, commit: str, folder: Path) -> None:
    """Lay out files and remarks; ``folder`` is new."""
    for path, raw in outcome.files.items():
        target = folder / "proposal" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)
        target.chmod(0o644)
    for path, text in _remarks(outcome, commit[:12]):
        target = folder / "remarks" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "ascii")


def _remarks(outcome: Outcome, commit: str) -> Iterator[tuple[str, str]]:
    """Each comment's path and text: about the whole, which is mostly nothing, and a stack each."""
    rulings = {"problems": outcome.problems, "notices": outcome.notices}
    yield "pull-request.md", render("pull_request/whole.md", **rulings)
    outside_files = [printable(path) for path in outcome.outside_files[:_SHOWN_MAX]]
    for name, found in outcome.stacks.items():
        kind = "refused" if found.refusals else "previewed"
        text = render(
            "pull_request/stack.md",
            stack=name,
            commit=commit,
            refusals=found.refusals,
            notices=found.notices,
            elsewhere=outside_files,
            more=len(outcome.outside_files) - len(outside_files),
        )
        yield f"{kind}/{name}.md", text
    for name in outcome.removed:
        yield f"refused/{name}.md", render("pull_request/removed.md", stack=name, commit=commit)


def main(words: list[str]) -> int:
    """Exit code 0 wherever the judgement was written, whatever it is."""
    if len(words) != 2:
        sys.stderr.write(__doc__ or "")
        return 2
    commit, folder = words[0], Path(words[1])
    try:
        folder.mkdir()
        outcome = judge(Repository(Path()), commit, os.environ.get("GH_TOKEN", ""))
        write(outcome, commit, folder)
        if output := os.environ.get("GITHUB_OUTPUT"):
            with Path(output).open("a") as file:
                file.write(f"names={json.dumps(outcome.previewed)}\n")
                file.write(f"refused={json.dumps(outcome.is_refused)}\n")
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            remarks = sorted((folder / "remarks").rglob("*.md"))
            with Path(summary).open("a") as file:
                file.writelines(f"{path.read_text()}\n" for path in remarks)
    except OSError as error:
        sys.stderr.write(f"mtasts.pull_requests take: {printable(str(error), 500)}\n")
        return 1
    sys.stdout.write(f"to preview: {', '.join(outcome.previewed) or 'nothing'}\n")
    for name, found in outcome.stacks.items():
        for each in found.refusals:
            sys.stdout.write(f"refused: {name}: {each}\n")
    for each in (*outcome.problems, *outcome.notices):
        sys.stdout.write(f"told: {each}\n")
    return 0
