"""A correction of moto's CloudFront: only one distribution may have an alias, as at CloudFront."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@contextmanager
def nearer_to_cloudfront() -> Iterator[None]:
    """Replace two methods of moto's CloudFront within this context.

    They look for the alias in moto's memory. The stand-in provider once listed all distributions
    over the API instead, which took half of the time of an ``up`` with 40 domains.
    """
    from moto.cloudfront.models import CloudFrontBackend

    with ExitStack() as stack:
        for name, made_of in (
            ("create_distribution_with_tags", _create),
            ("update_distribution", _update),
        ):
            original = getattr(CloudFrontBackend, name)
            stack.callback(setattr, CloudFrontBackend, name, original)
            setattr(CloudFrontBackend, name, made_of(original))
        yield


def _create(original: Callable[..., Any]) -> Callable[..., Any]:
    """``create_distribution``, which refuses an alias that another distribution has."""

    @wraps(original)
    def create(self: Any, distribution_config: Mapping[str, Any], tags: Any) -> Any:
        _require_free(self, distribution_config, "")
        return original(self, distribution_config, tags)

    return create


def _update(original: Callable[..., Any]) -> Callable[..., Any]:
    """``update_distribution``, which refuses an alias that another distribution has."""

    @wraps(original)
    def update(self: Any, dist_config: Mapping[str, Any], _id: str, if_match: bool) -> Any:  # noqa: FBT001 - moto's own
        _require_free(self, dist_config, _id)
        return original(self, dist_config, _id, if_match)

    return update


def _require_free(backend: Any, config: Mapping[str, Any], own: str) -> None:
    """Raise CloudFront's CNAMEAlreadyExists if another distribution than ``own`` has an alias.

    moto itself lets any number of distributions have the same alias.
    """
    from moto.cloudfront.exceptions import CloudFrontException

    hosts = _aliases(config)
    for id_, each in list(backend.distributions.items()):
        taken = sorted(hosts & _aliases(vars(each.distribution_config)))
        if taken and id_ != own:
            raise CloudFrontException(
                "CNAMEAlreadyExists",
                "One or more of the CNAMEs you provided are already associated with a different "
                f"resource: {', '.join(taken)} ({id_})",
            )


def _aliases(config: Mapping[str, Any]) -> set[str]:
    return {each.lower() for each in config.get("Aliases", {}).get("Items") or ()}
