"""Checks of a record's values as Route 53 makes them; moto accepts any text.

See "Supported DNS record types" in the Route 53 developer guide.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from mtasts.localcloud.provider.resource import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

MODELLED_TYPES = frozenset({"A", "AAAA", "CAA", "CNAME", "MX", "NS", "TXT"})

_NAME = re.compile(r"(?=.{1,255}$)[^\s.]{1,63}(\.[^\s.]{1,63})*\.?")
_MX = re.compile(r"(\d{1,5}) (\S+)")
_CAA = re.compile(r'\d{1,3} [a-z0-9]+ "[^"]*"', re.IGNORECASE)
# A character string in quotes; a backslash escapes one character or three octal digits.
_STRING = re.compile(r'"((?:[^"\\]|\\[0-7]{3}|\\[^0-9])*)"')
_ESCAPE = re.compile(r"\\(?:[0-7]{3}|.)")


def invalid(message: str) -> RefusedError:
    """The error with which Route 53 refuses a change."""
    return RefusedError("InvalidChangeBatch", f"[{message}]")


def quoted(value: str) -> str:
    """A TXT value as pulumi-aws sends it: it adds quotes without looking at the content."""
    return f'"{value}"'


def unquoted(value: str) -> str:
    """A TXT value as pulumi-aws reads it back: without the outer quotes."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def require_values(kind: str, values: list[str]) -> None:
    """Check the values of a record of type ``kind``.

    Raises:
        RefusedError: Route 53 would refuse them.
    """
    if kind == "CNAME" and len(values) != 1:
        raise invalid("RRSet of type CNAME can have only one value")
    if len(set(values)) != len(values):
        raise invalid(f"Duplicate Resource Record: '{values[0]}'")
    for value in values:
        problem = _CHECKS[kind](value)
        if problem:
            raise invalid(f"Invalid Resource Record: 'FATAL problem: {problem} with '{value}''")


def _text_problem(value: str) -> str:
    end = 0
    for match in _STRING.finditer(value):
        if value[end : match.start()].strip(" \t") or (end and match.start() == end):
            break
        if len(_ESCAPE.sub("x", match[1]).encode()) > 255:
            return "CharacterStringTooLong (Value is too long) encountered"
        end = match.end()
    if not end or value[end:].strip(" \t"):
        return "InvalidCharacterString (Value should be enclosed in quotation marks) encountered"
    if len(value.encode()) > 4000:
        return "TXTRDATATooLong (Value is too long) encountered"
    return ""


def _address_problem(family: type[IPv4Address | IPv6Address]) -> Callable[[str], str]:
    def problem(value: str) -> str:
        try:
            family(value)
        except ValueError:
            return f"ARRDATAIllegal{family.__name__[:4]}Address (Value is not a valid address)"
        return ""

    return problem


def _name_problem(value: str) -> str:
    return "" if _NAME.fullmatch(value) else "DomainNameIllegal (Value is not a domain name)"


def _mx_problem(value: str) -> str:
    match = _MX.fullmatch(value)
    if match and int(match[1]) <= 65535 and (match[2] == "." or not _name_problem(match[2])):
        return ""
    return "MXRRDATAIncorrectFields (Value is not a preference and a name)"


def _caa_problem(value: str) -> str:
    return "" if _CAA.fullmatch(value) else "CAARDATAIllegal (Value is not flags, tag and value)"


_CHECKS: dict[str, Callable[[str], str]] = {
    "A": _address_problem(IPv4Address),
    "AAAA": _address_problem(IPv6Address),
    "CAA": _caa_problem,
    "CNAME": _name_problem,
    "MX": _mx_problem,
    "NS": _name_problem,
    "TXT": _text_problem,
}
