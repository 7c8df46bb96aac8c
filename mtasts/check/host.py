"""The policy host: what leads to it, what it answers, and the policy that it serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtasts.check import certificates
from mtasts.check.certificates import judge_accepted, judge_refused
from mtasts.check.mx import is_proxied
from mtasts.check.notes import AGAIN, ELSEWHERE, LATER, PATIENCE_SECONDS
from mtasts.check.observed import loop_of
from mtasts.check.policy import check_policy
from mtasts.check.row import Question
from mtasts.check.table import host as checks
from mtasts.check.table.policy import POLICY_MX_NOWHERE, POLICY_SENDER_REFUSES
from mtasts.observations import ClientProfile, DnsStatus, FetchOutcome
from mtasts.rollout.caa import authority_of, forbids
from mtasts.sender.dialects import DIALECTS

if TYPE_CHECKING:
    import datetime as dt

    from mtasts.check.notes import Notes
    from mtasts.check.observed import Observed, PolicyHostSeen
    from mtasts.observations import Fetch
    from mtasts.policy import Policy

# A cached copy that outlives the daily refresh of senders hides a change from them (RFC 8461
# section 5.1).
_CACHED_LONG = 86_400
_AGE = re.compile(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


def judge_host(seen: Observed, notes: Notes, now: dt.datetime) -> Policy | None:
    """The policy host, and the policy that it serves."""
    host = seen.policy_host
    if not _addresses(seen, notes):
        return None
    revocations = dict(seen.revocations)
    answers = any(each.connected for each in host.fetches)
    for fetch in host.fetches:
        if fetch.refused and answers:
            notes.find(checks.HOST_REFUSED, fetch.address)
        else:
            _fetch(fetch, notes)
        judge_accepted(fetch.tls, revocations, notes, certificates.HOST, fetch.address, now=now)
    _profiles(host, notes)
    _renewal(host, notes)
    _agents(host, notes)
    bodies = dict.fromkeys(
        each.body for each in host.fetches if each.status == 200 and not each.encoding
    )
    if len(bodies) > 1:
        notes.find(checks.HOST_BODIES_DIFFER, f"{len(bodies)} bodies")
    if not bodies:
        return None
    # A host that nobody can reach belongs out of DNS, and one of Cloudflare's own behind another
    # name; neither into the policy.
    nowhere = {each.host for each in seen.mx.hosts if each.has_no_address}
    hosts = [each for each in seen.mail_hosts if each not in nowhere and not is_proxied(each)]
    report = check_policy(next(iter(bodies)), domain=seen.domain, mx=hosts)
    notes.findings += report.findings
    if report.policy is not None:
        _senders(next(iter(bodies)), notes)
        _listed(host, report.policy, notes)
    return report.policy


def _senders(body: bytes, notes: Notes) -> None:
    """Which well-known senders make nothing of a policy that RFC 8461 takes."""
    for dialect in DIALECTS.values():
        taken = dialect.take(body)
        if isinstance(taken, str):
            notes.find(POLICY_SENDER_REFUSES, f"{dialect.name}: {taken}")


def _listed(host: PolicyHostSeen, policy: Policy, notes: Notes) -> None:
    """Whether each pattern's domain exists: what does not can be registered by anybody."""
    missing_names = {each.name for each in host.patterns if each.status is DnsStatus.NXDOMAIN}
    for each in host.patterns:
        if not each.settled:
            what = f"whether {each.name}, which the policy lists, exists"
            notes.not_known(Question.POLICY_MX, what, each.reason, AGAIN)
    for pattern in policy.mx:
        if pattern.domain in missing_names:
            notes.find(POLICY_MX_NOWHERE, str(pattern))


def _agents(host: PolicyHostSeen, notes: Notes) -> None:
    """Whether senders get what everybody else does, under the names that they have."""
    for agent, fetch in host.agents:
        first = next((each for each in host.fetches if each.address == fetch.address), fetch)
        if fetch.limited or fetch.outcome in _NOT_SEEN:
            what = f"what https://{fetch.host} serves at {fetch.address} to {agent}"
            notes.not_known(Question.HOST_AGENT, what, _outcome_text(fetch), LATER)
        elif (first.outcome, first.status) != (fetch.outcome, fetch.status):
            notes.find(checks.HOST_AGENT_BLOCKED, f"{agent}: {_outcome_text(fetch)}")


def _profiles(host: PolicyHostSeen, notes: Notes) -> None:
    """TLS with less than usual, at addresses where the usual handshake stood."""
    stands = {each.address: each.tls for each in host.fetches if each.tls.version}
    for address, tls in stands.items():
        if tls.version != "TLSv1.3":
            notes.find(checks.HOST_TLS13_MISSING, f"{address}: {tls.version}")
    for profile, found in host.profiles:
        if found.address not in stands:
            continue
        if found.limited or found.outcome in _NOT_SEEN:
            what = f"how {found.host} at {found.address} answers to {profile}"
            notes.not_known(Question.HOST_HELLO, what, _outcome_text(found), LATER)
            continue
        answered = found.outcome is FetchOutcome.ANSWERED
        if profile is ClientProfile.TLS12 and found.outcome is FetchOutcome.TLS_FAILED:
            notes.find(checks.HOST_TLS12_MISSING, found.address)
        elif profile is ClientProfile.OLD and answered:
            notes.find(checks.HOST_TLS_OLD, f"{found.address}: {found.tls.version}")
        elif profile is ClientProfile.NAMELESS and found.outcome in _NAMELESS_REFUSED:
            notes.find(checks.HOST_SNI_NEEDED, f"{found.address}: {found.reason}")


