"""Whether what was fetched is the intended policy, as a sender would take it (RFC 8461 3.3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.observations import FetchOutcome
from mtasts.policy import PolicySyntaxError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtasts.observations import Fetch


class Verdict(StrEnum):
    """What one request says of the policy."""

    SERVED = "served"
    NOT_SERVED = "not-served"
    UNSEEN = "unseen"  # this machine has no route to that address family


@dataclass(frozen=True, slots=True)
class Judged:
    """A request with its verdict; ``reason`` says what is wrong, empty where nothing is."""

    fetch: Fetch
    verdict: Verdict
    reason: str = ""


def judge(fetch: Fetch, body: bytes) -> Judged:
    """Whether ``fetch`` brought exactly ``body``, in a way that every sender accepts."""
    if fetch.outcome is FetchOutcome.NO_ROUTE:
        return Judged(fetch, Verdict.UNSEEN, "no route from here")
    reason = _reason(fetch, body)
    return Judged(fetch, Verdict.NOT_SERVED if reason else Verdict.SERVED, reason)


def _reason(fetch: Fetch, body: bytes) -> str:
    if fetch.outcome is not FetchOutcome.ANSWERED:
        return f"{fetch.outcome}: {fetch.reason}" if fetch.reason else str(fetch.outcome)
    if fetch.status != 200:
        return f"status {fetch.status}"
    if fetch.body != body:
        return f"another body ({_describe(fetch.body)})"
    if fetch.encoding:
        return f"an encoded body ({printable(fetch.encoding)})"
    types = fetch.lines("content-type")
    # Of two Content-Type lines some senders take the first, some the last, and some neither.
    if len(types) != 1 or fetch.media_type != "text/plain":
        return f"media type {printable(', '.join(types)) or 'none'}"
    return ""


def _describe(body: bytes) -> str:
    try:
        policy = parse(body)
    except PolicySyntaxError:
        return f"{len(body)} bytes that are no policy"
    hosts = ", ".join(str(pattern) for pattern in policy.mx[:3])
    more = f" and {len(policy.mx) - 3} more" if len(policy.mx) > 3 else ""
    return printable(f"mode {policy.mode}, mx {hosts or 'none'}{more}, max_age {policy.max_age}")


def summary(judged: Iterable[Judged]) -> str:
    """What is wrong, each reason with the number of answers and the addresses it came from."""
    counts: Counter[str] = Counter()
    addresses: dict[str, set[str]] = {}
    for each in judged:
        if each.verdict is Verdict.NOT_SERVED:
            counts[each.reason] += 1
            addresses.setdefault(each.reason, set()).add(each.fetch.address)
    return "; ".join(
        f"{count} x {reason} at {', '.join(sorted(addresses[reason]))}"
        for reason, count in counts.most_common()
    )
