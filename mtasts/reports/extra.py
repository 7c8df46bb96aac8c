"""Packages of the extra ``reports``, which most commands do without, loaded where they are used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def loaded(module: str, what: str, load: Callable[[str], ModuleType] = import_module) -> ModuleType:
    """The module; ``what`` is what needs it, such as "the store of reports".

    Raises:
        UsageError: it is not installed; the text says how to install it.
    """
    try:
        return load(module)
    except ImportError as error:
        raise UsageError(
            f"{what} needs the package {module}: pip install 'mtasts[reports]'"
        ) from error
