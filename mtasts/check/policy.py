"""What a careful publisher should be told about a policy body (RFC 8461 section 3.2)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.findings import Finding, Severity, printable
from mtasts.policy import MAX_AGE_LIMIT, Field, Mode, Policy, Reading, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BODY_LIMIT = 65_536
_DAY = 86_400
_ENFORCE_SHORT = 14 * _DAY
_GRAMMAR = "RFC 8461 section 3.2"
_GOOGLE = "Google Workspace Admin Help on MTA-STS"
_NCSC = "NCSC Mail Check rule on max_age"
_LINES = "write only 'key: value' lines that end with CRLF"
_REAL_KEYS = {key.replace("_", ""): key for key in ("version", "mode", "mx", "max_age")}

# id: severity, clause, what is wrong, how to put it right: a row for every finding made here.
CATALOGUE: dict[str, tuple[Severity, str, str, str]] = {
    "policy-empty": (Severity.ERROR, _GRAMMAR, "the body is empty", "serve the policy's lines"),
    "policy-html": (
        Severity.ERROR, _GRAMMAR, "the body is a web page, not a policy",
        "serve the policy itself at /.well-known/mta-sts.txt",
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
    "policy-mx-address": (
        Severity.ERROR, "RFC 8461 section 4.1", "an mx is an address, which no certificate matches",
        "write the MX host's name",
    ),
    "policy-mx-uncovered": (
        Severity.ERROR, "RFC 8461 section 4.1", "an MX host is covered by no mx of the policy",
        "add an mx line for the host before it receives mail",
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
        "a key differs from a real one by case, hyphen or underscore; senders ignore it",
        "write version, mode, mx or max_age",
    ),
    "policy-max-age-tiny": (
        Severity.WARNING, _GOOGLE, "max_age is under a day, which Google does not honour",
        "max_age: 604800",
    ),
    "policy-max-age-short": (
        Severity.WARNING, f"RFC 8461 section 10.2; {_NCSC}",
        "senders may forget an enforced policy within two weeks", "max_age: 1209600",
    ),
    "policy-mx-wide": (
        Severity.WARNING, "RFC 8461 section 10.4",
        "a wildcard is as wide as the domain: whoever runs any host there may receive its mail",
        "name the MX hosts",
    ),
    "policy-mx-public": (
        Severity.WARNING, "RFC 8461 section 10.4",
        "a wildcard over a single label admits any domain registered there", "name the MX hosts",
    ),
    "policy-mx-single-label": (
        Severity.WARNING, "RFC 8461 section 4.1", "an mx of a single label names no public host",
        "write the MX host's full name",
    ),
    "policy-mx-duplicate": (
        Severity.WARNING, _GRAMMAR, "an mx stands twice", "remove the later line",
    ),
    "policy-mx-redundant": (
        Severity.INFO, "RFC 8461 section 4.1", "an mx is covered by a wildcard already",
        "keep the narrower lines, remove the wildcard",
    ),
    "policy-mode-testing": (
        Severity.INFO, "RFC 8461 section 5", "testing: senders report, and deliver all the same",
        "mode: enforce, once two weeks of reports are clean",
    ),
    "policy-mode-none": (
        Severity.INFO, "RFC 8461 section 8.3", "none: senders treat the domain as without a policy",
        "mode: testing, unless the policy is being withdrawn",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """A reading with what there is to say about it; ``valid`` is the strict RFC reading alone."""

    policy: Policy | None
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Whether a sender takes a policy from the body."""
        return self.policy is not None


def finding(code: str, evidence: bytes | str = b"", line: int = 0) -> Finding:
    """The finding of the catalogue row ``code``."""
    severity, clause, summary, fix = CATALOGUE[code]
    where = f"line {line}: " if line else ""
    return Finding(code, severity, f"{where}{summary}", clause, printable(evidence), fix)


