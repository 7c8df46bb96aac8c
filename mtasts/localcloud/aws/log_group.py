"""``aws.cloudwatch.LogGroup``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mtasts.localcloud.provider.resource import Live, Resource

if TYPE_CHECKING:
    from mtasts.localcloud.aws.session import Session
    from mtasts.localcloud.provider.properties import Properties


class LogGroup(Resource):
    """A CloudWatch log group, and for how many days it keeps events; the id is its name."""

    token = "aws:cloudwatch/logGroup:LogGroup"  # a type token
    modelled: ClassVar = dict.fromkeys(("name", "region", "retentionInDays"))
    replaces = frozenset({"name", "region"})
    computed = ("arn", "region")
    auto_name = "name"
    auto_name_limit = 512

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; CloudWatch refuses a name that is in use."""
        session.logs(inputs.get("region")).create_log_group(logGroupName=inputs["name"])
        self._keep(session, inputs)
        return str(inputs["name"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read for how many days it keeps events."""
        region = inputs.get("region", session.region)
        answer = session.logs(region).describe_log_groups(logGroupNamePrefix=identity)
        found = [each for each in answer["logGroups"] if each["logGroupName"] == identity]
        if not found:
            return None
        live = {"name": identity, "retentionInDays": found[0].get("retentionInDays")}
        return Live(live, {"arn": found[0]["arn"].removesuffix(":*"), "region": region})

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Set for how many days it keeps events."""
        del identity, old
        self._keep(session, inputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the log group and its events."""
        if self.read(session, identity, inputs) is not None:
            region = inputs.get("region", outputs.get("region"))
            session.logs(region).delete_log_group(logGroupName=identity)

    @staticmethod
    def _keep(session: Session, inputs: Properties) -> None:
        if days := inputs.get("retentionInDays"):
            session.logs(inputs.get("region")).put_retention_policy(
                logGroupName=inputs["name"], retentionInDays=days
            )
