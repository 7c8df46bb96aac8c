"""The plugin that the engine starts for programs in other languages (docs/component.md).

The package is that of the repository which this folder belongs to: `requirements.txt` installs what
it depends on, held to sums, and pip takes no folder among such.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

import mtasts.components.collector_off  # noqa: F401, I001 - before Pulumi is imported

import asyncio

from mtasts.components.plugin import serve

asyncio.run(serve(engine_address=sys.argv[1]))
