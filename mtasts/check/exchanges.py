"""The MX records, and every address of every host: STARTTLS and its certificate."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mtasts.observations import NULL_MX, CertificateFault, DnsStatus, SmtpOutcome
from mtasts.policy import Mode

if TYPE_CHECKING:
    from mtasts.check.notes import Notes
    from mtasts.check.seen import MxHost, Observed
    from mtasts.observations import SmtpSession
    from mtasts.policy import Policy

_EXPIRING = dt.timedelta(days=14)
_PORT_25 = "ask from a host whose port 25 is open to the outside, such as a mail relay"


def judge_mx(seen: Observed, notes: Notes, policy: Policy | None, now: dt.datetime) -> None:
    """The MX records, and every address of every host."""
    if not seen.mx.settled:
        notes.ask("mx", f"the MX records of {seen.domain}", seen.mx.reason, "ask DNS again")
        return
    hosts = seen.mx.mx_hosts
    if seen.mx.status is DnsStatus.NXDOMAIN:
        notes.find("mx-domain-missing", seen.domain)
    elif hosts == (NULL_MX,):
        if policy is not None and policy.mode is not Mode.NONE:
            notes.find("mx-null")
    elif NULL_MX in hosts:
        notes.find("mx-null-beside", ", ".join(hosts))
    elif not hosts:
        notes.find("mx-implicit")
    if seen.left_out:
        notes.find("mx-many", f"{seen.left_out} were not looked at")
    for each in seen.mx_hosts:
        _host(each, notes, now)


def _host(found: MxHost, notes: Notes, now: dt.datetime) -> None:
    failed = [each for each in found.addresses if not each.settled]
    for each in failed:
        what = f"the {each.type} records of {found.host}"
        notes.ask("mx-address", what, each.reason, "ask DNS again")
    aliased = {each.canonical for each in found.addresses} - {"", found.host}
    if aliased:
        notes.find("mx-cname", f"{found.host} is {', '.join(sorted(aliased))}")
    if not failed and not any(each.values for each in found.addresses):
        notes.find("mx-no-address", found.host)
    for session in found.sessions:
        _session(session, notes, now)


_FAULTS = {
    CertificateFault.EXPIRED: "mx-certificate-expired",
    CertificateFault.HOST_MISMATCH: "mx-certificate-mismatch",
    CertificateFault.NOT_TRUSTED: "mx-certificate-untrusted",
}


def _session(session: SmtpSession, notes: Notes, now: dt.datetime) -> None:
    where = f"{session.host} at {session.address}"
    match session.outcome:
        case SmtpOutcome.TLS:
            expires = session.tls.expires
            if expires is not None and expires - now < _EXPIRING:
                until = f"{expires:%Y-%m-%d %H:%M}"
                notes.find("mx-certificate-expiring", f"{where}: {until}")
        case SmtpOutcome.NO_STARTTLS:
            notes.find("mx-starttls-missing", where)
        case SmtpOutcome.TLS_FAILED:
            notes.find("mx-tls-failed", f"{where}: {session.reason}")
        case SmtpOutcome.CERTIFICATE_REFUSED:
            code = "mx-certificate-invalid"
            if session.fault is not None:
                code = _FAULTS.get(session.fault, code)
            notes.find(code, f"{where}: {session.reason}")
        case _:
            what = f"whether {where} offers TLS"
            notes.ask("mx-session", what, f"{session.outcome}: {session.reason}", _PORT_25)
