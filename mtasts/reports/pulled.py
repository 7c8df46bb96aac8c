"""What a pull has done so far: the numbers of its progress, and of its summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from mtasts.tlsrpt.rows import Arrival, Skipped

NAMED_MAX = 100
_DOMAINS_MAX = 1000
OTHERS = "(others)"


@dataclass(slots=True)
class Pulled:
    """The numbers of one source.

    ``listed`` keys were seen, of which ``known`` were kept before, ``fetched`` are new, and
    ``gone`` were deleted meanwhile. ``reports`` were read, by their trust in ``trust``; of them
    ``refused`` have no number that can be used. ``foreign`` counts rows about domains that are no
    agency's, by domain. ``skipped`` counts what is no report, by kind; the first are in ``skips``.
    ``waiting`` keys are judged once more by a later pull, because a DKIM key could not be looked
    up. ``failures`` keys could not be fetched; the first are in ``failed``, by address. ``problem``
    says why the source could not be read to its end, and is empty if it was.
    """

    source: str
    listed: int = 0
    known: int = 0
    fetched: int = 0
    gone: int = 0
    reports: int = 0
    refused: int = 0
    waiting: int = 0
    failures: int = 0
    trust: Counter[str] = field(default_factory=Counter)
    foreign: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    skips: list[Skipped] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether all that the source has is in the store."""
        return not (self.problem or self.failures)

    def add(self, arrived: Arrival | Skipped) -> None:
        """Count a report, or what is none."""
        if isinstance(arrived, Skipped):
            self.skipped[arrived.kind] += 1
            if len(self.skips) < NAMED_MAX:
                self.skips.append(arrived)
            return
        self.reports += 1
        self.refused += not arrived.report.accepted
        self.trust[arrived.receipt.trust] += 1
        for domain, count in arrived.foreign.items():
            known = domain in self.foreign or len(self.foreign) < _DOMAINS_MAX
            self.foreign[domain if known else OTHERS] += count

    def fail(self, address: str, reason: str) -> None:
        """Count a key that could not be fetched."""
        self.failures += 1
        if len(self.failed) < NAMED_MAX:
            self.failed.append((address, reason))
