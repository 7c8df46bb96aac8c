"""AWS for the rest of the package, as `mtasts.cloud.interface` describes a cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mtasts.cloud.aws.account import Account, AwsSettings
from mtasts.cloud.aws.hosts import Distributions
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.cloud.aws.zones import Route53Zones
from mtasts.cloud.folder import CloudFolder
from mtasts.cloud.naming import alarm_name, bucket_name
from mtasts.config import AgencyConfig
from mtasts.destinations import is_local, require_endpoints
from mtasts.rollout.caa import AMAZON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.interface import Receiver
    from mtasts.config import InboxConfig
    from mtasts.rollout.caa import Authority
    from mtasts.rulings import Ruling

_RECORD = "aws:route53/record:Record"


@dataclass(frozen=True, slots=True)
class AwsOfStack:
    """`mtasts.cloud.interface.StackCloud` over one account."""

    account: Account
    config: AgencyConfig
    stack: str
    name: str
    authorities: tuple[Authority, ...] = (AMAZON,)
    zone_settings: None = None

    @property
    def hosts(self) -> Distributions:
        """The account's distributions."""
        return Distributions(self.account)

    def identify(self) -> str:
        """The id of the account; raises as `Account.require_allowed` does."""
        return self.account.require_allowed()

    ledger_account = identify

    def bucket(self, account_id: str) -> str:
        """The name of the stack's bucket."""
        return bucket_name(account_id, self.account.settings.region, self.name)

    def store(self, account_id: str) -> S3Store:
        """The store of the stack's ledgers; nothing is called yet."""
        return S3Store(self.account, self.bucket(account_id), self.stack)

    def begin_ledgers(self, account_id: str) -> str | None:
        """Make the bucket, which a later run imports; its name if this call made it."""
        from mtasts.cloud.aws.buckets import ensure_bucket

        bucket = self.bucket(account_id)
        return bucket if ensure_bucket(self.account, bucket) else None

    def notes(self, *, is_preview: bool) -> tuple[Ruling, ...]:
        """Warnings if alarms cannot publish to the stack's topic, or if that is not known.

        Raises as `identify` does.
        """
        del is_preview
        topic = self.config.alarm_topic
        if topic is None or not self.config.domains:
            return ()
        from mtasts.cloud.aws.topics import see_topic
        from mtasts.rollout.alarm_topic import topic_notes

        bucket = self.bucket(account_id := self.identify())
        # All alarms of the stack have the same form of name, so one stands for all.
        name = alarm_name(bucket, self.config.domains[0].name, "expiry")
        alarm = f"arn:aws:cloudwatch:{topic.split(':')[3]}:{account_id}:alarm:{name}"
        return tuple(topic_notes(see_topic(self.account, topic), alarm))

    def finder(self) -> Callable[[str, Mapping[str, Any]], str | None]:
        """A function that finds existing resources; records also in the accounts of DNS roles."""
        from mtasts.cloud.aws.existing import find_existing

        roles = {
            domain.name: self.account.in_role(domain.dns_role_arn)
            for domain in self.config.domains
            if domain.dns_role_arn is not None
        }

        def find(type_: str, inputs: Mapping[str, Any]) -> str | None:
            name = str(inputs.get("name", "")) if type_ == _RECORD else ""
            inside = [each for each in roles if name == each or name.endswith(f".{each}")]
            # A domain may lie below another one of the stack; the longest match is its own entry.
            own = roles[max(inside, key=len)] if inside else self.account
            return find_existing(own, type_, inputs)

        return find


def _open(
    config: AgencyConfig | InboxConfig,
    values: Mapping[str, object],
    environment: Mapping[str, str],
) -> Account:
    require_endpoints(environment)
    domains = config.domains if isinstance(config, AgencyConfig) else ()
    external_ids = {
        each.dns_role_arn: each.dns_role_external_id
        for each in domains
        if each.dns_role_arn and each.dns_role_external_id
    }
    settings = AwsSettings.from_config(
        values, local_only=is_local(environment), external_ids=external_ids
    )
    return Account(settings)


def _receiver(account: Account) -> Receiver:
    from mtasts.cloud.aws.receiver import SesReceiver

    return SesReceiver(account)


def _inbox_notes(
    account: Account, config: InboxConfig, name: str, *, is_preview: bool
) -> tuple[Ruling, ...]:
    del account, config, name, is_preview
    return ()


FOLDER: CloudFolder[Account] = CloudFolder(
    open_account=_open,
    in_stack=AwsOfStack,
    zones=Route53Zones,
    receiver=_receiver,
    inbox_notes=_inbox_notes,
)
