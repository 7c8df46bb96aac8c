"""``mtasts check --watch``: look again and again, and report each change once."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.output import write
from mtasts.cli.probing import reach_of
from mtasts.cli.spans import span_seconds
from mtasts.cli.state_files import load_state, store_file
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import Severity
from mtasts.render.checked_text import summary
from mtasts.watch.changes import (
    STATE_MAX_BYTES,
    Served,
    State,
    compare,
    gravest,
    read_state,
    recall,
    render_state,
)
from mtasts.watch.notify import notify

if TYPE_CHECKING:
    import datetime as dt
    from argparse import ArgumentParser, Namespace
    from collections.abc import AsyncIterator, Callable, Mapping

    from mtasts.check.notes import Checked
    from mtasts.cli.outside import Outside
    from mtasts.watch.changes import Change, Standing


def add_watch_options(parser: ArgumentParser) -> None:
    """Add ``--watch``, ``--state``, ``--rounds``, ``--webhook`` and ``--sns``."""
    add = parser.add_argument
    add(
        "--watch",
        metavar="SPAN",
        help="look again after this time, such as 90s, 10m, 1h or 1d, and report changes",
    )
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="the file that keeps what was reported; without --watch, look once",
    )
    add("--rounds", type=int, metavar="N", help="end after this number of looks")
    add("--webhook", metavar="URL", help="https address to post changes to, as JSON")
    add("--sns", metavar="ARN", help="publish changes to this SNS topic")


def is_watching(arguments: Namespace) -> bool:
    """Whether changes are to be reported; raises `UsageError` if an option lacks its partner."""
    if arguments.state is None:
        given = ("watch", "rounds", "webhook", "sns")
        if any(getattr(arguments, each) is not None for each in given):
            raise UsageError("--watch, --rounds, --webhook and --sns need --state FILE")
        return False
    if arguments.format not in ("text", "json"):
        raise UsageError("--state needs --format text or json: changes have no other format")
    if arguments.report is not None:
        raise UsageError("--report cannot be used with --state: a report shows one look")
    if arguments.rounds is not None and arguments.rounds < 1:
        raise UsageError("--rounds takes a number from 1")
    return True


async def watch(
    arguments: Namespace,
    outside: Outside,
    look: Callable[[], AsyncIterator[Checked]],
    now: Callable[[], dt.datetime],
    *,
    stacks: Mapping[str, str],
) -> list[Checked]:
    """Look until the last round, or for ever without ``--rounds``; returns the last look.

    A change carries the name of the domain's stack, if ``stacks`` has one. If a sink fails, the
    state is not stored, so that the same changes are sent again after the next look.

    Raises:
        UsageError: the state cannot be read or written.
    """
    span = span_seconds("--watch", arguments.watch) if arguments.watch is not None else 0
    rounds = arguments.rounds if arguments.rounds is not None or span else 1
    sinks = outside.sinks(arguments.webhook, arguments.sns, reach_of(arguments, outside))
    state = load_state(arguments.state, read_state, STATE_MAX_BYTES) or State()
    least = Severity.parse(arguments.min_severity)
    while True:
        begun = asyncio.get_running_loop().time()
        # The next look begins one span after this one began, however long the look-ups take.
        end = asyncio.get_running_loop().time() + span
        standings: dict[str, tuple[Standing, ...]] = {}
        served: dict[str, Served] = {}
        reported: list[Change] = []
        seen: list[Checked] = []
        async for found in look():
            checked, remembered = recall(found, state.served.get(found.domain))
            if remembered is not None:
                served[checked.domain] = remembered
            seen.append(checked)
            before = state.standings.get(checked.domain, ())
            standings[checked.domain], changes = compare(before, checked, now())
            for change in gravest(changes, least):
                reported.append(replace(change, stack=stacks.get(checked.domain, "")))
                as_json = arguments.format == "json"
                write((json.dumps(reported[-1].as_json()) if as_json else str(reported[-1])) + "\n")
            sys.stdout.flush()
        try:
            await notify(sinks, reported, sleep=outside.sleep)
        except UndeterminedError as error:
            sys.stderr.write(
                f"check: could not find out {error}; the changes are sent again after the next "
                "look\n"
            )
            sys.stderr.flush()
        else:
            state = State(standings, served)
            store_file("--state", arguments.state, render_state(state))
        rounds = rounds - 1 if rounds is not None else None
        if rounds == 0:
            sys.stderr.write(summary(seen, asyncio.get_running_loop().time() - begun, 0))
            return seen
        await outside.sleep(max(0.0, end - asyncio.get_running_loop().time()))
