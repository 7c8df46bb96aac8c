"""``mtasts init``: what it writes, what it asks for, and that it never guesses."""

from __future__ import annotations

import argparse
import json
import stat
from typing import TYPE_CHECKING

import pytest
from fake_outside import FakeOutside
from loopback import Zone

from mtasts.check.stack_file import check_stack_file
from mtasts.cli import init
from mtasts.cli.init import MxRecords
from mtasts.cli.main import main
from mtasts.config import ConfigError, load_file
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import Severity
from mtasts.policy import Mode

if TYPE_CHECKING:
    from pathlib import Path

# The fake is data: what DNS says about each name; a name that is not here cannot be found out.
ZONE = {
    "example.gov": MxRecords(("mail1.example.gov", "mail2.example.gov")),
    "second.example": MxRecords(("mail.second.example",)),
    "xn--bcher-kva.example": MxRecords(("mail.xn--bcher-kva.example",)),
    "parked.example": MxRecords((".",)),
    "implicit.example": MxRecords(()),
    "contradictory.example": MxRecords((".", "mail.example")),
    "unnamed.example": MxRecords(("bad_host.example",)),
    "nosuch.example": MxRecords(domain_exists=False),
}


async def lookup(name: str) -> MxRecords:
    if name not in ZONE:
        raise UndeterminedError(f"SERVFAIL for {name}\x1b")
    return ZONE[name]


async def no_lookup(name: str) -> MxRecords:
    pytest.fail(f"{name} was looked up")


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    init.configure(parser)
    return parser.parse_args(words)


def create(folder: Path, *words: str) -> str:
    return init.create(arguments("agency", "--stacks", str(folder), *words), lookup)


def test_a_new_file_is_valid_in_testing_mode_with_the_live_mx(tmp_path: Path) -> None:
    folder = tmp_path / "stacks"
    said = create(folder, "--domain", "example.gov", "--account", "012345678901")
    path = folder / "Pulumi.agency.yaml"
    config = load_file(path)
    assert [str(pattern) for pattern in config.domains[0].mx] == [
        "mail1.example.gov",
        "mail2.example.gov",
    ]
    assert config.domains[0].mode is Mode.TESTING
    assert (config.agency, config.region) == ("agency", "us-east-1")
    assert config.allowed_account_ids == ("012345678901",)
    assert config.domains[0].tls_reports == ("mailto:tlsrpt@example.gov",)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    assert f"wrote {path}, in mode testing" in said


def test_the_next_steps_lead_to_enforce(tmp_path: Path) -> None:
    said = create(tmp_path, "--domain", "example.gov")
    path = tmp_path / "Pulumi.agency.yaml"
    assert said.partition("next:\n")[2].splitlines() == [
        f"  1. review mx, dkimSelectors and profile in {path}",
        (
            "  2. create the mailbox tlsrpt@example.gov, or write another address under "
            "mtasts:tlsReports"
        ),
        "  3. set aws:allowedAccountIds to the AWS account of this agency",
        f"  4. mtasts lint stack {path}",
        "  5. pulumi login  # or pulumi login s3://BUCKET, to keep the state in your own bucket",
        "  6. pulumi stack init agency",
        "  7. pulumi preview -s agency",
        "  8. pulumi up -s agency",
        (
            "  9. collect TLS reports for two weeks; then, on a machine with port 25 open to the "
            "outside:"
        ),
        "  10. mtasts gate collect example.gov --reports FOLDER",
        "  11. pulumi config set mtasts:mode enforce -s agency && pulumi up -s agency",
    ]


def test_every_argument_reaches_the_file(tmp_path: Path) -> None:
    said = create(
        tmp_path,
        *("--domain", "EXAMPLE.gov.", "--domain", "bücher.example", "--domain", "parked.example"),
        *("--title", 'Office "A": #1', "--region", "eu-west-2", "--account", "123456789012"),
        *("--tls-report", "mailto:a@reports.example", "--tls-report", "https://reports.example/"),
        *("--dkim-selector", "s1", "--dkim-selector", "s2"),
    )
    path = tmp_path / "Pulumi.agency.yaml"
    config = load_file(path)
    assert (config.agency, config.region) == ('Office "A": #1', "eu-west-2")
    assert [domain.name for domain in config.domains] == [
        "example.gov",
        "xn--bcher-kva.example",
        "parked.example",
    ]
    assert config.domains[1].tls_reports == (
        "mailto:a@reports.example",
        "https://reports.example/",
    )
    assert config.domains[0].dkim_selectors == ("s1", "s2")
    assert config.domains[2].parked
    assert 'name: "bücher.example" # xn--bcher-kva.example' in path.read_text(encoding="utf-8")
    assert "parked.example: parked: it receives no mail" in said
    assert "create the mailbox" not in said
    assert "allowedAccountIds" not in said


