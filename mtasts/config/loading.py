"""From a stack's config to the typed model: every field read, every rule applied, one report."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from mtasts.config import fields, hosts, rules, source
from mtasts.config.credentials import check_credentials
from mtasts.config.domain_rules import DomainKeys, check_domain
from mtasts.config.fields import PROJECT, FieldError, shown
from mtasts.config.mistakes import Mistake
from mtasts.config.model import (
    OVERRIDE_DAYS,
    AgencyConfig,
    ConfigError,
    DomainConfig,
    Hosting,
    Override,
    Profile,
    ReportTrust,
    Waiver,
)
from mtasts.config.move_rules import leaving_dns
from mtasts.config.report import Report
from mtasts.config.schema import (
    DEFAULT_CACHE_SECONDS,
    DEFAULT_MAX_AGE,
    DEFAULT_SETTLE_SECONDS,
    DEFAULT_TTL_SECONDS,
    RETIRED_MAX_AGE,
    DomainFields,
    Fields,
    OverrideFields,
    StackFields,
    default_proof_seconds,
)
from mtasts.config.stack_rules import StackKeys, check_stack
from mtasts.findings import printable
from mtasts.policy import Mode
from mtasts.zones import Dns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

_DOMAINS = "mtasts:domains"
_LISTS = {
    "mx": hosts.mx_pattern,
    "dkimSelectors": fields.dkim_selector,
    "tlsReports": hosts.report_uri,
}
_EXAMPLES = {
    "mtasts:agency": "Department of Examples",
    "name": "example.gov",
    "mx": "[mail1.example.gov], or [] for a domain that receives no mail",
    "for": f"[evidence], or what else it lets past: {', '.join(Waiver)}",
    "reason": "why it may be passed",
    "approvedBy": "who decided it",
    "expires": f"2027-01-31, a day within {OVERRIDE_DAYS} days",
}
_F = TypeVar("_F", bound=Fields)


def load(
    values: Mapping[str, object],
    *,
    file: str,
    secret_keys: Collection[str] = (),
    has_namespace: bool = True,
) -> AgencyConfig:
    """The model of a whole ``config:`` mapping, its keys with their namespaces.

    Values are typed, or texts as Pulumi hands them to a program: lists and mappings as JSON, whole
    numbers as digits. ``secret_keys`` are those Pulumi decrypted; ``file`` is named in messages,
    and the keys with the namespace ``mtasts:`` if the file ``has_namespace``.

    Raises:
        ConfigError: with every problem there is.
    """
    report = Report(printable(file, 1024), has_namespace=has_namespace)
    return _load(values, report, secret_keys)


def load_file(path: Path) -> AgencyConfig:
    """The model of a stack file, read as Pulumi reads it.

    Raises:
        ConfigError: the file or a key is wrong; the error has every mistake.
    """
    return load_stack(path)[0]


def load_stack(path: Path) -> tuple[AgencyConfig, Mapping[str, object]]:
    """The model of a stack file, and all of its values, other namespaces included.

    Raises:
        ConfigError: every problem of the file, before any call to a cloud.
    """
    file = str(path)
    try:
        read = source.parse(source.read(path))
    except source.SourceError as error:
        raise _unreadable(file, error) from error
    return _load_source(read, file), read.values


def load_text(raw: bytes, *, file: str) -> AgencyConfig:
    """The model from the bytes of a stack file.

    Raises:
        ConfigError: the file or a key is wrong; the error has every mistake.
    """
    try:
        read = source.parse(raw)
    except source.SourceError as error:
        raise _unreadable(file, error) from error
    return _load_source(read, file)


def _load_source(read: source.Source, file: str) -> AgencyConfig:
    report = Report(printable(file, 1024), read.lines)
    for problem in read.problems:
        report.add(problem.key, problem.error, line=problem.line)
    return _load(read.values, report)


def _unreadable(file: str, error: source.SourceError) -> ConfigError:
    report = Report(printable(file, 1024))
    report.add(error.problem.key, error.problem.error, line=error.problem.line)
    return ConfigError(report.file, report.findings)


def _load(
    values: Mapping[str, object], report: Report, secret_keys: Collection[str] = ()
) -> AgencyConfig:
    rules.check_namespaces(values, report)
    check_credentials(values, secret_keys, report)
    known = set(StackFields.known_keys()) | {_DOMAINS}
    raw = fields.mapping(
        {
            key: {"secure": ""} if key in secret_keys else value
            for key, value in values.items()
            if key in known or key.startswith(f"{PROJECT}:")
        }
    )
    entries = _entries(raw.pop(_DOMAINS, None), report)
    stack = _read(StackFields, raw, "", report)
    rules.check_repeated_items(raw.get(rules.REPORTS), hosts.report_uri, rules.REPORTS, report)
    hosting = stack.hosting or Hosting.AWS
    dns = stack.dns or (Dns.CLOUDFLARE if hosting is Hosting.CLOUDFLARE else Dns.ROUTE53)
    domains = [
        (_read(DomainFields, entry, _entry_path(index), report), entry, _entry_path(index))
        for index, entry in entries.items()
    ]
    keys = StackKeys(stack, raw, hosting, dns)
    check_stack(keys, report)
    rules.check_names(domains, report)
    rules.check_external_ids(domains, report)
    for domain, entry, path in domains:
        check_domain(DomainKeys(domain, keys), path, report)
        rules.check_override(domain.override, path, report)
        for key, parse in _LISTS.items():
            rules.check_repeated_items(entry.get(key), parse, f"{path}.{key}", report)
    rules.check_reports(raw, [entry for _, entry, _ in domains], report)
    if report.findings:
        raise ConfigError(report.file, report.findings)
    return AgencyConfig(
        agency=stack.agency or "",
        profile=stack.profile or Profile.RFC,
        hosting=hosting,
        dns=dns,
        region=stack.region,
        allowed_account_ids=tuple(stack.allowed_account_ids or ()),
        cache_seconds=stack.cache_seconds or DEFAULT_CACHE_SECONDS,
        proof_seconds=stack.proof_seconds or default_proof_seconds(hosting, stack.leaving),
        domains=tuple(_resolve(domain, stack) for domain, _, _ in domains),
        file=report.file,
        alarm_topic=stack.alarm_topic,
        cloudflare_account=stack.cloudflare_account,
        leaving=stack.leaving,
        leaving_dns=leaving_dns(stack, hosting, dns),
        settle_seconds=stack.settle_seconds or DEFAULT_SETTLE_SECONDS,
        report_trust=stack.report_trust or ReportTrust.VERIFIED,
    )


def _entry_path(index: int) -> str:
    return f"{_DOMAINS}[{index}]"


def _entries(value: object, report: Report) -> dict[int, dict[str, object]]:
    """The entries of ``mtasts:domains`` that are mappings, by their place in the list."""
    entries: dict[int, dict[str, object]] = {}
    try:
        value = fields.from_json(fields.plain(value))
    except FieldError as error:
        report.add(_DOMAINS, error)
        return entries
    if not isinstance(value, list) or not value:
        why = f"{shown(value)} is no list" if value else "no domain is listed"
        fix = (
            "list at least one entry: - name: example.gov; a stack whose domains are all retired "
            "is given up by pulumi destroy -s STACK (mtasts docs retirement)"
        )
        report.add(_DOMAINS, FieldError(Mistake.NO_DOMAINS, why, fix))
        return entries
    for index, entry in enumerate(value):
        try:
            entries[index] = fields.mapping(entry)
        except FieldError as error:
            report.add(_entry_path(index), error, value=entry)
    return entries


def _read(kind: type[_F], raw: Mapping[str, object], path: str, report: Report) -> _F:
    """The valid fields of ``raw``; wrong ones are reported and left out."""
    prefix = f"{path}." if path else ""
    for key in kind.REQUIRED:
        if key not in raw:
            report.add(prefix + key, _missing(key))
    good = dict(raw)
    for key in [key for key, value in raw.items() if value is None and key in kind.known_keys()]:
        del good[key]
        report.add(
            prefix + key,
            FieldError(Mistake.EMPTY, "the value is empty", "write a value or remove the key"),
        )
    try:
        return kind.model_validate(good)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            place = _path(prefix, detail["loc"])
            report.add(place, _field_error(kind, detail), value=detail["input"])
            good.pop(str(detail["loc"][0]), None)
    return kind.model_validate(good)


def _path(prefix: str, location: Iterable[str | int]) -> str:
    path = prefix
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += step if path == prefix else f".{step}"
    return path


def _field_error(kind: type[Fields], detail: ErrorDetails) -> FieldError:
    """What our own parser said, or what pydantic's only two own complaints mean here."""
    if detail["type"] == "extra_forbidden":
        inner = len(detail["loc"]) > 1
        return _unknown_key(OverrideFields if inner else kind, str(detail["loc"][-1]))
    if detail["type"] == "missing":
        return _missing(str(detail["loc"][-1]))
    error: FieldError = detail["ctx"]["error"]
    return error