def _renewal(host: PolicyHostSeen, notes: Notes) -> None:
    """Whether the authority that signed the certificate may sign the next one.

    None issues over a look-up that fails (RFC 8659 section 3).
    """
    failed = [each for each in host.caa if not each.settled]
    if failed:
        what = f"the CAA records of {failed[0].name}"
        notes.not_known(Question.HOST_CAA, what, failed[0].reason, AGAIN)
        return
    for organization in sorted({each.tls.issuer for each in host.fetches} - {""}):
        authority = authority_of(organization)
        why = forbids(host.caa, authority) if authority else None
        if why:
            notes.find(checks.HOST_CAA, why)


def _addresses(seen: Observed, notes: Notes) -> bool:
    """What leads to the policy host; whether it may have been asked."""
    addresses = seen.policy_host.addresses
    loop = loop_of(seen, addresses[0].name)
    if loop:
        notes.find(checks.HOST_CNAME_LOOP, loop)
        return False
    failed = [each for each in addresses if not each.settled]
    for each in failed:
        what = f"the {each.type} records of {each.name}"
        notes.not_known(Question.HOST_ADDRESS, what, each.reason, AGAIN)
    aliased = ", ".join(sorted({each.canonical for each in addresses} - {"", addresses[0].name}))
    if not failed and not any(each.values for each in addresses):
        notes.find(checks.HOST_CNAME_DANGLING if aliased else checks.HOST_MISSING, aliased)
        return False
    if aliased:
        notes.find(checks.HOST_CNAME, aliased)
    for address in (value for each in addresses for value in each.values):
        if address in seen.private:
            notes.find(checks.HOST_ADDRESS_NOT_GLOBAL, address)
    v4, v6 = addresses
    if v4.values and v6.settled and not v6.values:
        notes.find(checks.HOST_IPV6_MISSING)
    return True


# What a look ends in that says nothing of the host.
_NOT_SEEN = (FetchOutcome.CONNECT_FAILED, FetchOutcome.NO_ROUTE, FetchOutcome.TIMED_OUT)
_NAMELESS_REFUSED = (FetchOutcome.CERTIFICATE_REFUSED, FetchOutcome.TLS_FAILED)
_FETCHED = {
    FetchOutcome.CONNECT_FAILED: checks.HOST_UNREACHABLE,
    FetchOutcome.TLS_FAILED: checks.HOST_TLS_FAILED,
    FetchOutcome.HTTP_MALFORMED: checks.HOST_MALFORMED,
    FetchOutcome.TOO_LARGE: checks.HOST_TOO_LARGE,
}


def _fetch(fetch: Fetch, notes: Notes) -> None:
    """One answer of one address."""
    waited = fetch.seconds > PATIENCE_SECONDS
    timed_out = fetch.outcome is FetchOutcome.TIMED_OUT
    where = f"{fetch.address}: {fetch.seconds:.0f} s"
    if waited and timed_out and fetch.connected:
        notes.find(checks.HOST_UNFINISHED if fetch.tls.version else checks.HOST_TLS_STALLED, where)
        return
    if waited and fetch.tls.version:
        notes.find(checks.HOST_SLOW, where)
    if fetch.outcome is FetchOutcome.NOT_GLOBAL:  # there is a finding about the address
        return
    what = f"what https://{fetch.host} serves at {fetch.address}"
    if fetch.outcome in (FetchOutcome.NO_ROUTE, FetchOutcome.TIMED_OUT):
        notes.not_known(Question.HOST_FETCH, what, _outcome_text(fetch), ELSEWHERE)
        return
    if fetch.status == 429:
        notes.not_known(Question.HOST_FETCH, what, "it limits requests (429)", LATER)
        return
    if fetch.outcome is FetchOutcome.CERTIFICATE_REFUSED:
        judge_refused(fetch.fault, fetch.reason, notes, certificates.HOST, fetch.address)
    elif fetch.outcome in _FETCHED:
        notes.find(_FETCHED[fetch.outcome], f"{fetch.address}: {_outcome_text(fetch)}")
    else:
        _response(fetch, notes)


def _response(fetch: Fetch, notes: Notes) -> None:
    if 300 <= fetch.status < 400:
        notes.find(
            checks.HOST_REDIRECT, f"{fetch.address}: {fetch.status} {fetch.header('location')}"
        )
    elif fetch.status == 404:
        notes.find(checks.HOST_NOT_FOUND, fetch.address)
    elif fetch.status != 200:
        notes.find(checks.HOST_STATUS, f"{fetch.address}: {fetch.status}")
    else:
        types = fetch.lines("content-type")
        if len(types) > 1:
            notes.find(checks.HOST_MEDIA_TYPE_TWICE, f"{fetch.address}: {', '.join(types)}")
        elif fetch.media_type != "text/plain":
            notes.find(checks.HOST_MEDIA_TYPE, f"{fetch.address}: {fetch.media_type or 'none'}")
        if fetch.encoding:
            notes.find(checks.HOST_ENCODED, f"{fetch.address}: {fetch.encoding}")
        age = _AGE.search(fetch.header("cache-control"))
        if age and int(age[1]) > _CACHED_LONG:
            notes.find(checks.HOST_CACHE_LONG, f"{fetch.address}: {fetch.header('cache-control')}")


def _outcome_text(fetch: Fetch) -> str:
    return fetch.reason or f"{fetch.outcome} {fetch.status or ''}".strip()
