"""``mtasts lint`` as a user runs it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside

from mtasts.cli.lint import READ_LIMIT
from mtasts.cli.main import COMMANDS, main
from mtasts.policy import policy_id

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: *.mx.example.gov\r\nmax_age: 1209600\r\n"


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "mta-sts.txt"
    path.write_bytes(GOOD)
    return path


def test_a_policy_is_told_in_one_json_line(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = ["--mx", "A.mx.example.gov.", "--mx", "b.example.gov"]
    code = main(["lint", "policy", str(policy), *hosts, "--revision", "3", "--format", "json"])
    (row,) = rows(capsys)
    findings = row.pop("findings")
    assert code == 1
    assert row == {
        "file": str(policy),
        "valid": True,
        "policy": {
            "version": "STSv1",
            "mode": "enforce",
            "max_age": 1209600,
            "mx": ["*.mx.example.gov"],
        },
        "id": policy_id(GOOD, 3),
        "mx": {"A.mx.example.gov.": True, "b.example.gov": False},
    }
    assert [(one["id"], one["evidence"]) for one in findings] == [
        ("policy-mx-uncovered", "b.example.gov")
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="bom"),
        pytest.param(b"\x00\x1b[31m" + GOOD, id="control"),
        pytest.param(GOOD.replace(b"\r\n", b"\r"), id="bare-cr"),
        pytest.param(b"\xff\xfe" * 50, id="not-utf8"),
        pytest.param(b"a" * 10_000_000, id="ten-megabytes"),
        pytest.param(b"", id="empty"),
    ],
)
def test_any_bytes_get_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    path = tmp_path / "body"
    path.write_bytes(body)
    assert main(["lint", "policy", str(path), "--format", "json"]) == 1
    (row,) = rows(capsys)
    assert (row["valid"], row["policy"], row["id"]) == (False, None, policy_id(body))
    assert row["findings"]


def test_a_policy_is_told_to_people(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy.write_bytes(GOOD + b"mx: a.b.c\r\nx: \x1b\r\n")
    assert main(["lint", "policy", str(policy), "--mx", "z.example.gov"]) == 1
    assert capsys.readouterr().out == (
        f"{policy}: invalid\n"
        f"  id {policy_id(policy.read_bytes())}\n"
        "  z.example.gov has no policy to cover it\n"
        "  error policy-control-character: line 6: a line has a control character "
        "(RFC 8461 section 3.2)\n"
        "      seen: x: \\x1b\n"
        "      fix: write only 'key: value' lines that end with CRLF\n"
    )


def test_coverage_is_told_to_people(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy.write_bytes(GOOD.replace(b"mx: ", b"mx: b.example.gov\r\nmx: "))
    main(["lint", "policy", str(policy), "--mx", "b.example.gov", "--mx", "c.example.gov"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:8] == [
        "  version STSv1",
        "  mode enforce",
        "  max_age 1209600",
        "  mx b.example.gov *.mx.example.gov",
        "  b.example.gov is covered",
        "  c.example.gov is not covered",
    ]


def test_a_body_past_the_limit_gets_no_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "body").touch()
    os.truncate(tmp_path / "body", READ_LIMIT + 1)
    assert main(["lint", "policy", str(tmp_path / "body"), "--format", "json"]) == 1
    (row,) = rows(capsys)
    assert (row["valid"], row["policy"], row["id"]) == (False, None, None)
    assert [one["id"] for one in row["findings"]] == ["policy-body-unread"]


def test_a_folder_is_named_like_a_missing_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", "record", "--kind", "sts", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"mtasts lint: {tmp_path}: Is a directory\n"


def test_a_missing_file_is_named_and_the_others_are_judged(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", "policy", str(policy) + "x", str(policy)]) == 2
    out, err = capsys.readouterr()
    assert "No such file" in err
    assert out.startswith(f"{policy}: valid\n")


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("info", 1)], ids=str)
def test_fail_on_sets_the_exit_code(policy: Path, fail_on: str, code: int) -> None:
    policy.write_bytes(GOOD.replace(b"\r\n", b"\n"))
    assert main(["lint", "policy", str(policy), "--fail-on", fail_on]) == code


@pytest.mark.parametrize(
    ("kind", "text", "outcome", "record"),
    [
        pytest.param("sts", b'"v=STSv1; " "id=1"\n', "valid", {"id": "1"}, id="sts"),
        pytest.param(
            "tlsrpt",
            b'"v=TLSRPTv1; rua=mailto:a@b.example"',
            "valid",
            {"rua": ["mailto:a@b.example"]},
            id="tlsrpt",
        ),
        pytest.param("sts", b'"v=STSv1; id=1"\n"v=STSv1; id=2"\n', "multiple", None, id="two"),
        pytest.param("sts", b"\n", "none", None, id="none"),
        pytest.param("sts", b'"v=STSv1; id=-"', "invalid", None, id="invalid"),
        pytest.param("sts", b'"v=STSv1; id=1', "invalid", None, id="open-quote"),
        pytest.param("sts", b"a\n" * 1001, "invalid", None, id="too-many"),
    ],
)
def test_records_from_standard_input(
    capsys: pytest.CaptureFixture[str],
    kind: str,
    text: bytes,
    outcome: str,
    record: dict[str, object] | None,
) -> None:
    main(["lint", "record", "--kind", kind, "-", "--format", "json"], FakeOutside(typed=text))
    (row,) = rows(capsys)
    assert (row["file"], row["outcome"], row["record"]) == ("-", outcome, record)
    assert bool(row["findings"]) == (outcome != "valid")


def test_a_record_is_told_to_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rrset"
    path.write_text('"v=TLSRPTv1; rua=mailto:a@b.example,https://b.example/"\n')
    assert main(["lint", "record", "--kind", "tlsrpt", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path}: valid\n"
        "  rua mailto:a@b.example https://b.example/\n"
        "  info tlsrpt-rua-several: there are several URIs: each gets every report "
        "(RFC 8460 section 3)\n"
        "      seen: mailto:a@b.example,https://b.example/\n"
    )


def test_a_stack_file_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text("config:\n  mtasts:mode: banana\n")
    assert main(["lint", "stack", str(path), "--format", "json"]) == 1
    (row,) = rows(capsys)
    assert not row["valid"]
    assert main(["lint", "stack", "-"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["lint", "policy", "-", "--domain", "a b"], id="domain"),
        pytest.param(["lint", "policy", "-", "--mx", "-x-"], id="option-like"),
        pytest.param(["lint", "policy", "-", "--revision", "+1"], id="revision"),
        pytest.param(["lint", "policy", "-", "-"], id="standard-input-twice"),
        pytest.param(["lint", "policy"], id="no-file"),
        pytest.param(["lint", "record", "-"], id="no-kind"),
        pytest.param(["lint"], id="no-subject"),
        pytest.param(["shrug"], id="no-such-command"),
        pytest.param([], id="nothing"),
    ],
)
def test_wrong_words_end_with_code_2(words: list[str]) -> None:
    try:
        code: object = main(words)
    except SystemExit as stop:
        code = stop.code
    assert code == 2


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS)], ids=str)
def test_every_help_shows_an_example(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*words, "--help"])
    assert stop.value.code == 0
    assert "mtasts" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["+1", "x", "1" * 5000], ids=["sign", "word", "endless"])
def test_a_wrong_revision_is_told_in_words(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["lint", "policy", "-", "--revision", text])
    assert stop.value.code == 2
    assert "is no revision: write 0 or a whole number above 0" in capsys.readouterr().err
