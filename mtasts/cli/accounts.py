"""The account, bucket and ledgers of a stack, for commands that work without the engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mtasts.clock import clock
from mtasts.cloud.of_stack import Clouds
from mtasts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.config import AgencyConfig
    from mtasts.ledger.recorder import Recorder


def stack_clouds(config: AgencyConfig, values: Mapping[str, object], stack: str) -> Clouds:
    """The clouds of a stack; nothing is called yet.

    Raises:
        UsageError: a value is encrypted for the engine alone, or there is no token.
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
    return Clouds.of(stack, config, values, os.environ)


def stack_ledgers(
    config: AgencyConfig, values: Mapping[str, object], stack: str
) -> tuple[Recorder, Handouts | None]:
    """The ledgers of a stack, once the account is known to be the stack's.

    Beside them what was handed out, where somebody else publishes.

    Raises:
        UsageError: as `stack_clouds`.
        WrongAccountError: the credentials are another account's.
        UndeterminedError: whose they are could not be found out.
    """
    clouds = stack_clouds(config, values, stack)
    account_id = clouds.identify()
    recorder = clouds.recorder(account_id, clock(os.environ))
    handouts = clouds.handouts
    return recorder, handouts(account_id) if handouts else None
