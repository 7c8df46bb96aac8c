"""``mtasts check``: live domains checked as senders see them: DNS, policy, TLS, MX hosts."""

from __future__ import annotations

import asyncio
import gc
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.check.domain import check_domain
from mtasts.check.intended import compare_handed, compare_intended
from mtasts.check.notes import Checked, Unknown
from mtasts.check.row import Question
from mtasts.cli.domain_list import read_domains
from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, add_output_options, exit_code
from mtasts.cli.paths import known_stack_file, stack_file
from mtasts.cli.probing import add_probe_options, reach_of
from mtasts.cli.showing import FORMATS, CheckPrinter, add_showing_options, uri_of
from mtasts.cli.together import tell, worst
from mtasts.cli.watching import add_watch_options, is_watching, watch
from mtasts.config import load_stack
from mtasts.config.folder import domain_lines
from mtasts.errors import MtaStsError, UndeterminedError, UsageError
from mtasts.findings import printable
from mtasts.ledger.entries import LedgerError
from mtasts.ledger.phases import Phase
from mtasts.observe.observer import each_of
from mtasts.render.sarif import Place
from mtasts.rollout.handover import HandoverError, RecordLookup, is_withdrawn
from mtasts.rollout.rules import ledger_refusal
from mtasts.rulings import refusal
from mtasts.threads import in_thread

if TYPE_CHECKING:
    import datetime as dt
    from argparse import ArgumentParser, Namespace
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
    from typing import Any

    from mtasts.check.observed import Observed
    from mtasts.cli.outside import Outside
    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.config import DomainConfig
    from mtasts.ledger.phases import Parts
    from mtasts.ledger.recorder import Recorder
    from mtasts.probe.dns import Resolver
    from mtasts.probe.reach import Reach

_GC_THRESHOLDS = (20_000, 20, 20)


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts check example.gov agency.example --format json"
    add = parser.add_argument
    add("domains", metavar="DOMAIN", nargs="*", help="mail domains")
    add(
        "--file",
        type=Path,
        metavar="F",
        help="a file with more domains, one a line; # begins a comment",
    )
    add(
        "--stack",
        action="append",
        default=[],
        metavar="STACK",
        help="all domains of this stack, also compared with what the stack published; may be given "
        "again",
    )
    add_stacks(parser)
    add(
        "--selector",
        action="append",
        default=[],
        metavar="S",
        help="a DKIM selector to look up; may be given again",
    )
    add_probe_options(parser)
    add(
        "--deadline",
        type=float,
        default=60.0,
        metavar="S",
        help="the longest time for each domain, in seconds (60)",
    )
    add(
        "--parallel",
        type=int,
        default=64,
        metavar="N",
        help="the most domains at the same time (64)",
    )
    add(
        "--tls-details",
        action="store_true",
        help="also run openssl s_client, for more checks of TLS",
    )
    add_watch_options(parser)
    add_showing_options(parser)
    add_output_options(parser, formats=FORMATS)


def run(arguments: Namespace, outside: Outside) -> int:
    """Check; exit code 1 on findings, 3 where nothing is wrong but something is not known.

    Raises:
        UsageError: no domain is given, or an option is out of its range.
    """
    if not 0.1 <= arguments.deadline <= 3600 or not 1 <= arguments.parallel <= 1000:
        raise UsageError("--deadline takes 0.1 to 3600 seconds, and --parallel 1 to 1000 domains")
    # Hundreds of domains make many objects and few cycles; looking for those less often saves time.
    gc.set_threshold(*_GC_THRESHOLDS)
    watching = is_watching(arguments)
    reach = reach_of(arguments, outside)
    stacks, codes = _stacks(arguments, outside, reach)
    listed = read_domains(arguments.domains, arguments.file)
    selectors = _selectors(arguments, listed.domains, stacks)
    if codes and not selectors and not listed.unreadable:
        return worst(codes)
    if not selectors and not listed.unreadable:
        raise UsageError("give a DOMAIN, --file F or --stack STACK")
    now = outside.clock()

    async def look() -> AsyncIterator[Checked]:
        """One look at every domain, as each ends."""
        observer = outside.observer(
            reach, deadline_seconds=arguments.deadline, tls_details=arguments.tls_details
        )

        async def one(domain: str) -> Checked:
            seen = await observer.observe(domain, selectors[domain])
            checked = check_domain(seen, now())
            stack = stacks.get(domain)
            return checked if stack is None else await stack.compare(checked, seen, now())

        for each in listed.unreadable:
            yield each
        async for checked in each_of(selectors, _isolated(one), parallel=arguments.parallel):
            yield checked

    if watching:
        names = {domain: stack.name for domain, stack in stacks.items()}
        seen = asyncio.run(watch(arguments, outside, look, now, stacks=names))
        return worst((*codes, _code(seen, arguments.fail_on)))
    printer = CheckPrinter(
        arguments, (*selectors, *(each.domain for each in listed.unreadable)), outside.sleep
    )
    stopped = _show(printer, look)
    printer.end(_places(arguments, listed.lines), now())
    return stopped or worst((*codes, _code(printer.found, arguments.fail_on)))


def _show(printer: CheckPrinter, look: Callable[[], AsyncIterator[Checked]]) -> int:
    """Show one look; 0, or the exit code of a command that was stopped."""

    async def show() -> None:
        async with printer.progress():
            async for checked in look():
                printer.add(checked)

    try:
        asyncio.run(show())
    except KeyboardInterrupt:
        sys.stderr.write(f"check: stopped after {len(printer.found)} of {printer.count} domains\n")
        return 130
    return 0


