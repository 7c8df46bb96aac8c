"""Faster replacements for moto's slow calls; the answers stay the same.

moto copied every object of a bucket to list those below one prefix, and read its own folder on each
request: with 40 domains that took most of a run's time. It makes an RSA key for each certificate,
which takes as long as twenty other calls and delays every other request meanwhile.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def fast_moto() -> Iterator[None]:
    """Replace slow functions of moto within this context; what they answer stays the same."""
    from moto import backends  # late: moto reads its environment when imported
    from moto.acm import models as acm  # late, as above
    from moto.s3 import models as s3  # late, as above

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
    """``list_of_moto_modules``, which reads moto's folder once: the folder does not change."""
    found = tuple(original())
    return lambda: found


def _one_key(original: Any) -> Any:  # a module
    """The cryptography package for moto's ACM, with one RSA key for all certificates.

    No client sees that key: the edge presents certificates of the local authority.
    """
    asymmetric = original.hazmat.primitives.asymmetric
    rsa = SimpleNamespace(generate_private_key=cache(asymmetric.rsa.generate_private_key))
    primitives = SimpleNamespace(asymmetric=SimpleNamespace(rsa=rsa))
    return SimpleNamespace(x509=original.x509, hazmat=SimpleNamespace(primitives=primitives))


def _each_once(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``validate_pk``, which validates each private key once."""
    good: dict[bytes, Any] = {}

    @wraps(original)
    def validate(self: Any) -> Any:  # moto's own
        if self.key not in good:
            good[self.key] = original(self)
        return good[self.key]

    return validate


def _list_object_versions(original: Callable[..., Any]) -> Callable[..., Any]:
    """``list_object_versions``, which copies and sorts only the keys that begin with the prefix."""

    @wraps(original)
    def listed(
        self: Any, bucket_name: str, *, prefix: str = "", **options: Any
    ) -> Any:  # moto's own
        keys = self.get_bucket(bucket_name).keys
        listed_keys = type(keys)()
        for key in list(keys):
            if key.startswith(prefix):
                dict.__setitem__(listed_keys, key, keys.getlist(key))
        narrowed = SimpleNamespace(get_bucket=lambda _: SimpleNamespace(keys=listed_keys))
        return original(narrowed, bucket_name, prefix=prefix, **options)

    return listed
