"""The policy host: what leads to it, what it answers, and the policy that it serves."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from mtasts.check.policy import check_policy
from mtasts.observations import NULL_MX, FetchOutcome

if TYPE_CHECKING:
    from mtasts.check.notes import Notes
    from mtasts.check.seen import Observed
    from mtasts.observations import Fetch
    from mtasts.policy import Policy

_EXPIRING = dt.timedelta(days=14)
_CACHED_LONG = 86_400
_AGE = re.compile(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_ELSEWHERE = "ask again from a network that has a way there"


def judge_host(seen: Observed, notes: Notes, now: dt.datetime) -> Policy | None:
    """The policy host, and the policy that it serves."""
    if not _addresses(seen, notes):
        return None
    for fetch in seen.fetches:
        _fetch(fetch, notes, now)
    for agent, fetch in seen.agents:
        first = next((each for each in seen.fetches if each.address == fetch.address), fetch)
        if (first.outcome, first.status) != (fetch.outcome, fetch.status):
            notes.find("host-agent-blocked", f"{agent}: {_said(fetch)}")
    bodies = dict.fromkeys(each.body for each in seen.fetches if each.status == 200)
    if len(bodies) > 1:
        notes.find("host-bodies-differ", f"{len(bodies)} bodies")
    if not bodies:
        return None
    hosts = [host for host in seen.mx.mx_hosts if host != NULL_MX]
    report = check_policy(next(iter(bodies)), domain=seen.domain, mx=hosts)
    notes.findings += report.findings
    return report.policy


def _addresses(seen: Observed, notes: Notes) -> bool:
    """What leads to the policy host; whether it may have been asked."""
    failed = [each for each in seen.host if not each.settled]
    for each in failed:
        what = f"the {each.type} records of {each.name}"
        notes.ask("host-address", what, each.reason, "ask DNS again")
    aliased = ", ".join(sorted({each.canonical for each in seen.host} - {"", seen.host[0].name}))
    if not failed and not any(each.values for each in seen.host):
        notes.find("host-cname-dangling" if aliased else "host-missing", aliased)
        return False
    if aliased:
        notes.find("host-cname", aliased)
    v4, v6 = seen.host
    if v4.values and v6.settled and not v6.values:
        notes.find("host-ipv6-missing")
    return True


_FETCHED = {
    FetchOutcome.CONNECT_FAILED: "host-unreachable",
    FetchOutcome.TLS_FAILED: "host-tls-failed",
    FetchOutcome.CERTIFICATE_REFUSED: "host-certificate-refused",
    FetchOutcome.HTTP_MALFORMED: "host-malformed",
    FetchOutcome.TOO_LARGE: "host-too-large",
}


def _fetch(fetch: Fetch, notes: Notes, now: dt.datetime) -> None:
    """One answer of one address."""
    if fetch.outcome in (FetchOutcome.NO_ROUTE, FetchOutcome.TIMED_OUT):
        what = f"what https://{fetch.host} serves at {fetch.address}"
        notes.ask("host-fetch", what, _said(fetch), _ELSEWHERE)
        return
    if fetch.outcome in _FETCHED:
        notes.find(_FETCHED[fetch.outcome], f"{fetch.address}: {_said(fetch)}")
    elif 300 <= fetch.status < 400:
        notes.find("host-redirect", f"{fetch.address}: {fetch.status} {fetch.header('location')}")
    elif fetch.status == 404:
        notes.find("host-not-found", fetch.address)
    elif fetch.status != 200:
        notes.find("host-status", f"{fetch.address}: {fetch.status}")
    else:
        if fetch.media_type != "text/plain":
            notes.find("host-media-type", f"{fetch.address}: {fetch.media_type or 'none'}")
        age = _AGE.search(fetch.header("cache-control"))
        if age and int(age[1]) > _CACHED_LONG:
            notes.find("host-cache-long", f"{fetch.address}: {fetch.header('cache-control')}")
    expires = fetch.tls.expires
    if expires is not None and expires - now < _EXPIRING:
        notes.find("host-certificate-expiring", f"{fetch.address}: {expires:%Y-%m-%d %H:%M}")


def _said(fetch: Fetch) -> str:
    return fetch.reason or f"{fetch.outcome} {fetch.status or ''}".strip()
