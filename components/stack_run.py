"""What one run of a stack acts for, and what with: its config, its clouds, its ledgers."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.clock import clock
from mtasts.cloud.of_stack import Clouds
from mtasts.components.waiting import engine_waits
from mtasts.config import load
from mtasts.config.folder import describe_missing
from mtasts.errors import UsageError
from mtasts.findings import for_stack
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from mtasts.config import AgencyConfig
    from mtasts.ledger.recorder import Recorder
    from mtasts.run.waiting import Waits


@dataclass(frozen=True, slots=True)
class StackRun:
    """One run; ``recorder_for`` gives the recorder of an account, the same each time."""

    stack: str
    values: Mapping[str, object]
    config: AgencyConfig
    reach: Reach
    clouds: Clouds
    resolver: Resolver
    now: Callable[[], dt.datetime]
    recorder_for: Callable[[str], Recorder]
    waits: Waits

    @classmethod
    def of(cls, stack: str) -> StackRun:
        """Of the stack whose config the engine hands over; raises `ConfigError`."""
        values = json.loads(os.environ["PULUMI_CONFIG"])
        secret_keys = json.loads(os.environ.get("PULUMI_CONFIG_SECRET_KEYS", "[]"))
        config = read_config(stack, values, secret_keys)
        reach, now = Reach.from_environment(os.environ), clock(os.environ)
        clouds = Clouds.of(stack, config, values, os.environ)
        # One recorder for the run: each ledger is read once.
        recorder_for = cache(partial(clouds.recorder, now=now))
        resolver = Resolver(reach)
        waits = engine_waits()
        return cls(stack, values, config, reach, clouds, resolver, now, recorder_for, waits)

    def say(self, text: str) -> str:
        """A text whose commands name the stack."""
        return for_stack(text, self.stack)


def read_config(stack: str, values: Mapping[str, object], secret_keys: list[str]) -> AgencyConfig:
    """The stack's config, if it can be applied.

    Raises:
        ConfigError: with every problem there is.
        UsageError: there is no stack file, and nothing was set in another way.
    """
    file = f"stacks/Pulumi.{stack}.yaml"
    if not any(key.startswith("mtasts:") for key in values) and not Path(file).exists():
        raise UsageError(describe_missing(Path(file)))
    return load(values, file=file, secret_keys=secret_keys)
