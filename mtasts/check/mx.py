"""The MX records, and every address of every host: STARTTLS and its certificate."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from mtasts.check import certificates
from mtasts.check.certificates import judge_accepted, judge_refused
from mtasts.check.dane import parse_tlsa
from mtasts.check.notes import AGAIN, LATER, PATIENCE_SECONDS, PORT_25
from mtasts.check.row import Question
from mtasts.check.table import mx as checks
from mtasts.check.table.tls import DANE_MISMATCH, DANE_UNSIGNED, DANE_USAGE
from mtasts.observations import NULL_MX, ClientProfile, DnsStatus, FetchOutcome, SmtpOutcome
from mtasts.policy import Mode

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from mtasts.check.notes import Notes
    from mtasts.check.observed import MxHost, Observed, ReverseDns
    from mtasts.observations import SmtpSession
    from mtasts.policy import Policy

# What a session ends in that says something of the TLS it offered.
_ANSWERED = (SmtpOutcome.TLS, SmtpOutcome.TLS_FAILED, SmtpOutcome.CERTIFICATE_REFUSED)
# Key exchanges of TLS 1.2 whose keys are forgotten; RFC 9325 section 4.1.
_FORWARD = re.compile(r"(?:ECDHE|DHE|TLS_)")


def judge_mx(seen: Observed, notes: Notes, policy: Policy | None, now: dt.datetime) -> None:
    """The MX records, and every address of every host."""
    if not seen.mx.answer.settled:
        notes.not_known(
            Question.MX, f"the MX records of {seen.domain}", seen.mx.answer.reason, AGAIN
        )
        return
    _records(seen, notes, policy)
    revocations = dict(seen.revocations)
    answers = any(session.connected for each in seen.mx.hosts for session in each.sessions)
    for each in seen.mx.hosts:
        if is_proxied(each.host):
            notes.find(checks.MX_PROXIED, each.host)
            continue
        _host(each, seen.private, notes)
        for session in each.sessions:
            where = f"{session.host} at {session.address}"
            if session.refused and answers:
                notes.find(checks.MX_REFUSED, where)
            else:
                _session(session, where, notes)
            judge_accepted(session.tls, revocations, notes, certificates.MX, where, now=now)


def is_proxied(host: str) -> bool:
    """Whether Cloudflare has put a name of its own in place of an MX host that it proxies."""
    return host.startswith("_dc-mx.")


def _records(seen: Observed, notes: Notes, policy: Policy | None) -> None:
    hosts = seen.mx.answer.mx_hosts
    if seen.mx.answer.status is DnsStatus.NXDOMAIN:
        notes.find(checks.MX_DOMAIN_MISSING, seen.domain)
    elif hosts == (NULL_MX,):
        if policy is not None and policy.mode is not Mode.NONE:
            notes.find(checks.MX_NULL)
    elif NULL_MX in hosts:
        notes.find(checks.MX_NULL_BESIDE, ", ".join(hosts))
    elif not hosts:
        notes.find(checks.MX_IMPLICIT)
    if seen.mx.left_out:
        notes.find(checks.MX_MANY, f"{seen.mx.left_out} were not looked at")
    for host, count in Counter(host for _, host in seen.mx.answer.exchanges).items():
        if count > 1:
            notes.find(checks.MX_DUPLICATE, f"{host}: {count} records")


def _host(found: MxHost, private: Collection[str], notes: Notes) -> None:
    failed = [each for each in found.addresses if not each.settled]
    for answer in failed:
        what = f"the {answer.type} records of {found.host}"
        notes.not_known(Question.MX_ADDRESS, what, answer.reason, AGAIN)
    aliased = {each.canonical for each in found.addresses} - {"", found.host}
    if aliased:
        notes.find(checks.MX_CNAME, f"{found.host} is {', '.join(sorted(aliased))}")
    if found.has_no_address:
        notes.find(checks.MX_NO_ADDRESS, found.host)
    for address in (value for each in found.addresses for value in each.values):
        if address in private:
            notes.find(checks.MX_ADDRESS_NOT_GLOBAL, f"{found.host}: {address}")
    for profile, session in found.profiles:
        _profile(profile, session, notes)
    for each in found.implicit:
        if each.outcome is FetchOutcome.ANSWERED:
            notes.find(checks.MX_PORT_465, f"{each.host} at {each.address}: {each.tls.version}")
    for reverse in found.reverse_dns:
        _reverse_dns(reverse, found.host, notes)
    _dane(found, notes)


def _profile(profile: ClientProfile, session: SmtpSession, notes: Notes) -> None:
    """What a host takes of less than usual, where the usual handshake stood."""
    where = f"{session.host} at {session.address}"
    has_tls = session.outcome is SmtpOutcome.TLS
    if session.limited or session.outcome not in _ANSWERED:
        what = f"how {where} answers to {profile}"
        notes.not_known(Question.MX_HELLO, what, notes.shown_reason(session), LATER)
    elif profile is ClientProfile.OLD and has_tls:
        notes.find(checks.MX_TLS_OLD, f"{where}: {session.tls.version}")
    elif profile is ClientProfile.TLS12 and session.outcome is SmtpOutcome.TLS_FAILED:
        notes.find(checks.MX_TLS12_MISSING, where)
    elif profile is ClientProfile.TLS12 and has_tls and not _FORWARD.match(session.tls.cipher):
        notes.find(checks.MX_FORWARD_SECRECY, f"{where}: {session.tls.cipher}")


def _reverse_dns(reverse: ReverseDns, host: str, notes: Notes) -> None:
    """Whether the address has a name that leads back to it."""
    failed = [each for each in (reverse.names, *reverse.back) if not each.settled]
    if failed:
        what = f"what DNS calls {reverse.address}, an address of {host}"
        notes.not_known(Question.MX_POINTER, what, failed[0].reason, AGAIN)
    elif not reverse.names.values:
        notes.find(checks.MX_POINTER_MISSING, f"{host} at {reverse.address}")
    elif not any(reverse.address in each.values for each in reverse.back):
        names = ", ".join(reverse.names.values)
        notes.find(checks.MX_POINTER_ELSEWHERE, f"{host} at {reverse.address}: {names}")


def _dane(found: MxHost, notes: Notes) -> None:
    """TLSA records, which senders that know DANE put before MTA-STS (RFC 8461 section 2)."""
    if found.tlsa is None:
        return
    if not found.tlsa.settled:
        notes.not_known(
            Question.DANE, f"the TLSA records of {found.host}", found.tlsa.reason, AGAIN
        )
        return
    if not found.tlsa.values:
        return
    records = [each for text in found.tlsa.values if (each := parse_tlsa(text))]
    if not found.tlsa.authenticated:
        notes.find(DANE_UNSIGNED, found.tlsa.name)
        return
    if any(each.usage in (0, 1) for each in records):
        notes.find(DANE_USAGE, f"{found.tlsa.name}: {found.tlsa.values[0]}")
    usable = [each for each in records if each.usage in (2, 3)]
    for session in found.sessions:
        judged = session.tls.certificate and usable and all(each.usage == 3 for each in usable)
        if judged and not any(each.matches(session.tls.certificate) for each in usable):
            notes.find(DANE_MISMATCH, f"{session.host} at {session.address}")


def _session(session: SmtpSession, where: str, notes: Notes) -> None:
    match session.outcome:
        case SmtpOutcome.TLS:
            if session.tls.version == "TLSv1.2":
                notes.find(checks.MX_TLS13_MISSING, where)
        case SmtpOutcome.NO_STARTTLS:
            notes.find(checks.MX_STARTTLS_MISSING, where)
        case SmtpOutcome.TLS_FAILED:
            notes.find(checks.MX_TLS_FAILED, f"{where}: {notes.shown_reason(session)}")
        case SmtpOutcome.CERTIFICATE_REFUSED:
            judge_refused(session.fault, session.reason, notes, certificates.MX, where)
        case SmtpOutcome.MALFORMED:
            notes.find(checks.MX_MALFORMED, f"{where}: {notes.shown_reason(session)}")
        case SmtpOutcome.NOT_GLOBAL:
            pass  # there is a finding about the address
        case SmtpOutcome.TIMED_OUT if session.connected and session.seconds > PATIENCE_SECONDS:
            notes.find(checks.MX_SILENT, f"{where}: {session.seconds:.0f} s")
        case _:
            what = f"whether {where} offers TLS"
            why = f"{session.outcome}: {notes.shown_reason(session)}"
            notes.not_known(
                Question.MX_SESSION, what, why, LATER if session.is_deferred else PORT_25
            )
