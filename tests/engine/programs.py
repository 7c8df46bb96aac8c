"""The examples of this repository as projects of a test, with the plugin that they name."""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import shutil
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import yaml
from pages import ROOT

from mtasts.components.plugin import ComponentsProvider
from mtasts.localcloud.cached_builds import kept_while_used
from mtasts.localcloud.engine import cache_folder
from mtasts.localcloud.project import Project, Run
from mtasts.policy import POLICY_PATH
from mtasts.probe.dns import Resolver
from mtasts.probe.https import fetch
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conftest import Lab

PROGRAMS = {
    "go": "main.go",
    "python": "__main__.py",
    "python-with-own-zone": "__main__.py",
    "typescript": "index.ts",
    "yaml": "Pulumi.yaml",
}
# What `pulumi install` makes for a program, and what says of which packages.
INSTALLED = {"go": ("sdks",), "typescript": ("node_modules", "sdks")}
LOCKS = {"go": ("go.mod", "go.sum"), "typescript": ("package.json", "package-lock.json")}
# What somebody who tries an example in the checkout leaves there.
MADE = shutil.ignore_patterns("node_modules", "sdks", ".venv", "__pycache__")
_NAME = "my-agency"
_HERE = ("virtualenv: .venv", f"virtualenv: {sys.prefix}")
_WORLD = """config:
  mtasts:domains:
    - {{name: {}, mx: [mx1.mail.example, mx2.mail.example]}}
"""


@dataclass(frozen=True)
class Example:
    """An example with a name of its own; its ``domain`` has a zone and MX records."""

    lab: Lab
    project: Project
    name: str
    domain: str
    program: Path

    @classmethod
    def make(
        cls,
        lab: Lab,
        folder: Path,
        language: str,
        *,
        has_zone: bool = True,
        is_installed: bool = True,
        more: Mapping[str, str] | None = None,
    ) -> Example:
        """Copy the example into ``folder``, and the plugin to where it looks for it.

        ``more`` are variables for its runs.
        """
        name = f"a{uuid.uuid4().hex[:8]}"
        copy_plugin(folder)
        copied = folder / "examples" / language
        shutil.copytree(ROOT / "examples" / language, copied, ignore=MADE)
        for file in copied.iterdir():
            file.write_text(file.read_text().replace(_NAME, name).replace(*_HERE))
        domain = f"{name}.example" if has_zone else f"{name}-zone.example"
        if has_zone:
            stacks = folder / "stacks"
            stacks.mkdir()
            (stacks / "Pulumi.world.yaml").write_text(_WORLD.format(domain))
            lab.control.add_stacks(stacks)
        environment = {**lab.environment(), **(more or {})}
        for each in INSTALLED.get(language, ()) if is_installed else ():
            (copied / each).symlink_to(install(language, environment) / each)
        project = Project(copied, environment, "dev")
        settings = yaml.safe_load((copied / "Pulumi.yaml").read_text())
        lab.new_stack(copied / "Pulumi.dev.yaml", settings["name"])
        return cls(lab, project, name, domain, copied / PROGRAMS[language])

    @property
    def published(self) -> str:
        """The policy, as the stack's outputs have it."""
        return str(self.project.outputs()["domains"][self.domain]["policy"])

    def change(self, *edits: tuple[str, str]) -> None:
        """Edit the program; each text to change is there."""
        text = self.program.read_text()
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        self.program.write_text(text)

    def served(self) -> set[bytes]:
        """What senders fetch, whichever address they take."""
        reach, host = Reach.from_environment(self.project.environment), f"mta-sts.{self.domain}"

        async def bodies() -> set[bytes]:
            found = (await Resolver(reach).lookup(host, "A")).values
            return {(await fetch(reach, host, each, POLICY_PATH)).body for each in found}

        return asyncio.run(bodies())

    def previewed(self) -> str:
        """What a preview says, with every value whole."""
        return self.project.pulumi("preview", "--show-full-output").required().text

    def preview_without_cloud(self) -> Run:
        """A preview during which no call to a cloud can succeed, but for the engine's own key."""
        nowhere = {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_ENDPOINT_URL_KMS": self.lab.cloud.aws,
        }
        environment = {**self.project.environment, **nowhere}
        return replace(self.project, environment=environment).pulumi("preview")


# The folders of SDKs that this process uses; with its end others may remove them.
_USES = ExitStack()
atexit.register(_USES.close)


def copy_plugin(folder: Path) -> Path:
    """The plugin of this repository, in the tests' own Python."""
    plugin = folder / "plugin"
    plugin.mkdir()
    for name in ("PulumiPlugin.yaml", "__main__.py"):
        (plugin / name).write_text((ROOT / "plugin" / name).read_text().replace(*_HERE))
    return plugin


def install(language: str, environment: Mapping[str, str]) -> Path:
    """A folder with the packages and the SDK of an example, by the user's own command.

    It is kept outside the checkout for as long as nothing of it changes.
    """
    example = ROOT / "examples" / language
    of = hashlib.sha256(str(ComponentsProvider().schema).encode())
    locks = [example / name for name in LOCKS[language]]
    for each in locks:
        of.update(each.read_bytes())

    def make(aside: Path) -> None:
        copy_plugin(aside)
        inner = aside / "examples" / language
        shutil.copytree(example, inner, ignore=MADE)
        Project(inner, environment, "", deadline_seconds=600).pulumi("install").required()
        for each in locks:
            assert (inner / each.name).read_bytes() == each.read_bytes(), f"{each} does not fit"
        for name in INSTALLED[language]:
            (inner / name).rename(aside / name)

    folder = cache_folder(environment).parent / f"{language}-{of.hexdigest()[:16]}"
    return kept_while_used(folder, "sdks", make, _USES)
