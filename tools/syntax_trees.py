"""Syntax trees of sources, for the tools and tests that read many of them."""

from __future__ import annotations

import ast
import gc
from functools import cache


@cache
def parsed(source: str) -> ast.Module:
    """The tree of a module; several tests read the same modules.

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


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """The nodes of a module, in the order of `ast.walk`.

    Raises:
        SyntaxError: ``source`` is not Python.
    """
    return tuple(below(parsed(source)))


def below(node: ast.AST) -> list[ast.AST]:
    """A node and all nodes below it, as `ast.walk` gives them, in half its time."""
    found = [node]
    for each in found:
        for name in each._fields:
            value = getattr(each, name, None)
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [item for item in value if isinstance(item, ast.AST)]
    return found
