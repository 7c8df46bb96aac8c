"""The set-ups of the lab by name, each with its difference from a good domain.

The name is the id of the finding that the set-up has, or says what a hostile server does.
"""

from __future__ import annotations

import base64
import gzip
from functools import cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mtasts.localcloud.authority import Certificate, Offer
from mtasts.localcloud.dns import DnsFault, Outcome
from mtasts.localcloud.lab.changes import (
    all_of,
    dangling,
    delegated,
    extra_cname,
    looping,
    mx,
    policy,
    put,
    set_fields,
    web,
)
from mtasts.localcloud.lab.setup import SELECTOR, Setup, good, reports
from mtasts.localcloud.lab.web import Rudeness, bomb
from mtasts.localcloud.mail import Flavour
from mtasts.localcloud.mail_records import SPF

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_HASH = "00" * 32


def _host_alias(setup: Setup, target: str) -> None:
    setup.bare.add("mta-sts")
    setup.put("mta-sts", "CNAME", target)


def _ttl(setup: Setup) -> None:
    setup.ttls["_mta-sts", "TXT"] = 604_800


def _host_cname(setup: Setup) -> None:
    _host_alias(setup, f"web.{setup.domain}.")
    setup.put("web", "A", "{web}")


def _host_missing(setup: Setup) -> None:
    setup.bare.add("mta-sts")


def _mx_cname(setup: Setup) -> None:
    setup.bare.add("mx1")
    setup.put("mx1", "CNAME", f"host.{setup.domain}.")
    setup.put("host", "A", "{mx1}")


def _mx_bare(setup: Setup) -> None:
    setup.bare.add("mx1")


def _mx_uncovered(setup: Setup) -> None:
    setup.put("@", "MX", f"10 mx1.{setup.domain}.", f"20 mx2.{setup.domain}.")
    setup.mail["mx2"] = Flavour.GOOD


def _mx_missing(setup: Setup) -> None:
    setup.faults[setup.domain, "MX"] = DnsFault(Outcome.NXDOMAIN)


def _reverse(*names: str) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.reverse_names["mx1"] = tuple(f"{name}.{setup.domain}." for name in names)

    return change


@cache
def _short_key() -> str:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
    raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


def _bomb(setup: Setup) -> None:
    """Serve a body that is made only where it is served: that takes a fifth of a second."""
    setup.serve(body=bomb(), headers=_GZIP)


def _weak_key(setup: Setup) -> None:
    setup.put(f"{SELECTOR}._domainkey", "TXT", f'"v=DKIM1; k=rsa; p={_short_key()}"')


def _tlsa(record: str) -> Callable[[Setup], None]:
    return put("_25._tcp.mx1", "TLSA", record)


def _proxied(setup: Setup) -> None:
    name = "_dc-mx.0a1b2c3d4e5f"
    setup.put("@", "MX", f"10 {name}.{setup.domain}.")
    setup.put(name, "A", "{mx1}")


def _addresses(label: str, *addresses: str) -> Callable[[Setup], None]:
    """Give the host these A records instead of the one with its own address."""

    def change(setup: Setup) -> None:
        setup.bare.add(label)
        setup.put(label, "A", *addresses)

    return change


_SPF = f'"{SPF}"'
_STS = '"v=STSv1; id=1;"'
_HTTPS = '"v=TLSRPTv1; rua=https://gone.<domain>/;"'
_INSIDE = '"v=TLSRPTv1; rua=https://inside.<domain>/,mailto:a@reports.lab.example;"'
_OTHER_PORT = '"v=TLSRPTv1; rua=https://mta-sts.good.lab.example:8443/;"'
_TYPES = (("Content-Type", "text/html"),)
_GZIP = (("Content-Encoding", "gzip"),)
_MANY_MX = tuple(f"10 mx{number}.<domain>." for number in range(2000))
_IMPLICIT = all_of(put("@", "MX"), put("@", "A", "{mx1}"))
_REDIRECT = (("Location", "https://www.lab.example/mta-sts.txt"),)
_LONG = (("Cache-Control", "max-age=604800"),)