def _missing(key: str) -> FieldError:
    return FieldError(Mistake.MISSING_KEY, "the key is missing", f"add {key}: {_EXAMPLES[key]}")


def _unknown_key(kind: type[Fields], key: str) -> FieldError:
    """An unknown key, with the place or the spelling that was probably meant."""
    bare = key.removeprefix(f"{PROJECT}:")
    stack_key = f"{PROJECT}:{bare}"
    words = [*kind.known_keys(), *([_DOMAINS] if kind is StackFields else [])]
    if kind is StackFields and bare in DomainFields.known_keys():
        fix = f"move {bare} into an entry of {_DOMAINS}"
    elif kind is not StackFields and stack_key in StackFields.known_keys():
        fix = f"it is set for the whole stack: {stack_key}"
    elif guess := fields.did_you_mean(key, words):
        fix = f"did you mean {guess}?"
    else:
        fix = f"remove it; {fields.REFERENCE} lists the keys"
    return FieldError(Mistake.UNKNOWN_KEY, f"'{printable(key)}' is no known key", fix)


def _mode(domain: DomainFields, stack: StackFields, *, emergency: bool) -> Mode:
    if domain.retire:
        return Mode.NONE
    return Mode.TESTING if emergency else domain.mode or stack.mode or Mode.TESTING


