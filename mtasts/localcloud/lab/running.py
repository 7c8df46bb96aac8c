"""Run a command inside a lab: the lab's servers run until the command ends."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cloud_catalogue import CLOUDS
from mtasts.destinations import MARKER
from mtasts.localcloud.authority import Authority
from mtasts.localcloud.lab.servers import Lab
from mtasts.localcloud.lifecycle import is_misleading
from mtasts.probe.reach import CA_FILE, CONNECT_TO, RESOLVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# `mtasts.rollout.caa` knows the CAA name of an authority whose organization begins with ISRG.
ORGANIZATION = "ISRG of the lab"
# A lab has no cloud, so calls to one must fail: port 1 is privileged, and nothing listens there.
_NO_CLOUD = "http://127.0.0.1:1"


def environment(lab: Lab, ca_file: Path, own: Mapping[str, str]) -> dict[str, str]:
    """The environment ``own``, changed so that probes use ``lab``, and calls to clouds fail."""
    return {
        **{name: value for name, value in own.items() if not is_misleading(name)},
        MARKER: str(ca_file.parent),
        **{row.provider.variable: _NO_CLOUD for row in CLOUDS.values()},
        RESOLVER: f"127.0.0.1:{lab.dns.port}",
        CA_FILE: str(ca_file),
        CONNECT_TO: " ".join(lab.connect_to()),
    }


def run_inside(command: Sequence[str], own: Mapping[str, str]) -> int:
    """Run ``command`` inside a lab, and return its exit code."""
    logging.disable()  # the servers' warnings must not mix with the output of the command
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(command, own, Path(folder) / "ca.pem"))


async def _run(command: Sequence[str], own: Mapping[str, str], ca_file: Path) -> int:
    authority = Authority(organization=ORGANIZATION)
    authority.write(ca_file)
    lab = Lab(authority)
    await lab.start()
    try:
        process = await asyncio.create_subprocess_exec(*command, env=environment(lab, ca_file, own))
        try:
            return await process.wait()
        except asyncio.CancelledError:  # Ctrl-C reaches the command as well, which then ends
            return await process.wait()
    finally:
        await lab.stop()
