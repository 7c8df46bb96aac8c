"""``mtasts reports summary|failures|reporters|silence|timeline``: what the stored reports say."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import sys
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks, add_store
from mtasts.cli.output import Exit, write
from mtasts.cli.probing import add_probe_options, reach_of
from mtasts.cli.stack_ledgers import ledger_of, recorder_of
from mtasts.cli.stacks import domain_name, find_domain
from mtasts.errors import MtaStsError, UsageError
from mtasts.threads import in_thread
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mtasts.check.notes import Checked
    from mtasts.cli.outside import Outside
    from mtasts.cli.stacks import StackDomain
    from mtasts.ledger.history import Ledger
    from mtasts.reports.answers import Answers
    from mtasts.reports.held import History

FORMATS = ("text", "json", "csv", "html")
_SPAN = re.compile(r"([1-9]\d{0,3})d")
# Fewer than mtasts check: these domains have failures, and their checks wait for time-outs.
_CHECKED_AT_ONCE = 16
# Without these words a summary says nothing of a ledger, so none is read.
_WITH_LEDGER = frozenset({"summary", "failures"})


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    verb = parser.prog.rpartition(" ")[2]
    parser.epilog = f"example: mtasts reports {verb} --store tls-reports --since 30d"
    add = parser.add_argument
    add_store_options(parser)
    add("--table", metavar="ID", help="the table that --format csv writes (the first one)")
    add("--format", choices=FORMATS, default="text")
    if verb in _WITH_LEDGER:
        add_stacks(parser)
    if verb == "failures":
        add(
            "--check",
            action="store_true",
            help="also run mtasts check, to see which causes are still there",
        )
        add(
            "--deadline",
            type=float,
            default=60.0,
            metavar="S",
            help="the longest time for each domain with --check, in seconds (60)",
        )
        add_probe_options(parser)


def add_store_options(parser: ArgumentParser) -> None:
    """Add ``--store``, ``--domain``, ``--since`` and ``--trust``."""
    add = parser.add_argument
    add_store(parser)
    add("--domain", default="", metavar="D", help="only this policy domain (without: all)")
    add(
        "--since",
        default="30d",
        metavar="SPAN",
        help="the last days, such as 30d, or the first day, such as 2026-01-31 (30d)",
    )
    add(
        "--trust",
        choices=[each.value for each in Trust],
        default=Trust.UNSIGNED.value,
        help="leave out reports with less trust than this (unsigned: leaves out failed signatures)",
    )


def run(arguments: Namespace, outside: Outside) -> int:
    """Ask the store, and print.

    Raises:
        UsageError: there is no store, or an option is wrong.
        StoreError: the store is of another release, or cannot be read.
    """
    from mtasts.render.document import as_csv, as_json, as_text
    from mtasts.reports.answers import ANSWERS, Answers, AnswerScope
    from mtasts.reports.store import Store

    now = outside.clock()()
    today = now.astimezone(dt.UTC).date()
    domain = domain_name(arguments.domain) if arguments.domain else ""
    store = Store(arguments.store)
    scope = AnswerScope(since(arguments.since, today), today, domain, Trust(arguments.trust))
    with store.asking():
        answers = Answers(store, scope)
        if arguments.verb in _WITH_LEDGER:
            histories = _histories(answers.domains(), arguments.stacks, now, outside)
            seen = None
            if arguments.verb == "failures" and arguments.check:
                seen = asyncio.run(_check(answers, arguments, outside))
            scope = AnswerScope(scope.since, scope.until, domain, scope.trust, histories, seen)
            answers = Answers(store, scope)
        document = ANSWERS[arguments.verb](answers)
    if arguments.format == "html":
        from mtasts.render.document_html import as_html

        write(as_html(document, now))
    elif arguments.format == "csv":
        write(as_csv(document, arguments.table))
    else:
        write({"text": as_text, "json": as_json}[arguments.format](document))
    return Exit.GOOD


def since(text: str, today: dt.date) -> dt.date:
    """The first day: ``30d`` are the last 30 days, today among them.

    Raises:
        UsageError: it is neither a span nor a day.
    """
    span = _SPAN.fullmatch(text)
    if span is not None:
        return today - dt.timedelta(days=int(span[1]) - 1)
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--since {text!r} is neither a number of days such as 30d nor a day such as 2026-01-31"
        ) from None


def _histories(
    domains: Iterable[str], stacks: Path, now: dt.datetime, outside: Outside
) -> Mapping[str, History]:
    """What the ledgers say of the domains, or why nothing is known of one."""
    from mtasts.reports.held import History

    found: dict[str, StackDomain] = {}
    problems: dict[str, Exception] = {}
    for domain in domains:
        try:
            found[domain] = find_domain(domain, stacks)
        except MtaStsError as error:
            problems[domain] = error
    ledgers = asyncio.run(_ledgers(found, outside)) if found else {}
    return {domain: History.of(each, now) for domain, each in (problems | ledgers).items()}


async def _ledgers(
    found: Mapping[str, StackDomain], outside: Outside
) -> dict[str, Ledger | Exception]:
    """The ledgers, stack by stack: each with its own credentials."""
    by_stack: dict[str, list[StackDomain]] = {}
    for each in found.values():
        by_stack.setdefault(each.stack, []).append(each)
    ledgers: dict[str, Ledger | Exception] = {}
    for stack, domains in by_stack.items():
        sys.stderr.write(f"reports: reading the ledgers of {len(domains)} domains of {stack}\n")
        sys.stderr.flush()
        recorder = await in_thread(recorder_of, domains[0], outside)
        names = [each.domain.name for each in domains]
        read = await asyncio.gather(*(ledger_of(recorder, name) for name in names))
        ledgers |= dict(zip(names, read, strict=True))
    return ledgers


async def _check(answers: Answers, arguments: Namespace, outside: Outside) -> dict[str, Checked]:
    """What a check finds now of the domains that have failures."""
    from mtasts.check.domain import check_domain
    from mtasts.observe.observer import each_of

    now = outside.clock()
    observer = outside.observer(
        reach_of(arguments, outside), deadline_seconds=arguments.deadline, tls_details=False
    )
    domains = answers.failing_domains()
    sys.stderr.write(f"reports: running the checks of {len(domains)} domains\n")
    sys.stderr.flush()

    async def one(domain: str) -> Checked:
        return check_domain(await observer.observe(domain, ()), now())

    found = each_of(domains, one, parallel=_CHECKED_AT_ONCE)
    return {each.domain: each async for each in found}
