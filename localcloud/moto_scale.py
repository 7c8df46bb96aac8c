"""Where moto does work by all that an account holds for a call that concerns little of it.

A listing of one folder copied every object of the bucket, and each request looked through moto's
own folder: with 40 domains these took most of a run's time.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import wraps
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def by_what_is_asked() -> Iterator[None]:
    """Put ours in place of moto's own, until the end; what is answered stays the same."""
    from moto import backends  # after the environment
    from moto.s3 import models  # as above

    with ExitStack() as stack:
        for owner, name, made_of in (
            (backends, "list_of_moto_modules", _once),
            (models.S3Backend, "list_object_versions", _list_object_versions),
        ):
            original = getattr(owner, name)
            stack.callback(setattr, owner, name, original)
            setattr(owner, name, made_of(original))
        yield


def _once(original: Callable[[], Any]) -> Callable[[], Any]:
    """What a folder holds does not change in a process."""
    found = tuple(original())
    return lambda: found


def _list_object_versions(original: Callable[..., Any]) -> Callable[..., Any]:
    """Only what begins with the prefix is copied and sorted."""

    @wraps(original)
    def listed(
        self: Any, bucket_name: str, *, prefix: str = "", **options: Any
    ) -> Any:  # moto's own
        keys = self.get_bucket(bucket_name).keys
        asked = type(keys)()
        for key in list(keys):
            if key.startswith(prefix):
                dict.__setitem__(asked, key, keys.getlist(key))
        narrowed = SimpleNamespace(get_bucket=lambda _: SimpleNamespace(keys=asked))
        return original(narrowed, bucket_name, prefix=prefix, **options)

    return listed
