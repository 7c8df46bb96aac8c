"""``mtasts lint``: check policies, records and stack files before they are published."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, Help, add_output_options, describe, exit_code, write
from mtasts.errors import UsageError
from mtasts.findings import Finding, Severity, printable
from mtasts.names import DomainNameError, parse_domain

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence

    from mtasts.cli.outside import Outside

# A body is hashed whole up to here; beyond, it gets no id.
READ_LIMIT = 16 * 1024 * 1024
# More digits than any real revision has.
_REVISION_DIGITS = 18


def configure(parser: ArgumentParser) -> None:
    """Add the three subjects."""
    parser.epilog = "example: mtasts lint policy mta-sts.txt --mx mail.example.gov"
    subjects = parser.add_subparsers(dest="subject", metavar="SUBJECT", required=True)
    policy = subjects.add_parser(
        "policy",
        formatter_class=Help,
        help="check policy bodies (RFC 8461 section 3.2)",
        epilog="example: mtasts lint policy mta-sts.txt --mx mail.example.gov",
    )
    policy.add_argument("--domain", help="the policy domain, for checks that need it")
    policy.add_argument(
        "--mx",
        action="append",
        default=[],
        metavar="HOST",
        help="an MX host; print whether the policy covers it; may be given again",
    )
    policy.add_argument(
        "--revision",
        type=_revision,
        default=0,
        help="the revision, which is part of the printed id (0)",
    )
    record = subjects.add_parser(
        "record",
        formatter_class=Help,
        help="check TXT records: one record a line, as in a zone file",
        epilog="""example: echo '"v=STSv1; id=1"' | mtasts lint record --kind sts -""",
    )
    record.add_argument("--kind", choices=("sts", "tlsrpt"), required=True)
    stack = subjects.add_parser(
        "stack",
        formatter_class=Help,
        help="check stack files",
        epilog="example: mtasts lint stack stacks/Pulumi.example-agency.yaml",
    )
    for subject in (policy, record, stack):
        subject.add_argument(
            "files", nargs="+", metavar="FILE", help="a file; - reads standard input"
        )
        add_output_options(subject)


def _revision(text: str) -> int:
    """The revision that an option names.

    Raises:
        ArgumentTypeError: it is no whole number; the parser ends the command.
    """
    from argparse import ArgumentTypeError  # argparse is loaded by now

    if not (text.isascii() and text.isdigit() and len(text) <= _REVISION_DIGITS):
        raise ArgumentTypeError(
            f"'{printable(text)}' is no revision: write 0 or a whole number above 0"
        )
    return int(text)


def run(arguments: Namespace, outside: Outside) -> int:
    """Judge every file; one that cannot be read is named, and the others are still judged.

    Raises:
        UsageError: a file cannot be read in the way that is asked for.
    """
    judge = {"policy": _policy, "record": _record, "stack": _stack}[arguments.subject]
    if arguments.files.count("-") > 1:
        raise UsageError("give - (standard input) only once")
    if arguments.subject == "policy":
        _normalise(arguments)
    seen: list[Finding] = []
    unreadable = False
    for name in arguments.files:
        try:
            shape, findings = judge(name, arguments, outside)
        except OSError as error:
            sys.stderr.write(f"mtasts lint: {printable(name)}: {error.strerror or error}\n")
            unreadable = True
            continue
        seen += findings
        if arguments.format == "json":
            row = {"file": name, **shape, "findings": [one.as_json() for one in findings]}
            write(json.dumps(row) + "\n")
        else:
            write(_as_text(name, shape, findings))
    return Exit.USAGE if unreadable else exit_code(seen, arguments.fail_on)


def _normalise(arguments: Namespace) -> None:
    """Turn domain and hosts into A-labels; the output shows the hosts as they were given.

    Raises:
        UsageError: with every name that is none.
    """
    problems: list[str] = []

    def name(option: str, text: str) -> str:
        try:
            return parse_domain(text)
        except DomainNameError as error:
            problems.append(f"{option}: {error}")
            return text

    if arguments.domain is not None:
        arguments.domain = name("--domain", arguments.domain)
    arguments.mx = {host: name("--mx", host) for host in arguments.mx}
    if problems:
        raise UsageError("; ".join(problems))


def _as_text(name: str, shape: Mapping[str, object], findings: Sequence[Finding]) -> str:
    verdict = shape.get("outcome") or ("valid" if shape["valid"] else "invalid")
    lines = [f"{printable(name)}: {verdict}"]
    if shape.get("id"):
        lines.append(f"  id {shape['id']}")
    for part in ("policy", "record", "mx"):
        values = shape.get(part)
        if isinstance(values, dict):
            lines += [f"  {key} {_word(value)}" for key, value in values.items()]
    lines += [describe(one) for one in findings]
    return "".join(f"{line}\n" for line in lines)


def _word(value: object) -> str:
    words = {True: "is covered", False: "is not covered", None: "has no policy to cover it"}
    if value is None or isinstance(value, bool):
        return words[value]
    return " ".join(value) if isinstance(value, list) else str(value)


def _read(name: str, limit: int, outside: Outside) -> bytes:
    """At most ``limit`` and one byte, so that no file fills the memory."""
    if name == "-":
        return outside.standard_input().read(limit + 1)
    with open(name, "rb") as file:  # noqa: PTH123 - pathlib is a tenth of the time this takes
        return file.read(limit + 1)


def _policy(
    name: str, arguments: Namespace, outside: Outside
) -> tuple[dict[str, object], tuple[Finding, ...]]:
    from mtasts.check.policy import (
        check_policy,
    )  # lint runs for every commit: only the modules of its subject are loaded
    from mtasts.policy import VERSION, policy_id  # as above

    body = _read(name, READ_LIMIT, outside)
    hosts = arguments.mx
    report = check_policy(body, domain=arguments.domain, mx=list(dict.fromkeys(hosts.values())))
    policy = report.policy
    shape: dict[str, object] = {
        "valid": report.valid,
        "policy": policy
        and {
            "version": VERSION,
            "mode": str(policy.mode),
            "max_age": policy.max_age,
            "mx": [str(pattern) for pattern in policy.mx],
        },
        "id": policy_id(body, arguments.revision) if len(body) <= READ_LIMIT else None,
        "mx": {given: policy.covers(host) if policy else None for given, host in hosts.items()},
    }
    return shape, report.findings


def _record(
    name: str, arguments: Namespace, outside: Outside
) -> tuple[dict[str, object], tuple[Finding, ...]]:
    from mtasts.check import record as check  # as above
    from mtasts.records import StsRecord  # as above

    rrset, lines = check.read_rrset(_read(name, check.RRSET_LIMIT, outside))
    report = check.check_sts(rrset) if arguments.kind == "sts" else check.check_tlsrpt(rrset)
    # With a line that could not be read, the records are not the ones that would be published.
    broken = any(one.severity is Severity.ERROR for one in lines)
    record = None if broken else report.selection.record
    shape: dict[str, object] = {
        "outcome": "invalid" if broken else str(report.selection.outcome),
        "record": record
        and ({"id": record.id} if isinstance(record, StsRecord) else {"rua": list(record.rua)}),
    }
    return shape, (*lines, *report.findings)


def _stack(name: str, _: Namespace, __: Outside) -> tuple[dict[str, object], tuple[Finding, ...]]:
    """Whether a stack file is valid, and what is to be said of it.

    Raises:
        UsageError: it is read from standard input.
        OSError: it cannot be read.
    """
    from pathlib import Path  # as above

    from mtasts.check.stack_file import check_stack_file  # as above

    if name == "-":
        raise UsageError(
            "a stack file cannot be read from standard input: its name is the name of the stack"
        )
    Path(name).stat()
    findings = tuple(check_stack_file(Path(name)))
    valid = not any(one.severity is Severity.ERROR for one in findings)
    return {"valid": valid}, findings
