"""Whether a certificate authority may issue for a host: CAA as RFC 8659 reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.observations import DnsStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mtasts.observations import DnsAnswer


@dataclass(frozen=True, slots=True)
class Authority:
    """One that issues certificates: the organization in them, and the names it has in CAA.

    Any of ``names`` permits it; the first is the one to publish.
    """

    organization: str
    names: tuple[str, ...]


# Each authority's own documentation of CAA, read in 2026; ACM's user guide for Amazon.
AMAZON = Authority("Amazon", ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"))
AUTHORITIES = (
    AMAZON,
    Authority("Let's Encrypt", ("letsencrypt.org",)),
    Authority("ISRG", ("letsencrypt.org",)),
    Authority("DigiCert", ("digicert.com", "digicert.ne.jp", "www.digicert.com")),
    Authority("GeoTrust", ("digicert.com", "www.digicert.com")),
    Authority("Google Trust Services", ("pki.goog",)),
    Authority("Sectigo", ("sectigo.com", "comodoca.com", "comodo.com", "usertrust.com")),
    Authority("ZeroSSL", ("sectigo.com", "comodoca.com")),
    Authority("GlobalSign", ("globalsign.com",)),
    Authority("GoDaddy", ("godaddy.com", "starfieldtech.com")),
    Authority("Starfield", ("starfieldtech.com", "godaddy.com")),
    Authority("Entrust", ("entrust.net", "affirmtrust.com")),
    Authority("SSL Corp", ("ssl.com",)),
    Authority("Buypass", ("buypass.com", "buypass.no")),
    Authority("IdenTrust", ("identrust.com",)),
    Authority("HARICA", ("harica.gr",)),
)
# Those that Cloudflare has certificates from (its page on certificate authorities, 2026).
CLOUDFLARES = tuple(
    each for each in AUTHORITIES if each.names[0] in ("letsencrypt.org", "pki.goog", "ssl.com")
)
_CAA = re.compile(r'(\d{1,3}) ([A-Za-z0-9]+) "?([^"]*)"?')


def caa_names(host: str) -> Iterator[str]:
    """Where CAA records for ``host`` may stand, the closest first (RFC 8659 section 3)."""
    labels = host.split(".")
    for start in range(len(labels)):
        yield ".".join(labels[start:])


def authority_of(organization: str) -> Authority | None:
    """The authority that a certificate's issuer names; None for one that is not known here."""
    begins = organization.casefold()
    return next((a for a in AUTHORITIES if begins.startswith(a.organization.casefold())), None)


def forbids(answers: Iterable[DnsAnswer], authority: Authority = AMAZON) -> str | None:
    """Why ``authority`` may not issue, or None.

    ``answers`` are the CAA look-ups of `caa_names`, closest first. A look-up that failed settles
    nothing here, and an authority would not issue over it either; it is left to the certificate.
    """
    for answer in answers:
        if answer.status is DnsStatus.FAILED:
            return None
        properties = [match.groups() for each in answer.values if (match := _CAA.match(each))]
        if not properties:
            continue
        return _judge(answer.name, properties, authority)
    return None


def _judge(owner: str, properties: list[tuple[str, ...]], authority: Authority) -> str | None:
    for flags, tag, _ in properties:
        # An authority that does not know a critical property must not issue (section 4.1).
        if int(flags) & 128 and tag.lower() not in {"issue", "issuewild", "iodef"}:
            return f"the CAA record of {owner} has the critical property {tag}, unknown to us"
    named = [value for _, tag, value in properties if tag.lower() == "issue"]
    # Records without an `issue` property do not restrict a name without wildcard (section 4.2).
    if not named:
        return None
    # After the name there may be parameters; an empty name allows nobody (RFC 8659 section 4.2).
    allowed = {value.partition(";")[0].strip().lower() for value in named}
    if allowed & set(authority.names):
        return None
    shown = ", ".join(sorted(allowed - {""})) or "nobody"
    return (
        f"the CAA record of {owner} lets {shown} issue certificates and not "
        f'{authority.organization}: add {owner} CAA 0 issue "{authority.names[0]}"'
    )
