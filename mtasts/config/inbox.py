"""An inbox for TLS reports: ``mtasts:inbox`` of a stack that has no mail domains of its own.

Its keys are in `mtasts.config.inbox_schema`, which only the reader of an inbox imports: making the
fields takes 8 ms, which each preview of an agency would pay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.config.fields import impossible
from mtasts.config.model import ConfigError
from mtasts.config.reading import DOMAINS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.cloud_catalogue import Dns, Hosting
    from mtasts.config.fields import FieldError
    from mtasts.config.hosts import Mailbox
    from mtasts.config.report import Report

INBOX = "mtasts:inbox"
CLAUSE = "mtasts docs reports"


@dataclass(frozen=True, slots=True)
class InboxConfig:
    """One inbox: the mailbox, the clouds, and its bounds, with every default filled in.

    ``keep_days`` is how long a report is kept as it came. ``at_once`` is how many requests are
    answered at once (at AWS), ``per_minute`` how many of one address in a minute (at Cloudflare).
    ``region`` is empty with hosting cloudflare; with dns cloudflare there is an account.
    """

    address: Mailbox
    hosting: Hosting
    dns: Dns
    zone_id: str | None
    keep_days: int
    at_once: int
    per_minute: int
    region: str
    allowed_account_ids: tuple[str, ...]
    cloudflare_account: str | None
    file: str


def is_inbox(values: Mapping[str, object]) -> bool:
    """Whether a ``config:`` mapping is that of an inbox, which has no mail domains."""
    return INBOX in values and DOMAINS not in values


def refuse_inbox(values: Mapping[str, object], report: Report) -> None:
    """An agency's stack has no inbox.

    Raises:
        ConfigError: the stack is an inbox and nothing else, so that no key needs a look.
    """
    if INBOX not in values:
        return
    if DOMAINS in values:
        report.add(INBOX, two_stacks())
        return
    error = impossible(
        "this stack is an inbox for TLS reports: it has no mail domains",
        f"name a stack that has {DOMAINS}",
        clause=CLAUSE,
    )
    report.add(INBOX, error)
    raise ConfigError(report.file, report.findings)


def two_stacks() -> FieldError:
    """The mistake of a stack that has both an inbox and mail domains."""
    return impossible(
        "an inbox is in a stack of its own: it serves many agencies, and outlives each",
        f"move {INBOX} to another stack file, such as stacks/Pulumi.inbox.yaml",
        clause=CLAUSE,
    )
