"""The Workers of a Cloudflare account, as far as a new policy host could meet one of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare import CloudflareError
from mtasts.errors import UndeterminedError
from mtasts.render.worker import worker_name

if TYPE_CHECKING:
    from mtasts.cloud.cloudflare import CloudflareAccount
    from mtasts.rollout.zones import HostedZone

# Workers of an account on the paid plan; the free one has 100 (Cloudflare's limits page, 2026-11).
LIMIT = 500
KIND = "Workers"
_FIREWALL = "http_request_firewall_custom"
_SETTINGS = ("min_tls_version", "security_level", "browser_check")


class Workers:
    """`mtasts.survey.Hosts` over one account; every call blocks. They are listed once."""

    kind = KIND
    limit = LIMIT

    def __init__(self, account: CloudflareAccount) -> None:
        """List nothing yet."""
        self._account = account
        self._lock = threading.Lock()
        self._domains: list[Any] | None = None

    def count(self) -> int:
        """How many there are; raises `UndeterminedError`."""
        try:
            return len(self._account.get(f"{self._account.path}/workers/scripts"))
        except CloudflareError as error:
            raise UndeterminedError(f"the account's Workers: {error}") from error

    def raised(self) -> None:
        """Nothing: which plan an account is on, and what it was granted, the API does not tell."""

    def taken(self, host: str, domain: str) -> str | None:
        """Which other Worker of this account has the host; raises `UndeterminedError`."""
        with self._lock:
            if self._domains is None:
                try:
                    path = f"{self._account.path}/workers/domains"
                    self._domains = self._account.get(path)
                except CloudflareError as error:
                    raise UndeterminedError(f"the account's custom domains: {error}") from error
        for row in self._domains:
            if row["hostname"] == host and row["service"] != worker_name(domain):
                return (
                    f"{host} is a custom domain of the Worker {row['service']} of this account, "
                    "which is not of this stack: remove it there"
                )
        return None

    def hint(self, targets: tuple[str, ...], host: str) -> str | None:
        """Nothing: a zone is in one account, and so are its custom domains."""
        del targets, host
        return None

    def settings(self, zone: HostedZone) -> dict[str, object]:
        """What of the zone's settings could hit a policy host, by name.

        Raises:
            UndeterminedError: the token may not read them, or nobody answered.
        """
        path = f"/zones/{zone.zone_id}"
        try:
            found = {
                name: self._account.get(f"{path}/settings/{name}")["value"] for name in _SETTINGS
            }
            found |= dict(self._account.find(f"{path}/bot_management") or {})
            rules = self._account.find(f"{path}/rulesets/phases/{_FIREWALL}/entrypoint") or {}
            return found | {"rules": list(rules.get("rules") or [])}
        except (CloudflareError, KeyError, TypeError) as error:
            raise UndeterminedError(f"the settings of the zone {zone.name}: {error}") from error
