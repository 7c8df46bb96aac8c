"""``aws.cloudfront.OriginAccessControl``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.aws.edge_config import distributions
from mtasts.localcloud.provider.properties import UNKNOWN, Properties
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.aws.session import Session

_WORDS = {
    "originAccessControlOriginType": ("s3", "lambda", "mediapackagev2", "mediastore"),
    "signingBehavior": ("always", "never", "no-override"),
    "signingProtocol": ("sigv4",),
}
_FIELDS = {
    "description": "Description",
    "name": "Name",
    "originAccessControlOriginType": "OriginAccessControlOriginType",
    "signingBehavior": "SigningBehavior",
    "signingProtocol": "SigningProtocol",
}


class OriginAccessControl(Resource):
    """An origin access control: how a distribution signs its requests to an origin."""

    token = "aws:cloudfront/originAccessControl:OriginAccessControl"  # a type token
    modelled: ClassVar = dict.fromkeys(_FIELDS)
    replaces = frozenset[str]()
    computed = ("arn", "etag")
    auto_name = "name"

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Refuse values that CloudFront's API does not have."""
        for name, words in _WORDS.items():
            value = inputs.get(name, UNKNOWN)
            if value not in (*words, UNKNOWN):
                yield Problem(name, f'{name} must be one of {", ".join(words)}, not "{value}"')

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; as at CloudFront, a name that is in use is refused."""
        cloudfront = session.cloudfront()
        with session.one_at_a_time("origin-access-controls"):
            listed = cloudfront.list_origin_access_controls()["OriginAccessControlList"]
            if any(item["Name"] == inputs["name"] for item in listed.get("Items", ())):
                raise RefusedError(
                    "OriginAccessControlAlreadyExists",
                    f"An origin access control with the same name already exists: {inputs['name']}",
                )
            answer = cloudfront.create_origin_access_control(
                OriginAccessControlConfig=_config(inputs)
            )
        return answer["OriginAccessControl"]["Id"]

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read all fields."""
        del inputs
        from botocore.exceptions import ClientError  # loaded with the client

        try:
            answer = session.cloudfront().get_origin_access_control(Id=identity)
        except ClientError as error:
            if error_code(error) == "NoSuchOriginAccessControl":
                return None
            raise
        config: dict[str, Any] = dict(answer["OriginAccessControl"]["OriginAccessControlConfig"])
        live = {name: config.get(field) or None for name, field in _FIELDS.items()}
        arn = f"arn:aws:cloudfront::{session.account}:origin-access-control/{identity}"
        outputs = {name: value for name, value in live.items() if value is not None}
        return Live(live, outputs | {"arn": arn, "etag": answer["ETag"]})

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the whole configuration."""
        del old
        cloudfront = session.cloudfront()
        etag = cloudfront.get_origin_access_control(Id=identity)["ETag"]
        cloudfront.update_origin_access_control(
            Id=identity, IfMatch=etag, OriginAccessControlConfig=_config(inputs)
        )

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it; as at CloudFront, one that a distribution uses is refused."""
        del outputs
        if self.read(session, identity, inputs) is None:
            return
        cloudfront = session.cloudfront()
        with session.one_at_a_time("distributions"):
            users = [
                found.id
                for found in distributions(cloudfront)
                if any(origin.access_control == identity for origin in found.origins)
            ]
            if users:
                raise RefusedError(
                    "OriginAccessControlInUse",
                    "Cannot delete the origin access control because it's in use by distribution "
                    f"{', '.join(users)}",
                )
            etag = cloudfront.get_origin_access_control(Id=identity)["ETag"]
            cloudfront.delete_origin_access_control(Id=identity, IfMatch=etag)


def _config(inputs: Properties) -> Any:  # botocore checks the shape
    return {field: inputs.get(name, "") for name, field in _FIELDS.items()}