def _places(arguments: Namespace, lines: Mapping[str, int]) -> dict[str, Place]:
    """Where a file names each domain: the list, and before it the stack file."""
    found: dict[str, Place] = {}
    if arguments.file is not None:
        found |= {name: Place(uri_of(arguments.file), line) for name, line in lines.items()}
    for path in (stack_file(each, arguments.stacks) for each in arguments.stack):
        if path.exists():
            found |= {name: Place(uri_of(path), line) for name, line in domain_lines(path).items()}
    return found


def _isolated(
    check: Callable[[str], Coroutine[Any, Any, Checked]],
) -> Callable[[str], Coroutine[Any, Any, Checked]]:
    """``check``, but an error of this program ends the check of one domain alone."""

    async def one(domain: str) -> Checked:
        try:
            return await check(domain)
        except Exception as error:  # noqa: BLE001 - as said
            why = f"{type(error).__name__}: {printable(str(error), 200)}"
            how = "report this as a bug of mtasts"
            return Checked(
                domain, unknown=(Unknown(Question.CHECK, f"anything about {domain}", why, how),)
            )

    return one


@dataclass(frozen=True, slots=True)
class _Stack:
    """What a stack has published and intends, or why its ledgers cannot be read."""

    name: str
    domains: Mapping[str, DomainConfig]
    recorder: Recorder | UndeterminedError
    handouts: Handouts | None
    resolver: Resolver

    @classmethod
    def named(cls, name: str, folder: Path, outside: Outside, resolver: Resolver) -> _Stack:
        """The stack; raises `MtaStsError` where its file cannot be used."""
        config, values = load_stack(known_stack_file(name, folder))
        recorder: Recorder | UndeterminedError
        try:
            recorder, handouts = outside.ledgers(config, values, name)
        except MtaStsError as error:
            recorder, handouts = UndeterminedError(str(error)), None
        domains = {domain.name: domain for domain in config.domains}
        return cls(name, domains, recorder, handouts, resolver)

    async def compare(self, checked: Checked, seen: Observed, now: dt.datetime) -> Checked:
        """``checked``, with the comparison to the ledger, or why there is none.

        Raises:
            UndeterminedError: the ledger is not known.
        """
        try:
            if isinstance(self.recorder, UndeterminedError):
                raise self.recorder
            ledger = await self.recorder.read(checked.domain)
        except (LedgerError, UndeterminedError) as error:
            how = f"mtasts ledger show {self.name}, with credentials that may read the bucket"
            what = f"which policies {checked.domain} has published"
            why = ledger_refusal(error).for_stack(self.name).line
            unknown = Unknown(Question.LEDGER, what, why, how)
            return replace(checked, unknown=(*checked.unknown, unknown))
        domain = self.domains[checked.domain]
        compared = compare_intended(checked, seen, domain, ledger, now)
        phase = ledger.last_phase.phase if ledger.last_phase else Phase.KEPT
        found = await self._handed(compared, phase.parts)
        return replace(found, findings=tuple(each.for_stack(self.name) for each in found.findings))

    async def _handed(self, checked: Checked, parts: Parts) -> Checked:
        """``checked``, with the state of the records that the agency has to publish."""
        if self.handouts is None:
            return checked
        try:
            records = await in_thread(self.handouts.read, checked.domain)
        except (HandoverError, UndeterminedError) as error:
            what = f"which records were handed out for {checked.domain}"
            how = "run the command again, with credentials that may read the bucket"
            is_broken = isinstance(error, HandoverError)
            why = refusal("handover-broken", str(error)).line if is_broken else str(error)
            unknown = Unknown(Question.STACK_RECORD, what, why, how)
            return replace(checked, unknown=(*checked.unknown, unknown))
        records_to_publish = [
            each for each in records if not is_withdrawn(checked.domain, parts, each)
        ]
        answers = await asyncio.gather(
            *(self.resolver.lookup(each.owner, each.type) for each in records_to_publish)
        )
        return compare_handed(checked, map(RecordLookup, records_to_publish, answers))


def _stacks(
    arguments: Namespace, outside: Outside, reach: Reach
) -> tuple[dict[str, _Stack], list[Exit]]:
    """The stacks of ``--stack`` by domain, and an exit code for each that cannot be used.

    Raises:
        MtaStsError: only one stack was named, and it cannot be used.
        UsageError: two stacks have the same domain.
    """
    found: dict[str, _Stack] = {}
    codes = []
    names = list(dict.fromkeys(arguments.stack))
    resolver = outside.resolver(reach)
    for name in names:
        try:
            stack = _Stack.named(name, arguments.stacks, outside, resolver)
        except MtaStsError as error:
            if len(names) == 1:
                raise
            codes.append(tell(name, error))
            continue
        for domain in stack.domains:
            if other := found.get(domain):
                raise UsageError(
                    f"{domain} is in the stacks {other.name} and {name}: remove it from one"
                )
            found[domain] = stack
    return found, codes


def _selectors(
    arguments: Namespace, named: Iterable[str], stacks: Mapping[str, _Stack]
) -> dict[str, tuple[str, ...]]:
    """Every domain once, with the DKIM selectors to look up."""
    selectors = dict.fromkeys(named, tuple(arguments.selector))
    for name, stack in stacks.items():
        selectors[name] = (*stack.domains[name].dkim_selectors, *arguments.selector)
    return selectors


def _code(found: Iterable[Checked], fail_on: str) -> Exit:
    found = list(found)
    code = exit_code((each for checked in found for each in checked.findings), fail_on)
    if code is Exit.GOOD and any(checked.unknown for checked in found):
        return Exit.UNDETERMINED
    return code
