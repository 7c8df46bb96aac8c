"""One row a cloud: what the rest of the package has to know of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mtasts
from mtasts.cloud.folder import folder_of
from mtasts.cloud.interface import Hosts, Receiver, StackCloud, Zones
from mtasts.cloud_catalogue import CLOUDS, DEFAULT_CLOUD, OWN_DNS, Dns, Hosting, dns_of_zone
from mtasts.config import load

AGENCY = load(
    {
        "mtasts:agency": "Department of Tests",
        "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
        "mtasts:domains": [{"name": "example.gov", "mx": ["mx.example.gov"]}],
        "aws:region": "us-east-1",
    },
    file="f",
)
ROOT = Path(mtasts.__file__).parent.parent


def test_each_cloud_has_a_row_and_its_folders() -> None:
    assert set(CLOUDS) == set(Hosting)
    assert DEFAULT_CLOUD is Hosting.AWS
    for cloud in Hosting:
        assert cloud.row.hosting is cloud
        assert cloud.other is not cloud
        assert (ROOT / "mtasts" / "cloud" / cloud / "__init__.py").exists()
        assert (ROOT / "components" / cloud / "__init__.py").exists()


def test_a_provider_of_dns_with_zones_belongs_to_one_cloud() -> None:
    assert [each for each in Dns if each.cloud is not None] == list(OWN_DNS)
    assert {each.cloud for each in OWN_DNS} == set(Hosting)
    assert Dns.MANUAL.cloud is None


@pytest.mark.parametrize(
    ("zone_id", "dns"),
    [
        ("Z0123456789ABCDEFGHIJ", Dns.ROUTE53),
        ("0123456789abcdef0123456789abcdef", Dns.CLOUDFLARE),
        ("0123456789ABCDEF0123456789abcdef", None),
        ("", None),
    ],
)
def test_the_form_of_a_zone_id_says_whose_it_is(zone_id: str, dns: Dns | None) -> None:
    assert dns_of_zone(zone_id) is dns


def test_the_keys_of_a_provider_are_on_one_list_each() -> None:
    for row in CLOUDS.values():
        keys = row.provider
        lists = (set(keys.secrets), set(keys.refused), set(keys.harmless))
        assert sum(map(len, lists)) == len(set().union(*lists))
        assert all(key.startswith(f"{keys.namespace}:") for key in set().union(*lists))
        assert {keys.endpoint, keys.endpoints} - {None} <= keys.harmless


# What is about one cloud is named as it: the rules of a move, permissions, an inbox.
ABOUT_ONE = {
    "config/inbox_schema.py",
    "config/move_rules.py",
    "config/stack_rules.py",
    "iam/inbox_token.py",
    "iam/token.py",
    "rollout/move_rules.py",
    "rollout/next_move.py",
    "cli/adopt.py",
    "cli/move.py",
}


def test_no_other_module_asks_which_cloud_it_is() -> None:
    """A cloud is compared by its row's data; a third one needs no new branch there."""
    asks = re.compile(
        r"\b(?:is|not|==|!=|in|if|elif|case) \(?(?:Hosting|Dns)\.(?:AWS|CLOUDFLARE|ROUTE53)"
        r"|\bHosting\.(?:AWS|CLOUDFLARE) (?:in|not in|is)\b"
    )
    found = {
        path.relative_to(ROOT / "mtasts").as_posix()
        for path in (ROOT / "mtasts").rglob("*.py")
        if asks.search(path.read_text("utf-8"))
    }
    mine = {each for each in found if not each.startswith(("cloud/", "localcloud/", "components/"))}
    assert mine <= ABOUT_ONE


def lacks(found: object, interface: type) -> list[str]:
    wanted = [each for each in vars(interface) if not each.startswith("_")]
    wanted += vars(interface).get("__annotations__", {})
    return [each for each in wanted if not hasattr(type(found), each)]


@pytest.mark.parametrize("cloud", Hosting)
def test_each_cloud_has_what_the_others_have(cloud: Hosting) -> None:
    folder, account = folder_of(cloud), object()
    in_stack = folder.in_stack(account, AGENCY, "stack", "stack")
    assert lacks(in_stack, StackCloud) == []
    assert lacks(in_stack.hosts, Hosts) == []
    assert lacks(folder.zones(account), Zones) == []
    assert lacks(folder.receiver(account), Receiver) == []
    assert lacks(account, Zones) == ["list", "complete"]


AN_AGENCY = """
import sys
from mtasts.cloud.of_stack import Clouds
from mtasts.config import load
values = {
    "mtasts:agency": "Department of Tests",
    "mtasts:hosting": sys.argv[1],
    "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
    "mtasts:domains": [{"name": "example.gov", "mx": ["mx.example.gov"]}],
    "aws:region": "us-east-1",
    **({"mtasts:cloudflareAccount": "a" * 32} if sys.argv[1] == "cloudflare" else {}),
}
clouds = Clouds.of("test", load(values, file="f"), values, {"CLOUDFLARE_API_TOKEN": "t"})
clouds.host, clouds.zones
print(*sorted(name for name in sys.modules if name.startswith("mtasts.")))
"""


@pytest.mark.parametrize(("hosting", "other"), [("aws", "cloudflare"), ("cloudflare", "aws")])
def test_a_stack_imports_what_it_uses(hosting: str, other: str) -> None:
    words = [sys.executable, "-c", AN_AGENCY, hosting]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert f"mtasts.cloud.{hosting}.folder" in loaded
    assert f"mtasts.cloud.{other}.folder" not in loaded
    assert "mtasts.config.inbox_schema" not in loaded
