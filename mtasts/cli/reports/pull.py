"""``mtasts reports pull``: new reports from inboxes, mailboxes and folders into the store."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import time
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks, add_store
from mtasts.cli.output import Exit, write
from mtasts.cli.paths import existing
from mtasts.cli.stacks import domain_name
from mtasts.config.folder import listed_domains, stack_files
from mtasts.errors import UsageError
from mtasts.extras import require
from mtasts.findings import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from mtasts.cli.outside import Outside
    from mtasts.reports.pull import Pace, PullContext
    from mtasts.reports.pulled import Pulled
    from mtasts.reports.sources.source import Source
    from mtasts.reports.store import Store

_SAY_SECONDS = 2.0
_SAY_MAX_SECONDS = 30.0
_NAMED = 10
# IMAP servers limit the connections of one user, and object stores the requests of one client.
_AT_ONCE_MAX = 32


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.description = (
        "Bring new TLS reports into the store: from the inbox's bucket, a mailbox, or files. Each "
        "mail or file is read once; a pull that was stopped or killed is continued by the next one "
        "(mtasts docs reports). Nothing at the source is changed. Exit code 3 if something could "
        "not be read or fetched; what was pulled is kept."
    )
    parser.epilog = (
        "example: mtasts reports pull --from imaps://tlsrpt@mail.example.gov/Reports "
        "--store tls-reports"
    )
    add = parser.add_argument
    add(
        "--from",
        dest="sources",
        action="append",
        required=True,
        metavar="SOURCE",
        help="s3://BUCKET/PREFIX, r2://BUCKET/PREFIX, imaps://USER@HOST/FOLDER, or the path of a "
        "folder, mbox, Maildir or file; may be repeated. Passwords come from the environment or "
        "the keyring",
    )
    add_store(parser)
    add_stacks(parser, "folder whose stack files list the agencies' domains (stacks)")
    add(
        "--domain",
        action="append",
        default=[],
        metavar="D",
        help="a policy domain of yours, in place of --stacks; may be repeated",
    )
    add("--again", action="store_true", help="fetch again what an earlier pull fetched")
    add("--at-once", type=int, default=8, metavar="N", help="the most fetches at the same time (8)")
    add(
        "--rate",
        type=float,
        default=0.0,
        metavar="N",
        help="the most fetches in a second (without: no limit)",
    )
    add("--bucket-owner", metavar="ID", help="the AWS account of the bucket (without: your own)")
    add(
        "--ca",
        type=Path,
        metavar="FILE",
        help="trust the certificate authorities in this PEM file for imaps://, in place of the "
        "Mozilla roots",
    )
    add("--resolver", metavar="IP:PORT", help="ask this DNS server for DKIM keys")
    add("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Pull from each source in turn; one that cannot be read does not keep the others back.

    Raises:
        UsageError: an option is wrong, a secret is missing, or the extra is not installed.
        StoreError: the store is of another release.
        KeptKeysError: the list of kept keys cannot be read.
    """
    from mtasts.reports.sources.opening import open_source
    from mtasts.reports.store import Store

    require("reports")
    domains = agency_domains(arguments.domain, arguments.stacks)
    sources = [
        open_source(
            each,
            outside.environment,
            authorities=arguments.ca,
            bucket_owner=arguments.bucket_owner,
        )
        for each in dict.fromkeys(arguments.sources)
    ]
    context, pace = _context(arguments, outside, domains), _pace(arguments)
    store = Store(arguments.store)
    found = asyncio.run(_pull_all(sources, store, context, pace, again=arguments.again))
    write(as_json(found) if arguments.format == "json" else as_text(found, arguments.store))
    return Exit.GOOD if all(each.is_whole for each in found) else Exit.UNDETERMINED


def agency_domains(given: Sequence[str], stacks: Path) -> frozenset[str]:
    """The policy domains whose rows count: those given, or those of all stack files.

    Raises:
        UsageError: there is none, or a stack file cannot be read: reports about its domains would
            be dropped as those of strangers.
    """
    if given:
        return frozenset(map(domain_name, given))
    found: set[str] = set()
    for path in stack_files(existing(stacks)):
        listed = listed_domains(path)
        if listed is None:
            quoted = shlex.quote(str(path))
            raise UsageError(f"{path} cannot be read: run mtasts lint stack {quoted}")
        found |= listed
    if not found:
        raise UsageError(f"no stack file in {stacks} lists a domain: give --domain or --stacks")
    return frozenset(found)


def _pace(arguments: Namespace) -> Pace:
    """How many keys are fetched at once, and how fast.

    Raises:
        UsageError: a number is out of bounds.
    """
    from mtasts.reports.pull import Pace

    if not 1 <= arguments.at_once <= _AT_ONCE_MAX:
        raise UsageError(f"--at-once takes a number from 1 to {_AT_ONCE_MAX}")
    if not 0 <= arguments.rate < float("inf"):
        raise UsageError("--rate takes a number of fetches a second, such as 5")
    return Pace(arguments.at_once, arguments.rate)


def _context(arguments: Namespace, outside: Outside, domains: frozenset[str]) -> PullContext:
    from dataclasses import replace

    from mtasts.probe.reach import endpoint
    from mtasts.reports.key_answers import KeyAnswers
    from mtasts.reports.keys import Keys
    from mtasts.reports.pull import PullContext

    reach = outside.reach()
    if arguments.resolver is not None:
        reach = replace(reach, resolver=endpoint(arguments.resolver))
    keys = Keys(outside.resolver(reach))
    answers = KeyAnswers(keys.find, time.monotonic)
    return PullContext(domains, answers, outside.clock(), time.monotonic, outside.sleep)


