"""SDKs that the engine generates for the component, and where it takes the plugin from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from git_server import serving
from programs import Example, copy_plugin

from mtasts import __version__
from mtasts.components.plugin import AgencyProvider
from mtasts.localcloud.engine import MODULE
from mtasts.localcloud.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab

    from mtasts.localcloud.authority import Authority

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("examples")]
GO_SECONDS = 600
GO_MODULE = "github.com/mtasts/pulumi-mtasts/sdk/go/mtasts"
# What a generated Python SDK needs besides Pulumi's own.
REQUIREMENTS = """\
arpeggio==2.0.3 --hash=sha256:9374d9c531b62018b787635f37fd81c9a6ee69ef2d28c5db3cd18791b1f7db2f
parver==0.5 --hash=sha256:2281b187276c8e8e3c15634f62287b2fb6fe0efe3010f739a6bd1e45fa2bf2b2
"""
THROUGH_THE_SDK = """
import pulumi
from mtasts_mtasts import Agency

agency = Agency(
    "{name}",
    agency="Department of Examples",
    max_age={max_age},
    mode="testing",
    tls_reports=["mailto:tls-reports@{name}.example"],
    domains=[{{"name": "{name}.example", "mx": ["mx1.mail.example", "mx2.mail.example"]}}],
)
pulumi.export("domains", agency.domains)
"""


@pytest.fixture
def commands(languages: None, lab: Lab, tmp_path: Path) -> Project:  # noqa: ARG001 - installed
    """Runs commands of the engine outside of any program."""
    return Project(tmp_path, lab.environment(), "", deadline_seconds=GO_SECONDS)


def schema(project: Project, source: str) -> Any:
    return json.loads(project.pulumi("package", "get-schema", source).required().stdout)


def test_the_engine_reads_the_schema_from_a_path(commands: Project, tmp_path: Path) -> None:
    copy_plugin(tmp_path)
    found, ours = schema(commands, "./plugin"), json.loads(str(AgencyProvider().schema))
    assert (found["namespace"], found["version"]) == (ours["namespace"], ours["version"])
    resources = ((each["resources"]["mtasts:index:Agency"]) for each in (found, ours))
    inputs, expected = (each["inputProperties"].keys() for each in resources)
    assert inputs == expected


def test_the_engine_takes_the_plugin_from_a_folder_of_a_git_tag(
    commands: Project, tmp_path: Path, authority: Authority, ca_file: Path
) -> None:
    repository = tmp_path / "repositories" / "example" / "mtasts.git"
    work = tmp_path / "work"
    work.mkdir()
    copy_plugin(work)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@mail.example", "-C", str(work)]
    for words in (
        ["init", "--quiet"],
        ["add", "."],
        ["commit", "--quiet", "-m", "one"],
        ["tag", "v0.2.0"],
        ["rm", "--quiet", "-r", "plugin"],
        ["commit", "--quiet", "-m", "the tag is what counts"],
        ["clone", "--quiet", "--bare", ".", str(repository)],
    ):
        subprocess.run([*git, *words], check=True, capture_output=True)
    with serving(tmp_path / "repositories", authority.context(("localhost",))) as port:
        environment = {
            **commands.environment,
            "SSL_CERT_FILE": str(ca_file),
            "PULUMI_HOME": str(tmp_path / "home"),
        }
        found = schema(
            Project(tmp_path, environment, ""),
            f"https://localhost:{port}/example/mtasts.git/plugin@0.2.0",
        )
    assert found["resources"].keys() == {"mtasts:index:Agency"}
    assert found["namespace"] == "mtasts"  # and not the owner's name


def test_a_python_program_uses_the_component_through_its_sdk(
    commands: Project, lab: Lab, tmp_path: Path
) -> None:
    ours = Example.make(lab, tmp_path, "yaml")
    sdk = tmp_path / "sdk"
    commands.pulumi(
        *("package", "gen-sdk", "./plugin", "--language", "python", "--out", str(sdk))
    ).required()
    folder = tmp_path / "examples" / "through-the-sdk"
    folder.mkdir()
    settings = (tmp_path / "plugin" / "PulumiPlugin.yaml").read_text()
    (folder / "Pulumi.yaml").write_text(f"{settings}packages:\n  mtasts: ../../plugin\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    packages = tmp_path / "packages"
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    asked = ["--target", str(packages), "-r", str(tmp_path / "requirements.txt")]
    subprocess.run([*pip, *asked], check=True)
    # What pip writes beside a package that it installs; building one would need the network.
    metadata = packages / f"mtasts_mtasts-{__version__}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: mtasts_mtasts\nVersion: {__version__}\n")
    paths = f"{sdk / 'python'}{os.pathsep}{packages}"
    environment = {**ours.project.environment, "PYTHONPATH": paths}
    project = Project(folder, environment, "").select("dev")
    program = folder / "__main__.py"
    program.write_text(THROUGH_THE_SDK.format(name=ours.name, max_age="604800.5"))
    refused = project.pulumi("preview")
    assert "maxAge: 604800.5 is no whole number" in refused.text
    program.write_text(THROUGH_THE_SDK.format(name=ours.name, max_age="604800"))
    assert "max_age: 604800\\r\\n" in project.pulumi("preview", "--show-full-output").text


def test_the_go_sdk_is_sound(commands: Project, tmp_path: Path) -> None:
    copy_plugin(tmp_path)
    commands.pulumi(
        *("package", "gen-sdk", "./plugin", "--language", "go", "--out", "sdk")
    ).required()
    module = tmp_path / "sdk" / "go" / "mtasts"
    # The modules that the engine is built from hold Pulumi's SDK for Go.
    pinned = (MODULE / "go.mod").read_text().splitlines()
    kept = [line for line in pinned if not line.startswith(("module ", "tool "))]
    (module / "go.mod").write_text("\n".join([f"module {GO_MODULE}", *kept, ""]))
    (module / "go.sum").write_bytes((MODULE / "go.sum").read_bytes())
    done = subprocess.run(
        ["go", "vet", "-mod=readonly", "./..."],
        cwd=module,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=GO_SECONDS,
    )
    assert done.stderr == ""
    assert done.returncode == 0
