"""What coverage follows: the library, not pytest, other packages and the clouds of the tests.

While a tracer is set, Python 3.11 runs all code at about half its speed, also code of which
coverage records nothing.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

from botocore.client import BaseClient
from botocore.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType, ModuleType

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_Trace: TypeAlias = Any
# Whose threads are servers: moto, and those of the tests.
_SERVERS = ("moto.", "socketserver")
# What most tests of the clouds take most of their time for; it calls little of the library.
_BOTO = ((BaseClient, "_make_api_call"), (Session, "create_client"))


@contextmanager
def paused() -> Iterator[None]:
    """Have coverage follow nothing in this thread within this context."""
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(trace)


@contextmanager
def only_imports() -> Iterator[None]:
    """Have coverage follow only the import of the library's modules within this context.

    From here on their import is followed wherever it happens, and never a server or a call of boto.
    """
    trace = sys.gettrace()
    if trace is None:
        yield
        return
    sys.meta_path.insert(0, _Finder(trace))
    threading.settrace(_unless_server(threading.gettrace()))
    for each, name in _BOTO:
        setattr(each, name, _paused_in(getattr(each, name)))
    with paused():
        yield


def _with_trace(
    trace: _Trace,
    work: Callable[_Arguments, _Result],
    *args: _Arguments.args,
    **kwargs: _Arguments.kwargs,
) -> _Result:
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return work(*args, **kwargs)
    finally:
        sys.settrace(before)
        _called()


def _called() -> None:
    """Begin a function: until one begins, a tracer that is set anew records no line."""


def _paused_in(work: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    @wraps(work)
    def call(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        return _with_trace(None, work, *args, **kwargs)

    return call


def _unless_server(begin: _Trace) -> _Trace:
    def begin_unless_server(frame: FrameType, event: str, arg: object) -> _Trace:
        target = getattr(threading.current_thread(), "_target", None)
        if getattr(target, "__module__", "").startswith(_SERVERS):
            sys.settrace(None)
            return None
        return begin(frame, event, arg)

    return begin_unless_server


class _Loader(SourceFileLoader):
    trace: _Trace = None

    def exec_module(self, module: ModuleType) -> None:
        _with_trace(self.trace, super().exec_module, module)


class _Finder(MetaPathFinder):
    """Has modules of the library run with a tracer, and those of other packages without."""

    def __init__(self, trace: _Trace) -> None:
        self._trace = trace

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        is_ours = fullname.partition(".")[0] == "mtasts"
        if not is_ours and "site-packages" not in spec.loader.path:
            return None
        spec.loader = _Loader(spec.loader.name, spec.loader.path)
        spec.loader.trace = self._trace if is_ours else None
        return spec
