"""`mtasts ledger show` and `mtasts plan-mx` on a real bucket of moto's."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import TYPE_CHECKING, get_args

import pytest
from fake_outside import FakeOutside
from loopback import Zone, closed_port

from mtasts.cli.main import main
from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.config import Hosting
from mtasts.ledger.entries import Adopted, Body, Entry
from mtasts.ledger.history import Intended, Ledger, intend
from mtasts.ledger.phases import Phase
from mtasts.ledger.recorder import Recorder
from mtasts.ledger.stages import Stage
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("moto-in-process")
STACK = """config:
  aws:region: us-east-1
  aws:endpoints: '[{{"s3": "{url}", "sts": "{url}"}}]'
  mtasts:agency: Department of Tests
  mtasts:profile: rfc
  mtasts:hosting: aws
  mtasts:dns: route53
  mtasts:mode: testing
  mtasts:tlsReports: [mailto:tlsrpt@reports.example]
  mtasts:domains:
    - {{name: example.gov, mx: [mx1.example.gov]}}
    - {{name: new.example, mx: [mx1.new.example]}}
    - {{name: old.example, mx: [mx1.old.example]}}
    - {{name: older.example, mx: [mx1.older.example]}}
    - {{name: parked.example, mx: []}}
"""
BUCKET = "mtasts-123456789012-us-east-1-agency"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An account whose bucket has a ledger: an enforced body, proven, and an adopted page."""
    with moto_running() as url:
        s3 = session().client("s3", endpoint_url=url)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        asyncio.run(fill(url))
        yield url


async def fill(url: str) -> None:
    account = Account(
        AwsSettings(
            "us-east-1",
            access_key="AKIALOCAL",
            secret_key="local",
            endpoints={"s3": url, "sts": url},
        )
    )
    recorder = Recorder(S3Store(account, BUCKET, "agency"), Hosting.AWS)
    enforce = intend(Ledger(), Policy(Mode.ENFORCE, 86400, (MxPattern.parse("mx1.example.gov"),)))
    await recorder.ensure_body("example.gov", enforce)
    await recorder.proven("example.gov", enforce.id, ("192.0.2.1",), ("2001:db8::1",))
    mx = await Zone({("example.gov", "MX"): ("10 mx1.example.gov",)}).lookup("example.gov", "MX")
    await recorder.mx_seen("example.gov", await recorder.read("example.gov"), mx)
    await recorder.ensure_body("example.gov", Intended(b"<html>", 1, "foreign"))
    await recorder.advance("example.gov", Phase.RECORD_FREE, 300)
    ledger = await recorder.read("example.gov")
    zone = HostedZone("Z1", "example.gov", frozenset({"ns1.example.net"}))
    await recorder.zone_seen("example.gov", ledger, zone)
    await recorder.zone_seen("example.gov", await recorder.read("example.gov"), zone)
    await recorder.enter("example.gov", Stage.ISSUED)
    await recorder.hosted("example.gov", await recorder.read("example.gov"))
    await recorder.host_target("example.gov", "Z1", "aws", 300)
    await recorder.host_target("example.gov", "Z1", "", 0)
    await recorder.protection_changed("example.gov", is_free=True)
    await recorder.protection_changed("example.gov", is_free=False)
    await recorder.delegation_seen("example.gov", zone, 60)
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for name, by in (("old.example", ""), ("older.example", "the CISO")):
        await recorder.adopt(name, Adopted(1, at, 86400, by), Body(2, at, b"x", 0, "1"), ())


def show(url: str, folder: Path, *words: str) -> int:
    (folder / "Pulumi.agency.yaml").write_text(STACK.format(url=url))
    return main(["ledger", "show", "agency", "--stacks", str(folder), *words])


