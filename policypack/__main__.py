"""The policy pack: hands the rules of ``mtasts.policypack`` to Pulumi (docs/policy-pack.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    ResourceValidationPolicy,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from mtasts.policypack.judging import NOT_JUDGED, NOT_JUDGED_MEANS, NOT_JUDGED_TO_DO, not_judged
from mtasts.policypack.resources import UNKNOWN, Resource
from mtasts.policypack.rule import PAGE, ResourceRule
from mtasts.policypack.stack import Stack
from mtasts.policypack.table import RULES

if TYPE_CHECKING:
    from pulumi_policy import (
        PolicyResource,
        ReportViolation,
        ResourceValidationArgs,
        StackValidationArgs,
    )

    from mtasts.policypack.rule import AnyRule, DomainRule


class Pack:
    """The policies of one run, which remember the inputs of each resource.

    To a rule about the whole stack the SDK gives the outputs of the resources. In a preview many
    outputs are not known, so rules about a domain judge the remembered inputs instead.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._inputs: dict[str, Mapping[str, object]] = {}

    def policies(self) -> list[Policy]:
        """A policy for each rule, and one that reports the rules which could not be judged."""
        found = [self._policy(rule) for rule in RULES.values()]
        tell = StackValidationPolicy(
            NOT_JUDGED, NOT_JUDGED_MEANS, self._tell, EnforcementLevel.ADVISORY
        )
        return [*found, tell]

    def _policy(self, rule: AnyRule) -> Policy:
        level = EnforcementLevel(rule.level.value)
        schema = None
        if rule.settings:
            schema = PolicyConfigSchema(
                {
                    each.name: {
                        "type": "number",
                        "minimum": 0,
                        "default": each.default,
                        "description": each.means,
                    }
                    for each in rule.settings
                }
            )
        if isinstance(rule, ResourceRule):
            judge = partial(self._judge_resource, rule)
            return ResourceValidationPolicy(rule.id, rule.means, judge, level, schema)
        about_all = partial(self._judge_stack, rule)
        return StackValidationPolicy(rule.id, rule.means, about_all, level, schema)

    def _judge_resource(
        self, rule: ResourceRule, args: ResourceValidationArgs, report: ReportViolation
    ) -> None:
        inputs = self._inputs[args.urn] = plain_inputs(args.props)
        resource = Resource(args.urn, args.resource_type, inputs, protect=args.opts.protect)
        for remark in rule.remarks(resource, rule.with_config(args.get_config() or {})):
            if not remark.is_unknown:
                report(_message(remark.text, rule.to_do, rule.page), None)

    def _judge_stack(
        self, rule: DomainRule, args: StackValidationArgs, report: ReportViolation
    ) -> None:
        for remark in rule.remarks(self._stack(args), rule.with_config(args.get_config() or {})):
            if not remark.is_unknown:
                report(_message(remark.text, rule.to_do, rule.page), remark.urn)

    def _tell(self, args: StackValidationArgs, report: ReportViolation) -> None:
        for remark in not_judged(self._stack(args)):
            report(_message(remark.text, NOT_JUDGED_TO_DO, f"{PAGE}#{NOT_JUDGED}"), remark.urn)

    def _stack(self, args: StackValidationArgs) -> Stack:
        return Stack(self._resource(each) for each in args.resources)

    def _resource(self, found: PolicyResource) -> Resource:
        inputs = self._inputs.get(found.urn)
        return Resource(
            found.urn,
            found.resource_type,
            plain_inputs(found.props) if inputs is None else inputs,
            frozenset(each.urn for each in found.dependencies),
            {
                key: frozenset(each.urn for each in named)
                for key, named in found.property_dependencies.items()
            },
            protect=found.opts.protect,
        )


def _message(text: str, to_do: str, page: str) -> str:
    return f"{text} {to_do} ({page})"


def plain_inputs(props: Mapping[str, object]) -> dict[str, object]:
    """The properties as plain values, `UNKNOWN` for those that a preview does not know."""
    return {key: _plain(props, key) for key in props}


def _plain(holder: Mapping[str, object] | Sequence[object], key: str | int) -> object:
    try:
        found = holder[key]  # type: ignore[index] # by name or by number
    except UnknownValueError:
        return UNKNOWN
    if isinstance(found, Mapping):
        return plain_inputs(found)
    if isinstance(found, pulumi.StringAsset):
        return found.text.encode()
    if isinstance(found, pulumi.FileAsset):
        return _content(found)
    if isinstance(found, Sequence) and not isinstance(found, (str, bytes)):
        return [_plain(found, index) for index in range(len(found))]
    return found


def _content(asset: pulumi.FileAsset) -> object:
    """The bytes of a file asset, `UNKNOWN` if the file cannot be read."""
    try:
        return Path(asset.path).read_bytes()
    except OSError:
        return UNKNOWN


if __name__ == "__main__":
    PolicyPack("mtasts", Pack().policies())
