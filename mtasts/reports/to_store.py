"""What arrived, as the store takes it: reports without the rows of others, and what was skipped."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mtasts.tlsrpt.managed import managed_only
from mtasts.tlsrpt.rows import Arrival, Skipped, body_of
from mtasts.tlsrpt.unpacking import OtherFormatError, ReportError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Set as AbstractSet

    from mtasts.reports.arrival import Arrived
    from mtasts.reports.sources.source import Listed
    from mtasts.tlsrpt.trust import Via
    from mtasts.tlsrpt.unpacking import Skipped as SkippedPart


def arrival(arrived: Arrived, domains: AbstractSet[str]) -> Arrival | Skipped:
    """A report, or why it is none; rows about other domains than ``domains`` are counted alone.

    The identity names the sender as the report itself does: the same report by mail and by HTTPS
    then has one identity.
    """
    receipt, found = arrived.receipt, arrived.found
    if isinstance(found, ReportError):
        return Skipped(
            found.warnings[-1].id,
            str(found),
            receipt.received,
            receipt.via,
            receipt.source,
            hashlib.sha256(arrived.raw).hexdigest(),
            place=arrived.name,
            reporter=found.reporter,
            may_hide_failures=not isinstance(found, OtherFormatError),
        )
    report, foreign = managed_only(found, domains)
    warnings = tuple(sorted({each.id for each in found.warnings}))
    body = body_of(Arrival(found, receipt, warnings=warnings)) if foreign else ""
    return Arrival(report, receipt, warnings=warnings, foreign=foreign, body=body)


def skipped_part(
    listed: Listed, part: SkippedPart, received: dt.datetime, *, via: Via, digest: bytes
) -> Skipped:
    """A part of a mail or archive that was not read as a report."""
    return skipped(
        listed,
        part.id,
        part.reason,
        received,
        via=via,
        digest=digest,
        place=part.where,
        may_hide=part.may_hide,
    )


def skipped(
    listed: Listed,
    kind: str,
    reason: str,
    received: dt.datetime,
    *,
    via: Via,
    digest: bytes,
    place: str = "",
    may_hide: bool = True,
) -> Skipped:
    """What was not read; ``digest`` tells it from others."""
    return Skipped(
        kind,
        reason,
        received,
        via,
        listed.address,
        digest.hex(),
        place=place,
        may_hide_failures=may_hide,
    )
