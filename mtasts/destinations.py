"""Where a request that carries credentials may go: the cloud's own hosts, or this machine.

A stack file, a variable or a profile can name another endpoint. Its server would get a session or a
token, and could forge answers about accounts, zones and ledgers.
"""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import CLOUDS, Hosting
from mtasts.errors import UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARKER = "MTASTS_LOCAL_CLOUD"
"""The variable that marks the environment of a local cloud: the path of its folder."""

_VARIABLES = tuple(row.provider.variable for row in CLOUDS.values())
_AWS_VARIABLE = Hosting.AWS.row.provider.variable

# Whole URLs, so that no second parser can see another host in them: no user, query or fragment.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[A-Za-z0-9/_-]*(?:\.[A-Za-z0-9/_-]+)*)?"
)


class Destination(Enum):
    """Where an endpoint leads."""

    CLOUD = "the cloud itself"
    LOOPBACK = "this machine"


class DestinationError(UsageError):
    """An endpoint is neither at the cloud nor on this machine: send it no credentials."""


def destination(cloud: Hosting, url: str) -> Destination | None:
    """Where an endpoint for ``cloud`` leads; None for anywhere but that cloud and this machine."""
    if is_loopback(url):
        return Destination.LOOPBACK
    found = _URL.fullmatch(url)
    if found is None or found["scheme"] != "https" or found["port"] not in (None, "443"):
        return None
    return Destination.CLOUD if re.fullmatch(cloud.row.provider.hosts, found["host"]) else None


def is_loopback(url: str) -> bool:
    """Whether a URL leads to a loopback address; a name is none, whatever it resolves to."""
    found = _URL.fullmatch(url)
    if found is None:
        return False
    try:
        return ipaddress.ip_address(found["host"].strip("[]")).is_loopback
    except ValueError:
        return False


def require(cloud: Hosting, source: str, url: str) -> Destination:
    """Where the endpoint ``url`` leads, if credentials may go there; ``source`` has set it.

    Raises:
        DestinationError: it leads neither to ``cloud`` nor to this machine; no call was made.
    """
    found = destination(cloud, url)
    if found is None:
        raise DestinationError(
            f"{source} is {printable(url)}, and credentials would go there: only the cloud itself "
            f"({cloud.row.provider.form}) or a loopback address (http://127.0.0.1:PORT) may be "
            "named"
        )
    return found


def require_endpoints(environment: Mapping[str, str]) -> None:
    """Refuse a variable that sends a service of AWS elsewhere.

    Pulumi's provider uses every one of them, also for services that mtasts does not call.

    Raises:
        DestinationError: one leads neither to AWS nor to this machine.
    """
    for name, url in aws_endpoints(environment).items():
        require(Hosting.AWS, name, url)


def aws_endpoints(environment: Mapping[str, str]) -> dict[str, str]:
    """Every variable that chooses an endpoint of AWS, with its value."""
    return {
        name: url
        for name, url in sorted(environment.items())
        if url and (name == _AWS_VARIABLE or name.startswith(f"{_AWS_VARIABLE}_"))
    }


def is_local(environment: Mapping[str, str]) -> bool:
    """Whether the environment is a local cloud's own: marked, and all clouds are on this machine.

    Only such a one may set the clock ahead, or have probes trust an authority of its own.
    """
    urls = [environment.get(name, "") for name in _VARIABLES]
    urls += aws_endpoints(environment).values()
    return bool(environment.get(MARKER)) and all(map(is_loopback, urls))


def require_local(names: Iterable[str], environment: Mapping[str, str]) -> None:
    """Refuse variables that only a local cloud may set.

    Raises:
        UsageError: one of ``names`` is set, and the environment is no local cloud's.
    """
    given = [name for name in names if environment.get(name)]
    if given and not is_local(environment):
        raise UsageError(
            f"{', '.join(given)}: for a local cloud only, and this environment is not one "
            f"({MARKER}, {' and '.join(_VARIABLES)} on a loopback address): "
            f"unset {' '.join(given)}"
        )
