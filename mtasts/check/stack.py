"""A stack file: what is wrong with it, and what is allowed but unwise (`mtasts lint stack`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config import AgencyConfig, ConfigError, DomainConfig, Hosting, load_file
from mtasts.config.folder import is_stack_file, listed_domains, stack_files
from mtasts.findings import Finding, Severity, printable
from mtasts.policy import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DAY = 86_400
# Two weeks is what NCSC's checker asked of enforced policies; RFC 8461 section 3.2 says "weeks".
_ENFORCE_MAX_AGE = 14 * _DAY
_TTL_SECONDS = 3600
_CACHE_SECONDS = 300
# CloudFront's invalidations take 1 to 5 minutes as a rule.
_PURGE_SECONDS = 300
# Shut with Mail Check on 31 March 2026, and copied into many records before that.
_RETIRED_MAILBOX_HOST = "mailcheck.service.ncsc.gov.uk"


def check_stack_file(path: Path) -> list[Finding]:
    """Every mistake in a stack file or, where there is none, every warning about it."""
    beside = list(_beside(path))
    try:
        config = load_file(path)
    except ConfigError as error:
        return [*error.findings, *beside]
    return [*beside, *_file_name(path, config), *check_stack(config)]


def check_stack(config: AgencyConfig) -> list[Finding]:
    """What a valid config says that its owner may regret."""
    findings = [*_account_not_pinned(config), *_cache_long(config), *_proof_short(config)]
    for domain in config.domains:
        findings += _domain(config.file, domain)
    return findings


def _beside(path: Path) -> Iterator[Finding]:
    """The stack files of the folder that have a domain of this one: each would publish it anew."""
    own = listed_domains(path)
    others = [each for each in stack_files(path.parent) if each.name != path.name]
    if own is None or not is_stack_file(path):
        return
    for other in others:
        there = listed_domains(other)
        if there is None:
            yield Finding(
                "stack-file-unreadable",
                Severity.WARNING,
                f"{printable(str(path), 1024)}: could not find out whether "
                f"{printable(other.name)} has a domain of it: it cannot be read",
                "docs/config.md",
                printable(other.name),
                f"correct it: mtasts lint stack {printable(str(other), 1024)}",
            )
            continue
        for domain in sorted(own & there):
            yield Finding(
                "stack-domain-elsewhere",
                Severity.ERROR,
                f"{printable(str(path), 1024)}: {domain} is in {printable(other.name)} as well: "
                "each of the two stacks would undo what the other publishes",
                "docs/config.md",
                domain,
                "remove it from one of them",
            )


def _file_name(path: Path, config: AgencyConfig) -> Iterator[Finding]:
    """Pulumi finds a stack's config by the name of its file only."""
    if not is_stack_file(path):
        yield Finding(
            "stack-file-name",
            Severity.WARNING,
            f"{config.file}: Pulumi does not read a file of this name as a stack's config",
            "docs/config.md",
            printable(path.name),
            "name it stacks/Pulumi.<agency>.yaml",
        )


def _account_not_pinned(config: AgencyConfig) -> Iterator[Finding]:
    """Whatever account the credentials of the day belong to would be written to."""
    if config.hosting is Hosting.AWS and not config.allowed_account_ids:
        yield Finding(
            "stack-account-not-pinned",
            Severity.WARNING,
            f"{config.file}: aws:allowedAccountIds is not set, so any account would be written to",
            "docs/config.md",
            fix='add aws:allowedAccountIds: ["123456789012"], with the account of this agency',
        )


def _cache_long(config: AgencyConfig) -> Iterator[Finding]:
    """Every change waits this long, and a sender can take the old body for the new policy."""
    if config.cache_seconds > _CACHE_SECONDS:
        yield Finding(
            "stack-cache-long",
            Severity.WARNING,
            f"{config.file}: mtasts:cacheSeconds: every change waits {config.cache_seconds} s "
            "for caches",
            "RFC 8461 section 8.2",
            str(config.cache_seconds),
            "write mtasts:cacheSeconds: 60",
        )


