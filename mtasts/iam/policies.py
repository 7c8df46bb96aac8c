"""IAM policies from the table: filled in for one stack and one command, within IAM's limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mtasts.iam.statements import STATEMENTS, ZONES, Command, Need

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mtasts.iam.statements import Statement

# The IAM guide's page on quotas (2026): white space does not count, and a role takes ten managed
# policies unless raised to twenty.
POLICY_MAX_CHARACTERS = 6144
POLICIES_MAX = 10
ANY_ZONE = "*"
# The statements that a role of another account needs (dnsRoleArn): only its zone is there.
_OF_A_ZONE = frozenset({"ZonesListed", "ZonesRead", "RecordsWritten", "ChangesAwaited"})

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Placeholders:
    """The values for the names in braces in the table.

    ``zones`` are ids of hosted zones of the stack's own account, ``roles`` the ids of those that
    each ``dnsRoleArn`` leads to; ``*`` is any zone of that account. ``topic`` is that of ``check
    --sns``. ``needs`` is what the stack uses of the statements that not every stack needs. ``slug``
    and ``domain`` are the name of an inbox's rule, role and function, and its mail domain.
    """

    stack: str
    account: str
    region: str
    bucket: str
    zones: tuple[str, ...]
    roles: Mapping[str, tuple[str, ...]]
    topic: str
    alarm_topic: str
    needs: frozenset[Need]
    slug: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """One managed policy, for the stack's own principal or, with ``role``, for that role."""

    name: str
    role: str
    document: Document

    @property
    def characters(self) -> int:
        """Its size in characters as IAM counts it, without white space."""
        return _size(self.document)


def statements_of(
    command: Command, needs: Iterable[Need], table: Sequence[Statement] = STATEMENTS
) -> tuple[Statement, ...]:
    """The rows of the table that a command needs, for a stack with such needs."""
    wanted = {Need.ALWAYS, *needs}
    return tuple(each for each in table if command in each.commands and each.need in wanted)


def policies(
    command: Command, placeholders: Placeholders, table: Sequence[Statement] = STATEMENTS
) -> tuple[Policy, ...]:
    """The policies of a command: those of its own principal, then those of each role for zones."""
    rows = statements_of(command, placeholders.needs, table)
    made = [
        *_split(
            f"mtasts-{placeholders.stack}-{command}",
            "",
            _filled(rows, placeholders, placeholders.zones),
        )
    ]
    zone_rows = tuple(
        each for each in statements_of(command, {Need.ZONES}) if each.sid in _OF_A_ZONE
    )
    for role, zones in placeholders.roles.items() if zone_rows else ():
        # An account may have several: the name of a role is its own there, whatever its path.
        own = f"{role.split(':')[4]}-{role.rpartition('/')[2]}"
        name = f"mtasts-{placeholders.stack}-{command}-dns-{own}"
        made += _split(name, role, _filled(zone_rows, placeholders, zones))
    return tuple(made)


def _filled(
    rows: Iterable[Statement], placeholders: Placeholders, zones: Sequence[str]
) -> Iterator[Document]:
    words = {
        "account": placeholders.account,
        "region": placeholders.region,
        "bucket": placeholders.bucket,
        "topic": placeholders.topic,
        "alarm_topic": placeholders.alarm_topic,
        "slug": placeholders.slug,
        "domain": placeholders.domain,
    }
    lists = {
        ZONES: [f"arn:aws:route53:::hostedzone/{zone}" for zone in zones],
        "{roles}": list(placeholders.roles),
    }
    for row in rows:
        resources: list[str] = []
        for each in row.resources:
            resources += lists[each] if each in lists else [each.format(**words)]
        document: Document = {
            "Sid": row.sid,
            "Effect": "Allow",
            "Action": list(row.actions),
            "Resource": resources,
        }
        conditions: dict[str, dict[str, list[str]]] = {}
        for condition in row.conditions:
            values = [value.format(**words) for value in condition.values]
            conditions.setdefault(condition.operator, {})[condition.key] = values
        yield document | ({"Condition": conditions} if conditions else {})


def _split(name: str, role: str, statements: Iterable[Document]) -> Iterator[Policy]:
    """The statements in order, in as few policies as IAM's size limit allows."""
    portions: list[list[Document]] = [[]]
    for statement in statements:
        for piece in _pieces(statement):
            if portions[-1] and _size(_document([*portions[-1], piece])) > POLICY_MAX_CHARACTERS:
                portions.append([])
            portions[-1].append(piece)
    for number, portion in enumerate(portions, 1):
        suffix = f"-{number}" if len(portions) > 1 else ""
        yield Policy(f"{name}{suffix}", role, _document(portion))


def _pieces(statement: Document) -> list[Document]:
    """The statement, or several with some of its resources each where it is too long alone."""
    if _size(_document([statement])) <= POLICY_MAX_CHARACTERS:
        return [statement]
    portions: list[list[str]] = [[]]
    for resource in statement["Resource"]:
        numbered = {**statement, "Sid": f"{statement['Sid']}{len(portions)}"}
        longer = {**numbered, "Resource": [*portions[-1], resource]}
        if _size(_document([longer])) > POLICY_MAX_CHARACTERS:
            portions.append([])
        portions[-1].append(resource)
    return [
        {**statement, "Sid": f"{statement['Sid']}{number}", "Resource": portion}
        for number, portion in enumerate(portions, 1)
    ]


def _document(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _size(document: Document) -> int:
    return len(json.dumps(document, separators=(",", ":")))
