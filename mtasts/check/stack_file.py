"""A stack file: what is wrong with it, and what is allowed but unwise (`mtasts lint stack`)."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from mtasts.check.table import stack_file as checks
from mtasts.check.table.stack_file import ENFORCE_MAX_AGE, NONE_MAX_AGE
from mtasts.config import (
    AgencyConfig,
    ConfigError,
    DomainConfig,
    InboxConfig,
    load_file,
    load_inbox_stack,
)
from mtasts.config.folder import is_inbox_file, is_stack_file, listed_domains, stack_files
from mtasts.findings import printable
from mtasts.policy import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mtasts.findings import Finding

# An hour is common; with more, a correction takes longer than an incident should.
_TTL_SECONDS = 3600
_CACHE_SECONDS = 300
# CloudFront's invalidations take 1 to 5 minutes as a rule.
_PURGE_SECONDS = 300
# Shut with Mail Check on 31 March 2026, and copied into many records before that.
_RETIRED_MAILBOX_HOST = "mailcheck.service.ncsc.gov.uk"


def check_stack_file(path: Path) -> list[Finding]:
    """Every mistake in a stack file or, where there is none, every warning about it."""
    duplicates = list(_duplicates(path))
    try:
        if is_inbox_file(path):
            return [*duplicates, *_inbox(path, load_inbox_stack(path)[0])]
        config = load_file(path)
    except ConfigError as error:
        return [*error.findings, *duplicates]
    return [*duplicates, *_file_name(path, config), *check_stack(config)]


def check_stack(config: AgencyConfig) -> list[Finding]:
    """What a valid config says that its owner may regret."""
    findings = [*_account_not_pinned(config), *_cache_long(config), *_proof_short(config)]
    for domain in config.domains:
        findings += _domain(config.file, domain)
    return findings


def _duplicates(path: Path) -> Iterator[Finding]:
    """The stack files of the folder that have a domain of this one: each would publish it anew."""
    own = listed_domains(path)
    others = [each for each in stack_files(path.parent) if each.name != path.name]
    if own is None or not is_stack_file(path):
        return
    for other in others:
        other_domains = listed_domains(other)
        if other_domains is None:
            yield checks.STACK_FILE_UNREADABLE.finding(
                printable(other.name),
                summary=f"{printable(str(path), 1024)}: could not find out whether "
                f"{printable(other.name)} has a domain of it: it cannot be read",
                fix=f"correct it: mtasts lint stack {printable(shlex.quote(str(other)), 1024)}",
            )
            continue
        for domain in sorted(own & other_domains):
            yield checks.STACK_DOMAIN_ELSEWHERE.finding(
                domain,
                summary=f"{printable(str(path), 1024)}: {domain} is in {printable(other.name)} "
                "too: each of the two stacks would undo what the other publishes",
            )


def _inbox(path: Path, config: InboxConfig) -> Iterator[Finding]:
    """What holds for the file of an inbox, too."""
    yield from _file_name(path, config)
    yield from _account_not_pinned(config)


def _file_name(path: Path, config: AgencyConfig | InboxConfig) -> Iterator[Finding]:
    """Pulumi finds a stack's config by the name of its file only."""
    if not is_stack_file(path):
        yield checks.STACK_FILE_NAME.finding(
            printable(path.name),
            summary=f"{config.file}: {checks.STACK_FILE_NAME.summary}",
        )


def _account_not_pinned(config: AgencyConfig | InboxConfig) -> Iterator[Finding]:
    """Whatever account the credentials of the day belong to would be written to."""
    if config.hosting.row.pins_accounts and not config.allowed_account_ids:
        yield checks.STACK_ACCOUNT_NOT_PINNED.finding(
            summary=f"{config.file}: {checks.STACK_ACCOUNT_NOT_PINNED.summary}",
        )


def _cache_long(config: AgencyConfig) -> Iterator[Finding]:
    """Every change waits this long, and a sender can take the old body for the new policy."""
    if config.cache_seconds > _CACHE_SECONDS:
        yield checks.STACK_CACHE_LONG.finding(
            str(config.cache_seconds),
            summary=f"{config.file}: mtasts:cacheSeconds: every change waits "
            f"{config.cache_seconds} s for caches",
        )


