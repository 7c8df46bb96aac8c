"""Parsers in threads wait no longer than their domain, and not for a loop that has ended."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from loopback import Silent, Zone

from mtasts.observe import record_parsers
from mtasts.observe.lookups import LATE, Answers, Lookups
from mtasts.observe.record_parsers import Parsers

if TYPE_CHECKING:
    from mtasts.observations import DnsAnswer


async def test_a_record_is_read_with_what_it_refers_to() -> None:
    zone = Zone({("included.example", "TXT"): ("v=spf1 -all",)})
    end = asyncio.get_running_loop().time() + 10
    record = "v=spf1 include:included.example -all"
    found = await Parsers(Answers(zone)).read("spf", record, "example.gov", end)
    assert (found.record, found.error, found.reason) == (record, "", "")


async def test_a_parser_waits_no_longer_than_its_domain() -> None:
    parsers = Parsers(Answers(Silent({})))
    now = asyncio.get_running_loop().time()
    found = await parsers.read("spf", "v=spf1 mx -all", "example.gov", now - 1)
    assert found.reason == LATE
    parsers = Parsers(Answers(Silent({})), wait_seconds=0.01)
    # Another domain: the first one's thread may still read.
    found = await parsers.read("spf", "v=spf1 mx -all", "another.example", now + 10)
    assert (found.error, found.reason) == ("", LATE)


def test_a_loop_that_has_ended_answers_nobody() -> None:
    loop = asyncio.new_event_loop()
    answers: list[DnsAnswer] = []

    async def prepare() -> Lookups:
        return Lookups(Answers(Zone({})), loop.time() + 10)

    ask = record_parsers._asking(loop, loop.run_until_complete(prepare()), 10)
    loop.close()
    thread = threading.Thread(target=lambda: answers.append(ask("a.example", "A")))
    thread.start()
    thread.join(10)
    assert [each.reason for each in answers] == [LATE]
