"""A domain that somebody set up by hand is taken over, and senders notice nothing."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import threading
import uuid
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import pytest
import trustme

from mtasts.observations import FetchOutcome
from mtasts.probe.dns import Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach
from mtasts.records import select_sts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Lab

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


def test_a_domain_set_up_by_hand_is_taken_over(lab: Lab, tmp_path: Path) -> None:
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    body = f"version: STSv1\nmode: testing\nmx: mx1.{domain}\nmax_age: 604800\n".encode()
    project = lab.stack(f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n")
    authority = trustme.CA()
    bundle = tmp_path / "both.pem"
    bundle.write_bytes(lab.cloud.ca_file.read_bytes() + authority.cert_pem.bytes())
    project = replace(project, environment={**project.environment, "MTASTS_CA_FILE": str(bundle)})
    by_hand = {
        (f"_mta-sts.{domain}", "TXT"): '"v=STSv1;id=20200101"',
        (f"_smtp._tls.{domain}", "TXT"): '"v=TLSRPTv1;rua=mailto:old@reports.example"',
        (f"legacy.{domain}", "A"): ELSEWHERE,
        (f"mta-sts.{domain}", "CNAME"): f"legacy.{domain}",
    }
    for (name, type_), value in by_hand.items():
        values = [{"Value": value}]
        lab.put(domain, {"Name": name, "Type": type_, "TTL": 300, "ResourceRecords": values})
    project.stack_file.unlink()
    adopt = ("adopt", project.stack, "--domain", domain, "--account", "123456789012")
    reach = Reach.from_environment(project.environment)
    with (
        legacy_host(body, f"mta-sts.{domain}", lab.cloud.edge_port, authority),
        Sender(reach, domain) as sender,
    ):
        refused = project.mtasts(*adopt)
        assert refused.code == 2
        assert f"the policy host of {domain} is a CNAME" in refused.stderr
        done = project.mtasts(
            *adopt,
            "--flatten",
            "--max-age-ever",
            "604800",
            "--approved-by",
            "the CISO",
            "--format",
            "json",
        ).required()
        told = json.loads(done.stdout)
        assert told["adopted"] == [{"domain": domain, "id": "20200101"}]
        again = project.mtasts(*adopt, "--max-age-ever", "604800", "--approved-by", "the CISO")
        again.required()
        file = told["import"]
        project.pulumi(
            "import", "--file", file, "--yes", "--generate-code=false", "--protect=false"
        ).required()
        project.configure({"mtasts:cacheSeconds": "1", "mtasts:proofSeconds": "10"})
        project.settle()
    assert sender.failures == []
    assert sender.seen == {("20200101", body)}
    assert ELSEWHERE in sender.hosts
    assert "127.0.0.1" in sender.hosts
    found = project.outputs()["domains"][domain]
    assert (found["policyId"], found["policy"].encode()) == ("20200101", body)
    assert lab.records(domain)[f"_smtp._tls.{domain}", "TXT"] == [
        '"v=TLSRPTv1; rua=mailto:old@reports.example;"'
    ]
    shown = project.mtasts("ledger", "show", project.stack).required().stdout
    assert "taken over; what was before may be held until" in shown
    # The first real change is ours throughout.
    project.configure({"mtasts:domains[0].maxAge": "86400"}, path=True)
    project.settle()
    found = project.outputs()["domains"][domain]
    assert "\r\n" in found["policy"]
    assert len(found["policyId"]) == 32
    assert found["policyId"] in str(lab.sts(domain))
