"""The session that the toolkit's own calls use, from the stack's ``aws:`` keys."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from fake_account import FakeAccount

from mtasts.cloud.aws.account import Account, AwsSettings, AwsSettingsError, Role, WrongAccountError
from mtasts.errors import UndeterminedError
from mtasts.localcloud.moto_host import moto_running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHAIN = ("111111111111", "222222222222")


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
        pytest.param({"aws:insecure": "true"}, "does not support this", id="unfollowed"),
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


def test_credentials_of_another_account_are_refused() -> None:
    settings = AwsSettings(region="us-east-1", allowed_accounts=("111111111111",))
    with pytest.raises(WrongAccountError, match="222222222222"):
        FakeAccount(settings, id_="222222222222").require_allowed()
    assert FakeAccount(settings, id_="111111111111").require_allowed() == "111111111111"


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an STS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with moto_running() as url:
        yield url


@pytest.fixture
def granted(sts: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], list[str]]]:
    """Have STS grant for so many seconds; the accounts of the roles that it granted, in turn."""
    from moto.sts import models  # after the environment

    del sts
    told: list[str] = []
    original = models.STSBackend.assume_role

    def within(seconds: int) -> list[str]:
        def assume(self: Any, *args: Any, **options: Any) -> Any:
            role = original(self, *args, **options)
            role.expiration = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
            told.append(role.role_arn.split(":")[4])
            return role

        monkeypatch.setattr(models.STSBackend, "assume_role", assume)
        return told

    yield within
    monkeypatch.undo()


def in_a_chain(url: str) -> Account:
    roles = tuple(Role(f"arn:aws:iam::{account}:role/a", "extern") for account in CHAIN)
    return Account(AwsSettings("us-east-1", roles=roles, endpoints={"sts": url}))


def test_a_role_is_assumed_once_for_all_threads(
    sts: str, granted: Callable[[int], list[str]]
) -> None:
    account, told = in_a_chain(sts), granted(3600)
    client = account.client("sts")
    assert told == []
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: client.get_caller_identity()["Account"], range(8)))
    assert set(found) == {CHAIN[-1]}
    assert told == list(CHAIN)


def test_what_a_role_grants_is_renewed_before_it_lapses(
    sts: str, granted: Callable[[int], list[str]]
) -> None:
    account, told = in_a_chain(sts), granted(60)
    client, credentials = account.client("sts"), account.session().get_credentials()
    assert credentials is not None
    keys = set()
    for _ in range(3):
        assert client.get_caller_identity()["Account"] == CHAIN[-1]
        keys.add(credentials.get_frozen_credentials().access_key)
    assert len(keys) == 3
    # Each time by keys of the role before that are renewed as well.
    assert told[-2:] == list(CHAIN)
    assert told.count(CHAIN[0]) == told.count(CHAIN[1]) >= 3


def test_a_role_needs_credentials_to_assume_it(sts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(UndeterminedError, match="Unable to locate credentials"):
        in_a_chain(sts).account_id()


def test_a_role_that_is_refused_leaves_the_account_undetermined() -> None:
    with pytest.raises(UndeterminedError, match="the account of the AWS credentials"):
        Account(
            AwsSettings(
                "us-east-1",
                access_key="k",
                secret_key="s",
                roles=(Role("arn:aws:iam::1:role/a"),),
                endpoints={"sts": "http://127.0.0.1:9"},
            ),
            attempts_max=1,
        ).account_id()
