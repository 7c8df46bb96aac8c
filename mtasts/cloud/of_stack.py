"""The accounts, zones and ledger stores that the config of a stack chooses.

`mtasts.cloud.aws` and `mtasts.cloud.cloudflare` each have the code for one cloud. This module
imports only those that the stack uses (`mtasts.cloud_catalogue`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from mtasts.cloud.aws.handouts import Handouts
from mtasts.cloud.folder import folder_of
from mtasts.cloud.naming import bucket_name
from mtasts.cloud_catalogue import DEFAULT_CLOUD, OWN_DNS, Dns, Hosting
from mtasts.destinations import require_endpoints
from mtasts.errors import UsageError
from mtasts.ledger.recorder import Recorder

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from mtasts.cloud.aws.account import Account
    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.cloud.interface import Hosts, StackCloud, Zones
    from mtasts.cloud.ledger_objects import ObjectStore
    from mtasts.config import AgencyConfig
    from mtasts.rollout.caa import Authority
    from mtasts.zones import HostedZone


def clouds_used(config: AgencyConfig) -> tuple[Hosting, ...]:
    """The clouds of a stack's hosts and zones; during a move, the former ones as well."""
    ends = () if config.leaving is None else (config.leaving, config.leaving.other)
    zones = (config.dns, config.leaving_dns)
    used = {config.hosting, *ends, *(each.cloud for each in zones if each is not None)}
    return tuple(each for each in Hosting if each in used)


@dataclass(frozen=True, slots=True)
class Clouds:
    """The clouds that one stack uses, and its account at each of them.

    ``declared_as`` is the name under which a program declares its agency, if it is not the stack's.
    Only methods call a cloud, and they block.
    """

    stack: str
    config: AgencyConfig
    accounts: Mapping[Hosting, Any]
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
        """The clouds that ``config`` and ``values``, the keys of their providers, choose.

        Raises:
            UsageError: there are no credentials for a cloud, or an endpoint is neither at the cloud
                nor on this machine.
            AwsSettingsError: the ``aws:`` keys cannot be used.
        """
        require_endpoints(environment)  # the program may have other resources at AWS
        accounts = {
            each: folder_of(each).open_account(config, values, environment)
            for each in clouds_used(config)
        }
        return cls(stack, config, accounts, declared_as=declared_as)

    @property
    def name(self) -> str:
        """The name in those of buckets and evidence: the stack's, or the component `Agency`'s."""
        return self.declared_as or self.stack

    def account(self, cloud: Hosting) -> object:
        """The account at ``cloud``, of that cloud's own type.

        Raises:
            UsageError: the stack uses none.
        """
        if cloud not in self.accounts:
            raise UsageError(f"the stack {self.stack} has nothing at {cloud.row.title}")
        return self.accounts[cloud]

    def at(self, cloud: Hosting) -> StackCloud:
        """One cloud as this stack uses it; raises as `account` does."""
        return folder_of(cloud).in_stack(self.account(cloud), self.config, self.stack, self.name)

    @property
    def host(self) -> StackCloud:
        """The cloud with the policy hosts."""
        return self.at(self.config.hosting)

    @property
    def used(self) -> tuple[StackCloud, ...]:
        """Every cloud of the stack."""
        return tuple(map(self.at, self.accounts))

    def identify(self) -> str:
        """The id of the account with the policy hosts, after it is checked to be the stack's.

        Raises:
            WrongAccountError: the credentials are another account's.
            UndeterminedError: the account of the credentials could not be found out.
        """
        return self.host.identify()

    @property
    def handouts(self) -> Callable[[str], Handouts] | None:
        """Makes a reader of handed-out records; None if mtasts writes the records itself."""
        if self.config.dns in OWN_DNS:
            return None
        return lambda account_id: Handouts(self.require_aws(), self.aws_bucket(account_id))

    @property
    def zones(self) -> Zones | None:
        """The zones for the stack's records; None with dns manual.

        Raises:
            UsageError: the stack has no account for its DNS provider.
        """
        return None if self.config.dns is Dns.MANUAL else self.zones_at(self.config.dns)

    @property
    def former_zones(self) -> Zones | None:
        """The zones of the former DNS provider during a move; None without one."""
        left = self.config.leaving_dns
        return None if left is None else self.zones_at(left)

    def zones_at(self, dns: Dns) -> Zones:
        """The zones of the stack's account at a DNS provider; the operator's with dns delegated."""
        cloud = dns.cloud or DEFAULT_CLOUD
        return folder_of(cloud).zones(self.account(cloud))

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """The certificate authorities that may issue for policy hosts at this cloud."""
        return self.host.authorities

    @property
    def hosts(self) -> Hosts:
        """The account's distributions or Workers."""
        return self.host.hosts

    @property
    def zone_settings(self) -> Callable[[HostedZone], Mapping[str, object]] | None:
        """Reads the settings of a zone that can break a host; None if there are none."""
        return self.host.zone_settings

    def recorder(self, account_id: str, now: Callable[[], dt.datetime]) -> Recorder:
        """The recorder of the stack's ledgers; nothing is called yet."""
        hosting = self.config.hosting
        other_store = None if self.config.leaving is None else cache(self.other_store)
        return Recorder(self.store(account_id), hosting, now, other_store)

    def store(self, account_id: str) -> ObjectStore[Any]:
        """The store of the stack's ledgers; nothing is called yet."""
        return self.host.store(account_id)

    def other_store(self) -> ObjectStore[Any]:
        """The store of the ledgers at the other cloud, during a move between clouds.

        Raises:
            WrongAccountError: the credentials for the other cloud belong to another account.
            UndeterminedError: the account at the other cloud could not be found out.
        """
        other = self.at(self.config.hosting.other)
        return other.store(other.ledger_account())

    # Code for one cloud, such as its permissions, uses that cloud's own type of account.

    def require_aws(self) -> Account:
        """The AWS account; raises as `account` does."""
        return cast("Account", self.account(Hosting.AWS))

    def require_cloudflare(self) -> CloudflareAccount:
        """The Cloudflare account; raises as `account` does."""
        return cast("CloudflareAccount", self.account(Hosting.CLOUDFLARE))

    def aws_bucket(self, account_id: str) -> str:
        """The name of the stack's bucket at AWS."""
        return bucket_name(account_id, self.require_aws().settings.region, self.name)
