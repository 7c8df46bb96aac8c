"""Where moto does work by all that an account holds for a call that concerns little of it.

A listing of one folder copied every object of the bucket, and each request looked through moto's
own folder: with 40 domains these took most of a run's time. A key for each certificate takes as
long as twenty other calls, and holds up every other request meanwhile.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def by_what_is_asked() -> Iterator[None]:
    """Put ours in place of moto's own, until the end; what is answered stays the same."""
    from moto import backends  # after the environment
    from moto.acm import models as acm  # as above
    from moto.s3 import models as s3  # as above

    with ExitStack() as stack:
        for owner, name, made_of in (
            (backends, "list_of_moto_modules", _once),
            (acm, "cryptography", _one_key),
            (acm.CertBundle, "validate_pk", _each_once),
            (s3.S3Backend, "list_object_versions", _list_object_versions),
        ):
            original = getattr(owner, name)
            stack.callback(setattr, owner, name, original)
            setattr(owner, name, made_of(original))
        yield


def _once(original: Callable[[], Any]) -> Callable[[], Any]:
    """What a folder holds does not change in a process."""
    found = tuple(original())
    return lambda: found


def _one_key(original: Any) -> Any:  # a module
    """The cryptography package for moto's ACM, with one key for all certificates it makes.

    Nobody is given it: the edge presents certificates of the local authority.
    """
    asymmetric = original.hazmat.primitives.asymmetric
    rsa = SimpleNamespace(generate_private_key=cache(asymmetric.rsa.generate_private_key))
    primitives = SimpleNamespace(asymmetric=SimpleNamespace(rsa=rsa))
    return SimpleNamespace(x509=original.x509, hazmat=SimpleNamespace(primitives=primitives))


def _each_once(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A key that was found to be good is not looked at again."""
    good: dict[bytes, Any] = {}

    @wraps(original)
    def validate(self: Any) -> Any:  # moto's own
        if self.key not in good:
            good[self.key] = original(self)
        return good[self.key]

    return validate


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
