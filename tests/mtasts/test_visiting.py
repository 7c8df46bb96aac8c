"""Visits that domains share wait no longer than whoever asks, and lead where an address says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from loopback import Zone

from mtasts.lookups import LATE, Answers
from mtasts.observations import DnsAnswer, DnsStatus, FetchOutcome
from mtasts.probe.reach import Reach
from mtasts.visiting import Visits, report_uris

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def visits(ca_file: Path) -> Visits:
    answers = Answers(Zone({}))
    return Visits(Reach(None, ca_file), answers, deadline_seconds=60, connections_max=1)


async def test_who_has_no_time_is_told_so(visits: Visits) -> None:
    end = asyncio.get_running_loop().time() - 1
    mailbox = await visits.mailbox("mailto:a@boxes.example?x=y", end)
    endpoint = await visits.endpoint("https://reports.example/", end)
    crl = await visits.crl("http://crl.example/x", end)
    assert (mailbox.domain, mailbox.mx.reason) == ("boxes.example", LATE)
    assert [each.reason for each in endpoint.addresses] == [LATE]
    assert (crl.outcome, crl.host) == (FetchOutcome.TIMED_OUT, "crl.example")


async def test_a_host_without_an_address_is_told_so(visits: Visits) -> None:
    end = asyncio.get_running_loop().time() + 30
    assert (await visits.mailbox("mailto:a@boxes.example", end)).session is None
    assert (await visits.endpoint("https://reports.example/", end)).fetch is None
    crl = await visits.crl("http://crl.example/x", end)
    assert (crl.outcome, crl.reason) == (
        FetchOutcome.CONNECT_FAILED,
        "crl.example has no address",
    )


def test_addresses_of_reports_are_told_apart_by_scheme() -> None:
    uris = "mailto:a@b.example,HTTPS://b.example/,mailto:c@d.example"
    record = DnsAnswer(
        "n", "TXT", DnsStatus.ANSWERED, strings=((f"v=TLSRPTv1; rua={uris}".encode(),),)
    )
    assert report_uris(record, "mailto") == ["mailto:a@b.example", "mailto:c@d.example"]
    assert len(report_uris(record, "https")) == 1
    assert report_uris(DnsAnswer("n", "TXT", DnsStatus.NXDOMAIN), "https") == []
