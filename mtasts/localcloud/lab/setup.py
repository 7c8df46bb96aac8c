"""One domain of the lab with everything about it; nothing listens here."""

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
    """One domain with everything about it.

    ``records`` are by owner, relative to the domain, and type; ``@`` is the domain itself. In an A
    record ``{web}`` stands for the policy host's address, ``{mx1}`` for that of an MX host, and
    ``{closed}`` for one where nothing listens.
    ``ttls`` are in seconds. ``mail`` are MX hosts by label; they and the policy host get address
    records, unless their label is in ``bare``, and MX hosts a PTR record, unless
    ``reverse_names`` has others. ``signed`` is what the resolver says of DNSSEC.
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
        """Set the records of ``owner``; none removes them."""
        if values:
            self.records[owner, type_] = values
        else:
            self.records.pop((owner, type_), None)

    def policy(self, *, mode: str = "enforce", max_age: int = 2_592_000, mx: str = "") -> None:
        """Serve that policy; ``<domain>`` in ``mx`` stands for the domain."""
        host = (mx or "mx1.<domain>").replace("<domain>", self.domain)
        lines = ["version: STSv1", f"mode: {mode}", f"mx: {host}"]
        body = "".join(f"{line}\r\n" for line in (*lines, f"max_age: {max_age}"))
        self.serve(body=body.encode())

    def serve(self, **changes: Any) -> None:  # the fields of `Web`
        """Change how the policy host behaves."""
        self.web = replace(self.web, **changes)

    def mx(self, flavour: Flavour) -> None:
        """Change how the MX host behaves."""
        self.mail["mx1"] = flavour


def good(name: str) -> Setup:
    """A domain of which there is nothing to say."""
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
    """The domain that takes the reports of all others."""
    setup = good("reports")
    setup.put("_smtp._tls", "TXT", f'"v=TLSRPTv1; rua=mailto:tlsrpt@good.{ZONE};"')
    return setup
