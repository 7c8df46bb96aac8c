"""A new stack file, as ``mtasts init`` and ``mtasts adopt`` write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.templating import render

if TYPE_CHECKING:
    from mtasts.policy import Mode


@dataclass(frozen=True, slots=True)
class LivePolicy:
    """The live policy and reports of a domain that is adopted; ``max_age``, ``ttl`` in seconds."""

    mode: Mode
    max_age: int
    ttl: int
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewDomain:
    """A domain of the file, and the hosts that receive its mail.

    ``written`` is the name as it stands in the file, ``a_label`` its A-labels if they differ.
    ``source`` says where ``mx`` comes from. Without ``mx`` and ``live`` the domain is parked.
    ``selectors`` are DKIM selectors.
    """

    written: str
    mx: tuple[str, ...]
    source: str
    a_label: str = ""
    live: LivePolicy | None = None
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewStack:
    """The whole file; ``origin`` names the command that writes it.

    With a ``cloudflare_account``, hosting and zones are at Cloudflare, else at AWS in ``region``.
    ``reports`` are the report addresses of all domains that have none of their own.
    """

    name: str
    agency: str
    origin: str
    domains: tuple[NewDomain, ...]
    region: str = ""
    account: str = ""
    cloudflare_account: str = ""
    reports: tuple[str, ...] = ()


def stack_file_text(stack: NewStack) -> bytes:
    """The file in UTF-8, in mode testing except for domains whose policy is live.

    Bytes of an argument that are not UTF-8 are written unchanged; reading the file then fails.
    """
    text = render(
        "stack.yaml",
        stack=stack.name,
        agency=stack.agency,
        origin=stack.origin,
        region=stack.region,
        account=stack.account,
        cloudflare_account=stack.cloudflare_account,
        reports=stack.reports,
        domains=stack.domains,
        adopted=all(domain.live for domain in stack.domains),
    )
    return text.encode("utf-8", "surrogateescape")
