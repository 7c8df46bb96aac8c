"""Names that follow from the stack alone, so that they are known even if the state is lost."""

from __future__ import annotations

import hashlib
import re

_NAME_MAX = 63  # S3's limit for a bucket's name
_ALARM_MAX = 255  # CloudWatch's
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def ledger_bucket_name(stack: str) -> str:
    """The name of a stack's bucket in R2, where bucket names are per account."""
    return _named("mtasts-", stack)


def bucket_name(account_id: str, region: str, stack: str) -> str:
    """The name of a stack's bucket in S3, from account, region and stack.

    A stack name that is too long or has characters that S3 refuses is shortened, with a hash so
    that two stacks never share a name.
    """
    return _named(f"mtasts-{account_id}-{region}-", stack)


def alarm_name(bucket: str, domain: str, subject: str) -> str:
    """The name of an alarm on ``subject``, one word, for a domain of the stack with this bucket.

    No part contains a slash, so names are unique; a long domain is shortened, with a hash.
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
