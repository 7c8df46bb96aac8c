"""``mtasts adopt``: what is looked at, refused and written, in an account on moto."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from cloudflare_api import api, settings
from fake_outside import FakeOutside
from loopback import Zone, leading, served
from stack_text import stack_text

from mtasts.cli.main import main
from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.cloudflare.account import CloudflareAccount
from mtasts.cloud.cloudflare.ledger_store import R2Store
from mtasts.cloud.naming import bucket_name, ledger_bucket_name
from mtasts.config import load_file
from mtasts.engine import Engine
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Adopted
from mtasts.ledger.history import read_kept
from mtasts.localcloud.cloud import ACCOUNT, CLOUDFLARE_TOKEN, REGION
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID, NAME_SERVERS, Record
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.observations import Fetch, FetchOutcome
from mtasts.policy import parse
from mtasts.probe.probes import Probes
from mtasts.probe.reach import Reach
from mtasts.recovery.live import AdoptionError, Live, look_at

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from mtasts.ledger.entries import Entry
    from mtasts.localcloud.authority import Authority
    from mtasts.localcloud.cloudflare.servers import CloudflareServers

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")
DOMAIN = "example.gov"
BODY = b"version: STSv1\nmode: enforce\nmx: mx1.example.gov\nmax_age: 1209600\n"
RECORDS = {
    ("_mta-sts.example.gov", "TXT"): ("v=STSv1;id=20200101",),
    ("_smtp._tls.example.gov", "TXT"): ("v=TLSRPTv1;rua=mailto:a@r.example",),
    ("mta-sts.example.gov", "A"): ("192.0.2.1", "192.0.2.2"),
}


@asynccontextmanager
async def host(
    authority: Authority, *bodies: bytes, status: int = 200, media: str = "text/plain"
) -> AsyncIterator[int]:
    """A policy host that serves each body in turn."""
    turn = iter(bodies * 10)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = next(turn)
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"\r\n" + body)
        await writer.drain()

    async with served(talk, authority.context(("mta-sts.example.gov",))) as port:
        yield port


async def looked_at(port: int, ca_file: Path, records: Any = RECORDS, **zone: Any) -> Live:
    return await look_at(DOMAIN, reach=leading(port, ca_file), resolver=Zone(records, **zone))


async def test_what_is_live_is_taken_as_it_is(authority: Authority, ca_file: Path) -> None:
    async with host(authority, BODY) as port:
        found = await looked_at(port, ca_file)
    assert found == Live(
        DOMAIN,
        "20200101",
        BODY,
        parse(BODY),
        0,
        ("mailto:a@r.example",),
        ("192.0.2.1", "192.0.2.2"),
        (),
    )


async def test_without_a_tls_rpt_record_there_are_no_reports(
    authority: Authority, ca_file: Path
) -> None:
    records = {key: value for key, value in RECORDS.items() if "_smtp" not in key[0]}
    async with host(authority, BODY) as port:
        assert (await looked_at(port, ca_file, records)).tls_reports == ()


@pytest.mark.parametrize(
    ("bodies", "answer", "says"),
    [
        ((BODY, BODY + b"x: y\n"), {}, "serves 2 different bodies"),
        ((b"<html>",), {}, "serves no policy"),
        ((BODY,), {"status": 404}, "answered: status 404"),
        ((BODY,), {"media": "text/html"}, "media type text/html, which senders refuse"),
    ],
)
async def test_what_senders_refuse_is_not_taken_over(
    authority: Authority, ca_file: Path, bodies: tuple[bytes, ...], answer: Any, says: str
) -> None:
    async with host(authority, *bodies, **answer) as port:
        with pytest.raises(AdoptionError, match=says):
            await looked_at(port, ca_file)


@pytest.mark.parametrize(
    ("owner", "texts", "says"),
    [
        ("_mta-sts.example.gov", (), "has no STS record, so there is nothing to take over"),
        ("_mta-sts.example.gov", ("v=STSv1; id=1;", "v=STSv1; id=2;"), "that senders ignore"),
    ],
)
async def test_a_record_that_names_no_policy_is_not_taken_over(
    ca_file: Path, owner: str, texts: tuple[str, ...], says: str
) -> None:
    with pytest.raises(AdoptionError, match=says):
        await looked_at(1, ca_file, RECORDS | {(owner, "TXT"): texts})


async def test_a_record_without_a_host_is_not_taken_over(ca_file: Path) -> None:
    records = {key: value for key, value in RECORDS.items() if key[1] == "TXT"}
    with pytest.raises(AdoptionError, match="but no policy host: mta-sts"):
        await looked_at(1, ca_file, records)


@pytest.mark.parametrize("owner", ["_mta-sts.example.gov", "_smtp._tls.example.gov"])
async def test_what_nobody_tells_is_not_taken_for_nothing(ca_file: Path, owner: str) -> None:
    with pytest.raises(UndeterminedError, match="SERVFAIL"):
        await looked_at(1, ca_file, failing=frozenset({(owner, "TXT")}))


async def test_a_host_that_is_out_of_reach_is_not_known() -> None:
    async def fetch(_: object, host: str, address: str) -> Fetch:
        return Fetch(host, address, FetchOutcome.NO_ROUTE, reason="no route")

    with pytest.raises(UndeterminedError, match="this machine can reach none of its addresses"):
        await look_at(DOMAIN, reach=Reach(), resolver=Zone(RECORDS), probes=Probes(fetch=fetch))


BUCKET = bucket_name(ACCOUNT, REGION, "agency")
RECORD = "aws:route53/record:Record"


@dataclass(frozen=True)
class Planning(Engine):
    """An engine that would create the STS record in a zone of Route 53, if there is one."""

    zone_id: str = ""

    def ensure_stack(self, secrets_provider: str | None) -> None:
        assert secrets_provider is None

    def plan_import(self) -> tuple[dict[str, Any], dict[str, Any]]:
        inputs = {"zoneId": self.zone_id, "name": "_mta-sts.example.gov", "type": "TXT"}
        step = {
            "op": "create",
            "urn": f"urn:pulumi:agency::mtasts::{RECORD}::r",
            "newState": {"custom": True, "inputs": inputs},
        }
        steps = [step] if self.zone_id else []
        return {"steps": steps}, {"resources": [{"type": RECORD, "name": "r", "id": "?"}]}


async def fetch(_: object, host: str, address: str) -> Fetch:
    """The body that every policy host serves, but for one that a mistake of ours is met at."""
    if host == "mta-sts.broken.gov":
        raise RuntimeError("a mistake of ours")
    text = (("content-type", "text/plain"),)
    return Fetch(host, address, FetchOutcome.ANSWERED, 200, text, BODY)


@pytest.fixture
def moto() -> Iterator[str]:
    with moto_running() as url:
        yield url


class Agency:
    """An AWS account on moto whose zone holds a domain that has MTA-STS by hand."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.file = folder / "stacks" / "Pulumi.agency.yaml"
        self.s3 = session().client("s3", endpoint_url=url)
        self.route53 = session().client("route53", endpoint_url=url)
        made = self.route53.create_hosted_zone(Name=f"{DOMAIN}.", CallerReference="1")
        self.zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
        servers = tuple(made["DelegationSet"]["NameServers"])
        self.record("_mta-sts.example.gov", "TXT", '"v=STSv1;id=20200101"')
        records = RECORDS | {(DOMAIN, "NS"): servers}
        for other in ("broken.gov", "unzoned.gov"):
            records |= {
                (owner.replace(DOMAIN, other), type_): values
                for (owner, type_), values in RECORDS.items()
            }
        self.dns = Zone(records, failing=frozenset({("_mta-sts.silent.gov", "TXT")}))

    def record(self, owner: str, type_: str, value: str) -> None:
        row = {"Name": owner, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        changes: Any = [{"Action": "CREATE", "ResourceRecordSet": row}]
        self.route53.change_resource_record_sets(
            HostedZoneId=self.zone_id, ChangeBatch={"Changes": changes}
        )

    def records(self, owner: str) -> dict[str, list[str]]:
        found = self.route53.list_resource_record_sets(HostedZoneId=self.zone_id)
        return {
            row["Type"]: [each["Value"] for each in row["ResourceRecords"]]
            for row in found["ResourceRecordSets"]
            if row["Name"] == f"{owner}."
        }

    def ledger(self) -> tuple[Entry, ...]:
        """What the bucket remembers of the domain; nothing, where there is no bucket."""
        account = Account(AwsSettings(REGION))
        return read_kept(S3Store(account, BUCKET, "agency").read(DOMAIN)).entries

    def run(self, *words: str) -> int:
        engine = Planning("pulumi", "agency", zone_id=self.zone_id)
        outside = FakeOutside(zone=self.dns, probed=Probes(fetch=fetch), planned=engine)
        return main(["adopt", "agency", *words], outside)


@pytest.fixture
def agency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moto: str) -> Agency:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    return Agency(tmp_path, moto)


