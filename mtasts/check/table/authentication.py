"""Checks of SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489)."""

from __future__ import annotations

from mtasts.check.row import Check, Question
from mtasts.findings import Severity

_SPF = (Question.SPF,)
_SPF_PARSED = (Question.SPF, Question.SPF_PARSED)
_DKIM = (Question.DKIM,)
_DMARC = (Question.DMARC,)
_DMARC_PARSED = (Question.DMARC, Question.DMARC_PARSED)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
SPF_MISSING = Check(
    "spf-missing", Severity.WARNING, "RFC 7208 section 3",
    "the domain has no SPF record",
    'publish TXT "v=spf1 mx ~all" with every server that sends for the domain, later with "-all"',
    None, _SPF, None, "C",
)
SPF_MULTIPLE = Check(
    "spf-multiple", Severity.ERROR, "RFC 7208 section 3.2",
    "the domain has several SPF records",
    "keep one",
    None, _SPF, None, "C",
)
SPF_MALFORMED = Check(
    "spf-malformed", Severity.ERROR, "RFC 7208 section 4.6",
    "the SPF record is not valid: receivers ignore it",
    "correct the part that is shown",
    None, _SPF_PARSED, None, "C",
)
SPF_DOUBTFUL = Check(
    "spf-doubtful", Severity.INFO, "RFC 7208",
    "the SPF record has a doubtful part",
    "correct the part that is shown, unless it is meant",
    None, _SPF_PARSED, None, "C",
)
DMARC_MULTIPLE = Check(
    "dmarc-multiple", Severity.ERROR, "RFC 7489 section 6.6.3",
    "there are several DMARC records: receivers ignore all of them",
    "keep one",
    None, _DMARC, None, "C",
)
DMARC_DOUBTFUL = Check(
    "dmarc-doubtful", Severity.INFO, "RFC 7489",
    "the DMARC record has a doubtful part",
    "correct the part that is shown, unless it is meant",
    None, _DMARC_PARSED, None, "C",
)
DKIM_KEY_WEAK = Check(
    "dkim-key-weak", Severity.WARNING, "RFC 8301 section 3.2",
    "a DKIM key is shorter than 2048 bits",
    "publish a new selector with an RSA 2048 or Ed25519 key, and sign with that one",
    None, _DKIM,
)
DMARC_MISSING = Check(
    "dmarc-missing", Severity.WARNING, "RFC 7489 section 6.3",
    "neither the domain nor a domain above it has a DMARC record",
    'publish _dmarc TXT "v=DMARC1; p=none; rua=mailto:<mailbox>"; p=reject once reports are clean',
    None, _DMARC, None, "C",
)
DMARC_MALFORMED = Check(
    "dmarc-malformed", Severity.WARNING, "RFC 7489 section 6.3",
    "the DMARC record has no valid policy (p=)",
    'publish _dmarc TXT "v=DMARC1; p=none; rua=mailto:<mailbox>"; p=reject once reports are clean',
    None, _DMARC_PARSED, None, "C",
)
DKIM_MISSING = Check(
    "dkim-missing", Severity.WARNING, "RFC 6376 section 3.6.1",
    "a DKIM selector has no usable key",
    "publish the key, or remove the selector from dkimSelectors",
    None, _DKIM,
)
# fmt: on
