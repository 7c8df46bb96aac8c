"""What `mtasts lint stack` says about a stack file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtasts.check.stack_file import check_stack_file
from mtasts.findings import Finding, Severity

STACKS = Path(__file__).parents[3] / "stacks"

HEAD = """\
config:
  aws:region: us-east-1
  aws:allowedAccountIds: ["123456789012"]
  mtasts:agency: Department of Examples
  mtasts:tlsReports: [mailto:tlsrpt@reports.example]
"""
DOMAIN = """\
  mtasts:domains:
    - name: example.gov
      mx: [mail1.example.gov]
      dkimSelectors: [s1]
"""


def check(tmp_path: Path, text: str, name: str = "Pulumi.a.yaml") -> list[Finding]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return check_stack_file(path)


@pytest.mark.parametrize("path", sorted(STACKS.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_the_example_agencies_have_nothing_to_regret(path: Path) -> None:
    assert check_stack_file(path) == []


WARNING, INFO = Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        (HEAD + "  mtasts:mode: enforce\n" + DOMAIN, [("stack-max-age-short", WARNING)]),
        (HEAD + "  mtasts:mode: enforce\n  mtasts:maxAge: 1209600\n" + DOMAIN, []),
        (HEAD + "  mtasts:mode: testing\n  mtasts:maxAge: 86400\n" + DOMAIN, []),
        (HEAD + "  mtasts:mode: none\n" + DOMAIN, [("stack-max-age-long", INFO)]),
        (HEAD + "  mtasts:mode: none\n  mtasts:maxAge: 86400\n" + DOMAIN, []),
        (HEAD + "  mtasts:ttl: 3601\n" + DOMAIN, [("stack-ttl-long", WARNING)]),
        (HEAD + "  mtasts:ttl: 3600\n" + DOMAIN, []),
        (HEAD + "  mtasts:cacheSeconds: 301\n" + DOMAIN, [("stack-cache-long", WARNING)]),
        (HEAD + "  mtasts:cacheSeconds: 300\n" + DOMAIN, []),
        (
            HEAD + DOMAIN.replace("      dkimSelectors: [s1]\n", ""),
            [("stack-dkim-selectors-missing", WARNING)],
        ),
        (
            HEAD.replace('  aws:allowedAccountIds: ["123456789012"]\n', "") + DOMAIN,
            [("stack-account-not-pinned", WARNING)],
        ),
        (
            HEAD.replace("reports.example", "Example.GOV.") + DOMAIN,
            [("stack-report-mailbox-within-domain", INFO)],
        ),
        (
            HEAD.replace("reports.example", "reports.example.gov?x=y@z") + DOMAIN,
            [("stack-report-mailbox-within-domain", INFO)],
        ),
        (HEAD.replace("reports.example", "reports-example.gov") + DOMAIN, []),
        (HEAD.replace("mailto:tlsrpt@", "https://") + DOMAIN, []),
        (
            HEAD.replace("tlsrpt@reports.example", "tls-rua@mailcheck.service.ncsc.gov.uk")
            + DOMAIN,
            [("stack-report-mailbox-retired", WARNING)],
        ),
        (
            HEAD + DOMAIN.replace("mail1.example.gov", '"*.example.gov"'),
            [("stack-mx-wildcard-wide", WARNING)],
        ),
        (
            HEAD
            + DOMAIN.replace("mail1.example.gov", '"*.example.gov"').replace("name: ", "name: m."),
            [("stack-mx-wildcard-wide", WARNING)],
        ),
        (HEAD + DOMAIN.replace("mail1.example.gov", '"*.mx.example.gov"'), []),
        (
            HEAD
            + DOMAIN
            + "      override: {for: [zone-wait], reason: move, approvedBy: the board, "
            + "expires: 2027-01-31}\n",
            [("stack-override", INFO)],
        ),
        (
            HEAD
            + "  mtasts:ttl: 86400\n  mtasts:mode: none\n"
            + "  mtasts:domains: [{name: parked.example, mx: []}]\n",
            [],
        ),
    ],
    ids=lambda value: "-".join(id_ for id_, _ in value) if isinstance(value, list) else "",
)  # fmt: skip
def test_warnings(tmp_path: Path, text: str, expect: list[tuple[str, Severity]]) -> None:
    findings = check(tmp_path, text)
    assert [(finding.id, finding.severity) for finding in findings] == expect
    assert all(finding.fix and finding.clause for finding in findings)


def test_a_finding_about_a_domain_names_file_domain_and_key(tmp_path: Path) -> None:
    (finding,) = check(tmp_path, HEAD + "  mtasts:mode: enforce\n" + DOMAIN)
    assert finding.summary == (
        f"{tmp_path}/Pulumi.a.yaml: example.gov: maxAge: "
        "senders may forget the enforced policy after 604800 s"
    )


@pytest.mark.parametrize("name", ["a.yaml", "Pulumi.yaml", "Pulumi.a.yml", "pulumi.a.yaml"])
def test_a_file_that_pulumi_would_not_find_is_named(tmp_path: Path, name: str) -> None:
    findings = check(tmp_path, HEAD + DOMAIN, name)
    assert [finding.id for finding in findings] == ["stack-file-name"]


TEN_MISTAKES = """\
config:
  aws:region: us-gov-west-1
  mtasts:agency: ""
  mtasts:mode: banana
  mtasts:maxAge: 1_209_600
  mtasts:max_age: 604800
  mtasts:tlsReports: [tlsrpt@example.gov]
  mtasts:domains:
    - name: example.gov
      mx: [192.0.2.7, mail]
    - name: EXAMPLE.gov.
      mx: [mail1.example.gov]
      zoneId: {secure: v1:abc}
