"""``mtasts reports watch``: tell once each what the stored reports give reason to look at."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks, add_store
from mtasts.cli.output import Exit, write
from mtasts.cli.spans import span_seconds
from mtasts.cli.stacks import domain_name
from mtasts.cli.state_files import load_state, store_file
from mtasts.config import load_stack
from mtasts.config.folder import agency_files
from mtasts.config.model import ReportTrust
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import Severity
from mtasts.threads import in_thread
from mtasts.tlsrpt.alerts import (
    STATE_MAX_BYTES,
    AlertState,
    judge,
    read_alert_state,
    render_alert_state,
)
from mtasts.watch.notify import Form, Mail, Topic, Webhook, notify

if TYPE_CHECKING:
    import datetime as dt
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from mtasts.cli.outside import Outside
    from mtasts.tlsrpt.alerts import Stored
    from mtasts.watch.notify import Sink

_SMTP_VARIABLE = "MTASTS_SMTP_PASSWORD"
_ALERTS = "alerts"


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.description = (
        "Look at the stored reports, and tell each alert once: a type of failure that is new, too "
        "large a share of failures, a reporter that fell silent, reports in quarantine or that "
        "cannot be read. One look, for cron or a timer; with --every look again and again. Exit "
        "code 1 where an alert was told, 3 where it is not known whether one was."
    )
    parser.epilog = (
        "example: mtasts reports watch --state watch.json --webhook https://hooks.example/x "
        "--webhook-form slack"
    )
    add = parser.add_argument
    add_store(parser)
    add(
        "--state",
        type=Path,
        required=True,
        metavar="FILE",
        help="the file that keeps which alerts were sent",
    )
    add("--domain", default="", metavar="D", help="only this policy domain (without: all)")
    add_stacks(parser, "folder of stack files, whose mtasts:reportTrust says what counts (stacks)")
    add(
        "--every",
        metavar="SPAN",
        help="look again after this time, such as 90s, 10m, 1h or 1d (without: look once)",
    )
    add("--rounds", type=int, metavar="N", help="end after this number of looks")
    add("--min-severity", choices=[each.label for each in Severity], default="info")
    add("--webhook", metavar="URL", help="https address to post alerts to")
    add("--webhook-form", choices=[each.value for each in Form], default="json")
    add("--sns", metavar="ARN", help="publish alerts to this SNS topic")
    add("--smtp", metavar="URL", help="mail server: smtps://HOST, or smtp://HOST with STARTTLS")
    add(
        "--smtp-user",
        default="",
        metavar="NAME",
        help=f"user of the mail server; the variable {_SMTP_VARIABLE} has the password",
    )
    add("--mail-from", default="", metavar="ADDRESS")
    add("--mail-to", default="", metavar="ADDRESS")
    add("--metrics", type=Path, metavar="FILE", help="write metrics for Prometheus after each look")
    add("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Look and tell.

    Raises:
        UsageError: an option is wrong, there is no store, or the state cannot be read or written.
    """
    if arguments.rounds is not None and arguments.rounds < 1:
        raise UsageError("--rounds takes a number from 1")
    if arguments.domain:
        arguments.domain = domain_name(arguments.domain)
    seconds = 0 if arguments.every is None else span_seconds("--every", arguments.every)
    sinks = outside.alert_sinks(_sinks(arguments, outside))
    return asyncio.run(_watch(arguments, outside, sinks, seconds))


def _sinks(arguments: Namespace, outside: Outside) -> list[Sink]:
    """Who is told; raises `UsageError` for an address that is none."""
    reach = outside.reach()
    found: list[Sink] = []
    if arguments.webhook is not None:
        form = Form(arguments.webhook_form)
        found.append(Webhook(arguments.webhook, reach, form, _ALERTS))
    if arguments.sns is not None:
        found.append(Topic(arguments.sns, _ALERTS))
    if arguments.smtp is not None:
        password = outside.environment.get(_SMTP_VARIABLE, "")
        if arguments.smtp_user and not password:
            raise UsageError(f"--smtp-user needs a password: set the variable {_SMTP_VARIABLE}")
        found.append(
            Mail(
                arguments.smtp,
                arguments.mail_from,
                arguments.mail_to,
                reach,
                arguments.smtp_user,
                password,
                _ALERTS,
            )
        )
    elif arguments.mail_to:
        raise UsageError("--mail-to needs --smtp")
    return found


async def _watch(
    arguments: Namespace, outside: Outside, sinks: Sequence[Sink], seconds: int
) -> int:
    rounds = arguments.rounds if arguments.rounds is not None or seconds else 1
    while True:
        begun = asyncio.get_running_loop().time()
        code = await _round(arguments, outside, sinks)
        rounds = rounds - 1 if rounds is not None else None
        if rounds == 0:
            return code
        await outside.sleep(max(0.0, begun + seconds - asyncio.get_running_loop().time()))


async def _round(arguments: Namespace, outside: Outside, sinks: Sequence[Sink]) -> Exit:
    """One look; what a receiver did not take is told again after the next one."""
    now = outside.clock()()
    stored = await in_thread(lambda: _look(arguments, now))
    before = load_state(arguments.state, read_alert_state, STATE_MAX_BYTES) or AlertState()
    state, alerts = judge(stored, before, now)
    least = Severity.parse(arguments.min_severity)
    reported = [each for each in alerts if each.severity >= least]
    for each in reported:
        as_json = arguments.format == "json"
        write((json.dumps(each.as_json()) if as_json else str(each)) + "\n")
    sys.stdout.flush()
    try:
        await notify(sinks, reported, sleep=outside.sleep)
    except UndeterminedError as error:
        sys.stderr.write(
            f"reports: could not find out {error}; the alerts are sent again after the next look\n"
        )
        sys.stderr.flush()
        return Exit.UNDETERMINED
    store_file("--state", arguments.state, render_alert_state(state))
    if arguments.metrics is not None:
        from mtasts.reports.metrics import render_metrics  # with a package of the extra

        store_file("--metrics", arguments.metrics, render_metrics(stored, state, now))
    return Exit.FINDINGS if any(not each.is_over for each in reported) else Exit.GOOD


def _look(arguments: Namespace, now: dt.datetime) -> Stored:
    from mtasts.reports.store import Store  # with DuckDB
    from mtasts.reports.watching import look

    return look(Store(arguments.store), now, arguments.domain, _posted(arguments.stacks))


def _posted(folder: Path) -> frozenset[str]:
    """The domains of stacks that count reports which were posted."""
    configs = (load_stack(path)[0] for path in agency_files(folder))
    return frozenset(
        domain.name
        for config in configs
        if config.report_trust is ReportTrust.HTTPS
        for domain in config.domains
    )