def _proof_short(config: AgencyConfig) -> Iterator[Finding]:
    """A change that does not fit into a proof is refused, and refused again by the next run."""
    clouds = (config.hosting, config.leaving)
    purges = any(each is not None and each.row.purges for each in clouds)
    if purges and config.proof_seconds < config.cache_seconds + _PURGE_SECONDS:
        yield checks.STACK_PROOF_SHORT.finding(
            str(config.proof_seconds),
            summary=f"{config.file}: mtasts:proofSeconds: a change waits {config.cache_seconds} s "
            f"for caches (mtasts:cacheSeconds) and then for CloudFront, which purges them in 1 to "
            f"5 minutes as a rule: with {config.proof_seconds} s many changes will not be proven",
            fix=f"write mtasts:proofSeconds: {config.cache_seconds + 2 * _PURGE_SECONDS}",
        )


def _domain(file: str, domain: DomainConfig) -> Iterator[Finding]:
    """What concerns one domain; a parked one has nothing to regret."""
    if domain.parked:
        return
    place = f"{file}: {domain.name}"
    yield from _max_age(place, domain)
    yield from _wide_wildcards(place, domain)
    yield from _reports(place, domain)
    if domain.ttl_seconds > _TTL_SECONDS:
        yield checks.STACK_TTL_LONG.finding(
            str(domain.ttl_seconds),
            summary=f"{place}: ttl: a correction reaches senders only after {domain.ttl_seconds} s",
        )
    if not domain.dkim_selectors:
        yield checks.STACK_DKIM_SELECTORS_MISSING.finding(
            summary=f"{place}: dkimSelectors: none is listed, so DKIM cannot be looked up "
            "before enforce",
        )
    if domain.override:
        yield checks.STACK_OVERRIDE.finding(
            printable(domain.override.reason),
            summary=f"{place}: override: {', '.join(sorted(domain.override.waives))} may be passed "
            f"until {domain.override.expires}, approved by "
            f"{printable(domain.override.approved_by)}",
        )


def _max_age(place: str, domain: DomainConfig) -> Iterator[Finding]:
    if domain.mode is Mode.ENFORCE and domain.max_age < ENFORCE_MAX_AGE:
        yield checks.STACK_MAX_AGE_SHORT.finding(
            str(domain.max_age),
            summary=f"{place}: maxAge: senders may forget the enforced policy after "
            f"{domain.max_age} s",
        )
    if domain.mode is Mode.NONE and domain.max_age > NONE_MAX_AGE:
        yield checks.STACK_MAX_AGE_LONG.finding(
            str(domain.max_age),
            summary=f"{place}: maxAge: senders keep mode none for {domain.max_age} s",
        )


def _wide_wildcards(place: str, domain: DomainConfig) -> Iterator[Finding]:
    """A wildcard over the domain itself, or over a parent, admits hosts that are no mail hosts."""
    for pattern in domain.mx:
        if pattern.wildcard and f".{domain.name}".endswith(f".{pattern.domain}"):
            yield checks.STACK_MX_WILDCARD_WIDE.finding(
                str(pattern),
                summary=f"{place}: mx: with {pattern}, any host under {pattern.domain} may "
                "receive the mail",
            )


def _reports(place: str, domain: DomainConfig) -> Iterator[Finding]:
    for uri in domain.tls_reports:
        if not uri.startswith("mailto:"):
            continue
        host = uri.partition("?")[0].rpartition("@")[2].lower().removesuffix(".")
        if host == _RETIRED_MAILBOX_HOST:
            yield checks.STACK_REPORT_MAILBOX_RETIRED.finding(
                printable(uri),
                summary=f"{place}: tlsReports: NCSC Mail Check was retired, nobody reads "
                f"{printable(uri)}",
            )
        if f".{host}".endswith(f".{domain.name}"):
            yield checks.STACK_REPORT_MAILBOX_WITHIN_DOMAIN.finding(
                printable(uri),
                summary=f"{place}: tlsReports: {printable(uri)} is in the domain that the "
                "reports are about, and may not receive them when the domain's mail fails",
            )