# The change of each set-up, by the id of the finding that it causes.
CHANGES: dict[str, Callable[[Setup], None]] = {
    "sts-record-missing": put("_mta-sts", "TXT"),
    "sts-record-multiple": put("_mta-sts", "TXT", _STS, '"v=STSv1; id=2;"'),
    "sts-record-delegated": delegated("_mta-sts", "TXT"),
    "sts-record-apex": put("@", "TXT", _SPF, _STS),
    "sts-record-ttl-long": _ttl,
    "sts-record-dnssec": set_fields(signed=False),
    "sts-record-cname-beside": extra_cname("_mta-sts"),
    "sts-record-cname-loop": looping("_mta-sts"),
    "sts-record-cname-dangling": dangling("_mta-sts"),
    "host-cname-loop": looping("mta-sts"),
    "host-missing": _host_missing,
    "host-cname-dangling": lambda setup: _host_alias(setup, f"gone.{setup.domain}."),
    "host-cname": _host_cname,
    "host-ipv6-missing": set_fields(ipv6=False),
    "host-address-not-global": _addresses("mta-sts", "{web}", "192.168.1.1"),
    "host-refused": _addresses("mta-sts", "{web}", "{closed}"),
    "host-unreachable": web(listens=False),
    "host-tls-failed": web(rude=Rudeness.CLEAR),
    "host-tls12-missing": web(offer=Offer.TLS13),
    "host-tls13-missing": web(offer=Offer.TLS12),
    "host-tls-old": web(offer=Offer.OLD),
    "host-sni-needed": web(named=True),
    "host-slow": web(wait_seconds=0.5),
    "host-unfinished": web(rude=Rudeness.TRICKLE),
    "host-tls-stalled": web(rude=Rudeness.STALL),
    "host-caa": put("@", "CAA", '0 issue "ca.example"'),
    "host-certificate-expired": web(certificate=Certificate.EXPIRED),
    "host-certificate-mismatch": web(certificate=Certificate.MISMATCH),
    "host-certificate-untrusted": web(certificate=Certificate.SELF_SIGNED),
    "host-certificate-weak": web(certificate=Certificate.WEAK),
    "host-certificate-purpose": web(certificate=Certificate.PURPOSE),
    "host-certificate-revoked": web(certificate=Certificate.REVOKED),
    "host-certificate-invalid": web(certificate=Certificate.NOT_YET_VALID),
    "host-certificate-expiring": web(certificate=Certificate.EXPIRING),
    "host-redirect": web(status=301, headers=_REDIRECT),
    "host-not-found": web(status=404),
    "host-status": web(status=503),
    "host-media-type": web(media_type="text/html"),
    "host-media-type-twice": web(headers=_TYPES),
    "host-encoded": lambda setup: setup.serve(body=gzip.compress(setup.web.body), headers=_GZIP),
    "host-malformed": web(rude=Rudeness.GARBAGE),
    "host-too-large": web(body=b"x" * 70_000),
    "host-bodies-differ": web(varies=True),
    "host-agent-blocked": web(refuses="Google-SMTP-STS"),
    "host-cache-long": web(headers=_LONG),
    "policy-html": web(body=b"<!doctype html><title>soon</title>"),
    "policy-mode-testing": policy(mode="testing"),
    "policy-sender-refuses": policy(max_age=3600),
    "policy-mx-nowhere": policy(mx="gone.lab.example"),
    "policy-mx-uncovered": _mx_uncovered,
    "mx-domain-missing": _mx_missing,
    "mx-implicit": _IMPLICIT,
    "mx-null": put("@", "MX", "0 ."),
    "mx-null-beside": put("@", "MX", "0 .", "10 mx1.<domain>."),
    "mx-many": put("@", "MX", *_MANY_MX),
    "mx-duplicate": put("@", "MX", "10 mx1.<domain>.", "20 mx1.<domain>."),
    "mx-cname": _mx_cname,
    "mx-no-address": _mx_bare,
    "tls-renegotiation-client": web(offer=Offer.RENEGOTIATING),
    "tls-extended-master-secret-missing": web(offer=Offer.NO_EXTENDED),
    "tls-stapling-missing": web(certificate=Certificate.REVOKED_BY_ANSWER),
    "mx-silent": mx(Flavour.SILENT),
    "mx-port-465": mx(Flavour.IMPLICIT),
    "mx-proxied": _proxied,
    "mx-address-not-global": _addresses("mx1", "{mx1}", "10.0.0.1"),
    "mx-refused": _addresses("mx1", "{mx1}", "{closed}"),
    "mx-malformed": mx(Flavour.NOT_SMTP),
    "mx-starttls-missing": mx(Flavour.STRIPPED),
    "mx-tls-failed": mx(Flavour.NO_HANDSHAKE),
    "mx-tls12-missing": mx(Flavour.TLS13),
    "mx-tls13-missing": mx(Flavour.TLS12),
    "mx-tls-old": mx(Flavour.OLD),
    "mx-forward-secrecy": mx(Flavour.STATIC),
    "mx-certificate-expired": mx(Flavour.EXPIRED),
    "mx-certificate-mismatch": mx(Flavour.MISMATCH),
    "mx-certificate-untrusted": mx(Flavour.SELF_SIGNED),
    "mx-certificate-weak": mx(Flavour.WEAK),
    "mx-certificate-purpose": mx(Flavour.PURPOSE),
    "mx-certificate-revoked": mx(Flavour.REVOKED_BY_ANSWER),
    "mx-certificate-invalid": mx(Flavour.NOT_YET_VALID),
    "mx-certificate-expiring": mx(Flavour.EXPIRING),
    "mx-pointer-missing": _reverse(),
    "mx-pointer-elsewhere": _reverse("other"),
    "dane-unsigned": all_of(_tlsa(f"3 1 1 {_NO_HASH}"), set_fields(signed=False)),
    "dane-usage": _tlsa(f"1 0 1 {_NO_HASH}"),
    "dane-mismatch": _tlsa(f"3 1 1 {_NO_HASH}"),
    "tlsrpt-record-missing": put("_smtp._tls", "TXT"),
    "tlsrpt-record-delegated": delegated("_smtp._tls", "TXT"),
    "tlsrpt-record-cname-beside": extra_cname("_smtp._tls"),
    "tlsrpt-record-cname-loop": looping("_smtp._tls"),
    "tlsrpt-record-cname-dangling": dangling("_smtp._tls"),
    "tlsrpt-record-apex": put("@", "TXT", _SPF, '"v=TLSRPTv1; rua=mailto:a@b.c"'),
    "tlsrpt-record-legacy": put("_smtp-tlsrpt", "TXT", '"v=TLSRPTv1; rua=mailto:a@b.c"'),
    "tlsrpt-mailbox-lost": put("_smtp._tls", "TXT", '"v=TLSRPTv1; rua=mailto:a@gone.<domain>"'),
    "tlsrpt-mailbox-locked": put("_smtp._tls", "TXT", '"v=TLSRPTv1; rua=mailto:a@<domain>"'),
    "tlsrpt-endpoint-lost": put("_smtp._tls", "TXT", _HTTPS),
    "spf-missing": put("@", "TXT"),
    "spf-multiple": put("@", "TXT", _SPF, '"v=spf1 -all"'),
    "spf-malformed": put("@", "TXT", '"v=spf1 include:gone.<domain> -all"'),
    "spf-doubtful": put("@", "TXT", '"v=spf1 mx ptr -all"'),
    "dmarc-missing": put("_dmarc", "TXT"),
    "dmarc-multiple": put("_dmarc", "TXT", '"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'),
    "dmarc-malformed": put("_dmarc", "TXT", '"v=DMARC1; p=later"'),
    "dmarc-doubtful": put("_dmarc", "TXT", '"v=DMARC1; p=none"'),
    "dkim-missing": put(f"{SELECTOR}._domainkey", "TXT", '"v=DKIM1; p="'),
    "dkim-key-weak": _weak_key,
    # Hostile servers without a finding of their own: the command must end in time, with a reason.
    "hostile-endless": web(rude=Rudeness.ENDLESS),
    "hostile-bomb": _bomb,
    "hostile-banner": mx(Flavour.ENDLESS),
}

