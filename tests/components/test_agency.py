"""What a program gives `Agency`, and what is read of it."""

from __future__ import annotations

import asyncio
import enum
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.output import Unknown
from pulumi.runtime.config import set_all_config

from mtasts import components
from mtasts.components.belonging import STACK, Belonging
from mtasts.components.given import Given
from mtasts.config import ConfigError
from mtasts.errors import UsageError
from mtasts.policy import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

AWS = {"aws:region": "eu-west-1", "gcp:project": "else", "mtasts:mode": "enforce"}
DOMAIN = {"name": "example.gov", "mx": ["mx1.example.gov"]}
GOOD = {"agency": "Example", "tlsReports": ["mailto:r@example.gov"], "domains": [DOMAIN]}


class Word(enum.Enum):
    TESTING = "testing"


def given(args: object, config: Mapping[str, str] = AWS, secrets: tuple[str, ...] = ()) -> Given:
    async def read() -> Given:
        set_all_config(dict(config), list(secrets))
        return await Given.of_arguments("example", args)

    return asyncio.run(read())


def mistakes(args: object) -> dict[str, str]:
    with pytest.raises(ConfigError) as refused:
        given(args).load()
    return {each.id: each.summary for each in refused.value.findings}


def test_a_stack_file_is_named_with_every_problem() -> None:
    set_all_config({"mtasts:mode": "on", "mtasts:maxAge": "-1"}, [])
    with pytest.raises(ConfigError) as refused:
        Given.of_stack("agency").load()
    text = str(refused.value)
    assert "stacks/Pulumi.agency.yaml" in text
    assert "mtasts:mode" in text
    assert "mtasts:maxAge" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"maxAge": 604800.0, "mode": "testing"},  # every number of another language is a float
        {"max_age": 604800, "mode": Word.TESTING},
        {"max_age": pulumi.Output.from_input, "mode": Mode.TESTING},
    ],
)
def test_arguments_mean_what_a_stack_file_means(changes: dict[str, Any]) -> None:
    async def read() -> Given:
        set_all_config(AWS, [])
        made = {
            key: each(604800) if callable(each) and not isinstance(each, enum.Enum) else each
            for key, each in changes.items()
        }
        return await Given.of_arguments("example", GOOD | made)

    config, pending = asyncio.run(read()).load()
    (domain,) = config.domains
    assert domain.policy.render() == (
        b"version: STSv1\r\nmode: testing\r\nmx: mx1.example.gov\r\nmax_age: 604800\r\n"
    )
    assert config.region == "eu-west-1"
    assert pending == ()


def test_the_config_of_other_packages_and_the_stack_s_own_keys_do_not_count() -> None:
    assert {"gcp:project", "mtasts:mode"}.isdisjoint(given(GOOD).values)


def test_words_that_are_keywords_elsewhere_have_other_names() -> None:
    override = {"waives": ["evidence"], "reason": "a move", "approved_by": "A. B."}
    dates = {"begins": "2026-01-01", "expires": "2026-01-31"}
    config, _ = given(GOOD | {"domains": [DOMAIN | {"override": override | dates}]}).load()
    found = config.domains[0].override
    assert found is not None
    assert str(found.begins) == "2026-01-01"
    assert found.approved_by == "A. B."


def test_every_problem_of_the_arguments_is_named_as_the_program_spells_it() -> None:
    domain = {"name": "example.gov", "mod": "testing"}
    found = mistakes(GOOD | {"maxAge": 604800.5, "hosting": "azure", "domains": [domain]})
    assert found.keys() >= {
        "config-no-whole-number",
        "config-unknown-word",
        "config-missing-key",
        "config-unknown-key",
    }
    assert found["config-no-whole-number"].startswith("Agency 'example': maxAge: ")
    assert found["config-missing-key"].startswith("Agency 'example': domains[0].mx: ")
    with pytest.raises(ConfigError) as refused:
        given({}).load()
    assert "mtasts:" not in str(refused.value)


@pytest.mark.parametrize("args", [None, "text", {"domains": "text"}, {"domains": ["text"]}])
def test_arguments_of_another_shape_are_refused(args: object) -> None:
    assert mistakes(args)


def test_a_secret_is_refused_before_it_is_published() -> None:
    async def read() -> None:
        secret = pulumi.Output.secret(["mx1.example.gov"])
        await Given.of_arguments("example", GOOD | {"domains": [DOMAIN | {"mx": secret}]})

    with pytest.raises(UsageError, match="an argument is a secret"):
        asyncio.run(read())


def test_a_cloud_s_secret_is_known_as_one() -> None:
    token = {"cloudflare:apiToken": "t", "other:token": "u"}
    found = given(GOOD, AWS | token, ("cloudflare:apiToken", "other:token"))
    assert found.secret_keys == ["cloudflare:apiToken"]
    found.load()
    with pytest.raises(ConfigError, match="cloudflare:apiToken"):
        given(GOOD, AWS | token).load()


def unknown() -> Any:
    return Unknown()  # type: ignore[no-untyped-call]


def test_a_zone_of_the_same_run_leaves_its_domain_for_the_run_itself() -> None:
    other = {"name": "b.example.gov", "mx": []}
    config, pending = given(GOOD | {"domains": [DOMAIN | {"zoneId": unknown()}, other]}).load()
    assert pending == ("example.gov",)
    assert [each.name for each in config.domains] == ["b.example.gov"]


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": unknown()},
        {"agency": unknown()},
        {"domains": unknown()},
        {"domains": [unknown()]},
        {"domains": [DOMAIN | {"name": unknown()}]},
        {"domains": [DOMAIN | {"name": unknown(), "zoneId": unknown()}]},
        {"domains": [DOMAIN | {"mx": unknown()}]},
        {"domains": [DOMAIN | {"mx": [unknown()]}]},
        {"domains": [DOMAIN | {"override": unknown()}]},
    ],
)
def test_another_value_that_is_not_known_yet_is_refused(changes: dict[str, Any]) -> None:
    found = mistakes(GOOD | changes)
    assert "config-not-yet-known" in found, found


def test_what_a_zone_comes_of_is_kept() -> None:
    async def read() -> Given:
        set_all_config(AWS, [])
        zone = pulumi.Output.from_input("Z123456789ABC")
        return await Given.of_arguments("example", GOOD | {"domains": [DOMAIN | {"zone_id": zone}]})

    found = asyncio.run(read())
    assert found.load()[0].domains[0].zone_id == "Z123456789ABC"
    assert found.made_by == ()


def test_the_names_of_what_domains_share_differ_between_agencies() -> None:
    assert STACK.name("policies") == "policies"
    assert Belonging(prefix="b-").name("policies") == "b-policies"
    assert STACK.options.aliases is None
    (alias,) = Belonging(was_at_top=True).options.aliases or ()
    assert isinstance(alias, pulumi.Alias)
    assert alias.parent is pulumi.ROOT_STACK_RESOURCE


def test_what_the_package_exports_is_imported_when_it_is_asked_for() -> None:
    assert components.Agency.__module__ == "mtasts.components.agency"
    assert components.DomainArgs.__module__ == "mtasts.components.agency_args"
    with pytest.raises(AttributeError, match="no attribute 'MailDomian'"):
        components.MailDomian  # noqa: B018 - the look-up is the test
