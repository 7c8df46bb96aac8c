"""Files of the repository: read with a size limit, written as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# What the name of a file begins with that is not whole yet.
TEMPORARY = ".mtasts-"


def write_whole(path: Path, raw: bytes, *, replace: bool) -> None:
    """Write a file in one step, with its folders; readers see the old or the new content.

    Raises:
        FileExistsError: the file exists, and ``replace`` is False; it is unchanged.
        OSError: the file cannot be written; an existing one is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(descriptor)  # a rename without it may leave an empty file after a crash
        temporary.chmod(0o644)  # mkstemp creates it 0600, and others must read it
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)  # fails if another process has made the file meanwhile
    finally:
        temporary.unlink(missing_ok=True)