async def _pull_all(
    sources: Sequence[Source],
    store: Store,
    context: PullContext,
    pace: Pace,
    *,
    again: bool,
) -> list[Pulled]:
    from mtasts.reports.pull import pull
    from mtasts.reports.pulled import Pulled
    from mtasts.reports.sources.source import SourceError
    from mtasts.threads import in_thread

    found = [Pulled(each.name) for each in sources]
    for source, pulled in zip(sources, found, strict=True):
        async with reporting_progress(partial(progress, pulled), context.sleep):
            try:
                await pull(source, store, context, pulled, pace=pace, again=again)
            except SourceError as error:
                pulled.problem = printable(str(error), 500)
    days = [0, 0]
    async with reporting_progress(lambda: f"storing: {days[0]} of {days[1]} days", context.sleep):
        await in_thread(store.settle, lambda *each: days.__setitem__(slice(2), each))
    return found


def progress(pulled: Pulled) -> str:
    """How far a pull is, in one line."""
    return (
        f"{pulled.source}: {pulled.listed} listed, {pulled.known} known, "
        f"{pulled.fetched} fetched, {pulled.reports} reports, "
        f"{sum(pulled.skipped.values())} skipped, {pulled.failures} failed"
    )


@asynccontextmanager
async def reporting_progress(
    line: Callable[[], str], sleep: Callable[[float], Awaitable[None]]
) -> AsyncIterator[None]:
    """Say after two seconds, and then ever more rarely, how far the block is."""

    async def say() -> None:
        pause = _SAY_SECONDS
        while True:
            await sleep(pause)
            pause = min(2 * pause, _SAY_MAX_SECONDS)
            sys.stderr.write(f"reports pull: {line()}\n")
            sys.stderr.flush()

    task = asyncio.create_task(say())
    try:
        yield
    finally:
        task.cancel()


def as_json(found: Sequence[Pulled]) -> str:
    """One JSON line a source."""
    return "".join(json.dumps(_row(each)) + "\n" for each in found)


def _row(pulled: Pulled) -> dict[str, object]:
    return {
        "source": pulled.source,
        "complete": pulled.is_whole,
        "problem": pulled.problem,
        "listed": pulled.listed,
        "known": pulled.known,
        "fetched": pulled.fetched,
        "gone": pulled.gone,
        "reports": pulled.reports,
        "notAccepted": pulled.refused,
        "trust": dict(sorted(pulled.trust.items())),
        "foreign": dict(sorted(pulled.foreign.items())),
        "skipped": dict(sorted(pulled.skipped.items())),
        "skips": [
            {"source": each.source, "part": each.place, "kind": each.kind, "reason": each.reason}
            for each in pulled.skips
        ],
        "retried": pulled.waiting,
        "failures": pulled.failures,
        "failed": [{"source": address, "reason": reason} for address, reason in pulled.failed],
    }


def as_text(found: Sequence[Pulled], store: Path) -> str:
    """The summary for people: each number, and what was skipped or failed by name."""
    lines = [line for each in found for line in _lines(each)]
    return "".join(f"{printable(line, 900)}\n" for line in (*lines, f"store: {store}"))


def _lines(pulled: Pulled) -> list[str]:
    lines = [
        pulled.source,
        (
            f"  {pulled.listed} listed: {pulled.known} known, {pulled.fetched} fetched, "
            f"{pulled.gone} deleted meanwhile, {pulled.failures} not fetched"
        ),
        f"  {pulled.reports} reports{_counted(pulled.trust)}",
    ]
    if pulled.refused:
        lines.append(f"  {pulled.refused} of them not accepted: their numbers are not counted")
    if pulled.waiting:
        lines.append(
            f"  {pulled.waiting} with a DKIM key that could not be looked up: unsigned until a "
            "later pull finds it"
        )
    if pulled.foreign:
        lines.append(
            f"  {sum(pulled.foreign.values())} rows about domains that are not yours, left out"
            f"{_counted(pulled.foreign)}"
        )
    if pulled.skipped:
        lines.append(f"  {sum(pulled.skipped.values())} skipped{_counted(pulled.skipped)}")
    lines += [
        f"    {each.source}{f' {each.place}' if each.place else ''}: {each.reason} ({each.kind})"
        for each in pulled.skips[:_NAMED]
    ]
    if (more := sum(pulled.skipped.values()) - _NAMED) > 0:
        lines.append(f"    and {more} more: all are in the table dropped of the store")
    lines += [f"  not fetched: {reason}" for _, reason in pulled.failed[:_NAMED]]
    if (more := pulled.failures - _NAMED) > 0:
        lines.append(f"  and {more} more not fetched: the next pull tries them again")
    if pulled.problem:
        lines.append(f"  could not be read to its end: {pulled.problem}")
    return lines


def _counted(counts: dict[str, int]) -> str:
    """Such as ": 3 verified, 1 unsigned"; the most frequent first."""
    rows = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    shown = ", ".join(f"{count} {name}" for name, count in rows[:_NAMED])
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f": {shown}{more}" if shown else ""
