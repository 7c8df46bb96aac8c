"""A new stack file, as ``mtasts init`` and ``mtasts adopt`` write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.templating import render

if TYPE_CHECKING:
    from mtasts.policy import Mode


@dataclass(frozen=True, slots=True)
class LivePolicy:
    """What is live of a domain that is taken over; ``max_age`` and ``ttl`` in seconds."""

    mode: Mode
    max_age: int
    ttl: int
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewDomain:
    """A domain of the file: its name as it is ``written``, and who receives its mail.

    ``a_label`` is how DNS spells the name, where that differs. ``source`` says where the ``mx`` are
    from. Without any, and without ``live``, the domain is parked. ``selectors`` are those of DKIM.
    """

    written: str
    mx: tuple[str, ...]
    source: str
    a_label: str = ""
    live: LivePolicy | None = None
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewStack:
    """The whole file; ``origin`` says what writes it.

    With a ``cloudflare_account`` Cloudflare hosts and has the zones, else AWS in ``region``.
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
    """The file in UTF-8: in mode testing, but for domains whose policy is live.

    Bytes of an argument that were no UTF-8 stay as they are, for the reader of the file to refuse.
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
