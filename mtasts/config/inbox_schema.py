"""The keys below ``mtasts:inbox`` and the parser of each, with the rules between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, PlainValidator

from mtasts.cloud_catalogue import DEFAULT_CLOUD, Dns, Hosting, dns_of_zone
from mtasts.config import fields, hosts, identifiers, rules
from mtasts.config.credentials import check_credentials
from mtasts.config.fields import PROJECT, FieldError, impossible
from mtasts.config.inbox import CLAUSE, INBOX, InboxConfig, two_stacks
from mtasts.config.mistakes import Mistake
from mtasts.config.model import ConfigError
from mtasts.config.reading import DOMAINS, read_fields
from mtasts.config.schema import AccountFields, Fields, StackFields
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mtasts.config.report import Report

DEFAULT_KEEP_DAYS = 400
DEFAULT_AT_ONCE = 5
DEFAULT_PER_MINUTE = 60
_ACCOUNT = "mtasts:cloudflareAccount"


class InboxFields(Fields):
    """The keys below ``mtasts:inbox``."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("address",)

    address: Annotated[hosts.Mailbox, PlainValidator(hosts.mailbox)] | None = None
    hosting: Annotated[Hosting, PlainValidator(fields.word(Hosting))] | None = None
    dns: Annotated[Dns, PlainValidator(fields.word(Dns))] | None = None
    zone_id: Annotated[str, PlainValidator(identifiers.zone_id)] | None = Field(
        None, alias="zoneId"
    )
    keep_days: (
        Annotated[
            int,
            PlainValidator(
                fields.whole_number(
                    30,
                    3650,
                    "a promotion looks at 14 days of reports, and ten years are enough",
                    CLAUSE,
                )
            ),
        ]
        | None
    ) = Field(None, alias="keepDays")
    at_once: (
        Annotated[
            int,
            PlainValidator(
                fields.whole_number(
                    1, 100, "each request at once is one more that strangers can make", CLAUSE
                )
            ),
        ]
        | None
    ) = Field(None, alias="atOnce")
    per_minute: (
        Annotated[
            int,
            PlainValidator(
                fields.whole_number(
                    1,
                    6000,
                    "one sender may report about many domains, and strangers can send as well",
                    CLAUSE,
                )
            ),
        ]
        | None
    ) = Field(None, alias="perMinute")


def read_inbox(
    values: Mapping[str, object], report: Report, secret_keys: Collection[str] = ()
) -> InboxConfig:
    """The model of a whole ``config:`` mapping with ``mtasts:inbox``.

    Raises:
        ConfigError: with every problem there is.
    """
    rules.check_namespaces(values, report)
    check_credentials(values, secret_keys, report)
    below = _below(values, secret_keys, report)
    inbox = (
        InboxFields.model_validate({})
        if below is None
        else read_fields(InboxFields, below, INBOX, report)
    )
    stack = read_fields(AccountFields, _shared_keys(values, secret_keys, report), "", report)
    hosting = inbox.hosting or DEFAULT_CLOUD
    dns = inbox.dns or hosting.row.dns
    for key, error in _contradictions(inbox, values, hosting, dns):
        report.add(key, error)
    if report.findings or inbox.address is None:
        raise ConfigError(report.file, report.findings)
    return InboxConfig(
        address=inbox.address,
        hosting=hosting,
        dns=dns,
        zone_id=inbox.zone_id,
        keep_days=inbox.keep_days or DEFAULT_KEEP_DAYS,
        at_once=inbox.at_once or DEFAULT_AT_ONCE,
        per_minute=inbox.per_minute or DEFAULT_PER_MINUTE,
        region=stack.region or "",
        allowed_account_ids=tuple(stack.allowed_account_ids or ()),
        cloudflare_account=stack.cloudflare_account,
        file=report.file,
    )


def _below(
    values: Mapping[str, object], secret_keys: Collection[str], report: Report
) -> dict[str, object] | None:
    """The keys below ``mtasts:inbox``; None where it is no mapping, which is reported."""
    try:
        found = fields.plain({"secure": ""} if INBOX in secret_keys else values[INBOX])
        is_json = isinstance(found, str) and found.lstrip().startswith("{")
        return fields.mapping(fields.from_json(found) if is_json else found)
    except FieldError as error:
        report.add(INBOX, error)
        return None


