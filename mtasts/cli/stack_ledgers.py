"""The ledgers of a stack's domains, for commands that also work without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.ledger.entries import LedgerError

if TYPE_CHECKING:
    from mtasts.cli.outside import Outside
    from mtasts.cli.stacks import StackDomain
    from mtasts.ledger.recorder import Recorder
    from mtasts.promotion.conditions import KnownLedger


def recorder_of(found: StackDomain, outside: Outside) -> Recorder | UndeterminedError:
    """The recorder that reads the stack's ledgers, or why there is none.

    Evidence is often collected on a mail relay, which has no credentials of the cloud.
    """
    try:
        return outside.ledgers(found.config, found.values, found.stack)[0]
    except MtaStsError as error:
        return UndeterminedError(f"the ledger: {error}")


async def ledger_of(recorder: Recorder | UndeterminedError, name: str) -> KnownLedger:
    """The domain's ledger, or why it could not be read."""
    if isinstance(recorder, UndeterminedError):
        return recorder
    try:
        return await recorder.read(name)
    except LedgerError as error:
        return error
    except UndeterminedError as error:
        return UndeterminedError(f"the ledger: {error}")
