"""What each cloud's components offer to the rest: the same of each, whichever it is.

``components/<cloud>/folder.py`` has a `ComponentFolder` named ``FOLDER``. It is imported when a
stack uses the cloud, and imports the cloud's own package when something is placed: one costs 2.5
seconds.
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
"""The URL of an inbox's endpoint, its bucket, and the records that go with it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the resources that all domains of a stack share are placed.

    ``belonging`` is their parent. ``protect`` them while senders may rely on a policy of the stack.
    ``keep`` the ledger when the stack is destroyed, once a policy of the stack has been enforced.
    ``account_id`` is empty if the account has not been asked yet.
    """

    belonging: Belonging
    protect: bool
    keep: bool
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class ComponentFolder:
    """What there is of a cloud.

    ``load`` imports the modules that a stack needs, in one thread; ``start_provider`` has the
    engine start its provider ahead of the first resource. ``hosting`` places what serves the
    policies, ``ledgers`` no more than what the ledgers need that a later move brings here.
    ``mail_records`` takes the id of the zone with an inbox's records.
    """

    load: Callable[[], None]
    start_provider: Callable[[], Awaitable[None]]
    hosting: Callable[[Clouds, Wanted], Awaitable[Hosting]]
    ledgers: Callable[[Clouds, Wanted], Awaitable[None]]
    zones: Callable[[Clouds, Belonging], Zones]
    inbox: Callable[
        [InboxClouds, InboxSurvey, MailRecords | None, pulumi.ResourceOptions], InboxParts
    ]
    mail_records: Callable[[str], MailRecords]


def components_of(cloud: Cloud) -> ComponentFolder:
    """What there is of a cloud, imported only now."""
    found: ComponentFolder = import_module(f"mtasts.components.{cloud}.folder").FOLDER
    return found
