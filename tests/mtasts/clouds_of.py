"""The clouds of a stack as data, as far as a survey asks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.rollout.caa import AMAZON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mtasts.cloud.aws.handouts import Handouts
    from mtasts.cloud.interface import Hosts, Zones
    from mtasts.rollout.caa import Authority
    from mtasts.zones import HostedZone


@dataclass(frozen=True)
class CloudsOf:
    """Nothing but zones, unless a test says otherwise."""

    identify: Callable[[], str]
    zones: Zones | None
    former_zones: Zones | None = None
    authorities: tuple[Authority, ...] = (AMAZON,)
    hosts: Hosts | None = None
    handouts: Callable[[str], Handouts] | None = None
    zone_settings: Callable[[HostedZone], Mapping[str, object]] | None = None
    stack: str = "agency"
    name: str = "agency"
