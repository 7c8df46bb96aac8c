"""The servers of the local Cloudflare: API, R2, workerd, and the Workers for the edge.

As at Cloudflare, an upload reaches one point of presence after the other, and nothing reports when
it has reached all.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from mtasts.localcloud.cloudflare import workerd
from mtasts.localcloud.cloudflare.account import NAME_SERVERS, WORKERS_DEV, Account
from mtasts.localcloud.cloudflare.api import Api
from mtasts.localcloud.cloudflare.forwarding import forward
from mtasts.localcloud.cloudflare.inbound import Inbound
from mtasts.localcloud.cloudflare.r2_binding import R2Server
from mtasts.localcloud.http1 import HttpResponse
from mtasts.localcloud.resolution import RecordSet, Zone
from mtasts.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mtasts.localcloud.cloudflare.account import Record, Script, Version
    from mtasts.localcloud.cloudflare.bindings import Worker
    from mtasts.localcloud.cloudflare.r2 import R2
    from mtasts.localcloud.http1 import HttpRequest

# Longer than the lag of any point of presence.
_KEPT_SECONDS = 5.0
_SOA = f"{NAME_SERVERS[0]}. dns.cloudflare.com. 1 10000 2400 604800 1800"
_AUTOMATIC_TTL = 300
# Addresses for documentation (RFC 5737, RFC 3849); `Cloud.connect_to` maps them to loopback.
EDGE_ADDRESSES = ("198.51.100.7", "2001:db8::7")
_EDGE = (("A", EDGE_ADDRESSES[0]), ("AAAA", EDGE_ADDRESSES[1]))


class CloudflareServers:
    """API, R2 and workerd of one account; it is the `Workers` of the edge."""

    def __init__(
        self,
        program: Callable[[], Path],
        r2: R2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the servers; `start` makes them listen.

        ``program()`` is the path of workerd, and is called with the first upload. ``r2`` has the
        buckets; ``clock`` gives seconds.
        """
        self.account = Account(clock)
        self.api = Api(self.account, self)
        self._clock = clock
        self._r2 = r2
        self._r2_server = R2Server(r2)
        self._workerd = workerd.Workerd(program, lambda: self._r2_server.address)
        self.inbound = Inbound(self.account, self._mail_port)
        self._held: dict[str, dict[int, Version]] = {}
        self._uploading = asyncio.Lock()

    async def start(self) -> None:
        """Start API and R2; workerd starts with the first upload."""
        await self._r2_server.start()
        await self.api.start()

    async def stop(self) -> None:
        """Stop all servers."""
        await self.api.stop()
        await self._workerd.stop()
        await self._r2_server.stop()

    async def upload(self, name: str, main: str, date: str, worker: Worker) -> Script:
        """Have workerd run a new upload as well as the present ones, and record it.

        Raises:
            WorkerdError: workerd cannot be installed or started, or refuses the script.
        """
        async with self._uploading:  # a second upload must not be missing in _kept
            key = self.account.next_key()
            await self._workerd.serve({**self._kept(), key: worker})
            return self.account.put_script(name, key, main, date, worker)

    async def create_bucket(self, name: str) -> None:
        """Make a bucket in the S3 that stands for R2."""
        await in_thread(self._r2.make, name)

    async def remove_bucket(self, name: str) -> None:
        """Delete a bucket; raises `ApiError` if it has objects."""
        await in_thread(self._r2.remove, name)

    def _mail_port(self, worker: str) -> int | None:
        """The port at which the newest upload of a Worker takes mail; None if there is none."""
        script = self.account.scripts.get(worker)
        return self._workerd.mail_ports.get(script.versions[-1].key) if script else None

    def _kept(self) -> dict[str, Worker]:
        """The uploads that a point of presence may still serve, by key."""
        oldest = self._clock() - _KEPT_SECONDS
        kept = {held.key: held.worker for held in self._all_held()}
        for script in self.account.scripts.values():
            newest = script.versions[-1]
            for each, successor in zip(script.versions, script.versions[1:], strict=False):
                if successor.at >= oldest:
                    kept[each.key] = each.worker
            kept[newest.key] = newest.worker
        return kept

    def _all_held(self) -> Iterator[Version]:
        for versions in self._held.values():
            yield from versions.values()

    def serves(self, host: str, lag_seconds: float) -> Version | None:
        """The upload that a point of presence with that lag serves for ``host``, or None."""
        now = self._clock()
        name = self._service(host, now - lag_seconds)
        script = self.account.scripts.get(name) if name else None
        if script is None:
            return None
        arrived = [each for each in script.versions if each.at + lag_seconds <= now]
        return arrived[-1] if arrived else None

    def _service(self, host: str, known: float) -> str | None:
        """The name of the Worker for ``host``, by the account's state at the time ``known``."""
        for route in self.account.routes.values():
            if route.serves(host) and route.at <= known:
                return route.script
        for attached in self.account.domains.values():
            if attached.hostname == host:
                return attached.service if attached.at <= known else None
        return next((name for each, name in self.account.hosts() if each == host), None)

    def certificate_names(self, host: str) -> tuple[str, ...]:
        """The names of the certificate for ``host``; empty if no Worker serves that host."""
        return (host,) if any(host == each for each, _ in self.account.hosts()) else ()

    def hold(self, host: str, lags_seconds: dict[int, float]) -> None:
        """Keep serving the present upload for ``host`` at the points whose lags are given."""
        found = {number: self.serves(host, lag) for number, lag in lags_seconds.items()}
        self._held[host] = {number: each for number, each in found.items() if each is not None}

    def release(self, host: str) -> None:
        """End `hold`: serve the newest upload for ``host`` again."""
        self._held.pop(host, None)

    async def respond(
        self, host: str, point: int, lag_seconds: float, request: HttpRequest
    ) -> HttpResponse | None:
        """The Worker's response at a point of presence; None if no Worker has reached it yet.

        Raises:
            OSError, TimeoutError: as `forward`.
        """
        version = self._held.get(host, {}).get(point) or self.serves(host, lag_seconds)
        if version is None:
            return None
        port = self._workerd.ports.get(version.key)
        if port is None:
            return HttpResponse(503, (("Content-Type", "text/plain"),), b"error code: 1101\n")
        return await forward(port, host, request)

    def zones(self, *, ipv6: bool) -> list[Zone]:
        """The zones and their records, as Cloudflare's name servers have them."""
        return [
            Zone(each.name, tuple(self._records(each.id, ipv6=ipv6)))
            for each in self.account.zones.values()
        ]

    def _records(self, zone_id: str, *, ipv6: bool) -> Iterator[RecordSet]:
        zone = self.account.zones[zone_id]
        servers = tuple(f"{each}." for each in NAME_SERVERS)
        yield RecordSet(zone.name, "SOA", 3600, (_SOA,))
        yield RecordSet(zone.name, "NS", 86_400, servers)
        sets: dict[tuple[str, str], list[str]] = {}
        ttls: dict[tuple[str, str], int] = {}
        for each in zone.records.values():
            # For a proxied record, DNS has the addresses of Cloudflare's edge, not its content.
            own, edge = ((each.type, _value(each)),), _EDGE if ipv6 else _EDGE[:1]
            for type_, content in edge if each.proxied else own:
                sets.setdefault((each.name, type_), []).append(content)
                ttls[each.name, type_] = _AUTOMATIC_TTL if each.ttl == 1 else each.ttl
        for (name, type_), values in sets.items():
            yield RecordSet(name, type_, ttls[name, type_], tuple(values))

    def own_names(self) -> list[str]:
        """The host names at workers.dev."""
        return [host for host, _ in self.account.hosts() if host.endswith(WORKERS_DEV)]


def _value(found: Record) -> str:
    """A record's content in presentation form; the API has MX hosts without trailing dot."""
    if found.type == "MX":
        return f"{found.priority} {found.content.rstrip('.')}."
    return found.content
