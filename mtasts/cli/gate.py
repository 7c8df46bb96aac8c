"""``mtasts gate``: the evidence that a promotion to enforce rests on, collected and judged."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, Help, write
from mtasts.cli.probing import add_probe_options, reach_of
from mtasts.cli.stacks import StackDomain, domain_name, find_domain
from mtasts.clock import clock
from mtasts.errors import UndeterminedError, UsageError
from mtasts.evidence_files import FOLDER, evidence_path, load_evidence, store_evidence
from mtasts.gathering import gather_evidence, read_reports
from mtasts.policy import Mode
from mtasts.probe.dns import Resolver
from mtasts.rollout import gates, waivers
from mtasts.rollout.evidence import Evidence, EvidenceError, Explanation

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_EXPLAIN = "TYPE[@HOST]=REASON"


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
        help="TLS reports (RFC 8460), .json or .json.gz, or folders of them",
    )
    collect.add_argument(
        "--explain",
        action="append",
        default=[],
        metavar=_EXPLAIN,
        help="why reported failures of that type say nothing against enforce",
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
    if arguments.verb == "collect":
        evidence = _collect(found, arguments, evidence)
        try:
            store_evidence(path, evidence)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return _tell(found, path, evidence, arguments)


def _collect(
    found: StackDomain, arguments: Namespace, former: Evidence | EvidenceError | None
) -> Evidence:
    """New evidence; what was explained before stays so while it is still reported."""
    explained = [_explanation(text) for text in arguments.explain]
    try:
        reports = read_reports(arguments.reports, found.domain.name)
    except OSError as error:
        raise UsageError(f"--reports {error.filename}: {error.strerror}") from error
    if isinstance(former, Evidence):
        explained += [
            each
            for each in former.explained
            if each not in explained and any(map(each.explains, reports.failures))
        ]
    sys.stderr.write(f"gate: asking the MX hosts of {found.domain.name}\n")
    sys.stderr.flush()
    reach = reach_of(arguments)
    return asyncio.run(
        gather_evidence(
            found.domain,
            reports,
            explained,
            reach=reach,
            resolver=Resolver(reach),
            now=clock(os.environ)(),
        )
    )


def _explanation(text: str) -> Explanation:
    what, _, reason = text.partition("=")
    type_, _, host = what.partition("@")
    if not (type_.strip() and reason.strip()):
        raise UsageError(f"--explain {text!r} is not {_EXPLAIN}")
    return Explanation(
        type_.strip().lower(), reason.strip(), domain_name(host.strip()) if host.strip() else ""
    )


def _tell(
    found: StackDomain,
    path: Path,
    evidence: Evidence | EvidenceError | None,
    arguments: Namespace,
) -> int:
    """Judge it as a promotion would, whatever the stack file asks for today."""
    name = found.domain.name
    mx = asyncio.run(Resolver(reach_of(arguments)).lookup(name, "MX"))
    if not mx.settled:
        raise UndeterminedError(f"the MX records of {name}: {mx.reason}")
    asked = replace(found.domain, mode=Mode.ENFORCE)
    now = clock(os.environ)()
    judged = waivers.judge(asked.override, gates.unmet(asked, mx, evidence, now), now)
    if arguments.format == "json":
        rows = {"unmet": list(judged.unmet), "notes": list(judged.notes)}
        write(json.dumps({"domain": name, "file": str(path)} | rows) + "\n")
    else:
        lines = [f"{name}: {path}"]
        lines += [f"  unmet: {each}" for each in judged.unmet]
        lines += [f"  {each}" for each in judged.notes]
        lines += [] if judged.unmet else ["  every condition of enforce is met"]
        if isinstance(evidence, Evidence):
            lines += [f"  not counted: {each}" for each in evidence.reports.refused]
        write("\n".join(lines) + "\n")
    return Exit.FINDINGS if judged.unmet else Exit.GOOD