def _resolve(domain: DomainFields, stack: StackFields) -> DomainConfig:
    is_live = bool(domain.mx) and not domain.retire
    emergency = is_live and (domain.emergency or stack.emergency) is not None
    return DomainConfig(
        name=domain.name or "",
        mx=tuple(domain.mx or ()),
        mode=_mode(domain, stack, emergency=emergency),
        max_age=RETIRED_MAX_AGE
        if domain.retire
        else domain.max_age or stack.max_age or DEFAULT_MAX_AGE,
        ttl_seconds=domain.ttl or stack.ttl or DEFAULT_TTL_SECONDS,
        tls_reports=tuple(domain.tls_reports or stack.tls_reports or ()),
        dkim_selectors=tuple(domain.dkim_selectors or ()),
        zone_id=domain.zone_id,
        dns_role_arn=domain.dns_role_arn,
        dns_role_external_id=domain.dns_role_external_id,
        reroll=domain.reroll or stack.reroll or "",
        override=_override(domain.override),
        retire=bool(domain.retire),
        delegation_zone=stack.delegation_zone,
        emergency=emergency,
    )


def _override(found: OverrideFields | None) -> Override | None:
    if found is None:
        return None
    return Override(
        frozenset(found.waives), found.reason, found.approved_by, found.expires, found.begins
    )
