"""Domains that have a ledger and that the stack file no longer declares as mail domains.

The ledger decides what is protected, not the file: whoever removes, misspells or parks a domain
that was enforced leaves its senders as they are. So the program refuses that by name, before the
first resource is registered, and points to the retirement.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.ledger.history import Ledger
from mtasts.ledger.phases import Phase
from mtasts.rollout.facts import mail_domains
from mtasts.rulings import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtasts.errors import UndeterminedError
    from mtasts.ledger.entries import LedgerError
    from mtasts.rollout.facts import Facts
    from mtasts.rulings import Ruling

_NONE = Ledger()


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the bucket knows of a domain that the file does not list, or lists as ``parked``.

    ``problem`` says why its ledger is not known.
    """

    name: str
    ledger: Ledger = _NONE
    problem: LedgerError | UndeterminedError | None = None
    parked: bool = False

    @property
    def has_enforced(self) -> bool:
        """Whether senders were ever told to refuse mail; that counts while nobody knows."""
        return self.problem is not None or self.ledger.has_enforced

    @property
    def is_retired(self) -> bool:
        """Whether its retirement came to the end."""
        last = self.ledger.last_phase
        return last is not None and last.phase is Phase.HOST_WITHDRAWN

    @property
    def is_relied_on(self) -> bool:
        """Whether senders may refuse mail by what it published."""
        return self.has_enforced and not self.is_retired


def refuses(remembered: Sequence[Remembered]) -> bool:
    """Whether a domain has left the file that is known to be relied on: then nothing is declared.

    One whose ledger is not known is held alone: nothing of it is declared, so nothing changes.
    """
    return any(each.is_relied_on and each.problem is None for each in remembered)


def describe_vanished(
    remembered: Sequence[Remembered],
    listed: Sequence[Facts],
    *,
    file: str,
    stack: str,
    is_emergency: bool = False,
) -> Ruling | None:
    """Why the run is refused: one line that says it all, then the way for each domain.

    In an emergency it is not refused, but what has vanished is held; so it is where a ledger that
    cannot be read is all that is amiss (`refuses`).
    """
    vanished = [each for each in remembered if each.is_relied_on]
    if not vanished:
        return None
    # A name that was misspelt has no ledger of its own.
    new = [
        each.name for each in mail_domains(listed) if each.has_ledger and not each.history.entries
    ]
    names = ", ".join(each.name for each in vanished)
    is_refused = refuses(remembered) and not is_emergency
    what = "refused, and nothing is changed" if is_refused else "held, and nothing is deleted"
    lines = [f"{what}: {file} no longer has {names} as a mail domain"]
    for each in vanished:
        lines += (f"  {each.name}: {line}" for line in _ways(each, new, stack))
    if is_refused:
        lines.append(
            "  If mail is refused meanwhile, the domains that the file lists go back to testing by "
            f"pulumi config set mtasts:emergency testing -s {stack} && pulumi up -s {stack} "
            "(mtasts docs emergencies)"
        )
    lines.append("  Do not run pulumi state unprotect: what it frees is what senders rely on.")
    return refusal("domain-vanished", "\n".join(lines))


def _ways(vanished: Remembered, new: Sequence[str], stack: str) -> Iterator[str]:
    # Domains of one agency end alike, so only a name that is very near counts.
    guess = next(iter(difflib.get_close_matches(vanished.name, new, n=1, cutoff=0.85)), None)
    if vanished.problem is not None:
        yield (
            f"whether senders still refuse mail by its policy is not known: {vanished.problem} "
            "(mtasts docs emergencies)"
        )
    else:
        yield "its policy was enforced: senders may go on refusing mail by it, whatever is deleted"
    if guess is not None:
        yield f"the file lists {guess}, which is new: if that is a misspelling, correct it"
    back = "list its mx again, instead of mx: []," if vanished.parked else "list it again"
    yield (
        f"to keep it, {back} as it was; to give MTA-STS up, {back} with retire: true, and run "
        f"pulumi up -s {stack} until it says that the domain is retired (mtasts docs retirement); "
        "where the domain is not the agency's any more, that run says what to write"
    )
