"""``mtasts check``: every layer of live domains, judged as senders meet them."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.check.domain import check_domain
from mtasts.check.pages import page
from mtasts.checking import Observer, each_of
from mtasts.cli.output import Exit, add_output_options, describe, exit_code, write
from mtasts.cli.paths import stack_file
from mtasts.cli.probing import add_probe_options, reach_of
from mtasts.clock import clock
from mtasts.config import load_file
from mtasts.errors import UsageError
from mtasts.findings import Severity, printable
from mtasts.names import DomainNameError, parse_domain
from mtasts.probe.dns import Resolver
from mtasts.render.checked import FORMATS, as_json

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    from mtasts.check.domain import Checked

_FILE_MAX_BYTES = 64 * 1024 * 1024
_SAY_SECONDS = 2.0


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts check example.gov agency.example --format json"
    add = parser.add_argument
    add("domains", metavar="DOMAIN", nargs="*", help="mail domains")
    add("--file", type=Path, metavar="F", help="more of them, one a line; # begins a comment")
    add("--stack", metavar="STACK", help="the domains of this stack, compared with what it intends")
    add("--stacks", type=Path, default=Path("stacks"), metavar="DIR", help="folder (stacks)")
    add("--selector", action="append", default=[], metavar="S", help="a DKIM selector to look up")
    add_probe_options(parser)
    add("--deadline", type=float, default=60.0, metavar="S", help="seconds for each domain (60)")
    add("--parallel", type=int, default=64, metavar="N", help="domains at once (64)")
    add_output_options(parser, formats=("text", "json", "html", "sarif"))


def run(arguments: Namespace) -> int:
    """Check; exit code 1 on findings, 3 where nothing is wrong but something is not known."""
    if not 0.1 <= arguments.deadline <= 3600 or not 1 <= arguments.parallel <= 1000:
        raise UsageError("--deadline is from 0.1 to 3600 s, --parallel from 1 to 1000")
    wanted = _wanted(arguments)
    reach = reach_of(arguments)
    found: list[Checked] = []
    streaming = arguments.format in ("text", "json")

    async def check() -> None:
        observer = Observer(reach, Resolver(reach), deadline_seconds=arguments.deadline)
        now = clock(os.environ)
        said = asyncio.get_running_loop().time()
        count = 0

        async def one(domain: str) -> Checked:
            return check_domain(await observer.observe(domain, wanted[domain]), now())

        async for checked in each_of(wanted, one, parallel=arguments.parallel):
            count += 1
            if streaming:
                write(as_json(checked) if arguments.format == "json" else _as_text(checked))
                sys.stdout.flush()
            found.append(_brief(checked) if streaming else checked)
            if count < len(wanted) and asyncio.get_running_loop().time() - said > _SAY_SECONDS:
                said = asyncio.get_running_loop().time()
                sys.stderr.write(f"check: {count} of {len(wanted)} domains\n")
                sys.stderr.flush()

    try:
        asyncio.run(check())
    except KeyboardInterrupt:
        sys.stderr.write(f"check: stopped after {len(found)} of {len(wanted)} domains\n")
        if not streaming:
            write(FORMATS[arguments.format](found))
        return 130
    if not streaming:
        write(FORMATS[arguments.format](found))
    return _code(found, arguments.fail_on)


def _wanted(arguments: Namespace) -> dict[str, tuple[str, ...]]:
    """Every domain once, with the DKIM selectors to look up; all that are wrong are told."""
    wanted: dict[str, tuple[str, ...]] = {}
    wrong = []
    for text in _given(arguments):
        try:
            wanted.setdefault(parse_domain(text), tuple(arguments.selector))
        except DomainNameError as error:
            wrong.append(printable(str(error), 300))
    if arguments.stack is not None:
        config = load_file(stack_file(arguments.stack, arguments.stacks))
        for domain in config.domains:
            wanted[domain.name] = (*domain.dkim_selectors, *arguments.selector)
    if wrong:
        raise UsageError("\n".join(wrong[:20]))
    if not wanted:
        raise UsageError("give a DOMAIN, --file F or --stack STACK")
    return wanted


def _given(arguments: Namespace) -> Iterator[str]:
    yield from arguments.domains
    if arguments.file is None:
        return
    try:
        with arguments.file.open("rb") as file:
            raw = file.read(_FILE_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{arguments.file}: {error.strerror}") from error
    if len(raw) > _FILE_MAX_BYTES:
        raise UsageError(f"{arguments.file} is larger than {_FILE_MAX_BYTES} bytes")
    for line in raw.decode("utf-8", "replace").splitlines():
        if text := line.partition("#")[0].strip():
            yield text


def _as_text(checked: Checked) -> str:
    count = dict.fromkeys(Severity, 0)
    for finding in checked.findings:
        count[finding.severity] += 1
    parts = [
        f"{count[level]} {level.label}{'s' if count[level] != 1 else ''}"
        for level in (Severity.ERROR, Severity.WARNING)
    ]
    if checked.unknown:
        parts.append(f"{len(checked.unknown)} not known")
    mode = f" (mode {checked.mode}, id {checked.id})" if checked.mode else ""
    lines = [f"{checked.domain}: {', '.join(parts)}{mode}"]
    for finding in checked.findings:
        lines.append(describe(finding))
        more = page(finding.id)
        lines += [f"      more: {more}"] if more and finding.severity > Severity.INFO else []
    for each in checked.unknown:
        lines.append(f"  not known {each.id}: could not find out {each.what}: {each.reason}")
        lines.append(f"      how: {each.how}")
    return "\n".join(lines) + "\n"


def _brief(checked: Checked) -> Checked:
    """Of what was written already only the gravest is kept: the exit code needs no more."""
    return replace(checked, findings=checked.findings[:1], unknown=checked.unknown[:1])


def _code(found: Iterable[Checked], fail_on: str) -> Exit:
    found = list(found)
    code = exit_code((each for checked in found for each in checked.findings), fail_on)
    if code is Exit.GOOD and any(checked.unknown for checked in found):
        return Exit.UNDETERMINED
    return code
