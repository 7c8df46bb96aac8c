"""Write ``docs/checks.md``: every id that a check or a lint can give, from the code.

``python tools/checks_table.py`` writes it; a test compares it.
"""

from __future__ import annotations

import re
from pathlib import Path

from mtasts.check import domain_catalogue, policy_catalogue, record_catalogue
from mtasts.check.result_types import result_type

DOCUMENT = Path(__file__).parents[1] / "docs" / "checks.md"
HEAD = """# Every check

Made from the code by `tools/checks_table.py`. `mtasts check` gives all of them, `mtasts lint` those on texts. The result type is what a sender would report (RFC 8460 section 4.3). Peers are those that check the same,
as far as their code and pages could be read in 2026: N NCSC Mail Check, C checkdmarc 6.0.4, P postfix-mta-sts-resolver 1.5.1, Z postfix-tlspol, G go-mtasts, M mimecast/mta-sts, R mailpiece/mta_sts, A aykevl/mta-sts,
I Internet.nl, T trustymail, L MailPolicyExplainer, X PS.MTA-STS, B baddns, S Cert Spotter, V vendors' pages.

| Id | Severity | Source | Result type | Peers |
|---|---|---|---|---|
"""  # noqa: E501 - a paragraph of Markdown is one line or a few
# By the beginning of an id; the longest that fits counts.
PEERS = {
    "sts-record-missing": "N C A L X",
    "sts-record-multiple": "N C P Z R A L",
    "sts-record-version": "N C P Z G R A",
    "sts-record-id-missing": "C P Z G R A",
    "sts-record-id": "N C Z A",
    "sts-record-duplicate": "N C",
    "sts-record-field": "N C Z G A",
    "sts-record-unknown-field": "C A L",
    "sts-record-space": "C",
    "sts-record-spf": "C",
    "sts-record-apex": "C",
    "sts-record-unrelated": "C Z R A",
    "sts-record-dnssec": "A L",
    "sts-record-not-ascii": "Z R",
    "host-missing": "A",
    "host-unreachable": "N C P G A",
    "host-tls-failed": "A L",
    "host-certificate": "N C P Z G M R A I T L X S",
    "host-tls12-missing": "A L",
    "host-tls-old": "A L",
    "host-caa": "I",
    "sts-record-cname-beside": "C",
    "tlsrpt-record-cname-beside": "C",
    "policy-mx-nowhere": "B",
    "policy-id-unchanged": "V",
    "host-certificate-expiring": "V",
    "host-status": "C P Z G M A",
    "host-redirect": "C P Z G M A",
    "host-not-found": "A",
    "host-media-type": "C P Z G A L M",
    "host-too-large": "P Z M A",
    "host-cname": "X",
    "host-cname-dangling": "B",
    "policy-empty": "N M",
    "policy-not-utf8": "P R A",
    "policy-version": "C P Z G R A N L",
    "policy-mode-missing": "C P Z G R A",
    "policy-mode-unknown": "C P Z G R A N L",
    "policy-mode-report": "A",
    "policy-max-age-missing": "C P Z G R A",
    "policy-max-age-malformed": "C R",
    "policy-max-age-over": "N C P Z R A L",
    "policy-max-age-short": "N A M",
    "policy-max-age-tiny": "A",
    "policy-mx-missing": "C P Z G R N A",
    "policy-mx-malformed": "N C Z A R",
    "policy-mx-wildcard-malformed": "N C Z A R",
    "policy-mx-trailing-dot": "N C Z A R",
    "policy-mx-address": "Z",
    "policy-mx-u-label": "C R G",
    "policy-key-duplicate": "N C A M",
    "policy-key-unknown": "N L C A",
    "policy-value-malformed": "C Z",
    "policy-control-character": "C Z",
    "policy-line-malformed": "N A C Z G",
    "policy-html": "N A C Z G",
    "policy-key-space": "N C",
    "policy-blank-line": "Z G M",
    "policy-line-end": "C A M L",
    "policy-bare-cr": "C",
    "policy-bom": "C",
    "policy-mode-testing": "N L A",
    "policy-mode-none": "N L A",
    "policy-mx-uncovered": "C A S V B",
    "mx-null": "C I",
    "mx-implicit": "C I",
    "mx-cname": "C",
    "mx-no-address": "C",
    "mx-starttls-missing": "N A I S C T",
    "mx-tls-failed": "N A S I",
    "mx-certificate-mismatch": "N A S I",
    "mx-certificate-untrusted": "N A C I",
    "mx-certificate-expired": "N A S",
    "mx-certificate-expiring": "N",
    "mx-certificate-weak": "N",
    "mx-certificate-purpose": "N",
    "mx-certificate-revoked": "N",
    "mx-port-465": "C",
    "tls": "I",
    "mx-tls12-missing": "N A S I",
    "mx-tls13-missing": "N I",
    "mx-tls-old": "N I",
    "mx-forward-secrecy": "N I",
    "mx-duplicate": "C",
    "mx-pointer": "C",
    "dane": "I A C",
    "stack-mx-differs": "C",
    "stack-parked-mx": "C",
    "tlsrpt-record-missing": "N C A R L",
    "tlsrpt-record-multiple": "N C A R L",
    "tlsrpt-record-version": "N C R A",
    "tlsrpt-rua-missing": "C R L A",
    "tlsrpt-rua-scheme": "N C A",
    "tlsrpt-rua-http": "N C A",
    "tlsrpt-rua-mailto-malformed": "N C",
    "tlsrpt-rua-https-malformed": "N C",
    "tlsrpt-rua-size-suffix": "N C",
    "tlsrpt-rua-unencoded": "N C",
    "tlsrpt-record-field": "N",
    "tlsrpt-record-unknown-field": "N C",
    "tlsrpt-record-duplicate": "N C",
    "tlsrpt-rua-several": "N",
    "tlsrpt-rua-duplicate": "N",
    "tlsrpt-rua-retired": "N",
    "tlsrpt-record-legacy": "A",
    "tlsrpt-record-apex": "C",
    "tlsrpt-record-spf": "C",
    "tlsrpt-record-unrelated": "C",
    "spf": "C",
    "dmarc": "C",
}


def peers(id_: str) -> str:
    """Who checks the same."""
    fitting = [each for each in PEERS if re.match(rf"{re.escape(each)}(?:-|$)", id_)]
    return PEERS[max(fitting, key=len)] if fitting else ""


def table() -> str:
    """The whole document."""
    rows = []
    for catalogue in (domain_catalogue, record_catalogue, policy_catalogue):
        for id_, row in catalogue.CATALOGUE.items():
            severity, clause = row[0].label, row[1]
            rows.append(f"| `{id_}` | {severity} | {clause} | {result_type(id_)} | {peers(id_)} |")
    return HEAD + "\n".join(sorted(rows)) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(table())
