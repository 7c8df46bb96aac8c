"""Receipt rules: which is active, and which keeps mail from another."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from fake_account import FakeAccount, refusing

from mtasts.cloud.aws.receipt_rules import ActiveRules, Rule, active_rules
from mtasts.config.hosts import Mailbox
from mtasts.errors import UndeterminedError, UsageError

ADDRESS = Mailbox("TlsRpt", "reports.example.gov")


class Ses:
    """A client that answers with these sets."""

    def __init__(self, active: dict[str, Any], sets: list[str] | None = None) -> None:
        self._active = active
        self._sets = sets or []

    def describe_active_receipt_rule_set(self) -> dict[str, Any]:
        return self._active

    def list_receipt_rule_sets(self) -> dict[str, Any]:
        return {"RuleSets": [{"Name": each} for each in self._sets]}


def test_the_rules_come_in_their_order() -> None:
    rows = [
        {"Name": "a", "Enabled": True, "Recipients": ["x.example"], "Actions": []},
        {"Name": "b", "Actions": [{"S3Action": {}}, {"StopAction": {}}]},
    ]
    ses = Ses({"Metadata": {"Name": "main"}, "Rules": rows})
    assert active_rules(FakeAccount(clients={"ses": ses})) == ActiveRules(
        "main",
        (
            Rule("a", ("x.example",), enabled=True, stops=False),
            Rule("b", (), enabled=False, stops=True),
        ),
    )


@pytest.mark.parametrize(
    ("recipients", "takes"),
    [
        ((), True),
        (("tlsrpt@reports.example.gov",), True),
        (("Reports.Example.gov",), True),
        ((".example.gov",), True),
        ((".reports.example.gov",), False),
        (("example.gov",), False),
        (("other@reports.example.gov", "x.example"), False),
    ],
)
def test_a_rule_takes_mail_by_its_recipients(recipients: tuple[str, ...], *, takes: bool) -> None:
    assert Rule("r", recipients, enabled=True, stops=True).matches(ADDRESS) is takes


@pytest.mark.parametrize(
    ("rule", "is_shadow"),
    [
        (Rule("first", (), enabled=True, stops=True), True),
        (Rule("first", (), enabled=False, stops=True), False),
        (Rule("first", (), enabled=True, stops=False), False),
        (Rule("first", ("x.example",), enabled=True, stops=True), False),
    ],
)
def test_a_rule_before_ours_may_keep_mail_from_it(rule: Rule, *, is_shadow: bool) -> None:
    ours = Rule("ours", (str(ADDRESS),), enabled=True, stops=False)
    last = Rule("last", (), enabled=True, stops=True)
    found = ActiveRules("main", (rule, ours, last)).shadowing("ours", ADDRESS)
    assert (found is rule) is is_shadow
    # Ours is added at the end.
    assert ActiveRules("main", (rule, last)).shadowing("ours", ADDRESS) is not None


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        ([], "create-receipt-rule-set --rule-set-name inbound --region us-east-1"),
        (["a", "b\x1b"], "Activate one of those that exist (a, b\\x1b)"),
    ],
)
def test_where_no_set_is_active_it_is_asked_what_to_do(sets: list[str], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        active_rules(FakeAccount(clients={"ses": Ses({}, sets)}))
    assert says in str(refused.value)
    assert "aws ses set-active-receipt-rule-set --rule-set-name" in str(refused.value)


def test_a_region_in_which_ses_takes_no_mail_is_not_known() -> None:
    ses = Ses({})
    ses.describe_active_receipt_rule_set = refusing(  # type: ignore[method-assign]  # it is data
        "InvalidAction", "DescribeActiveReceiptRuleSet"
    )
    with pytest.raises(UndeterminedError, match="SES receives mail in some regions only"):
        active_rules(FakeAccount(clients={"ses": ses}))
    with pytest.raises(UndeterminedError):
        active_rules(FakeAccount(clients={"ses": _Deaf()}))


class _Deaf:
    def describe_active_receipt_rule_set(self) -> None:
        raise EndpointConnectionError(endpoint_url="https://email.example")
