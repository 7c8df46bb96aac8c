"""The session that the toolkit's own calls use, from the stack's ``aws:`` keys."""

from __future__ import annotations

import pytest

from mtasts.cloud.aws import Account, AwsSettings, AwsSettingsError, Role, WrongAccountError


def test_lists_may_be_json_texts_as_pulumi_hands_them_out() -> None:
    settings = AwsSettings.from_config(
        {
            "aws:region": "us-east-1",
            "aws:profile": "agency",
            "aws:assumeRoles": '[{"roleArn": "arn:aws:iam::1:role/a", "externalId": "e"}]',
            "aws:endpoints": [{"s3": "http://127.0.0.1:1", "sts": "http://127.0.0.1:1"}],
            "aws:allowedAccountIds": '["123456789012"]',
        }
    )
    assert settings == AwsSettings(
        region="us-east-1",
        profile="agency",
        roles=(Role("arn:aws:iam::1:role/a", "e"),),
        endpoints={"s3": "http://127.0.0.1:1", "sts": "http://127.0.0.1:1"},
        allowed_accounts=("123456789012",),
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param({}, "aws:region is missing", id="no-region"),
        pytest.param({"aws:assumeRoles": "[{"}, "no JSON list", id="broken-json"),
        pytest.param({"aws:assumeRoles": '["x"]'}, "list of objects", id="no-objects"),
        pytest.param({"aws:assumeRoles": [{}]}, "needs a roleArn", id="no-role"),
        pytest.param({"aws:insecure": "true"}, "not followed by mtasts", id="unfollowed"),
    ],
)
def test_settings_that_would_act_as_somebody_else_are_refused(
    values: dict[str, object], text: str
) -> None:
    region: dict[str, object] = {} if not values else {"aws:region": "us-east-1"}
    with pytest.raises(AwsSettingsError, match=text):
        AwsSettings.from_config(region | values)


def test_secrets_do_not_show_in_the_settings_text() -> None:
    settings = AwsSettings.from_config({"aws:region": "us-east-1", "aws:secretKey": "hush"})
    assert "hush" not in repr(settings)


def test_credentials_of_another_account_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(AwsSettings(region="us-east-1", allowed_accounts=("111111111111",)))
    monkeypatch.setattr(account, "_account_id", "222222222222")
    with pytest.raises(WrongAccountError, match="222222222222"):
        account.require_allowed()
    monkeypatch.setattr(account, "_account_id", "111111111111")
    assert account.require_allowed() == "111111111111"
