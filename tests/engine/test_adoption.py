"""A domain that somebody set up by hand is taken over, and senders notice nothing."""

from __future__ import annotations

import asyncio
import json
import shlex
import ssl
import sys
import threading
import uuid
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import pytest
import trustme

from mtasts.localcloud.aws.issuance import validation_record
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.observations import FetchOutcome
from mtasts.probe.dns import Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach
from mtasts.records import select_sts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Lab

    from mtasts.localcloud.project import Run

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform != "linux", reason="needs loopback addresses beyond the first"),
]
ELSEWHERE = "127.0.0.2"


@contextmanager
def legacy_host(body: bytes, host: str, port: int, authority: trustme.CA) -> Iterator[None]:
    """A web server of before, on an address of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def serve() -> None:
        async with await asyncio.start_server(talk, ELSEWHERE, port, ssl=context):
            ready.set()
            await ended.wait()

    ended = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield
    loop.call_soon_threadsafe(ended.set)
    thread.join()
    loop.close()


class Sender:
    """Looks up id and policy again and again, wherever the name leads."""

    def __init__(self, reach: Reach, domain: str) -> None:
        self.seen: set[tuple[str, bytes]] = set()
        self.hosts: set[str] = set()
        self.failures: list[str] = []
        self._reach, self._domain = reach, domain
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._look()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    async def _look(self) -> None:
        resolver, host = Resolver(self._reach), f"mta-sts.{self._domain}"
        while not self._ended.is_set():
            answer = await resolver.lookup(f"_mta-sts.{self._domain}", "TXT")
            record = select_sts(answer.strings).record
            addresses, why = await resolver.addresses(host)
            if not addresses:
                self.failures.append(why)
            for address in addresses:
                found = await fetch(self._reach, host, address)
                if found.outcome is not FetchOutcome.ANSWERED or found.status != 200:
                    self.failures.append(f"{address}: {found.outcome} {found.status}")
                self.seen.add((record.id if record else "", found.body))
                self.hosts.add(address)
            await asyncio.sleep(0.05)


class ByHand:
    """A domain that somebody has set up, with a policy host on an address of its own."""

    def __init__(self, lab: Lab, folder: Path, hosting: str) -> None:
        self.lab = lab
        self.domain = f"d{uuid.uuid4().hex[:8]}.example"
        self.body = (
            f"version: STSv1\nmode: testing\nmx: mx1.{self.domain}\nmax_age: 604800\n".encode()
        )
        row = f"- name: {self.domain}\n  mx: [mx1.{self.domain}]\n  dkimSelectors: [s1]\n"
        project = lab.stack(row, hosting=hosting)
        self._authority = trustme.CA()
        bundle = folder / "both.pem"
        bundle.write_bytes(lab.cloud.ca_file.read_bytes() + self._authority.cert_pem.bytes())
        environment = {**project.environment, "MTASTS_CA_FILE": str(bundle)}
        self.project = replace(project, environment=environment)
        self.put(f"_mta-sts.{self.domain}", "TXT", '"v=STSv1;id=20200101"')
        self.put(f"_smtp._tls.{self.domain}", "TXT", '"v=TLSRPTv1;rua=mailto:old@reports.example"')
        self.project.stack_file.unlink()

    def put(self, name: str, type_: str, value: str) -> None:
        values = [{"Value": value}]
        record = {"Name": name, "Type": type_, "TTL": 300, "ResourceRecords": values}
        self.lab.put(self.domain, record)

    @contextmanager
    def asked(self) -> Iterator[Sender]:
        """The host serves, and a sender asks, all the while."""
        host, port = f"mta-sts.{self.domain}", self.lab.cloud.edge_port
        reach = Reach.from_environment(self.project.environment)
        with (
            legacy_host(self.body, host, port, self._authority),
            Sender(reach, self.domain) as sender,
        ):
            yield sender

    def adopt(self, *words: str) -> Run:
        account = {
            "aws": ("--account", "123456789012"),
            "cloudflare": ("--cloudflare-account", ACCOUNT_ID),
        }[self.lab.hosting]
        return self.project.mtasts(
            "adopt", self.project.stack, "--domain", self.domain, *account, *words
        )

    def take_in(self, steps: list[str]) -> None:
        """Run the printed import."""
        (printed,) = (each for each in steps if each.startswith("pulumi import "))
        _, *words = shlex.split(printed)
        self.project.pulumi(*words).required()

    def require_taken_over(self, sender: Sender) -> None:
        """Senders have noticed nothing, and the first real change is ours throughout."""
        assert sender.failures == []
        assert sender.seen == {("20200101", self.body)}
        assert ELSEWHERE in sender.hosts
        assert len(sender.hosts) > 1
        found = self.project.outputs()["domains"][self.domain]
        assert (found["policyId"], found["policy"].encode()) == ("20200101", self.body)
        assert self.lab.records(self.domain)[f"_smtp._tls.{self.domain}", "TXT"] == [
            '"v=TLSRPTv1; rua=mailto:old@reports.example;"'
        ]
        shown = self.project.mtasts("ledger", "show", self.project.stack).required().stdout
        assert "taken over; what was before may be held until" in shown
        self.project.configure({"mtasts:domains[0].maxAge": "86400"}, path=True)
        self.project.settle()
        found = self.project.outputs()["domains"][self.domain]
        assert "\r\n" in found["policy"]
        assert len(found["policyId"]) == 32
        assert found["policyId"] in str(self.lab.sts(self.domain))


BRIEF = {"mtasts:cacheSeconds": "1", "mtasts:proofSeconds": "10"}


def test_a_domain_set_up_by_hand_is_taken_over(lab: Lab, tmp_path: Path) -> None:
    by_hand = ByHand(lab, tmp_path, "aws")
    domain = by_hand.domain
    by_hand.put(f"legacy.{domain}", "A", ELSEWHERE)
    by_hand.put(f"mta-sts.{domain}", "CNAME", f"legacy.{domain}")
    # There was a certificate before, of this account: ACM asks for the same record again.
    earlier = validation_record("arn:aws:acm:us-east-1:123456789012:x", f"mta-sts.{domain}")
    by_hand.put(earlier.name, "CNAME", earlier.value)
    with by_hand.asked() as sender:
        refused = by_hand.adopt()
        assert refused.code == 2
        assert f"the policy host of {domain} is a CNAME" in refused.stderr
        bound = ("--max-age-ever", "604800", "--approved-by", "the CISO")
        done = by_hand.adopt("--flatten", *bound, "--format", "json").required()
        told = json.loads(done.stdout)
        assert told["adopted"] == [{"domain": domain, "id": "20200101"}]
        by_hand.adopt(*bound).required()
        by_hand.take_in(told["next"])
        by_hand.project.configure(BRIEF)
        by_hand.project.settle()
    by_hand.require_taken_over(sender)


def test_a_worker_takes_over_whatever_stands_at_the_policy_host(lab: Lab, tmp_path: Path) -> None:
    lab.hosting = "cloudflare"
    by_hand = ByHand(lab, tmp_path, "cloudflare")
    by_hand.put(f"mta-sts.{by_hand.domain}", "A", ELSEWHERE)
    with by_hand.asked() as sender:
        told = json.loads(by_hand.adopt("--format", "json").required().stdout)
        by_hand.take_in(told["next"])
        by_hand.project.configure({**BRIEF, "mtasts:settleSeconds": "1"})
        by_hand.project.settle()
    by_hand.require_taken_over(sender)
