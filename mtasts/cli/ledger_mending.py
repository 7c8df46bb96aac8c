"""``mtasts ledger verify`` and ``repair``: read to the last object, and mended."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from mtasts.cli.accounts import stack_clouds
from mtasts.cli.output import Exit, write
from mtasts.cli.paths import stack_file
from mtasts.clock import clock
from mtasts.config import load_stack
from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable
from mtasts.mending import plan
from mtasts.rollout.entries import LedgerError
from mtasts.rollout.ledger import read_kept

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from mtasts.recording import Recorder
    from mtasts.stores.r2 import R2Store
    from mtasts.stores.s3 import S3Store


def verify(arguments: Namespace) -> int:
    """Read every entry and every checkpoint; exit code 1 with notes, 3 where one is not whole."""
    recorder, store = _opened(arguments)
    code = Exit.GOOD
    for domain in _domains(arguments, recorder):
        _say(f"verify: reading the ledger of {domain}")
        try:
            kept = store.audit(domain)
            ledger = read_kept(kept)
        except (LedgerError, UndeterminedError) as error:
            write(f"{domain}: {printable(str(error), 500)}\n")
            code = Exit.UNDETERMINED
            continue
        write(f"{domain}: {len(ledger.entries)} entries, whole\n")
        for note in kept.notes:
            write(f"  {printable(note, 500)}\n")
        if kept.notes and code is Exit.GOOD:
            code = Exit.FINDINGS
    return code


def repair(arguments: Namespace) -> int:
    """Print what would be done to the ledgers, or do it; exit code 1 where something is left."""
    if (arguments.drop or arguments.lost_approved_by) and arguments.domain is None:
        raise UsageError("--drop and --lost-approved-by are of one ledger: name it with --domain")
    recorder, store = _opened(arguments)
    other = recorder.elsewhere() if recorder.elsewhere is not None else None
    left = False
    for domain in _domains(arguments, recorder):
        _say(f"repair: reading the ledger of {domain}")
        mending = plan(
            store,
            other,
            domain,
            drop=arguments.drop,
            lost_by=arguments.lost_approved_by or "",
            now=recorder.now(),
        )
        steps = list(mending.steps())
        if arguments.apply:
            mending.apply(store)
        title = "done" if arguments.apply else "would be done, with --apply"
        write(f"{domain}: {f'{title}:' if steps else 'there is nothing to do'}\n")
        write("".join(f"  {printable(step, 400)}\n" for step in steps))
        for problem in mending.problems():
            left = True
            write(f"  stays amiss: {printable(problem, 400)} (docs/emergencies.md)\n")
        left = left or (bool(steps) and not arguments.apply)
    return Exit.FINDINGS if left else Exit.GOOD


def _opened(arguments: Namespace) -> tuple[Recorder, S3Store | R2Store]:
    config, values = load_stack(stack_file(arguments.stack, arguments.stacks))
    clouds = stack_clouds(config, values, arguments.stack)
    account_id = clouds.identify()
    return clouds.recorder(account_id, clock(os.environ)), clouds.store(account_id)


def _domains(arguments: Namespace, recorder: Recorder) -> Sequence[str]:
    """The domain that is named; otherwise every one that has a ledger, listed or not."""
    if arguments.domain is not None:
        return (arguments.domain,)
    return asyncio.run(recorder.domains())


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
