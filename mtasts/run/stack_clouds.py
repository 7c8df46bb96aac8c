"""The interface through which a survey uses the clouds of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.cloud.interface import Hosts, Zones
    from mtasts.rollout.caa import Authority
    from mtasts.zones import HostedZone


class StackClouds(Protocol):
    """The part of `mtasts.cloud.of_stack.Clouds` that a survey uses."""

    @property
    def stack(self) -> str:
        """The stack's name, for commands that are printed."""

    @property
    def name(self) -> str:
        """The name in those of buckets and evidence: the stack's, or the component `Agency`'s."""

    def identify(self) -> str:
        """The id of the account, after a check that it is the stack's; blocks."""

    @property
    def zones(self) -> Zones | None:
        """The zones of the DNS provider for the stack's records; None with dns manual."""

    @property
    def former_zones(self) -> Zones | None:
        """The zones of the former DNS provider during a move; None without one."""

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """The certificate authorities that may issue for the policy host."""

    @property
    def hosts(self) -> Hosts | None:
        """The account's distributions or Workers."""

    @property
    def handouts(self) -> Callable[[str], Handouts] | None:
        """Makes a reader of handed-out records from an account id; None if there are none."""

    @property
    def zone_settings(self) -> Callable[[HostedZone], Mapping[str, object]] | None:
        """Reads the settings of a zone that can break a host; None if there are none."""
