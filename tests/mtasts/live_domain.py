"""A domain as the probes see it when all is well, and what changes in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mtasts.check.observed import Endpoint, Mailbox, MxHost, Observed, ReverseDns
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
    sts=txt(f"_mta-sts.{DOMAIN}", "v=STSv1; id=1;", ttl_seconds=300),
    tlsrpt=txt(f"_smtp._tls.{DOMAIN}", f"v=TLSRPTv1; rua=mailto:{REPORTS};"),
    legacy=txt(f"_smtp-tlsrpt.{DOMAIN}"),
    apex=txt(DOMAIN, "v=spf1 mx -all"),
    mx=dns(DOMAIN, "MX", f"10 {MX}"),
    host=(dns(HOST, "A", "192.0.2.1"), dns(HOST, "AAAA", "2001:db8::1")),
    fetches=(FETCH, replace(FETCH, address="2001:db8::1")),
    agents=(("Google-SMTP-STS", FETCH),),
    mx_hosts=(MX_HOST,),
    profiles=(
        (ClientProfile.TLS12, FETCH),
        (ClientProfile.OLD, replace(FETCH, outcome=FetchOutcome.TLS_FAILED)),
        (ClientProfile.NAMELESS, FETCH),
    ),
    aliases=(dns(f"_mta-sts.{DOMAIN}", "CNAME"), dns(f"_smtp._tls.{DOMAIN}", "CNAME")),
    caa=(dns(HOST, "CAA"), dns(DOMAIN, "CAA", '0 issue "letsencrypt.org"')),
    patterns=(dns(MX, "A", "192.0.2.9"),),
    endpoints=(Endpoint("https://r.example/", (dns("r.example", "A", "192.0.2.7"),), FETCH),),
    spf_parsed=Parsed("v=spf1 mx -all"),
    dmarc_parsed=Parsed("v=DMARC1; p=reject"),
    mailboxes=(
        Mailbox(
            f"mailto:{REPORTS}", "reports.example", dns("reports.example", "MX", "1 a.b"), SESSION
        ),
    ),
    dmarc=(txt(f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject"),),
    dkim=(txt(f"s1._domainkey.{DOMAIN}", "v=DKIM1; p=AAAA"),),
)


def ids(found: Checked) -> list[str]:
    return [each.id for each in found.findings]


def fetched(**changes: Any) -> dict[str, Any]:
    return {"fetches": (replace(FETCH, **changes),), "agents": ()}


def session(**changes: Any) -> dict[str, Any]:
    return {"mx_hosts": (replace(GOOD.mx_hosts[0], sessions=(replace(SESSION, **changes),)),)}
