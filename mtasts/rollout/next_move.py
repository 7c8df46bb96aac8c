"""The next step of a move to another cloud or zone, by the config and the ledgers (docs/moving.md).

Each step says what to run; whoever runs them one after the other comes to the end of the move. What
a step declares is judged by the run itself: nothing here lets a run through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.clock import minute
from mtasts.config import Dns, Hosting
from mtasts.errors import UsageError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mtasts.config import AgencyConfig
    from mtasts.ledger.history import Ledger

_OWN = (Dns.ROUTE53, Dns.CLOUDFLARE)


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


def goal_of(config: AgencyConfig) -> Goal | None:
    """Where a stack that moves is going, by its own config; None where it does not move."""
    if config.leaving is config.hosting:  # it is about to go, and has to be let go first
        other = config.hosting.other
        return Goal(other, Dns.CLOUDFLARE if other is Hosting.CLOUDFLARE else Dns.ROUTE53)
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
    if config.dns not in _OWN or goal.dns not in _OWN:
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

    ``ledgers`` are those of the domains that were ever published; `check_goal` lets the goal pass.

    Raises:
        UsageError: what was begun has gone too far to be given up.
    """
    moves = config.leaving is config.hosting.other
    if moves and goal.hosting is config.leaving:
        return _give_up(config, ledgers)
    if config.hosting is Hosting.CLOUDFLARE and goal.hosting is Hosting.AWS:
        return _from_cloudflare(config, goal)
    if config.leaving_dns is not None or moves:
        leave = _leave_zone if config.leaving_dns is not None else _leave_host
        return leave(config, ledgers, now)
    if config.leaving is config.hosting is goal.hosting:
        return Step("what was begun is called off", (("mtasts:leaving", None),))
    if config.dns is not goal.dns and config.hosting is Hosting.AWS:
        return _to_zone(config, goal)
    return None if config.hosting is goal.hosting else _to_cloudflare(config, ledgers)


def _to_zone(config: AgencyConfig, goal: Goal) -> Step:
    keys: list[tuple[str, str | None]] = [
        ("mtasts:dns", goal.dns),
        ("mtasts:leavingDns", config.dns),
        *_account(config, goal),
    ]
    before = f"make the zone at {goal.dns}, without what this stack publishes"
    return Step("both zones get the records", tuple(keys), before)


def _leave_zone(config: AgencyConfig, ledgers: Mapping[str, Ledger], now: dt.datetime) -> Step:
    moving = _in_former(config, ledgers)
    for name, ledger in sorted(moving.items()):
        last = ledger.last_zone
        if last is None or last.dns(name) is not config.dns:
            return Step(
                f"the records of {name} are in the former zone alone until a run has gone through"
            )
        if ledger.delegated is None or ledger.delegated.zone_id != last.zone_id:
            servers = ", ".join(sorted(last.name_servers))
            before = f"have the registrar of {last.name} name {servers} alone"
            return Step("record when delegation to the new zone began", before=before)
    settled = [each.delegated.settled_at for each in moving.values() if each.delegated]
    if too_early := _until(settled, now, "resolvers may query the former zone"):
        return too_early
    keys = ["mtasts:leavingDns"]
    if config.leaving is config.hosting.other:
        keys.append("mtasts:leaving")
    if config.dns is Dns.ROUTE53:
        keys += ["mtasts:cloudflareAccount", "mtasts:settleSeconds"]
    return Step("remove the records of the former zone", tuple((key, None) for key in keys))


def _to_cloudflare(config: AgencyConfig, ledgers: Mapping[str, Ledger]) -> Step:
    if config.leaving is not Hosting.AWS:
        return Step(
            "turn off deletion protection of what will be removed",
            (("mtasts:leaving", Hosting.AWS),),
        )
    for name, ledger in sorted(ledgers.items()):
        if ledger.has_enforced and not ledger.is_freed:
            return Step(f"the host of {name} is protected still")
    return Step("switch the policy host", (("mtasts:hosting", Hosting.CLOUDFLARE),))


def _leave_host(config: AgencyConfig, ledgers: Mapping[str, Ledger], now: dt.datetime) -> Step:
    settled = []
    for name, ledger in sorted(ledgers.items()):
        if (
            ledger.last_phase is not None
            and not ledger.last_phase.phase.parts.addresses.is_declared
        ):
            continue  # its name leads nowhere any more
        pointed = ledger.host_target(ledger.last_zone.zone_id) if ledger.last_zone else None
        if pointed is None or pointed.hosting != config.hosting:
            return Step(f"the policy host of {name} has not switched yet")
        if ledger.has_moved(pointed.zone_id):
            settled.append(pointed.settled_at)
    if too_early := _until(settled, now, "resolvers may have the address of the former host"):
        return too_early
    return Step("remove the former policy host", (("mtasts:leaving", None),))


def _from_cloudflare(config: AgencyConfig, goal: Goal) -> Step:
    if config.leaving is not Hosting.CLOUDFLARE:
        keys: list[tuple[str, str | None]] = [("mtasts:leaving", Hosting.CLOUDFLARE)]
        if config.region is None:
            keys.insert(0, ("aws:region", goal.region))
        return Step("a bucket at AWS, for the ledgers", tuple(keys), recovers=True)
    before = "make the zone at route53, without what this stack publishes"
    keys = [("mtasts:dns", Dns.ROUTE53), ("mtasts:hosting", Hosting.AWS)]
    return Step("both hosts and both zones", tuple(keys), before)


def _in_former(config: AgencyConfig, ledgers: Mapping[str, Ledger]) -> dict[str, Ledger]:
    """The domains whose records are in the former zone, too: others came while those moved."""
    former = config.leaving_dns or config.dns
    return {
        name: ledger
        for name, ledger in ledgers.items()
        if not ledger.zones or any(each.dns(name) is former for each in ledger.zones)
    }


def _give_up(config: AgencyConfig, ledgers: Mapping[str, Ledger]) -> Step:
    """Back to the cloud that is being left."""
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
        zones = {name: each.last_zone for name, each in sorted(ledgers.items())}
        for name, zone in zones.items():
            pointed = ledgers[name].host_target(zone.zone_id) if zone else None
            if pointed is not None and pointed.hosting == Hosting.CLOUDFLARE:
                raise UsageError(
                    f"the policy host of {name} has switched: finish the move with --hosting "
                    "cloudflare, and then move back"
                )
        keys = [("mtasts:hosting", Hosting.AWS), ("mtasts:leaving", Hosting.CLOUDFLARE)]
        return Step(why, tuple(keys))
    if config.dns is Dns.CLOUDFLARE:  # it was given up before, and begins anew
        return Step(
            "turn off deletion protection of what will be removed",
            (("mtasts:leaving", Hosting.AWS),),
        )
    for name, ledger in sorted(ledgers.items()):
        last, led = ledger.last_zone, ledger.delegated
        if last is not None and led is not None and led.zone_id == last.zone_id:
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


def _until(settled: list[dt.datetime], now: dt.datetime, why: str) -> Step | None:
    last = max(settled, default=now)
    if now >= last:
        return None
    return Step(f"{why} until {minute(last)}", not_before=last)


def _account(config: AgencyConfig, goal: Goal) -> list[tuple[str, str | None]]:
    if goal.dns is not Dns.CLOUDFLARE or config.cloudflare_account is not None:
        return []
    return [("mtasts:cloudflareAccount", goal.cloudflare_account)]
