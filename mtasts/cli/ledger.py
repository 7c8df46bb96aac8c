"""``mtasts ledger``: what a stack has ever published, and what senders may still hold."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from mtasts.cli import ledger_repair as ledger_mending
from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, Help, write
from mtasts.cli.paths import known_stack_file
from mtasts.clock import minute
from mtasts.config import load_stack
from mtasts.findings import printable
from mtasts.ledger.entries import (
    Adopted,
    Body,
    Delegated,
    Hosted,
    HostTarget,
    LedgerError,
    MxSeen,
    PhaseEntered,
    Proof,
    ProtectionChanged,
    StageEntered,
    ZoneSeen,
    kind_of,
    payload,
)

if TYPE_CHECKING:
    import datetime as dt
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from mtasts.cli.outside import Outside
    from mtasts.ledger.entries import Entry
    from mtasts.ledger.history import Ledger
    from mtasts.ledger.recorder import Recorder


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.epilog = "example: mtasts ledger show example-agency --domain example.gov"
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    show = verbs.add_parser(
        "show",
        help="every entry, oldest first",
        description="Every entry of a stack's ledgers, oldest first: of the domains that its file "
        "lists, and of those that have left it.",
        epilog="example: mtasts ledger show example-agency --format json",
        formatter_class=Help,
    )
    verify = verbs.add_parser(
        "verify",
        help="read every object of the ledgers and compare them",
        description="Read every entry and every checkpoint of a stack's ledgers and compare them: "
        "an audit, which costs a call for each. Nothing is changed.",
        epilog="example: mtasts ledger verify example-agency",
        formatter_class=Help,
    )
    repair = verbs.add_parser(
        "repair",
        help="mend what can be mended",
        description="Say what would mend a stack's ledgers, and with --apply do it: what lies over "
        "an entry goes, and entries that are missing come back from a checkpoint or the other "
        "cloud (mtasts docs emergencies).",
        epilog="example: mtasts ledger repair example-agency --domain example.gov --apply",
        formatter_class=Help,
    )
    repair.add_argument("--apply", action="store_true", help="do it")
    repair.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="NAME",
        help="delete this object of the ledger in all versions, such as 8.json",
    )
    repair.add_argument(
        "--lost-approved-by",
        metavar="WHO",
        help="write into the ledger that what nobody has is lost; WHO answers for it",
    )
    for verb in (show, verify, repair):
        verb.add_argument("stack", metavar="STACK", help="the stack's name")
        verb.add_argument("--domain", metavar="D", help="this domain only")
        add_stacks(verb)
    show.set_defaults(act=_show)
    verify.set_defaults(act=ledger_mending.verify)
    repair.set_defaults(act=ledger_mending.repair)
    show.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace, outside: Outside) -> int:
    """Do what the verb says."""
    code: int = arguments.act(arguments, outside)
    return code


def _show(arguments: Namespace, outside: Outside) -> int:
    """Print them; exit code 3 where a ledger could not be read."""
    config, values = load_stack(known_stack_file(arguments.stack, arguments.stacks))
    recorder, _ = outside.ledgers(config, values, arguments.stack)
    names = ledger_mending.named(arguments.domain, config, recorder)
    ledgers = asyncio.run(_read(recorder, names))
    now = outside.clock()()
    shown = _as_json if arguments.format == "json" else _as_text
    for name, ledger in ledgers.items():
        write(shown(name, ledger, now))
    broken = any(isinstance(ledger, LedgerError) for ledger in ledgers.values())
    return Exit.UNDETERMINED if broken else Exit.GOOD


async def _read(recorder: Recorder, names: Sequence[str]) -> dict[str, Ledger | LedgerError]:
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
    found = payload(entry)
    if isinstance(entry, Body):
        policy = entry.policy
        del found["body"]
        found |= {
            "mode": policy.mode if policy else None,
            "max_age": policy.max_age if policy else None,
            "mx": [str(pattern) for pattern in policy.mx] if policy else [],
            "proven": ledger.is_proven(entry),
            "held_until": ledger.held_until(entry, now).isoformat(),
        }
    elif isinstance(entry, Adopted):
        found["held_until"] = entry.held_until.isoformat()
    common = {"number": entry.number, "at": entry.at.isoformat(), "kind": kind_of(entry)}
    return common | {_camel(name): value for name, value in found.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return "".join((first, *(each.title() for each in others)))


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
    return printable(_SHOWN[type(entry)](entry, ledger, now), 300)


def _body(entry: Body, ledger: Ledger, now: dt.datetime) -> str:
    policy = entry.policy
    what = f"mode {policy.mode}, max_age {policy.max_age}" if policy else "no policy"
    until = ledger.held_until(entry, now)
    held = f"may be held until {minute(until)}" if until > now else "held by nobody"
    return f"body   {entry.id}  {what}; {held}"


def _proof(entry: Proof, *_: object) -> str:
    unseen = f"; unseen: {', '.join(entry.unseen)}" if entry.unseen else ""
    return f"proof  {entry.id}  at {', '.join(entry.addresses)}{unseen}"


def _adopted(entry: Adopted, *_: object) -> str:
    lost = "lost before; " if entry.is_lost else ""
    by = f"; max_age_ever {entry.max_age_ever} by {entry.approved_by}" if entry.approved_by else ""
    return f"taken over; {lost}what was before may be held until {minute(entry.held_until)}{by}"


def _host_target(entry: HostTarget, *_: object) -> str:
    where = f"at {entry.hosting}" if entry.hosting else "no longer"
    return f"host   {where} by the zone {entry.zone_id}"


# A line for each type of entry; a test holds that none is missing.
_SHOWN: dict[type[Entry], Callable[[Any, Ledger, dt.datetime], str]] = {
    Adopted: _adopted,
    Body: _body,
    Delegated: lambda entry, *_: f"zone   DNS leads to {entry.zone_id}",
    HostTarget: _host_target,
    Hosted: lambda entry, *_: f"cloud  {entry.hosting}",
    MxSeen: lambda entry, *_: f"mx     {', '.join(entry.hosts) or 'none'}",
    PhaseEntered: lambda entry, *_: f"phase  {entry.phase}",
    Proof: _proof,
    ProtectionChanged: lambda entry, *_: (
        f"host   {'may leave its zone' if entry.is_free else 'stays'}"
    ),
    StageEntered: lambda entry, *_: f"stage  {entry.stage}",
    ZoneSeen: lambda entry, *_: f"zone   {entry.zone.name} ({entry.zone.zone_id})",
}
