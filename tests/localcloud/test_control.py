"""The control interface over HTTP: through its client, and with bad requests."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from mtasts.errors import UsageError
from mtasts.localcloud.authority import Authority, Certificate
from mtasts.localcloud.control import ControlServer, edge_fault_from_json
from mtasts.localcloud.control_client import Control, ControlError
from mtasts.localcloud.delegations import Provider
from mtasts.localcloud.dns import DnsFault, DnsServer, Outcome
from mtasts.localcloud.edge_response import EdgeFault
from mtasts.localcloud.mail import Flavour, MailServers, Message
from mtasts.localcloud.resolution import Names
from mtasts.localcloud.throttling import Rate, Throttle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

HOST = "mail1.example.gov"


@dataclass
class Edge:
    faults: dict[str, EdgeFault] = field(default_factory=dict)

    def set_fault(self, host: str, fault: EdgeFault) -> None:
        self.faults[host] = fault

    def clear_fault(self, host: str) -> None:
        self.faults.pop(host, None)

    def contents(self) -> list[dict[str, object]]:
        return [{"pop": "P"}]


class Servers:
    def __init__(self) -> None:
        self.edge = Edge()
        self.dns = DnsServer(lambda: Names(()))
        self.mail = MailServers(Authority())
        self.mail.flavours[HOST] = Flavour.GOOD
        self.stacks: list[Path] = []
        self.delegated: dict[str, Provider] = {}
        self.throttle = Throttle()

    async def add_stacks(self, folder: Path) -> None:
        self.stacks.append(folder)

    def delegate(self, zone: str, to: Provider) -> None:
        self.delegated[zone] = to


class Lab:
    def __init__(self, servers: Servers, url: str) -> None:
        self.servers = servers
        self.url = url

    async def do(self, act: Callable[[Control], Any]) -> Any:
        return await asyncio.to_thread(act, Control(self.url))


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    servers = Servers()
    control = ControlServer(cast("Any", servers))
    await control.start()
    yield Lab(servers, control.url)
    await control.stop()


async def test_an_edge_fault_is_put_and_cleared(lab: Lab) -> None:
    fault = EdgeFault(
        stale=True,
        points=(0, 2),
        body="é".encode(),
        headers=(("X-A", "b"),),
        certificate=Certificate.EXPIRED,
    )
    await lab.do(lambda control: control.set_edge_fault("mta-sts.example.gov", fault))
    assert lab.servers.edge.faults == {"mta-sts.example.gov": fault}
    await lab.do(lambda control: control.clear_edge_fault("mta-sts.example.gov"))
    assert lab.servers.edge.faults == {}


async def test_a_dns_fault_is_put_and_cleared(lab: Lab) -> None:
    fault = DnsFault(outcome=Outcome.SERVFAIL)
    await lab.do(lambda control: control.set_dns_fault("_mta-sts.Example.gov.", "txt", fault))
    assert lab.servers.dns.faults == {("_mta-sts.example.gov", "TXT"): fault}
    await lab.do(lambda control: control.clear_dns_fault("_mta-sts.example.gov", "TXT"))
    assert lab.servers.dns.faults == {}


async def test_flavours_are_changed_and_messages_are_shown(lab: Lab) -> None:
    await lab.do(lambda control: control.set_flavour(HOST, Flavour.STRIPPED))
    assert await lab.do(lambda control: control.flavour(HOST)) is Flavour.STRIPPED
    message = Message(HOST, "a@b.example", ("c@d.example",), tls=True, subject="s")
    lab.servers.mail.messages.append(message)
    assert await lab.do(lambda control: control.messages()) == [message]
    await lab.do(lambda control: control.clear_messages())
    assert not lab.servers.mail.messages


async def test_the_account_gets_rates_and_the_refused_are_counted(lab: Lab) -> None:
    rate = Rate(per_second=5, burst=1)
    await lab.do(lambda control: control.set_rates(route53=rate))
    throttle = lab.servers.throttle
    assert throttle.rates == {"route53": rate}
    assert [throttle.takes("route53"), throttle.takes("route53"), throttle.takes("s3")] == [
        True,
        False,
        True,
    ]
    assert await lab.do(lambda control: control.refused()) == {"route53": 1}
    await lab.do(lambda control: control.set_rates())
    assert throttle.takes("route53")


async def test_health_cache_stacks_and_delegations(lab: Lab, tmp_path: Path) -> None:
    assert await lab.do(lambda control: control.health())
    assert await lab.do(lambda control: control.edge_cache()) == [{"pop": "P"}]
    await lab.do(lambda control: control.add_stacks(tmp_path))
    assert lab.servers.stacks == [tmp_path]
    await lab.do(lambda control: control.delegate("example.gov", "cloudflare"))
    assert lab.servers.delegated == {"example.gov": Provider.CLOUDFLARE}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/none", None, 404, "no such thing"),
        ("PUT", "/edge/faults/a.example", {"stael": True}, 400, "unknown field 'stael'"),
        ("PUT", "/edge/faults/a.example", {"stale": "yes"}, 400, "neither true nor false"),
        ("PUT", "/edge/faults/a.example", {"delay_seconds": 61}, 400, "between 0 and 60"),
        ("PUT", "/edge/faults/a.example", {"status": 99}, 400, "not an HTTP status"),
        ("PUT", "/edge/faults/a.example", {"location": "a\r\nb"}, 400, "not one line of text"),
        ("PUT", "/edge/faults/not%20a%20name", {}, 400, "holds more than"),
        ("PUT", "/edge/faults/a.example", [], 400, "not a JSON object"),
        ("PUT", f"/mail/{HOST}", {"flavour": "sour"}, 400, "sour"),
        ("PUT", "/mail/other.example", {"flavour": "good"}, 404, "no such thing"),
        ("PUT", "/dns/faults/a.example/TXT", {"outcome": "explode"}, 400, "explode"),
        ("PUT", "/dns/delegations/a.example", {"to": "nobody"}, 400, "nobody"),
        ("GET", "/dns/delegations/a.example", None, 404, "no such thing"),
        ("POST", "/world", {}, 400, "not one line of text"),
        ("PUT", "/aws/rates", {"s3": {}}, 400, "unknown field 's3'"),
        ("PUT", "/aws/rates", {"acm": {"per_second": 1}}, 400, "wrong value"),
        ("PUT", "/aws/rates", {"acm": {"per_second": 1, "burst": 0}}, 400, "wrong value"),
        ("PUT", "/aws/rates", {"acm": {"per_second": "x", "burst": 1}}, 400, "wrong value"),
        ("DELETE", "/mail/messages/1", None, 404, "no such thing"),
    ],
)
async def test_a_bad_request_is_refused_with_a_reason(  # noqa: PLR0917 - a table's columns
    lab: Lab, method: str, path: str, body: object, status: int, says: str
) -> None:
    def ask() -> tuple[int, str]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(lab.url + path, data, method=method)  # noqa: S310 - loopback
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=10) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    code, text = await asyncio.to_thread(ask)
    assert code == status
    assert says in text


async def test_another_host_name_is_refused(lab: Lab) -> None:
    rebound = Request(lab.url + "/health", headers={"Host": "evil.example"})  # noqa: S310 - http on loopback

    def ask() -> int:
        try:
            with build_opener(ProxyHandler({})).open(rebound, timeout=10) as response:
                return int(response.status)
        except HTTPError as error:
            with error:
                return error.code

    assert await asyncio.to_thread(ask) == 403


def test_a_client_refuses_other_machines_and_reports_no_answer() -> None:
    with pytest.raises(UsageError):
        Control("http://192.0.2.1:80")
    with pytest.raises(ControlError, match="no answer"):
        Control("http://127.0.0.1:9", deadline_seconds=1).health()


def test_a_fault_without_fields_changes_nothing() -> None:
    assert edge_fault_from_json({}) == EdgeFault()
