"""The data sources (functions) of pulumi-aws that the stand-in models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.localcloud.provider.resource import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.localcloud.aws.session import Session
    from mtasts.localcloud.provider.properties import Properties


def invoke(token: str, arguments: Properties, session: Session) -> Properties:
    """The result of the data source ``token``.

    Raises:
        RefusedError: the data source or an argument is not modelled, or AWS has no such thing.
    """
    if token not in _INVOKES:
        raise RefusedError("NotModelled", f"the local stand-in does not model the function {token}")
    known, function = _INVOKES[token]
    foreign = sorted(arguments.keys() - known)
    if foreign:
        raise RefusedError(
            "NotModelled", f"the local stand-in does not model {', '.join(foreign)} of {token}"
        )
    return function(arguments, session)


def _caller_identity(arguments: Properties, session: Session) -> Properties:
    del arguments
    found = session.sts().get_caller_identity()
    account = found["Account"]
    return {"accountId": account, "arn": found["Arn"], "id": account, "userId": found["UserId"]}


def _region(arguments: Properties, session: Session) -> Properties:
    region = arguments.get("region") or arguments.get("name") or session.region
    return {
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
        "id": region,
        "name": region,
        "region": region,
    }


def _zone(arguments: Properties, session: Session) -> Properties:
    """The hosted zone that matches; as pulumi-aws does, refuse if none or several match."""
    route53 = session.route53()
    if ("name" in arguments) == ("zoneId" in arguments):
        raise RefusedError("InvalidInput", 'give either "name" or "zoneId"')
    private = arguments.get("privateZone", False)
    found: list[Any] = []
    for page in route53.get_paginator("list_hosted_zones").paginate():
        found += [zone for zone in page["HostedZones"] if _fits(zone, arguments, private=private)]
    if not found:
        raise RefusedError("NotFound", "no matching Route 53 Hosted Zone found")
    if len(found) > 1:
        raise RefusedError(
            "TooManyResults",
            "multiple Route 53 Hosted Zones matched; use additional constraints to reduce "
            "matches to a single Route 53 Hosted Zone",
        )
    (zone,) = found
    zone_id = zone["Id"].removeprefix("/hostedzone/")
    servers = route53.get_hosted_zone(Id=zone_id).get("DelegationSet", {}).get("NameServers", [])
    return {
        "arn": f"arn:aws:route53:::hostedzone/{zone_id}",
        "callerReference": zone.get("CallerReference", ""),
        "comment": zone.get("Config", {}).get("Comment", ""),
        "id": zone_id,
        "name": zone["Name"].rstrip("."),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "privateZone": zone.get("Config", {}).get("PrivateZone", False),
        "resourceRecordSetCount": zone.get("ResourceRecordSetCount", 0),
        "zoneId": zone_id,
    }


def _fits(zone: Any, arguments: Properties, *, private: bool) -> bool:  # any JSON value
    if "zoneId" in arguments:
        wanted = str(arguments["zoneId"]).removeprefix("/hostedzone/")
        return bool(zone["Id"].removeprefix("/hostedzone/") == wanted)
    same = zone["Name"].rstrip(".").lower() == str(arguments["name"]).rstrip(".").lower()
    return bool(same and zone.get("Config", {}).get("PrivateZone", False) == private)


_INVOKES: dict[str, tuple[frozenset[str], Callable[[Properties, Session], Properties]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": (frozenset({"id"}), _caller_identity),
    "aws:index/getRegion:getRegion": (frozenset({"id", "name", "region"}), _region),
    "aws:route53/getZone:getZone": (frozenset({"name", "privateZone", "zoneId"}), _zone),
}
