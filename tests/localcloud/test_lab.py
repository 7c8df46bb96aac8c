"""The check of each set-up of the lab, with real servers, has the finding that names it."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from text_checks import OF_POLICIES, OF_RECORDS

from mtasts.check import host as host_checks
from mtasts.check import mx as mx_checks
from mtasts.check.checks import CHECKS
from mtasts.check.domain import check_domain
from mtasts.check.row import rows_of
from mtasts.check.table import stack, stack_file
from mtasts.localcloud.authority import Authority
from mtasts.localcloud.lab.servers import Lab
from mtasts.localcloud.lab.setup import SELECTOR, Setup, good, reports
from mtasts.localcloud.lab.setups import ALSO, CHANGES, NOT, UNKNOWN, setups
from mtasts.observe.connections import PAUSE_SECONDS
from mtasts.observe.observer import Observer
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import ConnectTo, Reach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mtasts.check.notes import Checked

# `mtasts.rollout.caa` knows the CAA name of an authority whose organization begins with ISRG.
AUTHORITY = Authority(organization="ISRG of the lab")
# Findings that need a stack file, a ledger or an earlier check.
ELSEWHERE = {*rows_of(stack), *rows_of(stack_file), "policy-id-unchanged"}
# Findings about TLS that neither Python nor OpenSSL 3 can serve; `test_probe_openssl` has them.
ELSEWHERE |= {"tls-compression", "tls-renegotiation-insecure"}
# Findings about TLS that Python cannot serve; `test_probe_openssl` uses OpenSSL's own server.
ELSEWHERE |= {"tls-early-data", "tls-key-exchange-hash"}


@asynccontextmanager
async def lab(*wanted: Setup) -> AsyncIterator[Lab]:
    found = Lab(AUTHORITY, [good("good"), reports(), *wanted])
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


async def checked(
    running: Lab,
    domain: str,
    path: Path,
    seconds: float = 30.0,
    *,
    pause_seconds: float = PAUSE_SECONDS,
) -> Checked:
    ca_file = path / "lab.pem"
    AUTHORITY.write(ca_file)
    rows = tuple(map(ConnectTo.parse, running.connect_to()))
    reach = Reach(("127.0.0.1", running.dns.port), ca_file, rows, is_local=True)
    observer = Observer(
        reach,
        Resolver(reach),
        deadline_seconds=seconds,
        tls_details=domain.startswith(("tls-", "good")),
        pause_seconds=pause_seconds,
    )
    seen = await observer.observe(domain, (SELECTOR,))
    return check_domain(seen, dt.datetime.now(dt.UTC))


def changed(name: str) -> Setup:
    (found,) = (each for each in setups() if each.name == name)
    return found


def ids(found: Checked) -> set[str]:
    return {each.id for each in found.findings}


async def test_good_setups_have_no_finding(tmp_path: Path) -> None:
    async with lab() as running:
        for domain in ("good.lab.example", "reports.lab.example"):
            found = await checked(running, domain, tmp_path)
            assert (found.findings, found.unknown) == ((), ())


@pytest.mark.parametrize("name", [each for each in CHANGES if not each.startswith("hostile-")])
async def test_each_setup_gives_its_finding(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = name in ("host-slow", "host-unfinished", "host-tls-stalled", "mx-silent")
    if patience:
        for module in (host_checks, mx_checks):
            monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.4)
    async with lab(changed(name)) as running:
        seconds = 1.5 if patience else 30.0
        assert name in ids(await checked(running, f"{name}.lab.example", tmp_path, seconds))


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("host-unfinished", "host-fetch"),
        ("host-tls-stalled", "host-fetch"),
        ("mx-silent", "mx-session"),
    ],
)
async def test_a_deadline_that_is_too_short_is_not_known_and_no_fault(
    name: str, unknown: str, tmp_path: Path
) -> None:
    async with lab(changed(name)) as running:
        found = await checked(running, f"{name}.lab.example", tmp_path, seconds=4.0)
    assert name not in ids(found)
    assert {each.id for each in found.unknown} == {unknown}


def test_every_finding_that_needs_a_network_has_a_setup() -> None:
    assert set(CHECKS) - ELSEWHERE - {*OF_POLICIES, *OF_RECORDS} <= set(CHANGES)
    assert {each.name for each in setups()} == {"good", "reports", *CHANGES, *ALSO, *NOT, *UNKNOWN}


@pytest.mark.parametrize("name", ALSO)
async def test_each_further_cause_gives_its_finding(name: str, tmp_path: Path) -> None:
    async with lab(changed(name)) as running:
        assert ALSO[name][0] in ids(await checked(running, f"{name}.lab.example", tmp_path))


@pytest.mark.parametrize("name", UNKNOWN)
async def test_a_server_that_limits_connections_is_not_known_and_no_fault(
    name: str, tmp_path: Path
) -> None:
    async with lab(changed(name)) as running:
        found = await checked(running, f"{name}.lab.example", tmp_path, pause_seconds=0.1)
    assert {each.id for each in found.unknown} == UNKNOWN[name][0]
    assert ids(found) <= {"host-ipv6-missing"}


async def test_a_check_contacts_no_other_ports_than_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port in a report address, or in the URL of a revocation list, changes nothing."""
    names = ("mx-port-465", "tlsrpt-endpoint-port", "host-certificate-revoked", "mx-refused")
    ports: set[int] = set()
    target = Reach.target

    def noted(reach: Reach, host: str, port: int, address: str) -> tuple[str, int]:
        ports.add(port)
        return target(reach, host, port, address)

    monkeypatch.setattr(Reach, "target", noted)
    async with lab(*map(changed, names)) as running:
        for name in names:
            await checked(running, f"{name}.lab.example", tmp_path)
    assert ports == {25, 80, 443, 465}


@pytest.mark.parametrize("name", NOT)
async def test_a_setup_that_only_looks_wrong_has_no_such_finding(name: str, tmp_path: Path) -> None:
    async with lab(changed(name)) as running:
        assert NOT[name][0] not in ids(await checked(running, f"{name}.lab.example", tmp_path))


@pytest.mark.parametrize(
    ("name", "finding", "unknown"),
    [
        ("hostile-endless", "host-too-large", ""),
        ("hostile-bomb", "host-encoded", ""),
        ("hostile-banner", "mx-malformed", ""),
    ],
)
async def test_the_check_of_a_hostile_server_ends_in_time_with_a_reason(
    name: str, finding: str, unknown: str, tmp_path: Path
) -> None:
    async with lab(changed(name)) as running, asyncio.timeout(20):
        found = await checked(running, f"{name}.lab.example", tmp_path, seconds=1.5)
    assert any(each.startswith(finding) for each in ids(found)) or not finding
    assert {each.id for each in found.unknown} == ({unknown} if unknown else set())
