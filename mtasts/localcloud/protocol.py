"""The messages that the engine and its plugins exchange, without Pulumi's SDK around them."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def protocol_only() -> None:
    """Make ``pulumi.runtime.proto`` importable by itself, in a process that needs nothing else.

    ``import pulumi`` takes 0.15 to 0.25 s, and each run of the engine starts several plugins.
    """
    for name in ("pulumi", "pulumi.runtime"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            return
        package = ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = package
