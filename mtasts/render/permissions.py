"""The permissions that a stack needs, as text, JSON, Terraform's JSON syntax and Pulumi YAML.

JSON and YAML are written as data: no code is put together from texts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from mtasts.iam.policies import POLICIES_MAX, POLICY_MAX_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mtasts.iam.policies import Policy
    from mtasts.iam.statements import Statement
    from mtasts.iam.token import Permission


@dataclass(frozen=True, slots=True)
class Token:
    """What a Cloudflare token may do; ``policies`` have the form of Cloudflare's API."""

    name: str
    account: str
    rows: tuple[Permission, ...]
    policies: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Permissions:
    """The permissions that ``command`` needs for ``stack``.

    ``assumed`` has a sentence for each value that was looked up or guessed, not given.
    """

    stack: str
    command: str
    policies: tuple[Policy, ...]
    statements: tuple[Statement, ...]
    token: Token | None
    assumed: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What IAM's limits mean for the policies: a split, and a quota that they exceed."""
        count = len([each for each in self.policies if not each.role])
        if count < 2:
            return ()
        split = (
            f"a managed policy holds {POLICY_MAX_CHARACTERS} characters without white space, so "
            f"the statements are split into {count} policies: attach all of them"
        )
        if count <= POLICIES_MAX:
            return (split,)
        many = (
            f"a role takes {POLICIES_MAX} policies unless its quota is raised: with --zone-id '*' "
            "there are fewer policies"
        )
        return (split, many)


def as_json(found: Permissions) -> str:
    """JSON of a stable shape; ``aws iam create-policy`` takes each ``document`` as it is."""
    token = found.token
    document: dict[str, Any] = {
        "stack": found.stack,
        "command": found.command,
        "assumed": list(found.assumed),
        "warnings": list(found.warnings),
        "policies": [
            {
                "name": each.name,
                "role": each.role or None,
                "characters": each.characters,
                "document": each.document,
            }
            for each in found.policies
        ],
        "token": None
        if token is None
        else {"name": token.name, "account": token.account, "policies": token.policies},
    }
    return json.dumps(document, indent=2) + "\n"


def as_terraform(found: Permissions) -> str:
    """Terraform's JSON syntax: save it as a file that ends in ``.tf.json``."""
    documents, resources = {}, {}
    for policy in found.policies:
        label = _label(policy.name)
        documents[label] = {"statement": list(map(_terraform, policy.document["Statement"]))}
        resources[label] = {
            "name": policy.name,
            "description": _description(found, policy),
            "policy": f"${{data.aws_iam_policy_document.{label}.json}}",
        }
    document: dict[str, Any] = {"//": _notes(found)}
    if resources:
        document["data"] = {"aws_iam_policy_document": documents}
        document["resource"] = {"aws_iam_policy": resources}
    if found.token is not None:
        _add_terraform_token(document, found.token)
    return json.dumps(document, indent=2) + "\n"


