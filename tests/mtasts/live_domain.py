"""A domain as the probes see it when all is well, and what changes in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from mtasts.check.observed import (
    AuthenticationSeen,
    Endpoint,
    Mailbox,
    MxHost,
    MxSeen,
    Observed,
    PolicyHostSeen,
    RecordsSeen,
    ReportingSeen,
    ReverseDns,
)
from mtasts.names import MxPattern
from mtasts.observations import (
    ClientProfile,
    DnsAnswer,
    DnsStatus,
    Fetch,
    FetchOutcome,
    Parsed,
    SmtpOutcome,
    SmtpSession,
    TlsSession,
)
from mtasts.policy import Mode, Policy

if TYPE_CHECKING:
    from mtasts.check.notes import Checked

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
DOMAIN, HOST, MX = "example.gov", "mta-sts.example.gov", "mx1.example.gov"
LATER = NOW + dt.timedelta(days=60)
SOON = NOW + dt.timedelta(days=13)


def body(mode: Mode = Mode.ENFORCE, host: str = MX) -> bytes:
    return Policy(mode, 2_592_000, (MxPattern.parse(host),)).render()


def txt(name: str, *texts: str, **more: Any) -> DnsAnswer:
    status = DnsStatus.ANSWERED if texts else DnsStatus.NXDOMAIN
    strings = tuple((text.encode(),) for text in texts)
    answer = DnsAnswer(name, "TXT", status, strings=strings, authenticated=True, reason="timeout")
    return replace(answer, **more)


def dns(name: str, type_: str, *values: str, **more: Any) -> DnsAnswer:
    status = DnsStatus.ANSWERED if values else DnsStatus.NO_DATA
    return replace(DnsAnswer(name, type_, status, values, canonical=name, reason="timeout"), **more)


TEXT = (("content-type", "text/plain"),)
TLS = TlsSession(version="TLSv1.3", expires=LATER, issuer="Let's Encrypt")
FETCH = Fetch(HOST, "192.0.2.1", FetchOutcome.ANSWERED, 200, TEXT, body(), tls=TLS)
SESSION = SmtpSession(MX, "192.0.2.9", SmtpOutcome.TLS, tls=TLS)
LESS = TlsSession(version="TLSv1.2", cipher="ECDHE-ECDSA-AES256-GCM-SHA384", expires=LATER)
MX_HOST = MxHost(
    MX,
    (dns(MX, "A", "192.0.2.9"), dns(MX, "AAAA")),
    (SESSION,),
    (
        (ClientProfile.TLS12, replace(SESSION, tls=LESS)),
        (ClientProfile.OLD, replace(SESSION, outcome=SmtpOutcome.TLS_FAILED)),
    ),
    dns(f"_25._tcp.{MX}", "TLSA"),
    (ReverseDns("192.0.2.9", dns("9.2.0.192", "PTR", MX), (dns(MX, "A", "192.0.2.9"),)),),
)
REPORTS = "tlsrpt@reports.example"
GOOD = Observed(
    DOMAIN,
    RecordsSeen(
        sts=txt(f"_mta-sts.{DOMAIN}", "v=STSv1; id=1;", ttl_seconds=300),
        tlsrpt=txt(f"_smtp._tls.{DOMAIN}", f"v=TLSRPTv1; rua=mailto:{REPORTS};"),
        legacy=txt(f"_smtp-tlsrpt.{DOMAIN}"),
        apex=txt(DOMAIN, "v=spf1 mx -all"),
        aliases=(dns(f"_mta-sts.{DOMAIN}", "CNAME"), dns(f"_smtp._tls.{DOMAIN}", "CNAME")),
    ),
    PolicyHostSeen(
        addresses=(dns(HOST, "A", "192.0.2.1"), dns(HOST, "AAAA", "2001:db8::1")),
        fetches=(FETCH, replace(FETCH, address="2001:db8::1")),
        agents=(("Google-SMTP-STS", FETCH),),
        profiles=(
            (ClientProfile.TLS12, FETCH),
            (ClientProfile.OLD, replace(FETCH, outcome=FetchOutcome.TLS_FAILED)),
            (ClientProfile.NAMELESS, FETCH),
        ),
        caa=(dns(HOST, "CAA"), dns(DOMAIN, "CAA", '0 issue "letsencrypt.org"')),
        patterns=(dns(MX, "A", "192.0.2.9"),),
    ),
    MxSeen(dns(DOMAIN, "MX", f"10 {MX}"), (MX_HOST,)),
    ReportingSeen(
        (
            Mailbox(
                f"mailto:{REPORTS}",
                "reports.example",
                dns("reports.example", "MX", "1 a.b"),
                SESSION,
            ),
        ),
        (Endpoint("https://r.example/", (dns("r.example", "A", "192.0.2.7"),), FETCH),),
    ),
    AuthenticationSeen(
        dkim=(txt(f"s1._domainkey.{DOMAIN}", "v=DKIM1; p=AAAA"),),
        dmarc=(txt(f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject"),),
        spf_parsed=Parsed("v=spf1 mx -all"),
        dmarc_parsed=Parsed("v=DMARC1; p=reject"),
    ),
)
# Words that a table of changes uses for a part's field: those of the part itself say less.
_WORDS = {"host": "addresses", "mx": "answer", "mx_hosts": "hosts"}
_PARTS = {
    field.name: part
    for part in ("records", "policy_host", "mx", "reporting", "authentication")
    for field in fields(getattr(GOOD, part))
}


def changed(seen: Observed, **changes: Any) -> Observed:
    """The same with other fields, of whichever part they are."""
    for word, value in changes.items():
        name = _WORDS.get(word, word)
        part = _PARTS.get(name)
        new = value if part is None else replace(getattr(seen, part), **{name: value})
        seen = replace(seen, **{part or name: new})
    return seen


def ids(found: Checked) -> list[str]:
    return [each.id for each in found.findings]


def fetched(**changes: Any) -> dict[str, Any]:
    return {"fetches": (replace(FETCH, **changes),), "agents": ()}


def session(**changes: Any) -> dict[str, Any]:
    return {"mx_hosts": (replace(GOOD.mx.hosts[0], sessions=(replace(SESSION, **changes),)),)}
