"""An account on moto, and a zone in it that DNS leads to, for programs that the recorder runs."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloudflare_api import looping

from mtasts.localcloud.dns import DnsServer
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.localcloud.resolution import Names, RecordSet, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

SOA = "ns-1.example. hostmaster.example. 1 7200 900 1209600 86400"


@contextmanager
def account_at_hand(zone: str, *more: RecordSet, lost: str = "") -> Iterator[tuple[str, str]]:
    """Where the account's API is, and where its DNS; ``more`` stands in the zone besides.

    The account has a zone ``lost`` as well, of which DNS knows no name server.
    """
    with moto_running() as url, looping() as loop:
        route53 = session().client("route53", endpoint_url=url)
        made = route53.create_hosted_zone(Name=f"{zone}.", CallerReference="one")
        servers = tuple(f"{each}." for each in made["DelegationSet"]["NameServers"])
        known = [
            Zone(
                zone,
                (
                    RecordSet(zone, "SOA", 300, (SOA,)),
                    RecordSet(zone, "NS", 300, servers),
                    RecordSet(zone, "MX", 300, (f"10 mx.{zone}.",)),
                    *more,
                ),
            )
        ]
        if lost:
            route53.create_hosted_zone(Name=f"{lost}.", CallerReference="two")
            known.append(Zone(lost, (RecordSet(lost, "SOA", 300, (SOA,)),)))
        dns = DnsServer(lambda: Names(tuple(known)))
        asyncio.run_coroutine_threadsafe(dns.start(), loop).result(10)
        try:
            yield url, f"127.0.0.1:{dns.port}"
        finally:
            asyncio.run_coroutine_threadsafe(dns.stop(), loop).result(10)


def be_a_local_cloud(
    account: tuple[str, str], ca_file: Path, monkeypatch: pytest.MonkeyPatch, **more: str
) -> None:
    """Have the environment lead to the account, in a folder where no stack file lies."""
    url, dns = account
    monkeypatch.chdir(ca_file.parent)
    for name, value in {
        "MTASTS_LOCAL_CLOUD": str(ca_file.parent),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "CLOUDFLARE_BASE_URL": "http://127.0.0.1:9",
        "MTASTS_RESOLVER": dns,
        "MTASTS_CA_FILE": str(ca_file),
        **more,
    }.items():
        monkeypatch.setenv(name, value)
