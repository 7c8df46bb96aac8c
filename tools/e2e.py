"""Run the tests against real mail servers, in a network namespace of their own: ``make e2e``.

It needs Linux and root. Postfix comes from the distribution, postfix-mta-sts-resolver from its own
lock file into an environment below ``.local``, and mailauth with nodemailer beside it. Inside the
namespace ports 25, 53 and 443 are free, and a resolv.conf of its own leads to the lab; outside,
nothing is changed but what was installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "tools" / "e2e" / "requirements.lock"
PACKAGES = ROOT / "tools" / "e2e"
VENV = ROOT / ".local" / "e2e"
NODE = ROOT / ".local" / "e2e-node"
_INSIDE = "--inside"
_ADMIN = "/usr/local/sbin:/usr/sbin:/sbin"


def missing() -> list[str]:
    """What stands in the way here, a line each; empty where nothing does."""
    found = []
    if sys.platform != "linux":
        return ["network namespaces: this needs Linux"]
    if os.geteuid() != 0:
        found.append("root: it makes a network namespace, and Postfix wants its own users")
    found += [
        f"{name}: install the package {package}"
        for name, package in (("unshare", "util-linux"), ("mount", "mount"), ("ip", "iproute2"))
        if _which(name) is None
    ]
    if _which("npm") is None:
        found.append("npm: install Node 20 or newer, for the second sender")
    if _which("postfix") is None and _which("apt-get") is None:
        found.append("postfix: install it with the package manager of this system")
    return found


def _which(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_ADMIN}")


def _need(name: str) -> str:
    found = _which(name)
    if found is None:
        raise SystemExit(f"e2e: {name} is missing")
    return found


def _say(text: str) -> None:
    sys.stderr.write(f"e2e: {text}\n")
    sys.stderr.flush()


def _install() -> None:
    if _which("postfix") is None:
        _say("installing Postfix")
        own = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (
            ["update", "-q"],
            ["install", "-y", "-q", "--no-install-recommends", "postfix"],
        ):
            subprocess.run(
                [_need("apt-get"), *words], env=own, check=True, stdout=subprocess.DEVNULL
            )
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
    lock, stamp = PACKAGES / "package-lock.json", NODE / "package-lock.json"
    if (NODE / "node_modules").exists() and stamp.read_bytes() == lock.read_bytes():
        return
    _say("installing mailauth and nodemailer")
    shutil.rmtree(NODE, ignore_errors=True)
    NODE.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, NODE / name)
    command = [_need("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=NODE, check=True)


def _enter(arguments: list[str]) -> int:
    """Run this file again, in namespaces for the network and for mounts."""
    command = [_need("unshare"), "--mount", "--net", sys.executable, __file__]
    return subprocess.run([*command, _INSIDE, *arguments], check=False).returncode


def _inside(arguments: list[str]) -> int:
    path = f"{os.environ.get('PATH', '')}:{_ADMIN}"
    subprocess.run([_need("ip"), "link", "set", "lo", "up"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("nameserver 127.0.0.1\n")
        file.flush()
        Path(file.name).chmod(0o644)
        bind = [_need("mount"), "--bind", file.name, str(Path("/etc/resolv.conf").resolve())]
        subprocess.run(bind, check=True)
        environment = {
            **os.environ,
            "PATH": path,
            "MTASTS_E2E_RESOLVER": str(VENV / "bin" / "mta-sts-daemon"),
            "MTASTS_E2E_NODE": str(NODE),
        }
        tests = arguments or ["tests/e2e", "-m", "e2e", "-n", "0", "-v", "-p", "no:randomly"]
        command = [sys.executable, "-m", "pytest", *tests]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main(arguments: list[str]) -> int:
    """Run; 2 where something is missing, which is said."""
    if arguments[:1] == [_INSIDE]:
        return _inside(arguments[1:])
    if lacking := missing():
        _say("cannot run here; missing:\n" + "\n".join(f"  {each}" for each in lacking))
        return 2
    _install()
    return _enter(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