@pytest.fixture
def cloudflare(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, moto: str
) -> Iterator[CloudflareServers]:
    """The zone at Cloudflare, which DNS leads to; R2 is moto's S3."""
    with api() as servers:
        servers.account.add_zone(DOMAIN)
        agency.dns.values[DOMAIN, "NS"] = tuple(NAME_SERVERS)
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", CLOUDFLARE_TOKEN)
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", servers.api.url)
        monkeypatch.setenv("MTASTS_R2_ENDPOINT", moto)
        yield servers


def test_a_domain_is_taken_over_and_the_files_are_written(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agency.run("--domain", DOMAIN, "--account", "123456789012", "--title", "The Agency") == 0
    printed = capsys.readouterr()
    assert "example.gov: taken over with the id 20200101" in printed.out
    assert "pulumi import --file stacks/import.agency.json --yes" in printed.out
    config = load_file(agency.file)
    (domain,) = config.domains
    assert (config.agency, config.allowed_account_ids) == ("The Agency", ("123456789012",))
    assert domain.policy == parse(BODY)
    assert (domain.ttl_seconds, domain.tls_reports) == (60, ("mailto:a@r.example",))
    file = json.loads((agency.folder / "stacks" / "import.agency.json").read_text())
    row = {"type": RECORD, "name": "r", "id": f"{agency.zone_id}__mta-sts.example.gov_TXT"}
    assert file == {"resources": [row]}
    adopted, body, proof = agency.ledger()
    assert isinstance(adopted, Adopted)
    assert (adopted.max_age_ever, adopted.approved_by) == (31_557_600, "")
    assert (body.body, body.id) == (BODY, "20200101")  # type: ignore[union-attr]  # a body
    assert proof.addresses == ("192.0.2.1", "192.0.2.2")  # type: ignore[union-attr]  # a proof


def test_it_may_be_repeated(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--max-age-ever", "86400", "--approved-by", " the CISO ", "--format", "json")
    assert agency.run("--domain", DOMAIN, *words) == 0
    assert agency.run(*words) == 0
    shown = capsys.readouterr()
    assert shown.err.count(f"created the bucket {BUCKET}") == 1
    last = json.loads(shown.out.splitlines()[-1])
    assert last["adopted"] == [{"domain": DOMAIN, "id": "20200101"}]
    assert last["next"][0] == "review stacks/Pulumi.agency.yaml"
    adopted = agency.ledger()[0]
    assert isinstance(adopted, Adopted)
    assert (adopted.max_age_ever, adopted.approved_by) == (86_400, "the CISO")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "does not exist: give --domain D"),
        (["--domain", "a b"], 2, "holds more than letters"),
        (["--domain", "other.gov", "--domain", "silent.gov"], 2, "other.gov has no STS record"),
        (["--domain", "silent.gov"], 3, "silent.gov: SERVFAIL"),
        (["--domain", DOMAIN, "--max-age-ever", "1"], 2, "--approved-by together"),
        (["--domain", DOMAIN, "--approved-by", "me"], 2, "--approved-by together"),
        (["--domain", DOMAIN, "--max-age-ever", "-1", "--approved-by", "me"], 2, "is from 0 to"),
        (["--domain", DOMAIN, "--region", "nowhere"], 2, "aws:region"),
        (["--domain", DOMAIN, "--account", "1", "--cloudflare-account", "a"], 2, "give one"),
        (["--domain", DOMAIN, "--stacks", "file"], 2, "cannot be written"),
    ],
)
def test_wrong_input_is_named(
    agency: Agency, capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    (agency.folder / "file").write_text("")
    assert agency.run(*words) == code
    assert says in capsys.readouterr().err


def test_a_mistake_of_ours_is_no_message(agency: Agency) -> None:
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        agency.run("--domain", "broken.gov")


def test_a_file_that_means_another_policy_is_told_what_to_write(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agency.run("--domain", DOMAIN) == 0
    path, before = agency.file, agency.ledger()
    text = path.read_text()
    path.write_text(text.replace("1209600", "604800").replace("mx1.", "mx9."))
    assert agency.run() == 2
    said = capsys.readouterr().err
    assert (
        "example.gov: maxAge is 604800, but the live policy has 1209600: write maxAge: 1209600"
        in said
    )
    assert "write mx: ['mx1.example.gov']" in said
    assert agency.ledger() == before
    path.write_text(text)
    assert agency.run("--domain", "elsewhere.gov") == 2
    assert "has no entry for elsewhere.gov" in capsys.readouterr().err


def test_what_would_stop_a_run_stops_this(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agency.run("--domain", "unzoned.gov") == 2
    assert "unzoned.gov: no public hosted zone" in capsys.readouterr().err
    assert agency.s3.list_buckets()["Buckets"] == []
    agency.file.unlink()
    agency.s3.create_bucket(Bucket=BUCKET)
    agency.s3.put_object(Bucket=BUCKET, Key=f"ledger/{DOMAIN}/1.json", Body=b"{")
    assert agency.run("--domain", DOMAIN) == 2
    assert "example.gov: entry 1 of the ledger" in capsys.readouterr().err


def test_a_cname_is_replaced_only_when_asked(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    agency.record("mta-sts.example.gov", "CNAME", "elsewhere.example.")
    assert agency.run("--domain", DOMAIN) == 2
    assert "the policy host of example.gov is a CNAME" in capsys.readouterr().err
    assert agency.records("mta-sts.example.gov") == {"CNAME": ["elsewhere.example."]}
    assert agency.run("--flatten") == 0
    assert agency.records("mta-sts.example.gov") == {"A": ["192.0.2.1", "192.0.2.2"]}


def test_an_import_file_that_cannot_be_written_is_told(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    (agency.folder / "stacks" / "import.agency.json").mkdir(parents=True)
    assert agency.run("--domain", DOMAIN) == 2
    assert "import.agency.json cannot be written" in capsys.readouterr().err


def test_a_worker_needs_no_bucket_on_aws_and_takes_what_stands_there(
    agency: Agency, cloudflare: CloudflareServers, moto: str
) -> None:
    (zone,) = cloudflare.account.zones.values()
    cloudflare.account.add_record(zone, Record("a", "mta-sts.example.gov", "A", "192.0.2.1", 60))
    agency.zone_id = ""
    agency.s3.create_bucket(Bucket=ledger_bucket_name("agency"))  # as Cloudflare's API would
    assert agency.run("--domain", DOMAIN, "--cloudflare-account", ACCOUNT_ID) == 0
    (bucket,) = agency.s3.list_buckets()["Buckets"]
    assert bucket["Name"] == ledger_bucket_name("agency")
    account = CloudflareAccount(replace(settings(cloudflare.api.url), r2_endpoint=moto))
    store = R2Store(account, ledger_bucket_name("agency"), "agency")
    assert len(read_kept(store.read(DOMAIN)).entries) == 3


@pytest.mark.parametrize("stand", [True, False])
def test_addresses_at_cloudflare_are_in_the_way_of_a_cname(
    agency: Agency,
    cloudflare: CloudflareServers,
    capsys: pytest.CaptureFixture[str],
    *,
    stand: bool,
) -> None:
    entry = "{name: example.gov, mx: [mx1.example.gov], mode: enforce, maxAge: 1209600}"
    text = stack_text(entry).replace("dns: route53", "dns: cloudflare")
    agency.file.parent.mkdir()
    agency.file.write_text(f"{text}  mtasts:cloudflareAccount: {ACCOUNT_ID}\n")
    if stand:
        (zone,) = cloudflare.account.zones.values()
        found = Record("a", "mta-sts.example.gov", "AAAA", "2001:db8::1", 60)
        cloudflare.account.add_record(zone, found)
    assert agency.run() == (2 if stand else 0)
    assert ("has address records" in capsys.readouterr().err) is stand
    assert bool(agency.ledger()) is not stand


def test_what_somebody_else_publishes_is_not_taken_over(
    agency: Agency, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agency.run("--domain", DOMAIN) == 0
    text = agency.file.read_text()
    agency.file.write_text(text.replace("dns: route53", "dns: manual"))
    assert agency.run() == 2
    assert "dns manual cannot take a domain over" in capsys.readouterr().err
