"""``mtasts adopt``: what is looked at, refused and written; the clouds are literals."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from loopback import Zone, leading, served
from memory_store import MemoryStore

from mtasts.cli import adopt
from mtasts.cli.main import main
from mtasts.config import load_file
from mtasts.engine import Engine
from mtasts.errors import UndeterminedError
from mtasts.ledger.entries import Adopted, LedgerError
from mtasts.ledger.history import read
from mtasts.observations import DnsAnswer, DnsStatus, Fetch, FetchOutcome
from mtasts.policy import parse
from mtasts.probe.reach import Reach
from mtasts.recovery import live
from mtasts.recovery.live import AdoptionError, Live, look_at
from mtasts.rollout.verdicts import Surroundings
from mtasts.run.survey import Survey
from mtasts.zones import HostedZone, ZoneError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator
    from pathlib import Path

    from localcloud.authority import Authority

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


async def test_a_host_that_is_out_of_reach_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(_: object, host: str, address: str) -> Fetch:
        return Fetch(host, address, FetchOutcome.NO_ROUTE, reason="no route")

    monkeypatch.setattr(live, "fetch", fetch)
    with pytest.raises(UndeterminedError, match="no address of it can be reached from here"):
        await look_at(DOMAIN, reach=Reach(), resolver=Zone(RECORDS))


LIVE = Live(DOMAIN, "20200101", BODY, parse(BODY), 5, ("mailto:a@r.example",), ("192.0.2.1",), ())


SHELF = MemoryStore()


class Planning(Engine):
    """An engine that would create a record."""

    def ensure_stack(self) -> None:
        pass

    def plan_import(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {"resources": [{"type": "t", "name": "r", "id": "?"}]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    SHELF.clear()

    async def look(name: str, **_: object) -> Live:
        if name == "other.gov":
            raise AdoptionError("other.gov has no STS record")
        if name == "silent.gov":
            raise UndeterminedError("silent.gov: SERVFAIL")
        if name == "broken.gov":
            raise RuntimeError("a mistake of ours")
        return replace(LIVE, domain=name)

    monkeypatch.setattr(adopt, "look_at", look)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "t")
    monkeypatch.setattr("mtasts.cloud.of_stack.Clouds.identify", lambda _: "123456789012")
    monkeypatch.setattr("mtasts.cloud.of_stack.Clouds._store", lambda *_: SHELF)
    monkeypatch.setattr(adopt, "ensure_bucket", lambda *_: True)
    monkeypatch.setattr(adopt, "Surveyor", surveyor())
    monkeypatch.setattr(adopt, "address_conflict", lambda *_: False)
    monkeypatch.setattr(Engine, "find", lambda stack: Planning("pulumi", stack))
    monkeypatch.setattr(adopt, "look_for", lambda *_: {("t", "r"): "Z_r_TXT"})
    monkeypatch.setattr(adopt, "finder", lambda _: None)
    return tmp_path


def surveyor(**problems: Any) -> Any:
    class Surveying:
        def __init__(self, *_: object) -> None:
            """Ask nobody."""

        async def survey(self, config: Any) -> Survey:
            none = DnsAnswer(DOMAIN, "MX", DnsStatus.NXDOMAIN)
            around = {"zone": HostedZone("Z1", DOMAIN), **problems}
            return Survey(
                "123456789012",
                tuple(Surroundings(each, none, **around) for each in config.domains),
            )

    return Surveying


def run(*words: str) -> int:
    return main(["adopt", "agency", *words])


def test_a_domain_is_taken_over_and_the_files_are_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--domain", DOMAIN, "--account", "123456789012", "--title", "The Agency") == 0
    printed = capsys.readouterr()
    assert "example.gov: taken over with the id 20200101" in printed.out
    assert "pulumi import --file stacks/import.agency.json --yes" in printed.out
    config = load_file(folder / "stacks" / "Pulumi.agency.yaml")
    (domain,) = config.domains
    assert (config.agency, config.allowed_account_ids) == ("The Agency", ("123456789012",))
    assert domain.policy == LIVE.policy
    assert (domain.ttl_seconds, domain.tls_reports) == (60, ("mailto:a@r.example",))
    file = json.loads((folder / "stacks" / "import.agency.json").read_text())
    assert file == {"resources": [{"type": "t", "name": "r", "id": "Z_r_TXT"}]}
    adopted, body, proof = read(SHELF.entries).entries
    assert isinstance(adopted, Adopted)
    assert (adopted.max_age_ever, adopted.approved_by) == (31_557_600, "")
    assert (body.body, body.id) == (BODY, "20200101")  # type: ignore[union-attr]  # a body
    assert proof.addresses == ("192.0.2.1",)  # type: ignore[union-attr]  # a proof


@pytest.mark.usefixtures("folder")
def test_it_may_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--max-age-ever", "86400", "--approved-by", " the CISO ", "--format", "json")
    assert run("--domain", DOMAIN, *words) == 0
    assert run(*words) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["adopted"] == [{"domain": DOMAIN, "id": "20200101"}]
    assert last["next"][0] == "review stacks/Pulumi.agency.yaml"
    adopted = read(SHELF.entries).entries[0]
    assert isinstance(adopted, Adopted)
    assert (adopted.max_age_ever, adopted.approved_by) == (86_400, "the CISO")


@pytest.mark.usefixtures("folder")
def test_the_bucket_may_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopt, "ensure_bucket", lambda *_: False)
    assert run("--domain", DOMAIN) == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "does not exist: give --domain D"),
        (["--domain", "a b"], 2, "holds more than letters"),
        (["--domain", "other.gov", "--domain", "silent.gov"], 2, "other.gov has no STS record"),
        (["--domain", "silent.gov"], 3, "silent.gov: SERVFAIL"),
        (["--domain", DOMAIN, "--max-age-ever", "1"], 2, "go together"),
        (["--domain", DOMAIN, "--approved-by", "me"], 2, "go together"),
        (["--domain", DOMAIN, "--max-age-ever", "-1", "--approved-by", "me"], 2, "is from 0 to"),
        (["--domain", DOMAIN, "--region", "nowhere"], 2, "aws:region"),
        (["--domain", DOMAIN, "--account", "1", "--cloudflare-account", "a"], 2, "give one"),
        (["--domain", DOMAIN, "--stacks", "file"], 2, "cannot be written"),
    ],
)
def test_wrong_input_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    (folder / "file").write_text("")
    assert run(*words) == code
    assert says in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_mistake_of_ours_is_no_message() -> None:
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        run("--domain", "broken.gov")


def test_a_file_that_means_another_policy_is_told_what_to_write(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--domain", DOMAIN) == 0
    path = folder / "stacks" / "Pulumi.agency.yaml"
    text = path.read_text()
    path.write_text(text.replace("1209600", "604800").replace("mx1.", "mx9."))
    SHELF.clear()
    assert run() == 2
    said = capsys.readouterr().err
    assert "example.gov: maxAge is 604800, but live is 1209600: write maxAge: 1209600" in said
    assert "write mx: ['mx1.example.gov']" in said
    assert SHELF.entries == {}
    path.write_text(text)
    assert run("--domain", "elsewhere.gov") == 2
    assert "has no entry for elsewhere.gov" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "problems",
    [
        {"zone": None, "zone_problem": ZoneError("no zone holds it")},
        {"ledger_problem": LedgerError("no zone holds it")},
    ],
)
def test_what_would_stop_a_run_stops_this(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    problems: dict[str, Any],
) -> None:
    monkeypatch.setattr(adopt, "Surveyor", surveyor(**problems))
    assert run("--domain", DOMAIN) == 2
    assert "example.gov: no zone holds it" in capsys.readouterr().err
    assert SHELF.entries == {}


@pytest.mark.usefixtures("folder")
def test_a_cname_is_replaced_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flattened: list[tuple[str, tuple[str, ...]]] = []
    monkeypatch.setattr(adopt, "address_conflict", lambda *_: True)
    monkeypatch.setattr(
        adopt, "flatten", lambda owner, _, __, addresses: flattened.append((owner, addresses))
    )
    assert run("--domain", DOMAIN) == 2
    assert "the policy host of example.gov is a CNAME" in capsys.readouterr().err
    assert flattened == []
    assert run("--flatten") == 0
    assert flattened == [("mta-sts.example.gov", ("192.0.2.1",))]


def test_an_import_file_that_cannot_be_written_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "stacks" / "import.agency.json").mkdir(parents=True)
    assert run("--domain", DOMAIN) == 2
    assert "import.agency.json cannot be written" in capsys.readouterr().err


CLOUDFLARE = "0123456789abcdef0123456789abcdef"


@pytest.mark.usefixtures("folder")
def test_a_worker_needs_no_bucket_and_takes_what_stands_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adopt, "ensure_bucket", None)  # not called
    monkeypatch.setattr(adopt, "addresses_stand", None)
    assert run("--domain", DOMAIN, "--cloudflare-account", CLOUDFLARE) == 0
    assert len(SHELF.entries) == 3


@pytest.mark.parametrize("stand", [True, False])
def test_addresses_at_cloudflare_are_in_the_way_of_a_cname(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    stand: bool,
) -> None:
    assert run("--domain", DOMAIN) == 0
    SHELF.clear()
    path = folder / "stacks" / "Pulumi.agency.yaml"
    text = path.read_text().replace("dns: route53", "dns: cloudflare")
    path.write_text(text + f"  mtasts:cloudflareAccount: {CLOUDFLARE}\n")
    monkeypatch.setattr(adopt, "addresses_stand", lambda *_: stand)
    assert run() == (2 if stand else 0)
    assert ("has addresses of its own" in capsys.readouterr().err) is stand
    assert bool(SHELF.entries) is not stand


def test_what_somebody_else_publishes_is_not_taken_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--domain", DOMAIN) == 0
    path = folder / "stacks" / "Pulumi.agency.yaml"
    path.write_text(path.read_text().replace("dns: route53", "dns: manual"))
    assert run() == 2
    assert "dns manual cannot take a domain over" in capsys.readouterr().err
