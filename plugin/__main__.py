"""The plugin that the engine starts for programs in other languages (docs/component.md).

The package itself is imported from the repository around this folder. `requirements.txt` installs
only its dependencies, because they are pinned by hash: pip refuses a local folder among such lines.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

import mtasts.components.collector_off  # noqa: F401, I001 - before Pulumi is imported

import asyncio

from mtasts.components import load_as_used
from mtasts.components.plugin import serve

load_as_used.install()
asyncio.run(serve(engine_address=sys.argv[1]))
