"""The findings on policy bodies: one row each, as data, so that documents can be made from it."""

from __future__ import annotations

from mtasts.findings import Severity
from mtasts.policy import MAX_AGE_LIMIT

# Section 3.3 suggests that senders read no more than 64 KB.
BODY_LIMIT = 65_536
# What is still read to explain it; beyond, a body is only hashed.
JUDGED_LIMIT = 1024 * 1024
_GRAMMAR = "RFC 8461 section 3.2"
_GOOGLE = "Google Workspace Admin Help on MTA-STS"
_NCSC = "NCSC Mail Check rule on max_age"
_LINES = "write only 'key: value' lines that end with CRLF"

# id: severity, clause, what is wrong, how to put it right; a row for each id of `check.policy`.
CATALOGUE: dict[str, tuple[Severity, str, str, str]] = {
    "policy-empty": (Severity.ERROR, _GRAMMAR, "the body is empty", "serve the policy's lines"),
    "policy-html": (
        Severity.ERROR, _GRAMMAR, "the body is a web page, not a policy",
        "serve the policy itself at /.well-known/mta-sts.txt",
    ),
    "policy-json": (
        Severity.ERROR, "drafts of RFC 8461", "the body is JSON, as the first drafts had it",
        "serve 'key: value' lines, starting with version: STSv1",
    ),
    "policy-problems-many": (
        Severity.ERROR, _GRAMMAR, "so many lines are wrong that the rest was not read",
        "serve the policy alone",
    ),
    "policy-bom": (
        Severity.ERROR, _GRAMMAR, "the body starts with a byte order mark",
        "save the file as UTF-8 without BOM",
    ),
    "policy-blank-line": (Severity.ERROR, _GRAMMAR, "a line is blank", "remove the line"),
    "policy-bare-cr": (
        Severity.ERROR, _GRAMMAR, "a CR stands without its LF", "end every line with CRLF",
    ),
    "policy-control-character": (
        Severity.ERROR, _GRAMMAR, "a line holds a control character", _LINES,
    ),
    "policy-line-malformed": (Severity.ERROR, _GRAMMAR, "a line is not 'key: value'", _LINES),
    "policy-key-space": (
        Severity.ERROR, _GRAMMAR, "white space stands before the key or the colon",
        "write the key at the start of the line and the colon right after it",
    ),
    "policy-key-malformed": (
        Severity.ERROR, _GRAMMAR, "a key is not 1 to 32 letters, digits, '_', '-' or '.'", _LINES,
    ),
    "policy-value-missing": (
        Severity.ERROR, _GRAMMAR, "a key has no value", "give the value or remove the line",
    ),
    "policy-value-malformed": (
        Severity.ERROR, _GRAMMAR, "a value holds characters outside the grammar", _LINES,
    ),
    "policy-not-utf8": (
        Severity.ERROR, _GRAMMAR, "a value is not UTF-8", "save the file as UTF-8",
    ),
    "policy-version-missing": (
        Severity.ERROR, _GRAMMAR, "there is no version", "version: STSv1",
    ),
    "policy-version-unknown": (
        Severity.ERROR, _GRAMMAR, "the version is not exactly STSv1", "version: STSv1",
    ),
    "policy-mode-missing": (Severity.ERROR, _GRAMMAR, "there is no mode", "mode: testing"),
    "policy-mode-unknown": (
        Severity.ERROR, _GRAMMAR, "the mode is none of testing, enforce, none", "mode: testing",
    ),
    "policy-mode-report": (
        Severity.ERROR, "drafts of RFC 8461", "the mode 'report' of old drafts became 'testing'",
        "mode: testing",
    ),
    "policy-max-age-missing": (
        Severity.ERROR, _GRAMMAR, "there is no max_age", "max_age: 604800",
    ),
    "policy-max-age-malformed": (
        Severity.ERROR, _GRAMMAR, "max_age is not 1 to 10 plain digits", "max_age: 604800",
    ),
    "policy-max-age-over": (
        Severity.ERROR, "RFC 8461 section 3.2, erratum 7282",
        f"max_age is over {MAX_AGE_LIMIT}; what senders then do is not defined",
        f"max_age: {MAX_AGE_LIMIT}",
    ),
    "policy-mx-missing": (
        Severity.ERROR, _GRAMMAR, "there is no mx, and the mode needs one",
        "mx: <each MX host of the domain>, one a line",
    ),
    "policy-mx-malformed": (
        Severity.ERROR, _GRAMMAR, "an mx is no host name or '*.' before one",
        "write A-labels without a trailing dot, such as mx: mail.example.gov",
    ),
    "policy-mx-trailing-dot": (
        Severity.ERROR, _GRAMMAR, "an mx ends with a dot, as only zone files write it",
        "write the name without the last dot",
    ),
    "policy-mx-leading-dot": (
        Severity.ERROR, "drafts of RFC 8461", "an mx starts with a dot, as old drafts had it",
        "write '*.' before the domain",
    ),
    "policy-mx-u-label": (
        Severity.ERROR, _GRAMMAR, "an mx is not ASCII; international names are written as A-labels",
        "write the name as A-labels (xn--...)",
    ),
    "policy-mx-wildcard-malformed": (
        Severity.ERROR, "RFC 8461 section 4.1",
        "a '*' stands elsewhere than alone as the left-most label", "name the MX hosts",
    ),
    "policy-mx-several": (
        Severity.ERROR, _GRAMMAR, "one mx line holds several names", "write one mx line a host",
    ),
    "policy-mx-preference": (
        Severity.ERROR, _GRAMMAR, "an mx carries the preference of an MX record",
        "write the host's name alone",
    ),
    "policy-mx-null": (
        Severity.ERROR, "RFC 7505 section 3", "an mx is the null MX '.', which names no host",
        "a domain that receives no mail needs a null MX in DNS and no policy",
    ),
    "policy-mx-address": (
        Severity.ERROR, "RFC 8461 section 4.1", "an mx is an address, which no certificate matches",
        "write the MX host's name",
    ),
    "policy-mx-uncovered": (
        Severity.ERROR, "RFC 8461 section 4.1", "an MX host is covered by no mx of the policy",
        "add an mx line for the host before it receives mail",
    ),
    "policy-body-unread": (
        Severity.ERROR, "RFC 8461 section 3.3",
        f"the body is over {JUDGED_LIMIT} bytes; it was not judged, and no sender reads so far",
        "serve the policy alone",
    ),
    "policy-body-large": (
        Severity.ERROR, "RFC 8461 section 3.3", "the body is over 64 KB, which senders may refuse",
        "serve the policy alone",
    ),
    "policy-line-end-lf": (
        Severity.WARNING, "RFC 8461 section 3.2, erratum 6253",
        "lines end with LF alone; the grammar allows it, the text and some checkers do not",
        "end every line with CRLF",
    ),
    "policy-line-end-mixed": (
        Severity.WARNING, "RFC 8461 section 3.2, erratum 6253", "lines end with LF and with CRLF",
        "end every line with CRLF",
    ),
    "policy-version-not-first": (
        Severity.WARNING, _GOOGLE, "version is not on the first line, where Google wants it",
        "put version: STSv1 first",
    ),
    "policy-key-duplicate": (
        Severity.WARNING, _GRAMMAR, "a key stands twice; senders take the first",
        "remove the later line",
    ),
    "policy-key-near-miss": (
        Severity.WARNING, _GRAMMAR,
        "a key is not quite one of the RFC's: senders ignore it",
        "write version, mode, mx or max_age",
    ),
    "policy-key-unknown": (
        Severity.INFO, _GRAMMAR, "a key that the RFC does not know; senders ignore it",
        "remove the line, unless an extension needs it",
    ),
    "policy-value-not-ascii": (
        Severity.WARNING, _GRAMMAR,
        "an extension's value is not ASCII: the grammar allows UTF-8, not every sender does",
        "write ASCII only",
    ),
    "policy-max-age-tiny": (
        Severity.WARNING, _GOOGLE, "max_age is under a day, which Google does not honour",
        "max_age: 604800",
    ),
    "policy-max-age-short": (
        Severity.WARNING, f"RFC 8461 section 10.2; {_NCSC}",
        "senders may forget an enforced policy within two weeks", "max_age: 1209600",
    ),
    "policy-max-age-short-testing": (
        Severity.INFO, f"RFC 8461 section 3.2; {_NCSC}",
        "max_age is under a week; the RFC expects weeks or more", "max_age: 604800",
    ),
    "policy-max-age-long": (
        Severity.INFO, "RFC 8461 section 8.3",
        "senders keep mode none for longer than they need to", "max_age: 86400",
    ),
    "policy-mx-wide": (
        Severity.WARNING, "RFC 8461 section 10.4",
        "a wildcard covers the whole domain: whoever runs any host there may receive its mail",
        "name the MX hosts",
    ),
    "policy-mx-public": (
        Severity.WARNING, "RFC 8461 section 10.4",
        "a wildcard over a public suffix admits any domain registered there", "name the MX hosts",
    ),
    "policy-mx-single-label": (
        Severity.WARNING, "RFC 8461 section 4.1", "an mx of a single label names no public host",
        "write the MX host's full name",
    ),
    "policy-mx-not-certifiable": (
        Severity.WARNING, "RFC 8461 section 4.2",
        "no public authority certifies names under this top-level domain",
        "write a name in public DNS",
    ),
    "policy-mx-duplicate": (
        Severity.WARNING, _GRAMMAR, "an mx stands twice", "remove the later line",
    ),
    "policy-mx-redundant": (
        Severity.INFO, "RFC 8461 section 4.1", "an mx is covered by a wildcard already",
        "keep the named hosts and remove the wildcard",
    ),
    "policy-mx-unused": (
        Severity.INFO, _GRAMMAR, "an mx stands in a policy of mode none, where it does nothing",
        "remove the line",
    ),
    "policy-mode-testing": (
        Severity.INFO, "RFC 8461 section 5", "testing: senders report, and deliver all the same",
        "write mode: enforce once two weeks of reports are clean",
    ),
    "policy-mode-none": (
        Severity.INFO, "RFC 8461 section 8.3", "none: senders treat the domain as without a policy",
        "write mode: testing, unless the policy is being withdrawn",
    ),
}  # fmt: skip
