"""Reading a stack file: lines, the engine's view of YAML, and files that mean harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtasts.config import ConfigError, Hosting, load_file, load_text, secrets_provider
from mtasts.config.source import SIZE_LIMIT
from mtasts.policy import Mode

STACKS = Path(__file__).parents[3] / "stacks"

JSON_TEXT = "'[\"mailto:tlsrpt@reports.example\"]'"
GOOD = """\
# a comment
config:
  aws:region: us-east-1
  mtasts:agency: Department of Examples
  mtasts:tlsReports: [mailto:tlsrpt@reports.example]
  mtasts:domains:
    - name: example.gov
      mx:
        [mail1.example.gov, mail2.example.gov]
      override:
        for: [evidence]
        reason: change window
        approvedBy: the change board
        expires: 2027-01-31
"""


def problems(raw: bytes | str) -> list[tuple[str, str]]:
    """Id and place of every finding."""
    with pytest.raises(ConfigError) as caught:
        load_text(raw if isinstance(raw, bytes) else raw.encode(), file="f")
    findings = caught.value.findings
    assert all(finding.fix for finding in findings)
    return [(finding.id, finding.summary.split(": ")[0]) for finding in findings]


def test_a_stack_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.a.yaml"
    path.write_text(GOOD, encoding="utf-8")
    config = load_file(path)
    assert [str(pattern) for pattern in config.domains[0].mx] == [
        "mail1.example.gov",
        "mail2.example.gov",
    ]
    assert config.file == str(path)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("mtasts:agency", "agency").encode(),
        GOOD.replace("mtasts:agency", "mtasts:config:agency").encode(),
        GOOD.replace("2027-01-31", '"2027-01-31"').encode(),
        GOOD.replace("2027-01-31", "2027-01-31 00:00:00 +0000 UTC").encode(),
        GOOD.replace("[mailto:tlsrpt@reports.example]", JSON_TEXT).encode(),
        GOOD.encode() + b"encryptionsalt: v1:x\nenvironment: [x]\n",
        GOOD.encode() + b"  other:key: {a: [1, 2.5, ~, true, No, 0x10]}\n",
        b"---\n" + GOOD.encode() + b"...\n",
        (
            b'{"config": {"aws:region": "us-east-1", "mtasts:agency": "Department of Examples",'
            b'"mtasts:tlsReports": ["mailto:tlsrpt@reports.example"], "mtasts:domains": [{"name":'
            b'"example.gov", "mx": ["mail1.example.gov", "mail2.example.gov"], "override": {'
            b'"for": ["evidence"], "reason": "change window", "approvedBy": "the change board",'
            b'"expires": "2027-01-31"}}]}}'
        ),
    ],
    ids=[
        "byte-order-mark",
        "crlf",
        "bare-key",
        "config-in-key",
        "quoted-date",
        "respelt-date",
        "json-text",
        "other-top-level-keys",
        "other-namespaces",
        "document-marks",
        "json",
    ],
)  # fmt: skip
def test_other_spellings_mean_the_same(raw: bytes) -> None:
    assert load_text(raw, file="f") == load_text(GOOD.encode(), file="f")


def test_findings_name_the_line() -> None:
    text = GOOD.replace("mail2.example.gov", "192.0.2.7").replace("us-east-1", "cn-north-1")
    assert problems(text) == [
        ("config-region-without-cloudfront", "f:3"),
        ("config-mx-address-literal", "f:9"),
    ]


def test_a_missing_key_is_placed_at_its_entry() -> None:
    assert problems(GOOD.replace("name: example.gov", "ttl: 300")) == [
        ("config-missing-key", "f:7")
    ]


@pytest.mark.parametrize(
    ("line", "expect"),
    [
        ("mtasts:maxAge: 604800", None),
        ("mtasts:maxAge: '604800'", None),
        ("mtasts:maxAge: 604_800", "config-no-whole-number"),
        ("mtasts:maxAge: 0x93A80", "config-no-whole-number"),
        ("mtasts:maxAge: 0o2234600", "config-no-whole-number"),
        ("mtasts:maxAge: 0604800", "config-no-whole-number"),
        ("mtasts:maxAge: +604800", "config-no-whole-number"),
        ("mtasts:maxAge: 168:00:00", "config-no-whole-number"),
        ("mtasts:maxAge: 604800.0", "config-no-whole-number"),
        ("mtasts:maxAge: 6048e2", "config-no-whole-number"),
        ("mtasts:maxAge: .inf", "config-no-whole-number"),
        ("mtasts:maxAge: true", "config-no-whole-number"),
        ("mtasts:maxAge: 9999999999999999999999", "config-no-whole-number"),
        ("mtasts:maxAge:", "config-empty"),
        ("mtasts:maxAge: ~", "config-empty"),
        ("mtasts:reroll: 7", None),
        ("mtasts:reroll: '007'", None),
        ("mtasts:reroll: 007", "config-unquoted"),
        ("mtasts:reroll: 1.10", "config-unquoted"),
        ("mtasts:reroll: 2026-01-31", "config-unquoted"),
        ("mtasts:reroll: '2026-01-31'", None),
        ("mtasts:reroll: v1.10", None),
        ("aws:allowedAccountIds: ['012345678901']", None),
        ("aws:allowedAccountIds: [123456789012]", None),
        ("aws:allowedAccountIds: [012345678901]", "config-unquoted"),
        ("mtasts:mode: none", None),
        ("mtasts:mode: !!str none", "config-yaml-tag"),
        ("mtasts:mode: {secure: v1:abc}", "config-secret"),
    ],
)
def test_scalars_mean_what_the_engine_takes_them_for(line: str, expect: str | None) -> None:
    text = GOOD + f"  {line}\n"
    if expect is None:
        assert load_text(text.encode(), file="f").domains[0].mode in Mode
    else:
        assert problems(text) == [(expect, "f:15")]


@pytest.mark.parametrize(
    ("raw", "expect"),
    [
        (b"", ("config-file-shape", "f")),
        (b"# only a comment\n", ("config-file-shape", "f")),
        (b"- a\n", ("config-file-shape", "f")),
        (b"text\n", ("config-file-shape", "f")),
        (b"settings:\n  mtasts:mode: testing\n", ("config-file-shape", "f")),
        (b"x: 1\nconfig: testing\n", ("config-file-shape", "f:2")),
        (b"config:\n", ("config-file-shape", "f:1")),
        (b"config: {}\n---\nconfig: {}\n", ("config-yaml-several-documents", "f:2")),
        (b"config:\n  a: b: c\n", ("config-yaml-syntax", "f:2")),
        (b"config:\n\ta: b\n", ("config-yaml-tab", "f:2")),
        (b"config: [\n", ("config-yaml-syntax", "f:2")),
        (b"config: \x00\n", ("config-yaml-syntax", "f")),
        (b"config:\n  a: \xff\n", ("config-file-not-utf-8", "f:2")),
        (GOOD.encode("utf-16"), ("config-file-not-utf-8", "f:1")),
        (b"config: &a {}\n", ("config-yaml-alias", "f:1")),
        (b"config:\n  mtasts:x: *a\n", ("config-yaml-alias", "f:2")),
        (b"config: !!python/object/apply:os.system ['true']\n", ("config-yaml-tag", "f:1")),
        (b"config:\n  <<: {aws:profile: other}\n", ("config-yaml-merge", "f:2")),
        (b"config:\n  x:\n  - name: a\n    '<<': {dnsRoleArn: b}\n", ("config-yaml-merge", "f:4")),
        (b"? [a]\n: b\n", ("config-yaml-key", "f:1")),
        (b"config: " + b"[" * 33 + b"]" * 33, ("config-yaml-too-deep", "f:1")),
        (b"config: " + b"[" * 900, ("config-yaml-too-deep", "f:1")),
        (b"config: " + b"{a: " * 100_000, ("config-yaml-too-deep", "f:1")),
        (b" " * (SIZE_LIMIT + 1), ("config-file-too-large", "f")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else ascii(value[:24]),
)
def test_what_is_no_stack_file_gets_one_finding(raw: bytes, expect: tuple[str, str]) -> None:
    assert problems(raw) == [expect]


def test_aliases_that_would_multiply_are_never_expanded() -> None:
    bomb = "config:\n  a: &a [x, x]\n" + "".join(
        f"  {chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)
    )
    assert problems(bomb) == [("config-yaml-alias", "f:2")]


def test_duplicate_keys_are_found_at_every_level_beside_other_mistakes() -> None:
    text = GOOD.replace("      mx:\n", "      name: other.example\n      mx:\n")
    text += "  mtasts:agency: Other\n  agency: Third\n  mtasts:mode: banana\n"
    assert problems(text) == [
        ("config-key-repeated", "f:8"),
        ("config-key-repeated", "f:16"),
        ("config-key-repeated", "f:17"),
        ("config-unknown-word", "f:18"),
    ]


def test_a_key_beside_config_is_not_ignored_as_pulumi_does() -> None:
    assert problems("mtasts:mode: enforce\n" + GOOD) == [("config-key-outside-config", "f:1")]


def test_a_file_that_is_not_there_or_not_readable_gets_a_finding(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (tmp_path / "none.yaml", tmp_path, fifo):
        with pytest.raises(ConfigError) as caught:
            load_file(path)
        (finding,) = caught.value.findings
        assert finding.id == "config-file-unreadable"
        assert str(path) in finding.summary


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.large.yaml"
    with path.open("wb") as file:
        file.truncate(10 * 1024 * 1024 * 1024)
    with pytest.raises(ConfigError) as caught:
        load_file(path)
    assert [finding.id for finding in caught.value.findings] == ["config-file-too-large"]


@pytest.mark.parametrize("path", sorted(STACKS.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_the_example_agencies_are_valid(path: Path) -> None:
    config = load_file(path)
    pinned = config.allowed_account_ids == ("123456789012",)
    assert pinned if config.hosting is Hosting.AWS else config.cloudflare_account


def test_the_examples_show_overrides_a_parked_and_an_international_domain() -> None:
    agency, department, international = (
        load_file(STACKS / f"Pulumi.example-{name}.yaml")
        for name in ("agency", "department", "international")
    )
    assert [domain.name for domain in agency.domains] == ["example.gov"]
    assert [domain.parked for domain in department.domains] == [False] * 4 + [True]
    assert {domain.max_age for domain in department.domains} == {604800, 86400}
    assert international.domains[0].name == "xn--bcher-kva.example"


PIECES = st.sampled_from(
    b"config:@\n  @mtasts:@- @name: @[@]@{@}@&a @*a@!x @'@\"@|@\t@: @? @\xff@---\n@#".split(b"@")
)


@given(st.binary(max_size=200) | st.lists(PIECES, max_size=30).map(b"".join))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_it_crash(raw: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(raw, file="f")
    assert all(finding.summary.isprintable() for finding in caught.value.findings)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", None),
        ("encryptionsalt: v1:a:b\n", None),
        ("secretsprovider: default\n", None),
        ("secretsprovider: gcpkms://projects/p\n", "gcpkms://projects/p"),
    ],
)
def test_what_encrypts_the_secrets_of_a_file(tmp_path: Path, line: str, found: str | None) -> None:
    path = tmp_path / "Pulumi.agency.yaml"
    path.write_text(f"{line}config:\n  mtasts:agency: A\n")
    assert secrets_provider(path) == found
    path.write_text("no mapping")
    with pytest.raises(ConfigError, match=r"Pulumi\.agency\.yaml"):
        secrets_provider(path)
