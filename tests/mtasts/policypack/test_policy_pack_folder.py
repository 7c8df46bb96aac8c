"""Where the policy pack lies, and what its adapter to Pulumi's SDK does with a rule."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pack_programs import ENFORCED, OBJECT, RECORD
from pulumi_policy import (
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    StackValidationArgs,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from mtasts.policypack import __main__ as where
from mtasts.policypack.judging import NOT_JUDGED
from mtasts.policypack.resources import UNKNOWN
from mtasts.policypack.table import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]


def test_the_folder_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(where.__file__, run_name="__main__")
    assert (ended.value.code, capsys.readouterr().out) == (0, f"{ROOT / 'policypack'}\n")


def test_without_the_extra_nothing_is_printed_that_pulumi_would_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert where.main(lambda _: None) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("mtasts: this needs the extra policypack")


def test_an_installed_package_has_it_inside(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    assert where.folder(tmp_path) == tmp_path / "pack"
    assert (where.folder() / "PulumiPolicy.yaml").is_file()


@pytest.fixture(scope="module")
def adapter() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "policypack" / "__main__.py"), run_name="pack")


OPTIONS = PolicyResourceOptions(
    protect=False,
    ignore_changes=[],
    delete_before_replace=None,
    aliases=[],
    custom_timeouts=None,  # type: ignore[arg-type] # nobody asks for them
    additional_secret_outputs=[],
)


def of_resource(
    type_: str, urn: str, inputs: dict[str, Any], **config: Any
) -> ResourceValidationArgs:
    props = unknown_checking_proxy(inputs)
    return ResourceValidationArgs(type_, props, urn, urn, OPTIONS, None, config)


def of_stack(*resources: PolicyResource) -> StackValidationArgs:
    return StackValidationArgs([*resources])


def judged(policy: Any, args: Any) -> list[tuple[str, str | None]]:
    told: list[tuple[str, str | None]] = []
    policy.validate(args, lambda text, urn=None: told.append((text, urn)))
    return told


@pytest.fixture
def policies(adapter: dict[str, Any]) -> dict[str, Any]:
    return {each.name: each for each in adapter["Pack"]().policies()}


def test_there_is_a_policy_for_each_rule_at_its_level(policies: dict[str, Any]) -> None:
    levels = {name: each.enforcement_level.value for name, each in policies.items()}
    assert levels.pop(NOT_JUDGED) == "advisory"
    assert levels == {id_: rule.level for id_, rule in RULES.items()}
    schema = policies["policy-max-age-short"].config_schema
    assert schema.properties["seconds"]["default"] == 604_800
    assert policies["sts-record-id"].config_schema is None


def record(id_: str) -> dict[str, Any]:
    text = id_ if id_ == UNKNOWN_STRING_VALUE else f"v=STSv1; id={id_};"
    return {"name": "_mta-sts.example.org", "type": "TXT", "records": [text], "ttl": 300.0}


def test_a_violation_says_what_to_do_and_where_to_read_more(policies: dict[str, Any]) -> None:
    policy = policies["sts-record-id"]
    ((text, _),) = judged(policy, of_resource(RECORD, "r", record("a-b")))
    assert text.startswith("_mta-sts.example.org: the id is not 1 to 32 letters and digits: a-b;")
    assert text.endswith(" (mtasts docs policy-pack#sts-record-id)")
    assert RULES["sts-record-id"].to_do in text
    assert judged(policy, of_resource(RECORD, "r", record("ab"))) == []
    assert judged(policy, of_resource(RECORD, "r", record(UNKNOWN_STRING_VALUE))) == []


def test_a_figure_of_the_config_counts(policies: dict[str, Any]) -> None:
    policy, inputs = policies["sts-record-ttl-long"], record("ab")
    assert judged(policy, of_resource(RECORD, "r", inputs)) == []
    assert len(judged(policy, of_resource(RECORD, "r", inputs, seconds=299.0))) == 1
    assert judged(policy, of_resource(RECORD, "r", inputs, seconds="odd")) == []


def test_a_rule_about_a_domain_judges_the_inputs_where_it_saw_them(
    policies: dict[str, Any],
) -> None:
    """Outputs of a preview are not known where the program set nothing."""
    inputs = {"key": "example.org/.well-known/mta-sts.txt", "content": ENFORCED, "bucket": "b"}
    outputs = {**inputs, "content": UNKNOWN_STRING_VALUE}
    resource = PolicyResource(
        OBJECT, unknown_checking_proxy(outputs), "o", "o", OPTIONS, None, None, [], {}
    )
    sts = PolicyResource(
        RECORD,
        unknown_checking_proxy(record("ab")),
        "r",
        "r",
        OPTIONS,
        None,
        None,
        [resource],
        {"records": [resource]},
    )
    rule, unknown = policies["policy-unprotected"], policies[NOT_JUDGED]
    assert judged(rule, of_stack(resource, sts)) == []
    told = judged(unknown, of_stack(resource, sts))
    assert [urn for text, urn in told if "content is not known yet" in text] == ["o", "r"]
    judged(policies["policy-invalid"], of_resource(OBJECT, "o", inputs))
    assert [urn for _, urn in judged(rule, of_stack(resource, sts))] == ["r", "o"]
    assert judged(unknown, of_stack(resource, sts)) == []


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"a": [1.0, {"b": UNKNOWN_STRING_VALUE}]}, {"a": [1.0, {"b": UNKNOWN}]}),
        ({"a": UNKNOWN_STRING_VALUE}, {"a": UNKNOWN}),
        ({"a": [UNKNOWN_STRING_VALUE, None]}, {"a": [UNKNOWN, None]}),
        ({"a": pulumi.StringAsset("text")}, {"a": b"text"}),
        ({"a": pulumi.FileAsset("no/such/file")}, {"a": UNKNOWN}),
    ],
)
def test_inputs_become_plain_values(
    adapter: dict[str, Any], value: dict[str, Any], plain: dict[str, Any]
) -> None:
    assert adapter["plain_inputs"](unknown_checking_proxy(value)) == plain


def test_the_file_of_an_asset_is_read(
    adapter: dict[str, Callable[..., Any]], tmp_path: Path
) -> None:
    file = tmp_path / "policy"
    file.write_bytes(b"bytes\r\n")
    assert adapter["plain_inputs"]({"source": pulumi.FileAsset(str(file))}) == {
        "source": b"bytes\r\n"
    }
