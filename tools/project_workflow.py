"""Write the workflow *Stacks* for new projects, from the one of this repository.

``python tools/project_workflow.py`` writes ``templates/project/stacks.yml``; a test compares it.
The two workflows differ only in how they install mtasts.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ROOT / ".github" / "workflows" / "stacks.yml"
THEIRS = ROOT / "templates" / "project" / "stacks.yml"
_INSTALL = """\
      - name: Install the pinned packages
        run: |
          python -m venv .venv
          .venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
          .venv/bin/python -m pip install --quiet --no-deps -r requirements.txt
"""
_ALONE = """\
      - name: Install the package alone
        run: python3 -m pip install --quiet --no-deps --target package -r requirements.txt
      - name: Comment
"""
_NUMBER = "          NUMBER: ${{ github.event.pull_request.number }}\n"
# Each text of our workflow, its replacement, and how often the text must occur.
CHANGES = (
    ("      - run: make setup\n", _INSTALL, 3),
    ("mtasts local plugins", "mtasts local plugins --sums downloads.sums", 2),
    ("      - name: Comment\n", _ALONE, 1),
    (_NUMBER, f"{_NUMBER}          PYTHONPATH: package\n", 1),
    ("the program, the Makefile and the tools are", "the program and the requirements are", 1),
    (" (mtasts/pull_requests/)", "", 1),
)
_PAGE = re.compile(r"\bdocs/((?:[a-z]+/)*[0-9a-z-]+)(?:\.md)?\b")


def workflow() -> str:
    """The whole workflow as YAML.

    Raises:
        ValueError: our workflow does not have a text of `CHANGES` as often as it should.
    """
    text = OURS.read_text("utf-8")
    for old, new, times in CHANGES:
        if text.count(old) != times:
            raise ValueError(f"{OURS.name} has {old!r} {text.count(old)} times, not {times}")
        text = text.replace(old, new)
    return _PAGE.sub(r"mtasts docs \1", text)


if __name__ == "__main__":
    THEIRS.write_text(workflow(), "utf-8")
