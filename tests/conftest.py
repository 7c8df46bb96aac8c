"""What the tests of the library and of the local cloud share."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import following
import hypothesis
import pytest
from _pytest.assertion import rewrite

from mtasts.localcloud import service_models, warm
from mtasts.localcloud.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

# Each worker of the tests of the engine needs about 1 GB.
_MORE_WORKERS = 4
_ID_MAX = 100
GOLDEN = Path(__file__).with_name("golden")
ENGINE = Path(__file__).with_name("engine")
UNMEASURED = {ENGINE, *map(Path(__file__).with_name, ("release", "tools"))}

# Collecting the tests makes objects that stay: a sixth of its time went to looking for garbage.
gc.disable()
# A run in the background ignores SIGINT, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes tells of the machine's load, not of the code.
hypothesis.settings.register_profile("mtasts", deadline=None)
hypothesis.settings.load_profile("mtasts")
# Most tests make a session of their own.
service_models.share()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a processor: a run of the engine waits for a third of its time."""
    processors = os.cpu_count() or 1
    return min(2 * processors, processors + _MORE_WORKERS)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long value is named by its parameter: each worker sends all ids, some of megabytes."""
    is_long = isinstance(val, str | bytes) and len(val) > _ID_MAX
    return argname if is_long else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write tests/golden/ anew from what the templates make; review the diff",
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Rewrite the asserts of each file once, before the workers start.

    They start together, and so each would rewrite all files, which takes longer than the rest of
    the collection. Where Python may write no .pyc files, they would do so in every run.
    """
    if not session.config.getoption("numprocesses", None):
        return
    state = session.config.stash[rewrite.assertstate_key]
    specs = [getattr(module, "__spec__", None) for module in tuple(sys.modules.values())]
    plugins = {Path(spec.origin) for spec in specs if spec and spec.loader is state.hook}
    for path in plugins.union(*map(GOLDEN.parent.rglob, ("test_*.py", "conftest.py"))):
        cache = rewrite.get_cache_dir(path) / f"{path.stem}{rewrite.PYC_TAIL}"
        if not cache.exists() or cache.stat().st_mtime < path.stat().st_mtime:
            rewrite.try_makedirs(cache.parent)
            status, code = rewrite._rewrite_test(path, session.config)
            rewrite._write_pyc(state, code, status, cache)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, object, object]:
    """Give a file to one worker, whose tests share what the file starts.

    The tests of the engine are long and share a worker's local cloud: each is given out by itself,
    the longest first. Otherwise the other workers would wait for one that begins last.
    """
    for item in items:
        if ENGINE not in item.path.parents and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    result = yield
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have coverage follow only the import of the library's modules."""
    with following.only_imports():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Have coverage follow no test whose examples are random, and none in a folder of `UNMEASURED`.

    Coverage tells what written cases reach; what examples at random reach is luck, and following
    them takes longer than the tests themselves. The mark ``no_cover`` of pytest-cov would stop the
    coverage of threads that later tests use as well.
    """
    is_random = hypothesis.is_hypothesis_test(getattr(item, "obj", None))
    if not is_random and UNMEASURED.isdisjoint(item.path.parents):
        return (yield)
    with following.paused():
        return (yield)


def pytest_collection_finish() -> None:
    """Look for garbage again, but not among the collected tests."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with a file of ``tests/golden/``, byte for byte."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_bytes(text.encode())
        assert text.encode() == path.read_bytes(), f"{path}: if it is meant, pytest --update-golden"

    return compare


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A certificate authority that nothing else trusts."""
    return Authority()


@pytest.fixture
def ca_file(authority: Authority, tmp_path: Path) -> Path:
    """Its root certificate, as clients load it."""
    path = tmp_path / "ca.pem"
    authority.write(path)
    return path


@pytest.fixture(scope="session")
def warmth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables that lead to a warm process, for the runs of this worker."""
    with warm.running(tmp_path_factory.mktemp("warm") / "socket") as variables:
        yield variables
