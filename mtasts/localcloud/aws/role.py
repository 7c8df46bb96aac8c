"""``aws.iam.Role`` and ``aws.iam.RolePolicy``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.aws.tags import aws_tags, live_tags, program_tags
from mtasts.localcloud.provider.resource import Live, Resource, error_code

if TYPE_CHECKING:
    from mtasts.localcloud.aws.session import Session
    from mtasts.localcloud.provider.properties import Properties

_GONE = "NoSuchEntity"


class Role(Resource):
    """An IAM role; the id is its name."""

    token = "aws:iam/role:Role"  # a type token
    modelled: ClassVar = dict.fromkeys(("assumeRolePolicy", "description", "name", "tags"))
    replaces = frozenset({"name"})
    computed = ("arn", "uniqueId", "tagsAll")
    taggable = True
    auto_name = "name"

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare policy documents as JSON, whatever their white space."""
        return _document(value) if path == "assumeRolePolicy" else value

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; IAM refuses a name that is in use."""
        session.iam().create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description", ""),
            Tags=aws_tags(inputs.get("tagsAll", {})),
        )
        return str(inputs["name"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read all fields."""
        found = _unless_gone(lambda: session.iam().get_role(RoleName=identity)["Role"])
        if found is None:
            return None
        tags = program_tags(found.get("Tags", ()))
        live = {
            "assumeRolePolicy": json.dumps(found["AssumeRolePolicyDocument"]),
            "description": found.get("Description") or None,
            "name": identity,
            **live_tags(session, inputs, tags),
        }
        return Live(live, {"arn": found["Arn"], "uniqueId": found["RoleId"], "tagsAll": tags})

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write policy, description and tags."""
        iam, document = session.iam(), inputs["assumeRolePolicy"]
        iam.update_assume_role_policy(RoleName=identity, PolicyDocument=document)
        iam.update_role(RoleName=identity, Description=inputs.get("description", ""))
        removed_tags = old.get("tagsAll", {}).keys() - inputs.get("tagsAll", {}).keys()
        iam.untag_role(RoleName=identity, TagKeys=sorted(removed_tags))
        iam.tag_role(RoleName=identity, Tags=aws_tags(inputs.get("tagsAll", {})))

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it; IAM refuses to delete a role that has policies."""
        del inputs, outputs
        _unless_gone(lambda: session.iam().delete_role(RoleName=identity))


class RolePolicy(Resource):
    """An inline policy of a role; the id is ``ROLE:NAME``."""

    token = "aws:iam/rolePolicy:RolePolicy"  # a type token
    modelled: ClassVar = dict.fromkeys(("name", "policy", "role"))
    replaces = frozenset({"name", "role"})
    auto_name = "name"

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare policy documents as JSON, as `Role` does."""
        return _document(value) if path == "policy" else value

    def create(self, session: Session, inputs: Properties) -> str:
        """Write the policy."""
        self._put(session, inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the policy."""
        del inputs
        role, _, name = identity.partition(":")
        found = _unless_gone(lambda: session.iam().get_role_policy(RoleName=role, PolicyName=name))
        if found is None:
            return None
        return Live({"name": name, "policy": json.dumps(found["PolicyDocument"]), "role": role})

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the policy again."""
        del identity, old
        self._put(session, inputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the policy."""
        del inputs, outputs
        role, _, name = identity.partition(":")
        _unless_gone(lambda: session.iam().delete_role_policy(RoleName=role, PolicyName=name))

    @staticmethod
    def _put(session: Session, inputs: Properties) -> None:
        session.iam().put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )


def _document(value: Any) -> Any:  # any JSON value
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _unless_gone(call: Any) -> Any:  # each call has its own type
    """The answer of ``call``, or None if the role or policy does not exist."""
    from botocore.exceptions import ClientError  # loaded with the client

    try:
        return call()
    except ClientError as error:
        if error_code(error) != _GONE:
            raise
        return None
