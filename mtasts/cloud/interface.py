"""The interfaces through which the rest of the package uses a cloud; each cloud implements them.

These are types only: no run imports them. `mtasts.cloud.folder` returns objects of these types.
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
        """Every public zone of the account, or of the account of ``role``."""

    def complete(self, role: str | None, zone: HostedZone) -> HostedZone:
        """A listed zone with its name servers."""


class Hosts(Protocol):
    """The account's distributions or Workers; every method blocks, and raises as `Zones` does."""

    kind: str
    limit: int

    def count(self) -> int:
        """The number of distributions or Workers."""

    def raised(self) -> int | None:
        """The account's own limit, None if it cannot be read; never raises."""

    def taken(self, host: str, domain: str) -> str | None:
        """A sentence, if another distribution or Worker of this account has the host; or None."""

    def hint(self, targets: tuple[str, ...], host: str) -> str | None:
        """A sentence, if the host's present CNAME leads to another account; or None."""


class StackCloud(Protocol):
    """One cloud, as one stack uses it. Only methods call the cloud, and they block."""

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """The certificate authorities that may issue for policy hosts at this cloud."""

    @property
    def hosts(self) -> Hosts:
        """The account's distributions or Workers."""

    @property
    def zone_settings(self) -> Callable[[HostedZone], Mapping[str, object]] | None:
        """Reads the settings of a zone that can break a host; None if there are none."""

    def identify(self) -> str:
        """The id of the account, after it is checked to be the stack's.

        Raises:
            WrongAccountError: the credentials are another account's.
            UndeterminedError: the account of the credentials could not be found out.
        """

    def ledger_account(self) -> str:
        """The id of the account that has the ledgers' bucket; raises as `identify` does."""

    def store(self, account_id: str) -> ObjectStore[Any]:
        """The store of the stack's ledgers; nothing is called yet."""

    def begin_ledgers(self, account_id: str) -> str | None:
        """Make the bucket of the ledgers before the first run; its name if this call made it.

        None also if the cloud's store makes the bucket itself, with the first entry.
        """

    def notes(self, *, is_preview: bool) -> tuple[Ruling, ...]:
        """Warnings about permissions that the stack lacks; raises as `identify` does."""

    def finder(self) -> Callable[[str, Mapping[str, Any]], str | None]:
        """A function that takes a type and inputs, and finds the resource that they would create.

        It returns the import id, or None if there is no such resource. It raises `KeyError` if the
        inputs lack a name, which is not known yet, and `UndeterminedError`.
        """


class Receiving(Protocol):
    """How a cloud receives the mail of an inbox; each cloud has its own type with more fields."""

    def warnings(self, own: str, address: Mailbox) -> tuple[str, ...]:
        """Warnings for the operator; ``own`` is the name of the inbox's rule or Worker."""


class Receiver(Protocol):
    """The cloud that receives the mail of an inbox; every call blocks."""

    def identify(self) -> str:
        """The id of the account.

        Raises:
            WrongAccountError: the credentials are another account's.
            UndeterminedError: the account of the credentials could not be found out.
        """

    def bucket(self, account_id: str, name: str) -> str:
        """The bucket of the inbox ``name``."""

    def has_mail_host(self, host: str) -> bool:
        """Whether an MX host is this cloud's, and not one that receives other mail."""

    def look(
        self, own: str, address: Mailbox, zone: HostedZone | None, mail_hosts: Collection[str]
    ) -> Receiving:
        """How the cloud receives mail for ``address``; ``own`` names the inbox's rule or Worker.

        ``mail_hosts`` are the MX hosts of its name in DNS.

        Raises:
            UsageError: the cloud does not receive mail for it yet; the text says what to do.
            UndeterminedError: the cloud refused or did not answer.
        """


class InboxNotes(Protocol[_Of_contra]):
    """Warnings about permissions that an inbox lacks, or that they are not known."""

    def __call__(
        self,
        account: _Of_contra,
        config: InboxConfig,
        name: str,
        *,
        is_preview: bool,
    ) -> tuple[Ruling, ...]:
        """The warnings for the inbox ``name``; blocks."""
