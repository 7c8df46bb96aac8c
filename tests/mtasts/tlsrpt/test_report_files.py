"""Each input that could hide failures keeps the gate shut, and its well-formed twin does not.

File names and gzip are those of RFC 8460 sections 5.1 and 5.2.

Each row is a file that comes beside two weeks of good reports of two senders; what is judged is
what ``mtasts gate`` judges.
"""

from __future__ import annotations

import datetime as dt
import errno
import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from gate_evidence import DOMAIN, EVIDENCE, HOSTS, MX, NOW, judge, left_out
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from mtasts.errors import UsageError
from mtasts.localcloud.reports import write_reports
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.report_files import read_reports
from mtasts.tlsrpt.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mtasts.tlsrpt.report import Report
    from mtasts.tlsrpt.summary import ReportSummary

NAME = "example.gov"
YESTERDAY = "2026-05-19"
STS: dict[str, Any] = {
    "policy-type": "sts",
    "policy-string": ["version: STSv1", "mode: testing"],
    "policy-domain": NAME,
    "mx-host": list(HOSTS),
}
SUCCESSES, FAILURES = "total-successful-session-count", "total-failure-session-count"


def row(failures: object = 0, details: object = ..., **policy: Any) -> dict[str, Any]:
    """An entry of ``policies``; a key of the policy that is ``...`` is left out."""
    wanted = {**STS, **{key.replace("_", "-"): value for key, value in policy.items()}}
    summary = {SUCCESSES: 10, FAILURES: failures}
    found: dict[str, Any] = {
        "policy": {key: value for key, value in wanted.items() if value is not ...},
        "summary": {key: value for key, value in summary.items() if value is not ...},
    }
    return found if details is ... else {**found, "failure-details": details}


def detail(count: object = ..., kind: object = "certificate-expired") -> dict[str, object]:
    found: dict[str, object] = {"result-type": kind, "receiving-mx-hostname": HOSTS[0]}
    return found if count is ... else {**found, "failed-session-count": count}


HALF_A_YEAR: dict[str, Any] = {
    "date-range": {
        "start-datetime": "2026-01-01T00:00:00Z",
        "end-datetime": f"{YESTERDAY}T23:59:59Z",
    }
}


def document(*rows: Any, day: str = YESTERDAY, id_: str = "x", **changes: Any) -> dict[str, Any]:
    return {
        "organization-name": "Sender Three",
        "date-range": {
            "start-datetime": f"{day}T00:00:00Z",
            "end-datetime": f"{day}T23:59:59Z",
        },
        "contact-info": "tls@three.sender.example",
        "report-id": id_,
        "policies": list(rows),
        **changes,
    }


def raw(*rows: Any, **changes: Any) -> bytes:
    return json.dumps(document(*rows, **changes)).encode()


def good_reports(folder: Path) -> None:
    write_reports(folder, NAME, HOSTS, NOW)


def unmet_of(found: ReportSummary) -> tuple[str, ...]:
    return judge(DOMAIN, MX, replace(EVIDENCE, reports=found))


def notes_of(found: ReportSummary) -> tuple[str, ...]:
    return left_out(replace(EVIDENCE, reports=found))


GOOD = row()
FAILING = row(142, [detail(142)])
NO_DOMAIN = {"policy": {"policy-type": "no-policy-found"}, "summary": {SUCCESSES: 3}}

