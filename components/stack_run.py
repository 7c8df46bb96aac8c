"""One run of an agency: its config, its clouds and its ledgers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import pulumi

from mtasts.clock import clock
from mtasts.cloud.of_stack import Clouds
from mtasts.components.waiting import engine_waits
from mtasts.findings import for_stack
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from mtasts.components.belonging import Belonging
    from mtasts.components.given import Given
    from mtasts.config import AgencyConfig
    from mtasts.ledger.recorder import Recorder
    from mtasts.run.waiting import Waits


@dataclass(frozen=True, slots=True)
class StackRun:
    """One run, and all that its steps share.

    ``stack`` is the stack that printed commands name. ``pending`` are the domains whose zone the
    same program creates: a preview cannot look them up. ``recorder_for`` returns the recorder of an
    account id, always the same one. ``is_stack_file`` is false if a program's arguments are the
    config.
    """

    stack: str
    values: Mapping[str, object]
    config: AgencyConfig
    pending: tuple[str, ...]
    reach: Reach
    clouds: Clouds
    resolver: Resolver
    now: Callable[[], dt.datetime]
    recorder_for: Callable[[str], Recorder]
    waits: Waits
    belonging: Belonging
    is_stack_file: bool = True

    @classmethod
    def of(cls, given: Given, belonging: Belonging) -> StackRun:
        """The run of a program's config.

        Raises:
            ConfigError: the config is wrong; the text lists every problem.
        """
        stack = pulumi.get_stack()
        config, pending = given.load()
        reach, now = Reach.from_environment(os.environ), clock(os.environ)
        clouds = Clouds.of(stack, config, given.values, os.environ, declared_as=given.name)
        # One recorder for the run: each ledger is read once.
        recorder_for = cache(partial(clouds.recorder, now=now))
        resolver = Resolver(reach)
        waits = engine_waits()
        return cls(
            stack,
            given.values,
            config,
            pending,
            reach,
            clouds,
            resolver,
            now,
            recorder_for,
            waits,
            belonging,
            given.is_stack,
        )

    def say(self, text: str) -> str:
        """``text`` with the stack's name in its commands."""
        return for_stack(text, self.stack)