def test_lint_finds_no_error_in_what_is_written(tmp_path: Path) -> None:
    create(tmp_path, "--domain", "example.gov", "--domain", "parked.example")
    findings = check_stack_file(tmp_path / "Pulumi.agency.yaml")
    assert {finding.id for finding in findings} == {
        "stack-account-not-pinned",
        "stack-dkim-selectors-missing",
        "stack-report-mailbox-within-domain",
    }
    assert max(finding.severity for finding in findings) is Severity.WARNING


def test_an_agency_of_parked_domains_needs_no_mailbox(tmp_path: Path) -> None:
    said = create(tmp_path, "--domain", "parked.example")
    assert load_file(tmp_path / "Pulumi.agency.yaml").domains[0].tls_reports == ()
    assert "mailbox" not in said


@pytest.mark.parametrize(
    ("given", "expect"),
    [(["mx.provider.example"], ["mx.provider.example"]), (["."], [])],
    ids=["host", "null"],
)
def test_given_mx_hosts_override_the_look_up(
    tmp_path: Path, given: list[str], expect: list[str]
) -> None:
    words = ["agency", "--stacks", str(tmp_path), "--domain", "nosuch.example", "--offline"]
    for host in given:
        words += ["--mx", host]
    init.create(arguments(*words), no_lookup)
    domain = load_file(tmp_path / "Pulumi.agency.yaml").domains[0]
    assert [str(pattern) for pattern in domain.mx] == expect


def test_json_is_one_object(tmp_path: Path) -> None:
    said = create(
        tmp_path, "--domain", "example.gov", "--domain", "parked.example", "--format", "json"
    )
    document = json.loads(said)
    assert list(document) == ["agency", "file", "project", "domains", "next"]
    assert (document["agency"], document["project"]) == ("agency", [])
    assert document["file"] == str(tmp_path / "Pulumi.agency.yaml")
    assert document["domains"] == [
        {
            "name": "example.gov",
            "mx": ["mail1.example.gov", "mail2.example.gov"],
            "parked": False,
        },
        {"name": "parked.example", "mx": [], "parked": True},
    ]
    assert document["next"][0].startswith("review ")


