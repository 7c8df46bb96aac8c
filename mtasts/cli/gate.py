"""``mtasts gate``: the evidence that a promotion to enforce rests on, collected and judged."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, Help, write
from mtasts.cli.paths import existing, known_stack_file
from mtasts.cli.probing import add_probe_options, reach_of
from mtasts.cli.stack_ledgers import ledger_of, recorder_of
from mtasts.cli.stacks import StackDomain, domain_name, find_domain
from mtasts.cli.together import in_turn
from mtasts.config import load_stack
from mtasts.config.fields import did_you_mean
from mtasts.config.folder import agency_files, stack_name
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable
from mtasts.ledger.history import Ledger
from mtasts.policy import Mode
from mtasts.promotion import gates, waivers
from mtasts.promotion.collect import gather_evidence
from mtasts.promotion.evidence import Evidence, EvidenceError, Explanation
from mtasts.promotion.evidence_files import load_evidence, store_evidence
from mtasts.promotion.evidence_folder import FOLDER, evidence_path
from mtasts.tlsrpt.report import Drop
from mtasts.tlsrpt.report_files import read_reports
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    import datetime as dt
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from mtasts.cli.outside import Outside
    from mtasts.observations import DnsAnswer
    from mtasts.promotion.conditions import KnownLedger
    from mtasts.tlsrpt.summary import ReportSummary

_EXPLAIN = "TYPE[@HOST|@FILE]=REASON"
_REPORTED_MAX = 20


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts gate collect example.gov --reports reports/"
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    collect = verbs.add_parser(
        "collect",
        help="look at MX hosts, SPF, DKIM and DMARC, count TLS reports, and write the evidence",
        description="Write evidence/<agency>/<domain>.json, and print which conditions of enforce "
        "are unmet. Run it on a machine with port 25 open to the outside; most CI runners block "
        "it.",
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
        help="TLS reports (RFC 8460), .json or .json.gz, or folders of them. If the present "
        "evidence has reports, give --reports or --store: evidence with reports is not replaced by "
        "evidence without",
    )
    collect.add_argument(
        "--store",
        type=Path,
        metavar="DIR",
        help="folder of the stored reports, which mtasts reports pull fills; in place of --reports",
    )
    collect.add_argument(
        "--explain",
        action="append",
        default=[],
        metavar=_EXPLAIN,
        help="why failures of this TYPE (at HOST, or at every host) are no reason against enforce; "
        "with @FILE: why a file or row that was left out is none; may be given again",
    )
    check = verbs.add_parser(
        "check",
        help="judge the collected evidence, and print which conditions of enforce are unmet",
        description="Judge the collected evidence against the MX records that DNS has now. Exit "
        "code 1 if a condition of enforce is unmet, 2 if a file cannot be used, 3 if something "
        "could not be found out. Of several domains the worst code counts: 2 before 1, 1 before 3.",
        epilog="example: mtasts gate check example.gov; mtasts gate check --stack example-agency",
        formatter_class=Help,
    )
    collect.add_argument("domain", metavar="DOMAIN", help="the policy domain")
    check.add_argument("domains", metavar="DOMAIN", nargs="*", help="policy domains")
    check.add_argument(
        "--stack",
        action="append",
        default=[],
        metavar="STACK",
        help="all domains of this stack that do not enforce yet; may be given again",
    )
    check.add_argument(
        "--all",
        action="store_true",
        help="all domains that do not enforce yet, of every stack in the folder",
    )
    for verb in (collect, check):
        add_stacks(verb)
        verb.add_argument(
            "--evidence",
            type=Path,
            default=FOLDER,
            metavar="DIR",
            help="folder of the evidence (evidence)",
        )
        add_probe_options(verb)
        verb.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Run the verb; exit code 1 while a condition of enforce is unmet.

    Raises:
        UsageError: nothing to judge is given, or an option is wrong.
    """
    if arguments.verb == "collect":
        return _collect_one(arguments, outside)
    stacks = list(arguments.stack)
    if arguments.all:
        all_stacks = [stack_name(each) for each in agency_files(existing(arguments.stacks))]
        if not all_stacks:
            raise UsageError(f"{arguments.stacks} has no stack file of an agency")
        stacks += [each for each in all_stacks if each not in stacks]
    acts = {each: partial(_check_domain, each, arguments, outside) for each in arguments.domains}
    acts |= {each: partial(_check_stack, each, arguments, outside) for each in stacks}
    if not acts:
        raise UsageError("give a DOMAIN, --stack STACK, or --all")
    return in_turn(acts, stacks)


