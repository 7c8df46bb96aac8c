"""``aws.route53.Zone``."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

    from mtasts.localcloud.aws.session import Session
    from mtasts.localcloud.provider.properties import Properties

_COMMENT = "Managed by Pulumi"  # pulumi-aws's default
_OF_THE_ZONE = ("NS", "SOA")  # Route 53 makes these at the apex, and deletes them with the zone


class Zone(Resource):
    """A public hosted zone."""

    token = "aws:route53/zone:Zone"  # a type token
    modelled: ClassVar = {"comment": None, "forceDestroy": None, "name": None}
    replaces = frozenset({"name"})
    computed = ("arn", "nameServers", "primaryNameServer", "zoneId")

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare names without case and trailing dot."""
        if path == "name" and isinstance(value, str):
            return value.rstrip(".").lower()
        return super().normalise(path, value)

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; Route 53 allows any number of zones with the same name."""
        answer = session.route53().create_hosted_zone(
            Name=inputs["name"],
            CallerReference=uuid.uuid4().hex,
            HostedZoneConfig={"Comment": inputs.get("comment", _COMMENT)},
        )
        return answer["HostedZone"]["Id"].removeprefix("/hostedzone/")

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the comment, and the name servers."""
        from botocore.exceptions import ClientError  # loaded with the client

        try:
            answer = session.route53().get_hosted_zone(Id=identity)
        except ClientError as error:
            if error_code(error) == "NoSuchHostedZone":
                return None
            raise
        found, servers = answer["HostedZone"], sorted(answer["DelegationSet"]["NameServers"])
        comment = found.get("Config", {}).get("Comment", "")
        live: Properties = {"name": found["Name"].rstrip(".")}
        if "comment" in inputs or comment != _COMMENT:
            live["comment"] = comment
        outputs = {
            "arn": f"arn:aws:route53:::hostedzone/{identity}",
            "comment": comment,
            "nameServers": servers,
            "primaryNameServer": servers[0],
            "zoneId": identity,
        }
        return Live(live, outputs)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the comment."""
        del old
        session.route53().update_hosted_zone_comment(
            Id=identity, Comment=inputs.get("comment", _COMMENT)
        )

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it; one with records is refused, unless ``forceDestroy`` deletes them first."""
        del outputs
        if self.read(session, identity, inputs) is None:
            return
        route53 = session.route53()
        with session.one_at_a_time(f"zone/{identity}"):
            records = _records(route53, identity, inputs["name"])
            if records and not inputs.get("forceDestroy"):
                raise RefusedError(
                    "HostedZoneNotEmpty",
                    "The specified hosted zone contains non-required resource record sets and so "
                    "cannot be deleted.",
                )
            for record in records:
                route53.change_resource_record_sets(
                    HostedZoneId=identity,
                    ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]},
                )
            route53.delete_hosted_zone(Id=identity)


def _records(route53: Route53Client, identity: str, name: str) -> list[Any]:
    """All record sets of the zone but the NS and SOA records that Route 53 made."""
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=identity)
    apex = f"{name.rstrip('.').lower()}."
    return [
        record
        for page in pages
        for record in page["ResourceRecordSets"]
        if (record["Name"], record["Type"]) not in {(apex, each) for each in _OF_THE_ZONE}
    ]