# What keeps the gate shut, what it says, and the twin of it that does not.
TABLE = [
    pytest.param(raw(FAILING), "142 failed sessions", raw(GOOD), id="a-failure"),
    # Postfix: a row without a domain beside a row with failures.
    pytest.param(
        raw(row(policy_domain=...), FAILING),
        "142 failed sessions",
        raw(GOOD),
        id="beside-no-domain",
    ),
    pytest.param(
        raw(row(142, policy_domain=...)),
        "row-unusable: policies[0]: policy-domain is missing",
        raw(row(policy_domain=...), GOOD),
        id="no-domain",
    ),
    pytest.param(raw(NO_DOMAIN, FAILING), "142 failed sessions", raw(GOOD), id="beside-a-bare-row"),
    pytest.param(
        raw(GOOD, NO_DOMAIN),
        "row-unusable: policies[1]: policy-domain is missing",
        raw(GOOD, {**NO_DOMAIN, "summary": {SUCCESSES: 3, FAILURES: 0}}),
        id="a-bare-row",
    ),
    pytest.param(
        raw(row(policy_domain="_other_.example"), FAILING),
        "142 failed sessions",
        raw(row(9, policy_domain="_other_.example"), GOOD),
        id="no-host-name",
    ),
    pytest.param(
        raw(row(9, policy_domain="_x.example.gov")),
        "row-unusable: policies[0]: policy-domain: the label",
        raw(row(9, policy_domain="other.gov")),
        id="a-name-that-may-be-ours",
    ),
    pytest.param(
        raw(row("142", policy_domain="EXAMPLE.gov.")),
        f"row-unusable: policies[0]: {FAILURES} is '142', which is no count",
        raw(row("142", policy_domain="other.gov"), GOOD),
        id="count-as-text",
    ),
    *(
        pytest.param(
            raw(row(value)), f"row-unusable: policies[0]: {FAILURES} is", raw(row(0)), id=f"{value}"
        )
        for value in (1.5, -142, True, None, float("nan"), float("inf"), 2**53, ..., [142])
    ),
    *(
        pytest.param(
            raw(row(0, [detail(value)])),
            "detail-unusable: policies[0].failure-details[0]: failed-session-count is",
            raw(row(0, [detail(0)])),
            id=f"detail-{value}",
        )
        for value in ("142", 1.5, -142, True, None, ...)
    ),
    pytest.param(
        raw(row(142, [detail()])), "142 failed sessions", raw(row(0, [])), id="detail-without-count"
    ),
    pytest.param(
        raw(row(142, [detail(1, "dane-required"), detail(2, "tlsa-invalid")], policy_type="tlsa")),
        "139 failed sessions on 2026-05-19: unspecified",
        raw(row(3, [detail(1, "dane-required"), detail(2, "tlsa-invalid")], policy_type="tlsa")),
        id="more-than-the-details",
    ),
    pytest.param(
        raw(row(0, "none")), "detail-unusable: policies[0].failure", raw(GOOD), id="no-list"
    ),
    pytest.param(
        raw({}), "row-unusable: policies[0]: policy is missing", raw(GOOD), id="no-policy"
    ),
    pytest.param(raw(5, GOOD), "row-unusable: policies[0]: the row is '5'", raw(GOOD), id="no-row"),
    pytest.param(
        raw(FAILING).replace(b'"policies"', b'"policies": [], "policies"'),
        "report-unreadable: policies is given twice",
        raw(GOOD).replace(b'"report-id"', b'"report-id": "y", "report-id"'),
        id="rows-twice",
    ),
    pytest.param(
        raw(FAILING).replace(b'count": 142}', b'count": 142, "total-failure-session-count": 0}'),
        "row-unusable: policies[0]: total-failure-session-count is given twice",
        raw(GOOD).replace(b'count": 0}', b'count": 0, "total-failure-session-count": 0}'),
        id="count-twice",
    ),
    pytest.param(
        gzip.compress(raw(FAILING)) + b"\r\n", "142 failed", gzip.compress(raw(GOOD)), id="crlf"
    ),
    pytest.param(
        gzip.compress(raw(GOOD)) + b"more",
        "report-unreadable: it cannot be inflated",
        gzip.compress(raw(GOOD)) + b"\r\n",
        id="more-behind-gzip",
    ),
    pytest.param(b"{", "report-unreadable: it is no JSON", b"<?xml?>", id="no-json"),
    pytest.param(b"", "report-unreadable: it is no JSON", raw(), id="empty"),
    pytest.param(
        raw(GOOD) + raw(FAILING), "report-unreadable: it is no JSON", raw(GOOD), id="two-in-one"
    ),
    pytest.param(
        raw(FAILING, **{"date-range": {}}),
        "report-unreadable: start-datetime is missing",
        raw(GOOD),
        id="undated",
    ),
    pytest.param(
        raw(FAILING, **{"report-id": 7, "contact-info": None}), "142 failed", raw(GOOD), id="no-id"
    ),
    pytest.param(raw(FAILING, day="2026-05-12"), "", raw(GOOD, day="2026-05-12"), id="older"),
    pytest.param(
        raw(FAILING, day="2026-05-21"),
        "report-in-future: the report is dated until 2026-05-21 23:59",
        raw(GOOD, day="2026-05-21"),
        id="not-over",
    ),
    pytest.param(
        json.dumps(
            document(
                FAILING,
                **HALF_A_YEAR,
            )
        ).encode(),
        "142 failed sessions on 2026-05-19",
        raw(GOOD),
        id="of-half-a-year",
    ),
]


@pytest.mark.parametrize(("bad", "says", "twin"), TABLE)
def test_what_may_hide_failures_keeps_the_gate_shut_and_its_twin_does_not(
    tmp_path: Path, bad: bytes, says: str, twin: bytes
) -> None:
    good_reports(tmp_path)
    for content, wanted in ((bad, says), (twin, "")):
        (tmp_path / "x.json").write_bytes(content)
        unmet = unmet_of(read_reports([tmp_path], NAME, NOW))
        assert bool(unmet) is bool(wanted), unmet
        assert not wanted or wanted in unmet[0]


