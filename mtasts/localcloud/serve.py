"""All servers of one local cloud in one process: ``python -m mtasts.localcloud.serve DIRECTORY``.

moto runs in its own threads. Edge, DNS, mail and control interface share one event loop, which runs
in another thread.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import logging
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from botocore.config import Config

from mtasts.cloud.aws.receiver import mail_host
from mtasts.localcloud import service_models
from mtasts.localcloud.authority import Authority
from mtasts.localcloud.aws.function_urls import FunctionUrls
from mtasts.localcloud.aws.inbound import Inbound
from mtasts.localcloud.cloud import REGION, STATE_FILE, Cloud
from mtasts.localcloud.cloudflare import workerd
from mtasts.localcloud.cloudflare.account import NAME_SERVERS
from mtasts.localcloud.cloudflare.email_routing import MX_HOSTS
from mtasts.localcloud.cloudflare.r2 import R2
from mtasts.localcloud.cloudflare.servers import EDGE_ADDRESSES, CloudflareServers
from mtasts.localcloud.control import ControlServer
from mtasts.localcloud.delegations import Delegations, Provider
from mtasts.localcloud.dns import DnsServer
from mtasts.localcloud.edge import Edge
from mtasts.localcloud.lifetime import die_with_parent
from mtasts.localcloud.mail import MailServers
from mtasts.localcloud.moto_host import (
    AlreadyRunningError,
    moto_running,
    session,
    throttle,
)
from mtasts.localcloud.resolution import Names, RecordSet, records
from mtasts.localcloud.state import MotoState
from mtasts.localcloud.world import World, seed, seed_cloudflare

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")
logger = logging.getLogger(__name__)
_LOG_BYTES = 1_000_000
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_LOCK_SECONDS = 1.0
_LOGGERS = ("localcloud", "werkzeug", "mail.log", "asyncio")


class LocalServers:
    """The servers on the event loop, as `mtasts.localcloud.control.Servers` has them."""

    def __init__(self, directory: Path, aws_url: str, clock: Callable[[], float]) -> None:
        """Make the servers of the account at ``aws_url``; nothing listens yet."""
        self._directory = directory
        self._aws_url = aws_url
        self._ca_file = directory / "ca.pem"
        authority = Authority()
        authority.write(self._ca_file)
        self.cloudflare = CloudflareServers(
            lambda: workerd.find(os.environ, logger.info),
            R2(partial(self._client, "s3")),
            clock,
        )
        self._state = MotoState(aws_url, self._cname)
        self._functions = FunctionUrls(aws_url)
        self.edge = Edge(
            self._state,
            authority,
            clock=clock,
            workers=self.cloudflare,
            functions=self._functions,
        )
        self._delegations = Delegations()
        self._made: dict[Provider | None, tuple[object, Names]] = {}
        self.dns = DnsServer(self._names)
        # The name servers of each provider: they answer from its zones, delegated to it or not.
        self._own_dns = {each: DnsServer(partial(self._names, each)) for each in Provider}
        for server in self._own_dns.values():
            server.faults = self.dns.faults
        self.mail = MailServers(authority)
        self.mail.receivers[mail_host(REGION)] = self._inbound()
        self.mail.receivers |= dict.fromkeys(MX_HOSTS, self.cloudflare.inbound)
        self.throttle = throttle
        self._control = ControlServer(self)

    async def start(self, world: World) -> Cloud:
        """Start all servers and return their addresses.

        ``cloud.json`` is written last, so that every server listens when a reader finds it.
        """
        await self.cloudflare.start()
        await self.edge.start()
        await self.dns.start()
        for server in self._own_dns.values():
            await server.start()
        await self._control.start()
        return await self._open(world)

    async def stop(self) -> None:
        """Stop all servers."""
        for server in (self._control, self.mail, self.dns, self.edge, self.cloudflare):
            await server.stop()
        for each in self._own_dns.values():
            await each.stop()

    async def add_stacks(self, folder: Path) -> None:
        """Add zones and mail hosts for the domains of the stack files in ``folder``."""
        await self._open(World.from_stacks(folder))

    def delegate(self, zone: str, to: Provider) -> None:
        """Delegate the name ``zone`` to the zone of that name at the provider ``to``."""
        self._delegations.delegate(zone, to)
        self._tell_cloudflare()

    def _tell_cloudflare(self) -> None:
        """Set the status of Cloudflare's zones: active if delegated, else moved or pending."""
        self._names()
        for zone in self.cloudflare.account.zones.values():
            if self._delegations.get(zone.name) is Provider.CLOUDFLARE:
                zone.status = "active"
            else:
                zone.status = "moved" if zone.was_active else "pending"
            zone.was_active |= zone.status == "active"

    async def _open(self, world: World) -> Cloud:
        await asyncio.to_thread(seed, world, self._aws_url)
        seed_cloudflare(world, self.cloudflare.account)
        self._tell_cloudflare()
        for host in (*world.mail_hosts, *self.mail.receivers):
            await self.mail.listen(host)
        cloud = Cloud(
            directory=self._directory,
            pid=os.getpid(),
            aws=self._aws_url,
            dns=f"127.0.0.1:{self.dns.port}",
            edge_port=self.edge.port,
            control=self._control.url,
            ca_file=self._ca_file,
            ipv6=self.edge.ipv6,
            mail=dict(self.mail.ports),
            name_servers={
                **dict.fromkeys(self._state.name_servers(), self._own_dns[Provider.ROUTE53].port),
                **dict.fromkeys(NAME_SERVERS, self._own_dns[Provider.CLOUDFLARE].port),
            },
            workers=dict.fromkeys(
                EDGE_ADDRESSES if self.edge.ipv6 else EDGE_ADDRESSES[:1], self.edge.workers_port
            ),
            cloudflare=self.cloudflare.api.url,
        )
        cloud.write()
        return cloud

    def _cname(self, name: str) -> str:
        """The target of the CNAME record at ``name``; empty if there is none."""
        found = self._names().resolve(name, "CNAME").answer
        return str(found[-1][0].target).rstrip(".").lower() if found else ""

    def _inbound(self) -> Inbound:
        """The receiver of mail that stands for SES."""
        return Inbound(self._client("ses"), self._client("s3"), REGION, self._text)

    def _client(self, service: str) -> Any:  # boto3's stubs know only names that are literals
        """A boto3 client of the local AWS account."""
        make: Any = session().client
        return make(service, endpoint_url=self._aws_url, config=Config(proxies={}))

    def _text(self, name: str) -> str:
        """The text of the TXT record at ``name``, which has one string; empty if there is none."""
        found = self._names().resolve(name, "TXT").answer
        return str(found[-1][0]).strip('"') if found else ""

    def _names(self, authority: Provider | None = None) -> Names:
        """All names that DNS has, or that the name servers of one provider (``authority``) have.

        Those are the zones, and names outside of them: mail hosts, name servers, and names that
        belong to the clouds, such as those below cloudfront.net.
        """
        distributions = self._state.distributions().values()
        on_ipv6 = tuple(each.domain_name for each in distributions if each.ipv6 and self.edge.ipv6)
        on_ipv4 = (
            *NAME_SERVERS,
            *self.mail.ports,
            *sorted(self._state.name_servers()),
            *(each.domain_name for each in distributions),
            *self._functions.hosts(),
        )
        workers = tuple(self.cloudflare.own_names())
        zones = {
            Provider.ROUTE53: self._state.zones(),
            Provider.CLOUDFLARE: self.cloudflare.zones(ipv6=self.edge.ipv6),
        }
        chosen = self._delegations.choose(zones, authority)
        made_of = (chosen, workers, on_ipv4, on_ipv6)
        known, names = self._made.get(authority, (None, None))
        if names is None or known != made_of:  # comparing is faster than indexing all names again
            overlay: list[RecordSet] = [
                *records(workers, "A", EDGE_ADDRESSES[0]),
                *records(workers if self.edge.ipv6 else (), "AAAA", EDGE_ADDRESSES[1]),
                *records(on_ipv4, "A", "127.0.0.1"),
                *records(on_ipv6, "AAAA", "::1"),
            ]
            names = Names(chosen, overlay)
            self._made[authority] = made_of, names
        return names


