"""The client of the control interface, for tests, the demo and the commands."""

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
    """The local cloud did not do what it was asked; the text is its own."""


class Control:
    """One local cloud's control interface, at the ``control`` URL of its ``cloud.json``."""

    def __init__(self, url: str, deadline_seconds: float = 10.0) -> None:
        """Nothing is connected yet; ``url`` has to be on loopback."""
        if urlsplit(url).hostname != "127.0.0.1":
            raise UsageError(f"{url!r} is not the control interface of a local cloud")
        self._url = url.rstrip("/")
        self._deadline_seconds = deadline_seconds
        self._opener = build_opener(ProxyHandler({}))  # loopback is never behind a proxy

    def health(self) -> bool:
        """Whether the local cloud answers."""
        return bool(self._ask("GET", "health")["ok"])

    def set_edge_fault(self, host: str, fault: EdgeFault) -> None:
        """Make something go wrong where the edge serves ``host``."""
        from mtasts.localcloud.control import edge_fault_as_json  # the servers, 0.2 s

        self._ask("PUT", "edge/faults", host, body=edge_fault_as_json(fault))

    def clear_edge_fault(self, host: str) -> None:
        """Serve ``host`` as it should be again."""
        self._ask("DELETE", "edge/faults", host)

    def edge_cache(self) -> list[dict[str, Any]]:
        """What every point of presence holds."""
        return list(self._ask("GET", "edge/cache"))

    def set_dns_fault(self, name: str, type_: str, fault: DnsFault) -> None:
        """Make one look-up go wrong."""
        from mtasts.localcloud.control import dns_fault_as_json  # as above

        self._ask("PUT", "dns/faults", name, type_, body=dns_fault_as_json(fault))

    def clear_dns_fault(self, name: str, type_: str) -> None:
        """Answer from the zones again."""
        self._ask("DELETE", "dns/faults", name, type_)

    def delegate(self, zone: str, to: str) -> None:
        """Delegate a name to the zone that ``to``, route53 or cloudflare, has of it."""
        self._ask("PUT", "dns/delegations", zone, body={"to": to})

    def set_rates(self, **rates: Rate) -> None:
        """Have AWS answer a service (``route53``, ``cloudfront``, ``acm``) at that rate alone."""
        self._ask("PUT", "aws/rates", body={name: asdict(each) for name, each in rates.items()})

    def refused(self) -> dict[str, int]:
        """How many calls of each service were refused since the rates were set."""
        return dict(self._ask("GET", "aws/rates")["refused"])

    def set_cloudflare_faults(self, *, rate_limited: int = 0, lacking: Iterable[str] = ()) -> None:
        """Have Cloudflare's API refuse so many requests, and what the token may not do."""
        body = {"rate_limited": rate_limited, "lacking": sorted(lacking)}
        self._ask("PUT", "cloudflare/faults", body=body)

    def flavour(self, host: str) -> Flavour:
        """How the mail server of ``host`` behaves."""
        from mtasts.localcloud.mail import Flavour  # as above

        return Flavour(self._ask("GET", "mail", host)["flavour"])

    def set_flavour(self, host: str, flavour: Flavour) -> None:
        """Let the mail server of ``host`` behave so, from the next connection on."""
        self._ask("PUT", "mail", host, body={"flavour": flavour})

    def messages(self) -> list[Message]:
        """The messages received, oldest first."""
        from mtasts.localcloud.mail import Message  # as above

        return [
            Message(**raw | {"recipients": tuple(raw["recipients"])})
            for raw in self._ask("GET", "mail/messages")
        ]

    def clear_messages(self) -> None:
        """Forget the messages received."""
        self._ask("DELETE", "mail/messages")

    def add_stacks(self, folder: Path) -> None:
        """Add the domains and mail hosts of more stack files; ``cloud.json`` is written anew."""
        self._ask("POST", "world", body={"stacks": str(folder.absolute())})

    def _ask(
        self, method: str, *path: str, body: dict[str, Any] | None = None
    ) -> Any:  # whatever JSON holds
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
