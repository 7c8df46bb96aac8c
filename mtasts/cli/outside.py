"""Everything outside of a command: environment, clock, DNS, live hosts, clouds, engine.

`mtasts.cli.main` passes it to every command; tests pass one that is data. Each part is loaded at
its first use, since start-up time counts.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtasts.errors import UsageError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.cloud.of_stack import Clouds
    from mtasts.config import AgencyConfig
    from mtasts.engine import Engine
    from mtasts.ledger.recorder import Recorder
    from mtasts.observe.observer import Observer
    from mtasts.probe.dns import Resolver
    from mtasts.probe.probes import Probes
    from mtasts.probe.reach import Reach
    from mtasts.recovery.import_file import Creation
    from mtasts.watch.notify import Sink


@dataclass(frozen=True)
class Outside:
    """The machine that this runs on, and what can be reached from it; nothing is called yet."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def standard_input(self) -> BinaryIO:
        """What is piped into the command."""
        return sys.stdin.buffer

    def clock(self) -> Callable[[], dt.datetime]:
        """The clock by which commands judge; raises as `mtasts.clock.clock` does."""
        from mtasts.clock import clock

        return clock(self.environment)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        import asyncio

        await asyncio.sleep(seconds)

    def reach(self) -> Reach:
        """Where probes go: out, or to the local cloud whose environment this is.

        Raises:
            UsageError: the environment leads elsewhere than to this machine.
        """
        from mtasts.probe.reach import Reach

        return Reach.from_environment(self.environment)

    def resolver(self, reach: Reach) -> Resolver:
        """What asks DNS."""
        from mtasts.probe.dns import Resolver

        return Resolver(reach)

    def probes(self) -> Probes:
        """What asks policy hosts and MX hosts."""
        from mtasts.probe.probes import LIVE

        return LIVE

    def observer(self, reach: Reach, *, deadline_seconds: float, tls_details: bool) -> Observer:
        """What looks at whole domains."""
        from mtasts.observe.observer import Observer

        return Observer(
            reach,
            self.resolver(reach),
            deadline_seconds=deadline_seconds,
            tls_details=tls_details,
        )

    def sinks(self, webhook: str | None, topic: str | None, reach: Reach) -> Sequence[Sink]:
        """Who is told of changes; raises `UsageError` for an address that is none."""
        from mtasts.watch.notify import Topic, Webhook

        sinks: list[Sink] = [] if webhook is None else [Webhook(webhook, reach)]
        return sinks if topic is None else [*sinks, Topic(topic)]

    def alert_sinks(self, sinks: Sequence[Sink]) -> Sequence[Sink]:
        """Who is told of alerts, from those that options name."""
        return sinks

    def clouds(self, config: AgencyConfig, values: Mapping[str, object], stack: str) -> Clouds:
        """The clouds of a stack; nothing is called yet.

        Raises:
            UsageError: a value is encrypted for the engine alone, or there is no token.
        """
        from mtasts.cloud.of_stack import Clouds

        secret = [
            key
            for key, value in values.items()
            if key.startswith("aws:") and isinstance(value, dict) and "secure" in value
        ]
        if secret:
            raise UsageError(
                f"{', '.join(secret)}: encrypted for the engine alone; give it in the environment"
            )
        return Clouds.of(stack, config, values, self.environment)

    def ledgers(
        self, config: AgencyConfig, values: Mapping[str, object], stack: str
    ) -> tuple[Recorder, Handouts | None]:
        """The ledgers of a stack, once the account is known to be the stack's.

        Beside them what was handed out, where somebody else publishes.

        Raises:
            UsageError: as `clouds`.
            WrongAccountError: the credentials are another account's.
            UndeterminedError: whose they are could not be found out.
        """
        clouds = self.clouds(config, values, stack)
        account_id = clouds.identify()
        recorder = clouds.recorder(account_id, self.clock())
        handouts = clouds.handouts
        return recorder, handouts(account_id) if handouts else None

    def engine(self, stack: str) -> Engine:
        """The engine for a stack; raises `UsageError` where there is none."""
        from mtasts.engine import Engine

        return Engine.find(stack)

    def finder(self, clouds: Clouds) -> Callable[[Creation], str | None]:
        """What finds in the account of ``clouds`` that a resource exists already, by its id."""
        from mtasts.recovery.take_in import finder

        return finder(clouds)

    def program(self, pid: int) -> str:
        """What the process of this machine is called; empty where there is none."""
        from mtasts.cli.processes import program

        return program(pid)
