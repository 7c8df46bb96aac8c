"""How far a TLS report can be believed, by the way it came (RFC 8460 section 3).

Whoever knows the address in the TLS-RPT record can send a report. A report by mail has to carry a
DKIM signature of the reporting domain, and one without has to be ignored; a report by HTTPS says
nothing of who sent it. So the verdict on its origin is made when the report arrives, while the
sender's key is still in DNS, and is kept with the report as a `Receipt`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import datetime as dt

Via = Literal["mail", "https", "file"]


class Trust(StrEnum):
    """Whether a report comes from the domain that it names as its submitter.

    ``VERIFIED``: a DKIM signature of the submitter's own domain is valid. ``HTTPS``: it was posted
    to the endpoint by a client that nobody knows. ``UNSIGNED``: no signature says who sent it, or
    it could not be found out whether one is valid. ``FAILED``: it has signatures, and none of them
    is valid and of the submitter's domain.
    """

    VERIFIED = "verified"
    HTTPS = "https"
    UNSIGNED = "unsigned"
    FAILED = "failed"

    def counts(self, *, https: bool = False) -> bool:
        """Whether gates and alerts count such a report; with ``https`` a posted one, too."""
        return self is Trust.VERIFIED or (https and self is Trust.HTTPS)


class Receipt(Struct, frozen=True, gc=False):
    """How one report came, and the verdict on who sent it, made when it arrived.

    ``reason`` says in a sentence why ``trust`` is what it is. ``signer`` is the domain (``d=``) of
    the signature that decided, ``key`` the DNS name of its key (``selector._domainkey.domain``)
    and ``key_sha256`` the digest of the public key's bytes in hex; all three are empty where no
    signature is valid and aligned. ``received`` is the time of arrival in UTC, ``source`` the
    address that the report was pulled from. ``retry`` is True where a look-up failed, so that the
    same mail may be verified later.
    """

    trust: Trust
    reason: str
    signer: str
    key: str
    key_sha256: str
    received: dt.datetime
    via: Via
    source: str
    retry: bool = False
