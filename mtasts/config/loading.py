"""From a stack's config to the typed model: every field read, every rule applied, one report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import DEFAULT_CLOUD
from mtasts.config import fields, hosts, rules, source
from mtasts.config.agency import agency_config
from mtasts.config.credentials import check_credentials
from mtasts.config.domain_rules import DomainKeys, check_domain
from mtasts.config.fields import PROJECT, FieldError, shown
from mtasts.config.inbox import INBOX, InboxConfig, is_inbox, refuse_inbox
from mtasts.config.mistakes import Mistake
from mtasts.config.model import ConfigError
from mtasts.config.reading import DOMAINS, read_fields
from mtasts.config.report import Report
from mtasts.config.schema import DomainFields, StackFields
from mtasts.config.stack_rules import StackKeys, check_stack
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from mtasts.config.agency import AgencyConfig

    # The valid keys of an entry of mtasts:domains, the entry as it was written, and its place.
    _Entry: TypeAlias = tuple[DomainFields, Mapping[str, object], str]

_LISTS = {
    "mx": hosts.mx_pattern,
    "dkimSelectors": fields.dkim_selector,
    "tlsReports": hosts.report_uri,
}


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


def secrets_provider(path: Path) -> str | None:
    """The URL of the service that encrypts the secrets of a stack file, such as a key of AWS KMS.

    None if no service does: the engine derives the key from a passphrase, or Pulumi Cloud has it.

    Raises:
        ConfigError: the file cannot be read as a stack file.
    """
    try:
        found = source.parse(source.read(path)).other_keys.get("secretsprovider")
    except source.SourceError as error:
        raise _unreadable(str(path), error) from error
    return str(found) if "://" in str(found) else None


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


def load_inbox(
    values: Mapping[str, object],
    *,
    file: str,
    secret_keys: Collection[str] = (),
    has_namespace: bool = True,
) -> InboxConfig:
    """The model of a whole ``config:`` mapping with ``mtasts:inbox``; arguments as for `load`.

    Raises:
        ConfigError: with every problem there is.
    """
    report = Report(printable(file, 1024), has_namespace=has_namespace)
    from mtasts.config.inbox_schema import read_inbox  # 8 ms

    return read_inbox(values, report, secret_keys)


def load_inbox_stack(path: Path) -> tuple[InboxConfig, Mapping[str, object]]:
    """The model of the stack file of an inbox, and all of its values.

    Raises:
        ConfigError: every problem of the file, before any call to a cloud.
    """
    file = str(path)
    try:
        read = source.parse(source.read(path))
    except source.SourceError as error:
        raise _unreadable(file, error) from error
    from mtasts.config.inbox_schema import read_inbox  # as above

    return read_inbox(read.values, _report(read, file)), read.values


def require_valid(read: source.Source, *, file: str) -> None:
    """Judge a file that is read already: that of an inbox, or of an agency.

    Raises:
        ConfigError: a key is wrong; the error has every mistake.
    """
    if is_inbox(read.values):
        from mtasts.config.inbox_schema import read_inbox  # as above

        read_inbox(read.values, _report(read, file))
    else:
        _load_source(read, file)


def _load_source(read: source.Source, file: str) -> AgencyConfig:
    return _load(read.values, _report(read, file))


def _report(read: source.Source, file: str) -> Report:
    report = Report(printable(file, 1024), read.lines)
    for problem in read.problems:
        report.add(problem.key, problem.error, line=problem.line)
    return report


def _unreadable(file: str, error: source.SourceError) -> ConfigError:
    report = Report(printable(file, 1024))
    report.add(error.problem.key, error.problem.error, line=error.problem.line)
    return ConfigError(report.file, report.findings)


def _load(
    values: Mapping[str, object], report: Report, secret_keys: Collection[str] = ()
) -> AgencyConfig:
    """The config of a stack; what is wrong is added to ``report``.

    Raises:
        ConfigError: with everything that is wrong; there is no half of a config.
    """
    refuse_inbox(values, report)
    rules.check_namespaces(values, report)
    check_credentials(values, secret_keys, report)
    raw = _stack_keys(values, secret_keys)
    entries = _entries(raw.pop(DOMAINS, None), report)
    stack = read_fields(StackFields, raw, "", report)
    hosting = stack.hosting or DEFAULT_CLOUD
    keys = StackKeys(stack, raw, hosting, stack.dns or hosting.row.dns)
    domains = [
        (read_fields(DomainFields, entry, _entry_path(index), report), entry, _entry_path(index))
        for index, entry in entries.items()
    ]
    _check(keys, domains, report)
    if report.findings:
        raise ConfigError(report.file, report.findings)
    return agency_config(keys, [domain for domain, _, _ in domains], report.file)


def _stack_keys(values: Mapping[str, object], secret_keys: Collection[str]) -> dict[str, object]:
    """The keys that a stack may have, and every other one of ``mtasts:``, as they were written."""
    known = {*StackFields.known_keys(), DOMAINS}
    return fields.mapping(
        {
            # A program gets its secrets decrypted. In this form `fields.plain` refuses them, as it
            # refuses those of a file.
            key: {"secure": ""} if key in secret_keys else value
            for key, value in values.items()
            if (key in known or key.startswith(f"{PROJECT}:")) and key != INBOX
        }
    )


def _check(keys: StackKeys, domains: Sequence[_Entry], report: Report) -> None:
    """Report what the rules between keys find wrong."""
    rules.check_repeated_items(keys.raw.get(rules.REPORTS), hosts.report_uri, rules.REPORTS, report)
    check_stack(keys, report)
    rules.check_names(domains, report)
    rules.check_external_ids(domains, report)
    for domain, entry, path in domains:
        check_domain(DomainKeys(domain, keys), path, report)
        rules.check_override(domain.override, path, report)
        for key, parse in _LISTS.items():
            rules.check_repeated_items(entry.get(key), parse, f"{path}.{key}", report)
    rules.check_reports(keys.raw, [entry for _, entry, _ in domains], report)


def _entry_path(index: int) -> str:
    return f"{DOMAINS}[{index}]"


def _entries(value: object, report: Report) -> dict[int, dict[str, object]]:
    """The entries of ``mtasts:domains`` that are mappings, by their place in the list."""
    entries: dict[int, dict[str, object]] = {}
    try:
        value = fields.from_json(fields.plain(value))
    except FieldError as error:
        report.add(DOMAINS, error)
        return entries
    if not isinstance(value, list) or not value:
        why = f"{shown(value)} is no list" if value else "no domain is listed"
        fix = (
            "list at least one entry: - name: example.gov. If all domains of the stack are "
            "retired, remove the stack: pulumi destroy -s STACK (mtasts docs retirement)"
        )
        report.add(DOMAINS, FieldError(Mistake.NO_DOMAINS, why, fix))
        return entries
    for index, entry in enumerate(value):
        try:
            entries[index] = fields.mapping(entry)
        except FieldError as error:
            report.add(_entry_path(index), error, value=entry)
    return entries
