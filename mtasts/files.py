"""Files in the repository: read within bounds, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, raw: bytes, *, replace: bool) -> None:
    """Write a file in one step, folders included; a reader sees all of it or what was there.

    Raises:
        FileExistsError: there is one, and it was not to be replaced.
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".mtasts-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(descriptor)
        temporary.chmod(0o644)  # mkstemp's 0600 would hide it from the colleagues
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)  # fails where somebody else was faster
    finally:
        temporary.unlink(missing_ok=True)
