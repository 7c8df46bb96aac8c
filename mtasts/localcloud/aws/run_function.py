"""Run a Lambda function once: ``python -m mtasts.localcloud.aws.run_function MODULE.NAME``.

The event comes on standard input as JSON. The last line of standard output is the function's
response as JSON; the lines before it are what the function printed.
"""

from __future__ import annotations

import importlib
import json
import sys


def main(handler: str) -> int:
    """Run the function ``handler``; returns the exit code."""
    module, _, name = handler.rpartition(".")
    answer = getattr(importlib.import_module(module), name)(json.load(sys.stdin), None)
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
