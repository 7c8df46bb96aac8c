"""The account and bucket of a stack, for commands that read them without the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.cloud.aws import Account, AwsSettings
from mtasts.cloud.naming import bucket_name
from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def stack_account(values: Mapping[str, object], stack: str) -> tuple[Account, str]:
    """The account that ``values`` choose, once it is known to be the stack's, and its bucket.

    Raises:
        UsageError: a value is encrypted for the engine alone.
        WrongAccountError: the credentials are another account's.
        UndeterminedError: whose they are could not be found out.
    """
    secret = [
        key
        for key, value in values.items()
        if key.startswith("aws:") and isinstance(value, dict) and "secure" in value
    ]
    if secret:
        raise UsageError(
            f"{', '.join(secret)}: encrypted for the engine alone; give it in the environment"
        )
    account = Account(AwsSettings.from_config(values))
    owner = account.require_allowed()
    return account, bucket_name(owner, account.settings.region, stack)
