"""Print the software bill of materials of a release: CycloneDX 1.6, from ``requirements.lock``.

``python tools/sbom.py VERSION < requirements.lock > sbom.cdx.json``. The lock file has every
package that an installation may need, on any system. The document has no sums: they are in the
lock file.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)


def components(lock: str) -> Iterator[dict[str, str]]:
    """A CycloneDX component for each pinned package, sorted by name and version."""
    pins = {
        (re.sub(r"[-_.]+", "-", pin["name"]).lower(), pin["version"]) for pin in _PIN.finditer(lock)
    }
    for name, version in sorted(pins):
        purl = f"pkg:pypi/{name}@{version}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
        }


def bill(version: str, lock: str) -> dict[str, Any]:
    """The whole document; the same input gives the same document."""
    purl = f"pkg:pypi/mtasts@{version}"
    needed = list(components(lock))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": purl,
                "name": "mtasts",
                "version": version,
                "purl": purl,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": needed,
        "dependencies": [{"ref": purl, "dependsOn": [each["bom-ref"] for each in needed]}],
    }


if __name__ == "__main__":
    json.dump(bill(sys.argv[1], sys.stdin.read()), sys.stdout, indent=2)
    sys.stdout.write("\n")
