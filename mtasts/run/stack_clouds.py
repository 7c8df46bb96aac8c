"""What a survey asks of a stack's clouds: the same whichever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.rollout.caa import Authority
    from mtasts.run.account_zones import Zones
    from mtasts.zones import HostedZone


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


class StackClouds(Protocol):
    """What a survey asks of a stack's clouds (`mtasts.cloud.of_stack.Clouds`)."""

    @property
    def stack(self) -> str:
        """The stack's name, for commands."""

    @property
    def name(self) -> str:
        """What buckets and evidence are named after."""

    def identify(self) -> str:
        """The account's id, once it is known to be the stack's; blocks."""

    @property
    def zones(self) -> Zones | None:
        """The zones that the records may stand in; None where somebody else has them."""

    @property
    def former_zones(self) -> Zones | None:
        """The zones that the records move from; None where they do not move."""

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """Those that may sign the policy host's certificate."""

    @property
    def hosts(self) -> Hosts | None:
        """What the account has that serves hosts."""

    @property
    def handouts(self) -> Callable[[str], Handouts] | None:
        """What reads what was handed out, by the account's id; None where nothing is."""

    @property
    def zone_settings(self) -> Callable[[HostedZone], Mapping[str, object]] | None:
        """What reads the settings of a zone that hit its hosts; None where none does."""