"""


def test_ten_mistakes_get_ten_findings_with_line_key_and_fix(tmp_path: Path) -> None:
    findings = check(tmp_path, TEN_MISTAKES)
    places = [finding.summary.removeprefix(f"{tmp_path}/Pulumi.a.yaml:") for finding in findings]
    assert [": ".join(place.split(": ")[:2]) for place in places] == [
        "2: aws:region",
        "3: mtasts:agency",
        "4: mtasts:mode",
        "5: mtasts:maxAge",
        "6: mtasts:max_age",
        "7: mtasts:tlsReports[0]",
        "10: mtasts:domains[0].mx[0]",
        "10: mtasts:domains[0].mx[1]",
        "11: mtasts:domains[1].name",
        "13: mtasts:domains[1].zoneId",
    ]
    assert all(finding.fix and finding.severity is Severity.ERROR for finding in findings)


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    (finding,) = check_stack_file(tmp_path / "Pulumi.none.yaml")
    assert finding.id == "config-file-unreadable"


@pytest.mark.parametrize(
    ("other", "name", "expect"),
    [
        (DOMAIN, "Pulumi.b.yaml", ["stack-domain-elsewhere"]),
        (DOMAIN.replace("example.gov", "EXAMPLE.gov"), "Pulumi.b.yaml", ["stack-domain-elsewhere"]),
        (DOMAIN.replace("[mail1.example.gov]", "[]"), "Pulumi.b.yaml", ["stack-domain-elsewhere"]),
        # It cannot be applied, and is to be corrected: then both would publish the domain.
        (DOMAIN + "  mtasts:mode: banana\n", "Pulumi.b.yaml", ["stack-domain-elsewhere"]),
        (DOMAIN.replace("name: example.gov", "name: other.gov"), "Pulumi.b.yaml", []),
        (DOMAIN.replace("name: example.gov", "name: sub.example.gov"), "Pulumi.b.yaml", []),
        ("  mtasts:domains: '[{\"name\": \"example.gov\"}]'\n", "Pulumi.b.yaml", [
            "stack-domain-elsewhere"
        ]),
        ("  mtasts:domains: [{name: a b}, 5, {}]\n", "Pulumi.b.yaml", []),
        ("  mtasts:domains: {}\n", "Pulumi.b.yaml", ["stack-file-unreadable"]),
        ("  mtasts:domains: {secure: v1:abc}\n", "Pulumi.b.yaml", ["stack-file-unreadable"]),
        ("  mtasts:domains: [\n", "Pulumi.b.yaml", ["stack-file-unreadable"]),
        ("", "Pulumi.b.yaml", []),
        (DOMAIN, "b.yaml", []),
    ],
)  # fmt: skip
def test_a_domain_is_in_one_stack_file_of_the_folder(
    tmp_path: Path, other: str, name: str, expect: list[str]
) -> None:
    (tmp_path / name).write_text(HEAD + other, encoding="utf-8")
    findings = check(tmp_path, HEAD + DOMAIN)
    assert [finding.id for finding in findings] == expect
    for finding in findings:
        assert finding.severity is (
            Severity.ERROR if finding.id == "stack-domain-elsewhere" else Severity.WARNING
        )
        assert finding.summary.startswith(f"{tmp_path}/Pulumi.a.yaml: ")
        assert "Pulumi.b.yaml" in finding.summary


def test_a_stack_file_that_went_away_meanwhile_may_have_any_domain(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.b.yaml").symlink_to(tmp_path / "gone")
    (finding,) = check(tmp_path, HEAD + DOMAIN)
    assert finding.id == "stack-file-unreadable"


def test_the_mistakes_of_a_file_hide_no_domain_that_is_elsewhere_too(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.b.yaml").write_text(HEAD + DOMAIN, encoding="utf-8")
    findings = check(tmp_path, HEAD + "  mtasts:mode: banana\n" + DOMAIN)
    assert findings[-1].id == "stack-domain-elsewhere"
    assert len(findings) == 2
