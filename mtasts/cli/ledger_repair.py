"""``mtasts ledger verify`` and ``repair``: read to the last object, and mended."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mtasts.cli.output import Exit, write
from mtasts.cli.paths import known_stack_file
from mtasts.config import load_stack
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable
from mtasts.ledger.entries import LedgerError
from mtasts.ledger.history import read_kept
from mtasts.recovery.ledger_repair import plan

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from mtasts.cli.outside import Outside
    from mtasts.cloud.ledger_objects import ObjectStore
    from mtasts.config import AgencyConfig
    from mtasts.ledger.recorder import Recorder


def verify(arguments: Namespace, outside: Outside) -> int:
    """Read every entry and every checkpoint; exit code 1 with notes, 3 where one is not whole."""
    opened = _opened(arguments, outside)
    code = Exit.GOOD
    for domain in named(arguments.domain, opened.config, opened.recorder):
        _say(f"verify: reading the ledger of {domain}")
        try:
            line, notes = verified(opened, domain)
        except (LedgerError, UndeterminedError) as error:
            write(f"{domain}: {printable(str(error), 500)}\n")
            code = Exit.UNDETERMINED
            continue
        write(f"{domain}: {line}\n")
        write("".join(f"  {printable(note, 500)}\n" for note in notes))
        if notes and code is Exit.GOOD:
            code = Exit.FINDINGS
    return code


def verified(opened: Opened, domain: str) -> tuple[str, Sequence[str]]:
    """What stands of a ledger, and at which cloud; raises as `ObjectStore.audit` does."""
    hosting, store = opened.recorder.hosting, opened.store
    kept = store.audit(domain)
    ledger = read_kept(kept)
    notes = [*kept.notes]
    if kept.is_latched and not store.is_guarded():
        notes.append(
            f"the bucket does not protect the ledger against deletion: {store.repair(domain)} "
            "--apply"
        )
    line = f"{len(ledger.entries)} entries, whole"
    if opened.other is None:
        return (line if ledger.entries else "no ledger: nothing was published yet"), notes
    copy = opened.other.audit(domain)
    other_ledger = read_kept(copy)
    authoritative = asyncio.run(opened.recorder.read(domain)).hosting or hosting
    parts = [
        f"{len(each.entries)} entries at {cloud}, whole"
        f"{', which count' if cloud == authoritative else ''}"
        for cloud, each in ((hosting, ledger), (hosting.other, other_ledger))
        if each.entries
    ]
    if parts and authoritative != hosting:
        way = (
            f"pulumi up -s {store.stack} hands the ledger over to {hosting}, unless it holds "
            f"{domain}"
        )
        parts.append(way)
    line = "; ".join(parts) or "no ledger: nothing was published yet"
    return line, (*notes, *copy.notes)


def repair(arguments: Namespace, outside: Outside) -> int:
    """Print what would be done to the ledgers, or do it; exit code 1 where something is left.

    Raises:
        UsageError: an option is of one ledger, and none is named.
    """
    if (arguments.drop or arguments.lost_approved_by) and arguments.domain is None:
        raise UsageError("--drop and --lost-approved-by are of one ledger: name it with --domain")
    opened = _opened(arguments, outside)
    store = opened.store
    is_unrepaired = False
    for domain in named(arguments.domain, opened.config, opened.recorder):
        _say(f"repair: reading the ledger of {domain}")
        mending = plan(
            store,
            opened.other,
            domain,
            drop=arguments.drop,
            lost_by=arguments.lost_approved_by or "",
            now=opened.recorder.now(),
        )
        steps = list(mending.steps())
        if arguments.apply:
            mending.apply(store)
        title = "done" if arguments.apply else "would be done, with --apply"
        write(f"{domain}: {f'{title}:' if steps else 'there is nothing to do'}\n")
        write("".join(f"  {printable(step, 400)}\n" for step in steps))
        for problem in mending.problems():
            is_unrepaired = True
            write(f"  stays amiss: {printable(problem, 400)} (mtasts docs emergencies)\n")
        is_unrepaired = is_unrepaired or (bool(steps) and not arguments.apply)
    return Exit.FINDINGS if is_unrepaired else Exit.GOOD


@dataclass(frozen=True, slots=True)
class Opened:
    """The ledgers of a stack; ``other`` is the other cloud's store, while domains move."""

    config: AgencyConfig
    recorder: Recorder
    store: ObjectStore[Any]
    other: ObjectStore[Any] | None


def _opened(arguments: Namespace, outside: Outside) -> Opened:
    config, values = load_stack(known_stack_file(arguments.stack, arguments.stacks))
    clouds = outside.clouds(config, values, arguments.stack)
    account_id = clouds.identify()
    return Opened(
        config,
        clouds.recorder(account_id, outside.clock()),
        clouds.store(account_id),
        None if config.leaving is None else clouds.other_store(),
    )


def named(domain: str | None, config: AgencyConfig, recorder: Recorder) -> Sequence[str]:
    """The ``domain`` that was given; otherwise all that the file lists, or that have a ledger.

    Raises:
        UsageError: it is neither.
        LedgerError: there are too many.
        UndeterminedError: which have a ledger could not be found out.
    """
    listed = [each.name for each in config.domains if not each.parked]
    if domain in listed:
        return (domain,)
    with_ledger = asyncio.run(_with_ledger(recorder))
    known = [*listed, *(each for each in with_ledger if each not in listed)]
    if domain is None:
        return known
    if domain not in with_ledger:
        raise UsageError(
            f"{domain} is no domain of the stack, and has no ledger there: {', '.join(known)}"
        )
    return (domain,)


async def _with_ledger(recorder: Recorder) -> Sequence[str]:
    """The domains that have a ledger, or at least a note of an emergency."""
    domains, noted = await asyncio.gather(recorder.domains(), recorder.emergencies())
    return sorted({*domains, *noted})


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
