"""The inputs and outputs of `Inbox`, as its schema and every SDK have them.

No ``from __future__ import annotations`` here: the component provider reads the types themselves.
Inputs are those below ``mtasts:inbox`` in a stack file (docs/config.md).
"""

from typing import NotRequired, TypedDict

import pulumi


class InboxArgs(TypedDict):
    """One inbox for the TLS reports of many agencies."""

    address: pulumi.Input[str]
    """The mailbox, such as ``tlsrpt@reports.example.gov``; its domain receives no other mail."""
    hosting: NotRequired[pulumi.Input[str]]
    """``aws`` or ``cloudflare``."""
    dns: NotRequired[pulumi.Input[str]]
    """``route53``, ``cloudflare`` or ``manual``; only ``cloudflare`` with that hosting."""
    zone_id: NotRequired[pulumi.Input[str]]
    keep_days: NotRequired[pulumi.Input[int]]
    at_once: NotRequired[pulumi.Input[int]]
    """How many requests the HTTPS endpoint answers at the same time, with hosting ``aws``."""
    per_minute: NotRequired[pulumi.Input[int]]
    """How many requests it accepts per minute and IP address, with hosting ``cloudflare``."""
    cloudflare_account: NotRequired[pulumi.Input[str]]
