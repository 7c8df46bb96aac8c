"""A stack file holds no credential and leads none elsewhere."""

from __future__ import annotations

import pytest

from mtasts.config import ConfigError, load, load_text
from mtasts.config.credentials import REFUSED, SECRETS

BASE: dict[str, object] = {
    "aws:region": "us-east-1",
    "mtasts:agency": "Department of Examples",
    "mtasts:tlsReports": ["mailto:tlsrpt@reports.example"],
    "mtasts:domains": [{"name": "example.gov", "mx": ["mail.example.gov"]}],
}


def findings(values: dict[str, object], *secret_keys: str) -> list[tuple[str, str, str]]:
    try:
        load(BASE | values, file="f", secret_keys=secret_keys)
    except ConfigError as error:
        return [(each.id, each.summary, each.fix) for each in error.findings]
    return []


@pytest.mark.parametrize("key", SECRETS)
def test_a_credential_in_clear_is_refused_whatever_its_type(key: str) -> None:
    for value in ("abc", 123456, True, {"secure": "x", "and": "y"}, ["abc"]):
        ((id_, summary, fix),) = findings({key: value})
        assert id_ == "config-token-in-clear"
        assert key in summary
        assert "abc" not in f"{summary}{fix}"
        assert f"pulumi config set --secret {key}" in fix
        assert SECRETS[key] in fix
    assert findings({key: {"secure": "v1:x"}}) == []
    assert findings({key: "decrypted"}, key) == []


@pytest.mark.parametrize("key", REFUSED)
def test_a_key_that_could_get_at_credentials_is_refused(key: str) -> None:
    for value in ("x", {"secure": "v1:x"}):
        ((id_, summary, _),) = findings({key: value})
        assert (id_, REFUSED[key] in summary) == ("config-key-refused", True)
    assert [each[0] for each in findings({key: "x"}, key)] == ["config-key-refused"]


@pytest.mark.parametrize(
    ("values", "expect"),
    [
        pytest.param({"aws:profile": "agency", "aws:maxRetries": "3"}, [], id="known"),
        pytest.param({"aws:assumeRoles": [{"roleArn": "arn:aws:x"}]}, [], id="roles"),
        pytest.param({"cloudflare:email": "a@b.example"}, [], id="email"),
        pytest.param({"other:apiToken": "x", "pulumi:tags": {}}, [], id="other-programs"),
        pytest.param({"aws:regoin": "x"}, ["did you mean aws:region?"], id="misspelt"),
        pytest.param({"cloudflare:zzz": "x"}, ["mtasts docs config"], id="unknown"),
        pytest.param({"aws:endpoints": [{"s3": "http://127.0.0.1:1"}]}, [], id="loopback"),
        pytest.param({"aws:endpoints": {"s3": "http://127.0.0.1:1"}}, [], id="one-mapping"),
        pytest.param(
            {"aws:endpoints": '[{"s3": "https://s3.us-east-1.amazonaws.com"}]'}, [], id="json"
        ),
        pytest.param(
            {"aws:endpoints": '[{"s3": "https://evil.example"}]'},
            ["aws:endpoints[0].s3"],
            id="json-elsewhere",
        ),
        pytest.param(
            {"aws:endpoints": [{}, {"s3": "https://evil.example", "sts": "http://10.0.0.1"}]},
            ["aws:endpoints[1].s3", "aws:endpoints[1].sts"],
            id="elsewhere",
        ),
        pytest.param({"aws:endpoints": [{"s3": {"secure": "x"}}]}, ["[0].s3"], id="secret-one"),
        pytest.param({"aws:endpoints": {"secure": "x"}}, ["encrypted as a secret"], id="secret"),
        pytest.param({"aws:endpoints": "x"}, ["is no list"], id="no-json"),
        pytest.param({"aws:endpoints": ["https://evil.example"]}, ["no mapping"], id="bare"),
        pytest.param({"aws:endpoints": None}, [], id="nothing"),
        pytest.param({"cloudflare:baseUrl": "https://api.cloudflare.com/client/v4"}, [], id="url"),
        pytest.param(
            {"cloudflare:baseUrl": "https://evil.example"}, ["cloudflare:baseUrl"], id="base-url"
        ),
        pytest.param({"cloudflare:baseUrl": {"secure": "x"}}, ["a mapping"], id="secret-url"),
    ],
)
def test_keys_of_the_providers(values: dict[str, object], expect: list[str]) -> None:
    found = [" ".join(each) for each in findings(values)]
    assert len(found) == len(expect)
    for text, part in zip(found, expect, strict=True):
        assert part in text


@pytest.mark.parametrize(
    ("provider", "is_good"),
    [
        ("passphrase", True),
        ("default", True),
        ("awskms://alias/pulumi?region=us-east-1&awssdk=v2&context_a=b", True),
        ("hashivault://key", True),
        ("awskms://alias/pulumi?endpoint=https://evil.example", False),
        ("awskms://alias/pulumi?region=us-east-1&profile=x", False),
        ("awskms://alias/pulumi?endpoint", False),
        ("evil://x", False),
        ("azurekeyvault://our-vault.vault.azure.net/keys/pulumi", True),
        ("azurekeyvault://our-hsm.managedhsm.azure.net/keys/pulumi", True),
        ("azurekeyvault://evil.example/keys/pulumi", False),
        ("azurekeyvault://vault.azure.net.evil.example/keys/pulumi", False),
        ("azurekeyvault://evil.example:443\\@our-vault.vault.azure.net/keys/pulumi", False),
        ("azurekeyvault://u@our-vault.vault.azure.net/keys/pulumi", False),
    ],
)
def test_the_secrets_provider_is_a_key_and_leads_nowhere_else(provider: str, is_good: bool) -> None:
    text = (
        f"secretsprovider: '{provider}'\nconfig:\n  aws:region: us-east-1\n  mtasts:agency: A\n"
        "  mtasts:tlsReports: [mailto:a@reports.example]\n  mtasts:domains:\n"
        "    - name: example.gov\n      mx: [mail.example.gov]\n"
    )
    if is_good:
        assert load_text(text.encode(), file="f").agency == "A"
        return
    with pytest.raises(ConfigError) as refused:
        load_text(text.encode(), file="f")
    (found,) = refused.value.findings
    assert found.id == "config-endpoint-elsewhere"
    assert found.summary.startswith("f:1: secretsprovider: ")
