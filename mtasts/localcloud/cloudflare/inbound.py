"""Email Routing as it receives mail: the rules of a zone decide which Worker gets it.

The Worker runs before the sender has its answer (Email Service docs, "Email lifecycle"). Unlike the
real one it asks no sender for SPF or DKIM.
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

# Email Service docs, "Limits".
MESSAGE_MAX_BYTES = 25 * 1024 * 1024
# Email Routing docs, "Email Workers", guidelines: a Worker that takes longer has failed for good.
_ANSWER_SECONDS = 50.0
_TAKEN = "250 2.0.0 Ok"


@dataclass(frozen=True, slots=True)
class Inbound:
    """The MX hosts of Email Routing; every call blocks.

    ``port_of`` gives where a Worker takes mail, in the form of ``workerd/entry.js``.
    """

    account: Account
    port_of: Callable[[str], int | None]
    answer_seconds: float = _ANSWER_SECONDS
    message_max_bytes: int = MESSAGE_MAX_BYTES

    def refusal(self, recipient: str) -> str:
        """The SMTP reply that refuses a recipient; empty if some rule takes it."""
        return "" if self._rule(recipient) else "550 5.1.1 Address does not exist."

    def take(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """The SMTP reply to a message after the Worker of each recipient has had it.

        There is one reply for all of them: the first that is not 250, a temporary one before one
        that is final, so that the sender tries again.
        """
        replies = [self._deliver(sender, each, content) for each in recipients]
        return min(replies, key=lambda reply: "452".index(reply[0]))

    def _deliver(self, sender: str, recipient: str, content: bytes) -> str:
        rule = self._rule(recipient)
        if rule is None:  # since the recipient was taken
            return self.refusal(recipient)
        if not rule.worker:
            return _TAKEN  # dropped
        head = (
            f"Received: from local (127.0.0.1)\r\n\tby cloudflare-email.net (cloudflare) id "
            f"{secrets.token_hex(6)}\r\n\tfor <{printable(recipient)}>; {formatdate()}\r\n"
        )
        return self._ask(rule.worker, sender, recipient, head.encode("ascii", "replace") + content)

    def _ask(self, worker: str, sender: str, recipient: str, raw: bytes) -> str:
        port = self.port_of(worker)
        if port is None:  # it was deleted, and the rule is still there
            return "451 4.3.0 Upstream error"
        target = f"/?{urlencode({'from': sender, 'to': recipient})}"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self.answer_seconds)
        with closing(connection):
            try:
                connection.request("POST", target, raw)
                said = json.loads(connection.getresponse().read())
            except TimeoutError:
                return "550 5.3.0 Upstream error"
            except (OSError, http.client.HTTPException, ValueError):
                return "451 4.3.0 Upstream error"
        if "error" in said:
            return "451 4.3.0 Upstream error"
        rejected = said["rejected"]
        return _TAKEN if rejected is None else f"550 5.7.1 {printable(rejected, 400)}"

    def _rule(self, recipient: str) -> Rule | None:
        domain = recipient.rpartition("@")[2].lower()
        # The most specific zone, where one of the account lies inside another.
        zones = [each for each in self.account.zones.values() if each.holds(domain)]
        zone = max(zones, key=lambda each: len(each.name), default=None)
        if zone is None or zone.status != "active":
            return None
        return zone.email.rule_for(recipient, zone.name)
