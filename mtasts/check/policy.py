"""What a careful publisher should be told about a policy body (RFC 8461 section 3.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.check.row import rows_of
from mtasts.check.table import policy as checks
from mtasts.check.table.policy import BODY_LIMIT, JUDGED_LIMIT
from mtasts.findings import Severity, ordered
from mtasts.names import DomainNameError, MxPattern
from mtasts.policy import MAX_AGE_LIMIT, VERSION, Field, Mode, Policy, Reading, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtasts.check.row import Check
    from mtasts.findings import Finding

_DAY = 86_400
# The parser names each problem by the id of the check that it becomes.
_OF_PROBLEM = rows_of(checks)
_SQUEEZE = str.maketrans("", "", "-_.")
_MODES = {str(mode): mode for mode in Mode}
_KEYS = {key.replace("_", ""): key for key in ("version", "mode", "mx", "max_age")}
# Top-level domains for use within a network (RFC 6761, RFC 8375, RFC 9476 and ICANN's list of names
# that are never delegated). Those that documents use are left alone.
_PRIVATE_TLDS = frozenset(
    ("alt", "corp", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost")
)
# Second-level names under which country registries let anybody register.
_REGISTRY_LABELS = frozenset(
    ("ac", "co", "com", "edu", "gob", "gouv", "gov", "govt", "mil", "ne", "net", "or", "org")
)


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """A reading with what there is to say about it; ``valid`` is the strict RFC reading alone."""

    policy: Policy | None
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Whether a sender takes a policy from the body."""
        return self.policy is not None


def check_policy(body: bytes, *, domain: str | None = None, mx: Sequence[str] = ()) -> PolicyReport:
    """Everything to be said about ``body``, all at once, the gravest first.

    ``domain`` is the policy domain and ``mx`` hosts that receive its mail, both spelt as
    `parse_domain` returns them.
    """
    if len(body) > JUDGED_LIMIT:
        unread = checks.POLICY_BODY_UNREAD.finding(f"{len(body)} bytes or more")
        return PolicyReport(None, (unread,))
    reading = read(body)
    patterns = list(_readable_patterns(reading.fields))
    found = [
        *_syntax(reading),
        *_lines(body, reading.fields),
        *_keys(reading.fields),
        *_duplicates(patterns),
        *(one for line, pattern in patterns for one in _pattern(line, pattern, domain)),
        *_meaning(reading),
        *_uncovered(reading.policy, mx),
    ]
    return PolicyReport(reading.policy, ordered(found))


def _syntax(reading: Reading) -> Iterator[Finding]:
    mode = next((f.value.decode("utf-8") for f in reading.fields if f.key == b"mode"), None)
    for problem in reading.problems:
        check, fix = _OF_PROBLEM[problem.code], ""
        if check in (checks.POLICY_MAX_AGE_MISSING, checks.POLICY_MAX_AGE_MALFORMED):
            fix = f"max_age: {_max_age_for(mode)}"
        elif check is checks.POLICY_MX_MALFORMED:
            check, fix = _mx_fault(problem.evidence)
        elif check is checks.POLICY_MODE_UNKNOWN:
            check, fix = _mode_fault(problem.evidence)
        elif check is checks.POLICY_KEY_SPACE:
            key, _, value = problem.evidence.decode("utf-8", "replace").partition(":")
            fix = _valid_line(_real_key(key.strip()) or key.strip(), value.strip())
        yield check.finding(problem.evidence, line=problem.line, fix=fix)


def _mode_fault(value: bytes) -> tuple[Check, str]:
    """The check for a mode that is none, and the line that was meant."""
    if value == b"report":
        return checks.POLICY_MODE_REPORT, ""
    return checks.POLICY_MODE_UNKNOWN, _valid_line("mode", value.lower().decode("utf-8"))


def _mx_fault(value: bytes) -> tuple[Check, str]:
    """What is wrong with an mx value, and the line that was meant where that is plain."""
    text = value.decode("utf-8", "replace")
    faults = (
        (not text.isascii(), checks.POLICY_MX_U_LABEL, text),
        (text == ".", checks.POLICY_MX_NULL, ""),
        (_is_address(text), checks.POLICY_MX_ADDRESS, ""),
        (re.fullmatch(r"[0-9]+ +\S+", text), checks.POLICY_MX_PREFERENCE, text.rpartition(" ")[2]),
        (re.search(r"[,; ]", text), checks.POLICY_MX_SEVERAL, ""),
        (text.startswith("."), checks.POLICY_MX_LEADING_DOT, f"*{text}"),
        (text.endswith("."), checks.POLICY_MX_TRAILING_DOT, text),
        ("*" in text.removeprefix("*."), checks.POLICY_MX_WILDCARD_MALFORMED, ""),
    )
    for applies, check, meant in faults:
        if applies:
            return check, _meant(meant)
    return checks.POLICY_MX_MALFORMED, ""


