"""Run the tests with real mail servers in their own network namespace: ``make e2e``.

The tests need Linux and root. Postfix is a package of the distribution. postfix-mta-sts-resolver,
mailauth and nodemailer are installed below ``.local`` from their lock files. Inside the namespace
ports 25, 53 and 443 are free, and ``/etc/resolv.conf`` names the lab's DNS server. Outside of the
namespace only the installed packages remain.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from mtasts.localcloud.lab import namespace

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "tools" / "e2e" / "requirements.lock"
PACKAGES = ROOT / "tools" / "e2e"
VENV = ROOT / ".local" / "e2e"
NODE = ROOT / ".local" / "e2e-node"
_INSIDE = "--inside"


def missing() -> list[str]:
    """A line for each thing that is missing on this machine; empty if the tests can run."""
    found = namespace.missing()
    if namespace.which("npm") is None:
        found.append("npm: install Node 20 or newer, for the second sender")
    if namespace.which("postfix") is None and namespace.which("apt-get") is None:
        found.append("postfix: install it with the package manager of this system")
    return found


def _say(text: str) -> None:
    sys.stderr.write(f"e2e: {text}\n")
    sys.stderr.flush()


def _install() -> None:
    if namespace.which("postfix") is None:
        _say("installing Postfix")
        own = {**os.environ, "PATH": namespace.path(), "DEBIAN_FRONTEND": "noninteractive"}
        apt = str(namespace.which("apt-get"))
        install = ("install", "-y", "-q", "--no-install-recommends", "postfix")
        for words in (("update", "-q"), install):
            subprocess.run([apt, *words], env=own, check=True, stdout=subprocess.DEVNULL)
    stamp = VENV / "lock"
    if not stamp.exists() or stamp.read_bytes() != LOCK.read_bytes():
        _say("installing postfix-mta-sts-resolver")
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        uv = str(Path(sys.executable).parent / "uv")
        python = str(VENV / "bin" / "python")
        subprocess.run(
            [uv, "pip", "sync", "-q", "--python", python, "--require-hashes", LOCK], check=True
        )
        stamp.write_bytes(LOCK.read_bytes())
    _install_node()


def _install_node() -> None:
    lock, stamp = PACKAGES / "package-lock.json", NODE / "installed"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    _say("installing mailauth and nodemailer")
    shutil.rmtree(NODE, ignore_errors=True)
    NODE.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, NODE / name)
    npm = str(namespace.which("npm"))
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=NODE, check=True)
    stamp.write_bytes(lock.read_bytes())


def _inside(arguments: list[str]) -> int:
    environment = {
        **os.environ,
        "PATH": namespace.path(),
        "MTASTS_E2E_RESOLVER": str(VENV / "bin" / "mta-sts-daemon"),
        "MTASTS_E2E_NODE": str(NODE),
    }
    tests = arguments or ["tests/e2e", "-m", "e2e", "-n", "0", "-p", "no:randomly"]
    with namespace.prepared():
        command = [sys.executable, "-m", "pytest", *tests]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main(arguments: list[str]) -> int:
    """Install servers and run the tests; returns the exit code, 2 if something is missing."""
    if arguments[:1] == [_INSIDE]:
        return _inside(arguments[1:])
    if lacking := missing():
        _say("cannot run here; missing:\n" + "\n".join(f"  {each}" for each in lacking))
        return 2
    _install()
    return namespace.enter([sys.executable, __file__, _INSIDE, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
