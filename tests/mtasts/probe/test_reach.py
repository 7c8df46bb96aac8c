"""The map that leads probes into a local cloud, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import certifi
import pytest
from loopback import served

from mtasts.errors import UsageError
from mtasts.observations import ClientProfile, FetchOutcome, SmtpOutcome
from mtasts.probe.https import fetch, greet
from mtasts.probe.openssl import details
from mtasts.probe.reach import ConnectTo, NotGlobalError, Reach
from mtasts.probe.smtp import look
from mtasts.probe.tls import _context

LOCAL = {
    "MTASTS_LOCAL_CLOUD": "/somewhere",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
    "CLOUDFLARE_BASE_URL": "http://127.0.0.1:5001/client/v4",
    "MTASTS_RESOLVER": "127.0.0.1:5353",
    "MTASTS_CA_FILE": "/tmp/ca.pem",  # noqa: S108 - only named, never opened
    "MTASTS_CONNECT_TO": ":443::8443 mail.example.gov:25:[::1]:2525",
}


def test_the_map_of_a_local_cloud_is_followed() -> None:
    reach = Reach.from_environment(LOCAL)
    assert reach.resolver == ("127.0.0.1", 5353)
    assert reach.target("mta-sts.example.gov", 443, "127.0.0.1") == ("127.0.0.1", 8443)
    assert reach.target("mail.example.gov", 25, "127.0.0.1") == ("::1", 2525)
    assert reach.target("mail.example.gov", 465, "127.0.0.1") == ("127.0.0.1", 465)


def test_an_address_and_a_name_server_can_be_mapped_too() -> None:
    rows = (
        "198.51.100.7:443:127.0.0.1:1 [2001:db8::7]:443:[::1]:2 :443::3 ns.example:53:127.0.0.1:4"
    )
    reach = Reach.from_environment(LOCAL | {"MTASTS_CONNECT_TO": rows})
    assert reach.target("host.example", 443, "198.51.100.7") == ("127.0.0.1", 1)
    assert reach.target("host.example", 443, "2001:db8::7") == ("::1", 2)
    assert reach.target("host.example", 443, "127.0.0.1") == ("127.0.0.1", 3)
    assert reach.name_server("ns.example") == ("127.0.0.1", 4)
    assert reach.name_server("other.example") is None  # though a row for any host applies to it


def test_without_variables_nothing_is_mapped() -> None:
    assert Reach.from_environment({}) == Reach()


def test_a_local_cloud_is_told_from_options_that_lead_elsewhere() -> None:
    assert Reach.from_environment(LOCAL).is_local
    assert not Reach.from_environment({}).is_local
    authority_missing = {key: value for key, value in LOCAL.items() if key != "MTASTS_CA_FILE"}
    assert not Reach.from_environment(authority_missing).is_local


@pytest.mark.parametrize("row", [":443::8443", "host.example:25:127.0.0.1:2525", "[::1]::[::2]:"])
def test_a_row_is_written_as_it_is_read(row: str) -> None:
    assert str(ConnectTo.parse(row)) == row


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"MTASTS_RESOLVER": "192.0.2.1:53"}, id="resolver-elsewhere"),
        pytest.param({"MTASTS_RESOLVER": "localhost:53"}, id="resolver-by-name"),
        pytest.param({"MTASTS_RESOLVER": ""}, id="authority-without-resolver"),
        pytest.param({"MTASTS_CONNECT_TO": ":443:192.0.2.1:443"}, id="map-elsewhere"),
        pytest.param({"MTASTS_CONNECT_TO": "443"}, id="no-map"),
        pytest.param({"MTASTS_CONNECT_TO": ":x::8443"}, id="no-port"),
        pytest.param({"MTASTS_CONNECT_TO": ":443:[::1:8443"}, id="open-bracket"),
        pytest.param({"MTASTS_CONNECT_TO": "[host]:443::8443"}, id="no-address-in-brackets"),
    ],
)
def test_a_map_off_this_machine_or_malformed_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Reach.from_environment(LOCAL | change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"MTASTS_LOCAL_CLOUD": ""}, id="no-marker"),
        pytest.param({"AWS_ENDPOINT_URL": ""}, id="aws-itself"),
        pytest.param({"CLOUDFLARE_BASE_URL": "https://api.cloudflare.com"}, id="cloudflare-itself"),
    ],
)
@pytest.mark.parametrize("name", ["MTASTS_RESOLVER", "MTASTS_CA_FILE", "MTASTS_CONNECT_TO"])
def test_only_a_local_cloud_has_resolver_roots_and_map_of_its_own(
    name: str, change: dict[str, str]
) -> None:
    bare = {key: value for key, value in LOCAL.items() if not key.startswith("MTASTS_")}
    with pytest.raises(UsageError, match=f"for a local cloud only.*unset {name}"):
        Reach.from_environment({**bare, name: LOCAL[name], **change})


def test_roots_of_the_environment_are_no_roots_of_the_probes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, "/nowhere")
    _context.cache_clear()
    reach = Reach.from_environment(os.environ)
    assert reach.roots == Path(certifi.where())
    assert reach.tls_context().cert_store_stats()["x509_ca"] > 100


@pytest.mark.parametrize(
    ("address", "of_all", "of_a_local_cloud"),
    [
        ("9.9.9.9", True, True),
        ("2620:fe::fe", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("198.18.0.1", False, True),
        ("2001:db8::1", False, True),
        ("10.0.0.1", False, False),
        ("192.168.1.1", False, False),
        ("fd00::1", False, False),
        ("no address", False, False),
    ],
)
def test_in_a_local_cloud_some_addresses_stand_for_global_ones(
    address: str, *, of_all: bool, of_a_local_cloud: bool
) -> None:
    assert Reach().reaches_all(address) is of_all
    assert Reach(is_local=True).reaches_all(address) is of_a_local_cloud


@pytest.mark.parametrize(
    ("reach", "address", "goes"),
    [
        pytest.param(Reach(), "9.9.9.9", True, id="global"),
        pytest.param(Reach(), "127.0.0.1", False, id="this-machine"),
        pytest.param(Reach(), "10.0.0.1", False, id="this-network"),
        pytest.param(Reach(allow_private=True), "10.0.0.1", True, id="allowed"),
        pytest.param(Reach(is_local=True), "127.0.0.1", True, id="a-local-clouds-machine"),
        pytest.param(Reach(is_local=True), "198.18.0.1", False, id="a-stand-in-without-a-row"),
        pytest.param(
            Reach(connect_to=(ConnectTo("", None, "", 8443),)), "10.0.0.1", False, id="port-alone"
        ),
        pytest.param(
            Reach(connect_to=(ConnectTo("", None, "10.0.0.2", None),)), "10.0.0.1", True, id="asked"
        ),
    ],
)
def test_a_connection_goes_to_global_addresses_and_where_it_is_sent(
    reach: Reach, address: str, *, goes: bool
) -> None:
    if goes:
        reach.target("host.example", 443, address)
        return
    with pytest.raises(NotGlobalError, match="nobody outside can reach"):
        reach.target("host.example", 443, address)


async def test_what_nobody_outside_can_reach_is_not_contacted(ca_file: Path) -> None:
    contacts: list[bool] = []

    async def talk(*_: object) -> None:
        contacts.append(True)

    async with served(talk) as port:

        async def visit(reach: Reach) -> tuple[object, ...]:
            host, here = "mx.example.gov", "127.0.0.1"
            return (
                (await fetch(reach, host, here, port=port)).outcome,
                (await greet(reach, host, here, ClientProfile.OLD, port=port)).outcome,
                (await look(reach, host, here, port=port)).outcome,
                (await details(reach, host, here, port=port)).reason,
            )

        assert await visit(Reach(None, ca_file)) == (
            FetchOutcome.NOT_GLOBAL,
            FetchOutcome.NOT_GLOBAL,
            SmtpOutcome.NOT_GLOBAL,
            "nobody outside can reach that address (RFC 6890)",
        )
        assert contacts == []
        await visit(Reach(None, ca_file, allow_private=True))
        assert len(contacts) == 5  # the last looks twice


def test_connect_to_reads_empty_as_any() -> None:
    assert ConnectTo.parse(":::8443") == ConnectTo("", None, "", 8443)
