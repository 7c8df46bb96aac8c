"""The CloudFront distributions of an account: how many, and which has a policy host's name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from mtasts.errors import UndeterminedError

if TYPE_CHECKING:
    from mtasts.cloud.aws.account import Account

# Web distributions an account may have by default (CloudFront developer guide, quotas, 2026-11).
LIMIT = 500
KIND = "CloudFront distributions"
# Service Quotas has CloudFront's quotas in this region only.
_QUOTAS_REGION = "us-east-1"
_QUOTAS = {"web distributions per aws account", "distributions per aws account"}
_TAG = "mtasts:domain"


class Distributions:
    """`mtasts.cloud.interface.Hosts` at AWS; every call blocks. Distributions are listed once."""

    kind = KIND
    limit = LIMIT

    def __init__(self, account: Account) -> None:
        """List nothing yet."""
        self._account = account
        self._lock = threading.Lock()
        self._rows: list[Any] | None = None

    def count(self) -> int:
        """The number of distributions.

        Raises:
            UndeterminedError: CloudFront refused or did not answer.
        """
        return len(self._all())

    def raised(self) -> int | None:
        """The account's limit; None if the credentials lack servicequotas:ListServiceQuotas."""
        from botocore.exceptions import (  # as below
            BotoCoreError,
            ClientError,
        )

        client = self._account.client("service-quotas", region=_QUOTAS_REGION)
        try:
            pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="cloudfront")
            rows = [row for page in pages for row in page["Quotas"]]
        except (BotoCoreError, ClientError):
            return None
        found = [int(row["Value"]) for row in rows if row["QuotaName"].casefold() in _QUOTAS]
        return max(found, default=None)

    def taken(self, host: str, domain: str) -> str | None:
        """Why the host is taken: another distribution of this account has it as an alias; or None.

        A distribution with the domain's tag is the domain's own, left by a run that was stopped.

        Raises:
            UndeterminedError: CloudFront refused or did not answer.
        """
        for row in self._all():
            if host in row["Aliases"].get("Items", []):
                arn, id_ = row["ARN"], row["Id"]
                if self._tag(arn) == domain:
                    return None
                return (
                    f"{host} is an alias of the distribution {id_} of this account, which does not "
                    "belong to this stack: remove the alias from it, or CloudFront refuses the "
                    "stack's distribution (CNAMEAlreadyExists)"
                )
        return None

    def hint(self, targets: tuple[str, ...], host: str) -> str | None:
        """A warning if DNS leads the host to a distribution of another account; or None.

        ``targets`` are the names that the host's CNAMEs lead to.

        Raises:
            UndeterminedError: CloudFront refused or did not answer.
        """
        found = next((each for each in targets if each.endswith(".cloudfront.net")), None)
        if found is None or any(row["DomainName"] == found for row in self._all()):
            return None
        return (
            f"{host} leads to {found}, a distribution of another account: while that has {host} as "
            "its alias, CloudFront refuses the alias in this account (CNAMEAlreadyExists); have it "
            "removed from that distribution"
        )

    def _all(self) -> list[Any]:
        """Every distribution of the account, listed once.

        Raises:
            UndeterminedError: AWS refused or did not answer.
        """
        from botocore.exceptions import (  # late: takes 0.25 s
            BotoCoreError,
            ClientError,
        )

        with self._lock:
            if self._rows is None:
                client = self._account.client("cloudfront")
                try:
                    pages = client.get_paginator("list_distributions").paginate()
                    self._rows = [
                        row for page in pages for row in page["DistributionList"].get("Items", [])
                    ]
                except (BotoCoreError, ClientError) as error:
                    raise UndeterminedError(f"the account's distributions: {error}") from error
            return self._rows

    def _tag(self, arn: str) -> str | None:
        """The domain in a distribution's tag; None if it has no such tag.

        Raises:
            UndeterminedError: AWS refused or did not answer.
        """
        from botocore.exceptions import (  # as above
            BotoCoreError,
            ClientError,
        )

        try:
            found = self._account.client("cloudfront").list_tags_for_resource(Resource=arn)
        except (BotoCoreError, ClientError) as error:
            raise UndeterminedError(f"the tags of {arn}: {error}") from error
        tags = {each["Key"]: each.get("Value") for each in found["Tags"].get("Items", [])}
        return tags.get(_TAG)
