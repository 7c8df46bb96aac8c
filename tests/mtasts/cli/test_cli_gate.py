"""``mtasts gate`` against mail servers on loopback: what it writes, and what it says of it."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from fake_outside import FakeOutside
from loopback import Zone
from stack_text import stack_text

from mtasts.cli.main import main
from mtasts.config import load_file
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import LedgerError, Proof
from mtasts.ledger.history import Ledger, intend
from mtasts.localcloud.mail import Flavour, MailServers
from mtasts.localcloud.reports import write_reports
from mtasts.names import MxPattern
from mtasts.observations import CertificateFault, SmtpOutcome, SmtpSession, TlsSession
from mtasts.policy import Mode, Policy
from mtasts.probe.probes import Probes
from mtasts.probe.reach import ConnectTo, Reach
from mtasts.promotion.collect import gather_evidence, vantage_of
from mtasts.promotion.conditions import evidence_conditions
from mtasts.promotion.evidence import EVIDENCE_MAX_BYTES, Evidence, read_evidence
from mtasts.reports.store import Store
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.rows import Arrival
from mtasts.tlsrpt.summary import ReportSummary
from mtasts.tlsrpt.trust import Receipt, Trust

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mtasts.localcloud.authority import Authority

DOMAIN = "example.gov"
NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
RECORDS = {
    (DOMAIN, "MX"): ("10 mx1.example.gov", "20 mx2.example.gov"),
    # Addresses of root name servers: those for documentation are no global ones (RFC 6890).
    ("mx1.example.gov", "A"): ("198.41.0.4",),
    ("mx1.example.gov", "AAAA"): ("2001:503:ba3e::2:30",),
    ("mx2.example.gov", "A"): ("170.247.170.2",),
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
        ("mx1.example.gov", "198.41.0.4", SmtpOutcome.TLS),
        ("mx1.example.gov", "2001:503:ba3e::2:30", SmtpOutcome.TLS),
        ("mx2.example.gov", "170.247.170.2", SmtpOutcome.CERTIFICATE_REFUSED),
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


@pytest.mark.parametrize(
    ("failing", "addresses", "reasons"),
    [
        ((), ("198.41.0.4",), []),
        (("AAAA",), ("198.41.0.4",), ["its AAAA records: SERVFAIL"]),
        (("A",), ("198.41.0.4",), ["its A records: SERVFAIL"]),
        (("A", "AAAA"), (), ["its A records: SERVFAIL", "its AAAA records: SERVFAIL"]),
        ((), tuple(f"198.41.0.{n}" for n in range(32)), ["only 32 of its 33 addresses were tried"]),
    ],
    ids=["all-asked", "no-aaaa", "no-a", "neither", "too-many"],
)
async def test_an_address_that_is_not_known_or_asked_is_unmet(
    servers: MailServers,
    ca_file: Path,
    folder: Path,
    *,
    failing: tuple[str, ...],
    addresses: tuple[str, ...],
    reasons: list[str],
) -> None:
    host = "mx1.example.gov"
    records = {**RECORDS, (DOMAIN, "MX"): (f"10 {host}",), (host, "A"): addresses}
    zone = Zone(records, failing=frozenset((host, type_) for type_ in failing))
    found = await gathered(servers, ca_file, folder, zone)
    assert [each.reason for each in found.hosts if not each.address] == reasons
    (domain,) = load_file(folder / "stacks" / "Pulumi.agency.yaml").domains
    mx = await zone.lookup(DOMAIN, "MX")
    told = [
        str(each)
        for each in evidence_conditions(domain, Ledger(), mx, found, NOW, is_local=True)
        if each.text.startswith(host)
    ]
    assert told == [
        f"{host}: could not find out whether it offers STARTTLS: connect-failed: {why}"
        for why in reasons
    ]


async def test_without_an_answer_on_the_mx_there_is_no_evidence(
    servers: MailServers, ca_file: Path, folder: Path
) -> None:
    zone = Zone(RECORDS, failing=frozenset({(DOMAIN, "MX")}))
    with pytest.raises(UndeterminedError, match=r"the MX records of example\.gov: SERVFAIL"):
        await gathered(servers, ca_file, folder, zone)


async def test_the_vantage_is_written_down(
    servers: MailServers, ca_file: Path, folder: Path
) -> None:
    found = await gathered(servers, ca_file, folder, Zone(RECORDS))
    assert found.vantage is not None
    assert found.vantage.tool.startswith("mtasts ")
    assert found.vantage.roots.startswith(f"{ca_file.name} (sha256 ")
    ports = servers.ports
    assert found.vantage.changed == (
        f"--ca {ca_file.name}",
        *(f"--connect-to {host}:25:127.0.0.1:{port}" for host, port in ports.items()),
    )


@pytest.mark.parametrize(
    ("reach", "resolver", "changed"),
    [
        (Reach(), "192.0.2.53:53, [2001:db8::53]:53", ()),
        (Reach(("192.0.2.1", 5353)), "192.0.2.1:5353", ("--resolver 192.0.2.1:5353",)),
        (Reach(("::1", 53)), "[::1]:53", ("--resolver [::1]:53",)),
        (Reach(allow_private=True), "192.0.2.53:53, [2001:db8::53]:53", ("--allow-private",)),
        (
            Reach(connect_to=(ConnectTo("2001:db8::1", None, "::1", 25),)),
            "192.0.2.53:53, [2001:db8::53]:53",
            ("--connect-to [2001:db8::1]::[::1]:25",),
        ),
    ],
)
def test_what_is_not_as_senders_have_it_is_written_down(
    reach: Reach, resolver: str, changed: tuple[str, ...]
) -> None:
    servers = (("192.0.2.53", 53), ("2001:db8::53", 53))
    found = vantage_of(reach, lambda: servers)
    assert (found.resolver, found.changed) == (resolver, changed)
    assert found.roots.startswith("Mozilla (certifi 20")


def served() -> Ledger:
    """A policy in testing that was proven two months ago."""
    at = dt.datetime.now(dt.UTC) - dt.timedelta(days=60)
    patterns = tuple(MxPattern.parse(f"mx{number}.example.gov") for number in (1, 2))
    intended = intend(Ledger(), Policy(Mode.TESTING, 604800, patterns))
    return Ledger((intended.entry(1, at), Proof(2, at, intended.id)))


@dataclass(frozen=True)
class Recorded:
    """A recorder of one ledger, or of an error."""

    ledger: Ledger | Exception

    async def read(self, _: str) -> Ledger:
        if isinstance(self.ledger, Exception):
            raise self.ledger
        return self.ledger


async def look(_: Reach, host: str, address: str) -> SmtpSession:
    """A session that went well."""
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=9)
    return SmtpSession(host, address, SmtpOutcome.TLS, tls=TlsSession(expires=expires))


OUTSIDE = FakeOutside(zone=Zone(RECORDS), probed=Probes(look=look), ledger_of=Recorded(served()))


def run(*words: str, **outside: Any) -> int:
    """The command with a resolver that is a literal and sessions that all went well."""
    return main(["gate", *words], replace(OUTSIDE, **outside))


@pytest.fixture
def lab(folder: Path) -> Path:
    """The folder that it runs in."""
    return folder


def write_good(folder: Path, *, days: int = 14) -> None:
    write_reports(folder, DOMAIN, ("mx1.example.gov",), dt.datetime.now(dt.UTC), days=days)


def file_of(lab: Path) -> Path:
    return lab / "evidence" / "agency" / "example.gov.json"


def test_collect_writes_the_evidence_and_judges_it(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_good(lab / "reports")
    (lab / "reports" / "README.txt").write_text("how these came here")
    assert run("check", DOMAIN) == 1
    assert "no evidence for enforce" in capsys.readouterr().out
    assert run("collect", DOMAIN, "--reports", "reports") == 0
    shown = capsys.readouterr()
    assert "every condition of enforce is met" in shown.out
    assert "not counted: README.txt: file-skipped: it does not end in .json or .gz" in shown.out
    assert "connecting to the MX hosts" in shown.err
    found = read_evidence(file_of(lab).read_bytes(), DOMAIN)
    assert (found.reports.reports, found.version) == (28, 2)
    assert found.vantage is not None
    assert found.vantage.changed == ()
    (lab / "reports" / "README.txt").unlink()
    assert run("collect", DOMAIN, "--reports", "reports") == 0
    capsys.readouterr()
    assert run("check", DOMAIN, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "domain": DOMAIN,
        "file": "evidence/agency/example.gov.json",
        "unmet": [],
        "notes": [],
        "rulings": [],
    }


def fill_store(folder: Path, trust: Trust) -> None:
    """A store with the reports that `write_good` writes as files."""
    write_good(folder / "files")
    now = dt.datetime.now(dt.UTC)
    receipt = Receipt(trust, "as it is", "", "", "", now, "https", "https://inbox.example/")
    store = Store(folder / "store")
    store.add(
        Arrival(parse_report(path.read_bytes()), receipt)
        for path in (folder / "files").glob("*.gz")
    )


def test_the_store_stands_for_files_as_far_as_the_stack_trusts_it(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_store(lab, Trust.HTTPS)
    assert run("collect", DOMAIN, "--store", "store") == 1
    assert "28 of" not in (out := capsys.readouterr().out)
    assert "report-untrusted" in out
    assert "[reports-days-few]" in out
    stack = lab / "stacks" / "Pulumi.agency.yaml"
    stack.write_text(STACK.replace("config:\n", "config:\n  mtasts:reportTrust: https\n"))
    assert run("collect", DOMAIN, "--store", "store") == 0
    found = read_evidence(file_of(lab).read_bytes(), DOMAIN)
    assert found.reports.reports == 28
    capsys.readouterr()
    # What was collected is not given up for a store that has nothing.
    (lab / "empty").mkdir()
    Store(lab / "empty").add([])
    assert run("collect", DOMAIN, "--store", "empty") == 2
    assert "empty has no report that counts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--store", "store", "--reports", "files"), "give --reports or --store"),
        (("--store", "nowhere"), "nowhere has no reports: fill it with mtasts reports pull"),
    ],
)
def test_a_store_that_cannot_be_used_is_refused(
    lab: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert not file_of(lab).exists()
    assert run("collect", DOMAIN, *words) == 2
    assert says in capsys.readouterr().err


def test_all_stacks_of_the_folder_are_judged(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = STACK.replace("example.gov", "other.example")
    (lab / "stacks" / "Pulumi.other.yaml").write_text(other)
    zone = Zone({**RECORDS, ("other.example", "MX"): ("10 mx1.other.example",)})
    assert run("check", "--all", zone=zone) == 1
    out = capsys.readouterr().out
    assert "example.gov: evidence/agency/example.gov.json" in out
    assert "other.example: evidence/other/other.example.json" in out
    (lab / "inboxes").mkdir()
    inbox = "config:\n  mtasts:inbox:\n    address: tlsrpt@reports.example\n"
    (lab / "inboxes" / "Pulumi.inbox.yaml").write_text(inbox)
    assert run("check", "--all", "--stacks", "inboxes") == 2
    assert "inboxes has no stack file of an agency" in capsys.readouterr().err
    assert run("check", "--all", "--stacks", "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err
    assert run("check") == 2
    assert "give a DOMAIN, --stack STACK, or --all" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("--ca", "ca.pem"), ("--resolver", "127.0.0.1:53"), ("--connect-to", ":25:127.0.0.1:2525")],
)
def test_what_was_looked_at_otherwise_than_senders_do_meets_nothing(
    lab: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str], ca_file: Path
) -> None:
    (lab / "ca.pem").write_bytes(ca_file.read_bytes())
    write_good(lab / "reports")
    assert run("collect", DOMAIN, "--reports", "reports", *words) == 1
    (line,) = (each for each in capsys.readouterr().out.splitlines() if "unmet:" in each)
    assert (
        f"the evidence was not collected the way senders see the domain: {' '.join(words)}: run"
        in line
    )


@pytest.mark.parametrize(
    ("ledger", "says"),
    [
        (UndeterminedError("no credentials"), "the ledger: no credentials: run mtasts gate check"),
        (LedgerError("entry 2 is missing"), "entry 2 is missing: run mtasts gate check"),
        (Ledger(), "the TLS reports that count cover 0 days of the last 60"),
    ],
)
def test_reports_count_for_what_the_ledger_says_was_served(
    lab: Path,
    capsys: pytest.CaptureFixture[str],
    ledger: Ledger | Exception,
    says: str,
) -> None:
    write_good(lab / "reports")
    found = Recorded(ledger)
    assert run("collect", DOMAIN, "--reports", "reports", ledger_of=found) == 1
    assert says in capsys.readouterr().out


def test_a_file_that_is_no_report_is_unmet_until_it_is_explained(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_good(lab / "reports")
    (lab / "reports" / "x.json").write_text("{")
    assert run("collect", DOMAIN, "--reports", "reports") == 1
    out = capsys.readouterr().out
    command = "--explain report-unreadable@x.json=WHY"
    assert "unmet: [reports-unread] x.json: report-unreadable: it is no JSON: " in out
    assert out.rstrip().endswith(command)
    why = "report-unreadable@x.json=a draft of ours"
    assert run("collect", DOMAIN, "--reports", "reports", "--explain", why) == 0
    assert "not counted: x.json: report-unreadable" in capsys.readouterr().out
    assert run("collect", DOMAIN, "--reports", "reports") == 0  # it stays explained


def test_what_was_explained_stays_so_while_it_is_reported(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_good(lab / "reports")
    (path, *_) = sorted((lab / "reports").iterdir(), reverse=True)
    write_good(lab / "other", days=1)
    report = json.loads(gathering_inflate(path))
    report["policies"][0]["summary"]["total-failure-session-count"] = 2
    path.write_bytes(json.dumps(report).encode())
    assert run("collect", DOMAIN, "--reports", "reports") == 1
    assert "reports 2 failed sessions" in capsys.readouterr().out
    assert run("collect", DOMAIN, "--reports", "reports", "--explain", "Unspecified=a test") == 0
    assert run("collect", DOMAIN, "--reports", "reports") == 0
    assert run("collect", DOMAIN, "--reports", "reports", "--explain", "unspecified=a test") == 0
    assert len(read_evidence(file_of(lab).read_bytes(), DOMAIN).explained) == 1
    assert run("collect", DOMAIN, "--reports", "other") == 1
    assert read_evidence(file_of(lab).read_bytes(), DOMAIN).explained == ()


@pytest.mark.parametrize(
    ("explain", "says"),
    [
        ("certificate-expired=why", ""),
        ("certificate-expired@MX1.example.gov=why", ""),
        ("certificate-exipred=why", "did you mean certificate-expired? reported: cert"),
        (
            "certificate-expired@mx2.example.gov=why",
            "did you mean certificate-expired@mx1.example.gov? ",
        ),
        ("zzz=why", "zzz: no report has such a failure or file: reported: certificate-expired, "),
        ("report-unreadable=why", "report-unreadable: no report has such a failure or file"),
        ("file-skipped@mail.eml=why", "did you mean file-skipped@mail.zip? "),
    ],
)
def test_an_explanation_of_what_nothing_reports_is_refused(
    lab: Path, capsys: pytest.CaptureFixture[str], explain: str, says: str
) -> None:
    write_good(lab / "reports")
    (lab / "reports" / "mail.zip").write_bytes(b"PK")
    (path, *_) = sorted((lab / "reports").glob("*.gz"), reverse=True)
    report = json.loads(gathering_inflate(path))
    report["policies"][0]["failure-details"] = [
        {
            "result-type": "certificate-expired",
            "receiving-mx-hostname": "mx1.example.gov",
            "failed-session-count": 2,
        }
    ]
    path.write_bytes(json.dumps(report).encode())
    code = run("collect", DOMAIN, "--reports", "reports", "--explain", explain)
    assert code == (2 if says else 1)
    assert says in capsys.readouterr().err
    assert file_of(lab).exists() is not bool(says)


def test_an_explanation_where_nothing_was_reported_says_so(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_good(lab / "reports")
    assert run("collect", DOMAIN, "--reports", "reports", "--explain", "x=why") == 2
    assert "x: no report has such a failure or file: reported: nothing" in capsys.readouterr().err


def test_reports_that_were_collected_are_not_given_up_for_none(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("collect", DOMAIN) == 1  # there is nothing to lose yet
    write_good(lab / "reports")
    (lab / "empty").mkdir()
    assert run("collect", DOMAIN, "--reports", "reports") == 0
    before = file_of(lab).read_bytes()
    capsys.readouterr()
    for words, says in (
        ((), "no --reports was given"),
        (("--reports", "empty"), "--reports names no report"),
    ):
        assert run("collect", DOMAIN, *words) == 2
        err = capsys.readouterr().err
        assert (
            f"has 28 TLS reports about example.gov, and {says}, so the file was not replaced" in err
        )
    assert file_of(lab).read_bytes() == before
    assert run("collect", DOMAIN, "--reports", "reports") == 0


def test_evidence_of_version_1_is_unmet_with_the_way_to_the_new_one(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_good(lab / "reports")
    assert run("collect", DOMAIN, "--reports", "reports") == 0
    found = json.loads(file_of(lab).read_bytes())
    del found["vantage"], found["reports"]["dropped"]
    found["reports"]["reporters"], found["reports"]["refused"] = [], []
    file_of(lab).write_text(json.dumps({**found, "version": 1}))
    capsys.readouterr()
    assert run("check", DOMAIN) == 1
    assert "unmet: [evidence-version] the evidence is of version 1" in capsys.readouterr().out
    assert run("collect", DOMAIN) == 2  # its reports are not given up either
    assert run("collect", DOMAIN, "--reports", "reports") == 0


def test_a_file_that_would_be_too_large_is_not_written(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    selectors = [f"s{number}" for number in range(8)]
    text = STACK.replace("[s1]", f"[{', '.join(selectors)}]")
    (lab / "stacks" / "Pulumi.agency.yaml").write_text(text)
    long = tuple(f"v=DKIM1; p={'A' * 4000}" for _ in range(50))
    keys = {(f"{each}._domainkey.example.gov", "TXT"): long for each in selectors}
    write_good(lab / "reports")
    assert run("collect", DOMAIN, "--reports", "reports", zone=Zone(RECORDS | keys)) == 2
    says = f"example.gov.json: it would be larger than {EVIDENCE_MAX_BYTES} bytes"
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("other", "code", "says"),
    [
        ("{name: other.gov, mx: []}", 1, ""),
        ("{name: Example.GOV., mx: []}", 2, "example.gov is in 2 stack files: stacks/Pulumi.age"),
        ("{name: example.gov, mx: [a b]}", 2, "example.gov is in 2 stack files: stacks/Pulumi.age"),
        ("{name: [", 1, "Pulumi.b.yaml cannot be read, so it is not known whether example.gov"),
    ],
)
def test_no_stack_is_picked_where_two_have_the_domain(
    lab: Path, capsys: pytest.CaptureFixture[str], other: str, code: int, says: str
) -> None:
    (lab / "stacks" / "Pulumi.b.yaml").write_text(stack_text(other))
    assert run("check", DOMAIN) == code
    assert says in capsys.readouterr().err


def gathering_inflate(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["collect", "a b"], "holds more than letters"),
        (["collect", "other.gov"], "no stack file in stacks has the domain other.gov"),
        (["check", DOMAIN, "--stacks", "nowhere"], "there is no folder nowhere"),
        (["collect", DOMAIN, "--reports", "nowhere"], "--reports nowhere: No such file"),
        (["collect", DOMAIN, "--explain", "x"], "is not TYPE[@HOST|@FILE]=REASON"),
        (["collect", DOMAIN, "--explain", "=y"], "is not TYPE[@HOST|@FILE]=REASON"),
        (["collect", DOMAIN, "--explain", "x@a b=y"], "holds more than letters"),
        (["check", "bad.gov"], "Pulumi.bad.yaml has mistakes: run mtasts lint stack stacks/Pulumi"),
        (["collect", DOMAIN, "--evidence", "stacks/Pulumi.agency.yaml"], "cannot be written"),
    ],
)
def test_wrong_input_is_named(
    lab: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    (lab / "stacks" / "Pulumi.bad.yaml").write_text(stack_text("{name: bad.gov, mx: [a b]}"))
    assert run(*words) == 2
    assert says in capsys.readouterr().err


@pytest.mark.usefixtures("lab")
def test_a_domain_that_vanished_from_dns_meets_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("collect", DOMAIN, zone=Zone({})) == 1
    assert "could not find out whether it offers STARTTLS" in capsys.readouterr().out


@pytest.mark.usefixtures("lab")
def test_mx_that_nobody_tells_of_are_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    zone = Zone({}, failing=frozenset({(DOMAIN, "MX")}))
    assert run("check", DOMAIN, zone=zone) == 3
    assert "the MX records of example.gov: SERVFAIL" in capsys.readouterr().err