def _meant(text: str) -> str:
    try:
        return _valid_line("mx", str(MxPattern.parse(text)))
    except DomainNameError:
        return ""


def _valid_line(key: str, value: str) -> str:
    """The line ``key: value``, if a policy with it has no finding about it; else nothing."""
    lines = {"version": VERSION, "mode": Mode.TESTING, "mx": "mx.example.gov"}
    lines |= {"max_age": _max_age_for(Mode.ENFORCE), key: value}
    body = "".join(f"{each}: {text}\r\n" for each, text in lines.items())
    reading = read(body.encode("utf-8", "surrogateescape"))
    if reading.policy is None:
        return ""
    patterns = [one for pattern in reading.policy.mx for one in _pattern(0, pattern, None)]
    ages = [one for one in _max_age(reading.policy) if one.severity > Severity.INFO]
    return "" if patterns or ages else f"{key}: {value}"


def _max_age_for(mode: str | None) -> str:
    """A max_age, in seconds, that is not too short for the mode, nor longer than it needs."""
    days = {Mode.ENFORCE: 14, Mode.NONE: 1}.get(_MODES.get(mode or "", Mode.TESTING), 7)
    return str(days * _DAY)


def _real_key(key: str) -> str | None:
    """The key of RFC 8461 that ``key`` is, or is one slip away from: ``max-age``, ``mx1``, ``nmx``.

    A number at its end does not count, nor do case, hyphens and underscores.
    """
    squeezed = key.lower().translate(_SQUEEZE)
    if squeezed in _KEYS:
        return _KEYS[squeezed]
    bare = squeezed.rstrip("0123456789")
    return next((real for near, real in _KEYS.items() if _is_one_slip(bare, near)), None)


def _is_one_slip(text: str, meant: str) -> bool:
    """Whether one character too many, too few, or wrong, at most, keeps ``text`` from ``meant``.

    Of a key of two characters only one too many: any other word is as near.
    """
    if text == meant:
        return True
    without = {text[:index] + text[index + 1 :] for index in range(len(text))}
    if meant in without:
        return True
    short = {meant[:index] + meant[index + 1 :] for index in range(len(meant))}
    return len(meant) > 2 and (text in short or not without.isdisjoint(short))


def _is_address(text: str) -> bool:
    bare = text.removeprefix("[").removesuffix("]")
    if not (":" in bare or bare[-1:].isdigit()):
        return False
    import ipaddress  # few policies need it; start-up time counts

    try:
        ipaddress.ip_address(bare[5:] if bare[:5].lower() == "ipv6:" else bare)
    except ValueError:
        return False
    return True


def _lines(body: bytes, fields: Sequence[Field]) -> Iterator[Finding]:
    """What is legal in the lines as such, and does not reach every sender."""
    if len(body) > BODY_LIMIT:
        yield checks.POLICY_BODY_LARGE.finding(f"{len(body)} bytes")
    crlf = body.count(b"\r\n")
    bare = body.count(b"\n") - crlf
    if bare and body.strip():
        check = checks.POLICY_LINE_END_MIXED if crlf else checks.POLICY_LINE_END_LF
        yield check.finding(f"{bare} LF")
    if fields and fields[0].key != b"version" and any(f.key == b"version" for f in fields):
        yield checks.POLICY_VERSION_NOT_FIRST.finding(fields[0].key, line=fields[0].line)


def _keys(fields: Sequence[Field]) -> Iterator[Finding]:
    seen: set[bytes] = set()
    for field in fields:
        key = field.key.decode("ascii")
        real = _real_key(key)
        if real is None:
            yield checks.POLICY_KEY_UNKNOWN.finding(field.key, line=field.line)
            if not field.value.isascii():
                yield checks.POLICY_VALUE_NOT_ASCII.finding(field.value, line=field.line)
        elif real != key:
            fix = _valid_line(real, field.value.decode("utf-8"))
            yield checks.POLICY_KEY_NEAR_MISS.finding(field.key, line=field.line, fix=fix)
        if field.key in seen and field.key != b"mx":
            yield checks.POLICY_KEY_DUPLICATE.finding(field.key, line=field.line)
        seen.add(field.key)


