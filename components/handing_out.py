"""Hands out the records that somebody else publishes: in the bucket and in the stack's outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import s3

from mtasts.cloud.aws.handouts import handout_key
from mtasts.components.hooks import guard
from mtasts.components.hosting import Validated
from mtasts.rollout import handover
from mtasts.rollout.handover import (
    HandedOutRecord,
    HandoverError,
    RecordLookup,
    as_text,
    as_zone_file,
    normalise_name,
    render_handed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.components.aws.policy_bucket import PolicyBucket
    from mtasts.components.hosting import Validation
    from mtasts.probe.dns import Resolver
    from mtasts.rollout.declaration import Declaration

_LOOK_SECONDS = 30.0


@dataclass(slots=True)
class HandingOut:
    """Collects the records of one domain, and places the object that has them.

    ``rows`` are owner, type and value of each record. ``hooks`` and ``after`` are the hooks and
    dependencies that the records would have. The object has them instead, because the records may
    be published as soon as the object exists.
    """

    declared: Declaration
    bucket: PolicyBucket
    resolver: Resolver
    rows: list[tuple[pulumi.Input[str], str, pulumi.Input[str]]] = field(default_factory=list)
    hooks: list[pulumi.ResourceHook] = field(default_factory=list)
    after: list[pulumi.Resource] = field(default_factory=list)

    def add(self, owner: pulumi.Input[str], type_: str, value: pulumi.Input[str]) -> None:
        """Add one record to the object."""
        self.rows.append((owner, type_, value))

    def validation(self, name: str, validation: Validation) -> Validated:
        """Hand out the CNAME with which ACM validates the certificate.

        No run waits for the agency. Resources that need the certificate fail at once until DNS has
        the CNAME of this certificate, also if the certificate replaces an older one.

        Raises:
            HandoverError: DNS lacks the CNAME; a later run issues the certificate and the host.
        """
        self.add(validation.owner, "CNAME", validation.value)
        owner = pulumi.Output.from_input(validation.owner)
        value = pulumi.Output.from_input(validation.value)

        async def check(_: pulumi.ResourceHookArgs) -> None:
            record = HandedOutRecord(
                normalise_name(str(await owner.future())),
                "CNAME",
                normalise_name(str(await value.future())),
            )
            servers = self.declared.name_servers
            answer = await self.resolver.authoritative(servers, record.owner, record.type)
            if reason := handover.missing(RecordLookup(record, answer)):
                raise HandoverError(f"no certificate yet: {reason}; publish it, and run again")

        hook = guard(f"{name}-published", check, deadline_seconds=_LOOK_SECONDS)
        return Validated(owner, pulumi.ResourceHookBinding(before_create=[hook]))

    def guard(self, opts: pulumi.ResourceOptions) -> None:
        """Give the object the hooks and the dependencies of a record that is in it."""
        binding = opts.hooks
        if isinstance(binding, pulumi.ResourceHookBinding):
            self.hooks += [
                each
                for each in binding.before_create or []
                if isinstance(each, pulumi.ResourceHook)
            ]
        for each in opts.depends_on if isinstance(opts.depends_on, list) else ():
            if isinstance(each, pulumi.CustomResource):
                self.after.append(each)

    def place(self, parent: pulumi.Resource, *, protect: bool) -> pulumi.Output[dict[str, str]]:
        """Place the object; returns the records as texts for the stack's outputs."""
        found = pulumi.Output.all(
            *(value for owner, _, text in self.rows for value in (owner, text))
        )
        types = [type_ for _, type_, _ in self.rows]

        def records(texts: Sequence[str]) -> list[HandedOutRecord]:
            pairs = zip(texts[::2], types, texts[1::2], strict=True)
            return sorted(
                (
                    HandedOutRecord(
                        normalise_name(owner),
                        type_,
                        value if type_ == "TXT" else normalise_name(value),
                    )
                    for owner, type_, value in pairs
                ),
                key=lambda each: (each.owner, each.type),
            )

        handed = found.apply(records)
        s3.BucketObjectv2(
            f"{self.declared.domain}-handed-out",
            bucket=self.bucket.bucket,
            key=handout_key(self.declared.domain),
            content=handed.apply(lambda each: render_handed(self.declared.domain, each)),
            content_type="application/json",
            opts=pulumi.ResourceOptions(
                parent=parent,
                depends_on=[*self.bucket.ready, *self.after],
                hooks=pulumi.ResourceHookBinding(
                    before_create=list(self.hooks), before_update=list(self.hooks)
                ),
                protect=protect,
            ),
        )
        return handed.apply(self._shown)

    def _shown(self, records: Sequence[HandedOutRecord]) -> dict[str, str]:
        """The texts of the records to publish; a retirement also lists those to ``withdraw``."""
        domain, parts = self.declared.domain, self.declared.phase.parts
        withdrawn = [each for each in records if handover.is_withdrawn(domain, parts, each)]
        kept = [each for each in records if each not in withdrawn]
        shown = {
            "text": as_text(kept),
            "zoneFile": as_zone_file(kept),
            "json": render_handed(domain, kept),
        }
        return shown | ({"withdraw": as_text(withdrawn)} if withdrawn else {})