# Further causes of findings that have a set-up above: the id of the finding, and the change.
ALSO: dict[str, tuple[str, Callable[[Setup], None]]] = {
    "host-common-name": (
        "host-certificate-mismatch",
        web(certificate=Certificate.COMMON_NAME),
    ),
    "mx-common-name": ("mx-certificate-mismatch", mx(Flavour.COMMON_NAME)),
    "mx-implicit-uncovered": ("policy-mx-uncovered", _IMPLICIT),
    "tlsrpt-endpoint-inside": (
        "tlsrpt-endpoint-lost",
        all_of(put("inside", "A", "10.0.0.1"), put("_smtp._tls", "TXT", _INSIDE)),
    ),
}
# Set-ups whose only fault is that something cannot be found out: the ids of that, and the change.
UNKNOWN: dict[str, tuple[set[str], Callable[[Setup], None]]] = {
    "host-limited": (
        {"host-hello", "host-agent"},
        all_of(set_fields(ipv6=False), web(connections_max=1)),
    ),
    "host-limited-requests": ({"host-agent"}, all_of(set_fields(ipv6=False), web(answers_max=1))),
    "host-limited-always": ({"host-fetch"}, web(answers_max=0)),
    "mx-limited": ({"mx-hello"}, mx(Flavour.LIMITED)),
    "mx-impatient": ({"mx-hello"}, mx(Flavour.IMPATIENT)),
    "tlsrpt-endpoint-port": ({"tlsrpt-endpoint"}, put("_smtp._tls", "TXT", _OTHER_PORT)),
}
# Set-ups that look like a fault but are none: the id of the finding that must not appear.
NOT: dict[str, tuple[str, Callable[[Setup], None]]] = {
    "mx-implicit-covered": (
        "policy-mx-uncovered",
        all_of(_IMPLICIT, policy(mx="<domain>")),
    ),
    "wildcard-at-legacy": ("tlsrpt-record-legacy", put("_smtp-tlsrpt", "TXT", '"v=spf1 -all"')),
}


def setups() -> list[Setup]:
    """All set-ups; the good one and the one for reports come first."""
    found = [good("good"), reports()]
    others = [*ALSO.items(), *NOT.items(), *UNKNOWN.items()]
    more = {name: change for name, (_, change) in others}
    for name, change in (CHANGES | more).items():
        setup = good(name)
        change(setup)
        found.append(setup)
    return found