@contextmanager
def running(
    directory: Path,
    stacks: Path | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Cloud]:
    """Run a local cloud in threads of this process, within this context; gives its addresses.

    At the end the servers stop and ``cloud.json`` is deleted. ``clock`` gives seconds.

    Raises:
        AlreadyRunningError: this process runs a local cloud already, or another process runs one
            in ``directory``.
        TimeoutError: the servers did not start or stop in time.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    with _alone_in(directory), _log(directory / "log"), moto_running() as aws_url:
        servers = LocalServers(directory, aws_url, clock)
        with _loop() as loop:
            try:
                yield _run(loop, servers.start(World.from_stacks(stacks)), _START_SECONDS)
            finally:
                (directory / STATE_FILE).unlink(missing_ok=True)
                _run(loop, servers.stop(), _STOP_SECONDS)


def _run(
    loop: asyncio.AbstractEventLoop, work: Coroutine[object, object, T], limit_seconds: float
) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result(limit_seconds)


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="localcloud", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_STOP_SECONDS)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; the system releases it when this process ends, even if killed."""
    with (directory / "lock").open("w") as lock:
        _hold(lock, directory)
        (directory / STATE_FILE).unlink(missing_ok=True)  # a local cloud that was killed left it
        yield


def _hold(lock: TextIO, directory: Path) -> None:
    """Take the lock; tries for a second, because a process that only tests the lock holds it too.

    Raises:
        AlreadyRunningError: another process holds the lock.
    """
    end = time.monotonic() + _LOCK_SECONDS
    pause = threading.Event()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise AlreadyRunningError(f"a local cloud runs in {directory} already") from error
            pause.wait(0.01)
        else:
            return


@contextmanager
def _log(path: Path) -> Iterator[None]:
    """Write the servers' log into one file of limited size, and nowhere else."""
    handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    with ExitStack() as stack:
        stack.callback(handler.close)
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            stack.callback(logger.removeHandler, handler)
            stack.callback(setattr, logger, "propagate", logger.propagate)
            logger.addHandler(handler)
            logger.propagate = False
        own = logging.getLogger("localcloud")
        stack.callback(own.setLevel, own.level)
        own.setLevel(logging.INFO)
        yield


def main(arguments: list[str] | None = None) -> int:
    """Run a local cloud until SIGTERM or SIGINT; returns the exit code, 1 if one runs already."""
    parser = argparse.ArgumentParser(prog="python -m mtasts.localcloud.serve", description=__doc__)
    parser.add_argument("directory", type=Path, help="where cloud.json, ca.pem and log are written")
    parser.add_argument("--stacks", type=Path, help="the folder of stack files to seed from")
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the parent process has ended"
    )
    options = parser.parse_args(arguments)
    if options.with_parent:
        die_with_parent()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # the servers must not use the caller's profile, keys or endpoint
    service_models.share()  # each seeding makes a session
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        with running(options.directory, options.stacks):
            ended.wait()
    except AlreadyRunningError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
