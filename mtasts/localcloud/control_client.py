"""The client of a local cloud's control interface, for tests, the demo and the commands."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from mtasts.errors import MtaStsError, UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mtasts.localcloud.dns import DnsFault
    from mtasts.localcloud.edge_response import EdgeFault
    from mtasts.localcloud.mail import Flavour, Message
    from mtasts.localcloud.throttling import Rate


class ControlError(MtaStsError):
    """The control interface refused a request or did not answer; the text has its reason."""


class Control:
    """Client of one local cloud's control interface; ``cloud.json`` has its URL as ``control``.

    Every method raises `ControlError` if the request is refused or there is no answer within the
    deadline.
    """

    def __init__(self, url: str, deadline_seconds: float = 10.0) -> None:
        """Prepare requests to ``url``, without connecting.

        Raises:
            UsageError: ``url`` is not at 127.0.0.1.
        """
        if urlsplit(url).hostname != "127.0.0.1":
            raise UsageError(f"{url!r} is not the control interface of a local cloud")
        self._url = url.rstrip("/")
        self._deadline_seconds = deadline_seconds
        self._opener = build_opener(ProxyHandler({}))  # a proxy could not reach this loopback

    def health(self) -> bool:
        """Whether the local cloud answers."""
        return bool(self._ask("GET", "health")["ok"])

    def set_edge_fault(self, host: str, fault: EdgeFault) -> None:
        """Set what the edge does wrong for ``host``, in place of an earlier fault."""
        from mtasts.localcloud.control import edge_fault_as_json  # late: importing takes 0.2 s

        self._ask("PUT", "edge/faults", host, body=edge_fault_as_json(fault))

    def clear_edge_fault(self, host: str) -> None:
        """End the fault of ``host``."""
        self._ask("DELETE", "edge/faults", host)

    def edge_cache(self) -> list[dict[str, Any]]:
        """The cache entries of every point of presence, one mapping each (`Edge.contents`)."""
        return list(self._ask("GET", "edge/cache"))

    def set_dns_fault(self, name: str, type_: str, fault: DnsFault) -> None:
        """Set what goes wrong when this name and type are looked up."""
        from mtasts.localcloud.control import dns_fault_as_json  # as above

        self._ask("PUT", "dns/faults", name, type_, body=dns_fault_as_json(fault))

    def clear_dns_fault(self, name: str, type_: str) -> None:
        """End the fault of this name and type."""
        self._ask("DELETE", "dns/faults", name, type_)

    def delegate(self, zone: str, to: str) -> None:
        """Delegate the name ``zone`` to the zone at ``to``: ``route53`` or ``cloudflare``."""
        self._ask("PUT", "dns/delegations", zone, body={"to": to})

    def set_rates(self, **rates: Rate) -> None:
        """Limit the calls to AWS services (``route53``, ``cloudfront``, ``acm``).

        A service that is not named has no limit.
        """
        self._ask("PUT", "aws/rates", body={name: asdict(each) for name, each in rates.items()})

    def refused(self) -> dict[str, int]:
        """How many calls to each AWS service were refused since the rates were set."""
        return dict(self._ask("GET", "aws/rates")["refused"])

    def set_cloudflare_faults(self, *, rate_limited: int = 0, lacking: Iterable[str] = ()) -> None:
        """Set the faults of Cloudflare's API.

        The next ``rate_limited`` requests get status 429, and the token lacks the permissions
        ``lacking``.
        """
        body = {"rate_limited": rate_limited, "lacking": sorted(lacking)}
        self._ask("PUT", "cloudflare/faults", body=body)

    def flavour(self, host: str) -> Flavour:
        """The present flavour of the mail server of ``host``."""
        from mtasts.localcloud.mail import Flavour  # as above

        return Flavour(self._ask("GET", "mail", host)["flavour"])

    def set_flavour(self, host: str, flavour: Flavour) -> None:
        """Change the flavour of the mail server of ``host``, from the next connection on."""
        self._ask("PUT", "mail", host, body={"flavour": flavour})

    def messages(self) -> list[Message]:
        """The messages that the mail servers received, oldest first."""
        from mtasts.localcloud.mail import Message  # as above

        return [
            Message(**raw | {"recipients": tuple(raw["recipients"])})
            for raw in self._ask("GET", "mail/messages")
        ]

    def clear_messages(self) -> None:
        """Delete the messages that the mail servers received."""
        self._ask("DELETE", "mail/messages")

    def add_stacks(self, folder: Path) -> None:
        """Add the domains and mail hosts of the stack files in ``folder``.

        ``cloud.json`` is written again, with the ports of the new mail servers.
        """
        self._ask("POST", "world", body={"stacks": str(folder.absolute())})

    def _ask(
        self, method: str, *path: str, body: dict[str, Any] | None = None
    ) -> Any:  # any JSON value
        where = "/".join((path[0], *(quote(part, safe="") for part in path[1:])))
        data = None if body is None else json.dumps(body).encode("ascii")
        request = Request(f"{self._url}/{where}", data, method=method)  # noqa: S310 - http, checked
        try:
            with self._opener.open(request, timeout=self._deadline_seconds) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                text = printable(error.read(1000), 300)
            raise ControlError(f"{method} {where}: {text}") from error
        except (URLError, TimeoutError, ConnectionError) as error:
            raise ControlError(f"{method} {where}: no answer: {error}") from error