def test_every_entry_is_a_row(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(url, tmp_path, "--format", "json") == 0
    first, second, *adopted = map(json.loads, capsys.readouterr().out.splitlines())
    kinds = {each["kind"] for row in (first, *adopted) for each in row["entries"]}
    assert len(kinds) == len(get_args(Entry))
    assert adopted[0]["entries"][0] == {
        "number": 1,
        "at": "2026-01-01T00:00:00+00:00",
        "kind": "adopted",
        "maxAgeEver": 86400,
        "isLost": False,
        "approvedBy": "",
        "heldUntil": "2026-01-02T01:00:00+00:00",
    }
    assert second == {"domain": "new.example", "entries": []}
    body, proof, mx, page, phase, zone, stage, hosted, *places, delegated = first["entries"]
    pointed, gone, freed, kept = places
    assert (hosted["kind"], hosted["hosting"]) == ("hosted", "aws")
    assert (gone["hosting"], freed["isFree"], kept["isFree"]) == ("", True, False)
    assert (pointed["kind"], pointed["zoneId"], pointed["hosting"]) == ("pointed", "Z1", "aws")
    assert (delegated["kind"], delegated["zoneId"], delegated["ttlSeconds"]) == (
        "delegated",
        "Z1",
        60,
    )
    assert (zone["zoneId"], zone["name"], zone["nameServers"]) == (
        "Z1",
        "example.gov",
        ["ns1.example.net"],
    )
    assert (stage["kind"], stage["stage"]) == ("stage", "issued")
    assert (phase["kind"], phase["phase"], phase["ttlSeconds"]) == ("phase", "record-free", 300)
    assert (body["kind"], body["mode"], body["mx"]) == ("body", "enforce", ["mx1.example.gov"])
    assert (body["proven"], page["proven"], page["mode"]) == (True, False, None)
    assert (proof["id"], proof["unseen"]) == (body["id"], ["2001:db8::1"])
    assert (mx["hosts"], mx["number"]) == (["mx1.example.gov"], 3)


def test_as_text_it_says_what_may_be_held(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(url, tmp_path) == 0
    out = capsys.readouterr().out
    assert "mode enforce, max_age 86400; may be held until" in out
    assert "no policy" in out
    assert "phase  record-free" in out
    assert "cloud  aws" in out
    assert "host   at aws by the zone Z1" in out
    assert "host   no longer by the zone Z1" in out
    assert "host   may leave its zone" in out
    assert "host   stays" in out
    assert "zone   DNS leads to Z1" in out
    assert "stage  issued" in out
    assert "zone   example.gov (Z1)" in out
    assert "taken over; what was before may be held until 2026-01-02 01:00 UTC\n" in out
    assert "UTC; max_age_ever 86400 by the CISO" in out
    assert "mx     mx1.example.gov" in out
    assert "unseen: 2001:db8::1" in out
    assert "new.example: nothing was published yet" in out


def test_one_domain_may_be_asked_for(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(url, tmp_path, "--domain", "new.example") == 0
    assert capsys.readouterr().out == "new.example: nothing was published yet\n"
    assert show(url, tmp_path, "--domain", "parked.example") == 2
    said = capsys.readouterr().err
    assert "is no domain of the stack, and has no ledger there: example.gov, new.example, o" in said


def test_a_domain_that_has_left_the_file_is_shown_by_its_ledger(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STACK.format(url=url).replace("    - {name: old.example, mx: [mx1.old.example]}\n", "")
    assert "old.example" not in text.replace("older", "")
    (tmp_path / "Pulumi.agency.yaml").write_text(text)
    words = ["ledger", "show", "agency", "--stacks", str(tmp_path)]
    for more in ([], ["--domain", "old.example"]):
        assert main([*words, *more]) == 0
        assert "old.example\n    1  2026-01-01 00:00  taken over; " in capsys.readouterr().out


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_broken_ledger_is_neither_empty_nor_good(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    s3 = session().client("s3", endpoint_url=url)
    key = "ledger/new.example/2.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    try:
        assert show(url, tmp_path, "--domain", "new.example", "--format", format_) == 3
        assert "entry 1 of the ledger is missing" in capsys.readouterr().out
    finally:
        (version,) = s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
        s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version["VersionId"])


def test_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(f"http://127.0.0.1:{closed_port()}", tmp_path) == 3
    assert "could not find out" in capsys.readouterr().err


def test_a_secret_of_the_engine_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STACK.format(url="http://127.0.0.1:9") + "  aws:secretKey: {secure: AAAB}\n"
    (tmp_path / "Pulumi.agency.yaml").write_text(text)
    assert main(["ledger", "show", "agency", "--stacks", str(tmp_path)]) == 2
    assert "aws:secretKey: encrypted" in capsys.readouterr().err


def test_a_path_is_no_stack_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "show", "../secret", "--stacks", str(tmp_path)]) == 2
    assert "is no stack name" in capsys.readouterr().err


def test_a_stack_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", "show", "none", "--stacks", str(tmp_path)]) == 2
    assert "Pulumi.none.yaml" in capsys.readouterr().err


MX = {("example.gov", "MX"): ("10 mx1.example.gov",)}


def plan(url: str, folder: Path, *words: str, failing: tuple[str, ...] = ()) -> int:
    (folder / "Pulumi.agency.yaml").write_text(STACK.format(url=url))
    (folder / "Pulumi.broken.yaml").write_text("{")
    zone = Zone(MX, failing=frozenset((name, "MX") for name in failing))
    return main(["plan-mx", *words, "--stacks", str(folder)], FakeOutside(zone=zone))


def test_the_steps_of_a_move_are_printed_with_their_dates(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("example.gov", "--to", "mx.provider.example")
    assert plan(url, tmp_path, *words, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [step["mx"] for step in found["steps"]] == [
        ["mx1.example.gov", "mx.provider.example"],
        ["mx1.example.gov", "mx.provider.example"],
        ["mx.provider.example"],
        ["mx.provider.example"],
    ]
    _, adding, leaving, _ = found["steps"]
    assert adding["bounceSafe"] < adding["delaySafe"] <= adding["guaranteed"]
    assert leaving["notBefore"] == adding["delaySafe"]
    assert plan(url, tmp_path, *words) == 0
    out = capsys.readouterr().out
    assert "in the stack file, and pulumi up -s agency" in out
    assert "whatever senders do" in out
    assert "not before 20" in out


def test_a_move_to_where_one_is_needs_no_step(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(url, tmp_path, "example.gov", "--to", "MX1.example.gov.") == 0
    shown = capsys.readouterr()
    assert shown.out == "example.gov: nothing to do\n"
    assert "Pulumi.broken.yaml cannot be read, so it is not known whether example.gov is in" in (
        shown.err
    )


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("parked.example", "--to", "a.example"), 2, "no stack file in"),
        (("none.example", "--to", "a.example"), 2, "Pulumi.broken.yaml"),
        (("example.gov", "--to", "a b"), 2, "holds more than"),
        (("new.example", "--to", "a.example"), 3, "the MX records of new.example: SERVFAIL"),
    ],
)
def test_what_cannot_be_planned(  # noqa: PLR0917 - a table's columns
    url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    assert plan(url, tmp_path, *words, failing=("new.example",)) == code
    assert says in capsys.readouterr().err
