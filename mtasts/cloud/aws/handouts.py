"""The records that a domain's owner must publish: ``published/<domain>.json`` in the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.errors import UndeterminedError
from mtasts.rollout.handover import HANDED_MAX_BYTES, parse_handed

if TYPE_CHECKING:
    from mtasts.cloud.aws.account import Account
    from mtasts.rollout.handover import HandedOutRecord


def handout_key(domain: str) -> str:
    """The key of a domain's records in the bucket."""
    return f"published/{domain}.json"


class Handouts:
    """Reads the records that the stack handed out. Every method blocks."""

    def __init__(self, account: Account, bucket: str) -> None:
        """Read from ``bucket`` of ``account``; nothing is called yet."""
        self._account = account
        self._bucket = bucket

    def read(self, domain: str) -> tuple[HandedOutRecord, ...]:
        """The records of a domain; empty if none were handed out yet.

        Raises:
            UndeterminedError: S3 refused or did not answer.
            HandoverError: the object is no list of records.
        """
        from botocore.exceptions import (  # late: takes 0.25 s
            BotoCoreError,
            ClientError,
        )

        try:
            answer = self._account.client("s3").get_object(
                Bucket=self._bucket, Key=handout_key(domain), **self._account.owner()
            )
            return parse_handed(answer["Body"].read(HANDED_MAX_BYTES + 1))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchBucket", "NoSuchKey"):
                return ()
            raise UndeterminedError(f"the handed-out records of {domain}: {error}") from error
        except BotoCoreError as error:
            raise UndeterminedError(f"the handed-out records of {domain}: {error}") from error
