"""What a failed session means, by its result type, and what to do (RFC 8460 section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mtasts.tlsrpt.summary import UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Meaning:
    """A result type in a sentence, what to do about it, and where it is defined."""

    means: str
    to_do: str
    clause: str = "RFC 8460 section 4.3.1"


_GENERAL = "RFC 8460 section 4.3.1"
_DANE = "RFC 8460 section 4.3.2.1"
_STS = "RFC 8460 section 4.3.2.2"

MEANINGS: Final = {
    "starttls-not-supported": Meaning(
        "The MX host did not offer STARTTLS.",
        "Turn STARTTLS on at that host, on every address of it, and look for a firewall that "
        "removes it.",
        _GENERAL,
    ),
    "certificate-host-mismatch": Meaning(
        "The certificate of the MX host names another host.",
        "Have a certificate issued that names the host as the MX record spells it.",
        _GENERAL,
    ),
    "certificate-expired": Meaning(
        "The certificate of the MX host had expired.",
        "Renew it, restart the mail server, and see that renewals run by themselves.",
        _GENERAL,
    ),
    "certificate-not-trusted": Meaning(
        "The certificate of the MX host does not lead to an authority that the sender trusts.",
        "Use a certificate of a public authority, and send the intermediate certificates along.",
        _GENERAL,
    ),
    "validation-failure": Meaning(
        "The TLS session failed for a reason that no other type names; a host that the policy "
        "does not list is one.",
        "Compare the mx lines of the policy with the MX records, then the TLS versions and "
        "certificates of the host.",
        _GENERAL,
    ),
    "tlsa-invalid": Meaning(
        "No TLSA record of the MX host could be used. This is DANE, not MTA-STS.",
        "Publish TLSA records for the certificate that the host has now, or remove them.",
        _DANE,
    ),
    "dnssec-invalid": Meaning(
        "DNSSEC of the MX host's name did not validate. This is DANE, not MTA-STS.",
        "Have whoever runs the zone mend its signatures or its DS record.",
        _DANE,
    ),
    "dane-required": Meaning(
        "The sender demands DANE, and the MX host has no usable TLSA record.",
        "Nothing of MTA-STS is amiss. If that sender matters, publish TLSA records.",
        _DANE,
    ),
    "sts-policy-fetch-error": Meaning(
        "The policy could not be fetched from the policy host.",
        "See that the host answers with status 200 and text/plain, without a redirect, from "
        "everywhere.",
        _STS,
    ),
    "sts-policy-invalid": Meaning(
        "The policy was fetched, and it does not follow the grammar.",
        "Serve the body that this toolkit renders; lint says what is wrong with another.",
        _STS,
    ),
    "sts-webpki-invalid": Meaning(
        "The certificate of the policy host is expired, not trusted, or names another host.",
        "Renew the certificate of the policy host; it must name mta-sts and the domain.",
        _STS,
    ),
    UNSPECIFIED: Meaning(
        "Sessions failed, and the report does not say why.",
        "Ask the reporter; look at what else failed on those days, and at the mail server's log.",
        "RFC 8460 section 4.4",
    ),
}
"""By result type; `UNSPECIFIED` is this toolkit's own word for failures without a detail."""

_OTHER: Final = Meaning(
    "The sender uses a result type that RFC 8460 does not have.",
    "Look the type up in the registry of IANA, and ask the reporter.",
    "RFC 8460 section 6",
)


def meaning_of(result_type: str) -> Meaning:
    """What a type means; one that the RFC does not have is said to be that."""
    return MEANINGS.get(result_type, _OTHER)
