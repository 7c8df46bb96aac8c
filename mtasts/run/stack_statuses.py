"""How stacks stand, asked: each with its own credentials and deadline, so that none hides another.

What is asked is what ``preview`` asks of account and DNS; the engine is not needed, and nothing is
written.
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
from mtasts.status.domain_status import refused_status, stack_status, unasked_status
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
    """Asks of one stack after the other, or of many at once.

    ``clouds`` gives those of a stack from its config, its values and its name; ``evidence`` is the
    folder of the evidence files. Nothing of a stack is waited for longer than ``deadline_seconds``.
    """

    clouds: Callable[[AgencyConfig, Mapping[str, object], str], Clouds]
    resolver: Resolver
    evidence: Path
    now: Callable[[], dt.datetime]
    deadline_seconds: float

    async def ask(self, stack: str, path: Path) -> StackStatus:
        """How the stack stands whose file is ``path``; never raises for what others do."""
        try:
            config, values = await in_thread(load_stack, path)
        except MtaStsError as error:
            run = (f"mtasts lint stack {shlex.quote(str(path))}",)
            return refused_status(stack, str(path), str(error).splitlines()[0], run)
        evidence = await in_thread(self._evidence, stack, config)
        try:
            async with asyncio.timeout(self.deadline_seconds):
                survey = await self._survey(stack, config, values)
        except TimeoutError:
            late = f"accounts and DNS did not tell all within {self.deadline_seconds:g} s"
            problem: MtaStsError = UndeterminedError(late)
        except MtaStsError as error:
            problem = error
        except Exception as error:  # noqa: BLE001 - a mistake of ours in one stack hides no other
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
            ).named
        return unasked_status(stack, config, problem, self.now(), evidence=evidence).named

    async def _survey(
        self, stack: str, config: AgencyConfig, values: Mapping[str, object]
    ) -> Survey:
        clouds = self.clouds(config, values, stack)
        # First, by itself: without an identity nothing else is worth asking for.
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
