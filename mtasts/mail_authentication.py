"""Whether a domain has SPF, DKIM and DMARC records that receivers can use."""

from __future__ import annotations

import base64
import re

_DKIM_KEY = re.compile(r"(?:^|;)\s*p\s*=\s*[A-Za-z0-9+/]", re.ASCII)
_DKIM_VALUE = re.compile(r"(?:^|;)\s*p\s*=\s*([A-Za-z0-9+/=\s]+)", re.ASCII)
_DMARC_POLICY = re.compile(r";\s*p\s*=\s*(?:none|quarantine|reject)\s*(?:;|$)", re.IGNORECASE)
_DMARC_NAMES_MAX = 8


def is_spf(record: str) -> bool:
    """Whether a TXT record is one of SPF (RFC 7208 section 4.5)."""
    return record.lower() == "v=spf1" or record.lower().startswith("v=spf1 ")


def is_dkim(record: str) -> bool:
    """Whether a TXT record has a DKIM key that is not revoked (RFC 6376 section 3.6.1)."""
    return _DKIM_KEY.search(record) is not None


def dkim_rsa_bits(record: str) -> int | None:
    """The size of the RSA key in a DKIM record; None where there is no RSA key to read.

    RFC 8301 section 3.2: below 1024 bits nobody may count a signature, and 2048 should be used.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # not for every command
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # as above
    from cryptography.hazmat.primitives.serialization import (  # as above
        load_der_public_key,
    )

    found = _DKIM_VALUE.search(record)
    if found is None:
        return None
    try:
        key = load_der_public_key(base64.b64decode("".join(found[1].split())))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.key_size if isinstance(key, RSAPublicKey) else None


def begins_dmarc(record: str) -> bool:
    """Whether a TXT record begins as a DMARC record (RFC 7489 section 6.6.3)."""
    return record.replace(" ", "").startswith("v=DMARC1")


def is_dmarc(record: str) -> bool:
    """Whether a TXT record is a DMARC record with a valid policy (RFC 7489 section 6.3)."""
    return begins_dmarc(record) and _DMARC_POLICY.search(record) is not None


def dkim_name(selector: str, domain: str) -> str:
    """The name of the TXT record of a selector's key (RFC 6376 section 3.6.2.1)."""
    return f"{selector}._domainkey.{domain}"


def dmarc_names(domain: str) -> list[str]:
    """The names that may have the DMARC record for ``domain``, the closest first.

    RFC 7489 section 6.6.3 wants a list of public suffixes; walking upwards needs none. A top-level
    domain alone is asked only for itself.
    """
    labels = domain.split(".")
    names = [".".join(labels[start:]) for start in range(len(labels) - 1)] or [domain]
    return [f"_dmarc.{name}" for name in names[:_DMARC_NAMES_MAX]]
