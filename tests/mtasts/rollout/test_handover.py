"""Every order in which an agency may publish, forget or withdraw its records; from values.

Who serves a policy for others: RFC 8461 section 8.2.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.ledger.phases import ALL, Phase
from mtasts.ledger.stages import Stage
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.rollout.handover import (
    HandedOutRecord,
    HandoverError,
    RecordLookup,
    as_text,
    as_zone_file,
    delegated_owner,
    next_stage,
    normalise_name,
    not_published,
    parse_handed,
    render_handed,
)

DOMAIN = "example.gov"
HOST = f"mta-sts.{DOMAIN}"
VALIDATION = HandedOutRecord(f"_a.{HOST}", "CNAME", "_b.acm-validations.aws")
DELEGATED = (
    VALIDATION,
    HandedOutRecord(HOST, "CNAME", f"{HOST}.op.example"),
    HandedOutRecord(f"_mta-sts.{DOMAIN}", "CNAME", f"_mta-sts.{DOMAIN}.op.example"),
    HandedOutRecord(f"_smtp._tls.{DOMAIN}", "CNAME", f"_smtp._tls.{DOMAIN}.op.example"),
)
MANUAL = (
    VALIDATION,
    HandedOutRecord(HOST, "CNAME", "d1.cloudfront.net"),
    HandedOutRecord(f"_smtp._tls.{DOMAIN}", "TXT", "v=TLSRPTv1; rua=mailto:a@b.example;"),
)
ORDER = list(Stage)
STATES = ("live", "missing", "wrong", "unknown")


def looked(record: HandedOutRecord, state: str = "live") -> RecordLookup:
    value = record.value if state == "live" else "elsewhere.example"
    answer = DnsAnswer(record.owner, record.type, DnsStatus.ANSWERED, reason="SERVFAIL")
    if state == "missing":
        answer = replace(answer, status=DnsStatus.NXDOMAIN)
    elif state == "unknown":
        answer = replace(answer, status=DnsStatus.FAILED)
    elif record.type == "TXT":
        answer = replace(answer, strings=((value.encode(),),))
    else:
        answer = replace(answer, values=(value,))
    return RecordLookup(record, answer)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_in_whatever_order_they_are_published_all_of_them_are_waited_for(
    order: tuple[int, ...],
) -> None:
    stage: Stage | None = None
    published: set[int] = set()
    for index in order:
        published.add(index)
        rows = [looked(r, "live" if i in published else "missing") for i, r in enumerate(DELEGATED)]
        before = stage
        stage = next_stage(DOMAIN, stage, rows)
        assert before is None or ORDER.index(stage) >= ORDER.index(before)
        assert (stage is Stage.REQUESTED) is (0 not in published)
        told = list(not_published(stage, rows))
        assert len(told) == 4 - len(published)
        assert all(each.text.startswith("waiting for: ") for each in told)
    # One stage a run: the host is made in the run before the policy is published.
    rows = [looked(each) for each in DELEGATED]
    assert next_stage(DOMAIN, Stage.ISSUED, rows) is Stage.LIVE


@given(
    st.lists(st.lists(st.sampled_from(STATES), min_size=4, max_size=4), max_size=12),
    st.sampled_from([DELEGATED, MANUAL]),
)
def test_whatever_is_published_forgotten_or_withdrawn_no_stage_is_left_again(
    history: list[list[str]], records: tuple[HandedOutRecord, ...]
) -> None:
    stage: Stage | None = None
    for states in history:
        rows = [looked(*each) for each in zip(records, states, strict=False)]
        found = next_stage(DOMAIN, stage, rows)
        assert ORDER.index(found) in {
            ORDER.index(stage or Stage.REQUESTED) + step for step in (0, 1)
        }
        leading = [row for row in rows if row.record.type == "CNAME" and row.record != VALIDATION]
        good = all(row.is_live for row in leading)
        if found is Stage.LIVE and stage is not Stage.LIVE:
            assert good
        stage = found


@pytest.mark.parametrize("state", STATES[1:])
@pytest.mark.parametrize("index", range(4))
def test_each_way_to_be_wrong_is_named_and_lets_nothing_advance(index: int, state: str) -> None:
    rows = [looked(r, state if i == index else "live") for i, r in enumerate(DELEGATED)]
    (told,) = not_published(Stage.ISSUED, rows)
    words = {
        "missing": "waiting for: ",
        "wrong": "wrong: DNS has elsewhere.example",
        "unknown": "SERV",
    }
    assert words[state] in told.text
    assert DELEGATED[index].owner in told.text
    assert next_stage(DOMAIN, Stage.REQUESTED, rows) is (
        Stage.REQUESTED if index == 0 else Stage.ISSUED
    )
    # A validation record that is gone takes nothing back: the certificate is issued.
    expected = Stage.LIVE if index == 0 else Stage.ISSUED
    assert next_stage(DOMAIN, Stage.ISSUED, rows) is expected
    assert next_stage(DOMAIN, Stage.LIVE, rows) is Stage.LIVE


def test_what_is_gone_from_a_live_domain_is_told_as_such() -> None:
    rows = [looked(each, "missing") for each in DELEGATED[:1]]
    assert next(not_published(Stage.LIVE, rows)).text.startswith("gone or not yet there: ")


def test_manual_records_do_not_wait_for_those_that_senders_need_not() -> None:
    rows = [looked(MANUAL[0]), looked(MANUAL[1]), looked(MANUAL[2], "wrong")]
    assert next_stage(DOMAIN, Stage.ISSUED, rows) is Stage.LIVE
    (told,) = not_published(Stage.LIVE, rows)
    assert told.text.startswith(
        "wrong: DNS has elsewhere.example; the agency has to publish: _smtp._tls"
    )


def test_before_anything_is_handed_out_the_way_to_it_is_told() -> None:
    assert next_stage(DOMAIN, None, ()) is Stage.REQUESTED
    (told,) = not_published(Stage.REQUESTED, ())
    assert "under publish" in told.text
    assert next_stage(DOMAIN, Stage.ISSUED, [looked(VALIDATION)]) is Stage.ISSUED


@pytest.mark.parametrize("records", [DELEGATED, MANUAL])
def test_what_is_handed_out_comes_back_and_can_be_pasted(
    records: tuple[HandedOutRecord, ...],
) -> None:
    raw = render_handed(DOMAIN, records)
    assert parse_handed(raw.encode()) == records
    assert as_text(records).count("\n") == len(records)
    zone_file = as_zone_file(records)
    assert f"{HOST}. 300 IN CNAME " in zone_file
    assert 'TXT "v=TLSRPTv1; rua=mailto:a@b.example;"' in zone_file or records is DELEGATED


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 2, "records": []}',
        b'{"version": 1, "records": 1}',
        b'{"version": 1, "records": [{}]}',
        json.dumps({"version": 1, "records": [], "x": "y" * 300_000}).encode(),
    ],
)
def test_what_cannot_be_read_is_told(raw: bytes) -> None:
    with pytest.raises(HandoverError):
        parse_handed(raw)


def test_names_are_spelled_one_way() -> None:
    assert normalise_name("MTA-STS.Example.Gov.") == HOST
    assert normalise_name("_A.Example.Gov.") == "_a.example.gov"
    assert delegated_owner(HOST, "op.example") == f"{HOST}.op.example"


@pytest.mark.parametrize(
    ("stage", "has"),
    [
        (Stage.REQUESTED, (False, False, False)),
        (Stage.ISSUED, (False, True, True)),
        (Stage.LIVE, (True, True, True)),
    ],
)
def test_each_stage_declares_what_the_one_before_made_possible(
    stage: Stage, has: tuple[bool, bool, bool]
) -> None:
    parts = ALL.at(stage)
    assert (parts.record.is_declared, parts.addresses.is_declared, parts.certificate) == has
    assert parts.record.is_protected is has[0]
    withdrawn = Phase.RECORD_WITHDRAWN.parts.at(stage)
    assert not withdrawn.record.is_declared


@pytest.mark.parametrize(
    ("row", "is_good"),
    [
        pytest.param(("mta-sts.example.gov", "CNAME", "d1.cloudfront.net"), True, id="cname"),
        pytest.param(("_mta-sts.example.gov", "TXT", "v=STSv1; id=20200101;"), True, id="sts"),
        pytest.param(
            (
                "_smtp._tls.example.gov",
                "TXT",
                "v=TLSRPTv1; rua=mailto:a@b.example,https://c/?d=%2C",
            ),
            True,
            id="tlsrpt",
        ),
        pytest.param(("_x.mta-sts.example.gov", "CNAME", "_y.acm-validations.aws"), True, id="acm"),
        pytest.param(("a.example", "A", "192.0.2.1"), False, id="type"),
        pytest.param(("a.example\n", "CNAME", "b.example"), False, id="owner-newline"),
        pytest.param(("<b>.example", "CNAME", "b.example"), False, id="owner-markup"),
        pytest.param(("a.example", "CNAME", "b.example\x1b[2J"), False, id="escape-sequence"),
        pytest.param(("a.example", "CNAME", "b.example. 300 IN A"), False, id="zone-file"),
        pytest.param(("a.example", "TXT", 'x" "y'), False, id="quotes"),
        pytest.param(("a.example", "TXT", "<script>alert(1)</script>"), False, id="script"),
        pytest.param(("a.example", "TXT", "`code`"), False, id="markdown"),
        pytest.param(("a.example", "TXT", "\\"), False, id="backslash"),
        pytest.param(("a.example", "TXT", "\u202e"), False, id="direction"),
        pytest.param(("a.example", "TXT", "x" * 4001), False, id="endless"),
        pytest.param(("a.example", "TXT", ""), False, id="empty"),
    ],
)
def test_only_records_that_mtasts_writes_are_read(row: tuple[str, str, str], is_good: bool) -> None:
    record = HandedOutRecord(*row)
    raw = render_handed("example.gov", [record]).encode()
    if is_good:
        assert parse_handed(raw) == (record,)
        return
    with pytest.raises(HandoverError, match="one that mtasts never writes") as refused:
        parse_handed(raw)
    text = str(refused.value)
    assert text.isascii()
    assert text.isprintable()


def test_the_version_of_an_unknown_one_is_printable() -> None:
    with pytest.raises(HandoverError) as refused:
        parse_handed(json.dumps({"version": "\x1b[2J<b>", "records": []}).encode())
    assert str(refused.value).isprintable()
