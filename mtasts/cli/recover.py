"""``mtasts recover``: after a run that was killed, or whose state was lost."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

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


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Let go of the lock that a killed run has left, settle what it was doing, find what it "
        "made and take that into the state. Nothing in the account is changed; then pulumi up -s "
        "STACK goes on."
    )
    parser.epilog = "example: mtasts recover example-agency"
    parser.add_argument("stack", metavar="STACK", help="the stack's name")
    parser.add_argument(
        "--lock-id", metavar="ID", help="release this lock of another host, whose run has ended"
    )
    parser.add_argument(
        "--stacks", type=Path, default=Path("stacks"), metavar="DIR", help="folder (stacks)"
    )
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
        end = "the state is whole" if done else "there was nothing to recover"
        write(f"{stack}: {end}; go on with pulumi up -s {stack}\n")
    return Exit.GOOD


def _recover(engine: Engine, lock_id: str | None, outside: Outside) -> Iterator[dict[str, str]]:
    try:
        yield from _release(engine, lock_id, outside)
    except CheckpointError as error:
        file = engine.restore()
        if file is None:
            stack = engine.stack
            raise UsageError(
                f"{error}\nonly the state is lost. Run these; without --preserve-config the stack "
                f"file would be deleted:\n  pulumi stack rm --force --preserve-config -s {stack}\n"
                f"  pulumi stack init {stack}\n  mtasts recover {stack}"
            ) from error
        yield {"did": "restore", "file": str(file)}
        yield from _release(engine, lock_id, outside)
    interrupted = engine.interrupted()
    if interrupted:
        engine.settle_interrupted()
        for operation, name in interrupted:
            yield {"did": "settle", "operation": operation, "name": name}


def _release(engine: Engine, lock_id: str | None, outside: Outside) -> Iterator[dict[str, str]]:
    """Let go of what a dead run holds."""
    try:
        engine.require_unlocked()
    except LockedError as error:
        locks = error.locks
        if not locks:
            raise UsageError(
                f"{engine.stack} is locked, and its backend does not tell by whom: see that no run "
                f"is alive, then pulumi cancel -s {engine.stack} and mtasts recover "
                f"{engine.stack} again"
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
    """Let nobody take a lock from a run that may be alive."""
    if lock_id == lock.id:
        return
    if lock.host != socket.gethostname():
        raise UsageError(
            f"the stack is locked by {_owner(lock)}: whether that run is alive cannot be seen from "
            f"here. Look there; if it has ended, mtasts recover {stack} --lock-id {lock.id}"
        )
    if "pulumi" in outside.program(lock.pid):
        raise UsageError(
            f"the stack is locked by {_owner(lock)}, which is alive: wait for it, or end it first"
        )


def _say(row: dict[str, str]) -> None:
    """Tell on standard error as it goes: each step takes seconds."""
    match row["did"]:
        case "restore":
            text = f"put back the engine's copy of the state, which was cut off: {row['file']}"
        case "release":
            text = f"released the lock of {row['owner']}, which has ended"
        case "settle":
            text = f"settled what was interrupted: {row['operation']} {row['name']}"
        case _:
            text = f"taken into state: {row['type']} {row['name']} ({row['id']})"
    sys.stderr.write(f"recover: {printable(text, 400)}\n")
    sys.stderr.flush()
