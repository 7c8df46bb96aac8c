"""Pulumi components for any program: `Agency`, and `Inbox` for the reports of many agencies."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtasts.components.agency import Agency
    from mtasts.components.agency_args import AgencyArgs, DomainArgs, OverrideArgs
    from mtasts.components.inbox import Inbox
    from mtasts.components.inbox_args import InboxArgs

__all__ = ["Agency", "AgencyArgs", "DomainArgs", "Inbox", "InboxArgs", "OverrideArgs"]

_MODULES = {"Agency": "agency", "Inbox": "inbox", "InboxArgs": "inbox_args"}


def __getattr__(name: str) -> object:
    """The exported name, imported at its first use.

    An import here would load Pulumi before `program` has turned the garbage collector off.

    Raises:
        AttributeError: the package exports no such name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = _MODULES.get(name, "agency_args")
    return getattr(import_module(f"{__name__}.{module}"), name)