def _check_domain(text: str, arguments: Namespace, outside: Outside) -> int:
    found = find_domain(domain_name(text), arguments.stacks)
    (surroundings,) = _look([found], arguments, outside)
    return _tell(found, arguments, surroundings, outside)


def _check_stack(stack: str, arguments: Namespace, outside: Outside) -> int:
    """Judge the domains of a stack that do not enforce yet."""
    config, values = load_stack(known_stack_file(stack, arguments.stacks))
    found = [
        StackDomain(stack, config, each, values)
        for each in config.domains
        if not each.parked and not each.retire
    ]
    sys.stderr.write(f"gate: reading ledgers and MX records of {len(found)} domains of {stack}\n")
    sys.stderr.flush()
    acts = {
        domain.domain.name: partial(_tell, domain, arguments, surroundings, outside)
        for domain, surroundings in zip(found, _look(found, arguments, outside), strict=True)
        if _is_next(domain, surroundings)
    }
    if not acts and arguments.format == "text":
        write(f"{stack}: every domain enforces already, is parked or retires\n")
    return in_turn(acts) if acts else Exit.GOOD


def _is_next(found: StackDomain, surroundings: _Surroundings) -> bool:
    """Whether the ledger says that the domain does not enforce yet, or the ledger is not known."""
    enforced_domain = replace(found.domain, mode=Mode.ENFORCE)
    ledger = surroundings.ledger
    return not isinstance(ledger, Ledger) or gates.is_promotion(enforced_domain, ledger)


