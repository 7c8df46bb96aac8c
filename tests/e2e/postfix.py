"""A Postfix with postfix-mta-sts-resolver beside it, both of their own in one folder.

They need the real ports and a resolver of their own, so they run in a private network namespace;
`tools/e2e.py` makes it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

RESOLVER = Path(os.environ.get("MTASTS_E2E_RESOLVER", ""))
DAEMONS = Path("/usr/lib/postfix/sbin")
_SOCKETMAP = 8461
_START_SECONDS = 20.0
_STATUS = re.compile(r"to=<(?P<to>[^>]+)>.*? status=(?P<status>\w+) \((?P<why>.*)\)$")
# Services as Debian has them, none in a chroot: the certificate file lies outside of one.
_MASTER = """
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message: ``status`` is Postfix's word, sent, deferred or bounced."""

    status: str
    why: str


class Postfix:
    """A running Postfix that asks the resolver for a policy before each delivery."""

    def __init__(self, folder: Path, ca_file: Path) -> None:
        """Make its folders below ``folder``, which every user must be able to enter."""
        self._folder = folder
        self._config = folder / "config"
        self._log = folder / "log"
        self._ca_file = ca_file
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """Start both, and wait until the resolver answers."""
        self._write()
        environment = {**os.environ, "SSL_CERT_FILE": str(self._ca_file)}
        config = str(self._folder / "resolver.yml")
        self._start([str(RESOLVER), "-c", config], environment)
        _await_port(_SOCKETMAP)
        self._start([_postfix(), "-c", str(self._config), "start-fg"], environment)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop both: Postfix by its own command, since what starts it is not its master."""
        subprocess.run([_postfix(), "-c", str(self._config), "stop"], check=False, timeout=30)
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, command: list[str], environment: dict[str, str]) -> None:
        with (self._folder / "output").open("ab") as output:
            self._processes.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )

    def _write(self) -> None:
        for name in ("config", "queue", "data"):
            (self._folder / name).mkdir()
        shutil.chown(self._folder / "data", "postfix")
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": self._folder / "queue",
            "data_directory": self._folder / "data",
            "command_directory": "/usr/sbin",
            "daemon_directory": DAEMONS,
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "maillog_file": self._log,
            "maillog_file_prefixes": self._folder,
            "myhostname": "sender.lab.example",
            "mydestination": "",
            "inet_interfaces": "loopback-only",
            "inet_protocols": "ipv4",
            "alias_maps": "",
            "smtp_host_lookup": "dns",
            "smtp_tls_security_level": "may",
            "smtp_tls_CAfile": self._ca_file,
            "smtp_tls_policy_maps": f"socketmap:inet:127.0.0.1:{_SOCKETMAP}:postfix",
            "smtp_tls_loglevel": "1",
            "smtp_connect_timeout": "5s",
            # A message is tried once; what is deferred stays so.
            "minimal_backoff_time": "1h",
            "queue_run_delay": "1h",
        }
        main = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self._config / "main.cf").write_text(main)
        (self._config / "master.cf").write_text(_MASTER)
        (self._folder / "resolver.yml").write_text(
            f"host: 127.0.0.1\nport: {_SOCKETMAP}\nreuse_port: true\nshutdown_timeout: 5\n"
            "cache:\n  type: internal\n  options:\n    cache_size: 1000\ncache_grace: 0\n"
            "default_zone:\n  strict_testing: false\n  timeout: 4\n"
        )

    def submit(self, recipient: str) -> None:
        """Hand over one message."""
        command = ["/usr/sbin/sendmail", "-C", str(self._config), "-f", "a@sender.lab.example"]
        subprocess.run(
            [*command, recipient], input=b"Subject: e2e\n\nhello\n", check=True, timeout=30
        )

    def fates(self, recipients: set[str], seconds: float = 60.0) -> dict[str, Fate]:
        """What became of the messages to ``recipients``; those without a word are missing."""
        end = time.monotonic() + seconds
        while True:
            found = self._read()
            if recipients <= set(found) or time.monotonic() > end:
                return {each: found[each] for each in recipients if each in found}
            time.sleep(0.2)

    def _read(self) -> dict[str, Fate]:
        if not self._log.exists():
            return {}
        rows = map(_STATUS.search, self._log.read_text(errors="replace").splitlines())
        return {row["to"]: Fate(row["status"], row["why"]) for row in rows if row}


def _postfix() -> str:
    return shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "postfix"


def _await_port(port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
