"""``mtasts lint``: judge policies, records and stack files before anybody sees them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, add_output_options, describe, exit_code
from mtasts.errors import UsageError
from mtasts.findings import Finding, Severity, printable
from mtasts.names import DomainNameError, parse_domain

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

# A sender may stop at 64 KB; a body is hashed whole up to here, and refused beyond.
READ_LIMIT = 16 * 1024 * 1024
_RECORDS_LIMIT = 1000


def configure(parser: ArgumentParser) -> None:
    """Add the three subjects."""
    subjects = parser.add_subparsers(dest="subject", metavar="SUBJECT", required=True)
    policy = subjects.add_parser(
        "policy",
        help="policy bodies",
        epilog="example: mtasts lint policy mta-sts.txt --mx mail.example.gov",
    )
    policy.add_argument("--domain", help="the policy domain")
    policy.add_argument("--mx", action="append", default=[], metavar="HOST", help="an MX host")
    policy.add_argument("--revision", type=_revision, default=0, help="for the id (default: 0)")
    record = subjects.add_parser(
        "record",
        help="RRsets: one TXT record a line, as in a zone file",
        epilog="""example: echo '"v=STSv1; id=1"' | mtasts lint record --kind sts -""",
    )
    record.add_argument("--kind", choices=("sts", "tlsrpt"), required=True)
    stack = subjects.add_parser(
        "stack",
        help="stack files",
        epilog="example: mtasts lint stack stacks/Pulumi.example-agency.yaml",
    )
    for subject in (policy, record, stack):
        subject.add_argument("files", nargs="+", metavar="FILE", help="'-' is standard input")
        add_output_options(subject)


def _revision(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def run(arguments: Namespace) -> int:
    """Judge every file; one that cannot be read is named, and the others are still judged."""
    judge = {"policy": _policy, "record": _record, "stack": _stack}[arguments.subject]
    if arguments.subject == "policy":
        _normalise(arguments)
    seen: list[Finding] = []
    unreadable = False
    for name in arguments.files:
        try:
            shape, findings = judge(name, arguments)
        except OSError as error:
            sys.stderr.write(f"mtasts lint: {printable(name)}: {error.strerror or error}\n")
            unreadable = True
            continue
        seen += findings
        _show(name, shape, findings, arguments.format)
    return Exit.USAGE if unreadable else exit_code(seen, arguments.fail_on)


def _normalise(arguments: Namespace) -> None:
    problems: list[str] = []

    def name(option: str, text: str) -> str:
        try:
            return parse_domain(text)
        except DomainNameError as error:
            problems.append(f"{option}: {error}")
            return text

    if arguments.domain is not None:
        arguments.domain = name("--domain", arguments.domain)
    arguments.mx = [name("--mx", host) for host in arguments.mx]
    if problems:
        raise UsageError("; ".join(problems))


def _show(name: str, shape: dict[str, object], findings: tuple[Finding, ...], style: str) -> None:
    if style == "json":
        row = {"file": name, **shape, "findings": [one.as_json() for one in findings]}
        sys.stdout.write(json.dumps(row) + "\n")
        return
    told = ", ".join(
        f"{key}: {value}" for key, value in shape.items() if isinstance(value, (str, bool))
    )
    sys.stdout.write(f"{printable(name)}: {told}\n")
    sys.stdout.writelines(f"{describe(one)}\n" for one in findings)


def _read(name: str) -> bytes:
    """At most the limit and one byte, so that no file fills the memory."""
    if name == "-":
        return sys.stdin.buffer.read(READ_LIMIT + 1)
    with Path(name).open("rb") as file:
        return file.read(READ_LIMIT + 1)


def _policy(name: str, arguments: Namespace) -> tuple[dict[str, object], tuple[Finding, ...]]:
    from mtasts.check.policy import check_policy  # noqa: PLC0415 - only what the subject needs
    from mtasts.policy import policy_id  # noqa: PLC0415 - as above

    body = _read(name)
    report = check_policy(body, domain=arguments.domain, mx=arguments.mx)
    policy = report.policy
    shape: dict[str, object] = {
        "valid": report.valid,
        "policy": policy
        and {
            "version": "STSv1",
            "mode": str(policy.mode),
            "max_age": policy.max_age,
            "mx": [str(pattern) for pattern in policy.mx],
        },
        "id": policy_id(body, arguments.revision) if len(body) <= READ_LIMIT else None,
        "mx": {host: policy.covers(host) if policy else None for host in arguments.mx},
    }
    return shape, report.findings


def _record(name: str, arguments: Namespace) -> tuple[dict[str, object], tuple[Finding, ...]]:
    from mtasts.check.record import check_sts, check_tlsrpt  # noqa: PLC0415 - as above
    from mtasts.records import StsRecord  # noqa: PLC0415 - as above

    rrset, broken = _rrset(_read(name))
    report = check_sts(rrset) if arguments.kind == "sts" else check_tlsrpt(rrset)
    record = report.selection.record
    shape: dict[str, object] = {
        "outcome": "invalid" if broken else str(report.selection.outcome),
        "record": None
        if record is None or broken
        else {"id": record.id}
        if isinstance(record, StsRecord)
        else {"rua": list(record.rua)},
    }
    return shape, (*broken, *report.findings)


def _rrset(raw: bytes) -> tuple[list[tuple[bytes, ...]], list[Finding]]:
    """The records of a file, and a finding for every line that is none."""
    from mtasts.records import PresentationError, parse_presentation  # noqa: PLC0415 - as above

    rrset: list[tuple[bytes, ...]] = []
    broken: list[Finding] = []
    for number, line in enumerate(_numbered(raw), start=1):
        if number > _RECORDS_LIMIT or len(raw) > READ_LIMIT:
            broken.append(_presentation(f"more than {_RECORDS_LIMIT} lines or {READ_LIMIT} bytes"))
            break
        try:
            rrset.append(parse_presentation(line))
        except PresentationError as error:
            broken.append(_presentation(f"line {number}: {error}", line))
    return rrset, broken


def _numbered(raw: bytes) -> Iterator[bytes]:
    return (line for line in raw.split(b"\n") if line.strip(b" \t\r"))


def _presentation(summary: str, evidence: bytes = b"") -> Finding:
    return Finding(
        "record-presentation",
        Severity.ERROR,
        summary,
        "RFC 1035 section 5.1",
        printable(evidence),
        'write one TXT record a line, strings in quotes: "v=STSv1; id=1"',
    )


def _stack(name: str, _: Namespace) -> tuple[dict[str, object], tuple[Finding, ...]]:
    from mtasts.check.stack import check_stack_file  # noqa: PLC0415 - as above

    if name == "-":
        raise UsageError("a stack file is read by name: its name is the stack's")
    Path(name).stat()
    findings = tuple(check_stack_file(Path(name)))
    valid = not any(one.severity is Severity.ERROR for one in findings)
    return {"valid": valid}, findings
