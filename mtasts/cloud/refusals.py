"""What a cloud refuses, or does not answer, as one error that carries its own words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Iterator


class StoreError(UndeterminedError):
    """The cloud refused a call, or did not answer; ``status`` and ``code`` are its own, if any."""

    def __init__(self, text: str, *, status: int = 0, code: str = "") -> None:
        """Carry the text and what the cloud called it."""
        self.status, self.code = status, code
        super().__init__(text)

    @property
    def has_no_bucket(self) -> bool:
        """Whether there is no such bucket, which every other answer leaves open."""
        return self.code == "NoSuchBucket"


@contextmanager
def as_store_error(what: str) -> Iterator[None]:
    """Turn whatever the cloud refuses, or does not answer, into `StoreError`.

    Raises:
        StoreError: the cloud refused, or did not answer; nothing follows about what is there.
    """
    from botocore.exceptions import (  # a quarter of a second
        BotoCoreError,
        ClientError,
    )

    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        raise StoreError(f"{what}: {error}", status=status, code=code) from error
    except (BotoCoreError, UndeterminedError) as error:
        raise StoreError(f"{what}: {error}") from error


def is_no_bucket(error: Any) -> bool:  # noqa: ANN401 - botocore's ClientError
    """Whether S3 says that there is no such bucket."""
    return bool(error.response.get("Error", {}).get("Code") == "NoSuchBucket")
