"""The SES receipt rules of an account and region: which set is active, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mtasts.errors import UndeterminedError, UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from mtasts.cloud.aws.account import Account
    from mtasts.config.hosts import Mailbox

_SHOWN_MAX = 10


@dataclass(frozen=True, slots=True)
class Rule:
    """One receipt rule; ``stops`` says that no later rule sees the mail that it matches."""

    name: str
    recipients: tuple[str, ...]
    enabled: bool
    stops: bool

    def matches(self, address: Mailbox) -> bool:
        """Whether it takes mail for ``address``.

        A recipient is an address, a domain, or ``.domain`` for everything below one; without
        recipients a rule takes all mail (SES developer guide, "Creating receipt rules").
        """
        if not self.recipients:
            return True
        whole, domain = str(address).lower(), address.domain
        return any(
            each in (whole, domain) or (each.startswith(".") and domain.endswith(each))
            for each in map(str.lower, self.recipients)
        )


@dataclass(frozen=True, slots=True)
class ActiveRules:
    """The active receipt rule set: its name, and its rules in the order in which they apply."""

    name: str
    rules: tuple[Rule, ...]

    @property
    def last(self) -> str | None:
        """The name of the last rule; None if there is none."""
        return self.rules[-1].name if self.rules else None

    def before(self, own: str) -> tuple[Rule, ...]:
        """The rules that apply before ``own``; all of them if ``own`` is not in the set yet."""
        names = [each.name for each in self.rules]
        return self.rules[: names.index(own)] if own in names else self.rules

    def shadowing(self, own: str, address: Mailbox) -> Rule | None:
        """The rule that keeps mail for ``address`` from ``own``, if there is one."""
        found = (each for each in self.before(own) if each.enabled and each.stops)
        return next((each for each in found if each.matches(address)), None)

    def warnings(self, own: str, address: Mailbox) -> tuple[str, ...]:
        """A warning if another rule keeps mail for ``address`` from the rule ``own``."""
        found = self.shadowing(own, address)
        if found is None:
            return ()
        text = (
            f"mail for {address} does not reach the inbox: the rule {found.name} of the active set "
            f"{self.name} applies first, matches this address too, and has a stop action. Change "
            "its recipients, or remove its stop action"
        )
        return (text,)


def active_rules(account: Account) -> ActiveRules:
    """The active rule set of the account in its region; blocks.

    Raises:
        UsageError: no set is active. The text says how to activate one. A stack must not do that:
            it could replace a set that somebody else activates later.
        UndeterminedError: SES refused or did not answer.
    """
    from botocore.exceptions import (  # late: takes 0.25 s
        BotoCoreError,
        ClientError,
    )

    ses, region = account.client("ses"), account.settings.region
    try:
        found = ses.describe_active_receipt_rule_set()
        if found.get("Metadata"):
            rules = tuple(_rule(each) for each in found.get("Rules", ()))
            return ActiveRules(found["Metadata"]["Name"], rules)
        sets = [each["Name"] for each in ses.list_receipt_rule_sets().get("RuleSets", ())]
    except (BotoCoreError, ClientError) as error:
        raise UndeterminedError(
            f"the SES receipt rules of the account in {region}: {error}. SES receives mail in some "
            "regions only (mtasts docs reports)"
        ) from error
    raise UsageError(_none_active(sets, region))


def _none_active(sets: list[str], region: str) -> str:
    """The text for an account without an active rule set; ``sets`` are the existing ones."""
    why = (
        f"no SES receipt rule set is active in {region}, so SES receives no mail. mtasts adds a "
        "rule to the active set, and never activates a set: an account has one active set in each "
        "region, and other mail may depend on it."
    )
    shown = ", ".join(printable(each) for each in sets[:_SHOWN_MAX])
    if sets:
        ask = f"Activate one of those that exist ({shown}), if its rules may apply to all mail:"
        commands = [_activate("NAME", region)]
    else:
        ask = "The region has no rule set yet. Make one, and activate it:"
        make = f"aws ses create-receipt-rule-set --rule-set-name inbound --region {region}"
        commands = [make, _activate("inbound", region)]
    return "\n  ".join([why, ask, *commands])


def _activate(name: str, region: str) -> str:
    return f"aws ses set-active-receipt-rule-set --rule-set-name {name} --region {region}"


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(
        row["Name"],
        tuple(row.get("Recipients", ())),
        bool(row.get("Enabled", False)),
        any("StopAction" in each for each in row.get("Actions", ())),
    )
