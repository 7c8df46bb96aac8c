"""The twin of `mtasts.cloud.aws.existing` for Cloudflare: what of a stack's plan is there already.

Only DNS records are looked for: a second one is refused, or stands beside the first. To upload a
Worker again, or to lead a name to it, writes what is there.
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
    """The import id of what ``inputs`` would create, or None where there is none; blocks.

    Raises:
        KeyError: what it would be called is not known yet.
        UndeterminedError: the account did not tell.
    """
    if type_ != _RECORD:
        return None
    zone, name, kind = str(inputs["zoneId"]), str(inputs["name"]), str(inputs["type"])
    content = str(inputs["content"])
    try:
        rows = account.get(f"/zones/{zone}/dns_records", name=name, type=kind)
        tag = _tag(content)
        # The very record before one that says the same kind of thing.
        for wanted in (lambda text: text == content, lambda text: _tag(text) == tag):
            for row in rows:
                if wanted(str(row["content"])):
                    return f"{zone}/{row['id']}"
    except (CloudflareError, KeyError, TypeError) as error:
        raise UndeterminedError(f"whether there is a {type_} already: {error}") from error
    return None


def addresses_stand(owner: str, zone_id: str, account: CloudflareAccount) -> bool:
    """Whether A or AAAA records stand at ``owner``, where a CNAME belongs; blocks.

    Raises:
        UndeterminedError: the account did not tell.
    """
    try:
        rows = account.get(f"/zones/{zone_id}/dns_records", name=owner)
        return any(row["type"] in ("A", "AAAA") for row in rows)
    except (CloudflareError, KeyError, TypeError) as error:
        raise UndeterminedError(f"what stands at {owner}: {error}") from error


def remove_same(account: CloudflareAccount, zone_id: str, owner: str, value: str) -> None:
    """Remove a CNAME that leads ``owner`` to ``value``, which is about to be made anew; blocks.

    One that leads elsewhere stays, and stands in the way.

    Raises:
        UndeterminedError: the account did not tell, or did not do so.
    """
    records = f"/zones/{zone_id}/dns_records"
    try:
        for row in account.get(records, name=owner, type="CNAME"):
            if str(row["content"]).rstrip(".") == value:
                account.remove(f"{records}/{row['id']}")
    except (CloudflareError, KeyError, TypeError) as error:
        raise UndeterminedError(f"the record {owner}: {error}") from error


def _tag(content: str) -> str:
    """What a text begins with (``v=STSv1``); of a record that stands alone, nothing."""
    return content.strip('"').partition(";")[0].strip() if content.startswith('"') else ""
