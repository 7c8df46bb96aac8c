"""A zone of the local cloud that no stack of the test brings up."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Lab


def add_zone(lab: Lab, domain: str, dns: str = "route53") -> None:
    """Make a zone at ``dns`` with the records that are not of this program, and the mail host.

    A project is not needed for that, nor a run of the engine.
    """
    name = f"z{uuid.uuid4().hex[:8]}"
    folder = lab._folder / name
    folder.mkdir()
    row = (f"    - name: {domain}", f"      mx: [mx1.{domain}]", "      dkimSelectors: [s1]")
    lines = ("config:", f"  mtasts:dns: {dns}", "  mtasts:domains:", *row)
    (folder / f"Pulumi.{name}.yaml").write_text("\n".join(lines) + "\n")
    lab.control.add_stacks(folder)
