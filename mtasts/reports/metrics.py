"""What the store says, as metrics that Prometheus reads from a file of the node exporter."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from mtasts.tlsrpt.alerts import parts_of, sums

if TYPE_CHECKING:
    from mtasts.tlsrpt.alerts import AlertState, Stored


def render_metrics(stored: Stored, state: AlertState, now: dt.datetime) -> bytes:
    """The metrics in the text format; ``state`` is what was told after this look."""
    registry = CollectorRegistry()

    def gauge(name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"mtasts_reports_{name}", what, labels, registry=registry)

    found = sums(stored.sessions, now.date())
    sessions = gauge("sessions", "Sessions in TLS reports", "domain", "result", "window_days")
    for (domain, days), (failed, total) in found.items():
        sessions.labels(domain, "failed", days).set(failed)
        sessions.labels(domain, "successful", days).set(total - failed)
    newest = gauge("newest_day_seconds", "Start of the newest day with a report", "domain")
    days_of: dict[str, dt.date] = {}
    for each in stored.sessions:
        days_of[each.domain] = max(each.day, days_of.get(each.domain, each.day))
    for domain, day in days_of.items():
        midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
        newest.labels(domain).set(midnight.timestamp())
    alerts = gauge("alerts", "Alerts that were sent and still hold", "alert", "domain")
    for key in state.last_days:
        kind, first, *more = parts_of(key)
        # Without more than one part, it is about no domain.
        alerts.labels(kind, first if more else "").inc()
    gauge("looked_seconds", "Time of the last look at the store").set(now.timestamp())
    return generate_latest(registry)
