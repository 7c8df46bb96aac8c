"""A cloud by its name: ``mtasts/cloud/<cloud>/folder.py`` has a `CloudFolder` named ``FOLDER``.

It is imported if a stack or an inbox uses the cloud, and imports the other modules of its folder
only when they are used: imports are much of the time that a preview takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.interface import InboxNotes, Receiver, StackCloud, Zones
    from mtasts.cloud_catalogue import Hosting
    from mtasts.config import AgencyConfig, InboxConfig

_Account = TypeVar("_Account")


@dataclass(frozen=True, slots=True)
class CloudFolder(Generic[_Account]):
    """The functions that make the objects of `mtasts.cloud.interface`; they call no cloud.

    ``open_account`` takes the config of a stack or an inbox, the values of its file, and the
    environment. It raises `UsageError` if there are no credentials, or an endpoint is neither at
    the cloud nor on this machine. ``in_stack`` takes the config, the stack's name and
    the name from which its buckets have theirs.
    """

    open_account: Callable[
        [AgencyConfig | InboxConfig, Mapping[str, object], Mapping[str, str]], _Account
    ]
    in_stack: Callable[[_Account, AgencyConfig, str, str], StackCloud]
    zones: Callable[[_Account], Zones]
    receiver: Callable[[_Account], Receiver]
    inbox_notes: InboxNotes[_Account]


def folder_of(cloud: Hosting) -> CloudFolder[Any]:
    """The `CloudFolder` of a cloud; this imports its module."""
    found: CloudFolder[Any] = import_module(f"mtasts.cloud.{cloud}.folder").FOLDER
    return found
