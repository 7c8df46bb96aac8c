"""An evidence file is read as it was written, and refused with every key that is wrong."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from gate_evidence import EVIDENCE

from mtasts.observations import CertificateFault, SmtpOutcome
from mtasts.promotion.evidence import (
    EVIDENCE_MAX_BYTES,
    EvidenceError,
    Explanation,
    Session,
    read_evidence,
    render_evidence,
)
from mtasts.promotion.evidence_files import load_evidence, store_evidence
from mtasts.promotion.evidence_folder import evidence_path
from mtasts.tlsrpt.summary import FailureDay

if TYPE_CHECKING:
    from pathlib import Path

DOMAIN = "example.gov"
EXPIRED = CertificateFault.EXPIRED


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
        (b'"version": 2', b'"version": 3', "version"),
        (b'"vantage"', b'"vantagf"', "vantage: Field required; vantagf"),
        (b'"tool"', b'"tol"', "vantage.tool: Field required; vantage.tol"),
        (b'"successes"', b'"good"', "reports.good: Unexpected keyword argument"),
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


SESSION = EVIDENCE.hosts[0]


@pytest.mark.parametrize(
    ("session", "says"),
    [
        (SESSION, ""),
        (replace(SESSION, outcome=SmtpOutcome.CERTIFICATE_REFUSED, fault=EXPIRED), ""),
        (
            replace(SESSION, fault=EXPIRED),
            "hosts.1: fault certificate-expired together with",
        ),
        (replace(SESSION, address=""), "hosts.1: outcome tls without an address"),
        (replace(SESSION, address="", outcome=SmtpOutcome.CONNECT_FAILED), ""),
    ],
)
def test_what_no_look_brings_is_refused(session: Session, says: str) -> None:
    raw = render_evidence(replace(EVIDENCE, hosts=(SESSION, session)))
    if not says:
        assert read_evidence(raw, DOMAIN).hosts[1] == session
        return
    with pytest.raises(EvidenceError, match=says):
        read_evidence(raw, DOMAIN)


def test_no_number_of_failures_is_none() -> None:
    failed = FailureDay(dt.date(2026, 5, 18), "one.example", "certificate-expired", "", 1)
    for count in (1, 0, -1):
        reports = replace(EVIDENCE.reports, failures=(replace(failed, count=count),))
        raw = render_evidence(replace(EVIDENCE, reports=reports))
        if count == 1:
            assert read_evidence(raw, DOMAIN).reports.failures == (failed,)
        else:
            with pytest.raises(EvidenceError, match=f"reports.failures.0: count {count} of"):
                read_evidence(raw, DOMAIN)


def version_1() -> dict[str, Any]:
    """The file as an earlier release wrote it."""
    found: dict[str, Any] = json.loads(render_evidence(EVIDENCE))
    del found["vantage"], found["reports"]["dropped"]
    found["version"] = 1
    found["reports"]["reporters"] = [{"name": "one.example", "days": ["2026-05-18"]}]
    found["reports"]["refused"] = ["x.json: it is no JSON"]
    found["explained"] = [{"result_type": "certificate-expired", "reason": "why", "mx": ""}]
    return found


def test_a_file_of_version_1_is_read_as_far_as_it_tells() -> None:
    found = read_evidence(json.dumps(version_1()).encode(), DOMAIN)
    assert (found.version, found.vantage) == (2, None)
    assert found.hosts == EVIDENCE.hosts
    assert (found.reports.reports, found.reports.reporters) == (30, ())
    assert found.explained == (Explanation("certificate-expired", "why"),)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"more": 1}, "more: Unexpected keyword argument"),
        ({"reports": []}, "reports: Input should be"),
        ({"version": 0}, "version: Input should be 2"),
        ({"version": 1, "vantage": None}, "version: Input should be 2"),
    ],
)
def test_a_file_of_version_1_is_as_strict(change: dict[str, object], says: str) -> None:
    with pytest.raises(EvidenceError, match=says):
        read_evidence(json.dumps({**version_1(), **change}).encode(), DOMAIN)


def test_no_file_is_written_that_would_not_be_read(tmp_path: Path) -> None:
    large = replace(EVIDENCE, spf=replace(EVIDENCE.spf, records=("x" * EVIDENCE_MAX_BYTES,)))
    says = f"larger than {EVIDENCE_MAX_BYTES} bytes: give the reports of the last"
    with pytest.raises(EvidenceError, match=says):
        store_evidence(tmp_path / "f.json", large)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.mkdir()
    assert "f.json: Is a directory" in str(load_evidence(path, DOMAIN))
    path.rmdir()
    path.write_bytes(b"{}")
    assert f"{path}: domain: Field required" in str(load_evidence(path, DOMAIN))


def test_its_size_is_bounded() -> None:
    with pytest.raises(EvidenceError, match="larger than"):
        read_evidence(b" " * (EVIDENCE_MAX_BYTES + 1), DOMAIN)


def test_an_explanation_is_for_one_host_or_all() -> None:
    day = EVIDENCE.reports.reporters[0].days[0]
    failure = FailureDay(day, "r", "validation-failure", "m", 1)
    assert Explanation("validation-failure", "why").explains(failure)
    assert not Explanation("validation-failure", "why", "n").explains(failure)
    assert not Explanation("certificate-expired", "why").explains(failure)
