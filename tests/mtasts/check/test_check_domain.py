"""Every layer of a domain, from a table: what is found, and what could not be found out."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from live_domain import (
    DOMAIN,
    FETCH,
    GOOD,
    HOST,
    LESS,
    MX,
    MX_HOST,
    NOW,
    SESSION,
    SOON,
    TEXT,
    TLS,
    body,
    changed,
    dns,
    fetched,
    ids,
    session,
    txt,
)

from mtasts.check.domain import check_domain
from mtasts.check.notes import Checked
from mtasts.check.observed import MxHost, ReverseDns
from mtasts.observations import (
    CertificateFault,
    ClientProfile,
    DnsStatus,
    Fetch,
    FetchOutcome,
    Parsed,
    SmtpOutcome,
    SmtpSession,
    TlsSession,
)
from mtasts.policy import Mode

FAILED = DnsStatus.FAILED


def checked(**changes: Any) -> Checked:
    return check_domain(changed(GOOD, **changes), NOW)


DIGEST = hashlib.sha256(body()).hexdigest()


def test_of_a_good_domain_there_is_nothing_to_say() -> None:
    assert check_domain(GOOD, NOW) == Checked(DOMAIN, (), (), "enforce", "1", DIGEST)


def header(name: str, value: str) -> dict[str, Any]:
    return fetched(headers=(*TEXT, (name, value)))


def mailbox(**changes: Any) -> dict[str, Any]:
    return {"mailboxes": (replace(GOOD.reporting.mailboxes[0], **changes),)}


def endpoint(**changes: Any) -> dict[str, Any]:
    return {"endpoints": (replace(GOOD.reporting.endpoints[0], **changes),)}


def profile(which: ClientProfile, outcome: FetchOutcome, **changes: Any) -> dict[str, Any]:
    return {"profiles": ((which, replace(FETCH, outcome=outcome, **changes)),)}


def mx_profile(which: ClientProfile, **changes: Any) -> dict[str, Any]:
    return {"mx_hosts": (replace(MX_HOST, profiles=((which, replace(SESSION, **changes)),)),)}


def mx_host(**changes: Any) -> dict[str, Any]:
    return {"mx_hosts": (replace(MX_HOST, **changes),)}


def also_at(found: Fetch | SmtpSession, address: str, **changes: Any) -> dict[str, Any]:
    """The MX host or the policy host at one more address, where it answers otherwise."""
    other = replace(found, address=address, tls=TlsSession(), **changes)
    if isinstance(found, Fetch):
        return {"fetches": (replace(FETCH, connected=True), other)}
    return mx_host(sessions=(replace(SESSION, connected=True), other))


def reverse(*names: str, **changes: Any) -> dict[str, Any]:
    found = dns("9.2.0.192", "PTR", *names, **changes)
    return mx_host(reverse_dns=(ReverseDns("192.0.2.9", found, (dns("x", "A", "192.0.2.8"),)),))


def tlsa(*values: str, certificate: bytes = b"", **changes: Any) -> dict[str, Any]:
    answer = dns(f"_25._tcp.{MX}", "TLSA", *values, **({"authenticated": True} | changes))
    shown = replace(SESSION, tls=replace(TLS, certificate=certificate))
    return mx_host(tlsa=answer, sessions=(shown,))


STS_NAME, RPT_NAME = GOOD.records.sts.name, GOOD.records.tlsrpt.name
LOST: dict[str, Any] = {"status": FAILED, "strings": ()}
OTHER_HASH = "00" * 32


PROXIED = "_dc-mx.0a1b2c3d4e5f.example.gov"
A, AAAA = GOOD.policy_host.addresses
GONE = replace(A, values=(), status=DnsStatus.NXDOMAIN)
REFUSED = SmtpOutcome.CERTIFICATE_REFUSED
CERT_REFUSED = FetchOutcome.CERTIFICATE_REFUSED
RSA_1024, RSA_2048 = (
    base64.b64encode(
        rsa.generate_private_key(65537, bits)
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    for bits in (1024, 2048)
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sts": txt("n")}, "sts-record-missing"),
        (
            {"sts": replace(GOOD.records.sts, canonical="sts.elsewhere.example")},
            "sts-record-delegated",
        ),
        ({"sts": replace(GOOD.records.sts, ttl_seconds=86_401)}, "sts-record-ttl-long"),
        ({"sts": replace(GOOD.records.sts, authenticated=False)}, "sts-record-dnssec"),
        ({"apex": txt(DOMAIN, "v=spf1 -all", "v=STSv1; id=1;")}, "sts-record-apex"),
        ({"apex": txt(DOMAIN, "v=spf1 -all", "v=TLSRPTv1; rua=")}, "tlsrpt-record-apex"),
        ({"host": (GONE, GONE), "fetches": ()}, "host-missing"),
        (
            {"host": (replace(GONE, canonical="gone.example"), GONE), "fetches": ()},
            "host-cname-dangling",
        ),
        ({"host": (replace(A, canonical="cdn.example"), AAAA)}, "host-cname"),
        ({"host": (A, replace(AAAA, values=()))}, "host-ipv6-missing"),
        (fetched(outcome=FetchOutcome.CONNECT_FAILED, reason="refused"), "host-unreachable"),
        (fetched(outcome=FetchOutcome.TLS_FAILED), "host-tls-failed"),
        (fetched(outcome=CERT_REFUSED), "host-certificate-invalid"),
        (fetched(outcome=FetchOutcome.HTTP_MALFORMED, status=0), "host-malformed"),
        (fetched(outcome=FetchOutcome.TOO_LARGE, status=0), "host-too-large"),
        (fetched(status=301), "host-redirect"),
        (fetched(status=404), "host-not-found"),
        (fetched(status=500), "host-status"),
        (fetched(headers=()), "host-media-type"),
        (fetched(tls=TlsSession(expires=SOON)), "host-certificate-expiring"),
        (header("cache-control", "public, max-age=86401"), "host-cache-long"),
        (
            {"fetches": (FETCH, replace(FETCH, body=body(Mode.ENFORCE, "*.example.gov")))},
            "host-bodies-differ",
        ),
        ({"agents": (("Google-SMTP-STS", replace(FETCH, status=403)),)}, "host-agent-blocked"),
        ({"mx": dns(DOMAIN, "MX", f"10 {MX}", "20 mx2.example.gov")}, "policy-mx-uncovered"),
        ({"mx": dns(DOMAIN, "MX", "0 ."), "mx_hosts": ()}, "mx-null"),
        ({"mx": dns(DOMAIN, "MX", "0 .", f"10 {MX}")}, "mx-null-beside"),
        ({"mx": dns(DOMAIN, "MX"), **fetched(body=body(host=DOMAIN))}, "mx-implicit"),
        ({"mx": dns(DOMAIN, "MX", status=DnsStatus.NXDOMAIN)}, "mx-domain-missing"),
        ({"left_out": 4}, "mx-many"),
        (
            {"mx_hosts": (MxHost(MX, (dns(MX, "A", "192.0.2.9", canonical="b.example"),)),)},
            "mx-cname",
        ),
        ({"mx_hosts": (MxHost(MX, (dns(MX, "A"), dns(MX, "AAAA"))),)}, "mx-no-address"),
        (session(outcome=SmtpOutcome.NO_STARTTLS), "mx-starttls-missing"),
        (session(outcome=SmtpOutcome.TLS_FAILED), "mx-tls-failed"),
        (session(outcome=REFUSED, fault=CertificateFault.EXPIRED), "mx-certificate-expired"),
        (session(outcome=REFUSED, fault=CertificateFault.HOST_MISMATCH), "mx-certificate-mismatch"),
        (session(outcome=REFUSED, fault=CertificateFault.NOT_TRUSTED), "mx-certificate-untrusted"),
        (session(outcome=REFUSED, fault=CertificateFault.OTHER), "mx-certificate-invalid"),
        (session(outcome=REFUSED), "mx-certificate-invalid"),
        (session(tls=TlsSession(expires=SOON)), "mx-certificate-expiring"),
        ({"tlsrpt": txt("n")}, "tlsrpt-record-missing"),
        (
            {"tlsrpt": replace(GOOD.records.tlsrpt, canonical="r.example")},
            "tlsrpt-record-delegated",
        ),
        ({"legacy": txt("n", "v=TLSRPTv1; rua=mailto:a@b.example")}, "tlsrpt-record-legacy"),
        (mailbox(mx=dns("reports.example", "MX", "0 .")), "tlsrpt-mailbox-lost"),
        (mailbox(mx=replace(GONE, type="MX")), "tlsrpt-mailbox-lost"),
        (mailbox(domain=DOMAIN), "tlsrpt-mailbox-locked"),
        ({"apex": txt(DOMAIN)}, "spf-missing"),
        ({"apex": txt(DOMAIN, "v=spf1 -all", "V=SPF1")}, "spf-multiple"),
        ({"dmarc": (txt("a"), txt("b"))}, "dmarc-missing"),
        ({"dmarc": (txt("a", "v=DMARC1;p=none", "v=DMARC1;p=none"),)}, "dmarc-multiple"),
        ({"dkim": (txt("k", "v=DKIM1; p="),)}, "dkim-missing"),
        (
            {"aliases": (dns(STS_NAME, "CNAME", "a.example"),)},
            "sts-record-cname-beside",
        ),
        (
            {"aliases": (dns(RPT_NAME, "CNAME", "a.example"),)},
            "tlsrpt-record-cname-beside",
        ),
        (
            {"sts": replace(GOOD.records.sts, **LOST), "loops": ((STS_NAME, "b", STS_NAME),)},
            "sts-record-cname-loop",
        ),
        (
            {"tlsrpt": replace(GOOD.records.tlsrpt, **LOST), "loops": ((RPT_NAME, "b", "b"),)},
            "tlsrpt-record-cname-loop",
        ),
        (
            {"host": (replace(A, status=FAILED, values=()),) * 2, "loops": ((HOST, "b", HOST),)},
            "host-cname-loop",
        ),
        (profile(ClientProfile.TLS12, FetchOutcome.TLS_FAILED), "host-tls12-missing"),
        (profile(ClientProfile.OLD, FetchOutcome.ANSWERED), "host-tls-old"),
        (profile(ClientProfile.NAMELESS, FetchOutcome.CERTIFICATE_REFUSED), "host-sni-needed"),
        (fetched(tls=replace(TLS, version="TLSv1.2")), "host-tls13-missing"),
        (fetched(seconds=11.0), "host-slow"),
        ({"caa": (dns(HOST, "CAA", '0 issue "ca.example"'),)}, "host-caa"),
        (fetched(outcome=CERT_REFUSED, fault=CertificateFault.EXPIRED), "host-certificate-expired"),
        (
            fetched(outcome=CERT_REFUSED, fault=CertificateFault.HOST_MISMATCH),
            "host-certificate-mismatch",
        ),
        (
            fetched(outcome=CERT_REFUSED, fault=CertificateFault.NOT_TRUSTED),
            "host-certificate-untrusted",
        ),
        (fetched(outcome=CERT_REFUSED, fault=CertificateFault.WEAK), "host-certificate-weak"),
        (fetched(outcome=CERT_REFUSED, fault=CertificateFault.PURPOSE), "host-certificate-purpose"),
        (fetched(outcome=CERT_REFUSED, fault=CertificateFault.OTHER), "host-certificate-invalid"),
        ({"patterns": (dns(MX, "A", status=DnsStatus.NXDOMAIN),)}, "policy-mx-nowhere"),
        ({"mx": dns(DOMAIN, "MX", f"10 {MX}", f"20 {MX}")}, "mx-duplicate"),
        (session(outcome=SmtpOutcome.MALFORMED), "mx-malformed"),
        (session(tls=LESS), "mx-tls13-missing"),
        (mx_profile(ClientProfile.TLS12, outcome=SmtpOutcome.TLS_FAILED), "mx-tls12-missing"),
        (
            mx_profile(ClientProfile.TLS12, tls=replace(LESS, cipher="AES128-SHA")),
            "mx-forward-secrecy",
        ),
        (mx_profile(ClientProfile.OLD, tls=replace(LESS, version="TLSv1")), "mx-tls-old"),
        (session(outcome=REFUSED, fault=CertificateFault.WEAK), "mx-certificate-weak"),
        (session(outcome=REFUSED, fault=CertificateFault.PURPOSE), "mx-certificate-purpose"),
        (reverse(), "mx-pointer-missing"),
        (reverse("other.example"), "mx-pointer-elsewhere"),
        (tlsa(f"3 1 1 {OTHER_HASH}", authenticated=False), "dane-unsigned"),
        (tlsa(f"1 0 1 {OTHER_HASH}"), "dane-usage"),
        (tlsa(f"3 0 1 {OTHER_HASH}", certificate=b"der"), "dane-mismatch"),
        (endpoint(fetch=None), "tlsrpt-endpoint-lost"),
        (endpoint(fetch=replace(FETCH, outcome=CERT_REFUSED)), "tlsrpt-endpoint-lost"),
        ({"spf_parsed": Parsed("", error="no")}, "spf-malformed"),
        ({"spf_parsed": Parsed("", warnings=("hm",))}, "spf-doubtful"),
        ({"dmarc_parsed": Parsed("", error="no")}, "dmarc-malformed"),
        ({"dmarc_parsed": Parsed("", warnings=("hm",))}, "dmarc-doubtful"),
        ({"dkim": (txt("k", f"v=DKIM1; p={RSA_1024}"),)}, "dkim-key-weak"),
        ({"private": frozenset({"192.0.2.1"})}, "host-address-not-global"),
        ({"private": frozenset({"192.0.2.9"})}, "mx-address-not-global"),
        (
            {
                "private": frozenset({"192.0.2.1"}),
                **also_at(FETCH, "192.0.2.1", outcome=FetchOutcome.NOT_GLOBAL, status=0),
            },
            "host-address-not-global",
        ),
        (
            {
                "private": frozenset({"192.0.2.9"}),
                **session(outcome=SmtpOutcome.NOT_GLOBAL, tls=TlsSession()),
            },
            "mx-address-not-global",
        ),
        (
            endpoint(fetch=replace(FETCH, outcome=FetchOutcome.NOT_GLOBAL)),
            "tlsrpt-endpoint-lost",
        ),
        (
            mailbox(session=replace(SESSION, outcome=SmtpOutcome.NOT_GLOBAL)),
            "tlsrpt-mailbox-lost",
        ),
        (
            also_at(FETCH, "192.0.2.2", outcome=FetchOutcome.CONNECT_FAILED, refused=True),
            "host-refused",
        ),
        (
            also_at(SESSION, "192.0.2.2", outcome=SmtpOutcome.CONNECT_FAILED, refused=True),
            "mx-refused",
        ),
        (
            fetched(headers=(*TEXT, ("content-type", "text/html"))),
            "host-media-type-twice",
        ),
        (fetched(headers=(*TEXT, *TEXT)), "host-media-type-twice"),
        (header("content-encoding", "gzip"), "host-encoded"),
        (
            {"sts": txt(STS_NAME, canonical="gone.example", strings=())},
            "sts-record-cname-dangling",
        ),
        (
            {
                "sts": txt(STS_NAME, canonical="x.example", status=DnsStatus.NO_DATA, strings=()),
            },
            "sts-record-cname-dangling",
        ),
        (
            {"tlsrpt": txt(RPT_NAME, canonical="gone.example", strings=())},
            "tlsrpt-record-cname-dangling",
        ),
        (
            {
                "mx": dns(DOMAIN, "MX", f"10 {PROXIED}"),
                "mx_hosts": (MxHost(PROXIED, (dns(PROXIED, "A"), dns(PROXIED, "AAAA"))),),
            },
            "mx-proxied",
        ),
        (
            {"agents": (("Google-SMTP-STS", replace(FETCH, status=429)),)},
            "host-agent-blocked",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_mistake_has_a_finding_of_its_own(changes: dict[str, Any], expected: str) -> None:
    found = checked(**changes)
    assert ids(found) == [expected]
    assert found.unknown == ()
    (finding,) = found.findings
    assert finding.fix
    assert "<domain>" not in finding.fix
    assert "%s" not in finding.fix


def test_nothing_stops_at_the_first_problem() -> None:
    found = checked(
        sts=txt("n", "v=STSv1; id=1;", "v=STSv1; id=2;"),
        fetches=(replace(FETCH, body=b"<html>"), replace(FETCH, status=302)),
        mx_hosts=(
            replace(GOOD.mx.hosts[0], sessions=(replace(SESSION, tls=TlsSession(expires=SOON)),)),
        ),
        tlsrpt=txt("n"),
        dmarc=(),
    )
    assert {
        "sts-record-multiple",
        "policy-html",
        "host-redirect",
        "mx-certificate-expiring",
        "tlsrpt-record-missing",
        "dmarc-missing",
    } <= set(ids(found))
    assert found.id == ""


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({"sts": replace(GOOD.records.sts, strings=(), status=FAILED)}, "sts-record"),
        ({"tlsrpt": replace(GOOD.records.tlsrpt, strings=(), status=FAILED)}, "tlsrpt-record"),
        ({"mx": replace(GOOD.mx.answer, values=(), status=FAILED)}, "mx"),
        ({"apex": replace(GOOD.records.apex, strings=(), status=FAILED)}, "spf"),
        ({"dkim": (replace(GOOD.authentication.dkim[0], strings=(), status=FAILED),)}, "dkim"),
        ({"dmarc": (replace(GOOD.authentication.dmarc[0], strings=(), status=FAILED),)}, "dmarc"),
        ({"host": (A, replace(AAAA, values=(), status=FAILED))}, "host-address"),
        (fetched(outcome=FetchOutcome.TIMED_OUT, status=0), "host-fetch"),
        (fetched(outcome=FetchOutcome.NO_ROUTE, status=0), "host-fetch"),
        (
            {"mx_hosts": (MxHost(MX, (dns(MX, "A", status=FAILED), dns(MX, "AAAA", "::1"))),)},
            "mx-address",
        ),
        (session(outcome=SmtpOutcome.TIMED_OUT, reason="no answer"), "mx-session"),
        (session(outcome=SmtpOutcome.CONNECT_FAILED, reason="refused"), "mx-session"),
        (mailbox(mx=replace(GONE, status=FAILED)), "tlsrpt-mailbox"),
        (
            mailbox(session=replace(SESSION, outcome=SmtpOutcome.CONNECT_FAILED, reason="no")),
            "tlsrpt-mailbox",
        ),
        (endpoint(addresses=(replace(GONE, status=FAILED),)), "tlsrpt-endpoint"),
        (
            endpoint(fetch=replace(FETCH, outcome=FetchOutcome.TIMED_OUT, reason="late")),
            "tlsrpt-endpoint",
        ),
        ({"caa": (dns(HOST, "CAA", status=FAILED),)}, "host-caa"),
        ({"legacy": dns(f"_smtp-tlsrpt.{DOMAIN}", "TXT", status=FAILED)}, "tlsrpt-record"),
        ({"aliases": (dns(STS_NAME, "CNAME", status=FAILED),)}, "sts-record"),
        ({"aliases": (dns(RPT_NAME, "CNAME", status=FAILED),)}, "tlsrpt-record"),
        ({"patterns": (dns(MX, "A", status=FAILED),)}, "policy-mx"),
        (reverse(status=FAILED), "mx-pointer"),
        (tlsa(status=FAILED), "dane"),
        ({"spf_parsed": Parsed("", reason="SERVFAIL")}, "spf-parsed"),
        ({"dmarc_parsed": Parsed("", reason="SERVFAIL")}, "dmarc-parsed"),
        (profile(ClientProfile.NAMELESS, FetchOutcome.TIMED_OUT, reason="late"), "host-hello"),
        (profile(ClientProfile.OLD, FetchOutcome.CONNECT_FAILED), "host-hello"),
        (
            profile(ClientProfile.TLS12, FetchOutcome.TLS_FAILED, cut=True, limited=True),
            "host-hello",
        ),
        (mx_profile(ClientProfile.TLS12, outcome=SmtpOutcome.TIMED_OUT, reason="late"), "mx-hello"),
        (
            mx_profile(ClientProfile.OLD, outcome=SmtpOutcome.SMTP_FAILED, code=421, reason="421"),
            "mx-hello",
        ),
        (
            mx_profile(
                ClientProfile.TLS12, outcome=SmtpOutcome.TLS_FAILED, limited=True, reason="lost"
            ),
            "mx-hello",
        ),
        ({"agents": (("Google", replace(FETCH, status=429, limited=True)),)}, "host-agent"),
        ({"agents": (("Google", replace(FETCH, outcome=FetchOutcome.TIMED_OUT)),)}, "host-agent"),
        (fetched(status=429), "host-fetch"),
        (session(outcome=SmtpOutcome.SMTP_FAILED, code=421, reason="421 later"), "mx-session"),
        (
            endpoint(fetch=replace(FETCH, outcome=FetchOutcome.NOT_ASKED, reason="port 8443")),
            "tlsrpt-endpoint",
        ),
    ],
)
def test_what_could_not_be_found_out_is_neither_good_nor_bad(
    changes: dict[str, Any], unknown: str
) -> None:
    found = checked(**changes)
    assert [each.id for each in found.unknown] == [unknown]
    assert ids(found) == []
    assert found.unknown[0].how
    assert found.unknown[0].reason


def test_a_domain_that_takes_no_mail_needs_nothing() -> None:
    nothing = txt("n")
    parked = checked(
        sts=nothing,
        tlsrpt=nothing,
        apex=nothing,
        mx=dns(DOMAIN, "MX", "0 ."),
        host=(GONE, GONE),
        fetches=(),
        agents=(),
        mx_hosts=(),
        mailboxes=(),
        dmarc=(),
        dkim=(),
    )
    assert (parked.findings, parked.unknown) == ((), ())


def test_without_any_sign_of_mta_sts_its_absence_is_one_finding() -> None:
    found = checked(sts=txt("n"), host=(GONE, GONE), fetches=(), agents=())
    assert ids(found) == ["sts-record-missing"]


def test_a_slow_answer_that_never_ended_is_told_beside_what_is_not_known() -> None:
    found = checked(**fetched(outcome=FetchOutcome.TIMED_OUT, seconds=60.0, reason="late"))
    assert ids(found) == ["host-slow"]
    assert [each.id for each in found.unknown] == ["host-fetch"]


def test_what_one_sender_refuses_is_told_by_its_name() -> None:
    policy = body().replace(b"2592000", b"3600")
    (found,) = [
        each
        for each in checked(**fetched(body=policy)).findings
        if each.id == "policy-sender-refuses"
    ]
    assert found.evidence == "google: Google ignores a max_age below 86400"


def test_less_tls_says_nothing_where_the_usual_kind_fails() -> None:
    refused = fetched(outcome=FetchOutcome.TLS_FAILED, tls=TlsSession())
    less = profile(ClientProfile.TLS12, FetchOutcome.TLS_FAILED)
    assert ids(checked(**{**refused, **less})) == ["host-tls-failed"]


@pytest.mark.parametrize(
    "changes",
    [
        {"caa": (dns(HOST, "CAA", '0 issue "ca.example"'),), **fetched(tls=TlsSession())},
        {
            "caa": (dns(HOST, "CAA", '0 issue "ca.example"'),),
            **fetched(tls=replace(TLS, issuer="Some Authority")),
        },
        mx_profile(ClientProfile.NAMELESS),
        reverse("a.example") | mx_host(reverse_dns=()),
        mx_host(tlsa=None),
        tlsa(f"2 0 1 {OTHER_HASH}", certificate=b"der"),
        tlsa("nonsense", certificate=b"der"),
        tlsa(f"3 0 1 {OTHER_HASH}"),
        tlsa(f"3 0 1 {hashlib.sha256(b'der').hexdigest()}", certificate=b"der"),
        {"aliases": (dns("_mta-sts.other.example", "CNAME", "a.example"),)},
        {"dkim": (txt("k", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),)},
        {"spf_parsed": None, "dmarc_parsed": None},
        {"dkim": (txt("k", f"v=DKIM1; p={RSA_2048}"),)},
        {"private": frozenset({"10.0.0.1"})},
        header("content-encoding", "identity"),
        fetched(headers=(("content-type", "text/plain; charset=utf-8"),)),
        {"tlsrpt": replace(GOOD.records.tlsrpt, canonical=RPT_NAME)},
    ],
)
def test_what_proves_nothing_is_not_told(changes: dict[str, Any]) -> None:
    found = checked(**changes)
    assert (ids(found), found.unknown) == ([], ())


@pytest.mark.parametrize(
    "host", ["dc-mx.0a1b2c3d4e5f.example.gov", "_dc-mx2.example.gov", "a._dc-mx.example.gov"]
)
def test_a_host_whose_name_resembles_cloudflares_is_a_host_like_any_other(host: str) -> None:
    """The twin of ``mx-proxied``: the policy has to list it, and its sessions are judged."""
    refused = replace(SESSION, outcome=SmtpOutcome.NO_STARTTLS, tls=TlsSession())
    answers = (dns(host, "A", "192.0.2.9"), dns(host, "AAAA"))
    changes = {
        "mx": dns(DOMAIN, "MX", f"10 {host}"),
        "mx_hosts": (replace(MX_HOST, host=host, addresses=answers, sessions=(refused,)),),
    }
    assert ids(checked(**changes)) == ["policy-mx-uncovered", "mx-starttls-missing"]


def test_reports_may_also_go_elsewhere() -> None:
    """RFC 8460 section 5.3: a mailbox behind the policy it reports on gets no reports."""
    own = replace(GOOD.reporting.mailboxes[0], domain=DOMAIN)
    assert ids(checked(mailboxes=(own, GOOD.reporting.mailboxes[0]))) == []
    testing = fetched(body=body(Mode.TESTING))
    assert "tlsrpt-mailbox-locked" not in ids(checked(mailboxes=(own,), **testing))


def test_without_mx_records_the_domain_itself_is_to_be_covered() -> None:
    """RFC 5321 section 5.1: mail goes to its address, and a sender compares that host."""
    implicit = {"mx": dns(DOMAIN, "MX")}
    assert ids(checked(**implicit)) == ["policy-mx-uncovered", "mx-implicit"]
    failed = {"mx": dns(DOMAIN, "MX", status=FAILED)}
    assert ids(checked(**failed)) == []


@pytest.mark.parametrize("text", ["v=spf1 -all", "", "v=STSv1; id=1", "TLSRPTv1"])
def test_a_wildcard_that_answers_at_the_drafts_name_is_no_record(text: str) -> None:
    assert ids(checked(legacy=txt("n", text))) == []


def test_mode_none_covers_whatever_there_is() -> None:
    none = fetched(body=body(Mode.NONE, "other.example"))
    assert "policy-mx-uncovered" not in ids(checked(**none))
    assert "mx-null" not in ids(checked(mx=dns(DOMAIN, "MX", "0 ."), mx_hosts=(), **none))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(DnsStatus.NXDOMAIN, {"mx-no-address"}, id="no-such-host"),
        pytest.param(FAILED, {"policy-mx-uncovered"}, id="not-known"),
        pytest.param(DnsStatus.ANSWERED, {"policy-mx-uncovered"}, id="a-host"),
    ],
)
def test_a_host_that_does_not_exist_is_to_go_and_not_to_be_listed(
    status: DnsStatus, expected: set[str]
) -> None:
    """Findings about one thing do not contradict each other."""
    value = ["192.0.2.3"] if status is DnsStatus.ANSWERED else []
    other = MxHost("old.example.gov", (dns("old.example.gov", "A", *value, status=status),))
    found = checked(
        mx=dns(DOMAIN, "MX", f"10 {MX}", "20 old.example.gov"), mx_hosts=(MX_HOST, other)
    )
    assert set(ids(found)) == expected


@pytest.mark.parametrize(
    ("host", "changes", "shown"),
    [
        pytest.param(MX, {"code": 554}, "554 hm", id="below-the-domain"),
        pytest.param(DOMAIN, {"code": 554}, "554 hm", id="the-domain-itself"),
        pytest.param("mx.example.com", {"code": 554}, "it answers 554", id="elsewhere"),
        pytest.param(
            "mx.badexample.gov",
            {"outcome": SmtpOutcome.MALFORMED},
            "its words are not shown: it is no host of the domain",
            id="elsewhere-and-no-smtp",
        ),
        pytest.param("mx.example.com", {}, "554 hm", id="words-of-our-own"),
    ],
)
def test_only_a_host_of_the_domain_is_quoted(
    host: str, changes: dict[str, Any], shown: str
) -> None:
    said = replace(SESSION, host=host, outcome=SmtpOutcome.SMTP_FAILED, tls=TlsSession())
    found = checked(mx_hosts=(MxHost(host, (), (replace(said, reason="554 hm", **changes),)),))
    (told,) = [
        *(each.evidence for each in found.findings if each.id == "mx-malformed"),
        *(each.reason for each in found.unknown),
    ]
    assert told.endswith(shown)


def test_a_certificates_list_that_is_none_is_not_quoted() -> None:
    """Whoever answers at its address is no host of the domain."""
    words = replace(FETCH, outcome=FetchOutcome.HTTP_MALFORMED, reason="SSH-2.0 secret")
    from mtasts.check.certificates import HOST as CERTIFICATE  # as above
    from mtasts.check.certificates import judge_accepted  # for this alone
    from mtasts.check.notes import Notes  # as above

    notes = Notes(DOMAIN)
    judge_accepted(TlsSession(), {"": words}, notes, CERTIFICATE, "192.0.2.1", now=NOW)
    assert [each.reason for each in notes.unknown] == ["what it says is not HTTP"]
