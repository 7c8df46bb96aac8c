"""The interface of a cloud's components for the other modules; each cloud implements it.

``components/<cloud>/folder.py`` has a `ComponentFolder` named ``FOLDER``. It is imported if a stack
uses the cloud. It imports the cloud's Pulumi package only when a resource is placed, because that
import takes up to half a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

import pulumi

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mtasts.cloud.of_inbox import InboxClouds
    from mtasts.cloud.of_stack import Clouds
    from mtasts.cloud_catalogue import Hosting as Cloud
    from mtasts.components.belonging import Belonging
    from mtasts.components.hosting import Hosting, Zones
    from mtasts.components.mail_records import MailRecords
    from mtasts.run.inbox_survey import InboxSurvey

InboxParts: TypeAlias = tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[list[str]]]
"""The URL of an inbox's endpoint, its bucket, and the DNS records that it needs."""


@dataclass(frozen=True, slots=True)
class SharedOptions:
    """How the resources that all domains of a stack share are placed.

    ``belonging`` is their parent. With ``protect`` the engine may not delete them, because senders
    may rely on a policy of the stack. With ``keep`` the ledger remains when the stack is destroyed,
    because a policy of the stack was enforced. ``account_id`` is empty if it is not known yet.
    """

    belonging: Belonging
    protect: bool
    keep: bool
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class ComponentFolder:
    """The functions that place the resources of a stack or an inbox at one cloud.

    ``load`` imports the modules that a stack needs, in one thread. ``start_provider`` has the
    engine start its provider before the first resource. ``hosting`` places what serves the
    policies. ``ledgers`` places only the bucket that the ledgers need before domains move to this
    cloud. ``mail_records`` takes the id of the zone with an inbox's records.
    """

    load: Callable[[], None]
    start_provider: Callable[[], Awaitable[None]]
    hosting: Callable[[Clouds, SharedOptions], Awaitable[Hosting]]
    ledgers: Callable[[Clouds, SharedOptions], Awaitable[None]]
    zones: Callable[[Clouds, Belonging], Zones]
    inbox: Callable[
        [InboxClouds, InboxSurvey, MailRecords | None, pulumi.ResourceOptions], InboxParts
    ]
    mail_records: Callable[[str], MailRecords]


def components_of(cloud: Cloud) -> ComponentFolder:
    """The `ComponentFolder` of a cloud; this imports its module."""
    found: ComponentFolder = import_module(f"mtasts.components.{cloud}.folder").FOLDER
    return found