def _proof_short(config: AgencyConfig) -> Iterator[Finding]:
    """A change that does not fit into a proof is refused, and refused again by the next run."""
    on_aws = Hosting.AWS in (config.hosting, config.leaving)
    if on_aws and config.proof_seconds < config.cache_seconds + _PURGE_SECONDS:
        yield Finding(
            "stack-proof-short",
            Severity.WARNING,
            f"{config.file}: mtasts:proofSeconds: a change waits {config.cache_seconds} s for "
            f"caches (mtasts:cacheSeconds) and then for CloudFront, which purges them in 1 to 5 "
            f"minutes as a rule: with {config.proof_seconds} s many changes will not be proven",
            "docs/config.md",
            str(config.proof_seconds),
            f"write mtasts:proofSeconds: {config.cache_seconds + 2 * _PURGE_SECONDS}",
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
        yield Finding(
            "stack-ttl-long",
            Severity.WARNING,
            f"{place}: ttl: a correction reaches senders only after {domain.ttl_seconds} s",
            "RFC 8461 section 8.1",
            str(domain.ttl_seconds),
            "write ttl: 300; up to 3600 is common",
        )
    if not domain.dkim_selectors:
        yield Finding(
            "stack-dkim-selectors-missing",
            Severity.WARNING,
            f"{place}: dkimSelectors: none is listed, so DKIM cannot be looked up before enforce",
            "RFC 6376 section 3.1",
            fix="add dkimSelectors: [s1], with the s= of the DKIM-Signature your mail carries",
        )
    if domain.override:
        yield Finding(
            "stack-override",
            Severity.INFO,
            f"{place}: override: {', '.join(sorted(domain.override.waives))} may be passed until "
            f"{domain.override.expires}, approved by {printable(domain.override.approved_by)}",
            "docs/gates.md",
            printable(domain.override.reason),
            "remove it once it is no longer needed",
        )


def _max_age(place: str, domain: DomainConfig) -> Iterator[Finding]:
    if domain.mode is Mode.ENFORCE and domain.max_age < _ENFORCE_MAX_AGE:
        yield Finding(
            "stack-max-age-short",
            Severity.WARNING,
            f"{place}: maxAge: senders may forget the enforced policy after {domain.max_age} s",
            "RFC 8461 section 10.2",
            str(domain.max_age),
            f"raise maxAge to {_ENFORCE_MAX_AGE} or more once enforce has proven stable",
        )
    if domain.mode is Mode.NONE and domain.max_age > _DAY:
        yield Finding(
            "stack-max-age-long",
            Severity.INFO,
            f"{place}: maxAge: senders keep mode none for {domain.max_age} s",
            "RFC 8461 section 8.3",
            str(domain.max_age),
            f"write maxAge: {_DAY} with mode none",
        )


def _wide_wildcards(place: str, domain: DomainConfig) -> Iterator[Finding]:
    """A wildcard over the domain itself, or over a parent, admits hosts that are no mail hosts."""
    for pattern in domain.mx:
        if pattern.wildcard and f".{domain.name}".endswith(f".{pattern.domain}"):
            yield Finding(
                "stack-mx-wildcard-wide",
                Severity.WARNING,
                f"{place}: mx: {pattern} lets whoever gets a name under {pattern.domain} "
                "receive the mail",
                "RFC 8461 section 10.4",
                str(pattern),
                "list the MX hosts one by one",
            )


def _reports(place: str, domain: DomainConfig) -> Iterator[Finding]:
    for uri in domain.tls_reports:
        if not uri.startswith("mailto:"):
            continue
        host = uri.partition("?")[0].rpartition("@")[2].lower().removesuffix(".")
        if host == _RETIRED_MAILBOX_HOST:
            yield Finding(
                "stack-report-mailbox-retired",
                Severity.WARNING,
                f"{place}: tlsReports: NCSC Mail Check was retired, nobody reads {printable(uri)}",
                "RFC 8460 section 3",
                printable(uri),
                "write a mailbox of your own",
            )
        if f".{host}".endswith(f".{domain.name}"):
            yield Finding(
                "stack-report-mailbox-within-domain",
                Severity.INFO,
                f"{place}: tlsReports: {printable(uri)} lies in the domain it reports about, "
                "and may be unreachable when it has most to say",
                "RFC 8460 section 5.3",
                printable(uri),
                "use a mailbox in another domain, or an https: address",
            )
