"""Where evidence lies in the repository: ``evidence/<agency>/<domain>.json``."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("evidence")


def evidence_path(folder: Path, stack: str, domain: str) -> Path:
    """The file of one domain; the agency's folder has the name of its stack."""
    return folder / stack / f"{domain}.json"
