"""Pulumi components: `Agency` declares the mail domains of one agency in any program."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtasts.components.agency import Agency
    from mtasts.components.agency_args import AgencyArgs, DomainArgs, OverrideArgs

__all__ = ["Agency", "AgencyArgs", "DomainArgs", "OverrideArgs"]


def __getattr__(name: str) -> object:
    """What is exported, imported when it is asked for: `program` sets Python up before Pulumi."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = "agency" if name == "Agency" else "agency_args"
    return getattr(import_module(f"{__name__}.{module}"), name)
