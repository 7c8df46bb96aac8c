"""Corrections of moto's SES: receipt rules can be deleted, and have different names."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_CREATE, _DELETE = "create_receipt_rule", "delete_receipt_rule"


@contextmanager
def nearer_to_ses() -> Iterator[None]:
    """Add DeleteReceiptRule to moto's SES, and refuse a second rule of one name, in this context.

    moto has no DeleteReceiptRule, and accepts any number of rules with the same name.
    """
    from moto.core.responses import ActionResult, EmptyResult  # late: moto reads its environment
    from moto.ses import exceptions, models, responses  # late, as above

    create = models.SESBackend.create_receipt_rule

    def create_receipt_rule(
        self: Any, rule_set_name: str, rule: dict[str, Any], after: str | None
    ) -> None:  # moto's own
        found = self.receipt_rule_set.get(rule_set_name)
        if found and any(each["Name"] == rule["Name"] for each in found.rules):
            raise exceptions.AlreadyExists(f"Rule already exists: {rule['Name']}")
        create(self, rule_set_name, rule, after)

    def delete_receipt_rule(self: Any) -> ActionResult:  # moto's own
        name, rules = self._get_param("RuleName"), self._get_param("RuleSetName")
        found = self.backend.receipt_rule_set.get(rules)
        if found is None:
            raise exceptions.RuleSetDoesNotExist(f"Rule set does not exist: {rules}")
        found.rules[:] = [each for each in found.rules if each["Name"] != name]
        return EmptyResult()

    with ExitStack() as stack:
        setattr(responses.EmailResponse, _DELETE, delete_receipt_rule)
        stack.callback(delattr, responses.EmailResponse, _DELETE)
        setattr(models.SESBackend, _CREATE, create_receipt_rule)
        stack.callback(setattr, models.SESBackend, _CREATE, create)
        yield
