"""Email Routing's incoming mail: the rules of a zone decide which Worker gets a message.

The Worker runs before the sender gets its reply (Email Service docs, "Email lifecycle"). Unlike
Cloudflare, this checks neither SPF nor DKIM.
"""

from __future__ import annotations

import http.client
import json
import secrets
from contextlib import closing
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mtasts.localcloud.cloudflare.account import Account
    from mtasts.localcloud.cloudflare.email_routing import Rule

# The largest message that is accepted (Email Service docs, "Limits").
MESSAGE_MAX_BYTES = 25 * 1024 * 1024
# A message whose Worker takes longer is refused for good (Email Routing docs, "Email Workers").
_ANSWER_SECONDS = 50.0
_TAKEN = "250 2.0.0 Ok"


@dataclass(frozen=True, slots=True)
class Inbound:
    """The receiver behind the MX hosts of Email Routing; its methods block.

    ``port_of(worker)`` is the loopback port at which a Worker takes mail (``workerd/entry.js``), or
    None.
    """

    account: Account
    port_of: Callable[[str], int | None]
    answer_seconds: float = _ANSWER_SECONDS
    message_max_bytes: int = MESSAGE_MAX_BYTES

    def refusal(self, recipient: str) -> str:
        """The SMTP reply that refuses a recipient; empty if a rule accepts it."""
        return "" if self._rule(recipient) else "550 5.1.1 Address does not exist."

    def take(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Give a message to the Worker of each recipient, and return one SMTP reply for all.

        That is a temporary error if a Worker had one, so that the sender tries again; else a
        permanent error if there was one; else 250.
        """
        replies = [self._deliver(sender, each, content) for each in recipients]
        return min(replies, key=lambda reply: "452".index(reply[0]))

    def _deliver(self, sender: str, recipient: str, content: bytes) -> str:
        rule = self._rule(recipient)
        if rule is None:  # the rule was deleted after the recipient was accepted
            return self.refusal(recipient)
        if not rule.worker:
            return _TAKEN  # the action is drop
        head = (
            f"Received: from local (127.0.0.1)\r\n\tby cloudflare-email.net (cloudflare) id "
            f"{secrets.token_hex(6)}\r\n\tfor <{printable(recipient)}>; {formatdate()}\r\n"
        )
        return self._ask(rule.worker, sender, recipient, head.encode("ascii", "replace") + content)

    def _ask(self, worker: str, sender: str, recipient: str, raw: bytes) -> str:
        port = self.port_of(worker)
        if port is None:  # the Worker was deleted, and the rule still names it
            return "451 4.3.0 Upstream error"
        target = f"/?{urlencode({'from': sender, 'to': recipient})}"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self.answer_seconds)
        with closing(connection):
            try:
                connection.request("POST", target, raw)
                answer = json.loads(connection.getresponse().read())
            except TimeoutError:
                return "550 5.3.0 Upstream error"
            except (OSError, http.client.HTTPException, ValueError):
                return "451 4.3.0 Upstream error"
        if "error" in answer:
            return "451 4.3.0 Upstream error"
        rejected = answer["rejected"]
        return _TAKEN if rejected is None else f"550 5.7.1 {printable(rejected, 400)}"

    def _rule(self, recipient: str) -> Rule | None:
        domain = recipient.rpartition("@")[2].lower()
        # The closest zone, if the account has one zone inside of another.
        zones = [each for each in self.account.zones.values() if each.holds(domain)]
        zone = max(zones, key=lambda each: len(each.name), default=None)
        if zone is None or zone.status != "active":
            return None
        return zone.email.rule_for(recipient, zone.name)
