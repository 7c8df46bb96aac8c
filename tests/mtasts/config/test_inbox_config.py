"""``mtasts:inbox``: what is read of it, every mistake at once, and no mail domains beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mtasts.check.stack_file import check_stack_file
from mtasts.config import ConfigError, Dns, Hosting, load, load_inbox, load_inbox_stack
from mtasts.config.folder import agency_files, is_inbox_file
from mtasts.config.hosts import Mailbox
from mtasts.config.inbox_schema import InboxFields

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "0123456789abcdef0123456789abcdef"
ADDRESS = "tlsrpt@reports.example.gov"
REGION = {"aws:region": "us-east-1"}
COMBINATION = "config-impossible-combination"
INBOX = "mtasts:inbox"


def mistakes(values: dict[str, object], secrets: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """The id and the key of every mistake, in their order."""
    with pytest.raises(ConfigError) as refused:
        load_inbox(values, file="stacks/Pulumi.inbox.yaml", secret_keys=secrets)
    rows = [(each.id, each.summary.split(": ")[1]) for each in refused.value.findings]
    assert all(each.fix for each in refused.value.findings)
    return rows


def test_the_defaults_are_those_of_the_documentation() -> None:
    found = load_inbox({**REGION, "mtasts:inbox": {"address": ADDRESS}}, file="f")
    assert found.address == Mailbox("tlsrpt", "reports.example.gov")
    assert str(found.address) == ADDRESS
    assert (found.hosting, found.dns) == (Hosting.AWS, Dns.ROUTE53)
    assert (found.keep_days, found.at_once, found.per_minute) == (400, 5, 60)


def test_at_cloudflare_it_needs_an_account_and_nothing_of_aws() -> None:
    inbox = {"address": ADDRESS, "hosting": "cloudflare", "perMinute": 7, "zoneId": ACCOUNT}
    found = load_inbox({"mtasts:cloudflareAccount": ACCOUNT, INBOX: inbox}, file="f")
    assert (found.hosting, found.dns) == (Hosting.CLOUDFLARE, Dns.CLOUDFLARE)
    assert (found.region, found.cloudflare_account) == ("", ACCOUNT)
    assert (found.per_minute, found.zone_id) == (7, ACCOUNT)


def test_the_program_gets_it_as_json() -> None:
    text = '{"address": "tlsrpt@Reports.example.gov", "keepDays": "30", "atOnce": 7}'
    found = load_inbox({**REGION, "mtasts:inbox": text}, file="f")
    assert str(found.address) == ADDRESS
    assert (found.keep_days, found.at_once) == (30, 7)


@pytest.mark.parametrize(
    ("inbox", "beside", "expected"),
    [
        pytest.param({}, {}, [("config-missing-key", f"{INBOX}.address")], id="empty"),
        pytest.param(
            {"address": f"mailto:{ADDRESS}"},
            {},
            [("config-report-uri-invalid", f"{INBOX}.address")],
            id="a URI",
        ),
        pytest.param(
            {"address": f"{ADDRESS}?subject=x"},
            {},
            [("config-report-uri-invalid", f"{INBOX}.address")],
            id="parameters",
        ),
        pytest.param(
            {"address": "reports.example.gov"},
            {},
            [("config-report-uri-invalid", f"{INBOX}.address")],
            id="no address",
        ),
        pytest.param(
            {"address": ADDRESS, "keepDays": 29, "atOnce": 0, "zap": 1},
            {},
            [
                ("config-out-of-range", f"{INBOX}.keepDays"),
                ("config-out-of-range", f"{INBOX}.atOnce"),
                ("config-unknown-key", f"{INBOX}.zap"),
            ],
            id="bounds",
        ),
        pytest.param(
            {"address": ADDRESS, "hosting": "cloudflare", "dns": "manual", "atOnce": 5},
            {},
            [
                (COMBINATION, f"{INBOX}.dns"),
                (COMBINATION, f"{INBOX}.atOnce"),
                ("config-missing-key", "mtasts:cloudflareAccount"),
            ],
            id="cloudflare with what is AWS's",
        ),
        pytest.param(
            {
                "address": ADDRESS,
                "hosting": "cloudflare",
                "dns": "route53",
                "zoneId": "Z0123456789",
            },
            {"mtasts:cloudflareAccount": ACCOUNT},
            [(COMBINATION, f"{INBOX}.dns")],
            id="cloudflare with a zone at Route 53",
        ),
        pytest.param(
            {"address": ADDRESS, "hosting": "cloudflare", "dns": "delegated"},
            {"mtasts:cloudflareAccount": ACCOUNT},
            [(COMBINATION, f"{INBOX}.dns")],
            id="cloudflare delegated",
        ),
        pytest.param(
            {"address": ADDRESS, "perMinute": 60},
            {},
            [(COMBINATION, f"{INBOX}.perMinute")],
            id="aws with what is Cloudflare's",
        ),
        pytest.param(
            {"address": ADDRESS, "hosting": "cloudflare", "perMinute": 6001, "keepDays": 3651},
            {"mtasts:cloudflareAccount": ACCOUNT},
            [
                ("config-out-of-range", f"{INBOX}.perMinute"),
                ("config-out-of-range", f"{INBOX}.keepDays"),
            ],
            id="bounds at cloudflare",
        ),
        pytest.param(
            {"address": ADDRESS, "dns": "cloudflare"},
            {},
            [("config-missing-key", "mtasts:cloudflareAccount")],
            id="no account",
        ),
        pytest.param(
            {"address": ADDRESS, "dns": "delegated"},
            {},
            [(COMBINATION, f"{INBOX}.dns")],
            id="delegated",
        ),
        pytest.param(
            {"address": ADDRESS, "zoneId": ACCOUNT},
            {"mtasts:cloudflareAccount": ACCOUNT},
            [(COMBINATION, f"{INBOX}.zoneId"), (COMBINATION, "mtasts:cloudflareAccount")],
            id="a zone of another provider",
        ),
        pytest.param(
            {"address": ADDRESS},
            {
                "mtasts:domains": [],
                "mtasts:keepDays": 40,
                "mtasts:mode": "testing",
                "mtasts:colour": "x",
                "gcp:project": "ours",
            },
            [
                (COMBINATION, "mtasts:domains"),
                ("config-unknown-key", "mtasts:keepDays"),
                ("config-unknown-key", "mtasts:mode"),
                ("config-unknown-key", "mtasts:colour"),
            ],
            id="an agency",
        ),
        pytest.param(
            {"address": ADDRESS, "dns": "cloudflare", "zoneId": ACCOUNT},
            {"mtasts:cloudflareAccount": ACCOUNT, "mtasts:zap": 1},
            [("config-unknown-key", "mtasts:zap")],
            id="a zone at the other cloud",
        ),
        pytest.param([], {}, [("config-wrong-type", INBOX)], id="a list"),
        pytest.param("no JSON", {}, [("config-wrong-type", INBOX)], id="a text"),
    ],
)
def test_every_mistake_is_told(
    inbox: object, beside: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    values = {**REGION, **beside, INBOX: inbox}
    assert sorted(mistakes(values)) == sorted(expected)


def test_aws_needs_a_region() -> None:
    assert mistakes({INBOX: {"address": ADDRESS}}) == [("config-missing-key", "aws:region")]


def test_nothing_of_it_is_secret() -> None:
    account = {"mtasts:cloudflareAccount": ACCOUNT, INBOX: {"address": ADDRESS}}
    told = mistakes({**REGION, **account}, (INBOX, "mtasts:cloudflareAccount"))
    assert ("config-secret", INBOX) in told
    assert ("config-secret", "mtasts:cloudflareAccount") in told


@pytest.mark.parametrize("more", [{}, {"mtasts:domains": []}], ids=["alone", "with domains"])
def test_an_agency_has_no_inbox(more: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as refused:
        load({**REGION, INBOX: {"address": ADDRESS}, **more}, file="stacks/Pulumi.inbox.yaml")
    first = refused.value.findings[0]
    assert (first.id, INBOX in first.summary) == (COMBINATION, True)
    # Nothing else is worth a word of a stack that has no domains and needs none.
    assert (len(refused.value.findings) == 1) is not bool(more)


def write(folder: Path, text: str) -> Path:
    path = folder / "Pulumi.inbox.yaml"
    path.write_text(text)
    return path


def test_its_file_is_linted_and_is_no_agency_s(tmp_path: Path) -> None:
    head = f"config:\n  aws:region: us-east-1\n  mtasts:inbox:\n    address: {ADDRESS}\n"
    path = write(tmp_path, head)
    assert [each.id for each in check_stack_file(path)] == ["stack-account-not-pinned"]
    pinned = write(tmp_path, f'{head}  aws:allowedAccountIds: ["123456789012"]\n')
    assert check_stack_file(pinned) == []
    assert (is_inbox_file(path), agency_files(tmp_path)) == (True, ())
    wrong = write(tmp_path, f"{head}    keepDays: 1\n")
    (found,) = check_stack_file(wrong)
    assert f"{wrong}:5: mtasts:inbox.keepDays" in found.summary


def test_a_file_that_cannot_be_read_is_an_agency_s(tmp_path: Path) -> None:
    path = write(tmp_path, "\t")
    assert (is_inbox_file(path), agency_files(tmp_path)) == (False, (path,))
    with pytest.raises(ConfigError, match="indented with a tab"):
        load_inbox_stack(path)


def test_the_documentation_lists_the_keys() -> None:
    from test_config import documented  # one reader of the page

    assert list(documented("Keys of `mtasts:inbox`")) == InboxFields.known_keys()
