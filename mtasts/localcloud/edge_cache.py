"""One point of presence: its cache, and the configuration that it has, which may be out of date.

Times are seconds on a clock that the caller chooses; nothing here reads a clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.localcloud.distribution import CachePolicy, Distribution, Invalidation, OriginAnswer

ERROR_SECONDS = 10  # CloudFront's default error caching minimum
_ENTRIES_MAX = 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A cached answer: ``fetched`` is when the origin gave it, ``expires`` when it is stale."""

    answer: OriginAnswer
    fetched: float
    expires: float


@dataclass(frozen=True, slots=True)
class Served:
    """An answer and its ``X-Cache`` header; ``age_seconds`` is None if it was fetched just now."""

    answer: OriginAnswer
    cache: str
    age_seconds: int | None = None


def lifetime_seconds(policy: CachePolicy, cache_control: str) -> int:
    """How many seconds an answer stays in the cache, as CloudFront computes it.

    That is ``s-maxage`` or else ``max-age`` of the object's ``Cache-Control`` header, but no less
    than the policy's minimum and no more than its maximum. ``no-cache``, ``no-store`` and
    ``private`` count as 0, so the minimum applies to them. ``Expires`` is not modelled.
    """
    directives = dict(re.findall(r"([a-z-]+)(?:=\"?(\d{1,10}))?", cache_control.lower()))
    if directives.keys() & {"no-cache", "no-store", "private"}:
        wanted = 0
    else:
        given = directives.get("s-maxage") or directives.get("max-age")
        wanted = int(given) if given else policy.default
    return max(policy.minimum, min(wanted, policy.maximum))


@dataclass(slots=True)
class PointOfPresence:
    """A point of presence with its own cache.

    It learns of a change of configuration and of an invalidation ``lag_seconds`` after the account
    has it.
    """

    name: str
    lag_seconds: float
    distributions: dict[str, Distribution] = field(default_factory=dict)
    _entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    _arriving: dict[str, tuple[float, Distribution | None]] = field(default_factory=dict)
    _invalidations: dict[str, tuple[float, Invalidation]] = field(default_factory=dict)
    _applied: set[str] = field(default_factory=set)
    _distributions: dict[str, Distribution] | None = None

    def observe(
        self, now: float, distributions: dict[str, Distribution], invalidations: list[Invalidation]
    ) -> None:
        """See the account's state at time ``now``, and apply each change whose lag is over.

        If ``distributions`` is the same mapping as in the last call, no distribution has changed
        (see `CloudState.distributions`).
        """
        if distributions is not self._distributions:
            self._compare(now, distributions)
            self._distributions = distributions
        pending = {each.id for each in invalidations}
        self._applied &= pending  # the others are completed, and will not be listed again
        for each in invalidations:
            if each.id not in self._applied:
                self._invalidations.setdefault(each.id, (now + self.lag_seconds, each))
        self._take_effect(now)

    def _compare(self, now: float, distributions: dict[str, Distribution]) -> None:
        for id_ in distributions.keys() | self.distributions.keys():
            new, present = distributions.get(id_), self.distributions.get(id_)
            arriving = self._arriving.get(id_)
            if new is present or new == present:
                self._arriving.pop(id_, None)
            elif arriving is None or arriving[1] != new:
                self._arriving[id_] = (now + self.lag_seconds, new)

    def _take_effect(self, now: float) -> None:
        for id_, (when, new) in list(self._arriving.items()):
            if when <= now:
                del self._arriving[id_]
                if new is None:
                    del self.distributions[id_]
                    self._drop(id_, lambda _path: True)
                else:
                    self.distributions[id_] = new
        for id_, (when, invalidation) in list(self._invalidations.items()):
            if when <= now:
                del self._invalidations[id_]
                self._applied.add(id_)
                self._drop(invalidation.distribution, invalidation.covers)

    def _drop(self, distribution: str, covers: Callable[[str], bool]) -> None:
        for key in [key for key in self._entries if key[0] == distribution and covers(key[1])]:
            del self._entries[key]

    def has(self, distribution: Distribution) -> bool:
        """Whether this point serves by this configuration."""
        return self.distributions.get(distribution.id) == distribution

    def has_applied(self, invalidation: Invalidation) -> bool:
        """Whether this point has applied the invalidation."""
        return invalidation.id in self._applied

    def paths(self, distribution: str) -> set[str]:
        """The paths of a distribution that are in this cache."""
        return {path for id_, path in self._entries if id_ == distribution}

    def contents(self) -> list[tuple[str, str, Entry]]:
        """All entries of this cache, each with the distribution's id and the path."""
        return [(id_, path, entry) for (id_, path), entry in self._entries.items()]

    def serve(
        self,
        now: float,
        distribution: Distribution,
        path: str,
        fetch: Callable[[], OriginAnswer],
    ) -> Served:
        """The answer for ``path``: from the cache, or from ``fetch()`` and then cached."""
        key = (distribution.id, path)
        entry = self._entries.get(key)
        if entry and now < entry.expires:
            return from_cache(entry, now)
        fetched = fetch()
        if fetched.status >= 500 and entry and entry.answer.status < 400:
            # CloudFront serves the expired copy as long as the origin answers with errors. It asks
            # the origin again when the error caching minimum TTL is over.
            self._entries[key] = replace(entry, expires=now + ERROR_SECONDS)
            return from_cache(entry, now)
        if fetched.status >= 400:
            self._keep(key, Entry(fetched, now, now + ERROR_SECONDS))
            return Served(fetched, "Error from cloudfront")
        seconds = lifetime_seconds(distribution.cache, fetched.header("cache-control"))
        if seconds:
            self._keep(key, Entry(fetched, now, now + seconds))
        else:
            self._entries.pop(key, None)
        unchanged = entry is not None and entry.answer == fetched
        return Served(fetched, f"{'RefreshHit' if unchanged else 'Miss'} from cloudfront")

    def _keep(self, key: tuple[str, str], entry: Entry) -> None:
        self._entries.pop(key, None)
        self._entries[key] = entry
        while len(self._entries) > _ENTRIES_MAX:  # oldest first: clients must not fill the memory
            del self._entries[next(iter(self._entries))]


def from_cache(entry: Entry, now: float) -> Served:
    """The cached answer of ``entry``, as it is served at time ``now``."""
    cache = "Hit from cloudfront" if entry.answer.status < 400 else "Error from cloudfront"
    return Served(entry.answer, cache, int(now - entry.fetched))
