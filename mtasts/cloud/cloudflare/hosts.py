"""The Workers of an account: how many, and which one has a policy host's name."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareError
from mtasts.errors import UndeterminedError
from mtasts.render.worker import worker_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.zones import HostedZone

# Workers of an account on the paid plan; the free one has 100 (Cloudflare's limits page, 2026-11).
LIMIT = 500
KIND = "Workers"
_FIREWALL = "http_request_firewall_custom"
_REDIRECTS = "http_request_dynamic_redirect"
_SETTINGS = ("min_tls_version", "security_level", "browser_check")


class Workers:
    """`mtasts.cloud.interface.Hosts` at Cloudflare; blocks. Custom domains are listed once."""

    kind = KIND
    limit = LIMIT

    def __init__(self, account: CloudflareAccount) -> None:
        """List nothing yet."""
        self._account = account
        self._lock = threading.Lock()
        self._domains: list[Any] | None = None

    def count(self) -> int:
        """The number of Workers.

        Raises:
            UndeterminedError: Cloudflare refused or did not answer.
        """
        try:
            return len(self._account.get(f"{self._account.path}/workers/scripts"))
        except CloudflareError as error:
            raise UndeterminedError(f"the account's Workers: {error}") from error

    def raised(self) -> None:
        """None: the API does not say which plan or which limit an account has."""

    def taken(self, host: str, domain: str) -> str | None:
        """Why the host is taken: another Worker of this account has it as custom domain; or None.

        Raises:
            UndeterminedError: Cloudflare refused or did not answer.
        """
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
                    "which does not belong to this stack: remove the custom domain from it"
                )
        return None

    def hint(self, targets: tuple[str, ...], host: str) -> str | None:
        """None: a zone is in one account, and so are its custom domains."""
        del targets, host
        return None

    def settings(self, zone: HostedZone) -> dict[str, object]:
        """The zone's settings that can break a policy host, by Cloudflare's name of the setting.

        ``rules`` and ``redirects`` are lists of rules. ``unread`` maps each setting that Cloudflare
        refused, such as for a missing permission, to the reason.

        Raises:
            UndeterminedError: Cloudflare did not answer.
        """
        path = f"/zones/{zone.zone_id}"
        found: dict[str, object] = {}
        unread: dict[str, str] = {}

        def read(name: str, look: Callable[[], dict[str, object]]) -> None:
            try:
                found.update(look())
            except (CloudflareError, KeyError, TypeError, AttributeError) as error:
                unread[name] = str(error)

        def setting(name: str) -> dict[str, object]:
            return {name: self._account.get(f"{path}/settings/{name}")["value"]}

        def rules(key: str, phase: str) -> dict[str, object]:
            answer = self._account.find(f"{path}/rulesets/phases/{phase}/entrypoint") or {}
            return {key: list(answer.get("rules") or [])}

        for name in _SETTINGS:
            read(name, partial(setting, name))
        read("bot settings", lambda: dict(self._account.find(f"{path}/bot_management") or {}))
        read("custom rules", partial(rules, "rules", _FIREWALL))
        read("redirect rules", partial(rules, "redirects", _REDIRECTS))
        return {**found, "unread": unread}
