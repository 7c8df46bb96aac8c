"""The table of checks: each row is named as its id, used by the code and covered by a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mtasts.check.checks import CHECKS, PARTS, check_of
from mtasts.check.row import Question, ResultType, rows_of
from mtasts.check.table import host, mx, policy, sts_record
from mtasts.findings import Finding, Severity
from mtasts.records import STS, TLSRPT

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "mtasts" / "check" / "table"
CODE = {
    path: path.read_text()
    for path in (ROOT / "mtasts").rglob("*.py")
    if not path.is_relative_to(TABLE)
}
TESTS = "".join(
    path.read_text()
    for path in (
        *(ROOT / "tests").rglob("*.py"),
        ROOT / "mtasts" / "localcloud" / "lab" / "setups.py",
    )
    if path != Path(__file__)
)


def test_every_module_of_the_table_is_part_of_it() -> None:
    names = {path.stem for path in TABLE.glob("*.py")} - {"__init__"}
    assert {part.__name__.rpartition(".")[2] for part in PARTS} == names
    assert len(CHECKS) == sum(len(rows_of(part)) for part in PARTS)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__.rpartition(".")[2])
def test_the_constant_is_named_as_the_id(part: object) -> None:
    named = {name: row.id for name, row in vars(part).items() if row in CHECKS.values()}
    assert named == {id_.upper().replace("-", "_"): id_ for id_ in named.values()}


def of_the_parsers() -> set[str]:
    """The ids that the parsers of policies and records give their problems."""
    policies = re.findall(r'"(policy-[a-z0-9-]+)"', CODE[ROOT / "mtasts" / "policy.py"])
    records = CODE[ROOT / "mtasts" / "records.py"]
    ends = re.findall(r'"((?:record|rua)-[a-z0-9-]+)"', records)
    shared = {f"{grammar.kind}-{end}" for grammar in (STS, TLSRPT) for end in ends}
    return {*policies, *(shared & CHECKS.keys())}


def test_every_row_is_used_by_the_code() -> None:
    used = {name for text in CODE.values() for name in re.findall(r"\b[A-Z][A-Z0-9_]+\b", text)}
    unused = {id_ for id_ in CHECKS if id_.upper().replace("-", "_") not in used}
    assert unused <= of_the_parsers()


def test_every_problem_of_the_parser_of_policies_is_a_row() -> None:
    assert {id_ for id_ in of_the_parsers() if id_.startswith("policy")} <= CHECKS.keys()


@pytest.mark.parametrize("id_", CHECKS)
def test_every_row_is_covered_by_a_test_that_names_it(id_: str) -> None:
    assert re.search(rf"""["'`]{id_}["'`]""", TESTS)


@pytest.mark.parametrize("question", Question)
def test_every_question_is_asked_and_some_finding_needs_its_answer(question: Question) -> None:
    asked = re.compile(rf"\bQuestion\.{question.name}\b")
    assert any(asked.search(text) for text in CODE.values())
    needed = any(question in row.depends_on for row in CHECKS.values())
    assert needed != (question in (Question.CHECK, Question.DOMAIN))


def test_a_row_has_the_result_type_that_a_sender_reports() -> None:
    assert policy.POLICY_HTML.result_type is ResultType.POLICY_INVALID
    assert policy.POLICY_MX_UNCOVERED.result_type is ResultType.VALIDATION_FAILURE
    assert policy.POLICY_MODE_TESTING.result_type is None
    assert mx.MX_CERTIFICATE_EXPIRED.result_type is ResultType.EXPIRED
    assert sts_record.STS_RECORD_MISSING.result_type is None
    assert {row.result_type for row in CHECKS.values()} == {None, *ResultType}


def test_a_policy_that_is_none_is_reported_as_such() -> None:
    """What senders read is the grammar of RFC 8461 section 3.2, whatever else is wrong."""
    rows = [row for row in rows_of(policy).values() if row.id.startswith("policy-value")]
    assert {row.severity: row.result_type for row in rows} == {
        Severity.ERROR: ResultType.POLICY_INVALID,
        Severity.WARNING: None,
    }


def test_the_classic_mistakes_have_a_page_each() -> None:
    pages = {ROOT / row.page for row in CHECKS.values() if row.page}
    assert pages == set((ROOT / "docs" / "mistakes").glob("*.md"))


def test_a_finding_has_the_words_of_its_row_and_what_was_seen() -> None:
    found = host.HOST_STATUS.finding("\u2603" * 99, line=3, limit=20)
    assert found.summary == "line 3: the HTTP status is not 200"
    assert found.evidence == "\\xe2\\x98\\x83\\xe2..."
    assert (found.severity, found.clause) == (Severity.ERROR, "RFC 8461 section 3.3")
    assert found.fix == "serve the policy with status 200"


def test_a_finding_may_say_more_than_its_row() -> None:
    found = host.HOST_STATUS.finding(summary="status 500", fix="restart it")
    assert (found.id, found.summary, found.fix) == ("host-status", "status 500", "restart it")


def test_the_row_of_a_finding_is_found_and_else_made_from_it() -> None:
    assert check_of(host.HOST_STATUS.finding()) is host.HOST_STATUS
    other = Finding("other", Severity.INFO, "what", "RFC", "seen", "do")
    made = check_of(other)
    assert (made.id, made.summary, made.fix, made.page) == ("other", "what", "do", None)
