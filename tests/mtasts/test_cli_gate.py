"""``mtasts gate`` against mail servers on loopback: what it writes, and what it says of it."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import TYPE_CHECKING

import pytest
from loopback import Zone
from stack_text import stack_text

from localcloud.mail import Flavour, MailServers
from localcloud.reports import write_reports
from mtasts import gathering
from mtasts.cli import gate
from mtasts.cli.main import main
from mtasts.config import load_file
from mtasts.errors import UndeterminedError
from mtasts.gathering import gather_evidence, read_reports
from mtasts.observations import CertificateFault, Presented, SmtpOutcome, SmtpSession
from mtasts.probe.reach import ConnectTo, Reach
from mtasts.rollout.evidence import Evidence, read_evidence
from mtasts.tlsrpt.summary import ReportSummary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from localcloud.authority import Authority

DOMAIN = "example.gov"
NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
RECORDS = {
    (DOMAIN, "MX"): ("10 mx1.example.gov", "20 mx2.example.gov"),
    ("mx1.example.gov", "A"): ("192.0.2.1",),
    ("mx1.example.gov", "AAAA"): ("2001:db8::1",),
    ("mx2.example.gov", "A"): ("192.0.2.2",),
    (DOMAIN, "TXT"): ("v=spf1 mx -all", "something else"),
    ("s1._domainkey.example.gov", "TXT"): ("v=DKIM1; p=AAAA",),
    ("_dmarc.example.gov", "TXT"): ("v=DMARC1; p=reject",),
}
STACK = stack_text(
    "{name: example.gov, mx: [mx1.example.gov, mx2.example.gov], dkimSelectors: [s1]}",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.agency.yaml").write_text(STACK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
async def servers(authority: Authority) -> AsyncIterator[MailServers]:
    found = MailServers(authority)
    for host in ("mx1.example.gov", "mx2.example.gov"):
        await found.listen(host)
    yield found
    await found.stop()


def reach(servers: MailServers, ca_file: Path) -> Reach:
    rows = (ConnectTo(host, 25, "127.0.0.1", port) for host, port in servers.ports.items())
    return Reach(None, ca_file, tuple(rows))


async def gathered(servers: MailServers, ca_file: Path, folder: Path, zone: Zone) -> Evidence:
    (domain,) = load_file(folder / "stacks" / "Pulumi.agency.yaml").domains
    return await gather_evidence(
        domain, ReportSummary(), (), reach=reach(servers, ca_file), resolver=zone, now=NOW
    )


async def test_everything_is_observed_and_nothing_judged(
    servers: MailServers, ca_file: Path, folder: Path
) -> None:
    servers.flavours["mx2.example.gov"] = Flavour.EXPIRED
    found = await gathered(servers, ca_file, folder, Zone(RECORDS))
    assert found.mx == ("mx1.example.gov", "mx2.example.gov")
    assert [(each.host, each.address, each.outcome) for each in found.hosts] == [
        ("mx1.example.gov", "192.0.2.1", SmtpOutcome.TLS),
        ("mx1.example.gov", "2001:db8::1", SmtpOutcome.TLS),
        ("mx2.example.gov", "192.0.2.2", SmtpOutcome.CERTIFICATE_REFUSED),
    ]
    assert found.hosts[2].fault is CertificateFault.EXPIRED
    assert found.spf.records == ("v=spf1 mx -all",)
    assert [each.owner for each in found.dmarc] == ["_dmarc.example.gov"]
    assert found.dkim[0].records == ("v=DKIM1; p=AAAA",)


async def test_a_host_without_an_address_is_told(
    servers: MailServers, ca_file: Path, folder: Path
) -> None:
    records = {**RECORDS, (DOMAIN, "MX"): ("10 gone.example.gov",)}
    found = await gathered(servers, ca_file, folder, Zone(records))
    (only,) = found.hosts
    assert (only.outcome, only.reason) == (
        SmtpOutcome.CONNECT_FAILED,
        "gone.example.gov has no address",
    )


async def test_without_an_answer_on_the_mx_there_is_no_evidence(
    servers: MailServers, ca_file: Path, folder: Path
) -> None:
    zone = Zone(RECORDS, failing=frozenset({(DOMAIN, "MX")}))
    with pytest.raises(UndeterminedError, match=r"the MX records of example\.gov: SERVFAIL"):
        await gathered(servers, ca_file, folder, zone)


def test_reports_come_from_files_and_folders(tmp_path: Path) -> None:
    write_reports(tmp_path / "more", DOMAIN, ("mx1.example.gov",), NOW, days=2)
    (tmp_path / "more" / "deep").mkdir()
    (tmp_path / "more" / "deep" / "bad.json").write_text("{")
    (tmp_path / "more" / "notes.txt").write_text("not looked at")
    (tmp_path / "bad.json").write_text("[]")
    found = read_reports([tmp_path / "more", tmp_path / "bad.json"], DOMAIN)
    assert (found.reports, len(found.reporters)) == (4, 2)
    second, bad = found.refused
    assert second == f"{tmp_path}/bad.json: the report is no JSON object"
    assert bad.startswith("bad.json: it is no JSON: Expecting property name")


def run(*words: str) -> int:
    return main(["gate", *words])


@pytest.fixture
def lab(folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """The command with a resolver that is a literal and sessions that all went well."""
    zone = Zone(getattr(request, "param", RECORDS))
    monkeypatch.setattr(gate, "Resolver", lambda _: zone)

    async def look(_: Reach, host: str, address: str) -> object:
        expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=9)
        return SmtpSession(host, address, SmtpOutcome.TLS, tls=Presented(expires=expires))

    monkeypatch.setattr(gathering, "look", look)
    return folder


def test_collect_writes_the_evidence_and_judges_it(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_reports(lab / "reports", DOMAIN, ("mx1.example.gov",), dt.datetime.now(dt.UTC))
    (lab / "reports" / "x.json").write_text("{")
    assert run("check", DOMAIN) == 1
    assert "no evidence for enforce" in capsys.readouterr().out
    assert run("collect", DOMAIN, "--reports", "reports") == 0
    shown = capsys.readouterr()
    assert "every condition of enforce is met" in shown.out
    assert "not counted: x.json" in shown.out
    assert "asking the MX hosts" in shown.err
    file = lab / "evidence" / "agency" / "example.gov.json"
    assert read_evidence(file.read_bytes(), DOMAIN).reports.reports == 28
    assert run("check", DOMAIN, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "domain": DOMAIN,
        "file": "evidence/agency/example.gov.json",
        "unmet": [],
        "notes": [],
    }


def test_what_was_explained_stays_so_while_it_is_reported(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = dt.datetime.now(dt.UTC)
    write_reports(lab / "reports", DOMAIN, ("mx1.example.gov",), now)
    (path, *_) = sorted((lab / "reports").iterdir(), reverse=True)
    write_reports(lab / "other", DOMAIN, ("mx1.example.gov",), now, days=1)
    report = json.loads(gathering_inflate(path))
    report["policies"][0]["summary"]["total-failure-session-count"] = 2
    path.write_bytes(json.dumps(report).encode())
    assert run("collect", DOMAIN, "--reports", "reports") == 1
    assert "reports 2 failed sessions" in capsys.readouterr().out
    assert run("collect", DOMAIN, "--reports", "reports", "--explain", "Unspecified=a test") == 0
    assert run("collect", DOMAIN, "--reports", "reports") == 0
    assert run("collect", DOMAIN, "--reports", "reports", "--explain", "unspecified=a test") == 0
    file = lab / "evidence" / "agency" / "example.gov.json"
    assert len(read_evidence(file.read_bytes(), DOMAIN).explained) == 1
    assert run("collect", DOMAIN, "--reports", "other") == 1
    assert read_evidence(file.read_bytes(), DOMAIN).explained == ()
    capsys.readouterr()
    assert run("collect", DOMAIN, "--explain", "x@MX1.example.gov=why") == 1
    assert read_evidence(file.read_bytes(), DOMAIN).explained[0].mx == "mx1.example.gov"


def gathering_inflate(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["collect", "a b"], "holds more than letters"),
        (["collect", "other.gov"], "no stack file in stacks has the domain other.gov"),
        (["check", DOMAIN, "--stacks", "nowhere"], "nowhere is no folder"),
        (["collect", DOMAIN, "--reports", "nowhere"], "--reports nowhere: No such file"),
        (["collect", DOMAIN, "--explain", "x"], "is not TYPE[@HOST]=REASON"),
        (["collect", DOMAIN, "--explain", "=y"], "is not TYPE[@HOST]=REASON"),
        (["collect", DOMAIN, "--explain", "x@a b=y"], "holds more than letters"),
        (["collect", DOMAIN, "--evidence", "stacks/Pulumi.agency.yaml"], "cannot be written"),
    ],
)
def test_wrong_input_is_named(
    capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert run(*words) == 2
    assert says in capsys.readouterr().err


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("lab", [{}], indirect=True)
def test_a_domain_that_vanished_from_dns_meets_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("collect", DOMAIN) == 1
    assert "could not find out whether it offers TLS" in capsys.readouterr().out


@pytest.mark.usefixtures("lab")
def test_mx_that_nobody_tells_of_are_not_judged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    zone = Zone({}, failing=frozenset({(DOMAIN, "MX")}))
    monkeypatch.setattr(gate, "Resolver", lambda _: zone)
    assert run("check", DOMAIN) == 3
    assert "the MX records of example.gov: SERVFAIL" in capsys.readouterr().err
