"""What a check says of a domain, and how each layer adds to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mtasts.check.domain_catalogue import CATALOGUE
from mtasts.check.revocation import crl_address, is_revoked
from mtasts.findings import Finding, printable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mtasts.observations import Fetch, Presented


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be found out, why, and how to find out."""

    id: str
    what: str
    reason: str
    how: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings on one domain, the gravest first, and what could not be found out.

    ``digest`` is the SHA-256 of the policy that every address serves, in hexadecimal; empty where
    there is none, or more than one.
    """

    domain: str
    findings: tuple[Finding, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    mode: str = ""
    id: str = ""
    digest: str = ""


def finding(code: str, evidence: str = "", *, limit: int = 120) -> Finding:
    """The finding of the catalogue row ``code``, its evidence cut at ``limit`` characters."""
    severity, clause, summary, fix, _ = CATALOGUE[code]
    return Finding(code, severity, summary, clause, printable(evidence, limit), fix)


@dataclass(slots=True)
class Notes:
    """Collects; every layer adds to it."""

    domain: str
    findings: list[Finding] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def find(self, code: str, evidence: str = "") -> None:
        """Add the finding of the catalogue row ``code``; ``<domain>`` in its fix is filled in."""
        found = finding(code, evidence)
        self.findings.append(replace(found, fix=found.fix.replace("<domain>", self.domain)))

    def revoked(
        self, tls: Presented, lists: Mapping[str, Fetch], layer: str, where: str, now: dt.datetime
    ) -> None:
        """Whether a certificate has been revoked, where it names a list to be told by."""
        address = crl_address(tls.certificate) if tls.certificate else ""
        if not address or address not in lists:
            return
        fetch = lists[address]
        revoked, reason = None, fetch.reason or f"status {fetch.status}"
        if fetch.status == 200 and not fetch.reason:
            revoked, reason = is_revoked(fetch.body, tls.certificate, tls.issuer_certificate, now)
        if revoked:
            self.find(f"{layer}-certificate-revoked", where)
        elif revoked is None:
            what = f"whether the certificate at {where} has been revoked ({address})"
            self.ask(f"{layer}-revocation", what, reason, "ask again, or ask its authority")

    def ask(self, id_: str, what: str, reason: str, how: str) -> None:
        """Add what could not be found out."""
        self.unknown.append(Unknown(id_, what, printable(reason, 300), how))
