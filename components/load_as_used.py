"""Makes Pulumi's packages of the clouds import only the modules of resources that are used.

`pulumi_cloudflare` imports 780 modules, and ``pulumi_aws.s3`` 140: a module for each resource. That
took a third of a preview's processor time at Cloudflare. After `install`, such a package imports a
module when a name from it is first used. Only the program and the plugin of mtasts call it; in
other programs the packages work as usual.
"""

from __future__ import annotations

import importlib
import re
import sys
import threading
from dataclasses import dataclass
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# In pulumi_aws, the resources of each service are in a package of their own.
_PACKAGES = ("pulumi_aws", "pulumi_cloudflare")
# The module of names such as ``BucketRuleArgs``: types of a resource's inputs.
_INPUTS = "_inputs"
_ARGUMENTS = "Args"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LOADING = threading.RLock()


def install(packages: Collection[str] = _PACKAGES) -> None:
    """From now on import ``packages``, and the packages in them, in this way in this process."""
    finder = _Finder(packages)
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


@dataclass(frozen=True)
class _Finder(MetaPathFinder):
    """Finds the ``packages`` as Python does, and replaces their loader."""

    packages: Collection[str]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not {fullname, fullname.rpartition(".")[0]}.intersection(self.packages):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None or not spec.submodule_search_locations:
            return None
        spec.loader = _AsUsed(spec.loader)
        return spec


class _AsUsed(Loader):
    """Runs the ``__init__`` of a package only for a name that none of its modules seems to have."""

    def __init__(self, whole: Loader) -> None:
        """Keep ``whole``, the package's own loader, for later."""
        self._whole = whole

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._whole.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        late = {
            "__getattr__": partial(self._value, module),
            "__dir__": partial(self._names, module),
        }
        vars(module).update(late)

    def _value(self, package: ModuleType, name: str) -> object:
        """The value of ``name`` in ``package``, imported if it must be (PEP 562).

        Raises:
            AttributeError: the package has no such name.
        """
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {package.__name__!r} has no attribute {name!r}")
        with _LOADING:
            for place in _places(package, name):
                module = importlib.import_module(f"{package.__name__}.{place}")
                if place == name:
                    return module
                if name in vars(module):
                    return vars(package).setdefault(name, vars(module)[name])
            self._load_whole(package)
        return getattr(package, name)

    def _names(self, package: ModuleType) -> list[str]:
        """The names that ``dir`` returns."""
        with _LOADING:
            self._load_whole(package)
        return list(vars(package))

    def _load_whole(self, package: ModuleType) -> None:
        """Load ``package`` as Python does, once."""
        if vars(package).pop("__getattr__", None) is not None:
            del vars(package)["__dir__"]
            self._whole.exec_module(package)


def _places(package: ModuleType, name: str) -> Iterator[str]:
    """The modules of ``package`` that may have ``name``, by the names that Pulumi gives them."""
    snake = _WORD.sub("_", name).lower()
    found = [name, snake]
    if name.endswith(_ARGUMENTS):
        found += [snake.removesuffix("_args"), _INPUTS]
    for place in dict.fromkeys(found):
        if PathFinder.find_spec(f"{package.__name__}.{place}", package.__path__) is not None:
            yield place
