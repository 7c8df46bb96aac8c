"""One domain of the lab: its records and how its hosts behave. `servers` has the servers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mtasts.localcloud.lab.web import Web
from mtasts.localcloud.mail import Flavour
from mtasts.localcloud.mail_records import DKIM, DMARC, SPF

if TYPE_CHECKING:
    from mtasts.localcloud.dns import DnsFault

ZONE = "lab.example"
SELECTOR = "s1"


@dataclass(slots=True)
class Setup:
    """One domain of the lab.

    - ``records``: values by owner name and type. The owner is relative to the domain; ``@`` is the
      domain itself. In an A record ``{web}`` stands for the address of the policy host, ``{mx1}``
      for that of an MX host, ``{closed}`` for an address where nothing listens.
    - ``ttls``: in seconds, by owner name and type.
    - ``mail``: the flavours of MX hosts, by label.
    - ``bare``: labels of hosts that get no address record. Other hosts get one.
    - ``reverse_names``: names in the PTR record of an MX host, by label; its own name by default.
    - ``signed``: whether the resolver says that DNSSEC validated the answers.
    """

    name: str
    records: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    ttls: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: dict[tuple[str, str], DnsFault] = field(default_factory=dict)
    web: Web = field(default_factory=Web)
    mail: dict[str, Flavour] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)
    reverse_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ipv6: bool = True
    signed: bool = True

    @property
    def domain(self) -> str:
        """The policy domain."""
        return f"{self.name}.{ZONE}"

    def put(self, owner: str, type_: str, *values: str) -> None:
        """Set the records of ``owner`` and ``type_``; without values, remove them."""
        if values:
            self.records[owner, type_] = values
        else:
            self.records.pop((owner, type_), None)

    def policy(self, *, mode: str = "enforce", max_age: int = 2_592_000, mx: str = "") -> None:
        """Serve that policy (``max_age`` in seconds); ``<domain>`` in ``mx`` is the domain."""
        host = (mx or "mx1.<domain>").replace("<domain>", self.domain)
        lines = ["version: STSv1", f"mode: {mode}", f"mx: {host}"]
        body = "".join(f"{line}\r\n" for line in (*lines, f"max_age: {max_age}"))
        self.serve(body=body.encode())

    def serve(self, **changes: Any) -> None:  # the fields of `Web`
        """Change fields of the policy host's `Web`."""
        self.web = replace(self.web, **changes)

    def mx(self, flavour: Flavour) -> None:
        """Change the flavour of the MX host."""
        self.mail["mx1"] = flavour


def good(name: str) -> Setup:
    """A domain without any finding."""
    setup = Setup(name)
    setup.put("@", "MX", f"10 mx1.{setup.domain}.")
    setup.put("@", "TXT", f'"{SPF}"')
    setup.put("_mta-sts", "TXT", '"v=STSv1; id=1;"')
    setup.put("_smtp._tls", "TXT", f'"v=TLSRPTv1; rua=mailto:tlsrpt@reports.{ZONE};"')
    setup.put("_dmarc", "TXT", f'"{DMARC}; rua=mailto:dmarc@{setup.domain}"')
    setup.put(f"{SELECTOR}._domainkey", "TXT", f'"{DKIM}"')
    setup.mail["mx1"] = Flavour.GOOD
    setup.policy()
    return setup


def reports() -> Setup:
    """The domain to which the TLS-RPT records of all others send reports."""
    setup = good("reports")
    setup.put("_smtp._tls", "TXT", f'"v=TLSRPTv1; rua=mailto:tlsrpt@good.{ZONE};"')
    return setup
