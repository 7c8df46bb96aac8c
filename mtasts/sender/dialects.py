"""How well-known senders differ from RFC 8461 in ways that change what happens to mail.

Each difference has its source; without one a sender is assumed to follow the RFC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mtasts.policy import Mode, Policy, PolicySyntaxError, parse, read

if TYPE_CHECKING:
    from collections.abc import Callable

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of sender.

    ``take`` returns the policy that it reads from a body, or the reason why it has none. ``covers``
    says whether a policy lists a host.
    """

    name: str
    take: Callable[[bytes], Policy | str]
    covers: Callable[[Policy, str], bool]


def _take(body: bytes) -> Policy | str:
    try:
        return parse(body)
    except PolicySyntaxError as error:
        return f"it is no policy: {error.problems[0].code}"


def _take_as_google(body: bytes) -> Policy | str:
    """Google Workspace Admin Help 9276511: version on the first line, max_age of a day or more."""
    policy = _take(body)
    if isinstance(policy, str):
        return policy
    if not body.startswith(b"version:"):
        return "Google wants version on the first line"
    if policy.max_age < _DAY:
        return f"Google ignores a max_age below {_DAY}"
    return policy


def _take_as_postfix(body: bytes) -> Policy | str:
    """postfix-mta-sts-resolver 1.5.1, as measured: of a key that stands twice the last counts."""
    policy = _take(body)
    if isinstance(policy, str):
        return policy
    last = {field.key: field.value.decode("ascii", "replace") for field in read(body).fields}
    mode, max_age = last[b"mode"], last[b"max_age"]
    known = mode in {each.value for each in Mode} and max_age.isdecimal()
    return replace(policy, mode=Mode(mode), max_age=int(max_age)) if known else policy


def _covers(policy: Policy, host: str) -> bool:
    return policy.covers(host)


def _covers_at_any_depth(policy: Policy, host: str) -> bool:
    """The same resolver hands ``*.example.gov`` to Postfix as ``.example.gov``."""
    return policy.covers(host) or any(
        pattern.wildcard and host.endswith(f".{pattern.domain}") for pattern in policy.mx
    )


RFC = Dialect("rfc", _take, _covers)
# Exchange Online documents no difference; its refusals are 4/5.4.8 and 5.7.5.
MICROSOFT = Dialect("microsoft", _take, _covers)
GOOGLE = Dialect("google", _take_as_google, _covers)
POSTFIX = Dialect("postfix", _take_as_postfix, _covers_at_any_depth)
DIALECTS = {each.name: each for each in (RFC, GOOGLE, MICROSOFT, POSTFIX)}