def _collect_one(arguments: Namespace, outside: Outside) -> int:
    """Write new evidence for a domain, and judge it; the exit code.

    Raises:
        UsageError: the evidence cannot be written.
    """
    name = domain_name(arguments.domain)
    found = find_domain(name, arguments.stacks)
    path = evidence_path(arguments.evidence, found.stack, name)
    evidence = _collect(found, path, arguments, outside)
    try:
        store_evidence(path, evidence)
    except EvidenceError as error:
        raise UsageError(f"{path}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    (surroundings,) = _look([found], arguments, outside)
    return _tell(found, arguments, surroundings, outside)


def _collect(
    found: StackDomain,
    path: Path,
    arguments: Namespace,
    outside: Outside,
) -> Evidence:
    """New evidence; explanations of the former file are kept for what is still reported.

    Raises:
        UsageError: it would have no report where the present file has some.
    """
    name = found.domain.name
    former = load_evidence(path, name)
    now = outside.clock()()
    reports = _reports(found, arguments, now)
    explained = [_explanation(text, reports) for text in arguments.explain]
    if isinstance(former, Evidence):
        if former.reports.reports and not reports.reports:
            given = (
                f"{arguments.store} has no report that counts"
                if arguments.store
                else "--reports names no report"
                if arguments.reports
                else "no --reports was given"
            )
            raise UsageError(
                f"{path} has {former.reports.reports} TLS reports about {name}, and {given}, so "
                f"the file was not replaced: run mtasts gate collect {name} with --reports FOLDER "
                "or --store DIR. If the reports are to be given up, remove the file first"
            )
        # An explanation without a report would let a later failure of that type pass unseen.
        explained += [
            each
            for each in former.explained
            if each not in explained and any(map(each.explains, reports.explainable))
        ]
    sys.stderr.write(f"gate: connecting to the MX hosts of {name}\n")
    sys.stderr.flush()
    reach = reach_of(arguments, outside)
    return asyncio.run(
        gather_evidence(
            found.domain,
            reports,
            explained,
            reach=reach,
            resolver=outside.resolver(reach),
            probes=outside.probes(),
            now=now,
        )
    )


def _reports(found: StackDomain, arguments: Namespace, now: dt.datetime) -> ReportSummary:
    """What the given files, or the store, say about the domain.

    Raises:
        UsageError: both were given, or a file cannot be read.
    """
    name = found.domain.name
    if arguments.store is not None:
        if arguments.reports:
            raise UsageError("give --reports or --store, not both: a report would be counted twice")
        from mtasts.reports.store import Store  # with DuckDB
        from mtasts.reports.stored_summary import stored_summary

        return stored_summary(Store(arguments.store), name, now, Trust(found.config.report_trust))
    try:
        return read_reports(arguments.reports, name, now)
    except OSError as error:
        raise UsageError(f"--reports {error.filename}: {error.strerror}") from error


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
        hint = f"did you mean {guess}? " if guess else ""
        shown = ", ".join(reported[:_REPORTED_MAX]) or "nothing"
        raise UsageError(
            f"--explain {printable(wanted, 300)}: no report has such a failure or file: {hint}"
            f"reported: {shown}"
        )
    return made


def _reported(reports: ReportSummary) -> list[str]:
    """Every reported type, host and file, spelled as ``--explain`` takes it."""
    found = {each.result_type: None for each in reports.failures}
    found |= {f"{each.result_type}@{each.mx}": None for each in reports.failures if each.mx}
    found |= {str(each.kind): None for each in reports.dropped}
    found |= {f"{each.kind}@{each.file}": None for each in reports.dropped}
    return [printable(each, 300) for each in found]


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """The MX records and the ledger: a promotion is judged by them and by its evidence."""

    mx: DnsAnswer
    ledger: KnownLedger


def _look(
    found: Sequence[StackDomain], arguments: Namespace, outside: Outside
) -> list[_Surroundings]:
    """Look up MX records and ledger of each domain of one stack, all at once."""
    resolver = outside.resolver(reach_of(arguments, outside))
    if not found:
        return []
    recorder = recorder_of(found[0], outside)

    async def one(name: str) -> _Surroundings:
        mx, ledger = await asyncio.gather(resolver.lookup(name, "MX"), ledger_of(recorder, name))
        return _Surroundings(mx, ledger)

    async def look_at_all() -> list[_Surroundings]:
        return await asyncio.gather(*(one(each.domain.name) for each in found))

    return asyncio.run(look_at_all())


def _tell(
    found: StackDomain, arguments: Namespace, surroundings: _Surroundings, outside: Outside
) -> int:
    """Judge the domain as a promotion would, whichever mode the stack file has today.

    Raises:
        UndeterminedError: DNS did not tell the MX hosts.
    """
    name = found.domain.name
    path = evidence_path(arguments.evidence, found.stack, name)
    evidence = load_evidence(path, name)
    now = outside.clock()()
    is_local = reach_of(arguments, outside).is_local
    mx, ledger = surroundings.mx, surroundings.ledger
    if not mx.settled:
        raise UndeterminedError(f"the MX records of {name}: {mx.reason}")
    enforced_domain = replace(found.domain, mode=Mode.ENFORCE)
    judged = waivers.judge(
        enforced_domain.override,
        gates.unmet(enforced_domain, mx, evidence, now, ledger=ledger, is_local=is_local),
        now,
    )
    notes = [*judged.notes, *gates.left_out(evidence, ledger=ledger, is_local=is_local)]
    if arguments.format == "json":
        rows = {
            "unmet": [str(each) for each in judged.unmet],
            "notes": [str(each) for each in notes],
            "rulings": [each.as_json() for each in (*judged.unmet, *notes)],
        }
        write(json.dumps({"domain": name, "file": str(path)} | rows) + "\n")
    else:
        lines = [f"{name}: {path}"]
        lines += [f"  unmet: {each.line}" for each in judged.unmet]
        lines += [f"  {each.line}" for each in notes]
        lines += [] if judged.unmet else ["  every condition of enforce is met"]
        write("\n".join(lines) + "\n")
    return Exit.FINDINGS if judged.unmet else Exit.GOOD
