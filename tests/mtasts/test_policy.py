"""The policy grammar of RFC 8461 section 3.2 and the policy id."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy, PolicySyntaxError, parse, policy_id, read

VECTORS = Path(__file__).parents[1] / "vectors" / "policy.jsonl"
ROWS = [json.loads(line) for line in VECTORS.read_text().splitlines()]
GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.gov\r\nmax_age: 604800\r\n"
ENFORCE = Policy(Mode.ENFORCE, 604800, (MxPattern("mail.example.gov"),))


def raw(value: dict[str, str]) -> bytes:
    return value["text"].encode() if "text" in value else bytes.fromhex(value["hex"])


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_vector(row: dict[str, Any]) -> None:
    body, expect = raw(row["input"]), row["expect"]
    if expect["valid"]:
        policy = parse(body)
        mx = [str(pattern) for pattern in policy.mx]
        found = {"mode": str(policy.mode), "max_age": policy.max_age, "mx": mx}
        assert found == expect["policy"]
    else:
        with pytest.raises(PolicySyntaxError) as refused:
            parse(body)
        assert {problem.code for problem in refused.value.problems} == set(expect["problems"])


def test_an_error_says_where_and_by_which_clause() -> None:
    with pytest.raises(PolicySyntaxError) as refused:
        parse(GOOD.replace(b"enforce", b"b\xc3\xa4n"))
    assert str(refused.value) == (
        r"policy-mode-unknown in line 2: b\xc3\xa4n (RFC 8461 section 3.2)"
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"version\n" * 1000, id="broken-lines"),
        pytest.param(b"mx: -\n" * 1000, id="broken-values"),
    ],
)
def test_a_hopeless_body_is_not_read_to_its_end(body: bytes) -> None:
    problems = read(body).problems
    assert len(problems) < 110
    assert "policy-problems-many" in {problem.code for problem in problems}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"a" * 10_000_000, id="one-line"),
        pytest.param(b"x: " + b"a " * 5_000_000, id="spaces-within"),
        pytest.param(b" " * 10_000_000 + b"x", id="white-space"),
        pytest.param(b"mx: " + b"a." * 5_000_000, id="labels"),
        pytest.param(b"mx: " + b"a-" * 5_000_000, id="hyphens"),
        pytest.param(b"\xef\xbb\xbf" * 3_000_000, id="boms"),
        pytest.param(b"\r" * 10_000_000 + b"x", id="carriage-returns"),
    ],
)
def test_ten_megabytes_are_read_without_complaint(body: bytes) -> None:
    assert read(body).policy is None


def test_canonical_bytes() -> None:
    assert ENFORCE.render() == GOOD
    assert ENFORCE.covers("mail.example.gov")
    assert not ENFORCE.covers("other.example.gov")


LABELS = st.from_regex(r"\A[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?\Z")
PATTERNS = st.builds(
    MxPattern, st.lists(LABELS, min_size=1, max_size=4).map(".".join), wildcard=st.booleans()
)
POLICIES = st.builds(
    Policy,
    st.sampled_from(Mode),
    st.integers(0, 31557600),
    st.lists(PATTERNS, min_size=1, max_size=5).map(tuple),
)


@settings(derandomize=True)
@given(POLICIES)
def test_what_is_rendered_is_read_back(policy: Policy) -> None:
    assert parse(policy.render()) == policy


@settings(derandomize=True)
@given(POLICIES, POLICIES)
def test_two_policies_have_two_ids(one: Policy, other: Policy) -> None:
    assert (policy_id(one.render()) == policy_id(other.render())) == (one == other)


PIECES = st.sampled_from(
    [
        *GOOD.splitlines(keepends=True),
        *(b"\n", b"\r", b"\r\n", b"x:", b"mx: ", b"mode:none", b":", b" ", b"\t", b"*.", b"."),
        *(b"\xef\xbb\xbf", b"\xc2\x85", b"\xff", b"\x00", b"9" * 11, b"a" * 33, b"<", b"{"),
    ]
)


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A good body with a piece of it replaced, doubled or cut."""
    body = draw(POLICIES).render()
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, len(body)))
    middle = draw(st.one_of(st.binary(max_size=4), PIECES, st.just(body[start:end] * 2)))
    return body[:start] + middle + body[end:]


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES).map(b"".join), mutations()))
def test_any_bytes_are_a_policy_or_problems(body: bytes) -> None:
    reading = read(body)
    assert (reading.policy is None) == bool(reading.problems)
    if reading.policy is not None:
        assert parse(reading.policy.render()) == reading.policy


@settings(derandomize=True)
@given(st.binary(min_size=1, max_size=100), st.data())
def test_an_id_changes_when_any_byte_does(body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    other = body[:at] + bytes([body[at] ^ data.draw(st.integers(1, 255))]) + body[at + 1 :]
    assert policy_id(other) != policy_id(body)


def test_an_id_is_a_function_of_bytes_and_revision() -> None:
    assert policy_id(GOOD) == hashlib.sha256(GOOD + b"\x000").hexdigest()[:32]
    assert policy_id(GOOD, 12) == hashlib.sha256(GOOD + b"\x0012").hexdigest()[:32]
    # The boundary between body and revision counts.
    assert policy_id(b"x1", 2) != policy_id(b"x", 12)


def test_the_boundary_between_two_mx_counts() -> None:
    ids = {
        policy_id(Policy(Mode.ENFORCE, 1, tuple(MxPattern(host) for host in hosts)).render())
        for hosts in (["ab", "c"], ["a", "bc"])
    }
    assert len(ids) == 2
