"""``mtasts ledger``: what a stack has ever published, and what senders may still hold."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.accounts import stack_ledgers
from mtasts.cli.output import Exit, Help, write
from mtasts.cli.paths import stack_file
from mtasts.clock import clock
from mtasts.config import load_stack
from mtasts.errors import UsageError
from mtasts.findings import printable
from mtasts.rollout.dates import minute
from mtasts.rollout.entries import (
    Adopted,
    Body,
    Delegated,
    Hosted,
    LedgerError,
    PhaseEntered,
    Pointed,
    Proof,
    StageEntered,
    ZoneSeen,
)

if TYPE_CHECKING:
    import datetime as dt
    from argparse import ArgumentParser, Namespace

    from mtasts.recording import Recorder
    from mtasts.rollout.entries import Entry
    from mtasts.rollout.ledger import Ledger


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts ledger show example-agency --domain example.gov"
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    show = verbs.add_parser(
        "show",
        help="every entry, oldest first",
        description="Every entry of a stack's ledgers, oldest first.",
        epilog="example: mtasts ledger show example-agency --format json",
        formatter_class=Help,
    )
    show.add_argument("stack", metavar="STACK", help="the stack's name")
    show.add_argument("--domain", metavar="D", help="this domain only")
    show.add_argument(
        "--stacks", type=Path, default=Path("stacks"), metavar="DIR", help="folder (stacks)"
    )
    show.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace) -> int:
    """Print them; exit code 3 where a ledger could not be read."""
    config, values = load_stack(stack_file(arguments.stack, arguments.stacks))
    names = [domain.name for domain in config.domains if not domain.parked]
    if arguments.domain is not None:
        if arguments.domain not in names:
            raise UsageError(f"{arguments.domain} is no domain of the stack: {', '.join(names)}")
        names = [arguments.domain]
    recorder, _ = stack_ledgers(config, values, arguments.stack)
    ledgers = asyncio.run(_read(recorder, names))
    shown = _as_json if arguments.format == "json" else _as_text
    for name, ledger in ledgers.items():
        write(shown(name, ledger, clock(os.environ)()))
    broken = any(isinstance(ledger, LedgerError) for ledger in ledgers.values())
    return Exit.UNDETERMINED if broken else Exit.GOOD


async def _read(recorder: Recorder, names: list[str]) -> dict[str, Ledger | LedgerError]:
    async def one(name: str) -> Ledger | LedgerError:
        try:
            return await recorder.read(name)
        except LedgerError as error:
            return error

    return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))


def _as_json(name: str, ledger: Ledger | LedgerError, now: dt.datetime) -> str:
    """One JSON line a domain."""
    if isinstance(ledger, LedgerError):
        return json.dumps({"domain": name, "problem": str(ledger)}) + "\n"
    rows = [_row(entry, ledger, now) for entry in ledger.entries]
    return json.dumps({"domain": name, "entries": rows}) + "\n"


def _row(entry: Entry, ledger: Ledger, now: dt.datetime) -> dict[str, object]:
    found: dict[str, object]
    match entry:
        case Body():
            policy = entry.policy
            found = {
                "kind": "body",
                "id": entry.id,
                "revision": entry.revision,
                "reroll": entry.reroll,
                "mode": policy.mode if policy else None,
                "maxAge": policy.max_age if policy else None,
                "mx": [str(pattern) for pattern in policy.mx] if policy else [],
                "proven": ledger.is_proven(entry),
                "heldUntil": ledger.held_until(entry, now).isoformat(),
            }
        case Proof():
            found = {
                "kind": "proof",
                "id": entry.id,
                "addresses": list(entry.addresses),
                "unseen": list(entry.unseen),
            }
        case ZoneSeen():
            found = {
                "kind": "zone",
                "zoneId": entry.zone.zone_id,
                "name": entry.zone.name,
                "nameServers": sorted(entry.zone.name_servers),
            }
        case StageEntered():
            found = {"kind": "stage", "stage": entry.stage}
        case Hosted():
            found = {"kind": "hosted", "hosting": entry.hosting}
        case Pointed():
            found = {
                "kind": "pointed",
                "zoneId": entry.zone_id,
                "hosting": entry.hosting,
                "ttlSeconds": entry.ttl_seconds,
            }
        case Delegated():
            found = {
                "kind": "delegated",
                "zoneId": entry.zone_id,
                "ttlSeconds": entry.ttl_seconds,
            }
        case PhaseEntered():
            found = {
                "kind": "phase",
                "phase": entry.phase,
                "ttlSeconds": entry.ttl_seconds,
            }
        case Adopted():
            found = {
                "kind": "adopted",
                "maxAgeEver": entry.max_age_ever,
                "approvedBy": entry.approved_by,
                "heldUntil": entry.held_until.isoformat(),
            }
        case _:
            found = {
                "kind": "mx",
                "hosts": list(entry.hosts),
                "ttlSeconds": entry.ttl_seconds,
            }
    return {"number": entry.number, "at": entry.at.isoformat()} | found


def _as_text(name: str, ledger: Ledger | LedgerError, now: dt.datetime) -> str:
    if isinstance(ledger, LedgerError):
        return f"{name}: {ledger}\n"
    if not ledger.entries:
        return f"{name}: nothing was published yet\n"
    lines = [f"{name}"]
    lines += [
        f"  {entry.number:>3}  {entry.at:%Y-%m-%d %H:%M}  {_line(entry, ledger, now)}"
        for entry in ledger.entries
    ]
    return "\n".join(lines) + "\n"


def _line(entry: Entry, ledger: Ledger, now: dt.datetime) -> str:
    match entry:
        case Body():
            policy = entry.policy
            what = f"mode {policy.mode}, max_age {policy.max_age}" if policy else "no policy"
            until = ledger.held_until(entry, now)
            held = f"may be held until {minute(until)}" if until > now else "held by nobody"
            shown = f"body   {entry.id}  {what}; {held}"
        case Proof():
            unseen = f"; unseen: {', '.join(entry.unseen)}" if entry.unseen else ""
            shown = f"proof  {entry.id}  at {', '.join(entry.addresses)}{unseen}"
        case ZoneSeen():
            shown = f"zone   {entry.zone.name} ({entry.zone.zone_id})"
        case Hosted():
            shown = f"cloud  {entry.hosting}"
        case Pointed():
            shown = f"host   at {entry.hosting} by the zone {entry.zone_id}"
        case Delegated():
            shown = f"zone   DNS leads to {entry.zone_id}"
        case PhaseEntered(phase=way) | StageEntered(stage=way):
            shown = f"{'phase' if isinstance(entry, PhaseEntered) else 'stage'}  {way}"
        case Adopted():
            by = f"; max_age_ever {entry.max_age_ever} by {entry.approved_by}"
            before = f"what was before may be held until {minute(entry.held_until)}"
            shown = f"taken over; {before}{by if entry.approved_by else ''}"
        case _:
            shown = f"mx     {', '.join(entry.hosts) or 'none'}"
    return printable(shown, 300)
