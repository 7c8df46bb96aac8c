"""The policy grammar of RFC 8461 section 3.2 and the policy id."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy, PolicySyntaxError, parse, policy_id, read

GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.gov\r\nmax_age: 604800\r\n"
HOST = MxPattern("mail.example.gov")
ENFORCE = Policy(Mode.ENFORCE, 604800, (HOST,))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(GOOD, ENFORCE, id="crlf"),
        pytest.param(GOOD.replace(b"\r\n", b"\n"), ENFORCE, id="lf"),
        pytest.param(GOOD.removesuffix(b"\r\n"), ENFORCE, id="no-final-terminator"),
        pytest.param(GOOD.replace(b": ", b":"), ENFORCE, id="no-space-after-colon"),
        pytest.param(GOOD.replace(b": ", b":\t "), ENFORCE, id="tab-after-colon"),
        pytest.param(GOOD.replace(b"\r\n", b" \t\r\n"), ENFORCE, id="trailing-white-space"),
        pytest.param(GOOD + b"max_age: 1\r\n", ENFORCE, id="first-duplicate-wins"),
        pytest.param(GOOD + b"mode: banana\r\n", ENFORCE, id="later-mode-is-not-read"),
        pytest.param(GOOD + b"x-y.z_0: a b \xc3\xa9\r\n", ENFORCE, id="extension"),
        pytest.param(GOOD + b"MX: other.example\r\n", ENFORCE, id="MX-is-an-extension"),
        pytest.param(GOOD.replace(b"mail.e", b"MAIL.e"), ENFORCE, id="mx-case"),
        pytest.param(
            GOOD.replace(b"mail.example", b"*.example"),
            Policy(Mode.ENFORCE, 604800, (MxPattern("example.gov", wildcard=True),)),
            id="wildcard",
        ),
        pytest.param(
            b"version: STSv1\nmode: none\nmax_age: 0\n", Policy(Mode.NONE, 0), id="none-without-mx"
        ),
        pytest.param(
            GOOD.replace(b"604800", b"31557600"),
            Policy(Mode.ENFORCE, 31557600, (HOST,)),
            id="max-age-limit",
        ),
        pytest.param(GOOD.replace(b"604800", b"0000604800"), ENFORCE, id="ten-digits"),
    ],
)
def test_accepted(body: bytes, expected: Policy) -> None:
    assert parse(body) == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", "policy-empty", id="empty"),
        pytest.param(b"\r\n \r\n", "policy-empty", id="only-white-space"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, "policy-bom", id="bom"),
        pytest.param(GOOD + b"\r\n", "policy-blank-line", id="second-terminator"),
        pytest.param(GOOD.replace(b"\r\n", b"\r\n\r\n", 1), "policy-blank-line", id="blank"),
        pytest.param(GOOD.replace(b"\r\n", b"\r"), "policy-bare-cr", id="bare-cr"),
        pytest.param(GOOD[:-1], "policy-bare-cr", id="cr-at-the-end"),
        pytest.param(GOOD + b"x: a\x0bb\n", "policy-control-character", id="vt"),
        pytest.param(GOOD + b"x: a\x00\n", "policy-control-character", id="nul"),
        pytest.param(GOOD + b"x: a\tb\n", "policy-value-malformed", id="tab-inside"),
        pytest.param(GOOD + b"# comment\n", "policy-line-malformed", id="comment"),
        pytest.param(GOOD + b"<html>\n", "policy-line-malformed", id="html"),
        pytest.param(GOOD.replace(b"mode:", b"mode :"), "policy-key-space", id="space-colon"),
        pytest.param(GOOD.replace(b"mode:", b" mode:"), "policy-key-space", id="indented"),
        pytest.param(GOOD + b"a b: c\n", "policy-key-malformed", id="space-in-key"),
        pytest.param(GOOD + b"_a: c\n", "policy-key-malformed", id="key-starts-with-underscore"),
        pytest.param(GOOD + b"a" * 33 + b": c\n", "policy-key-malformed", id="key-of-33"),
        pytest.param(GOOD + b"x:\n", "policy-value-missing", id="no-value"),
        pytest.param(GOOD + b"x: \xff\n", "policy-not-utf8", id="not-utf8"),
        pytest.param(GOOD.replace(b"version", b"Version"), "policy-version-missing", id="Version"),
        pytest.param(GOOD.replace(b"STSv1", b"STSv2"), "policy-version-unknown", id="STSv2"),
        pytest.param(GOOD.replace(b"STSv1", b"stsv1"), "policy-version-unknown", id="stsv1"),
        pytest.param(GOOD.replace(b"mode", b"Mode"), "policy-mode-missing", id="Mode"),
        pytest.param(GOOD.replace(b"enforce", b"report"), "policy-mode-unknown", id="report"),
        pytest.param(GOOD.replace(b"max_age", b"max-age"), "policy-max-age-missing", id="hyphen"),
        pytest.param(GOOD.replace(b"604800", b"+5"), "policy-max-age-malformed", id="plus"),
        pytest.param(GOOD.replace(b"604800", b"1_0"), "policy-max-age-malformed", id="underscore"),
        pytest.param(
            GOOD.replace(b"604800", b"1" * 11), "policy-max-age-malformed", id="11-digits"
        ),
        pytest.param(
            GOOD.replace(b"604800", "\uff16".encode()), "policy-max-age-malformed", id="full-width"
        ),
        pytest.param(GOOD.replace(b"604800", b"31557601"), "policy-max-age-over", id="over"),
        pytest.param(
            GOOD.replace(b"mx: mail.example.gov\r\n", b""), "policy-mx-missing", id="no-mx"
        ),
        pytest.param(GOOD.replace(b".gov", b".gov."), "policy-mx-malformed", id="trailing-dot"),
        pytest.param(GOOD.replace(b"mail.", b"*.*."), "policy-mx-malformed", id="two-stars"),
        pytest.param(GOOD.replace(b"mail.", b"m*."), "policy-mx-malformed", id="inner-star"),
        pytest.param(GOOD.replace(b"mail", b"m_l"), "policy-mx-malformed", id="mx-underscore"),
        pytest.param(GOOD.replace(b"mail", b"a" * 64), "policy-mx-malformed", id="label-of-64"),
        pytest.param(GOOD.replace(b"mail", "bü".encode()), "policy-mx-malformed", id="u-label"),
        pytest.param(
            GOOD.replace(b"mail.example.gov", b"[192.0.2.7]"), "policy-mx-malformed", id="ip"
        ),
        pytest.param(
            GOOD.replace(b"version:", b"version:\xc2\xa0"), "policy-version-unknown", id="nbsp"
        ),
    ],
)
def test_refused(body: bytes, code: str) -> None:
    with pytest.raises(PolicySyntaxError) as refused:
        parse(body)
    assert code in {problem.code for problem in refused.value.problems}


def test_every_problem_is_reported_at_once() -> None:
    codes = [problem.code for problem in read(b"mode: banana\nmx: -\n\nmax_age: x\n").problems]
    assert codes == [
        "policy-blank-line",
        "policy-version-missing",
        "policy-mx-malformed",
        "policy-mode-unknown",
        "policy-max-age-malformed",
    ]


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


LINES = st.sampled_from([*GOOD.splitlines(keepends=True), b"\n", b"\r", b"x:", b"mx: ", b"\xef"])


@settings(derandomize=True, max_examples=300)
@given(st.one_of(st.binary(max_size=200), st.lists(LINES).map(b"".join)))
def test_any_bytes_are_a_policy_or_problems(body: bytes) -> None:
    reading = read(body)
    assert (reading.policy is None) == bool(reading.problems)


@settings(derandomize=True)
@given(st.binary(min_size=1, max_size=100), st.data())
def test_an_id_changes_when_any_byte_does(body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    other = body[:at] + bytes([body[at] ^ data.draw(st.integers(1, 255))]) + body[at + 1 :]
    assert policy_id(other) != policy_id(body)


def test_an_id_is_a_function_of_bytes_and_revision() -> None:
    ids = [
        policy_id(Policy(Mode.ENFORCE, 1, tuple(MxPattern(h) for h in hosts)).render())
        for hosts in (["ab", "c"], ["a", "bc"])
    ]
    # The first 32 hexadecimal digits of SHA-256 over "x", a zero byte and "0".
    assert policy_id(b"x") == policy_id(b"x", 0) != policy_id(b"x", 1)
    assert ids[0] != ids[1]
    assert all(len(i) == 32 and i.isalnum() for i in ids)
