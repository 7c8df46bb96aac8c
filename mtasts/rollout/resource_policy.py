"""Whether the policy of a bucket, topic or key lets a service in: the part of IAM that matters.

Whatever it does not know counts as a refusal, with the reason, so that a policy that works here
uses nothing that was not understood. The JSON may have any statement of IAM, so it has no model.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_POLICY_MAX_BYTES = 20 * 1024  # S3's own limit
NOTHING_ALLOWS = "no statement allows it"
_DENIED = "a statement denies it"
_KEYS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what: ``service`` is the service principal, empty for an unsigned request.

    The keys of ``context`` are condition keys in lower case; one that is None is known, and absent
    from the request.
    """

    service: str
    action: str
    resource: str
    context: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The policy's decision and its reason."""

    allowed: bool
    reason: str

    @property
    def is_known(self) -> bool:
        """Whether everything that decided was understood."""
        return self.allowed or self.reason in (NOTHING_ALLOWS, _DENIED)


class _UnknownError(Exception):
    """The statement holds something this evaluator does not know."""


def evaluate(policy: bytes | None, request: Request) -> Verdict:
    """The verdict of a bucket policy, as it was put; an explicit deny wins."""
    if policy is None or len(policy) > _POLICY_MAX_BYTES:
        reason = "the bucket has no policy" if policy is None else "the policy is over 20 KB"
        return Verdict(allowed=False, reason=reason)
    try:
        document = json.loads(policy)
        statements = [_statement(each) for each in _listed(document["Statement"])]
        matching = [_effect(each) for each in statements if _applies(each, request)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Verdict(allowed=False, reason=f"the policy cannot be read: {error!r}")
    except _UnknownError as error:
        return Verdict(allowed=False, reason=str(error))
    # In IAM an explicit deny goes before every allow.
    if "Deny" in matching:
        return Verdict(allowed=False, reason=_DENIED)
    if "Allow" in matching:
        return Verdict(allowed=True, reason="a statement allows it")
    return Verdict(allowed=False, reason=NOTHING_ALLOWS)


def denies(policy: bytes | None, request: Request) -> bool:
    """Whether the policy forbids what the account's own rights would allow; unknown words do."""
    if policy is None:
        return False
    verdict = evaluate(policy, request)
    return not verdict.allowed and verdict.reason != NOTHING_ALLOWS


def _effect(statement: dict[str, object]) -> object:
    """``Allow`` or ``Deny``.

    Raises:
        _UnknownError: it is another word, so nothing is known of the policy.
    """
    effect = statement["Effect"]
    if effect not in ("Allow", "Deny"):
        raise _UnknownError(f"unknown effect {effect!r}")
    return effect


def _statement(raw: object) -> dict[str, Any]:
    """A statement in which every element is known.

    Raises:
        _UnknownError: it is no object, or has an element that is not known here.
    """
    if not isinstance(raw, dict):
        raise _UnknownError("a statement is no object")
    unknown = raw.keys() - _KEYS
    if unknown:
        raise _UnknownError(f"unknown element {min(unknown)!r}")
    return raw


def _applies(statement: dict[str, Any], request: Request) -> bool:
    return (
        # IAM compares actions without case, and resources with case.
        _any(_listed(statement["Action"]), request.action, fold=True)
        and _any(_listed(statement["Resource"]), request.resource)
        and _is_principal(statement["Principal"], request.service)
        and all(
            _holds(operator, key, _listed(values), request)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _is_principal(principal: object, service: str) -> bool:
    """Whether a principal stands for ``service``.

    Raises:
        _UnknownError: the principal has a form that is not known here.
    """
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        raise _UnknownError(f"unknown principal {principal!r}")
    if "*" in _listed(principal.get("AWS", [])):
        return True
    return bool(service) and service in _listed(principal.get("Service", []))


def _holds(operator: str, key: str, values: Iterable[object], request: Request) -> bool:
    """Whether one condition holds for ``request``.

    Raises:
        _UnknownError: operator or key is not known here.
    """
    compare = _OPERATORS.get(operator)
    if compare is None and operator != "Null":
        raise _UnknownError(f"unknown condition operator {operator!r}")
    if key.lower() not in request.context:
        # With these operators a key that is absent does not match; but here it means that the
        # policy rests on something this evaluator cannot supply.
        raise _UnknownError(f"unknown condition key {key!r}")
    given = request.context[key.lower()]
    if compare is None:  # Null: whether the request lacks the key
        return any(_same_bool(_text(value), json.dumps(given is None)) for value in values)
    return given is not None and any(compare(_text(value), given) for value in values)


def _any(patterns: Iterable[object], value: str, *, fold: bool = False) -> bool:
    if fold:
        return any(_like(_text(pattern).lower(), value.lower()) for pattern in patterns)
    return any(_like(_text(pattern), value) for pattern in patterns)


def _like(pattern: str, value: str) -> bool:
    parts = (re.escape(part) for part in re.split(r"([*?])", pattern))
    expression = "".join({r"\*": ".*", r"\?": "."}.get(part, part) for part in parts)
    return re.fullmatch(re.sub(r"(\.\*)+", ".*", expression), value, re.DOTALL) is not None


def _arn_like(pattern: str, value: str) -> bool:
    """ARNs match part by part: a wildcard does not reach over the first five colons."""
    pattern_parts, value_parts = pattern.split(":", 5), value.split(":", 5)
    return len(pattern_parts) == len(value_parts) and all(map(_like, pattern_parts, value_parts))


def _same_bool(expected: str, value: str) -> bool:
    return expected.lower() == value.lower()


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": _like,
    "ArnLike": _arn_like,
    "ArnEquals": _arn_like,  # the two are the same to IAM
    "Bool": _same_bool,
}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _text(value: object) -> str:
    """A value of a condition as a text.

    Raises:
        _UnknownError: it is another type, or has a policy variable.
    """
    text = json.dumps(value) if isinstance(value, bool) else value
    if not isinstance(text, str):
        raise _UnknownError(f"unknown value {value!r}")
    if "${" in text:
        raise _UnknownError(f"policy variables are not known: {text!r}")
    return text
