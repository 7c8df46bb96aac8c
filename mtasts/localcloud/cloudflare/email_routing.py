"""The Email Routing of a zone: the names whose mail it accepts, and its rules."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.cloudflare.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# The MX hosts with their priorities; Cloudflare gives each zone another order of them.
MX_HOSTS = {
    "route1.mx.cloudflare.net": 34,
    "route2.mx.cloudflare.net": 57,
    "route3.mx.cloudflare.net": 86,
}
_SPF = '"v=spf1 include:_spf.mx.cloudflare.net ~all"'
# The records that a name needs: type, content, and priority.
RECORDS: tuple[tuple[str, str, int | None], ...] = (
    *(("MX", host, priority) for host, priority in MX_HOSTS.items()),
    ("TXT", _SPF, None),
)
_RULES_MAX = 200  # Email Service docs, "Limits"
_CATCH_ALL_PRIORITY = 2_147_483_647
_ACTIONS = frozenset({"drop", "worker"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; matchers and actions are in the form of the API, lower priorities come first."""

    id: str
    matchers: tuple[Mapping[str, Any], ...]
    actions: tuple[Mapping[str, Any], ...]
    name: str = ""
    enabled: bool = True
    priority: float = 0

    @property
    def is_catch_all(self) -> bool:
        """Whether it is for addresses that no other rule is for."""
        return any(each["type"] == "all" for each in self.matchers)

    @property
    def address(self) -> str:
        """The address that it is for, in lower case; empty for the catch-all rule."""
        return next((each["value"].lower() for each in self.matchers if "value" in each), "")

    @property
    def worker(self) -> str:
        """The Worker that gets the mail; empty for another action."""
        values = (each["value"][0] for each in self.actions if each["type"] == "worker")
        return next(values, "")


def _catch_all() -> Rule:
    """The catch-all rule of a new zone, which is disabled."""
    dropped = ({"type": "drop"},)
    return Rule(
        uuid.uuid4().hex,
        ({"type": "all"},),
        dropped,
        "",
        enabled=False,
        priority=_CATCH_ALL_PRIORITY,
    )


@dataclass(slots=True)
class EmailRouting:
    """The Email Routing of a zone; ``names`` are the names whose mail it accepts."""

    enabled: bool = False
    names: set[str] = field(default_factory=set)
    rules: dict[str, Rule] = field(default_factory=dict)
    catch_all: Rule = field(default_factory=_catch_all)

    def all_rules(self) -> tuple[Rule, ...]:
        """All rules in the order in which they are tried; the catch-all rule is the last."""
        return (*sorted(self.rules.values(), key=lambda each: each.priority), self.catch_all)

    def rule_for(self, address: str, zone: str) -> Rule | None:
        """The rule for an address; None if Email Routing accepts no mail for it.

        The catch-all rule is only for addresses of the zone's own name (Email Service docs,
        "Subdomains").
        """
        wanted, domain = address.lower(), address.lower().rpartition("@")[2]
        if not self.enabled or domain not in self.names:
            return None
        for each in self.all_rules():
            fits = domain == zone if each.is_catch_all else each.address == wanted
            if each.enabled and fits:
                return each
        return None

    def rule(self, rule_id: str) -> Rule:
        """The rule with that id; raises `ApiError` if there is none."""
        if rule_id not in self.rules:
            raise ApiError(404, 1001, "Email routing rule not found")
        return self.rules[rule_id]

    def put(self, rule: Rule) -> Rule:
        """Add a rule, or replace the one with its id.

        Raises:
            ApiError: another rule is for the address, or the zone has too many rules.
        """
        others = [each for each in self.rules.values() if each.id != rule.id]
        if any(each.address == rule.address for each in others):
            raise ApiError(409, 2014, "Duplicated Zone rule")  # the real status is not documented
        if len(others) >= _RULES_MAX:
            raise ApiError(400, 2007, f"Invalid Input: a zone has {_RULES_MAX} rules at most")
        self.rules[rule.id] = rule
        return rule


def read_rule(id_: str, body: Any, scripts: Collection[str], zone: str) -> Rule:  # any JSON value
    """The rule that a request describes.

    Raises:
        ApiError: it has more than one matcher or action, an action that is not modelled, a Worker
            that is not in ``scripts``, or an address outside of ``zone``.
    """
    matchers, actions = tuple(body["matchers"]), tuple(body["actions"])
    if len(matchers) != 1 or len(actions) != 1:
        raise _invalid("only one action per rule is allowed, and one matcher")
    (action,) = actions
    if action["type"] not in _ACTIONS:
        raise _invalid(f"the local API does not model the action {action['type']}")
    rule = Rule(
        id_,
        matchers,
        actions,
        str(body.get("name") or ""),
        enabled=bool(body.get("enabled", True)),
        priority=float(body.get("priority", 0)),
    )
    if rule.worker not in {"", *scripts}:
        raise ApiError(404, 2016, "Workers Script Info not found")
    domain = rule.address.rpartition("@")[2]
    if not rule.is_catch_all and domain != zone and not domain.endswith(f".{zone}"):
        raise _invalid(f"{rule.address} is not an address of {zone}")
    return rule


def read_catch_all(before: Rule, body: Any, scripts: Collection[str], zone: str) -> Rule:
    """The catch-all rule that a request describes, with the id of ``before``; raises `ApiError`."""
    found = read_rule(before.id, body, scripts, zone)
    if not found.is_catch_all:
        raise _invalid("the catch-all rule matches all")
    return replace(found, priority=_CATCH_ALL_PRIORITY)


def _invalid(text: str) -> ApiError:
    return ApiError(422, 2007, f"Invalid Input: {text}")
