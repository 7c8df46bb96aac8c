"""An evidence file is read as it was written, and refused with every key that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_gates import EVIDENCE

from mtasts.evidence_files import evidence_path, load_evidence, store_evidence
from mtasts.rollout import evidence as module
from mtasts.rollout.evidence import EvidenceError, Explanation, read_evidence, render_evidence

if TYPE_CHECKING:
    from pathlib import Path

DOMAIN = "example.gov"


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = evidence_path(tmp_path / "evidence", "agency", DOMAIN)
    assert load_evidence(path, DOMAIN) is None
    store_evidence(path, EVIDENCE)
    store_evidence(path, EVIDENCE)
    assert load_evidence(path, DOMAIN) == EVIDENCE
    assert path == tmp_path / "evidence" / "agency" / "example.gov.json"
    assert [each.name for each in path.parent.iterdir()] == ["example.gov.json"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (b'"version": 1', b'"version": 2', "version"),
        (b'"spf"', b'"sfp"', "spf: Field required; sfp"),
        (b'"outcome": "tls"', b'"outcome": "fine"', "hosts.0.outcome"),
        (
            b'"expires": "2026-06-19T12:00:00Z"',
            b'"expires": "2026-06-19T12:00:00"',
            "hosts.0.expires",
        ),
        (b'"domain": "example.gov"', b'"domain": "other.gov"', "about other.gov, not example.gov"),
        (b"{", b"[", "Invalid JSON"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(before: bytes, after: bytes, says: str) -> None:
    raw = render_evidence(EVIDENCE).replace(before, after)
    with pytest.raises(EvidenceError, match=says):
        read_evidence(raw, DOMAIN)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.mkdir()
    assert "f.json: Is a directory" in str(load_evidence(path, DOMAIN))
    path.rmdir()
    path.write_bytes(b"{}")
    assert f"{path}: domain: Field required" in str(load_evidence(path, DOMAIN))


def test_its_size_is_bounded() -> None:
    with pytest.raises(EvidenceError, match="larger than"):
        read_evidence(b" " * (module.EVIDENCE_MAX_BYTES + 1), DOMAIN)


def test_an_explanation_is_for_one_host_or_all() -> None:
    day = EVIDENCE.reports.reporters[0].days[0]
    failure = module.FailureDay(day, "r", "validation-failure", "m", 1)
    assert Explanation("validation-failure", "why").explains(failure)
    assert not Explanation("validation-failure", "why", "n").explains(failure)
    assert not Explanation("certificate-expired", "why").explains(failure)
