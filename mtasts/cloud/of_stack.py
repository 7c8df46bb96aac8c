"""The two clouds as one stack's config chooses them: whose account, which zones, where the ledger.

`mtasts.cloud` and `mtasts.stores` each know one cloud; here is the only place that chooses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.handouts import Handouts
from mtasts.cloud.aws.hosts import Distributions
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.aws.topics import see_topic
from mtasts.cloud.aws.zones import Route53Zones
from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareError, CloudflareSettings
from mtasts.cloud.cloudflare.hosts import Workers
from mtasts.cloud.cloudflare.ledger_store import R2Store
from mtasts.cloud.cloudflare.zones import CloudflareZones
from mtasts.cloud.naming import alarm_name, bucket_name, ledger_bucket_name
from mtasts.config import Dns, Hosting
from mtasts.destinations import aws_endpoints, is_local, require_aws
from mtasts.errors import UndeterminedError, UsageError
from mtasts.iam.statements import Command
from mtasts.iam.token import token_needs, token_notes
from mtasts.ledger.recorder import Recorder
from mtasts.rollout.alarm_topic import topic_notes
from mtasts.rollout.caa import AMAZON, CLOUDFLARES
from mtasts.rulings import warning

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from mtasts.config import AgencyConfig
    from mtasts.rollout.caa import Authority
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone


@dataclass(frozen=True, slots=True)
class Clouds:
    """What one stack uses; ``aws`` and ``cloudflare`` are there as far as it uses them.

    Nothing is called before a method is; methods block.
    """

    stack: str
    config: AgencyConfig
    aws: Account | None
    cloudflare: CloudflareAccount | None

    @classmethod
    def of(
        cls,
        stack: str,
        config: AgencyConfig,
        values: Mapping[str, object],
        environment: Mapping[str, str],
    ) -> Clouds:
        """The clouds that ``config`` and ``values``, its ``aws:`` and ``cloudflare:`` keys, choose.

        Raises:
            UsageError: there is no token for Cloudflare, or an endpoint leads elsewhere than to
                the cloud itself or to this machine.
            AwsSettingsError: the ``aws:`` keys make no session.
        """
        on_aws = config.hosting is Hosting.AWS or config.leaving is not None
        # The provider follows each of them, for services too that are never called from here.
        for name, url in aws_endpoints(environment).items():
            require_aws(name, url)
        settings = (
            CloudflareSettings.from_config(config.cloudflare_account, values, environment)
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
            CloudflareAccount(settings) if settings else None,
        )

    @property
    def hosts_on_aws(self) -> bool:
        """Whether AWS serves the policies."""
        return self.config.hosting is Hosting.AWS

    def identify(self) -> str:
        """The id of the account that hosts, once it is known to be the stack's.

        Raises:
            WrongAccountError: the credentials are another account's.
            UndeterminedError: whose they are could not be found out.
        """
        if self.hosts_on_aws:
            return self.require_aws().require_allowed()
        account = self.require_cloudflare()
        try:
            # Whoever may read this is of the account: a token is bound to those it names.
            account.get(f"{account.path}/workers/subdomain")
        except CloudflareError as error:
            raise UndeterminedError(f"the Cloudflare account: {error}") from error
        return account.settings.account_id

    def alarm_notes(self) -> tuple[Ruling, ...]:
        """What keeps alarms from telling the stack's topic, or could not be found out.

        Raises as `identify` does.
        """
        topic = self.config.alarm_topic
        if topic is None:
            return ()
        bucket = self.aws_bucket(account_id := self.identify())
        # All alarms of the stack are named alike.
        name = alarm_name(bucket, self.config.domains[0].name, "expiry")
        alarm = f"arn:aws:cloudwatch:{topic.split(':')[3]}:{account_id}:alarm:{name}"
        return tuple(topic_notes(see_topic(self.require_aws(), topic), alarm))

    @property
    def handouts(self) -> Callable[[str], Handouts] | None:
        """What reads what was handed out, where somebody else publishes records."""
        if self.config.dns not in (Dns.DELEGATED, Dns.MANUAL):
            return None
        return lambda account_id: Handouts(self.require_aws(), self.aws_bucket(account_id))

    @property
    def zones(self) -> Route53Zones | CloudflareZones | None:
        """The zones that the stack's records may stand in; None where somebody else has them."""
        return None if self.config.dns is Dns.MANUAL else self.zones_at(self.config.dns)

    @property
    def former_zones(self) -> Route53Zones | CloudflareZones | None:
        """The zones that the records are in as well, while they move."""
        left = self.config.leaving_dns
        return None if left is None else self.zones_at(left)

    def zones_at(self, dns: Dns) -> Route53Zones | CloudflareZones:
        """The zones of the stack's account at Cloudflare or at Route 53."""
        if dns is Dns.CLOUDFLARE:
            return CloudflareZones(self.require_cloudflare())
        return Route53Zones(self.require_aws())

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """Those that may sign a policy host's certificate there."""
        return (AMAZON,) if self.hosts_on_aws else CLOUDFLARES

    @property
    def hosts(self) -> Distributions | Workers:
        """What the account has that serves hosts."""
        if self.hosts_on_aws:
            return Distributions(self.require_aws())
        return Workers(self.require_cloudflare())

    @property
    def zone_settings(self) -> Callable[[HostedZone], Mapping[str, object]] | None:
        """What reads the settings of a zone that hit its hosts, where the zone's cloud hosts."""
        return None if self.hosts_on_aws else Workers(self.require_cloudflare()).settings

    def token_notes(self, *, is_preview: bool) -> tuple[Ruling, ...]:
        """What to warn of: what the token for Cloudflare lacks, or that nobody could tell."""
        if self.cloudflare is None:
            return ()
        command = Command.PREVIEW if is_preview else Command.UP
        try:
            granted = self.cloudflare.granted()
        except (CloudflareError, UndeterminedError) as error:
            text = f"could not find out what the Cloudflare token may do ({error})"
            compare = f"compare it with mtasts iam {command} --stack {self.stack}"
            return (warning("token-unknown", text, compare),)
        return token_notes(command, token_needs(self.config), granted, self.stack)

    def aws_bucket(self, account_id: str) -> str:
        """The bucket of the stack on AWS."""
        return bucket_name(account_id, self.require_aws().settings.region, self.stack)

    def recorder(self, account_id: str, now: Callable[[], dt.datetime]) -> Recorder:
        """What reads and writes the stack's ledgers; nothing is called yet."""
        hosting = self.config.hosting
        elsewhere = None if self.config.leaving is None else cache(self.other_store)
        return Recorder(self.store(account_id), hosting, now, elsewhere)

    def store(self, account_id: str) -> S3Store | R2Store:
        """Where the stack's ledgers are; nothing is called yet."""
        return self._store(self.config.hosting, account_id)

    def other_store(self) -> S3Store | R2Store:
        """Where the ledgers are at the other cloud, while domains move between them."""
        if not self.hosts_on_aws:
            return self._store(Hosting.AWS, self.require_aws().require_allowed())
        return self._store(Hosting.CLOUDFLARE, self.require_cloudflare().settings.account_id)

    def _store(self, hosting: Hosting, account_id: str) -> S3Store | R2Store:
        if hosting is Hosting.AWS:
            return S3Store(self.require_aws(), self.aws_bucket(account_id), self.stack)
        return R2Store(self.require_cloudflare(), ledger_bucket_name(self.stack), self.stack)

    def require_aws(self) -> Account:
        """The AWS account; raises `UsageError` where the stack has none."""
        if self.aws is None:
            raise UsageError(f"the stack {self.stack} has hosting {self.config.hosting}, not aws")
        return self.aws

    def require_cloudflare(self) -> CloudflareAccount:
        """The Cloudflare account; raises `UsageError` where the stack has none."""
        if self.cloudflare is None:
            raise UsageError(f"the stack {self.stack} has nothing at Cloudflare")
        return self.cloudflare
