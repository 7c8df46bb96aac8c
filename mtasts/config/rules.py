"""Rules on repeated, missing or contradictory entries of a config.

The rules between the keys of a stack are in `stack_rules`, those of one domain in `domain_rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.config import fields
from mtasts.config.fields import PROJECT, FieldError, impossible, shown
from mtasts.config.mistakes import Mistake
from mtasts.config.model import OVERRIDE_DAYS, last_day
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mtasts.config.report import Report
    from mtasts.config.schema import DomainFields, OverrideFields

REPORTS = "mtasts:tlsReports"


def check_namespaces(values: Mapping[str, object], report: Report) -> None:
    """Accept keys of other programs, but report a namespace that is a misspelt ``mtasts``."""
    for key in values:
        namespace = key.partition(":")[0]
        if namespace != PROJECT and fields.did_you_mean(namespace, [PROJECT]):
            report.add(
                key,
                FieldError(
                    Mistake.UNKNOWN_KEY,
                    f"nothing reads the namespace '{printable(namespace)}'",
                    f"did you mean {PROJECT}:{printable(key.partition(':')[2])}?",
                ),
            )


def check_names(
    domains: Iterable[tuple[DomainFields, Mapping[str, object], str]], report: Report
) -> None:
    """No domain may be configured twice, in whatever spelling."""
    first: dict[str, str] = {}
    for domain, entry, path in domains:
        if domain.name is None:
            continue
        if domain.name in first:
            report.add(
                f"{path}.name",
                FieldError(
                    Mistake.DOMAIN_REPEATED,
                    f"{shown(entry['name'])} is listed already, in {first[domain.name]}",
                    "keep one entry for each domain (case, a trailing dot and U-labels make no "
                    "difference)",
                ),
                value=entry["name"],
            )
        first.setdefault(domain.name, path)


def check_external_ids(
    domains: Iterable[tuple[DomainFields, Mapping[str, object], str]], report: Report
) -> None:
    """A role is assumed with one external id, and an external id belongs to a role."""
    first: dict[str, tuple[str | None, str]] = {}
    for domain, _, path in domains:
        key, value = f"{path}.dnsRoleExternalId", domain.dns_role_external_id
        if domain.dns_role_arn is None:
            if value is not None:
                why, fix = (
                    "an external id needs a role (dnsRoleArn)",
                    "add dnsRoleArn, or remove it",
                )
                report.add(key, impossible(why, fix))
            continue
        first_value, first_path = first.setdefault(domain.dns_role_arn, (value, path))
        if value != first_value:
            why = f"the same role has another external id in {first_path}"
            fix = f"write the same in both: {first_value or value}"
            report.add(key, impossible(why, fix))


def check_override(override: OverrideFields | None, path: str, report: Report) -> None:
    """Report repeated words, and an override with ``from`` that is too long.

    Without ``from``, the length is judged at each run (`mtasts.promotion.waivers`): a stack file
    does not say when the override was written.
    """
    if override is None:
        return
    check_repeated_items(override.waives, str, f"{path}.override.for", report)
    if override.begins is None:
        return
    latest = last_day(override.begins)
    if not override.begins <= override.expires <= latest:
        report.add(
            f"{path}.override.expires",
            FieldError(
                Mistake.OUT_OF_RANGE,
                f"an override lasts at most {OVERRIDE_DAYS} days, but this one is from "
                f"{override.begins} to {override.expires}",
                f"write a day from {override.begins} to {latest}",
                clause="mtasts docs gates",
            ),
            value=str(override.expires),
        )


def check_repeated_items(
    value: object, parse: Callable[[object], object], path: str, report: Report
) -> None:
    """The same item twice in a list, in whatever spelling; other mistakes are reported already."""
    try:
        items = fields.listed(fields.from_json(value))
    except FieldError:
        return
    first: dict[object, int] = {}
    for index, item in enumerate(items):
        try:
            parsed = parse(item)
        except FieldError:
            continue
        if parsed in first:
            report.add(
                f"{path}[{index}]",
                FieldError(
                    Mistake.ITEM_REPEATED,
                    f"{shown(item)} is listed a second time, after [{first[parsed]}]",
                    "keep one of the two",
                ),
                value=item,
            )
        first.setdefault(parsed, index)


def check_reports(
    raw: Mapping[str, object], entries: Iterable[Mapping[str, object]], report: Report
) -> None:
    """Every domain that receives mail needs an address for TLS reports."""
    bare = [
        entry.get("name")
        for entry in entries
        if "tlsReports" not in entry and entry.get("mx") != []
    ]
    if bare and REPORTS not in raw:
        report.add(
            REPORTS,
            FieldError(
                Mistake.MISSING_KEY,
                f"there is no address for TLS reports, and {shown(bare[0])} has none of its own",
                "add mtasts:tlsReports: [mailto:tlsrpt@reports.example.gov]",
                clause="RFC 8460 section 3",
            ),
        )
