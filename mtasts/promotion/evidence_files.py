"""The evidence files of the repository (`mtasts.promotion.evidence_folder`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.files import write_whole
from mtasts.promotion.evidence import (
    EVIDENCE_MAX_BYTES,
    Evidence,
    EvidenceError,
    read_evidence,
    render_evidence,
)

if TYPE_CHECKING:
    from pathlib import Path


def load_evidence(path: Path, domain: str) -> Evidence | EvidenceError | None:
    """The evidence, the reason why it cannot be used, or None if there is no file."""
    try:
        with path.open("rb") as file:
            raw = file.read(EVIDENCE_MAX_BYTES + 1)
        return read_evidence(raw, domain)
    except FileNotFoundError:
        return None
    except OSError as error:
        return EvidenceError(f"{path}: {error.strerror}")
    except EvidenceError as error:
        return EvidenceError(f"{path}: {error}")


def store_evidence(path: Path, evidence: Evidence) -> None:
    """Write the file, whole or not at all.

    Raises:
        EvidenceError: the file would be larger than `load_evidence` accepts.
        OSError: the file cannot be written; an older file is unchanged.
    """
    write_whole(path, render_evidence(evidence), replace=True)
