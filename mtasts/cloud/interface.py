"""What the rest of the package uses of a cloud: the same of each, whichever it is.

These are types only: no run imports them. `mtasts.cloud.folder` gives a cloud of these types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mtasts.cloud.ledger_objects import ObjectStore
    from mtasts.config import InboxConfig
    from mtasts.config.hosts import Mailbox
    from mtasts.rollout.caa import Authority
    from mtasts.rulings import Ruling
    from mtasts.zones import HostedZone

_Of_contra = TypeVar("_Of_contra", contravariant=True)


class Zones(Protocol):
    """The zones that can be written to; every method blocks, and raises `UndeterminedError`."""

    def list(self, role: str | None) -> tuple[HostedZone, ...]:
        """Every public zone, in that role if any."""

    def complete(self, role: str | None, zone: HostedZone) -> HostedZone:
        """A listed zone with its name servers."""


class Hosts(Protocol):
    """What the account has that serves hosts; every method blocks, and raises as `Zones` does."""

    kind: str
    limit: int

    def count(self) -> int:
        """How many there are."""

    def raised(self) -> int | None:
        """The account's own limit, where that may be read; never raises."""

    def taken(self, host: str, domain: str) -> str | None:
        """Who else of this account has the host already, as a sentence."""

    def hint(self, targets: tuple[str, ...], host: str) -> str | None:
        """What the host's present CNAME says of other accounts."""


class StackCloud(Protocol):
    """One cloud as one stack uses it. Nothing is called before a method is; methods block."""

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """The certificate authorities that may issue for policy hosts at this cloud."""

    @property
    def hosts(self) -> Hosts:
        """What the account has that serves hosts."""

    @property
    def zone_settings(self) -> Callable[[HostedZone], Mapping[str, object]] | None:
        """Reads the settings of a zone that can break a host; None where none can."""

    def identify(self) -> str:
        """The id of the account, after it is checked to be the stack's.

        Raises:
            WrongAccountError: the credentials are another account's.
            UndeterminedError: whose they are could not be found out.
        """

    def ledger_account(self) -> str:
        """The id of the account, as the ledgers' bucket needs it; raises as `identify` does."""

    def store(self, account_id: str) -> ObjectStore[Any]:
        """The store of the stack's ledgers; nothing is called yet."""

    def begin_ledgers(self, account_id: str) -> str | None:
        """Make the bucket of the ledgers ahead of the program; its name if that made it.

        None also where the ledgers make it themselves, with their first entry.
        """

    def notes(self, *, is_preview: bool) -> tuple[Ruling, ...]:
        """Warnings about what the account may not do for the stack; raises as `identify` does."""

    def finder(self) -> Callable[[str, Mapping[str, Any]], str | None]:
        """Gives the import id of what a type and inputs would create, None if that is not there.

        It raises `KeyError` where its name is not known yet, and `UndeterminedError`.
        """


class Receiving(Protocol):
    """How a cloud receives the mail of an inbox; the components of that cloud know more of it."""

    def warnings(self, own: str, address: Mailbox) -> tuple[str, ...]:
        """What an operator should know of it; ``own`` names the inbox's rule or Worker."""


class Receiver(Protocol):
    """The cloud that receives the mail of an inbox; every call blocks."""

    def identify(self) -> str:
        """The id of the account.

        Raises:
            WrongAccountError: the credentials are another account's.
            UndeterminedError: whose they are could not be found out.
        """

    def bucket(self, account_id: str, name: str) -> str:
        """The bucket of the inbox ``name``."""

    def has_mail_host(self, host: str) -> bool:
        """Whether an MX host is this cloud's, so that its record takes mail from nobody."""

    def look(
        self, own: str, address: Mailbox, zone: HostedZone | None, mail_hosts: Collection[str]
    ) -> Receiving:
        """How the cloud receives mail for ``address``; ``own`` names the inbox's rule or Worker.

        ``mail_hosts`` are the MX hosts of its name in DNS.

        Raises:
            UsageError: it does not. The text says how to have it do so.
            UndeterminedError: the cloud refused or did not answer.
        """


class InboxNotes(Protocol[_Of_contra]):
    """Warnings about what an account may not do for an inbox, or that this is not known."""

    def __call__(
        self,
        account: _Of_contra,
        config: InboxConfig,
        name: str,
        *,
        is_preview: bool,
    ) -> tuple[Ruling, ...]:
        """Those of the inbox ``name``; blocks."""
