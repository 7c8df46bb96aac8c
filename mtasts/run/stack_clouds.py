"""What a survey asks of a stack's clouds: the same whichever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.cloud.interface import Hosts, Zones
    from mtasts.rollout.caa import Authority
    from mtasts.zones import HostedZone


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
