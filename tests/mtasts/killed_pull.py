"""Pulls and arrivals that are killed: reports of three days, a signed mail, one skipped."""

from __future__ import annotations

import asyncio
from pathlib import Path

import duckdb  # noqa: F401 - once for all that are forked
from dying import die_at_each
from pulling import Literal, around
from report_mails import json_part, mail, report, signed
from report_samples import arrivals

from mtasts.reports.pull import Pace, pull
from mtasts.reports.pulled import Pulled
from mtasts.reports.store import Store
from mtasts.tlsrpt.verdicts import organisational_domain

DOMAINS = ("a.example", "b.example")


def source(*, is_ordered: bool) -> Literal:
    """The same each time."""
    found = {
        str(number): report(id_=str(number)).replace(b"05-10", b"05-0%d" % (number % 2 + 1))
        for number in range(1, 18)
    }
    found["18"] = signed(mail(json_part(report())), "sender.example")
    found["19"] = b"no report"
    found["20"] = b""
    return Literal(found, gone=frozenset({"20"}), is_ordered=is_ordered)


def main(words: list[str], folder: str, count: int) -> None:
    """For `dying.deaths`: ``cursor`` or ``any-order`` pulls, ``arrivals`` adds to the store."""
    (what,) = words
    if what != "arrivals":
        organisational_domain("sender.example")  # loads its list, once for all that are forked

    def pulls(folder: Path) -> None:
        store = Store(folder)
        given = source(is_ordered=what == "cursor")
        asyncio.run(pull(given, store, around(), Pulled("x"), pace=Pace(batch_keys=4)))
        store.settle()

    def adds(folder: Path) -> None:
        store = Store(folder)
        store.add(arrivals(2, DOMAINS))
        store.settle()

    die_at_each(adds if what == "arrivals" else pulls, Path(folder), count)
