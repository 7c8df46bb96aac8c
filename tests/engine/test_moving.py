"""A live domain moves from AWS to Cloudflare while senders ask all the while."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import TYPE_CHECKING, Self

import pytest

from mtasts.observations import FetchOutcome
from mtasts.probe.dns import ADDRESS_TYPES, Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach
from mtasts.records import select_sts

if TYPE_CHECKING:
    from types import TracebackType

    from conftest import Lab

pytestmark = pytest.mark.engine


class Asking:
    """Senders that ask again and again; ``wrong`` is whatever is not the id and the body."""

    def __init__(self, reach: Reach, domain: str, id_: str, body: bytes) -> None:
        self.looks = 0
        self.wrong: list[str] = []
        self._reach, self._domain = reach, domain
        self._id, self._body = id_, body
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    async def _ask(self) -> None:
        resolver, host = Resolver(self._reach), f"mta-sts.{self._domain}"
        while not self._ended.is_set():
            answer = await resolver.lookup(f"_mta-sts.{self._domain}", "TXT")
            record = select_sts(answer.strings).record
            if record is None or record.id != self._id:
                self.wrong.append(f"the record is {answer}")
            for type_ in ADDRESS_TYPES:
                found = await resolver.lookup(host, type_)
                if not found.values:
                    self.wrong.append(f"{host} has no {type_}: {found.status}")
                for address in found.values:
                    got = await fetch(self._reach, host, address)
                    right = got.outcome is FetchOutcome.ANSWERED and got.status == 200
                    if not right or got.body != self._body:
                        self.wrong.append(f"{address}: {got.outcome} {got.status} {got.reason}")
            self.looks += 1
            await asyncio.sleep(0.02)


def test_a_live_domain_moves_without_a_moment_in_which_a_sender_finds_no_policy(lab: Lab) -> None:
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    row = f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"
    project = lab.stack(row, hosting="aws", dns="cloudflare")
    project.configure({"mtasts:mode": "enforce"})
    project.collect_evidence(domain).required()
    project.settle()
    published = project.outputs()["domains"][domain]
    reach = Reach.from_environment(lab.environment())
    id_, body = published["policyId"], published["policy"].encode()
    with Asking(reach, domain, id_, body) as senders:
        project.configure({"mtasts:leaving": "aws"})
        project.settle()
        project.mtasts("ledger", "copy", project.stack).required()
        project.configure({"mtasts:hosting": "cloudflare", "mtasts:settleSeconds": "1"})
        project.settle()
        assert f"mta-sts.{domain}" in lab.hosts(domain)  # for those who know the old address
        project.pulumi("config", "rm", "mtasts:leaving").required()
        project.settle()
    assert senders.wrong == []
    assert senders.looks > 20
    assert f"mta-sts.{domain}" not in lab.hosts(domain)
    assert project.outputs()["domains"][domain]["policyId"] == id_
    assert not lab.api.get(f"/zones/{lab._cloudflare_zone(domain)}/workers/routes")
    bucket = f"{lab.api.path}/r2/buckets/mtasts-{project.stack}"
    assert [rule["prefix"] for rule in lab.api.get(f"{bucket}/lock")["rules"]] == ["ledger/"]
    # What was enforced is protected again.
    assert "protect" in project.pulumi("destroy", "--yes", "--skip-preview").text
