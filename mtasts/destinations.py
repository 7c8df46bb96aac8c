"""Where a request that carries credentials may go: the cloud's own hosts, or this machine.

A stack file, a variable or a profile can name another endpoint. Its server would get a session or a
token, and could forge answers about accounts, zones and ledgers.
"""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from typing import TYPE_CHECKING

from mtasts.errors import UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARKER = "MTASTS_LOCAL_CLOUD"
"""The variable that marks the environment of a local cloud: the path of its folder."""

AWS_VARIABLE = "AWS_ENDPOINT_URL"
CLOUDFLARE_VARIABLE = "CLOUDFLARE_BASE_URL"

# Whole URLs, so that no second parser can see another host in them: no user, query or fragment.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[A-Za-z0-9/_-]*(?:\.[A-Za-z0-9/_-]+)*)?"
)
# Services that a stack and the toolkit use. Every customer can have a host below amazonaws.com (a
# bucket, a load balancer, an API), so the service has to stand where AWS has it.
_SERVICES = "acm|cloudfront|email|iam|kms|lambda|logs|monitoring|route53|s3|servicequotas|sns|sts"
_REGION = r"[a-z]{2}(?:-[a-z]+)+-[0-9]"
_AWS_HOST = re.compile(
    rf"(?:{_SERVICES})(?:-fips)?(?:\.dualstack)?(?:\.{_REGION}|\.global)?\.amazonaws\.com"
    rf"|(?:{_SERVICES})(?:-fips)?(?:\.{_REGION}|\.global)?\.api\.aws"
    rf"|(?:bucket\.)?vpce-[0-9a-z-]+\.(?:{_SERVICES})\.{_REGION}\.vpce\.amazonaws\.com"
)
_CLOUDFLARE_HOST = re.compile(r"api\.cloudflare\.com")


class Destination(Enum):
    """Where an endpoint leads."""

    CLOUD = "the cloud itself"
    LOOPBACK = "this machine"


class DestinationError(UsageError):
    """An endpoint is neither at the cloud nor on this machine: send it no credentials."""


def aws_destination(url: str) -> Destination | None:
    """Where an endpoint for AWS leads; None for anywhere but AWS and this machine."""
    return _destination(url, _AWS_HOST)


def cloudflare_destination(url: str) -> Destination | None:
    """Where a base URL for Cloudflare leads; None for anywhere but Cloudflare and this machine."""
    return _destination(url, _CLOUDFLARE_HOST)


def is_loopback(url: str) -> bool:
    """Whether a URL leads to a loopback address; a name is none, whatever it resolves to."""
    found = _URL.fullmatch(url)
    if found is None:
        return False
    try:
        return ipaddress.ip_address(found["host"].strip("[]")).is_loopback
    except ValueError:
        return False


def require_aws(source: str, url: str) -> Destination:
    """Where the endpoint ``url`` leads, which ``source`` has set; raises `DestinationError`."""
    return _require(source, url, aws_destination(url), "https://SERVICE.REGION.amazonaws.com")


def require_cloudflare(source: str, url: str) -> Destination:
    """Where the base URL leads, which ``source`` has set; raises `DestinationError`."""
    found = cloudflare_destination(url)
    return _require(source, url, found, "https://api.cloudflare.com/client/v4")


def aws_endpoints(environment: Mapping[str, str]) -> dict[str, str]:
    """Every variable that chooses an endpoint of AWS, with its value."""
    return {
        name: url
        for name, url in sorted(environment.items())
        if url and (name == AWS_VARIABLE or name.startswith(f"{AWS_VARIABLE}_"))
    }


def is_local(environment: Mapping[str, str]) -> bool:
    """Whether the environment is a local cloud's own: marked, and both clouds are on this machine.

    Only such a one may set the clock ahead, or have probes trust an authority of its own.
    """
    urls = [environment.get(AWS_VARIABLE, ""), environment.get(CLOUDFLARE_VARIABLE, "")]
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
            f"({MARKER}, {AWS_VARIABLE} and {CLOUDFLARE_VARIABLE} on a loopback address): "
            f"unset {' '.join(given)}"
        )


def _destination(url: str, hosts: re.Pattern[str]) -> Destination | None:
    if is_loopback(url):
        return Destination.LOOPBACK
    found = _URL.fullmatch(url)
    if found is None or found["scheme"] != "https" or found["port"] not in (None, "443"):
        return None
    return Destination.CLOUD if hosts.fullmatch(found["host"]) else None


def _require(source: str, url: str, found: Destination | None, example: str) -> Destination:
    """Where a URL leads, if credentials may go there.

    Raises:
        DestinationError: it leads neither to the cloud nor to this machine; no call was made.
    """
    if found is None:
        raise DestinationError(
            f"{source} is {printable(url)}, and credentials would go there: only the cloud itself "
            f"({example}) or a loopback address (http://127.0.0.1:PORT) may be named"
        )
    return found
