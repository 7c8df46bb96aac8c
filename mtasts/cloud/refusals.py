"""One error for calls that a cloud refused or did not answer, with the cloud's own text."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Iterator


class StoreError(UndeterminedError):
    """The cloud refused a call or did not answer.

    ``status`` is the HTTP status (0 without an answer), ``code`` the cloud's error code or empty.
    """

    def __init__(self, text: str, *, status: int = 0, code: str = "") -> None:
        """Keep the text and the cloud's status and code."""
        self.status, self.code = status, code
        super().__init__(text)

    @property
    def has_no_bucket(self) -> bool:
        """Whether the cloud said that the bucket does not exist."""
        return self.code == "NoSuchBucket"


@contextmanager
def as_store_error(what: str) -> Iterator[None]:
    """Turn errors of botocore and the account into a `StoreError` that begins with ``what``.

    Raises:
        StoreError: the cloud refused or did not answer; whether the object exists is not known.
    """
    from botocore.exceptions import (  # late: takes 0.25 s
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
