"""Finds out the status of stacks, each with its own credentials and deadline.

So a stack that fails does not hide the others. The look-ups of account and DNS are those of
``preview``; the engine is not needed, and nothing is written.
"""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mtasts.config import load_stack
from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.findings import printable
from mtasts.promotion.evidence_files import load_evidence
from mtasts.promotion.evidence_folder import evidence_path
from mtasts.run.survey import Surveyor
from mtasts.status.domain_status import refused_status, stack_status, undetermined_status
from mtasts.threads import in_thread

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mtasts.cloud.of_stack import Clouds
    from mtasts.config import AgencyConfig
    from mtasts.ledger.recorder import Recorder
    from mtasts.probe.dns import Resolver
    from mtasts.promotion.evidence import Evidence, EvidenceError
    from mtasts.run.survey import Survey
    from mtasts.status.rows import StackStatus


@dataclass(frozen=True, slots=True)
class Asker:
    """Finds out the status of one stack; many calls may run at once.

    ``clouds`` makes the clouds of a stack from its config, the values of its file, and its name.
    ``evidence`` is the folder of the evidence files. The look-ups of one stack take at most
    ``deadline_seconds``.
    """

    clouds: Callable[[AgencyConfig, Mapping[str, object], str], Clouds]
    resolver: Resolver
    evidence: Path
    now: Callable[[], dt.datetime]
    deadline_seconds: float

    async def ask(self, stack: str, path: Path) -> StackStatus:
        """The status of the stack with the file ``path``.

        An error in the file, of a cloud or of DNS is part of the status, and is not raised.
        """
        try:
            config, values = await in_thread(load_stack, path)
        except MtaStsError as error:
            run = (f"mtasts lint stack {shlex.quote(str(path))}",)
            return refused_status(stack, str(path), str(error).splitlines()[0], run)
        evidence = await in_thread(self._evidence, stack, config)
        has_list = isinstance(values.get("mtasts:domains"), list)
        try:
            async with asyncio.timeout(self.deadline_seconds):
                survey = await self._survey(stack, config, values)
        except TimeoutError:
            late = f"the look-ups of accounts and DNS took over {self.deadline_seconds:g} s"
            problem: MtaStsError = UndeterminedError(late)
        except MtaStsError as error:
            problem = error
        except Exception as error:  # noqa: BLE001 - a bug in one stack must not hide others
            why = f"{type(error).__name__}: {printable(str(error), 200)}"
            problem = UndeterminedError(f"{why}: report this as a bug of mtasts")
        else:
            return stack_status(
                stack,
                config,
                survey.domains,
                self.now(),
                remembered=survey.remembered,
                unsure=survey.remembered_problem,
                warnings=survey.notes,
                evidence=evidence,
                has_list=has_list,
            ).named
        return undetermined_status(
            stack, config, problem, self.now(), evidence=evidence, has_list=has_list
        ).named

    async def _survey(
        self, stack: str, config: AgencyConfig, values: Mapping[str, object]
    ) -> Survey:
        clouds = self.clouds(config, values, stack)
        # First and alone: without the right account no other look-up is of use.
        await in_thread(clouds.identify)

        @cache
        def ledgers(account_id: str) -> Recorder:
            return clouds.recorder(account_id, self.now)

        return await Surveyor(clouds, self.resolver, ledgers, self.evidence).survey(config)

    def _evidence(
        self, stack: str, config: AgencyConfig
    ) -> dict[str, Evidence | EvidenceError | None]:
        names = [each.name for each in config.domains if not each.parked]
        return {
            name: load_evidence(evidence_path(self.evidence, stack, name), name) for name in names
        }
