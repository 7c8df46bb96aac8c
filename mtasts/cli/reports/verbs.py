"""``mtasts reports``: TLS reports (RFC 8460), from the inbox to the decision."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mtasts.cli.output import Help

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mtasts.cli.outside import Outside

# Name: module and one line of help. Each module has configure(parser) and
# run(arguments, outside) -> int, and loads what it needs of the extra `reports` when it runs.
VERBS = {
    "parse": (
        "mtasts.cli.reports.parse",
        "read report files and mails, and print what is accepted and counted",
    ),
    "pull": (
        "mtasts.cli.reports.pull",
        "fetch new reports from an inbox, a mailbox or a folder into the store",
    ),
    "watch": ("mtasts.cli.reports.watch", "look at the stored reports, and send each alert once"),
    "summary": (
        "mtasts.cli.reports.answers",
        "sessions, failures and reporters of the last days, on one page",
    ),
    "failures": (
        "mtasts.cli.reports.answers",
        "which failures were reported, what each means and what to do",
    ),
    "reporters": (
        "mtasts.cli.reports.answers",
        "which senders report, how many sessions, and with which trust",
    ),
    "silence": ("mtasts.cli.reports.answers", "which reporters have stopped to send reports"),
    "timeline": ("mtasts.cli.reports.answers", "sessions and failures of each day"),
    "sql": ("mtasts.cli.reports.sql", "print a query over the store, for DuckDB, Spark or Trino"),
}


def configure(parser: ArgumentParser) -> None:
    """Declare the verbs and their arguments."""
    parser.epilog = "example: mtasts reports summary --store tls-reports"
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (module, help_line) in VERBS.items():
        verb = verbs.add_parser(name, help=help_line, formatter_class=Help)
        import_module(module).configure(verb)


def run(arguments: Namespace, outside: Outside) -> int:
    """Do what the verb says."""
    module, _ = VERBS[arguments.verb]
    return int(import_module(module).run(arguments, outside))
