"""`mtasts status` over stacks of every kind, in a local cloud: no engine, real ledgers and DNS."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside

from mtasts.cli.main import main
from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.aws.zones import Route53Zones
from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings
from mtasts.cloud.cloudflare.ledger_store import R2Store
from mtasts.cloud.naming import bucket_name, ledger_bucket_name
from mtasts.config import Hosting
from mtasts.ledger.entries import Adopted, Body
from mtasts.ledger.history import Ledger, intend
from mtasts.ledger.phases import Phase
from mtasts.ledger.recorder import Recorder
from mtasts.ledger.stages import Stage
from mtasts.localcloud.cloud import ACCOUNT, REGION, Cloud
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.control_client import Control
from mtasts.localcloud.serve import running
from mtasts.names import MxPattern
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.policy import Mode, Policy
from mtasts.promotion.evidence import Evidence, Texts
from mtasts.promotion.evidence_files import store_evidence
from mtasts.promotion.evidence_folder import evidence_path
from mtasts.rollout.handover import HandedOutRecord, render_handed
from mtasts.tlsrpt.summary import ReportSummary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.zones import HostedZone

pytestmark = pytest.mark.xdist_group("moto-in-process")
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
HEAD = {
    "aws:region": REGION,
    "aws:allowedAccountIds": json.dumps([ACCOUNT]),
    "mtasts:agency": "Department of Tests",
    "mtasts:profile": "rfc",
    "mtasts:hosting": "aws",
    "mtasts:dns": "route53",
    "mtasts:tlsReports": "[mailto:tlsrpt@reports.example]",
}
CLOUDFLARE = {"mtasts_dns": "cloudflare", "mtasts_cloudflareAccount": ACCOUNT_ID}


def stack_text(*entries: str, **more: str) -> str:
    """A stack file; ``more`` are keys of the stack, its colons written as underscores."""
    head = HEAD | {key.replace("_", ":"): value for key, value in more.items()}
    if head["mtasts:hosting"] == "cloudflare":
        head = {key: value for key, value in head.items() if not key.startswith("aws:")}
    rows = [f"  {key}: {value}" for key, value in head.items()]
    return "\n".join(["config:", *rows, "  mtasts:domains:", *(f"    - {e}" for e in entries), ""])


def entry(name: str, *more: str) -> str:
    """The entry of a domain with one MX."""
    return f"{{{', '.join((f'name: {name}', f'mx: [mx1.{name}]', *more))}}}"


# Each called as what it is.
STACKS = {
    "new": stack_text(entry("new.example")),
    "testing": stack_text(entry("testing.example")),
    "enforce": stack_text(
        entry("enforce.example", "mode: enforce"), "{name: parked.example, mx: []}"
    ),
    "emergency": stack_text(entry("emergency.example", "emergency: testing")),
    "held": stack_text(
        entry("ungated.example", "mode: enforce"), entry("waits.example", "mode: enforce")
    ),
    "retiring": stack_text(
        entry("retiring.example", "retire: true"), entry("free.example", "retire: true")
    ),
    "retired": stack_text(entry("retired.example", "retire: true")),
    "vanished": stack_text(entry("stays.example")),
    "moving": stack_text(entry("moving.example"), **CLOUDFLARE, mtasts_leavingDns="route53"),
    "manual": stack_text(entry("manual.example"), mtasts_dns="manual"),
    "delegated": stack_text(
        entry("delegated.example"),
        mtasts_dns="delegated",
        mtasts_delegationZone="sts.operator.example",
    ),
    "adopted": stack_text(entry("adopted.example")),
    "unreadable": stack_text(entry("unreadable.example")),
    "nobody": stack_text(entry("nobody.example"), aws_profile="no-such-profile"),
    "another": stack_text(entry("another.example"), aws_allowedAccountIds='["210987654321"]'),
    "workers": stack_text(entry("workers.example"), mtasts_hosting="cloudflare", **CLOUDFLARE),
}


@dataclass
class Laboratory:
    """A local cloud whose ledgers and records are written as runs would have written them."""

    cloud: Cloud
    folder: Path
    account: Account = field(init=False)
    api: CloudflareAccount = field(init=False)

    def __post_init__(self) -> None:
        self.account = Account(
            AwsSettings(
                REGION,
                access_key="local",
                secret_key="local",
                endpoints=dict.fromkeys(("s3", "sts", "route53"), self.cloud.aws),
            )
        )
        self.api = CloudflareAccount(
            CloudflareSettings(ACCOUNT_ID, "local-token", self.cloud.cloudflare, self.cloud.aws)
        )

    @property
    def control(self) -> Control:
        """The local cloud's own interface."""
        return Control(self.cloud.control, deadline_seconds=60)

    def client(self, service: str) -> Any:
        """A client for what is not the toolkit's to do."""
        return self.account.client(service)

    def exist(self, stacks: dict[str, str]) -> None:
        """Have exist what the domains of those stack files take for granted."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        for name, text in stacks.items():
            (folder / f"Pulumi.{name}.yaml").write_text(text)
        self.control.add_stacks(folder)

    def recorder(self, stack: str, at: dt.datetime) -> Recorder:
        """What writes the ledgers of a stack on AWS, dated ``at``."""
        bucket = bucket_name(ACCOUNT, REGION, stack)
        s3 = self.client("s3")
        if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        return Recorder(S3Store(self.account, bucket, stack), Hosting.AWS, lambda: at)

    def zone(self, domain: str) -> HostedZone:
        """The zone at Route 53 that ends like ``domain``."""
        zones = Route53Zones(self.account)
        (found,) = [each for each in zones.list(None) if each.holds(domain)]
        return zones.complete(None, found)

    def put(self, zone: str, owner: str, type_: str, value: str, action: str = "UPSERT") -> None:
        """Change a record in a zone at Route 53."""
        values = [{"Value": value}]
        record = {"Name": owner, "Type": type_, "TTL": 300, "ResourceRecords": values}
        self.client("route53").change_resource_record_sets(
            HostedZoneId=self.zone(zone).zone_id,
            ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
        )

    def sts(self, domain: str, id_: str, *, action: str = "UPSERT") -> None:
        """Have the STS record in the zone, or no longer."""
        self.put(domain, f"_mta-sts.{domain}", "TXT", f'"v=STSv1; id={id_};"', action)

    def hand_out(self, stack: str, domain: str, stage: Stage, *records: HandedOutRecord) -> None:
        """What an agency is to publish, in the bucket, and the stage in the ledger."""
        asyncio.run(self.recorder(stack, NOW - DAY).enter(domain, stage))
        self.client("s3").put_object(
            Bucket=bucket_name(ACCOUNT, REGION, stack),
            Key=f"published/{domain}.json",
            Body=render_handed(domain, records).encode(),
        )

    def publish(
        self,
        stack: str,
        domain: str,
        mode: Mode,
        at: dt.datetime,
        *mx: str,
        proven: bool = True,
        zone: str = "",
    ) -> str:
        """Write down that a body of that mode went out; the id that the record has then."""
        recorder = self.recorder(stack, at)

        async def write() -> str:
            ledger = await recorder.read(domain)
            hosts = tuple(map(MxPattern, mx or (f"mx1.{domain}",)))
            max_age = 604_800 if mode is not Mode.NONE else 86_400
            intended = intend(ledger, Policy(mode, max_age, hosts))
            await recorder.ensure_body(domain, intended)
            await recorder.zone_seen(domain, await recorder.read(domain), self.zone(zone or domain))
            if proven:
                await recorder.proven(domain, intended.id, ("192.0.2.1", "192.0.2.2"), ("::1",))
            return intended.id

        id_ = asyncio.run(write())
        if proven:
            self.sts(domain, id_)
        return id_


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("status")
    for name in ("cloud", "stacks", "evidence"):
        (folder / name).mkdir()
    with running(folder / "cloud") as cloud:
        lab = Laboratory(cloud, folder)
        fill(lab)
        yield lab


def fill(lab: Laboratory) -> None:
    """Write what runs have written of each stack."""
    stacks = lab.folder / "stacks"
    for name, text in STACKS.items():
        (stacks / f"Pulumi.{name}.yaml").write_text(text)
    lab.exist(STACKS)
    for make in (usual, held, giving_up, moving, handed_out, taken_over, not_known, on_workers):
        make(lab)


def usual(lab: Laboratory) -> None:
    lab.publish("testing", "testing.example", Mode.TESTING, NOW - 20 * DAY)
    seen = Evidence(
        *("testing.example", NOW - 3 * DAY, None, ("mx1.testing.example",), ()),
        *(Texts("testing.example", DnsStatus.NO_DATA), (), (), ReportSummary()),
    )
    store_evidence(evidence_path(lab.folder / "evidence", "testing", "testing.example"), seen)
    lab.publish("enforce", "enforce.example", Mode.TESTING, NOW - 90 * DAY)
    lab.publish("enforce", "enforce.example", Mode.ENFORCE, NOW - 60 * DAY)
    lab.publish("emergency", "emergency.example", Mode.TESTING, NOW - DAY)


def held(lab: Laboratory) -> None:
    """One without evidence, and one whose former host senders may try for three more days."""
    lab.publish("held", "ungated.example", Mode.TESTING, NOW - 20 * DAY)
    hosts = ("mx1.waits.example", "mx0.waits.example")
    lab.publish("held", "waits.example", Mode.ENFORCE, NOW - 60 * DAY, *hosts)
    for names in (hosts, hosts[:1]):
        values = tuple(f"10 {each}" for each in names)
        answer = DnsAnswer("waits.example", "MX", DnsStatus.ANSWERED, values, ttl_seconds=300)
        recorder = lab.recorder("held", NOW - 2 * DAY)
        known = asyncio.run(recorder.read("waits.example"))
        asyncio.run(recorder.mx_seen("waits.example", known, answer))


def giving_up(lab: Laboratory) -> None:
    for name, ago in (("retiring.example", 2), ("free.example", 12)):
        lab.publish("retiring", name, Mode.ENFORCE, NOW - 60 * DAY)
        lab.publish("retiring", name, Mode.NONE, NOW - ago * DAY)
    id_ = lab.publish("retired", "retired.example", Mode.NONE, NOW - 20 * DAY)
    lab.sts("retired.example", id_, action="DELETE")
    recorder = lab.recorder("retired", NOW - 9 * DAY)
    asyncio.run(recorder.advance("retired.example", Phase.HOST_WITHDRAWN, 0))
    lab.publish("vanished", "stays.example", Mode.TESTING, NOW - 20 * DAY)
    lab.publish("vanished", "gone.stays.example", Mode.ENFORCE, NOW - 20 * DAY)


def moving(lab: Laboratory) -> None:
    """Its records are at Route 53, and Cloudflare is to have the zone."""
    lab.exist({"former": stack_text(entry("moving.example"))})
    lab.publish("moving", "moving.example", Mode.TESTING, NOW - 20 * DAY)
    lab.control.delegate("moving.example", "route53")


def handed_out(lab: Laboratory) -> None:
    """Of one agency nothing is there yet, of the other all."""
    lab.publish("manual", "manual.example", Mode.TESTING, NOW - DAY, proven=False)
    validation = HandedOutRecord("_abc.mta-sts.manual.example", "CNAME", "_def.acm-validations.aws")
    lab.hand_out("manual", "manual.example", Stage.REQUESTED, validation)

    lab.client("route53").create_hosted_zone(Name="operator.example", CallerReference="o")
    owner = "_mta-sts.delegated.example"
    id_ = lab.publish(
        *("delegated", "delegated.example", Mode.TESTING, NOW - 9 * DAY),
        proven=False,
        zone="operator.example",
    )
    recorder = lab.recorder("delegated", NOW - 9 * DAY)
    asyncio.run(recorder.proven("delegated.example", id_, ("192.0.2.1",), ()))
    lab.put("operator.example", f"{owner}.sts.operator.example", "TXT", f'"v=STSv1; id={id_};"')
    lab.put("delegated.example", owner, "CNAME", f"{owner}.sts.operator.example")
    alias = HandedOutRecord(owner, "CNAME", f"{owner}.sts.operator.example")
    lab.hand_out("delegated", "delegated.example", Stage.LIVE, alias)


def taken_over(lab: Laboratory) -> None:
    at = NOW - 10 * DAY
    body = Policy(Mode.TESTING, 604_800, (MxPattern("mx1.adopted.example"),)).render()
    taken, served = Adopted(1, at, 2_592_000, "the CISO"), Body(2, at, body, 0, "theirs1")
    recorder = lab.recorder("adopted", at)
    asyncio.run(recorder.adopt("adopted.example", taken, served, ("192.0.2.1",)))
    lab.sts("adopted.example", "theirs1")


def not_known(lab: Laboratory) -> None:
    lab.recorder("unreadable", NOW).store.append("unreadable.example", 2, b"{}")


def on_workers(lab: Laboratory) -> None:
    """A stack at Cloudflare, whose ledger is in R2."""
    at = NOW - 5 * DAY
    store = R2Store(lab.api, ledger_bucket_name("workers"), "workers")
    recorder = Recorder(store, Hosting.CLOUDFLARE, lambda: at)
    policy = Policy(Mode.TESTING, 604_800, (MxPattern("mx1.workers.example"),))
    intended = intend(Ledger(), policy)

    async def write() -> None:
        await recorder.ensure_body("workers.example", intended)
        await recorder.proven("workers.example", intended.id, ("192.0.2.1",), ())

    asyncio.run(write())
    (zone,) = lab.api.get("/zones", name="workers.example")
    row = {"name": "_mta-sts.workers.example", "type": "TXT", "ttl": 300}
    content = f'"v=STSv1; id={intended.id};"'
    lab.api.post(f"/zones/{zone['id']}/dns_records", row | {"content": content})


@pytest.fixture(autouse=True)
def _environment(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in Cloud.read(lab.cloud.directory).environment(os.environ["PATH"]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.chdir(lab.folder)


def test_stacks_of_every_kind_are_seen_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty domains of fifteen stacks, one look: what stands how, and the next step of each."""
    assert main(["status", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    rows = {each["domain"]: each for stack in found["stacks"] for each in stack["domains"]}
    stacks = {each["stack"]: each for each in found["stacks"]}
    assert {name: (each["mode"], each["standing"]) for name, each in rows.items()} == {
        "new.example": ("new", "due"),
        "testing.example": ("testing", "good"),
        "enforce.example": ("enforce", "good"),
        "parked.example": ("parked", "good"),
        "ungated.example": ("testing", "held"),
        "waits.example": ("enforce", "held"),
        "retiring.example": ("none", "waiting"),
        "free.example": ("none", "due"),
        "moving.example": ("testing", "good"),
        "manual.example": ("new", "due"),
        "delegated.example": ("testing", "good"),
        "adopted.example": ("testing", "good"),
        "unreadable.example": (None, "held"),
        "nobody.example": (None, "not known"),
        "another.example": (None, "not known"),
        "workers.example": ("testing", "good"),
        "stays.example": ("testing", "good"),
        "gone.stays.example": ("enforce", "held"),
        "retired.example": ("retired", "good"),
        "emergency.example": ("testing", "due"),
    }
    assert {name: each["standing"] for name, each in stacks.items() if each["claims"]} == {
        "another": "not known",
        "moving": "due",
        "nobody": "not known",
        "vanished": "held",
    }
    assert {name: each["next"] for name, each in rows.items() if each["next"]} == {
        "new.example": ["pulumi up -s new"],
        "testing.example": ["mtasts gate check testing.example"],
        "ungated.example": ["mtasts gate check ungated.example"],
        "waits.example": ["pulumi up --skip-preview -s held"],
        "retiring.example": ["pulumi up -s retiring"],
        "free.example": ["pulumi up -s retiring"],
        "moving.example": ["mtasts gate check moving.example"],
        "manual.example": ["pulumi stack output domains --json -s manual"],
        "delegated.example": ["mtasts gate check delegated.example"],
        "adopted.example": ["mtasts gate check adopted.example"],
        "unreadable.example": [
            "mtasts ledger verify unreadable --domain unreadable.example",
        ],
        "workers.example": ["mtasts gate check workers.example"],
        "stays.example": ["mtasts gate check stays.example"],
        "gone.stays.example": ["mtasts preview vanished"],
        "emergency.example": ["mtasts preview emergency"],
    }
    assert {name: each["next"] for name, each in stacks.items() if each["next"]} == {
        "another": ["mtasts status another"],
        "moving": ["pulumi up -s moving"],
        "nobody": ["mtasts status nobody"],
        "retired": ["pulumi destroy -s retired"],
        "vanished": ["mtasts preview vanished"],
    }
    enforce, waits, adopted = (
        rows[name] for name in ("enforce.example", "waits.example", "adopted.example")
    )
    assert enforce["since"] == enforce["proof"]["at"] == (NOW - 60 * DAY).isoformat()
    assert enforce["proof"]["unseen"] == ["::1"]
    ((claim,), (delegated,)) = waits["claims"], (rows["delegated.example"],)
    left = NOW - 2 * DAY + dt.timedelta(days=5, seconds=300)
    assert claim["until"] == left.isoformat()
    assert dt.datetime.fromisoformat(adopted["adoptedHeldUntil"]) > NOW + 19 * DAY
    assert rows["retiring.example"]["claims"][0]["until"] is not None
    assert (delegated["stage"], rows["manual.example"]["stage"]) == ("live", "requested")
    assert rows["testing.example"]["evidence"]["collected"] is not None
    assert "the account of the AWS credentials" in stacks["nobody"]["claims"][0]["text"]
    assert "210987654321" in stacks["another"]["claims"][0]["text"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param(["enforce"], 0, "1 stack, 2 domains", id="good"),
        pytest.param(["enforce", "enforce"], 0, "1 stack, 2 domains", id="named-twice"),
        pytest.param(["new"], 1, "due: nothing is published yet", id="due"),
        pytest.param(["enforce", "nobody"], 3, "not known: the account of the AWS", id="not-known"),
        pytest.param(["nobody", "new"], 1, "due: nothing", id="a-person-counts-more"),
        pytest.param(["none", "new"], 2, "stacks/Pulumi.none.yaml", id="no-such-stack"),
        pytest.param(["a b", "new"], 2, "is no stack name", id="no-stack-name"),
    ],
)
def test_the_exit_code_is_that_of_the_worst_and_none_hides_another(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    assert main(["status", *words]) == code
    shown = capsys.readouterr().out
    assert says in shown
    assert {each for each in words if f"\n{each}: " in shown} == set(words)


def test_each_format_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "enforce", "--format", "html"]) == 0
    assert capsys.readouterr().out.count("<!doctype html>") == 1
    assert main(["status", "enforce", "--wide"]) == 0
    assert "proven at 192.0.2.1, 192.0.2.2; unseen: ::1" in capsys.readouterr().out


def test_what_cannot_be_asked_for_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, says in (
        (("--deadline", "0"), "--deadline is from 0.1 to 3600 s"),
        (("--stacks", str(tmp_path / "none")), "there is no folder "),
        (
            ("--stacks", str(tmp_path)),
            "has no stack file with mail domains: write one with mtasts init",
        ),
    ):
        assert main(["status", *words]) == 2
        assert says in capsys.readouterr().err


def test_what_takes_long_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", *list(STACKS)[:6]], FakeOutside(pauses=1))
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "status: 0 of 6 stacks; waiting for new, testing, enforce and 3 more"
