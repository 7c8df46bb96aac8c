"""Host names as the RFCs use them: A-labels, lower case, no trailing dot (RFC 5890, RFC 8461)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mtasts.errors import MtaStsError

# The names below a policy domain: of its host, its STS record and its TLS-RPT record.
POLICY_LABEL, STS_LABEL, TLSRPT_LABEL = "mta-sts", "_mta-sts", "_smtp._tls"
_LETTERS_DIGITS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
# RFC 1035 section 2.3.4; a name has 253 characters without the last dot.
_LABEL_MAX = 63
_NAME_MAX = 253
# Names in their normal form, as nearly all are; `parse_domain` looks closer at all others.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NORMAL = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class DomainNameError(MtaStsError):
    """A text is no valid host name, so DNS cannot have it."""


def parse_domain(text: str) -> str:
    """A host name in its normal form: A-labels, lower case, without a trailing dot.

    U-labels are converted (IDNA 2008 with the UTS 46 mapping).

    Raises:
        DomainNameError: the text is no host name; the message says why.
    """
    if len(text) <= _NAME_MAX and _NORMAL.fullmatch(text):
        return text
    name = text.strip()
    if name != text:
        raise DomainNameError(f"{text!r} has spaces around it")
    name = name.removesuffix(".")
    if not name:
        raise DomainNameError("the name is empty")
    if not name.isascii():
        name = _to_a_labels(name)
    name = name.lower()
    if len(name) > _NAME_MAX:
        raise DomainNameError(f"the name is {len(name)} characters long; DNS allows {_NAME_MAX}")
    for label in name.split("."):
        _check_label(label, name)
    return name


def _to_a_labels(name: str) -> str:
    """The A-labels of a name outside ASCII (RFC 5891).

    Raises:
        DomainNameError: it has none.
    """
    import idna  # only needed for names outside ASCII; start-up time counts

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise DomainNameError(f"{name!r} is no internationalised name: {error}") from error


def _check_label(label: str, name: str) -> None:
    """Refuse what is no label of a host name.

    Raises:
        DomainNameError: it is none; the text says why.
    """
    if not label:
        raise DomainNameError(f"{name!r} has an empty label")
    if len(label) > _LABEL_MAX:
        raise DomainNameError(f"the label {label!r} is {len(label)} long; DNS allows {_LABEL_MAX}")
    if not _LETTERS_DIGITS.issuperset(label.replace("-", "a")):
        raise DomainNameError(f"the label {label!r} holds more than letters, digits and hyphens")
    if label.startswith("-") or label.endswith("-"):
        raise DomainNameError(f"the label {label!r} begins or ends with a hyphen")


@dataclass(frozen=True, slots=True)
class MxPattern:
    """One ``mx`` value: a host name, or ``*.`` before the domain it covers.

    ``domain`` is lower-case A-labels without a trailing dot.
    """

    domain: str
    wildcard: bool = False

    @classmethod
    def parse(cls, text: str) -> MxPattern:
        """Read ``mail.example.gov`` or ``*.example.gov``.

        Raises:
            DomainNameError: it is no host name, also after ``*.``.
        """
        wildcard = text.startswith("*.")
        return cls(parse_domain(text[2:] if wildcard else text), wildcard)

    def covers(self, host: str) -> bool:
        """Whether ``host`` is allowed; ``*`` stands for exactly one label (RFC 8461 section 4.1).

        ``host`` is spelt as `parse_domain` returns it.
        """
        if not self.wildcard:
            return host == self.domain
        label, _, rest = host.partition(".")
        return bool(label) and rest == self.domain

    def __str__(self) -> str:
        return f"*.{self.domain}" if self.wildcard else self.domain
