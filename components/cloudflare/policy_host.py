"""The policy host on Cloudflare: a Worker with the policy in its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pulumi
import pulumi_cloudflare as cloudflare

from mtasts.cloud.cloudflare.caches import WorkerCaches
from mtasts.cloud.cloudflare.take_over import TakeOver
from mtasts.components.hosting import Worker
from mtasts.components.waiting import Slow  # noqa: TC001 - the SDK reads what the class is annotated with
from mtasts.render.worker import COMPATIBILITY_DATE, MODULE, worker_name, worker_source

if TYPE_CHECKING:
    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.rollout.move import MoveListener


class PolicyHostArgs(TypedDict):
    """The policy, its names, and the account of the Worker."""

    domain: str
    policy_host: str
    body: bytes
    before_body: pulumi.ResourceHookBinding
    cache_seconds: int
    settle_seconds: int
    protect: bool
    account: CloudflareAccount
    workers_dev: str


class PolicyHost(pulumi.ComponentResource):
    """One Worker for one policy domain."""

    body: pulumi.Resource
    own_name: pulumi.Output[str]
    policy_url: pulumi.Output[str]
    target: Worker
    answers_as_policy_host = False
    slow: tuple[Slow, ...] = ()

    def __init__(
        self, name: str, args: PolicyHostArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place the Worker; no record of the domain leads here yet."""
        super().__init__("mtasts:index:PolicyHost", name, {}, opts)
        self._settle_seconds = args["settle_seconds"]
        self._account = args["account"]
        account_id = self._account.settings.account_id
        service = self._service = worker_name(args["domain"])
        script = cloudflare.WorkersScript(
            f"{name}-script",
            account_id=account_id,
            script_name=service,
            main_module=MODULE,
            content=worker_source(args["domain"], args["body"], args["cache_seconds"]),
            compatibility_date=COMPATIBILITY_DATE,
            opts=pulumi.ResourceOptions(
                parent=self,
                hooks=args["before_body"],
                protect=args["protect"],
            ),
        )
        # The workers.dev name, at which the Worker is proven before a record leads to it.
        subdomain = cloudflare.WorkersScriptSubdomain(
            f"{name}-own-name",
            account_id=account_id,
            script_name=script.script_name,
            enabled=True,
            previews_enabled=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.body = script
        own_name = f"{service}.{args['workers_dev']}"
        self.own_name = subdomain.enabled.apply(lambda _: own_name)
        self.target = Worker(account_id, script.script_name)
        self.policy_url = pulumi.Output.from_input(
            f"https://{args['policy_host']}/.well-known/mta-sts.txt"
        )
        self.register_outputs({"policyUrl": self.policy_url})

    async def caches(self) -> WorkerCaches:
        """The wait until an upload has reached every place of the edge.

        The config's rules keep this wait shorter than the deadline of the proof.
        """
        return WorkerCaches(self._settle_seconds)

    async def take_over(self, owner: str, zone_id: str, listener: MoveListener) -> None:
        """Lead ``owner`` to this Worker in one step, if it leads to another host now."""
        taking = TakeOver(self._account, self._settle_seconds)
        await taking.run(owner, zone_id, self._service, listener)