def check_policy(body: bytes, *, domain: str | None = None, mx: Sequence[str] = ()) -> PolicyReport:
    """Everything to be said about ``body``, all at once.

    ``domain`` is the policy domain and ``mx`` hosts that receive its mail, both spelt as
    `parse_domain` returns them.
    """
    if len(body) > BODY_LIMIT:
        # Senders need not read further, and neither do we: the rest is not judged.
        return PolicyReport(None, (finding("policy-body-large", f"{len(body)} bytes or more"),))
    reading = read(body)
    findings = [
        *_syntax(body, reading),
        *_lines(body, reading),
        *_keys(reading.fields),
        *_patterns(reading.fields, domain),
        *_meaning(reading.policy),
    ]
    if reading.policy is not None and reading.policy.mode is not Mode.NONE:
        findings += [
            finding("policy-mx-uncovered", host) for host in mx if not reading.policy.covers(host)
        ]
    findings.sort(key=lambda one: -one.severity)
    return PolicyReport(reading.policy, tuple(findings))


def _syntax(body: bytes, reading: Reading) -> Iterator[Finding]:
    if body.lstrip()[:1] == b"<":
        yield finding("policy-html", body.lstrip())
    seen: dict[str, int] = {}
    for problem in reading.problems:
        code = problem.code
        if code == "policy-mode-unknown" and problem.evidence == b"report":
            code = "policy-mode-report"
        seen[code] = seen.get(code, 0) + 1
        # A page of HTML breaks every line in one way: the first few tell the story.
        if seen[code] <= 3:
            yield finding(code, problem.evidence, problem.line)


def _lines(body: bytes, reading: Reading) -> Iterator[Finding]:
    crlf = body.count(b"\r\n")
    bare = body.count(b"\n") - crlf
    if bare:
        yield finding("policy-line-end-mixed" if crlf else "policy-line-end-lf", f"{bare} LF")
    first = reading.fields[0] if reading.fields else None
    if first and first.key != b"version" and any(f.key == b"version" for f in reading.fields):
        yield finding("policy-version-not-first", first.key, first.line)


def _keys(fields: Sequence[Field]) -> Iterator[Finding]:
    seen: set[bytes] = set()
    for field in fields:
        key = field.key.decode("ascii")
        squeezed = key.lower().replace("-", "").replace("_", "").replace(".", "")
        if _REAL_KEYS.get(squeezed, key) != key:
            yield finding("policy-key-near-miss", field.key, field.line)
        if field.key in seen and field.key != b"mx":
            yield finding("policy-key-duplicate", field.key, field.line)
        seen.add(field.key)


def _patterns(fields: Sequence[Field], domain: str | None) -> Iterator[Finding]:
    rows = [(field, field.value.lower()) for field in fields if field.key == b"mx"]
    wide = {value[2:] for _, value in rows if value.startswith(b"*.")}
    seen: set[bytes] = set()
    for field, value in rows:
        host = value.removeprefix(b"*.")
        if value in seen:
            yield finding("policy-mx-duplicate", value, field.line)
        elif not value.startswith(b"*.") and host.partition(b".")[2] in wide:
            yield finding("policy-mx-redundant", value, field.line)
        seen.add(value)
        if _is_address(host):
            yield finding("policy-mx-address", value, field.line)
        elif value.startswith(b"*.") and b"." not in host:
            yield finding("policy-mx-public", value, field.line)
        elif value.startswith(b"*.") and domain is not None and host == domain.encode("ascii"):
            yield finding("policy-mx-wide", value, field.line)
        elif b"." not in host and host:
            yield finding("policy-mx-single-label", value, field.line)


def _is_address(host: bytes) -> bool:
    text = host.decode("utf-8").strip("[]")
    text = text.removeprefix("ipv6:")
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _meaning(policy: Policy | None) -> Iterator[Finding]:
    if policy is None:
        return
    age = f"max_age: {policy.max_age}"
    if policy.max_age < _DAY:
        yield finding("policy-max-age-tiny", age)
    elif policy.mode is Mode.ENFORCE and policy.max_age < _ENFORCE_SHORT:
        yield finding("policy-max-age-short", age)
    if policy.mode is not Mode.ENFORCE:
        yield finding(f"policy-mode-{policy.mode}", f"mode: {policy.mode}")
