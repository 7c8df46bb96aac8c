"""A preview through the component in another language, against the plain Python program.

Both declare the same domain, and their previews find no change; they run in turns, and the bar is
1.3 times. A program in another language also starts the plugin's process, and uses its own language
host. A TypeScript program that Pulumi compiles in each run has no bar; the last row is such a
program without resources.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from measuring import Taken, row, tell, watched

from mtasts.localcloud import lifecycle
from mtasts.localcloud.engine import find
from mtasts.localcloud.languages.toolchain import install
from mtasts.localcloud.project import Project

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
LANGUAGES = ("python", "yaml", "typescript")
BARS = {
    "YAML": 1.3,
    "TypeScript, compiled ahead": 1.3,
    "TypeScript": None,
    "TypeScript with nothing in it": None,
}
NOTHING = ROOT / "bench" / "nothing.ts"
_NAME = "my-agency"
_HOSTS = ["mx1.mail.example", "mx2.mail.example"]


def say(text: str) -> None:
    """Print progress to stderr; the figures go to stdout."""
    sys.stderr.write(f"bench: {text}\n")


def take(project: Project) -> Taken:
    """Run one preview, which must find no change; returns its seconds."""
    with watched() as watch:
        project.pulumi("preview", "--expect-no-changes").required()
    return watch.taken


def bring_up(folder: Path, environment: dict[str, str], language: str) -> Project:
    """A copy of the example in ``language``, with its own name, brought up."""
    copied = folder / "examples" / language
    shutil.copytree(ROOT / "examples" / language, copied)
    for file in copied.iterdir():
        file.write_text(own(file.read_text(), language))
    if language == "typescript":
        Project(copied, environment, "", deadline_seconds=600).pulumi("install").required()
    return settled(copied, environment)


def settled(folder: Path, environment: dict[str, str]) -> Project:
    """The project of ``folder``, brought up, so that a preview finds no change."""
    project = Project(folder, environment, "").select("dev")
    project.up().required()
    project.unchanged()
    return project


def compiled_ahead(project: Project) -> Project:
    """A copy of the TypeScript program and its stack, compiled as docs/component.md says."""
    folder = another(project, "ahead")
    change(folder / "Pulumi.yaml", runtime={"name": "nodejs", "options": {"typescript": False}})
    change(folder / "package.json", main="bin/index.js")
    subprocess.run(["npm", "run", "build", "--silent"], cwd=folder, check=True)  # noqa: S607 - on PATH
    return settled(folder, dict(project.environment))


def with_nothing(project: Project) -> Project:
    """A TypeScript program that declares nothing."""
    folder = another(project, "nothing")
    change(folder / "Pulumi.yaml", name="bench-nothing")
    shutil.copy(NOTHING, folder / "index.ts")
    return settled(folder, dict(project.environment))


def another(project: Project, name: str) -> Path:
    """A copy of the project's folder."""
    return shutil.copytree(project.folder, project.folder.with_name(name), symlinks=True)


def change(file: Path, **values: object) -> None:
    """Set top-level keys of a JSON or YAML file; the result is JSON, which is also YAML."""
    file.write_text(json.dumps(yaml.safe_load(file.read_text()) | values))


def own(text: str, name: str) -> str:
    """A text of an example or of the plugin, with ``name`` in it and this Python's environment."""
    here = f"virtualenv: {sys.prefix}"
    return text.replace(_NAME, f"bench-{name}").replace("virtualenv: .venv", here)


def make_world(folder: Path) -> None:
    """Write the plugin to where the examples look for it, and a stack file for the local cloud.

    The local cloud creates zones and mail servers for the domains of that stack file.
    """
    for each in ("plugin", "stacks"):
        (folder / each).mkdir()
    for each in ("PulumiPlugin.yaml", "__main__.py"):
        (folder / "plugin" / each).write_text(own((ROOT / "plugin" / each).read_text(), ""))
    domains = [{"name": f"bench-{each}.example", "mx": _HOSTS} for each in LANGUAGES]
    world = json.dumps({"config": {"mtasts:domains": domains}})  # JSON is YAML as well
    (folder / "stacks" / "Pulumi.world.yaml").write_text(world)


def previews(folder: Path, environment: dict[str, str]) -> list[tuple[Taken, list[Taken]]]:
    """For each round, the seconds of the plain program's preview, and of the programs of `BARS`."""
    plain, in_yaml, typescript = (bring_up(folder, environment, each) for each in LANGUAGES)
    others = [in_yaml, compiled_ahead(typescript), typescript, with_nothing(typescript)]
    say(f"{ROUNDS} previews of each")
    return [(take(plain), [take(each) for each in others]) for _ in range(ROUNDS)]


def main() -> int:
    """Print one JSON line for each program; 1 if a bar is missed."""
    with tempfile.TemporaryDirectory(prefix="mtasts-bench-") as name:
        folder = Path(name)
        make_world(folder)
        say("bringing up a domain in each language")
        engine = find(os.environ, say)
        cloud = lifecycle.start(
            folder / "cloud", engine, stacks=folder / "stacks", with_parent=True, say=say
        )
        try:
            install(cloud.bin, engine, os.environ, say)
            taken = previews(folder, lifecycle.environment(cloud, os.environ))
        finally:
            lifecycle.stop(folder / "cloud")
    return tell(
        [
            row(
                f"component: preview from {program}, against the plain Python program",
                [(others[number], plain) for plain, others in taken],
                bar,
            )
            for number, (program, bar) in enumerate(BARS.items())
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
