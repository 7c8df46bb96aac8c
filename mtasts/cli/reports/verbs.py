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
    "parse": ("mtasts.cli.reports.parse", "read report files and mails, and say what counts"),
    "pull": ("mtasts.cli.reports.pull", "new reports from an inbox or mailbox into the store"),
    "watch": ("mtasts.cli.reports.watch", "tell once each what gives reason to look"),
    "summary": ("mtasts.cli.reports.answers", "what senders say of the last days, in brief"),
    "failures": ("mtasts.cli.reports.answers", "what failed, what it means and what to do"),
    "reporters": ("mtasts.cli.reports.answers", "who reports, how much, and with which trust"),
    "silence": ("mtasts.cli.reports.answers", "which reporters have stopped"),
    "timeline": ("mtasts.cli.reports.answers", "sessions and failures by day"),
    "sql": ("mtasts.cli.reports.sql", "a query over the store, for DuckDB, Spark or Trino"),
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