@pytest.mark.parametrize(
    ("first", "second", "unmet"),
    [
        pytest.param(raw(GOOD), raw(GOOD), (), id="the-same-twice"),
        pytest.param(raw(GOOD), gzip.compress(raw(GOOD)), (), id="packed-and-not"),
        pytest.param(raw(GOOD), raw(GOOD, id_="y"), (), id="two-ids"),
        pytest.param(
            raw(FAILING), raw(GOOD), ("142 failed sessions", "reports-conflict"), id="erased"
        ),
        pytest.param(
            raw(GOOD), raw(FAILING), ("142 failed sessions", "reports-conflict"), id="other-order"
        ),
        pytest.param(raw(GOOD), raw(GOOD, GOOD), ("reports-conflict",), id="more-successes"),
        pytest.param(raw(GOOD), raw(), ("reports-conflict",), id="without-the-domain"),
        pytest.param(
            raw(GOOD), raw(GOOD, row(policy_domain="other.gov")), (), id="another-domain-in-one"
        ),
    ],
)
def test_of_two_reports_under_one_id_the_worse_counts_and_the_conflict_is_unmet(
    tmp_path: Path, first: bytes, second: bytes, unmet: tuple[str, ...]
) -> None:
    good_reports(tmp_path)
    (tmp_path / "a.json").write_bytes(first)
    (tmp_path / "b.gz").write_bytes(second)
    found = unmet_of(read_reports([tmp_path], NAME, NOW))
    assert len(found) == len(unmet)
    assert all(says in each for says, each in zip(unmet, found, strict=True))


@pytest.mark.parametrize(
    ("name", "is_unmet", "is_told"),
    [
        ("r.json", True, True),
        ("r.JSON", True, True),
        ("r.JSON.GZ", True, True),
        ("r.gz", True, True),
        ("mail.eml", True, True),
        ("all.ZIP", True, True),
        ("box.mbox", True, True),
        ("new/1779264000.M1P2.host", True, True),
        ("notes.txt", False, True),
        (".DS_Store", False, True),
        ("dmarc.xml", False, True),
    ],
)
def test_every_file_of_a_folder_that_is_not_read_is_named(
    tmp_path: Path, name: str, *, is_unmet: bool, is_told: bool
) -> None:
    good_reports(tmp_path)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"no report")
    found = read_reports([tmp_path], NAME, NOW)
    assert bool(unmet_of(found)) is is_unmet
    told = (*unmet_of(found), *notes_of(found))
    assert any(path.name in each for each in told) is is_told
    assert unmet_of(read_reports([tmp_path / "r.json"] if name == "r.json" else [], NAME, NOW))


def test_a_name_in_capitals_is_read(tmp_path: Path) -> None:
    good_reports(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(path.name.upper()))
    assert unmet_of(read_reports([tmp_path], NAME, NOW)) == ()


def test_a_file_that_is_given_is_read_whatever_its_name(tmp_path: Path) -> None:
    good_reports(tmp_path / "good")
    (tmp_path / "report").write_bytes(raw(FAILING))
    paths = [tmp_path / "good", tmp_path / "report"]
    assert "142 failed sessions" in unmet_of(read_reports(paths, NAME, NOW))[0]


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    good_reports(tmp_path)
    (tmp_path / "r.json").symlink_to(tmp_path / "gone")
    (reason,) = unmet_of(read_reports([tmp_path], NAME, NOW))
    assert "r.json: file-skipped: it is no regular file" in reason
    with pytest.raises(FileNotFoundError):
        read_reports([tmp_path / "r.json"], NAME, NOW)


def test_a_link_to_a_folder_is_named_and_the_folder_itself_is_read(tmp_path: Path) -> None:
    good_reports(tmp_path / "given")
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "more" / "deep" / "r.json").write_bytes(raw(FAILING))
    (tmp_path / "given" / "link").symlink_to(tmp_path / "more")
    (reason,) = unmet_of(read_reports([tmp_path / "given"], NAME, NOW))
    assert "link: file-skipped: it is a link to a folder: give that folder itself" in reason
    found = unmet_of(read_reports([tmp_path / "given", tmp_path / "more"], NAME, NOW))
    assert any("142 failed sessions" in each for each in found)


