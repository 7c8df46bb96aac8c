"""``mtasts recover``: after a run that was killed, or whose state was lost."""

from __future__ import annotations

import json
import socket
import sys
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, write
from mtasts.cli.paths import known_stack_file
from mtasts.clock import minute
from mtasts.config import load_stack
from mtasts.engine import CheckpointError, LockedError
from mtasts.errors import UsageError
from mtasts.findings import printable
from mtasts.recovery.take_in import take_in_existing

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from mtasts.cli.outside import Outside
    from mtasts.engine import Engine, Lock


# What ``pulumi stack import`` takes, also where it cannot read the present state.
_EMPTY_STATE = '{"version": 3, "deployment": {}}'


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "After a killed run: release its lock, clear its pending operations, find the resources "
        "that it created, and import them into the state. Nothing in the account is changed. "
        "Afterwards, go on with pulumi up -s STACK."
    )
    parser.epilog = "example: mtasts recover example-agency"
    parser.add_argument("stack", metavar="STACK", help="the stack's name")
    parser.add_argument(
        "--lock-id",
        metavar="ID",
        help="release this lock, which was taken on another host; only after you saw there that "
        "the run has ended",
    )
    add_stacks(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Recover, and say what was done."""
    stack = arguments.stack
    config, values = load_stack(known_stack_file(stack, arguments.stacks))
    clouds = outside.clouds(config, values, stack)
    clouds.identify()
    engine = outside.engine(stack)
    done: list[dict[str, str]] = []
    for row in _recover(engine, arguments.lock_id, outside):
        done.append(row)
        _say(row)
    for type_, name, id_ in take_in_existing(engine, outside.finder(clouds)):
        done.append({"did": "import", "type": type_, "name": name, "id": id_})
        _say(done[-1])
    if arguments.format == "json":
        write(json.dumps({"stack": stack, "done": done}) + "\n")
    else:
        end = "the state is in order again" if done else "there was nothing to recover"
        write(f"{stack}: {end}; go on with pulumi up -s {stack}\n")
    return Exit.GOOD


def _recover(engine: Engine, lock_id: str | None, outside: Outside) -> Iterator[dict[str, str]]:
    """Do what is to be done, and tell each step.

    Raises:
        UsageError: the state is lost, or a run may be alive; the text says what to run.
    """
    try:
        yield from _release(engine, lock_id, outside)
    except CheckpointError as error:
        file = engine.restore()
        if file is None:
            raise UsageError(
                f"{error}\nThe state is lost, and nothing else: the resources and the ledgers are "
                "as they were. Put an empty state in its place, and import what exists:\n"
                f"  echo '{_EMPTY_STATE}' | pulumi stack import -s {engine.stack}\n"
                f"  mtasts recover {engine.stack}"
            ) from error
        yield {"did": "restore", "file": str(file)}
        yield from _release(engine, lock_id, outside)
    interrupted = engine.interrupted()
    if interrupted:
        engine.settle_interrupted()
        for operation, name in interrupted:
            yield {"did": "settle", "operation": operation, "name": name}


def _release(engine: Engine, lock_id: str | None, outside: Outside) -> Iterator[dict[str, str]]:
    """Release the locks of runs that have ended.

    Raises:
        UsageError: the run may be alive, or its backend does not tell whose the lock is.
    """
    try:
        engine.require_unlocked()
    except LockedError as error:
        locks = error.locks
        if not locks:
            raise UsageError(
                f"{engine.stack} is locked, and its backend does not say by which run: make sure "
                f"that no run is alive, then run pulumi cancel -s {engine.stack} and mtasts "
                f"recover {engine.stack} again"
            ) from error
        for lock in locks:
            _require_dead(engine.stack, lock, lock_id, outside)
        engine.release()
        for lock in locks:
            yield {"did": "release", "lock": lock.id, "owner": _owner(lock)}
        engine.require_unlocked()


def _owner(lock: Lock) -> str:
    return printable(f"{lock.user}@{lock.host}, process {lock.pid} since {minute(lock.since)}", 300)


def _require_dead(stack: str, lock: Lock, lock_id: str | None, outside: Outside) -> None:
    """Refuse to release the lock of a run that may be alive: two runs would spoil the state.

    Raises:
        UsageError: it is alive, or on another machine.
    """
    if lock_id == lock.id:
        return
    # A process id means something only on the host that took the lock.
    if lock.host != socket.gethostname():
        raise UsageError(
            f"the stack is locked by {_owner(lock)}. This host cannot see whether that run is "
            f"alive: look on {printable(lock.host, 300)}. If the run has ended, run mtasts recover "
            f"{stack} --lock-id {lock.id}"
        )
    # Systems use process ids again, so the process must also be a pulumi.
    if "pulumi" in outside.program(lock.pid):
        raise UsageError(
            f"the stack is locked by {_owner(lock)}, and that process is alive: wait until it "
            "ends, or interrupt it once (Ctrl-C), so that it ends in order"
        )


def _say(row: dict[str, str]) -> None:
    """Print each step on standard error at once: each takes seconds."""
    match row["did"]:
        case "restore":
            text = f"the state file was cut off; restored the engine's backup copy: {row['file']}"
        case "release":
            text = f"released the lock of {row['owner']}, which has ended"
        case "settle":
            text = f"cleared the pending operation: {row['operation']} {row['name']}"
        case _:
            text = f"imported into the state: {row['type']} {row['name']} ({row['id']})"
    sys.stderr.write(f"recover: {printable(text, 400)}\n")
    sys.stderr.flush()
