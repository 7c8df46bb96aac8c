"""Checks of a policy body (RFC 8461 section 3.2)."""

from __future__ import annotations

from mtasts.check.row import Check, Page, Question, ResultType
from mtasts.findings import Severity
from mtasts.policy import MAX_AGE_LIMIT

# RFC 8461 section 3.3 suggests that senders read no more than 64 KB.
BODY_LIMIT = 65_536
# What is still read to explain it; beyond, a body is only hashed.
JUDGED_LIMIT = 1024 * 1024
_MX = "RFC 8461 section 4"
_GRAMMAR = "RFC 8461 section 3.2"
_GOOGLE = "Google Workspace Admin Help on MTA-STS"
_NCSC = "NCSC Mail Check rule on max_age"
_LINES = "write only 'key: value' lines that end with CRLF"
_HOST = (Question.HOST_ADDRESS, Question.HOST_FETCH)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
POLICY_SENDER_REFUSES = Check(
    "policy-sender-refuses", Severity.ERROR, "mtasts docs check",
    "a well-known sender rejects this policy",
    "change the shown part: that sender acts as if there were no policy",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_ID_UNCHANGED = Check(
    "policy-id-unchanged", Severity.ERROR, "RFC 8461 section 3.1",
    "the policy has changed, but its id has not: senders keep the old policy",
    "give the STS record a new id",
    None, (*_HOST, Question.STS_RECORD), Page.ID, "V",
)
POLICY_MX_NOWHERE = Check(
    "policy-mx-nowhere", Severity.ERROR, _MX,
    "the policy lists a name that does not exist in DNS",
    "remove the name: anybody who registers it may receive the mail",
    None, (*_HOST, Question.POLICY_MX), Page.FORMAT, "B",
)
POLICY_EMPTY = Check(
    "policy-empty", Severity.ERROR, _GRAMMAR,
    "the body is empty",
    "serve the policy",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "N M",
)
POLICY_HTML = Check(
    "policy-html", Severity.ERROR, _GRAMMAR,
    "the body is a web page, not a policy",
    "serve the policy itself at /.well-known/mta-sts.txt",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "N A C Z G",
)
POLICY_JSON = Check(
    "policy-json", Severity.ERROR, "drafts of RFC 8461",
    "the body is JSON, as the first drafts had it",
    "serve 'key: value' lines, starting with version: STSv1",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_PROBLEMS_MANY = Check(
    "policy-problems-many", Severity.ERROR, _GRAMMAR,
    "so many lines are wrong that the rest was not checked",
    "serve the policy alone",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_BOM = Check(
    "policy-bom", Severity.ERROR, _GRAMMAR,
    "the body starts with a byte order mark",
    "save the file as UTF-8 without BOM",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C",
)
POLICY_BLANK_LINE = Check(
    "policy-blank-line", Severity.ERROR, _GRAMMAR,
    "a line is blank",
    "remove the line",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "Z G M",
)
POLICY_BARE_CR = Check(
    "policy-bare-cr", Severity.ERROR, _GRAMMAR,
    "a CR is not followed by LF",
    "end every line with CRLF",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C",
)
POLICY_CONTROL_CHARACTER = Check(
    "policy-control-character", Severity.ERROR, _GRAMMAR,
    "a line has a control character",
    _LINES,
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C Z",
)
POLICY_LINE_MALFORMED = Check(
    "policy-line-malformed", Severity.ERROR, _GRAMMAR,
    "a line is not 'key: value'",
    _LINES,
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "N A C Z G",
)
POLICY_KEY_SPACE = Check(
    "policy-key-space", Severity.ERROR, _GRAMMAR,
    "there is white space before the key or the colon",
    "write the key at the start of the line and the colon right after it",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "N C",
)
POLICY_KEY_MALFORMED = Check(
    "policy-key-malformed", Severity.ERROR, _GRAMMAR,
    "a key is not 1 to 32 letters, digits, '_', '-' or '.'",
    _LINES,
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_VALUE_MISSING = Check(
    "policy-value-missing", Severity.ERROR, _GRAMMAR,
    "a key has no value",
    "give the value or remove the line",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_VALUE_MALFORMED = Check(
    "policy-value-malformed", Severity.ERROR, _GRAMMAR,
    "a value has characters that the grammar does not allow",
    _LINES,
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C Z",
)
POLICY_NOT_UTF8 = Check(
    "policy-not-utf8", Severity.ERROR, _GRAMMAR,
    "a value is not UTF-8",
    "save the file as UTF-8",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "P R A",
)
POLICY_VERSION_MISSING = Check(
    "policy-version-missing", Severity.ERROR, _GRAMMAR,
    "there is no version",
    "version: STSv1",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C P Z G R A N L",
)
POLICY_VERSION_UNKNOWN = Check(
    "policy-version-unknown", Severity.ERROR, _GRAMMAR,
    "the version is not exactly STSv1",
    "version: STSv1",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C P Z G R A N L",
)
POLICY_MODE_MISSING = Check(
    "policy-mode-missing", Severity.ERROR, _GRAMMAR,
    "there is no mode",
    "mode: testing",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C P Z G R A",
)
POLICY_MODE_UNKNOWN = Check(
    "policy-mode-unknown", Severity.ERROR, _GRAMMAR,
    "the mode is not testing, enforce or none",
    "mode: testing",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C P Z G R A N L",
)
POLICY_MODE_REPORT = Check(
    "policy-mode-report", Severity.ERROR, "drafts of RFC 8461",
    "the mode 'report' of old drafts became 'testing'",
    "mode: testing",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "A",
)
POLICY_MAX_AGE_MISSING = Check(
    "policy-max-age-missing", Severity.ERROR, _GRAMMAR,
    "there is no max_age",
    "max_age: 604800",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C P Z G R A",
)
POLICY_MAX_AGE_MALFORMED = Check(
    "policy-max-age-malformed", Severity.ERROR, _GRAMMAR,
    "max_age is not 1 to 10 plain digits",
    "max_age: 604800",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C R",
)
POLICY_MAX_AGE_OVER = Check(
    "policy-max-age-over", Severity.ERROR, "RFC 8461 section 3.2, erratum 7282",
    f"max_age is over {MAX_AGE_LIMIT}; the RFC does not say what senders then do",
    f"max_age: {MAX_AGE_LIMIT}",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "N C P Z R A L",
)
POLICY_MX_MISSING = Check(
    "policy-mx-missing", Severity.ERROR, _GRAMMAR,
    "there is no mx, and the mode needs one",
    "mx: <each MX host of the domain>, each on its own line",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C P Z G R N A",
)
POLICY_MX_MALFORMED = Check(
    "policy-mx-malformed", Severity.ERROR, _GRAMMAR,
    "an mx is neither a host name nor '*.' before a host name",
    "write A-labels without a trailing dot, such as mx: mail.example.gov",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "N C Z A R",
)
POLICY_MX_TRAILING_DOT = Check(
    "policy-mx-trailing-dot", Severity.ERROR, _GRAMMAR,
    "an mx ends with a dot, as only zone files write it",
    "write the name without the last dot",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "N C Z A R",
)
POLICY_MX_LEADING_DOT = Check(
    "policy-mx-leading-dot", Severity.ERROR, "drafts of RFC 8461",
    "an mx starts with a dot, as old drafts had it",
    "write '*.' before the domain",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_MX_U_LABEL = Check(
    "policy-mx-u-label", Severity.ERROR, _GRAMMAR,
    "an mx is not ASCII; international names are written as A-labels",
    "write the name as A-labels (xn--...)",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "C R G",
)
POLICY_MX_WILDCARD_MALFORMED = Check(
    "policy-mx-wildcard-malformed", Severity.ERROR, "RFC 8461 section 4.1",
    "a '*' is allowed only as the whole left-most label",
    "name the MX hosts",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "N C Z A R",
)
POLICY_MX_SEVERAL = Check(
    "policy-mx-several", Severity.ERROR, _GRAMMAR,
    "one mx line holds several names",
    "write one mx line for each host",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_MX_PREFERENCE = Check(
    "policy-mx-preference", Severity.ERROR, _GRAMMAR,
    "an mx has the preference of an MX record in it",
    "write only the name of the host",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_MX_NULL = Check(
    "policy-mx-null", Severity.ERROR, "RFC 7505 section 3",
    "an mx is the null MX '.', which names no host",
    "a domain that receives no mail needs a null MX in DNS and no policy",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_MX_ADDRESS = Check(
    "policy-mx-address", Severity.ERROR, "RFC 8461 section 4.1",
    "an mx is an address, which no certificate matches",
    "write the MX host's name",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT, "Z",
)
POLICY_MX_UNCOVERED = Check(
    "policy-mx-uncovered", Severity.ERROR, "RFC 8461 section 4.1",
    "an MX host is covered by no mx of the policy",
    "add an mx line for the host before it receives mail",
    ResultType.VALIDATION_FAILURE, (*_HOST, Question.MX), Page.FORMAT, "C A S V B",
)
POLICY_BODY_UNREAD = Check(
    "policy-body-unread", Severity.ERROR, "RFC 8461 section 3.3",
    f"the body is over {JUDGED_LIMIT} bytes; it was not checked, and no sender reads so much",
    "serve the policy alone",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_BODY_LARGE = Check(
    "policy-body-large", Severity.ERROR, "RFC 8461 section 3.3",
    "the body is over 64 KB, which senders may refuse",
    "serve the policy alone",
    ResultType.POLICY_INVALID, _HOST, Page.FORMAT,
)
POLICY_LINE_END_LF = Check(
    "policy-line-end-lf", Severity.WARNING, "RFC 8461 section 3.2, erratum 6253",
    "lines end with LF only; the RFC's grammar allows that, but its text and some checkers do not",
    "end every line with CRLF",
    None, _HOST, Page.FORMAT, "C A M L",
)
POLICY_LINE_END_MIXED = Check(
    "policy-line-end-mixed", Severity.WARNING, "RFC 8461 section 3.2, erratum 6253",
    "lines end with LF and with CRLF",
    "end every line with CRLF",
    None, _HOST, Page.FORMAT, "C A M L",
)
POLICY_VERSION_NOT_FIRST = Check(
    "policy-version-not-first", Severity.WARNING, _GOOGLE,
    "version is not on the first line; Google requires it there",
    "put version: STSv1 first",
    None, _HOST, Page.FORMAT, "C P Z G R A N L",
)
POLICY_KEY_DUPLICATE = Check(
    "policy-key-duplicate", Severity.WARNING, _GRAMMAR,
    "a key appears twice; senders take the first",
    "remove the later line",
    None, _HOST, Page.FORMAT, "N C A M",
)
POLICY_KEY_NEAR_MISS = Check(
    "policy-key-near-miss", Severity.WARNING, _GRAMMAR,
    "a key is misspelt: senders ignore the line",
    "write version, mode, mx or max_age",
    None, _HOST, Page.FORMAT,
)
POLICY_KEY_UNKNOWN = Check(
    "policy-key-unknown", Severity.INFO, _GRAMMAR,
    "the RFC does not define a key; senders ignore the line",
    "remove the line, unless an extension needs it",
    None, _HOST, Page.FORMAT, "N L C A",
)
POLICY_VALUE_NOT_ASCII = Check(
    "policy-value-not-ascii", Severity.WARNING, _GRAMMAR,
    "the value of an extension is not ASCII: the grammar allows UTF-8, but some senders do not",
    "write ASCII only",
    None, _HOST, Page.FORMAT,
)
POLICY_MAX_AGE_TINY = Check(
    "policy-max-age-tiny", Severity.WARNING, _GOOGLE,
    "max_age is under a day, which Google does not honour",
    "max_age: 604800",
    None, _HOST, Page.FORMAT, "A",
)
POLICY_MAX_AGE_SHORT = Check(
    "policy-max-age-short", Severity.WARNING, f"RFC 8461 section 10.2; {_NCSC}",
    "senders may forget an enforced policy within two weeks",
    "max_age: 1209600",
    None, _HOST, Page.FORMAT, "N A M",
)
POLICY_MAX_AGE_SHORT_TESTING = Check(
    "policy-max-age-short-testing", Severity.INFO, f"RFC 8461 section 3.2; {_NCSC}",
    "max_age is under a week; the RFC expects weeks or more",
    "max_age: 604800",
    None, _HOST, Page.FORMAT, "N A M",
)
POLICY_MAX_AGE_LONG = Check(
    "policy-max-age-long", Severity.INFO, "RFC 8461 section 8.3",
    "senders keep mode none for longer than necessary",
    "max_age: 86400",
    None, _HOST, Page.FORMAT,
)
POLICY_MX_WIDE = Check(
    "policy-mx-wide", Severity.WARNING, "RFC 8461 section 10.4",
    "a wildcard covers the whole domain: any host of the domain may receive its mail",
    "name the MX hosts",
    None, _HOST, Page.FORMAT,
)
POLICY_MX_PUBLIC = Check(
    "policy-mx-public", Severity.WARNING, "RFC 8461 section 10.4",
    "a wildcard covers a public suffix: any domain registered there may receive the mail",
    "name the MX hosts",
    None, _HOST, Page.FORMAT,
)
POLICY_MX_SINGLE_LABEL = Check(
    "policy-mx-single-label", Severity.WARNING, "RFC 8461 section 4.1",
    "an mx of a single label names no public host",
    "write the MX host's full name",
    None, _HOST, Page.FORMAT,
)
POLICY_MX_NOT_CERTIFIABLE = Check(
    "policy-mx-not-certifiable", Severity.WARNING, "RFC 8461 section 4.2",
    "no public authority issues certificates for names under this top-level domain",
    "write a name in public DNS",
    None, _HOST, Page.FORMAT,
)
POLICY_MX_DUPLICATE = Check(
    "policy-mx-duplicate", Severity.WARNING, _GRAMMAR,
    "an mx appears twice",
    "remove the later line",
    None, _HOST, Page.FORMAT,
)
POLICY_MX_REDUNDANT = Check(
    "policy-mx-redundant", Severity.INFO, "RFC 8461 section 4.1",
    "an mx is covered by a wildcard already",
    "keep the named hosts and remove the wildcard",
    None, _HOST, Page.FORMAT,
)
POLICY_MX_UNUSED = Check(
    "policy-mx-unused", Severity.INFO, _GRAMMAR,
    "an mx in a policy of mode none has no effect",
    "remove the line",
    None, _HOST, Page.FORMAT,
)
POLICY_MODE_TESTING = Check(
    "policy-mode-testing", Severity.INFO, "RFC 8461 section 5",
    "mode testing: senders report failures, and deliver anyway",
    "write mode: enforce after two weeks of reports without failures",
    None, _HOST, Page.FORMAT, "N L A",
)
POLICY_MODE_NONE = Check(
    "policy-mode-none", Severity.INFO, "RFC 8461 section 8.3",
    "mode none: senders treat the domain as if it had no policy",
    "write mode: testing, unless the policy is being withdrawn",
    None, _HOST, Page.FORMAT, "N L A",
)
# fmt: on
