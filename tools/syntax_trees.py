"""Syntax trees of sources, for the tools and tests that read many of them."""

from __future__ import annotations

import ast
import gc


def parsed(source: str) -> ast.Module:
    """The tree of a module.

    The garbage collector is off meanwhile. A collection may run code that lets another thread
    parse, and in CPython before 3.11.8 one of the two parses then fails with a SystemError
    (python/cpython issue 106905).

    Raises:
        SyntaxError: ``source`` is not Python.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if was_enabled:
            gc.enable()
