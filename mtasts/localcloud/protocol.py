"""Import the gRPC messages of the engine and its plugins without the rest of Pulumi's SDK."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def protocol_only() -> None:
    """Have ``import pulumi.runtime.proto`` load that package alone, in this process.

    Nothing else of ``pulumi`` can be imported afterwards. ``import pulumi`` takes 0.15 to 0.25 s,
    and each run of the engine starts several plugins, which need only the messages.
    """
    for name in ("pulumi", "pulumi.runtime"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            return
        package = ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = package
