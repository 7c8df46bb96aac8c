"""The policy that a report says was applied (RFC 8460 section 4.4), compared with a served one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtasts.policy import Policy
    from mtasts.tlsrpt.report import PolicyResult


@dataclass(frozen=True, slots=True)
class Applied:
    """The policy in a report; fields that the report lacks are empty.

    ``mode``, ``max_age`` and ``mx`` are the fields of ``policy-string``, as they are written;
    ``hosts`` is ``mx-host``: the patterns again, or the hosts that were tried.
    """

    mode: str = ""
    max_age: str = ""
    mx: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - a key that nobody reads is a mistake

    @classmethod
    def of(cls, result: PolicyResult) -> Applied:
        """Read the lines of the policy; of a field that occurs twice the first counts."""
        first: dict[str, str] = {}
        mx = set()
        for line in result.strings:
            key, _, value = line.partition(":")
            name, text = key.strip(), value.strip()
            if name == "mx":
                mx.add(_host(text))
            else:
                first.setdefault(name, text)
        hosts = tuple(sorted({_host(each) for each in result.mx}))
        return cls(first.get("mode", ""), first.get("max_age", ""), tuple(sorted(mx)), hosts)

    def fits(self, policy: Policy) -> bool:
        """Whether this can be ``policy``: no field of the report differs from it."""
        patterns = {str(pattern) for pattern in policy.mx}
        return (
            self.mode in ("", policy.mode)
            and self.max_age in ("", str(policy.max_age))
            and (not self.mx or set(self.mx) == patterns)
            and all(host in patterns or policy.covers(host) for host in self.hosts)
        )

    def __str__(self) -> str:
        parts = [
            f"{name} {value}"
            for name, value in (
                ("mode", self.mode),
                ("max_age", self.max_age),
                ("mx", " ".join(self.mx or self.hosts)),
            )
            if value
        ]
        return ", ".join(parts) or "a policy that it does not describe"


def _host(text: str) -> str:
    return text.strip().lower().removesuffix(".")
