"""An inbox on Cloudflare: a Worker stores mail from Email Routing and requests in one bucket."""

from __future__ import annotations

from typing import TypedDict

import pulumi
import pulumi_cloudflare as cloudflare

from mtasts.render.inbox_worker import inbox_worker_source, rate_limit_namespace
from mtasts.render.worker import COMPATIBILITY_DATE, MODULE

_DAY_SECONDS = 86_400
_MINUTE_SECONDS = 60


class CloudflareInboxArgs(TypedDict):
    """The names and settings of an inbox's resources.

    ``slug`` is the name of Worker and rule. ``workers_dev`` is the account's name at workers.dev;
    the endpoint's name is below it. ``keep_days`` is how long the bucket keeps reports.
    ``per_minute`` is how many requests the Worker accepts per minute and IP address.
    """

    address: str
    bucket: str
    slug: str
    account_id: str
    zone_id: str
    workers_dev: str
    keep_days: int
    per_minute: int


class CloudflareInbox(pulumi.ComponentResource):
    """The bucket, the Worker that writes to it, and the rule that sends mail to the Worker.

    Email Routing and the MX records belong to the zone: no stack owns them.
    """

    endpoint: pulumi.Output[str]
    bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: CloudflareInboxArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place bucket, Worker and rule."""
        super().__init__("mtasts:index:CloudflareInbox", name, {}, opts)
        self._name, self._args = name, args
        self._place_bucket()
        worker = self._place_endpoint()
        self._place_mail(worker)
        self.register_outputs({"bucket": self.bucket, "endpoint": self.endpoint})

    def _below(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _place_bucket(self) -> None:
        """Place the bucket, which only the account can read.

        A destroy does not empty the bucket: R2 refuses to delete a bucket that holds reports.
        """
        name, args = self._name, self._args
        made = cloudflare.R2Bucket(
            f"{name}-bucket", account_id=args["account_id"], name=args["bucket"], opts=self._below()
        )
        self.bucket = made.name
        cloudflare.R2BucketLifecycle(
            f"{name}-lifecycle",
            account_id=args["account_id"],
            bucket_name=self.bucket,
            rules=lifecycle_rules(args["keep_days"]),
            opts=self._below(),
        )

    def _place_endpoint(self) -> cloudflare.WorkersScript:
        """The Worker and its name at workers.dev, which anybody may call."""
        name, args = self._name, self._args
        binding = cloudflare.WorkersScriptBindingArgs
        script = cloudflare.WorkersScript(
            f"{name}-script",
            account_id=args["account_id"],
            script_name=args["slug"],
            main_module=MODULE,
            content=inbox_worker_source(args["address"]),
            compatibility_date=COMPATIBILITY_DATE,
            observability=_errors_only(),
            bindings=[
                binding(name="BUCKET", type="r2_bucket", bucket_name=self.bucket),
                binding(
                    name="LIMIT",
                    type="ratelimit",
                    namespace_id=rate_limit_namespace(args["slug"]),
                    simple=cloudflare.WorkersScriptBindingSimpleArgs(
                        limit=args["per_minute"], period=_MINUTE_SECONDS
                    ),
                ),
            ],
            opts=self._below(),
        )
        own_name = cloudflare.WorkersScriptSubdomain(
            f"{name}-own-name",
            account_id=args["account_id"],
            script_name=script.script_name,
            enabled=True,
            previews_enabled=False,
            opts=self._below(),
        )
        url = f"https://{args['slug']}.{args['workers_dev']}/"
        self.endpoint = own_name.enabled.apply(lambda _: url)
        return script

    def _place_mail(self, worker: cloudflare.WorkersScript) -> None:
        """The rule of Email Routing: the mail of this one address goes to the Worker."""
        args = self._args
        cloudflare.EmailRoutingRule(
            f"{self._name}-rule",
            zone_id=args["zone_id"],
            name=args["slug"],
            enabled=True,
            matchers=[
                # In lower case, as Cloudflare's API may return it: a difference would be drift.
                cloudflare.EmailRoutingRuleMatcherArgs(
                    type="literal", field="to", value=args["address"].lower()
                )
            ],
            actions=[
                cloudflare.EmailRoutingRuleActionArgs(type="worker", values=[worker.script_name])
            ],
            opts=self._below(worker),
        )


def _errors_only() -> cloudflare.WorkersScriptObservabilityArgs:
    """Keep the lines that the Worker writes about lost reports, and no log of requests.

    An invocation log would have the address of each sender, for each request. The Worker itself
    writes only if R2 fails, so every line can be kept: with a lower rate most lost reports would
    not be logged. Every value is set, so that no default of Cloudflare shows as drift.
    """
    return cloudflare.WorkersScriptObservabilityArgs(
        enabled=True,
        head_sampling_rate=1,
        logs=cloudflare.WorkersScriptObservabilityLogsArgs(
            enabled=True, head_sampling_rate=1, invocation_logs=False, persist=True
        ),
    )


def lifecycle_rules(keep_days: int) -> list[cloudflare.R2BucketLifecycleRuleArgs]:
    """Reports are deleted after ``keep_days``; R2 keeps no versions."""
    return [
        cloudflare.R2BucketLifecycleRuleArgs(
            id="reports",
            enabled=True,
            conditions=cloudflare.R2BucketLifecycleRuleConditionsArgs(prefix=""),
            delete_objects_transition=cloudflare.R2BucketLifecycleRuleDeleteObjectsTransitionArgs(
                condition=cloudflare.R2BucketLifecycleRuleDeleteObjectsTransitionConditionArgs(
                    type="Age", max_age=keep_days * _DAY_SECONDS
                )
            ),
        )
    ]
