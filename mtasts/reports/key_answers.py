"""The keys for the signatures of one mail, looked up within a bound of time.

Whoever sends a mail chooses the names that are looked up, and can choose servers that never answer.
So one mail may wait for so long, and once a pull has waited for many answers in vain, it waits
shortly for each further one. A key without an answer is unknown, and looked up again by a later
pull.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mtasts.tlsrpt.dkim import SignedMail
from mtasts.tlsrpt.dkim_keys import KeyAnswer, KeyStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.reports.arrival import FindKey

MAIL_SECONDS = 20.0
PATIENCE_SECONDS = 300.0
_SHORT_SECONDS = 1.0


class KeyAnswers:
    """Looks keys up for one pull; ``clock`` counts seconds.

    ``mail_seconds`` is what the look-ups of one mail may take, ``patience_seconds`` what all
    look-ups without an answer may take before each is given a second.
    """

    def __init__(
        self,
        find: FindKey,
        clock: Callable[[], float],
        *,
        mail_seconds: float = MAIL_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Ask ``find``, which remembers what it found."""
        self._find = find
        self._clock = clock
        self._mail_seconds = mail_seconds
        self._patience = patience_seconds

    async def of_mail(self, raw: bytes) -> MailKeys:
        """The keys of all signatures in the header of a mail, looked up at once."""
        keys = MailKeys(self, self._mail_seconds)
        names = {each.key_name for each in SignedMail(raw).signatures}
        if len(names) == 1:  # nearly all; a task takes longer than an answer that is known
            await keys.find(names.pop())
        else:
            await asyncio.gather(*map(keys.find, sorted(names)))
        return keys

    async def within(self, name: str, seconds: float) -> tuple[KeyAnswer, float]:
        """The answer, and the seconds that it took."""
        seconds = min(seconds, self._mail_seconds if self._patience > 0 else _SHORT_SECONDS)
        began = self._clock()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                found = await self._find(name)
        except TimeoutError:
            found = KeyAnswer(KeyStatus.UNKNOWN, reason="no answer came in time")
        took = self._clock() - began
        if found.status is KeyStatus.UNKNOWN:
            self._patience -= took
        return found, took


class MailKeys:
    """The keys for one mail, each looked up once."""

    def __init__(self, answers: KeyAnswers, seconds: float) -> None:
        """Look up within so many seconds for the whole mail."""
        self._answers = answers
        self._left = seconds
        self._found: dict[str, KeyAnswer] = {}

    async def find(self, name: str) -> KeyAnswer:
        """The answer for one name."""
        if name not in self._found:
            self._found[name], took = await self._answers.within(name, self._left)
            self._left -= took
        return self._found[name]
