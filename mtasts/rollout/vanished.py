"""Domains that have a ledger and that the stack file no longer declares as mail domains.

The ledger decides what is protected, not the stack file. A person may remove, misspell or park the
entry of a domain that enforced, and senders would still enforce its policy. So the program refuses
the run before the first resource is registered, names the domain, and points to the retirement.
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
    """A domain with a ledger that the stack file does not list, or lists as ``parked``.

    ``problem`` says why its ledger could not be read.
    """

    name: str
    ledger: Ledger = _NONE
    problem: LedgerError | UndeterminedError | None = None
    parked: bool = False

    @property
    def has_enforced(self) -> bool:
        """Whether the domain ever published enforce; True if its ledger is not known."""
        return self.problem is not None or self.ledger.has_enforced

    @property
    def is_retired(self) -> bool:
        """Whether its retirement is complete."""
        last = self.ledger.last_phase
        return last is not None and last.phase is Phase.HOST_WITHDRAWN

    @property
    def is_relied_on(self) -> bool:
        """Whether senders may still enforce a policy of the domain."""
        return self.has_enforced and not self.is_retired


def refuses(remembered: Sequence[Remembered]) -> bool:
    """Whether the run is refused: a domain left the file, and senders may enforce its policy.

    A domain whose ledger is not known does not end the run. It is held: nothing of it is declared,
    and nothing changes.
    """
    return any(each.is_relied_on and each.problem is None for each in remembered)


def describe_vanished(
    remembered: Sequence[Remembered],
    listed: Sequence[Facts],
    *,
    file: str,
    stack: str,
    is_emergency: bool = False,
    is_stack_file: bool = True,
) -> Ruling | None:
    """The refusal of a run: one summary line, then for each domain what to do.

    In an emergency, or if the only problem is a ledger that cannot be read (`refuses`), the run
    goes on and the vanished domains are held. ``is_stack_file`` is false if a program's arguments
    are the config: no command changes them.
    """
    vanished = [each for each in remembered if each.is_relied_on]
    if not vanished:
        return None
    # A misspelt name looks like a new domain: it has no ledger.
    new = [
        each.name for each in mail_domains(listed) if each.has_ledger and not each.history.entries
    ]
    names = ", ".join(each.name for each in vanished)
    is_refused = refuses(remembered) and not is_emergency
    what = "refused, and nothing is changed" if is_refused else "held, and nothing is deleted"
    lines = [f"{what}: {file} no longer lists {names} as a mail domain"]
    for each in vanished:
        lines += (f"  {each.name}: {line}" for line in _ways(each, new, stack))
    if is_refused:
        declare = (
            f"pulumi config set mtasts:emergency testing -s {stack} && "
            f"pulumi up --skip-preview -s {stack}"
            if is_stack_file
            else f"set emergency to testing in {file}, and run pulumi up --skip-preview -s {stack}"
        )
        lines.append(
            "  If senders refuse mail now, bring the domains that the file lists back to testing: "
            f"{declare} (mtasts docs emergencies)"
        )
    else:  # the engine begins no run after a failed preview
        lines.append(
            "  change the domains that the file lists all the same: "
            f"pulumi up --skip-preview -s {stack}"
        )
    lines.append("  Do not run pulumi state unprotect: senders rely on the protected resources.")
    return refusal("domain-vanished", "\n".join(lines))


def _ways(vanished: Remembered, new: Sequence[str], stack: str) -> Iterator[str]:
    # The domains of one agency share their endings, so only a very similar name is taken for a
    # misspelling.
    guess = next(iter(difflib.get_close_matches(vanished.name, new, n=1, cutoff=0.85)), None)
    if vanished.problem is not None:
        yield (
            f"could not find out whether senders still enforce its policy: {vanished.problem} "
            "(mtasts docs emergencies)"
        )
    else:
        yield (
            "its policy was in mode enforce: senders may still enforce it, even if everything is "
            "deleted"
        )
    if guess is not None:
        yield f"the file lists the new domain {guess}: if that is a misspelling, correct it"
    back = "list its mx again, instead of mx: []," if vanished.parked else "list it again"
    yield (
        f"to keep it, {back} as it was. To end its MTA-STS, {back} with retire: true, and run "
        f"pulumi up -s {stack} until it says that the domain is retired (mtasts docs retirement). "
        "If the domain is not the agency's any more, that run says what to write"
    )
