"""``python -m mtasts.pull_requests take|post``: what the workflow *Stacks* runs.

``post`` imports nothing but Python's own: it runs in the one job that may write comments.
"""

import sys
from importlib import import_module

VERBS = ("take", "post")

if __name__ == "__main__":
    verb, *words = sys.argv[1:] or [""]
    if verb not in VERBS:
        sys.stderr.write(f"python -m mtasts.pull_requests: write one of {', '.join(VERBS)}\n")
        sys.exit(2)
    sys.exit(import_module(f"mtasts.pull_requests.{verb}").main(words))
