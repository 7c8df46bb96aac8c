"""Finds resources of a stack's plan that exist already at Cloudflare, for an import.

It looks only for DNS records: Cloudflare refuses a second one, or the second one is a duplicate. A
second upload of a Worker or its custom domain overwrites the first with the same content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.cloud.cloudflare.account import CloudflareAccount

_RECORD = "cloudflare:index/dnsRecord:DnsRecord"


def find_existing(account: CloudflareAccount, type_: str, inputs: Mapping[str, Any]) -> str | None:
    """The import id of the record that ``inputs`` would create, None if none exists; blocks.

    Raises:
        KeyError: ``inputs`` lack zone, name, type or content, as they are not known yet.
        UndeterminedError: Cloudflare refused or did not answer; do not create it.
    """
    if type_ != _RECORD:
        return None
    zone, name, kind = str(inputs["zoneId"]), str(inputs["name"]), str(inputs["type"])
    content = str(inputs["content"])
    try:
        rows = account.get(f"/zones/{zone}/dns_records", name=name, type=kind)
        tag = _tag(content)
        # A record with the same text is preferred to one of the same kind, such as an older STS
        # record, whose id the update then replaces.
        for wanted in (lambda text: text == content, lambda text: _tag(text) == tag):
            for row in rows:
                if wanted(str(row["content"])):
                    return f"{zone}/{row['id']}"
    except (CloudflareError, KeyError, TypeError) as error:
        raise UndeterminedError(f"whether there is a {type_} already: {error}") from error
    return None


def has_addresses(owner: str, zone_id: str, account: CloudflareAccount) -> bool:
    """Whether ``owner`` has A or AAAA records, so that no CNAME can be created; blocks.

    Raises:
        UndeterminedError: Cloudflare refused or did not answer.
    """
    try:
        rows = account.get(f"/zones/{zone_id}/dns_records", name=owner)
        return any(row["type"] in ("A", "AAAA") for row in rows)
    except (CloudflareError, KeyError, TypeError) as error:
        raise UndeterminedError(f"the records of {owner}: {error}") from error


def remove_same(account: CloudflareAccount, zone_id: str, owner: str, value: str) -> None:
    """Delete the CNAME from ``owner`` to ``value``, before it is created again; blocks.

    A CNAME to another name is not deleted, and the create then fails.

    Raises:
        UndeterminedError: Cloudflare refused or did not answer.
    """
    records = f"/zones/{zone_id}/dns_records"
    try:
        for row in account.get(records, name=owner, type="CNAME"):
            if str(row["content"]).rstrip(".") == value:
                account.remove(f"{records}/{row['id']}")
    except (CloudflareError, KeyError, TypeError) as error:
        raise UndeterminedError(f"the record {owner}: {error}") from error


def _tag(content: str) -> str:
    """The first field of a TXT record (``v=STSv1``); empty for records of other types."""
    return content.strip('"').partition(";")[0].strip() if content.startswith('"') else ""
