"""``mtasts gate``: the evidence that a promotion to enforce rests on, collected and judged."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.accounts import stack_ledgers
from mtasts.cli.output import Exit, Help, write
from mtasts.cli.probing import add_probe_options, reach_of
from mtasts.cli.stacks import StackDomain, domain_name, find_domain
from mtasts.clock import clock
from mtasts.config.fields import did_you_mean
from mtasts.errors import MtaStsError, UndeterminedError, UsageError
from mtasts.evidence_files import FOLDER, evidence_path, load_evidence, store_evidence
from mtasts.findings import printable
from mtasts.gathering import gather_evidence
from mtasts.policy import Mode
from mtasts.probe.dns import Resolver
from mtasts.report_files import read_reports
from mtasts.rollout import gates, waivers
from mtasts.rollout.entries import LedgerError
from mtasts.rollout.evidence import Evidence, EvidenceError, Explanation
from mtasts.tlsrpt.report import Drop

if TYPE_CHECKING:
    import datetime as dt
    from argparse import ArgumentParser, Namespace

    from mtasts.rollout.conditions import KnownLedger
    from mtasts.tlsrpt.summary import ReportSummary

_EXPLAIN = "TYPE[@HOST|@FILE]=REASON"
_REPORTED_MAX = 20


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts gate collect example.gov --reports reports/"
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    collect = verbs.add_parser(
        "collect",
        help="observe MX, SPF, DKIM and DMARC, add up TLS reports, and write the evidence",
        description="Write evidence/<agency>/<domain>.json, and say what enforce still lacks. "
        "Run it where port 25 is open to the outside; most CI runners have it closed.",
        epilog="example: mtasts gate collect example.gov --reports reports/ "
        "--explain 'certificate-expired@mx1.example.gov=renewed on 3 May'",
        formatter_class=Help,
    )
    collect.add_argument(
        "--reports",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="TLS reports (RFC 8460), .json or .json.gz, or folders of them; without any, the "
        "reports of a file that is there are not given up",
    )
    collect.add_argument(
        "--explain",
        action="append",
        default=[],
        metavar=_EXPLAIN,
        help="why failures of that type, at HOST or all, or files and rows that were left out, say "
        "nothing against enforce",
    )
    check = verbs.add_parser(
        "check",
        help="judge the evidence that is there",
        description="Judge the evidence that is there, against the MX that DNS has now.",
        epilog="example: mtasts gate check example.gov",
        formatter_class=Help,
    )
    for verb in (collect, check):
        verb.add_argument("domain", metavar="DOMAIN", help="the policy domain")
        verb.add_argument(
            "--stacks", type=Path, default=Path("stacks"), metavar="DIR", help="folder (stacks)"
        )
        verb.add_argument(
            "--evidence", type=Path, default=FOLDER, metavar="DIR", help="folder (evidence)"
        )
        add_probe_options(verb)
        verb.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace) -> int:
    """Run the verb; exit code 1 while a condition of enforce is unmet."""
    name = domain_name(arguments.domain)
    found = find_domain(name, arguments.stacks)
    path = evidence_path(arguments.evidence, found.stack, name)
    evidence = load_evidence(path, name)
    now = clock(os.environ)()
    if arguments.verb == "collect":
        evidence = _collect(found, path, arguments, evidence, now)
        try:
            store_evidence(path, evidence)
        except EvidenceError as error:
            raise UsageError(f"{path}: {error}") from error
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return _tell(found, path, evidence, arguments, now)


def _collect(
    found: StackDomain,
    path: Path,
    arguments: Namespace,
    former: Evidence | EvidenceError | None,
    now: dt.datetime,
) -> Evidence:
    """New evidence; what was explained before stays so while it is still reported."""
    name = found.domain.name
    try:
        reports = read_reports(arguments.reports, name, now)
    except OSError as error:
        raise UsageError(f"--reports {error.filename}: {error.strerror}") from error
    explained = [_explanation(text, reports) for text in arguments.explain]
    if isinstance(former, Evidence):
        if former.reports.reports and not reports.reports:
            given = "--reports names none" if arguments.reports else "no --reports was given"
            raise UsageError(
                f"{path} has {former.reports.reports} TLS reports about {name}, and {given}: "
                f"run mtasts gate collect {name} --reports FOLDER, or remove the file first"
            )
        explained += [
            each
            for each in former.explained
            if each not in explained and any(map(each.explains, reports.explainable))
        ]
    sys.stderr.write(f"gate: asking the MX hosts of {name}\n")
    sys.stderr.flush()
    reach = reach_of(arguments)
    return asyncio.run(
        gather_evidence(
            found.domain, reports, explained, reach=reach, resolver=Resolver(reach), now=now
        )
    )


def _explanation(text: str, reports: ReportSummary) -> Explanation:
    """What ``--explain`` says, if it explains anything of ``reports``.

    Raises:
        UsageError: it is malformed, or nothing like it was reported.
    """
    what, _, reason = text.partition("=")
    type_, _, place = (part.strip() for part in what.partition("@"))
    type_, reason = type_.lower(), reason.strip()
    if not (type_ and reason):
        raise UsageError(f"--explain {text!r} is not {_EXPLAIN}")
    if type_ in set(Drop):
        made = Explanation(type_, reason, file=place)
    else:
        made = Explanation(type_, reason, mx=domain_name(place) if place else "")
    reported = _reported(reports)
    if not any(map(made.explains, reports.explainable)):
        wanted = f"{type_}@{place}" if place else type_
        guess = did_you_mean(wanted, reported)
        said = f"did you mean {guess}? " if guess else ""
        shown = ", ".join(reported[:_REPORTED_MAX]) or "nothing"
        raise UsageError(
            f"--explain {printable(wanted, 300)}: nothing of that name was reported: {said}"
            f"reported: {shown}"
        )
    return made


def _reported(reports: ReportSummary) -> list[str]:
    """What can be explained, as ``--explain`` takes it."""
    found = {each.result_type: None for each in reports.failures}
    found |= {f"{each.result_type}@{each.mx}": None for each in reports.failures if each.mx}
    found |= {str(each.kind): None for each in reports.dropped}
    found |= {f"{each.kind}@{each.file}": None for each in reports.dropped}
    return [printable(each, 300) for each in found]


def _tell(
    found: StackDomain,
    path: Path,
    evidence: Evidence | EvidenceError | None,
    arguments: Namespace,
    now: dt.datetime,
) -> int:
    """Judge it as a promotion would, whatever the stack file asks for today."""
    name = found.domain.name
    reach = reach_of(arguments)
    mx = asyncio.run(Resolver(reach).lookup(name, "MX"))
    if not mx.settled:
        raise UndeterminedError(f"the MX records of {name}: {mx.reason}")
    asked = replace(found.domain, mode=Mode.ENFORCE)
    ledger = _ledger(found)
    judged = waivers.judge(
        asked.override,
        gates.unmet(asked, mx, evidence, now, ledger=ledger, is_local=reach.is_local),
        now,
    )
    notes = [*judged.notes, *gates.left_out(evidence, ledger=ledger, is_local=reach.is_local)]
    if arguments.format == "json":
        rows = {"unmet": list(judged.unmet), "notes": notes}
        write(json.dumps({"domain": name, "file": str(path)} | rows) + "\n")
    else:
        lines = [f"{name}: {path}"]
        lines += [f"  unmet: {each}" for each in judged.unmet]
        lines += [f"  {each}" for each in notes]
        lines += [] if judged.unmet else ["  every condition of enforce is met"]
        write("\n".join(lines) + "\n")
    return Exit.FINDINGS if judged.unmet else Exit.GOOD


def _ledger(found: StackDomain) -> KnownLedger:
    """The domain's ledger, or why it could not be read: few mail relays have credentials."""
    try:
        recorder, _ = stack_ledgers(found.config, found.values, found.stack)
        return asyncio.run(recorder.read(found.domain.name))
    except LedgerError as error:
        return error
    except MtaStsError as error:
        return UndeterminedError(f"the ledger: {error}")
