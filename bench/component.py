"""A preview through the component in another language, against the plain Python program.

Both declare the same domain and find nothing to do, in turns. A YAML program (bar: 1.3 times) has
the plugin's process besides, and a small host instead of Python's. A TypeScript program is compiled
as well, by Node and without us: it has no bar.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from measuring import Taken, row, tell, watched

from mtasts.localcloud import lifecycle
from mtasts.localcloud.engine import find
from mtasts.localcloud.languages.toolchain import install
from mtasts.localcloud.project import Project

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
YAML_BAR = 1.3
_NAME = "my-agency"
_HOSTS = ["mx1.mail.example", "mx2.mail.example"]


def say(text: str) -> None:
    """Show progress where it does not get in the way of the numbers."""
    sys.stderr.write(f"bench: {text}\n")


def take(project: Project) -> Taken:
    """One preview that finds nothing to do."""
    with watched() as watch:
        project.pulumi("preview", "--expect-no-changes").required()
    return watch.taken


def bring_up(folder: Path, environment: dict[str, str], language: str) -> Project:
    """The example of a language with a name of its own, up to date."""
    copied = folder / "examples" / language
    shutil.copytree(ROOT / "examples" / language, copied)
    for file in copied.iterdir():
        file.write_text(own(file.read_text(), language))
    if language == "typescript":
        Project(copied, environment, "", deadline_seconds=600).pulumi("install").required()
    project = Project(copied, environment, "").select("dev")
    project.up().required()
    project.unchanged()
    return project


def own(text: str, name: str) -> str:
    """A text of an example or of the plugin, with another name and in this Python."""
    here = f"virtualenv: {sys.prefix}"
    return text.replace(_NAME, f"bench-{name}").replace("virtualenv: .venv", here)


def main() -> int:
    """Print one JSON line for each language; 1 if the bar is missed."""
    languages = ("python", "yaml", "typescript")
    with tempfile.TemporaryDirectory(prefix="mtasts-bench-") as name:
        folder = Path(name)
        for each in ("plugin", "stacks"):
            (folder / each).mkdir()
        for each in ("PulumiPlugin.yaml", "__main__.py"):
            (folder / "plugin" / each).write_text(own((ROOT / "plugin" / each).read_text(), ""))
        domains = [{"name": f"bench-{each}.example", "mx": _HOSTS} for each in languages]
        world = json.dumps({"config": {"mtasts:domains": domains}})  # JSON is YAML as well
        (folder / "stacks" / "Pulumi.world.yaml").write_text(world)
        say("bringing up a domain in each language")
        engine = find(os.environ, say)
        cloud = lifecycle.start(
            folder / "cloud", engine, stacks=folder / "stacks", with_parent=True, say=say
        )
        try:
            install(cloud.bin, engine, os.environ, say)
            environment = lifecycle.environment(cloud, os.environ)
            plain, yaml, typescript = (bring_up(folder, environment, each) for each in languages)
            say(f"{ROUNDS} previews of each")
            taken = [(take(plain), take(yaml), take(typescript)) for _ in range(ROUNDS)]
        finally:
            lifecycle.stop(folder / "cloud")
    return tell(
        [
            row(
                "component: preview from YAML, against the plain Python program",
                [(ours, peer) for peer, ours, _ in taken],
                YAML_BAR,
            ),
            row(
                "component: preview from TypeScript, against the plain Python program",
                [(ours, peer) for peer, _, ours in taken],
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
