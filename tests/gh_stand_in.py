"""A ``gh`` for PATH that keeps the comments of a pull request in a file."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# One page for each comment, so that paging is tried too.
GH = """#!{python}
import json, os, sys
store = {store!r}
comments = json.load(open(store))
words = sys.argv[1:]
assert words.pop(0) == "api"
method = words[words.index("--method") + 1] if "--method" in words else "GET"
path = words[-1]
if path == "user":
    if os.environ.get("GH_BROKEN_USER"):
        sys.exit("gh: Resource not accessible by integration (HTTP 403)")
    print(json.dumps({{"login": "agency-bot"}}))
elif method == "GET":
    if os.environ.get("GH_DOWN"):
        sys.exit("gh: HTTP 503")
    print(json.dumps([[comment] for comment in comments]))
else:
    body = json.load(sys.stdin)["body"]
    if method == "PATCH":
        (found,) = [each for each in comments if str(each["id"]) == path.rpartition("/")[2]]
        found["body"] = body
    else:
        login = "github-actions[bot]" if os.environ.get("GH_BROKEN_USER") else "agency-bot"
        comments.append({{"id": len(comments) + 1, "user": {{"login": login}}, "body": body}})
    json.dump(comments, open(store, "w"))
    print("{{}}")
"""


class StandIn:
    """The program in a folder, and the comments that it keeps there."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "comments.json"
        script = folder / "gh"
        script.write_text(GH.format(python=sys.executable, store=str(self.store)))
        script.chmod(0o755)
        self.keep()

    def keep(self, *comments: tuple[str, str]) -> None:
        rows = [
            {"id": number, "user": {"login": login}, "body": body}
            for number, (login, body) in enumerate(comments, start=1)
        ]
        self.store.write_text(json.dumps(rows))

    @property
    def bodies(self) -> list[str]:
        return [comment["body"] for comment in json.loads(self.store.read_text())]
