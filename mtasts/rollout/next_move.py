"""The next step of a stack whose domains move, by the config and the ledgers (docs/moving.md).

Each step says what to run; whoever runs them one after the other comes to the end of the move.
Whether a step is due, the rules of `mtasts.rollout.move_rules` say of the run that it leads to: the
same that judge that run. Nothing here lets a run through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from mtasts.cloud_catalogue import OWN_DNS
from mtasts.config import Dns, Hosting
from mtasts.errors import UsageError
from mtasts.rollout.move import Move
from mtasts.rollout.move_rules import firm_host_refusals, host_refusals, zone_refusals

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mtasts.config import AgencyConfig
    from mtasts.ledger.history import Ledger
    from mtasts.rulings import Ruling

    Moves: TypeAlias = Mapping[str, Move | None]


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a stack is to be; the account and the region are written where they are missing."""

    hosting: Hosting
    dns: Dns
    cloudflare_account: str | None = None
    region: str = "us-east-1"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: ``before`` by hand, then config keys to set or (None) to remove, then `up`.

    ``recovers`` what an earlier life of the stack has left, ahead of the `up`. Where it is too
    early, ``not_before`` says for how long, and there is nothing to run until then.
    """

    why: str
    keys: tuple[tuple[str, str | None], ...] = ()
    before: str = ""
    not_before: dt.datetime | None = None
    recovers: bool = False


_UNPROTECT = Step(
    "turn off deletion protection of what will be removed", (("mtasts:leaving", Hosting.AWS),)
)


def goal_of(config: AgencyConfig) -> Goal | None:
    """Where a stack that moves is going, by its own config; None where it does not move."""
    if config.leaving is config.hosting:  # it is about to go, and has to be let go first
        other = config.hosting.other
        return Goal(other, other.row.dns)
    if config.leaving is None and config.leaving_dns is None:
        return None
    return Goal(config.hosting, config.dns)


def commands(stack: str, step: Step) -> list[list[str]]:
    """What to run, in order; nothing while it is too early."""
    if step.not_before is not None:
        return []
    of_stack = ["-s", stack]
    rows = [
        ["pulumi", "config", "rm", key, *of_stack]
        if value is None
        else ["pulumi", "config", "set", key, str(value), *of_stack]
        for key, value in step.keys
    ]
    recover = [["mtasts", "recover", stack]] if step.recovers else []
    return [*rows, *recover, ["pulumi", "up", *of_stack]]


def check_goal(config: AgencyConfig, goal: Goal) -> None:
    """Refuse a goal that no order of steps leads to, by the config alone; raises `UsageError`."""
    if config.dns not in OWN_DNS or goal.dns not in OWN_DNS:
        raise UsageError(
            "records move between route53 and cloudflare only: what somebody else publishes "
            "appears and goes as they please (mtasts docs moving)"
        )
    if goal.hosting is Hosting.CLOUDFLARE and goal.dns is not Dns.CLOUDFLARE:
        raise UsageError("a Worker's custom domain needs its zone at Cloudflare: --dns cloudflare")
    if goal.dns is Dns.CLOUDFLARE and not (config.cloudflare_account or goal.cloudflare_account):
        raise UsageError("which Cloudflare account has the zone? --cloudflare-account ID")


def next_step(
    config: AgencyConfig, ledgers: Mapping[str, Ledger], goal: Goal, now: dt.datetime
) -> Step | None:
    """The step that brings the stack nearer to ``goal``; None where it is there.

    ``ledgers`` are those of the domains that were ever published, ``goal`` is one that `check_goal`
    lets pass.

    Raises:
        UsageError: what was begun has gone too far to be given up.
    """
    moves = _moves(config, ledgers, now)
    changes_host = config.leaving is config.hosting.other
    if changes_host and goal.hosting is config.leaving:
        return _give_up(config, moves)
    if config.hosting is Hosting.CLOUDFLARE and goal.hosting is Hosting.AWS:
        return _from_cloudflare(config, goal)
    if config.leaving_dns is not None or changes_host:
        return _leave_zone(config, moves) if config.leaving_dns else _leave_host(moves, ledgers)
    if config.leaving is config.hosting is goal.hosting:
        return Step("what was begun is called off", (("mtasts:leaving", None),))
    if config.dns is not goal.dns and config.hosting is Hosting.AWS:
        return _to_zone(config, goal)
    return None if config.hosting is goal.hosting else _to_cloudflare(config, ledgers, now)


def _moves(config: AgencyConfig, ledgers: Mapping[str, Ledger], now: dt.datetime) -> Moves:
    """Each domain's move, in order; None for one that no run has written to its target's zone."""
    return {
        name: Move.recorded(name, ledger, config, now) for name, ledger in sorted(ledgers.items())
    }


def _to_zone(config: AgencyConfig, goal: Goal) -> Step:
    keys: list[tuple[str, str | None]] = [
        ("mtasts:dns", goal.dns),
        ("mtasts:leavingDns", config.dns),
        *_account(config, goal),
    ]
    before = f"make the zone at {goal.dns}, without what this stack publishes"
    return Step("both zones get the records", tuple(keys), before)


def _leave_zone(config: AgencyConfig, moves: Moves) -> Step:
    if None in moves.values():
        return _unwritten(moves)
    refused = _refused(moves, zone_refusals)
    if unseen := next((move for move, ruling in refused if ruling.until is None), None):
        zone = unseen.target.zone
        before = (
            f"have the registrar of {zone.name} name {', '.join(sorted(zone.name_servers))} alone"
        )
        return Step("record when delegation to the new zone began", before=before)
    keys = ["mtasts:leavingDns"]
    if config.leaving is config.hosting.other:
        keys.append("mtasts:leaving")
    if config.dns is Dns.ROUTE53:
        keys += ["mtasts:cloudflareAccount", "mtasts:settleSeconds"]
    step = Step("remove the records of the former zone", tuple((key, None) for key in keys))
    return _too_early(refused) or step


def _unwritten(moves: Moves) -> Step:
    name = next(name for name, move in moves.items() if move is None)
    return Step(f"the records of {name} are in the former zone alone until a run has gone through")


def _to_cloudflare(config: AgencyConfig, ledgers: Mapping[str, Ledger], now: dt.datetime) -> Step:
    if config.leaving is not Hosting.AWS:
        return _UNPROTECT
    moves = _moves(replace(config, hosting=Hosting.CLOUDFLARE), ledgers, now)
    if None in moves.values():
        return _unwritten(moves)
    rulings = (ruling for move in moves.values() if move for ruling in firm_host_refusals(move))
    if refused := next(rulings, None):
        return Step(refused.text)
    return Step("switch the policy host", (("mtasts:hosting", Hosting.CLOUDFLARE),))


def _leave_host(moves: Moves, ledgers: Mapping[str, Ledger]) -> Step:
    for name, move in moves.items():
        has_switched = move is not None and move.has_switched
        if not has_switched and not ledgers[name].has_withdrawn_addresses:
            return Step(f"the policy host of {name} has not switched yet")
    step = Step("remove the former policy host", (("mtasts:leaving", None),))
    return _too_early(_refused(moves, host_refusals)) or step


def _refused(
    moves: Moves, rule: Callable[[Move], Iterator[Ruling]]
) -> tuple[tuple[Move, Ruling], ...]:
    """What the rule of a run refuses as long as the moves may not end."""
    found = (move for move in moves.values() if move is not None)
    return tuple((move, ruling) for move in found for ruling in rule(move.ended))


def _too_early(refused: Iterable[tuple[Move, Ruling]]) -> Step | None:
    """Nothing to run before the last date of the rulings; None if none has a date."""
    dated = [(ruling.until, ruling.text) for _, ruling in refused if ruling.until is not None]
    if not dated:
        return None
    until, text = max(dated)
    return Step(text, not_before=until)


def _from_cloudflare(config: AgencyConfig, goal: Goal) -> Step:
    if config.leaving is not Hosting.CLOUDFLARE:
        keys: list[tuple[str, str | None]] = [("mtasts:leaving", Hosting.CLOUDFLARE)]
        if config.region is None:
            keys.insert(0, ("aws:region", goal.region))
        return Step("a bucket at AWS, for the ledgers", tuple(keys), recovers=True)
    before = "make the zone at route53, without what this stack publishes"
    keys = [("mtasts:dns", Dns.ROUTE53), ("mtasts:hosting", Hosting.AWS)]
    return Step("both hosts and both zones", tuple(keys), before)


def _give_up(config: AgencyConfig, moves: Moves) -> Step:
    """Back to the former cloud.

    Raises:
        UsageError: senders follow the move already; the message says to finish it first.
    """
    why = "back to where it was"
    if config.hosting is Hosting.CLOUDFLARE and config.leaving_dns is not None:
        back: list[tuple[str, str | None]] = [
            ("mtasts:hosting", Hosting.AWS),
            ("mtasts:dns", Dns.ROUTE53),
            ("mtasts:leaving", Hosting.CLOUDFLARE),
            ("mtasts:leavingDns", None),
        ]
        return Step(why, tuple(back))
    if config.hosting is Hosting.CLOUDFLARE:
        for name, move in moves.items():
            if move is not None and move.has_switched:
                raise UsageError(
                    f"the policy host of {name} has switched: finish the move with --hosting "
                    "cloudflare, and then move back"
                )
        keys = [("mtasts:hosting", Hosting.AWS), ("mtasts:leaving", Hosting.CLOUDFLARE)]
        return Step(why, tuple(keys))
    if config.dns is Dns.CLOUDFLARE:  # it was given up before, and begins anew
        return _UNPROTECT
    for name, move in moves.items():
        if move is not None and move.was_followed:
            raise UsageError(
                f"DNS leads to the zone of {name} at {config.dns} alone: finish the move with "
                "--hosting aws, and then move back"
            )
    return Step(
        why,
        (
            ("mtasts:hosting", Hosting.CLOUDFLARE),
            ("mtasts:dns", Dns.CLOUDFLARE),
            ("mtasts:leaving", Hosting.AWS),
            ("mtasts:leavingDns", Dns.ROUTE53),
        ),
    )


def _account(config: AgencyConfig, goal: Goal) -> list[tuple[str, str | None]]:
    if goal.dns is not Dns.CLOUDFLARE or config.cloudflare_account is not None:
        return []
    return [("mtasts:cloudflareAccount", goal.cloudflare_account)]