def _readable_patterns(fields: Sequence[Field]) -> Iterator[tuple[int, MxPattern]]:
    """The mx that can be judged, in a policy that may be wrong elsewhere."""
    for field in fields:
        if field.key == b"mx" and not field.value.endswith(b"."):
            try:
                yield field.line, MxPattern.parse(field.value.decode("ascii"))
            except (DomainNameError, UnicodeDecodeError):
                continue


def _duplicates(patterns: Sequence[tuple[int, MxPattern]]) -> Iterator[Finding]:
    wide = {pattern.domain for _, pattern in patterns if pattern.wildcard}
    seen: set[MxPattern] = set()
    for line, pattern in patterns:
        if pattern in seen:
            yield checks.POLICY_MX_DUPLICATE.finding(str(pattern), line=line)
        elif not pattern.wildcard and pattern.domain.partition(".")[2] in wide:
            yield checks.POLICY_MX_REDUNDANT.finding(str(pattern), line=line)
        seen.add(pattern)


def _pattern(line: int, pattern: MxPattern, domain: str | None) -> Iterator[Finding]:
    """What one mx that follows the grammar lets in, or can never match."""
    host, shown = pattern.domain, str(pattern)
    tld = host.rpartition(".")[2]
    if _is_address(host):
        yield checks.POLICY_MX_ADDRESS.finding(shown, line=line)
    elif tld in _PRIVATE_TLDS or tld.isdigit():
        yield checks.POLICY_MX_NOT_CERTIFIABLE.finding(shown, line=line)
    elif pattern.wildcard and _is_public_suffix(host):
        yield checks.POLICY_MX_PUBLIC.finding(shown, line=line)
    elif "." not in host:
        yield checks.POLICY_MX_SINGLE_LABEL.finding(shown, line=line)
    if pattern.wildcard and domain is not None and f".{domain}".endswith(f".{host}"):
        yield checks.POLICY_MX_WIDE.finding(shown, line=line)


def _is_public_suffix(name: str) -> bool:
    """Whether strangers register under ``name``: a guess that errs on the side of silence."""
    label, _, tld = name.rpartition(".")
    return not label or (len(tld) == 2 and label in _REGISTRY_LABELS)


def _meaning(reading: Reading) -> Iterator[Finding]:
    """What the policy as a whole amounts to."""
    policy = reading.policy
    if policy is None:
        return
    yield from _max_age(policy)
    if policy.mode is not Mode.ENFORCE:
        testing = policy.mode is Mode.TESTING
        check = checks.POLICY_MODE_TESTING if testing else checks.POLICY_MODE_NONE
        yield check.finding(f"mode: {policy.mode}")
    if policy.mode is Mode.NONE and policy.mx:
        line = next(field.line for field in reading.fields if field.key == b"mx")
        yield checks.POLICY_MX_UNUSED.finding(str(policy.mx[0]), line=line)


def _max_age(policy: Policy) -> Iterator[Finding]:
    age = f"max_age: {policy.max_age}"
    if policy.max_age > MAX_AGE_LIMIT:
        yield checks.POLICY_MAX_AGE_OVER.finding(age)
    elif policy.max_age < _DAY:
        yield checks.POLICY_MAX_AGE_TINY.finding(age, fix=f"max_age: {_max_age_for(policy.mode)}")
    elif policy.mode is Mode.ENFORCE and policy.max_age < 14 * _DAY:
        yield checks.POLICY_MAX_AGE_SHORT.finding(age)
    elif policy.mode is Mode.TESTING and policy.max_age < 7 * _DAY:
        yield checks.POLICY_MAX_AGE_SHORT_TESTING.finding(age)
    if policy.mode is Mode.NONE and _DAY < policy.max_age <= MAX_AGE_LIMIT:
        yield checks.POLICY_MAX_AGE_LONG.finding(age)


def _uncovered(policy: Policy | None, hosts: Sequence[str]) -> Iterator[Finding]:
    if policy is None or policy.mode is Mode.NONE:
        return
    for host in hosts:
        if not policy.covers(host):
            yield checks.POLICY_MX_UNCOVERED.finding(host, fix=_valid_line("mx", host))
