"""``cloudflare.EmailRoutingRule``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mtasts.localcloud.provider.resource import Live, Resource

if TYPE_CHECKING:
    from mtasts.localcloud.cloudflare.session import Session
    from mtasts.localcloud.provider.properties import Properties
    from mtasts.localcloud.provider.schema import Modelled


class EmailRoutingRule(Resource):
    """A rule of Email Routing for one address; an import's id is ``ZONE/RULE``."""

    token: ClassVar[str] = "cloudflare:index/emailRoutingRule:EmailRoutingRule"
    modelled: ClassVar[Modelled] = {
        "actions": {"type": None, "values": None},
        "enabled": None,
        "matchers": {"field": None, "type": None, "value": None},
        "name": None,
        "priority": None,
        "zoneId": None,
    }
    replaces: ClassVar[frozenset[str]] = frozenset({"zoneId"})
    computed: ClassVar[tuple[str, ...]] = ("enabled", "priority", "source", "tag")
    reported: ClassVar[frozenset[str]] = frozenset({"enabled", "priority"})

    def create(self, session: Session, inputs: Properties) -> str:
        """Add it; the API refuses an address that has a rule."""
        return str(session.call("POST", _rules(inputs), _rule(inputs))["id"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read all fields."""
        zone, _, rule = identity.rpartition("/")
        zone = zone or inputs.get("zoneId", "")
        found = session.get(f"{_rules({'zoneId': zone})}/{rule}")
        if found is None:
            return None
        live = {
            "actions": [
                {"type": each["type"], "values": each.get("value")} for each in found["actions"]
            ],
            "enabled": found["enabled"],
            "matchers": found["matchers"],
            "name": found["name"] or None,
            "priority": found["priority"],
            "zoneId": zone,
        }
        outputs = {name: found[name] for name in self.computed}
        return Live(live, outputs)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the rule again."""
        del old
        path = f"{_rules(inputs)}/{identity.rpartition('/')[2]}"
        session.call("PUT", path, _rule(inputs))

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it; as with pulumi-cloudflare, it is an error if it does not exist."""
        del outputs
        session.call("DELETE", f"{_rules(inputs)}/{identity.rpartition('/')[2]}")


def _rules(inputs: Properties) -> str:
    return f"/zones/{inputs['zoneId']}/email/routing/rules"


def _rule(inputs: Properties) -> Properties:
    """The rule in the form of the API, with pulumi-cloudflare's defaults."""
    actions = [
        {"type": each["type"], **({"value": each["values"]} if "values" in each else {})}
        for each in inputs["actions"]
    ]
    return {
        "actions": actions,
        "enabled": inputs.get("enabled", True),
        "matchers": inputs["matchers"],
        "name": inputs.get("name", ""),
        "priority": inputs.get("priority", 0),
    }