@pytest.mark.parametrize(
    ("words", "expect"),
    [
        (("--domain", "implicit.example"), "--mx implicit.example"),
        (("--domain", "nosuch.example"), "does not exist in DNS"),
        (("--domain", "contradictory.example"), "a null MX and other MX records"),
        (("--domain", "gov"), "only one label"),
        (("--domain", "mta-sts.example.gov"), "the mail domain itself"),
        (("--domain", "example.gov", "--offline"), "--mx HOST"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_what_has_to_be_given_differently(
    tmp_path: Path, words: tuple[str, ...], expect: str
) -> None:
    with pytest.raises(UsageError, match=expect):
        create(tmp_path, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "-a", ".a", "ä", "a" * 101, "a\n"])
def test_a_stack_name_that_pulumi_refuses_is_refused(tmp_path: Path, name: str) -> None:
    given = arguments("x", "--stacks", str(tmp_path), "--domain", "example.gov")
    given.agency = name
    with pytest.raises(UsageError, match="is no stack name"):
        init.create(given, no_lookup)


def test_what_cannot_be_found_out_is_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(UndeterminedError) as caught:
        create(tmp_path, "--domain", "example.gov", "--domain", "broken.example")
    assert str(caught.value) == (
        "broken.example: DNS gave no answer about its MX records (SERVFAIL for "
        "broken.example\\x1b); nothing was written. Try again, or give the MX hosts with --mx HOST"
    )
    assert list(tmp_path.iterdir()) == []


def test_all_problems_are_told_at_once_and_mistakes_weigh_more(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        create(tmp_path, *("--domain", "gov", "--domain", "broken.example"))
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == ["--domain", "broken.example:"]


def test_a_bug_in_the_look_up_is_not_swallowed(tmp_path: Path) -> None:
    async def broken(name: str) -> MxRecords:
        raise ZeroDivisionError(name)

    given = arguments("a", "--stacks", str(tmp_path), "--domain", "example.gov")
    with pytest.raises(ZeroDivisionError):
        init.create(given, broken)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--account", "12345"), "config-account-invalid"),
        (("--region", "us-gov-west-1"), "config-region-without-cloudfront"),
        (("--tls-report", "tlsrpt@example.gov"), "config-report-uri-scheme"),
        (("--title", "a\nmtasts:mode: enforce"), "config-control-character"),
        (("--title", "\udcff"), "config-file-not-utf-8"),
        (("--domain", "Example.GOV"), "config-domain-repeated"),
        (("--mx", "192.0.2.7"), "config-mx-address-literal"),
        (("--domain", "unnamed.example"), "config-mx-invalid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_are_held_to_the_config_before_anything_is_written(
    tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        create(tmp_path, "--domain", "example.gov", *words)
    assert [finding.id for finding in caught.value.findings] == [what]
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_only_when_forced(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.agency.yaml"
    path.write_text("kept", encoding="utf-8")
    with pytest.raises(UsageError, match="exists: edit it, or replace it with --force"):
        create(tmp_path, "--domain", "example.gov")
    assert path.read_text(encoding="utf-8") == "kept"
    create(tmp_path, "--domain", "example.gov", "--force")
    assert load_file(path).agency == "agency"


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.agency.yaml"

    async def slow(name: str) -> MxRecords:
        path.write_text("theirs", encoding="utf-8")
        return ZONE[name]

    given = arguments("agency", "--stacks", str(tmp_path), "--domain", "example.gov")
    with pytest.raises(UsageError, match="exists"):
        init.create(given, slow)
    assert path.read_text(encoding="utf-8") == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written: Not a directory"):
        create(tmp_path / "file" / "stacks", "--domain", "example.gov")


# --- the command itself --------------------------------------------------------------------------

DNS = Zone(
    {
        ("live.example", "MX"): ("20 backup.live.example", "10 mx.live.example"),
        ("null.example", "MX"): ("0 .",),
        ("empty.example", "MX"): (),
    },
    failing=frozenset({("broken.example", "MX")}),
)


def inside(resolver: str) -> FakeOutside:
    """The environment of a local cloud, with that resolver."""
    nowhere = dict.fromkeys(("AWS_ENDPOINT_URL", "CLOUDFLARE_BASE_URL"), "http://127.0.0.1:1")
    return FakeOutside({"MTASTS_LOCAL_CLOUD": "/somewhere", "MTASTS_RESOLVER": resolver, **nowhere})


def run(folder: Path, *words: str, outside: FakeOutside | None = None) -> int:
    found = FakeOutside(zone=DNS) if outside is None else outside
    return main(["init", "agency", "--stacks", str(folder), *words], found)


def test_live_mx_records_are_taken_in_order_of_preference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--domain", "live.example", "--domain", "null.example") == 0
    live, null = load_file(tmp_path / "Pulumi.agency.yaml").domains
    assert [str(pattern) for pattern in live.mx] == ["mx.live.example", "backup.live.example"]
    assert null.parked
    printed = capsys.readouterr()
    assert printed.out.startswith("wrote ")
    assert printed.err == ""


@pytest.mark.parametrize(
    ("words", "code", "expect"),
    [
        (("--domain", "empty.example"), 2, "has no MX record"),
        (("--domain", "nosuch.example"), 2, "does not exist in DNS"),
        (
            ("--domain", "broken.example"),
            3,
            "could not find out: broken.example: DNS gave no answer",
        ),
        (("--domain", "live.example", "--account", "1"), 2, "is no AWS account id"),
    ],
    ids=["no-mx", "nxdomain", "servfail", "config"],
)
def test_exit_codes_keep_no_apart_from_could_not_tell(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    expect: str,
) -> None:
    assert run(tmp_path, *words) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("mtasts: ")
    assert expect in printed.err
    assert list(tmp_path.iterdir()) == []


def test_given_hosts_need_no_resolver(tmp_path: Path) -> None:
    words = ("--domain", "example.gov", "--mx", "mail.example.gov", "--offline")
    assert run(tmp_path, *words, outside=inside("127.0.0.1:1")) == 0


def test_a_resolver_off_this_machine_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = inside("192.0.2.53:53")
    assert run(tmp_path, "--domain", "example.gov", outside=outside) == 2
    assert "loopback" in capsys.readouterr().err


CLOUDFLARE = "0123456789abcdef" * 2


def test_a_stack_on_cloudflare_names_its_account_and_needs_no_region(tmp_path: Path) -> None:
    said = create(tmp_path, "--domain", "example.gov", "--cloudflare-account", CLOUDFLARE)
    config = load_file(tmp_path / "Pulumi.agency.yaml")
    assert (config.hosting, config.dns, config.region) == ("cloudflare", "cloudflare", None)
    assert config.cloudflare_account == CLOUDFLARE
    assert "aws:" not in said


def test_one_cloud_hosts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give one"):
        create(
            tmp_path,
            *("--domain", "example.gov", "--account", "012345678901"),
            *("--cloudflare-account", CLOUDFLARE),
        )
