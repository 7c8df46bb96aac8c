"""`pulumi package add` on the real engine, in a project of each language that it is meant for.

Each test begins with an example of this repository without the package, has the engine add it, and
previews the program that was meant for it.
"""

from __future__ import annotations

import json
import shutil
import sys
import sysconfig
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from git_server import HOST, repository, serving
from newcomer import UNCOMPARED
from pages import ROOT
from programs import Example, copy_plugin

from mtasts import __version__
from mtasts.components.plugin import ComponentsProvider
from mtasts.localcloud.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Lab

    from mtasts.localcloud.authority import Authority

    Make = Callable[[str], Example]

pytestmark = [pytest.mark.engine, pytest.mark.languages, pytest.mark.xdist_group("examples")]
SECONDS = 600
PATH = "../../plugin"
THROUGH_THE_SDK = """
import pulumi
import mtasts_mtasts as mtasts

agency = mtasts.Agency(
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
def without(languages: None, lab: Lab, tmp_path: Path) -> Make:  # noqa: ARG001 - installed
    """An example as it was before the package was added to it."""

    def make(language: str) -> Example:
        made = Example.make(lab, tmp_path, language, is_installed=False)
        file = made.project.folder / "Pulumi.yaml"
        found = yaml.safe_load(file.read_text())
        assert found.pop("packages") == {"mtasts": PATH}
        file.write_text(yaml.safe_dump(found))
        return replace(made, project=replace(made.project, deadline_seconds=SECONDS))

    return make


def test_the_engine_reads_the_schema_of_the_component(
    languages: None,  # noqa: ARG001 - installed
    lab: Lab,
    tmp_path: Path,
) -> None:
    copy_plugin(tmp_path)
    project = Project(tmp_path, lab.environment(), "")
    read = project.pulumi("package", "get-schema", "./plugin").required().stdout
    found, ours = json.loads(read), json.loads(str(ComponentsProvider().schema))
    assert (found["namespace"], found["version"]) == (ours["namespace"], ours["version"])
    for name in ("mtasts:index:Agency", "mtasts:index:Inbox"):
        read_, own = (each["resources"][name]["inputProperties"] for each in (found, ours))
        assert read_.keys() == own.keys()


def packages(project: Project) -> Any:
    return yaml.safe_load((project.folder / "Pulumi.yaml").read_text())["packages"]


def add(project: Project, source: str) -> str:
    """What `pulumi package add` says."""
    stackless = replace(project, stack="")
    return stackless.pulumi("package", "add", source).required().text


def test_a_typescript_project_with_a_lock_file_gets_a_compiled_sdk(without: Make) -> None:
    ours = without("typescript")
    folder, own = ours.project.folder, "@mtasts/mtasts"
    before = {}
    for name in ("package.json", "package-lock.json"):
        before[name] = json.loads((folder / name).read_text())
    del before["package.json"]["dependencies"][own]
    locked = before["package-lock.json"]["packages"]
    del locked[""]["dependencies"][own]
    for name in [each for each in locked if own in each or each.startswith("sdks/")]:
        del locked[name]
    for name, found in before.items():
        (folder / name).write_text(json.dumps(found))
    said = add(ours.project, PATH)
    assert f'import * as mtasts from "{own}";' in said
    assert packages(ours.project) == {"mtasts": PATH}
    found = json.loads((folder / "package.json").read_text())
    assert found["dependencies"][own] == "file:sdks/mtasts-mtasts"
    bin_ = folder / "node_modules" / own / "bin"
    assert (bin_ / "index.js").is_file()
    assert (bin_ / "index.d.ts").is_file()
    assert "max_age: 604800\\r\\n" in ours.previewed()


def test_a_go_project_requires_the_sdk_in_its_folder(without: Make) -> None:
    ours = without("go")
    file = ours.project.folder / "go.mod"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(each for each in lines if "pulumi-mtasts" not in each))
    said = add(ours.project, PATH)
    module = "github.com/mtasts/pulumi-mtasts/sdk/go"
    assert f'import "{module}/mtasts"' in said
    assert packages(ours.project) == {"mtasts": PATH}
    assert f"replace {module} => ./sdks/mtasts-mtasts\n" in file.read_text()
    assert "max_age: 604800\\r\\n" in ours.previewed()


def test_a_python_project_takes_the_package_from_a_folder_of_a_git_tag(
    lab: Lab, without: Make, tmp_path: Path, authority: Authority, ca_file: Path
) -> None:
    ours = without("yaml")
    repository(tmp_path / "repositories" / "example" / "mtasts.git", tmp_path / "plugin")
    folder = tmp_path / "through-the-sdk"
    folder.mkdir()
    settings = (tmp_path / "plugin" / "PulumiPlugin.yaml").read_text()
    (folder / "Pulumi.yaml").write_text(settings.replace(sys.prefix, ".venv"))
    stack_file = folder / "Pulumi.dev.yaml"
    shutil.copy(ROOT / "examples" / "yaml" / stack_file.name, stack_file)
    lab.new_stack(stack_file, "mtasts")
    home = tmp_path / "pulumi-home"
    shutil.copytree(lab.cloud.pulumi_home / "plugins", home / "plugins")
    environment = {
        **lab.environment(),
        "PULUMI_HOME": str(home),
        "SSL_CERT_FILE": str(ca_file),
        # An SDK is built and installed; what it needs is in this environment already.
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PIP_NO_BUILD_ISOLATION": "false",
        **UNCOMPARED,
    }
    project = Project(folder, environment, "dev", deadline_seconds=SECONDS)
    source = f"{HOST}/example/mtasts.git/plugin@{__version__}"
    with serving(tmp_path / "repositories", authority.context((HOST,))) as there:
        asking = replace(project, environment={**environment, **there})
        said = add(asking, f"https://{source}")
    assert "import mtasts_mtasts" in said
    assert packages(project) == {"mtasts": source}
    assert (folder / "requirements.txt").read_text() == "sdks/mtasts-mtasts\n"
    program = folder / "__main__.py"
    program.write_text(THROUGH_THE_SDK.format(name=ours.name, max_age="604800.5"))
    refused = project.pulumi("preview")
    assert "maxAge: 604800.5 is no whole number" in refused.text
    program.write_text(THROUGH_THE_SDK.format(name=ours.name, max_age="604800"))
    assert "max_age: 604800\\r\\n" in project.pulumi("preview", "--show-full-output").text


def test_a_yaml_project_names_the_package_itself_since_its_host_links_nothing(
    without: Make,
) -> None:
    """Pulumi's YAML host 1.25 has no `Link`; a newer one would make this fail."""
    ours = without("yaml")
    refused = replace(ours.project, stack="").pulumi("package", "add", PATH)
    assert not refused.ok
    assert "method Link not implemented" in refused.text
    file = ours.project.folder / "Pulumi.yaml"
    found = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**found, "packages": {"mtasts": PATH}}))
    assert "max_age: 604800\\r\\n" in ours.previewed()
