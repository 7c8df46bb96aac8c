"""``aws.route53.Record``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.aws.distribution_config import CLOUDFRONT_ZONE
from mtasts.localcloud.aws.record_values import (
    MODELLED_TYPES,
    invalid,
    quoted,
    require_values,
    unquoted,
)
from mtasts.localcloud.provider.differences import as_set
from mtasts.localcloud.provider.properties import UNKNOWN, Properties
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_route53 import Route53Client

    from mtasts.localcloud.aws.session import Session

_OCTAL = re.compile(r"\\([0-7]{3})")


class Record(Resource):
    """A record set with simple routing, or an alias; the id is ``ZONE_name_TYPE``."""

    token = "aws:route53/record:Record"  # a type token
    modelled: ClassVar = {
        "aliases": {"evaluateTargetHealth": None, "name": None, "zoneId": None},
        "allowOverwrite": None,
        "name": None,
        "records": None,
        "ttl": None,
        "type": None,
        "zoneId": None,
    }
    replaces = frozenset({"name", "type", "zoneId"})
    computed = ("fqdn",)
    sets = frozenset({"records"})

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Require values with a TTL or an alias, and not both."""
        if inputs["type"] not in MODELLED_TYPES | {UNKNOWN}:
            yield Problem(
                "type", f'the local stand-in does not model records of type "{inputs["type"]}"'
            )
        if ("records" in inputs) == ("aliases" in inputs):
            yield Problem("records", 'give either "records" or "aliases"')
        if "records" in inputs and "ttl" not in inputs:
            yield Problem("ttl", 'records need the input "ttl"')
        if "aliases" in inputs and "ttl" in inputs:
            yield Problem("ttl", 'an alias has the TTL of its target: leave "ttl" out')

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare names without case and trailing dot."""
        if path in {"name", "aliases.name"} and isinstance(value, str):
            return value.rstrip(".").lower()
        if path == "aliases" and isinstance(value, list):  # one alias of the list has this path too
            return as_set(
                [alias | {"name": self.normalise("name", alias["name"])} for alias in value]
            )
        return super().normalise(path, value)

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; an existing one is refused unless ``allowOverwrite`` is set."""
        zone_id = _zone_id(inputs["zoneId"])
        self._write(session, inputs, overwrite=inputs.get("allowOverwrite", False))
        return f"{zone_id}_{inputs['name'].lower()}_{inputs['type']}"

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Upsert it, as pulumi-aws does."""
        del identity, old
        self._write(session, inputs, overwrite=True)

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read values, TTL and alias."""
        zone_id, name, kind = parse_identity(identity)
        found = _find_in(session.route53(), zone_id, name, kind)
        if found is None:
            return None
        record, full_name = found
        texts = [value["Value"] for value in record.get("ResourceRecords", ())]
        alias = record.get("AliasTarget")
        live: Properties = {
            "aliases": [_flatten_alias(alias)] if alias else None,
            "name": inputs.get("name", name),
            "records": [unquoted(text) if kind == "TXT" else text for text in texts] or None,
            "ttl": record.get("TTL"),
            "type": kind,
            "zoneId": inputs.get("zoneId", zone_id),
        }
        outputs = {key: value for key, value in live.items() if value is not None}
        return Live(live, outputs | {"fqdn": full_name})

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it with its present values, which Route 53 requires in the request."""
        del inputs, outputs
        zone_id, name, kind = parse_identity(identity)
        route53 = session.route53()
        with session.one_at_a_time(f"zone/{zone_id}"):
            found = _find_in(route53, zone_id, name, kind)
            if found is not None:
                route53.change_resource_record_sets(
                    HostedZoneId=zone_id,
                    ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": found[0]}]},
                )

    @staticmethod
    def _write(session: Session, inputs: Properties, *, overwrite: bool) -> None:
        """Make the checks of Route 53 that moto lacks, and write the record.

        The action is always UPSERT, because moto refuses to CREATE a record that was once deleted.
        """
        route53 = session.route53()
        zone_id = _zone_id(inputs["zoneId"])
        kind = inputs["type"]
        with session.one_at_a_time(f"zone/{zone_id}"):
            zone = _zone_name(route53, zone_id)
            name = expand_name(inputs["name"], zone)
            _require_in_zone(name, zone, kind)
            _require_no_conflict(route53, zone_id, zone, name, kind, overwrite=overwrite)
            wanted = _expand(inputs, name, zone)
            if "AliasTarget" in wanted:
                _require_target(route53, zone_id, zone, wanted)
            route53.change_resource_record_sets(
                HostedZoneId=zone_id,
                ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": wanted}]},
            )


def parse_identity(identity: str) -> tuple[str, str, str]:
    """Zone id, name and type in a record's id ``ZONE_name_TYPE``; the name may have underscores.

    Raises:
        RefusedError: the id has another form.
    """
    zone_id, _, rest = identity.partition("_")
    name, _, kind = rest.rpartition("_")
    if not zone_id or not name or not kind:
        raise RefusedError("InvalidInput", f"{identity} is not of the form ZONE_name_TYPE")
    return zone_id, name, kind


def expand_name(name: str, zone: str) -> str:
    """The full name in lower case, without trailing dot.

    As pulumi-aws does, this adds the zone's name to a name that does not end with it.
    """
    name = name.rstrip(".").lower()
    if name.endswith(zone):
        return name
    return f"{name}.{zone}" if name else zone


def _zone_id(raw: str) -> str:
    return raw.removeprefix("/hostedzone/")


def _zone_name(route53: Route53Client, zone_id: str) -> str:
    return route53.get_hosted_zone(Id=zone_id)["HostedZone"]["Name"].rstrip(".").lower()


def _records_from(route53: Route53Client, zone_id: str, name: str) -> list[Any]:
    """All record sets of one name."""
    answer = route53.list_resource_record_sets(
        HostedZoneId=zone_id, StartRecordName=name, MaxItems="100"
    )
    records: list[Any] = list(answer["ResourceRecordSets"])
    return [record for record in records if _plain_name(record["Name"]) == name]


def _plain_name(name: str) -> str:
    r"""A name from Route 53's list, with octal escapes such as ``\052`` (``*``) decoded."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), name).rstrip(".").lower()