def _shared_keys(
    values: Mapping[str, object], secret_keys: Collection[str], report: Report
) -> dict[str, object]:
    """The keys that an inbox shares with an agency; those of an agency alone are reported."""
    known: dict[str, object] = {}
    for key, value in values.items():
        if key in AccountFields.known_keys():
            known[key] = {"secure": ""} if key in secret_keys else value
        elif key == DOMAINS:
            report.add(key, two_stacks())
        elif key.startswith(f"{PROJECT}:") and key != INBOX:
            report.add(key, _not_for_an_inbox(key))
    return known


def _not_for_an_inbox(key: str) -> FieldError:
    bare = key.removeprefix(f"{PROJECT}:")
    if bare in InboxFields.known_keys():
        fix = f"move {bare} below {INBOX}"
    elif key in StackFields.known_keys():
        fix = "remove it: it is for stacks with mail domains"
    else:
        fix = f"remove it; {fields.REFERENCE} lists the keys"
    return FieldError(Mistake.UNKNOWN_KEY, f"'{printable(key)}' is no key of an inbox", fix)


def _contradictions(
    inbox: InboxFields, values: Mapping[str, object], hosting: Hosting, dns: Dns
) -> Iterator[tuple[str, FieldError]]:
    """What is missing for the cloud of the inbox, or belongs to the other one."""
    at_cloudflare = hosting is Hosting.CLOUDFLARE
    if at_cloudflare and dns is not Dns.CLOUDFLARE:
        why = f"Email Routing takes mail only for names of a zone at Cloudflare, and dns is {dns}"
        yield f"{INBOX}.dns", impossible(why, "write dns: cloudflare, or hosting: aws")
    elif dns is Dns.DELEGATED:
        why = "nothing of an inbox is delegated: whoever has the zone publishes its records"
        yield f"{INBOX}.dns", impossible(why, "write dns: manual")
    yield from _bounds(inbox, hosting)
    if inbox.zone_id is not None:
        wanted = dns_of_zone(inbox.zone_id)
        if dns is not wanted:
            why = f"the id has the form of a zone at {wanted}, and dns is {dns}"
            yield f"{INBOX}.zoneId", impossible(why, f"write dns: {wanted}, or another id")
    if hosting.row.needs_region and "aws:region" not in values:
        why = "the region is missing: an inbox needs one in which SES receives mail"
        yield "aws:region", FieldError(Mistake.MISSING_KEY, why, "add aws:region: us-east-1")
    needs_account = at_cloudflare or dns is Dns.CLOUDFLARE
    if needs_account and _ACCOUNT not in values:
        key = "hosting" if at_cloudflare else "dns"
        why = f"the Cloudflare account is missing: {key} cloudflare needs one"
        fix = f"add {_ACCOUNT}: 0123456789abcdef0123456789abcdef"
        yield _ACCOUNT, FieldError(Mistake.MISSING_KEY, why, fix)
    if not needs_account and _ACCOUNT in values:
        yield _ACCOUNT, impossible("nothing of this inbox is at Cloudflare", "remove it")


def _bounds(inbox: InboxFields, hosting: Hosting) -> Iterator[tuple[str, FieldError]]:
    """The bound of the other cloud's endpoint, which would bound nothing here."""
    if hosting is Hosting.CLOUDFLARE and inbox.at_once is not None:
        why = "a Worker has no bound of requests at once: Cloudflare counts those of an address"
        yield f"{INBOX}.atOnce", impossible(why, f"write perMinute: {DEFAULT_PER_MINUTE} instead")
    if hosting is Hosting.AWS and inbox.per_minute is not None:
        why = "a function URL counts no requests of an address: Lambda bounds those at once"
        yield f"{INBOX}.perMinute", impossible(why, f"write atOnce: {DEFAULT_AT_ONCE} instead")