def test_a_folder_that_cannot_be_read_is_no_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good_reports(tmp_path)
    (tmp_path / "closed").mkdir()
    assert unmet_of(read_reports([tmp_path], NAME, NOW)) == ()
    listed = type(tmp_path).iterdir

    def iterdir(self: Path) -> Iterator[Path]:
        if self.name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return listed(self)

    monkeypatch.setattr(type(tmp_path), "iterdir", iterdir)
    with pytest.raises(PermissionError, match="closed"):
        read_reports([tmp_path], NAME, NOW)


def test_of_two_files_with_one_name_each_is_named(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").write_text("{")
    found = read_reports([tmp_path / "a", tmp_path / "b"], NAME, NOW)
    assert [each.file for each in found.dropped] == [f"{tmp_path}/b/x.json", "x.json"]


def test_more_files_than_are_read_are_refused_and_none_is_left_out(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.json").write_bytes(raw(GOOD))
    assert read_reports([tmp_path], NAME, NOW, files_max=2).reports == 1
    (tmp_path / "c.json").write_bytes(raw(FAILING))
    with pytest.raises(UsageError, match="more than 2 files: give those of the last 60 days"):
        read_reports([tmp_path], NAME, NOW, files_max=2)


@pytest.mark.parametrize(("sessions", "days"), [(0, 13), (1, 14)])
def test_a_day_without_a_session_is_no_day(tmp_path: Path, sessions: int, days: int) -> None:
    write_reports(tmp_path, NAME, HOSTS, NOW, days=13)
    entry = row()
    entry["summary"][SUCCESSES] = sessions
    (tmp_path / "x.json").write_bytes(raw(entry, day="2026-05-06"))
    found = read_reports([tmp_path], NAME, NOW)
    assert (unmet_of(found) == ()) is (days == 14)
    notes = notes_of(found)
    assert bool(notes) is (days == 13)
    if notes:
        assert "x.json of three.sender.example: report-without-sessions: it tells" in notes[0]
        assert unmet_of(found)[0].startswith(
            "the TLS reports that count cover 13 days of the last 60"
        )


# Whatever is added that tells of a failure, the gate does not open by it.

COUNT = st.integers(1, 500)
KINDS = ("certificate-expired", "tlsa-invalid", "sts-policy-fetch-error", "later-type")
DETAILS = st.lists(st.builds(detail, COUNT, st.sampled_from(KINDS)), max_size=3)
FAILURE_ROWS = st.builds(
    lambda successes, failures, details, kind, strings: {
        "policy": {**STS, "policy-type": kind, "policy-string": strings},
        "summary": {SUCCESSES: successes, FAILURES: failures},
        "failure-details": details,
    },
    st.integers(0, 500),
    COUNT,
    DETAILS,
    st.sampled_from(("sts", "tlsa", "no-policy-found")),
    st.sampled_from((STS["policy-string"], [], ["mode: enforce"])),
)
DAYS = st.integers(-3, 70).map(lambda back: (NOW - dt.timedelta(days=back)).date().isoformat())
SENDERS = st.sampled_from(("tlsrpt@one.sender.example", "tls@three.sender.example"))


def sent(days: int) -> dict[str, Report]:
    """Good reports of two senders on ``days`` days before today."""
    found = {}
    for number in range(days):
        day = (NOW - dt.timedelta(days=number + 1)).date().isoformat()
        for sender in ("tlsrpt@one.sender.example", "tls@two.sender.example"):
            made = raw(GOOD, day=day, id_=day, **{"contact-info": sender})
            found[f"{sender}{number}"] = parse_report(made)
    return found


@given(
    rows=st.lists(FAILURE_ROWS, min_size=1, max_size=3),
    day=DAYS,
    sender=SENDERS,
    days=st.integers(11, 15),
)
def test_no_row_of_failures_opens_the_gate(
    rows: list[dict[str, Any]], day: str, sender: str, days: int
) -> None:
    before = sent(days)
    shut = unmet_of(summarise(NAME, before, (), NOW))
    added = parse_report(raw(*rows, day=day, id_="z", **{"contact-info": sender}))
    after = unmet_of(summarise(NAME, {**before, "added": added}, (), NOW))
    assert after or not shut


@given(rows=st.lists(FAILURE_ROWS, min_size=1, max_size=3), number=st.integers(0, 25))
def test_no_row_of_failures_in_a_report_that_is_there_opens_the_gate(
    rows: list[dict[str, Any]], number: int
) -> None:
    before = sent(13)
    assert unmet_of(summarise(NAME, before, (), NOW))
    name = sorted(before)[number]
    added = parse_report(raw(*rows)).policies
    changed = structs.replace(before[name], policies=(*before[name].policies, *added))
    for after in ({**before, name: changed}, {**before, "copy": changed}):
        assert unmet_of(summarise(NAME, after, (), NOW))
