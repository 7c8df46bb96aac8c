"""Names derived from the stack alone, so that lost state finds everything again."""

from __future__ import annotations

import hashlib
import re

_NAME_MAX = 63  # S3's limit for a bucket's name
_ALARM_MAX = 255  # CloudWatch's
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def ledger_bucket_name(stack: str) -> str:
    """The bucket of one stack in R2, where names are the account's own."""
    return _named("mtasts-", stack)


def bucket_name(account_id: str, region: str, stack: str) -> str:
    """The bucket of one stack: account, region and stack, in letters that S3 takes.

    A stack name that is too long or holds other characters is shortened, and a hash keeps it apart
    from all others.
    """
    return _named(f"mtasts-{account_id}-{region}-", stack)


def alarm_name(bucket: str, domain: str, subject: str) -> str:
    """An alarm on ``subject``, one word, of a domain: the stack's bucket says whose it is.

    No part holds a slash, so no two alarms have one name; a long domain is cut, with a hash.
    """
    room = _ALARM_MAX - len(bucket) - len(subject) - 2
    if len(domain) > room:
        digest = hashlib.sha256(domain.encode("ascii")).hexdigest()[:8]
        domain = f"{domain[: room - len(digest) - 1]}-{digest}"
    return f"{bucket}/{domain}/{subject}"


def _named(prefix: str, stack: str) -> str:
    room = _NAME_MAX - len(prefix)
    if len(stack) <= room and _SLUG.fullmatch(stack):
        return prefix + stack
    digest = hashlib.sha256(stack.encode("utf-8")).hexdigest()[:8]
    slug = "-".join(re.findall(r"[a-z0-9]+", stack.lower()))[: room - len(digest) - 1].strip("-")
    return f"{prefix}{slug}-{digest}" if slug else f"{prefix}{digest}"
