"""The set-ups by name: a good domain, and what differs from it; as data, nothing listens here.

A name is the id of the finding that it is to give, or says what a hostile server does.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from localcloud.authority import Certificate, Offer
from localcloud.dns import DnsFault, Outcome
from localcloud.lab.web import Rudeness, Web, bomb
from localcloud.mail import Flavour
from localcloud.mail_records import DKIM, DMARC, SPF

if TYPE_CHECKING:
    from collections.abc import Callable

ZONE = "lab.example"
_NO_HASH = "00" * 32
SELECTOR = "s1"
_SPF = f'"{SPF}"'


@dataclass(slots=True)
class Setup:
    """One domain with everything about it.

    ``records`` are by owner, relative to the domain, and type; ``@`` is the domain itself. In an A
    record ``{web}`` stands for the policy host's address, and ``{mx1}`` for that of an MX host.
    ``ttls`` are in seconds. ``mail`` are MX hosts by label; they and the policy host get address
    records, unless their label is in ``bare``, and MX hosts a PTR record, unless ``pointers`` has
    others. ``signed`` is what the resolver says of DNSSEC.
    """

    name: str
    records: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    ttls: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: dict[tuple[str, str], DnsFault] = field(default_factory=dict)
    web: Web = field(default_factory=Web)
    mail: dict[str, Flavour] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)
    pointers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ipv6: bool = True
    signed: bool = True

    @property
    def domain(self) -> str:
        """The policy domain."""
        return f"{self.name}.{ZONE}"

    def put(self, owner: str, type_: str, *values: str) -> None:
        """Set the records of ``owner``; none removes them."""
        if values:
            self.records[owner, type_] = values
        else:
            self.records.pop((owner, type_), None)

    def policy(self, *, mode: str = "enforce", max_age: int = 2_592_000, mx: str = "") -> None:
        """Serve that policy."""
        lines = ["version: STSv1", f"mode: {mode}", f"mx: {mx or f'mx1.{self.domain}'}"]
        body = "".join(f"{line}\r\n" for line in (*lines, f"max_age: {max_age}"))
        self.serve(body=body.encode())

    def serve(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of `Web`
        """Change how the policy host behaves."""
        self.web = replace(self.web, **changes)

    def mx(self, flavour: Flavour) -> None:
        """Change how the MX host behaves."""
        self.mail["mx1"] = flavour


def good(name: str) -> Setup:
    """A domain of which there is nothing to say."""
    setup = Setup(name)
    setup.put("@", "MX", f"10 mx1.{setup.domain}.")
    setup.put("@", "TXT", _SPF)
    setup.put("_mta-sts", "TXT", '"v=STSv1; id=1;"')
    setup.put("_smtp._tls", "TXT", f'"v=TLSRPTv1; rua=mailto:tlsrpt@reports.{ZONE};"')
    setup.put("_dmarc", "TXT", f'"{DMARC}; rua=mailto:dmarc@{setup.domain}"')
    setup.put(f"{SELECTOR}._domainkey", "TXT", f'"{DKIM}"')
    setup.mail["mx1"] = Flavour.GOOD
    setup.policy()
    return setup


def reports() -> Setup:
    """The domain that takes the reports of all others."""
    setup = good("reports")
    setup.put("_smtp._tls", "TXT", f'"v=TLSRPTv1; rua=mailto:tlsrpt@good.{ZONE};"')
    return setup


def _cname(owner: str, type_: str) -> Callable[[Setup], None]:
    """Delegate ``owner``, which answers as before."""

    def change(setup: Setup) -> None:
        values = setup.records[owner, type_]
        setup.put(owner, type_)
        setup.put(owner, "CNAME", f"{owner}.elsewhere.{setup.domain}.")
        setup.put(f"{owner}.elsewhere", type_, *values)

    return change


def _loop(owner: str) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.put(owner, "TXT")
        setup.bare.add(owner)
        setup.put(owner, "CNAME", f"{owner}.b.{setup.domain}.")
        setup.put(f"{owner}.b", "CNAME", f"{owner}.{setup.domain}.")

    return change


def _beside(owner: str) -> Callable[[Setup], None]:
    """A CNAME that some servers let stand beside the record: here a fault of the look-up."""

    def change(setup: Setup) -> None:
        key = f"{owner}.{setup.domain}", "CNAME"
        setup.faults[key] = DnsFault(records=(f"other.{setup.domain}.",))

    return change


def _put(owner: str, type_: str, *values: str) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        values_ = (each.replace("<domain>", setup.domain) for each in values)
        setup.put(owner, type_, *values_)

    return change


def _web(**changes: Any) -> Callable[[Setup], None]:  # noqa: ANN401 - the fields of `Web`
    def change(setup: Setup) -> None:
        setup.serve(**changes)

    return change


def _mx(flavour: Flavour) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.mx(flavour)

    return change


def _policy(**changes: Any) -> Callable[[Setup], None]:  # noqa: ANN401 - the fields of a policy
    def change(setup: Setup) -> None:
        setup.policy(**changes)

    return change


def _all(*changes: Callable[[Setup], None]) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        for each in changes:
            each(setup)

    return change


def _set(**fields: Any) -> Callable[[Setup], None]:  # noqa: ANN401 - the fields of `Setup`
    def change(setup: Setup) -> None:
        for name, value in fields.items():
            setattr(setup, name, value)

    return change


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


def _pointer(*names: str) -> Callable[[Setup], None]:
    def change(setup: Setup) -> None:
        setup.pointers["mx1"] = tuple(f"{name}.{setup.domain}." for name in names)

    return change


@cache
def _short_key() -> str:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is what makes it weak
    raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


def _weak_key(setup: Setup) -> None:
    setup.put(f"{SELECTOR}._domainkey", "TXT", f'"v=DKIM1; k=rsa; p={_short_key()}"')


def _tlsa(record: str) -> Callable[[Setup], None]:
    return _put("_25._tcp.mx1", "TLSA", record)


_STS = '"v=STSv1; id=1;"'
_HTTPS = '"v=TLSRPTv1; rua=https://gone.<domain>/;"'
_MANY_MX = tuple(f"10 mx{number}.<domain>." for number in range(2000))
_REDIRECT = (("Location", "https://www.lab.example/mta-sts.txt"),)
_LONG = (("Cache-Control", "max-age=604800"),)

# What each differs in; the ids of `mtasts.check.domain_catalogue` that a network can show.
CHANGES: dict[str, Callable[[Setup], None]] = {
    "sts-record-missing": _put("_mta-sts", "TXT"),
    "sts-record-multiple": _put("_mta-sts", "TXT", _STS, '"v=STSv1; id=2;"'),
    "sts-record-delegated": _cname("_mta-sts", "TXT"),
    "sts-record-apex": _put("@", "TXT", _SPF, _STS),
    "sts-record-ttl-long": _ttl,
    "sts-record-dnssec": _set(signed=False),
    "sts-record-cname-beside": _beside("_mta-sts"),
    "sts-record-cname-loop": _loop("_mta-sts"),
    "host-cname-loop": _loop("mta-sts"),
    "host-missing": _host_missing,
    "host-cname-dangling": lambda setup: _host_alias(setup, f"gone.{setup.domain}."),
    "host-cname": _host_cname,
    "host-ipv6-missing": _set(ipv6=False),
    "host-unreachable": _web(listens=False),
    "host-tls-failed": _web(rude=Rudeness.CLEAR),
    "host-tls12-missing": _web(offer=Offer.TLS13),
    "host-tls13-missing": _web(offer=Offer.TLS12),
    "host-tls-old": _web(offer=Offer.OLD),
    "host-sni-needed": _web(named=True),
    "host-slow": _web(wait_seconds=0.5),
    "host-caa": _put("@", "CAA", '0 issue "ca.example"'),
    "host-certificate-expired": _web(certificate=Certificate.EXPIRED),
    "host-certificate-mismatch": _web(certificate=Certificate.MISMATCH),
    "host-certificate-untrusted": _web(certificate=Certificate.SELF_SIGNED),
    "host-certificate-weak": _web(certificate=Certificate.WEAK),
    "host-certificate-purpose": _web(certificate=Certificate.PURPOSE),
    "host-certificate-revoked": _web(certificate=Certificate.REVOKED),
    "host-certificate-invalid": _web(certificate=Certificate.NOT_YET_VALID),
    "host-certificate-expiring": _web(certificate=Certificate.EXPIRING),
    "host-redirect": _web(status=301, headers=_REDIRECT),
    "host-not-found": _web(status=404),
    "host-status": _web(status=503),
    "host-media-type": _web(media_type="text/html"),
    "host-malformed": _web(rude=Rudeness.GARBAGE),
    "host-too-large": _web(body=b"x" * 70_000),
    "host-bodies-differ": _web(varies=True),
    "host-agent-blocked": _web(refuses="Google-SMTP-STS"),
    "host-cache-long": _web(headers=_LONG),
    "policy-html": _web(body=b"<!doctype html><title>soon</title>"),
    "policy-mode-testing": _policy(mode="testing"),
    "policy-sender-refuses": _policy(max_age=3600),
    "policy-mx-nowhere": _policy(mx="gone.lab.example"),
    "policy-mx-uncovered": _mx_uncovered,
    "mx-domain-missing": _mx_missing,
    "mx-implicit": _all(_put("@", "MX"), _put("@", "A", "{mx1}")),
    "mx-null": _put("@", "MX", "0 ."),
    "mx-null-beside": _put("@", "MX", "0 .", "10 mx1.<domain>."),
    "mx-many": _put("@", "MX", *_MANY_MX),
    "mx-duplicate": _put("@", "MX", "10 mx1.<domain>.", "20 mx1.<domain>."),
    "mx-cname": _mx_cname,
    "mx-no-address": _mx_bare,
    "mx-malformed": _mx(Flavour.NOT_SMTP),
    "mx-starttls-missing": _mx(Flavour.STRIPPED),
    "mx-tls-failed": _mx(Flavour.NO_HANDSHAKE),
    "mx-tls12-missing": _mx(Flavour.TLS13),
    "mx-tls13-missing": _mx(Flavour.TLS12),
    "mx-tls-old": _mx(Flavour.OLD),
    "mx-forward-secrecy": _mx(Flavour.STATIC),
    "mx-certificate-expired": _mx(Flavour.EXPIRED),
    "mx-certificate-mismatch": _mx(Flavour.MISMATCH),
    "mx-certificate-untrusted": _mx(Flavour.SELF_SIGNED),
    "mx-certificate-weak": _mx(Flavour.WEAK),
    "mx-certificate-purpose": _mx(Flavour.PURPOSE),
    "mx-certificate-revoked": _mx(Flavour.REVOKED),
    "mx-certificate-invalid": _mx(Flavour.NOT_YET_VALID),
    "mx-certificate-expiring": _mx(Flavour.EXPIRING),
    "mx-pointer-missing": _pointer(),
    "mx-pointer-elsewhere": _pointer("other"),
    "dane-unsigned": _all(_tlsa(f"3 1 1 {_NO_HASH}"), _set(signed=False)),
    "dane-usage": _tlsa(f"1 0 1 {_NO_HASH}"),
    "dane-mismatch": _tlsa(f"3 1 1 {_NO_HASH}"),
    "tlsrpt-record-missing": _put("_smtp._tls", "TXT"),
    "tlsrpt-record-delegated": _cname("_smtp._tls", "TXT"),
    "tlsrpt-record-cname-beside": _beside("_smtp._tls"),
    "tlsrpt-record-cname-loop": _loop("_smtp._tls"),
    "tlsrpt-record-apex": _put("@", "TXT", _SPF, '"v=TLSRPTv1; rua=mailto:a@b.c"'),
    "tlsrpt-record-legacy": _put("_smtp-tlsrpt", "TXT", '"v=TLSRPTv1; rua=mailto:a@b.c"'),
    "tlsrpt-mailbox-lost": _put("_smtp._tls", "TXT", '"v=TLSRPTv1; rua=mailto:a@gone.<domain>"'),
    "tlsrpt-mailbox-locked": _put("_smtp._tls", "TXT", '"v=TLSRPTv1; rua=mailto:a@<domain>"'),
    "tlsrpt-endpoint-lost": _put("_smtp._tls", "TXT", _HTTPS),
    "spf-missing": _put("@", "TXT"),
    "spf-multiple": _put("@", "TXT", _SPF, '"v=spf1 -all"'),
    "spf-malformed": _put("@", "TXT", '"v=spf1 include:gone.<domain> -all"'),
    "spf-doubtful": _put("@", "TXT", '"v=spf1 mx ptr -all"'),
    "dmarc-missing": _put("_dmarc", "TXT"),
    "dmarc-multiple": _put("_dmarc", "TXT", '"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'),
    "dmarc-malformed": _put("_dmarc", "TXT", '"v=DMARC1; p=later"'),
    "dmarc-doubtful": _put("_dmarc", "TXT", '"v=DMARC1; p=none"'),
    "dkim-missing": _put(f"{SELECTOR}._domainkey", "TXT", '"v=DKIM1; p="'),
    "dkim-key-weak": _weak_key,
    # What is hostile has no id of its own; it ends in time, and says why.
    "hostile-trickle": _web(rude=Rudeness.TRICKLE),
    "hostile-endless": _web(rude=Rudeness.ENDLESS),
    "hostile-stall": _web(rude=Rudeness.STALL),
    "hostile-bomb": lambda setup: setup.serve(body=bomb(), headers=(("Content-Encoding", "gzip"),)),
    "hostile-banner": _mx(Flavour.ENDLESS),
    "hostile-silence": _mx(Flavour.SILENT),
}


def setups() -> list[Setup]:
    """All of them, the good one and the one for reports first."""
    found = [good("good"), reports()]
    for name, change in CHANGES.items():
        setup = good(name)
        change(setup)
        found.append(setup)
    return found