def _terraform(statement: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "sid": statement["Sid"],
        "effect": statement["Effect"],
        "actions": statement["Action"],
        "resources": statement["Resource"],
    }
    conditions = [
        {"test": test, "variable": key, "values": values}
        for test, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return made | ({"condition": conditions} if conditions else {})


def _add_terraform_token(document: dict[str, Any], token: Token) -> None:
    """Add the token; its permission groups are looked up by name, since the API wants their ids."""
    label = _label(token.name)
    groups = "cloudflare_account_api_token_permission_groups_list"
    data = document.setdefault("data", {})
    data[groups] = {"all": {"account_id": token.account}}
    found = f"data.{groups}.all.result"
    policies = [
        {
            "effect": each["effect"],
            "resources": json.dumps(each["resources"]),
            "permission_groups": [
                {"id": f'${{[for g in {found} : g.id if g.name == "{group["name"]}"][0]}}'}
                for group in each["permission_groups"]
            ],
        }
        for each in token.policies
    ]
    made = {"account_id": token.account, "name": token.name, "policies": policies}
    document.setdefault("resource", {})["cloudflare_account_token"] = {label: made}


def as_pulumi(found: Permissions) -> str:
    """A program in Pulumi YAML, which ``pulumi convert`` turns into any other language."""
    resources: dict[str, Any] = {
        policy.name: {
            "type": "aws:iam:Policy",
            "properties": {
                "name": policy.name,
                "description": _description(found, policy),
                "policy": {"fn::toJSON": policy.document},
            },
        }
        for policy in found.policies
    }
    variables: dict[str, Any] = {}
    if found.token is not None:
        _add_pulumi_token(variables, resources, found.token)
    program = {
        "name": f"mtasts-{found.stack}-iam",
        "runtime": "yaml",
        "description": " ".join(_notes(found)),
        **({"variables": variables} if variables else {}),
        "resources": resources,
    }
    return yaml.safe_dump(program, sort_keys=False, width=100)


def _add_pulumi_token(variables: dict[str, Any], resources: dict[str, Any], token: Token) -> None:
    policies = []
    for policy in token.policies:
        groups = []
        for group in policy["permission_groups"]:
            variable = _label(group["name"].lower())
            variables[variable] = {
                "fn::invoke": {
                    "function": "cloudflare:getAccountApiTokenPermissionGroupsList",
                    "arguments": {
                        "accountId": token.account,
                        "name": group["name"].replace(" ", "%20"),
                    },
                }
            }
            groups.append({"id": f"${{{variable}.results[0].id}}"})
        resources_json = {"fn::toJSON": policy["resources"]}
        policies.append(
            {"effect": policy["effect"], "resources": resources_json, "permissionGroups": groups}
        )
    resources[token.name] = {
        "type": "cloudflare:AccountToken",
        "properties": {"accountId": token.account, "name": token.name, "policies": policies},
    }


def as_text(found: Permissions) -> str:
    """A text for people: each statement and permission, and its purpose."""
    lines = [f"permissions that {found.command} of the stack {found.stack} needs"]
    lines += [f"  assumed: {each}" for each in found.assumed]
    lines += [f"  note: {each}" for each in found.warnings]
    purposes = {each.sid: each.purpose for each in found.statements}
    for policy in found.policies:
        in_role = f" in the role {policy.role}" if policy.role else ""
        lines += ["", f"AWS policy {policy.name}{in_role} ({policy.characters} characters)"]
        for statement in policy.document["Statement"]:
            lines += _statement_lines(statement, purposes)
    if found.token is not None:
        lines += _token_lines(found.token)
    return "\n".join(lines) + "\n"


def _statement_lines(statement: Mapping[str, Any], purposes: Mapping[str, str]) -> Iterator[str]:
    sid = statement["Sid"]
    # A statement that was split has a number after its id.
    yield from ("", f"  {sid}: {purposes[sid.rstrip('0123456789')]}")
    yield from (f"    {action}" for action in statement["Action"])
    yield from (f"    on {resource}" for resource in statement["Resource"])
    for test, keys in statement.get("Condition", {}).items():
        yield from (f"    if {test} {key}: {', '.join(values)}" for key, values in keys.items())


def _token_lines(token: Token) -> Iterator[str]:
    yield from ("", f"Cloudflare token {token.name} of account {token.account}")
    for policy in token.policies:
        for resource, what in policy["resources"].items():
            yield f"  for {resource}{'' if what == '*' else ', every zone of it'}"
        names = {group["name"] for group in policy["permission_groups"]}
        for row in token.rows:
            if row.name in names:
                optional = ", optional" if row.optional else ""
                yield f"    {row.name} ({row.dashboard}){optional}: {row.purpose}"


def _description(found: Permissions, policy: Policy) -> str:
    where = f" in {policy.role}" if policy.role else ""
    return f"mtasts {found.command} of the stack {found.stack}{where}"


def _notes(found: Permissions) -> list[str]:
    """Sentences for the reader of the file: which command printed it, and what was assumed."""
    head = f"Printed by: mtasts iam {found.command} --stack {found.stack}."
    return [head, *(f"Assumed: {each}." for each in found.assumed), *found.warnings]


def _label(name: str) -> str:
    """``name`` as a label for Terraform and Pulumi YAML; different names have different labels."""
    kept = {each: each for each in name if each.isascii() and each.isalnum()} | {"-": "_", " ": "_"}
    return "".join(kept.get(each, f"__{ord(each):x}_") for each in name)


FORMATS: dict[str, Callable[[Permissions], str]] = {
    "text": as_text,
    "json": as_json,
    "terraform": as_terraform,
    "pulumi": as_pulumi,
}
"""The formats of ``mtasts iam --format``."""
