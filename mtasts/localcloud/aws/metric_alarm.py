"""``aws.cloudwatch.MetricAlarm``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.aws.tags import aws_tags, live_tags, program_tags
from mtasts.localcloud.provider.properties import UNKNOWN, Properties
from mtasts.localcloud.provider.resource import Live, Resource
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.aws.session import Session

_FIELDS = {
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "evaluationPeriods": "EvaluationPeriods",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
}
_WORDS = {
    "comparisonOperator": (
        "GreaterThanOrEqualToThreshold",
        "GreaterThanThreshold",
        "LessThanOrEqualToThreshold",
        "LessThanThreshold",
    ),
    "statistic": ("Average", "Maximum", "Minimum", "SampleCount", "Sum"),
    "treatMissingData": ("breaching", "ignore", "missing", "notBreaching"),
}
_DEFAULTS = {"treatMissingData": "missing"}
_PERIODS = (10, 20, 30)  # seconds; the other periods are whole minutes


class MetricAlarm(Resource):
    """An alarm on one metric; the id is its name."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"  # a type token
    modelled: ClassVar = {
        **dict.fromkeys(_FIELDS),
        "dimensions": None,
        "name": None,
        "region": None,
        "tags": None,
    }
    replaces = frozenset({"name", "region"})
    computed = ("arn", "region", "tagsAll")
    sets = frozenset({"alarmActions", "okActions"})
    taggable = True
    auto_name = "name"
    auto_name_limit = 255

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Require values of CloudWatch's API, and actions in the region of the alarm."""
        for name, words in _WORDS.items():
            value = inputs.get(name, UNKNOWN)
            if value not in (*words, UNKNOWN):
                yield Problem(name, f'{name} must be one of {", ".join(words)}, not "{value}"')
        period = inputs.get("period", UNKNOWN)
        if period != UNKNOWN and period not in _PERIODS and (period < 60 or period % 60):
            yield Problem(
                "period", f"period must be 10, 20, 30 or a multiple of 60 seconds, not {period}"
            )
        region = inputs.get("region", UNKNOWN)
        for name in ("alarmActions", "okActions"):
            for arn in inputs.get(name, ()):
                if UNKNOWN not in (arn, region) and arn.split(":")[3:4] != [region]:
                    yield Problem(name, f"Invalid region in ARN {arn}: the alarm is in {region}")

    def create(self, session: Session, inputs: Properties) -> str:
        """Write the alarm; as at CloudWatch, it replaces an alarm of the same name."""
        self._put(session, inputs)
        return str(inputs["name"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read all fields."""
        region = str(inputs.get("region") or session.region)
        found = session.cloudwatch(region).describe_alarms(AlarmNames=[identity])["MetricAlarms"]
        if not found:
            return None
        alarm: dict[str, Any] = dict(found[0])
        live = {name: alarm.get(field) or _DEFAULTS.get(name) for name, field in _FIELDS.items()}
        live |= {"name": identity, "dimensions": _named(alarm.get("Dimensions", ()))}
        arn = alarm["AlarmArn"]
        listed = session.cloudwatch(region).list_tags_for_resource(ResourceARN=arn)["Tags"]
        tags = program_tags(listed)
        live |= live_tags(session, inputs, tags)
        outputs = {name: value for name, value in live.items() if value is not None}
        return Live(live, outputs | {"arn": arn, "region": region, "tagsAll": tags})

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the alarm again, and then its tags: CloudWatch ignores tags in this call."""
        del old
        self._put(session, inputs)
        cloudwatch = session.cloudwatch(inputs.get("region"))
        arn = cloudwatch.describe_alarms(AlarmNames=[identity])["MetricAlarms"][0]["AlarmArn"]
        present = cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]
        removed_tags = [
            tag["Key"] for tag in present if tag["Key"] not in inputs.get("tagsAll", {})
        ]
        if removed_tags:
            cloudwatch.untag_resource(ResourceARN=arn, TagKeys=removed_tags)
        if inputs.get("tagsAll"):
            cloudwatch.tag_resource(ResourceARN=arn, Tags=aws_tags(inputs["tagsAll"]))

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the alarm."""
        del outputs
        session.cloudwatch(inputs.get("region")).delete_alarms(AlarmNames=[identity])

    @staticmethod
    def _put(session: Session, inputs: Properties) -> None:
        given: dict[str, Any] = {
            field: inputs[name] for name, field in _FIELDS.items() if name in inputs
        }
        for field in ("EvaluationPeriods", "Period"):  # the engine sends numbers as floats
            if field in given:
                given[field] = int(given[field])
        dimensions: list[Any] = [
            {"Name": name, "Value": value} for name, value in inputs.get("dimensions", {}).items()
        ]
        session.cloudwatch(inputs.get("region")).put_metric_alarm(
            AlarmName=inputs["name"],
            Dimensions=dimensions,
            Tags=aws_tags(inputs.get("tagsAll", {})),
            **given,
        )


def _named(dimensions: Any) -> dict[str, str] | None:  # botocore's type
    return {each["Name"]: each["Value"] for each in dimensions} or None