def _find_in(route53: Route53Client, zone_id: str, name: str, kind: str) -> tuple[Any, str] | None:
    from botocore.exceptions import ClientError  # loaded with the client

    try:
        full_name = expand_name(name, _zone_name(route53, zone_id))
    except ClientError as error:
        if error_code(error) == "NoSuchHostedZone":
            return None
        raise
    records = _records_from(route53, zone_id, full_name)
    found = [record for record in records if record["Type"] == kind]
    return (found[0], full_name) if found else None


def _require_in_zone(name: str, zone: str, kind: str) -> None:
    if name != zone and not name.endswith(f".{zone}"):
        raise invalid(f"RRSet with DNS name {name}. is not permitted in zone {zone}.")
    if kind == "CNAME" and name == zone:
        raise invalid(
            f"RRSet of type CNAME with DNS name {name}. is not permitted at apex in zone {zone}."
        )


def _require_no_conflict(
    route53: Route53Client, zone_id: str, zone: str, name: str, kind: str, *, overwrite: bool
) -> None:
    kinds = {record["Type"] for record in _records_from(route53, zone_id, name)}
    if kind in kinds and not overwrite:
        raise invalid(
            f"Tried to create resource record set [name='{name}.', type='{kind}'] "
            "but it already exists"
        )
    others = kinds - {kind}
    if kind == "CNAME" and others:
        raise invalid(
            f"RRSet of type CNAME with DNS name {name}. is not permitted as it conflicts with "
            f"other records with the same DNS name in zone {zone}."
        )
    if "CNAME" in others:
        raise invalid(
            f"RRSet of type {kind} with DNS name {name}. is not permitted because a conflicting "
            f"RRSet of type CNAME with the same DNS name already exists in zone {zone}."
        )


def _expand(inputs: Properties, name: str, zone: str) -> Any:  # botocore checks it
    kind = inputs["type"]
    record: Properties = {"Name": f"{name}.", "Type": kind}
    if "records" in inputs:
        texts = list(dict.fromkeys(inputs["records"]))  # pulumi-aws treats records as a set
        values = [quoted(text) if kind == "TXT" else text for text in texts]
        require_values(kind, values)
        record |= {"TTL": inputs["ttl"], "ResourceRecords": [{"Value": value} for value in values]}
        return record
    if len(inputs["aliases"]) != 1:
        raise invalid(f"RRSet {name}. in zone {zone}. can have only one alias")
    (alias,) = inputs["aliases"]
    record["AliasTarget"] = {
        "DNSName": alias["name"],
        "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        "HostedZoneId": alias["zoneId"],
    }
    return record


def _require_target(
    route53: Route53Client, zone_id: str, zone: str, record: Any
) -> None:  # any JSON value
    """Refuse an alias with a target outside of its hosted zone, or whose target does not exist.

    The target may be a distribution of another account, so its existence is not checked.
    """
    kind, target = record["Type"], record["AliasTarget"]
    name = target["DNSName"].rstrip(".").lower()
    text = f"Tried to create an alias that targets {name}., type {kind} in zone "
    text += target["HostedZoneId"]
    if target["HostedZoneId"] == CLOUDFRONT_ZONE:
        within = name.endswith(".cloudfront.net")
    elif target["HostedZoneId"] == zone_id:
        within = name.endswith(f".{zone}")
    else:
        raise invalid(f"{text}, which the local stand-in does not model")
    if not within:
        raise invalid(f"{text}, but the alias target name does not lie within the target zone")
    if target["HostedZoneId"] == zone_id and not any(
        found["Type"] == kind for found in _records_from(route53, zone_id, name)
    ):
        raise invalid(f"{text}, but that target was not found")


def _flatten_alias(alias: Any) -> Properties:  # as botocore has it
    return {
        "evaluateTargetHealth": alias["EvaluateTargetHealth"],
        "name": alias["DNSName"].rstrip(".").lower(),
        "zoneId": alias["HostedZoneId"],
    }
