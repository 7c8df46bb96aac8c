"""The bill of materials of a release names what the lock has, and nothing twice."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sbom import bill, components

ROOT = Path(__file__).parents[2]
LOCK = """\
a-b==1.0 \\
    --hash=sha256:00
Some.Thing[extra]==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:00
some-thing==3.0 ; python_full_version >= '3.12' \\
    # via a==9
"""


def test_every_version_of_the_lock_is_one_component() -> None:
    assert [each["purl"] for each in components(LOCK)] == [
        "pkg:pypi/a-b@1.0",
        "pkg:pypi/some-thing@2.0",
        "pkg:pypi/some-thing@3.0",
    ]
    assert list(components(LOCK + LOCK)) == list(components(LOCK))
    assert list(components("# nothing==1\n")) == []


def test_the_bill_of_this_lock_is_whole_and_the_same_each_time() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    command = [sys.executable, str(ROOT / "tools" / "sbom.py"), "1.2.3"]
    printed = subprocess.run(command, input=lock, capture_output=True, text=True, check=True)
    found = json.loads(printed.stdout)
    assert found == bill("1.2.3", lock)
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
    assert found["metadata"]["component"]["purl"] == "pkg:pypi/mtasts@1.2.3"
    refs = [each["bom-ref"] for each in found["components"]]
    assert len(refs) == len(set(refs)) == len(re.findall(r"^[a-z0-9]\S*==", lock, re.MULTILINE))
    assert found["dependencies"] == [{"ref": "pkg:pypi/mtasts@1.2.3", "dependsOn": refs}]


def test_the_bill_follows_the_schema_of_cyclonedx() -> None:
    found = bill("1.2.3", (ROOT / "requirements.lock").read_text())
    from cyclonedx.schema import SchemaVersion  # two seconds, of every worker
    from cyclonedx.validation.json import JsonStrictValidator

    strict = JsonStrictValidator(SchemaVersion.V1_6)
    assert strict.validate_str(json.dumps(found)) is None
    mistakes: list[dict[str, object]] = [
        {"bomFormat": "SPDX"},
        {"components": [*found["components"], found["components"][0]]},
        {"dependencies": [{"dependsOn": []}]},
        {"licenses": []},
        {"metadata": {"component": {"type": "program", "name": "mtasts"}}},
    ]
    for wrong in mistakes:
        assert strict.validate_str(json.dumps(found | wrong)) is not None, wrong


@pytest.mark.parametrize("name", ["pulumi", "pulumi-aws", "dnspython"])
def test_what_the_package_needs_is_in_it(name: str) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert name in {each["name"] for each in components(lock)}
