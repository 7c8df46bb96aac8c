"""The accounts, zones and ledger stores that the config of a stack chooses.

`mtasts.cloud.aws` and `mtasts.cloud.cloudflare` each know one; here is the only place that chooses.
What not every stack uses is imported where it is used: a preview takes as long as its imports.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.handouts import Handouts
from mtasts.cloud.aws.hosts import Distributions
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.aws.zones import Route53Zones
from mtasts.cloud.naming import alarm_name, bucket_name, ledger_bucket_name
from mtasts.config import Dns, Hosting
from mtasts.destinations import aws_endpoints, is_local, require
from mtasts.errors import UsageError
from mtasts.ledger.recorder import Recorder
from mtasts.rollout.caa import AMAZON, CLOUDFLARES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.cloud.cloudflare.hosts import Workers
    from mtasts.cloud.cloudflare.ledger_store import R2Store
    from mtasts.cloud.cloudflare.zones import CloudflareZones
    from mtasts.config import AgencyConfig
    from mtasts.rollout.caa import Authority
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class Clouds:
    """The clouds of one stack; ``aws`` or ``cloudflare`` is None if the stack does not use it.

    ``declared_as`` is the name under which a program declares its agency, if it is not the stack's.
    Nothing is called before a method is; methods block.
    """

    stack: str
    config: AgencyConfig
    aws: Account | None
    cloudflare: CloudflareAccount | None
    declared_as: str = field(default="", kw_only=True)

    @classmethod
    def of(
        cls,
        stack: str,
        config: AgencyConfig,
        values: Mapping[str, object],
        environment: Mapping[str, str],
        *,
        declared_as: str = "",
    ) -> Clouds:
        """The clouds that ``config`` and ``values``, its ``aws:`` and ``cloudflare:`` keys, choose.

        Raises:
            UsageError: there is no token for Cloudflare, or an endpoint leads elsewhere than to
                the cloud itself or to this machine.
            AwsSettingsError: the ``aws:`` keys make no session.
        """
        on_aws = config.hosting is Hosting.AWS or config.leaving is not None
        # Pulumi's provider uses every one of these variables, also for services not called here.
        for name, url in aws_endpoints(environment).items():
            require(Hosting.AWS, name, url)
        cloudflare = (
            _cloudflare(config.cloudflare_account, values, environment)
            if config.cloudflare_account
            else None
        )
        return cls(
            stack,
            config,
            Account(
                AwsSettings.from_config(
                    values,
                    local_only=is_local(environment),
                    external_ids={
                        each.dns_role_arn: each.dns_role_external_id
                        for each in config.domains
                        if each.dns_role_arn and each.dns_role_external_id
                    },
                )
            )
            if on_aws
            else None,
            cloudflare,
            declared_as=declared_as,
        )

    @property
    def name(self) -> str:
        """What buckets and evidence are named after."""
        return self.declared_as or self.stack

    @property
    def hosts_on_aws(self) -> bool:
        """Whether the policy hosts are at AWS."""
        return self.config.hosting is Hosting.AWS

    def identify(self) -> str:
        """The id of the account with the policy hosts, after it is checked to be the stack's.

        Raises:
            WrongAccountError: the credentials are another account's.
            UndeterminedError: whose they are could not be found out.
        """
        if self.hosts_on_aws:
            return self.require_aws().require_allowed()
        return self.require_cloudflare().identify()

    def alarm_notes(self) -> tuple[Ruling, ...]:
        """Warnings if alarms cannot publish to the stack's topic, or that is not known.

        Raises as `identify` does.
        """
        topic = self.config.alarm_topic
        if topic is None or not self.config.domains:
            return ()
        from mtasts.cloud.aws.topics import see_topic
        from mtasts.rollout.alarm_topic import topic_notes

        bucket = self.aws_bucket(account_id := self.identify())
        # All alarms of the stack have the same form of name, so one stands for all.
        name = alarm_name(bucket, self.config.domains[0].name, "expiry")
        alarm = f"arn:aws:cloudwatch:{topic.split(':')[3]}:{account_id}:alarm:{name}"
        return tuple(topic_notes(see_topic(self.require_aws(), topic), alarm))

    @property
    def handouts(self) -> Callable[[str], Handouts] | None:
        """Makes a reader of handed-out records; None if mtasts writes the records itself."""
        if self.config.dns not in (Dns.DELEGATED, Dns.MANUAL):
            return None
        return lambda account_id: Handouts(self.require_aws(), self.aws_bucket(account_id))

    @property
    def zones(self) -> Route53Zones | CloudflareZones | None:
        """The zones for the stack's records; None with dns manual.

        Raises:
            UsageError: the stack has no account for its DNS provider.
        """
        return None if self.config.dns is Dns.MANUAL else self.zones_at(self.config.dns)

    @property
    def former_zones(self) -> Route53Zones | CloudflareZones | None:
        """The zones of the former DNS provider during a move; None without one."""
        left = self.config.leaving_dns
        return None if left is None else self.zones_at(left)

    def zones_at(self, dns: Dns) -> Route53Zones | CloudflareZones:
        """The zones of the stack's account at Cloudflare or at Route 53."""
        if dns is Dns.CLOUDFLARE:
            from mtasts.cloud.cloudflare.zones import CloudflareZones

            return CloudflareZones(self.require_cloudflare())
        return Route53Zones(self.require_aws())

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """The certificate authorities that may issue for policy hosts at this cloud."""
        return (AMAZON,) if self.hosts_on_aws else CLOUDFLARES

    @property
    def hosts(self) -> Distributions | Workers:
        """The account's distributions or Workers."""
        if self.hosts_on_aws:
            return Distributions(self.require_aws())
        return self._workers()

    @property
    def zone_settings(self) -> Callable[[HostedZone], Mapping[str, object]] | None:
        """Reads the settings of a zone that can break a Worker; None with hosting aws."""
        return None if self.hosts_on_aws else self._workers().settings

    def _workers(self) -> Workers:
        from mtasts.cloud.cloudflare.hosts import Workers

        return Workers(self.require_cloudflare())

    def token_notes(self, *, is_preview: bool) -> tuple[Ruling, ...]:
        """Warnings about permissions that the Cloudflare token lacks, or that are not known."""
        if self.cloudflare is None:
            return ()
        from mtasts.cloud.cloudflare.token_check import token_check
        from mtasts.iam.token import token_needs

        needs = token_needs(self.config)
        return token_check(self.cloudflare, needs, self.stack, is_preview=is_preview)

    def aws_bucket(self, account_id: str) -> str:
        """The name of the stack's bucket at AWS."""
        return bucket_name(account_id, self.require_aws().settings.region, self.name)

    def recorder(self, account_id: str, now: Callable[[], dt.datetime]) -> Recorder:
        """The recorder of the stack's ledgers; nothing is called yet."""
        hosting = self.config.hosting
        elsewhere = None if self.config.leaving is None else cache(self.other_store)
        return Recorder(self.store(account_id), hosting, now, elsewhere)

    def store(self, account_id: str) -> S3Store | R2Store:
        """The store of the stack's ledgers; nothing is called yet."""
        return self._store(self.config.hosting, account_id)

    def other_store(self) -> S3Store | R2Store:
        """The store of the ledgers at the other cloud, during a move between clouds.

        Raises:
            WrongAccountError: the AWS credentials belong to another account.
            UndeterminedError: the AWS account could not be found out.
        """
        if not self.hosts_on_aws:
            return self._store(Hosting.AWS, self.require_aws().require_allowed())
        return self._store(Hosting.CLOUDFLARE, self.require_cloudflare().settings.account_id)

    def _store(self, hosting: Hosting, account_id: str) -> S3Store | R2Store:
        if hosting is Hosting.AWS:
            return S3Store(self.require_aws(), self.aws_bucket(account_id), self.stack)
        from mtasts.cloud.cloudflare.ledger_store import R2Store

        return R2Store(self.require_cloudflare(), ledger_bucket_name(self.name), self.stack)

    def require_aws(self) -> Account:
        """The AWS account.

        Raises:
            UsageError: the stack uses none.
        """
        if self.aws is None:
            raise UsageError(f"the stack {self.stack} has hosting {self.config.hosting}, not aws")
        return self.aws

    def require_cloudflare(self) -> CloudflareAccount:
        """The Cloudflare account.

        Raises:
            UsageError: the stack uses none.
        """
        if self.cloudflare is None:
            raise UsageError(f"the stack {self.stack} has nothing at Cloudflare")
        return self.cloudflare


def _cloudflare(
    account_id: str, values: Mapping[str, object], environment: Mapping[str, str]
) -> CloudflareAccount:
    from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings

    return CloudflareAccount(CloudflareSettings.from_config(account_id, values, environment))
