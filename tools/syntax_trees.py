"""Syntax trees of sources, for the tools and tests that read many of them."""

from __future__ import annotations

import ast
import gc


def parsed(source: str) -> ast.Module:
    """The tree of a module.

    No garbage is collected meanwhile. What a collection runs may let another thread parse, and
    CPython before 3.11.8 then ends either with a SystemError (python/cpython issue 106905).

    Raises:
        SyntaxError: it is no Python.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if was_enabled:
            gc.enable()
