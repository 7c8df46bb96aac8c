"""The whole repository at a bare remote, with pull requests played by the workflow's own jobs."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from gh_stand_in import StandIn
from pages import ROOT
from workflow_runner import REPOSITORY, Event, Job, Runner, Settings

from mtasts.localcloud.downloads import plugin_archive
from mtasts.localcloud.lifecycle import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mtasts.localcloud.project import Project

MAIN = "refs/heads/main"
SUMS = "mtasts/localcloud/downloads.sums"
ROLES = {
    "preview-role": f"repo:{REPOSITORY}:environment:preview",
    "up-role": f"repo:{REPOSITORY}:environment:production",
}


class Forge:
    """The whole repository at a bare remote, set up as docs/pull-requests.md requires."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.folder = project, folder
        self.remote, self.work = folder / "remote.git", folder / "work"
        (folder / "bin").mkdir()
        self.gh = StandIn(folder / "bin")
        local = dict(project.environment)
        self.base = {
            "PATH": f"{folder / 'bin'}:{local['PATH']}",
            "HOME": os.environ["HOME"],
        }
        self.settings = Settings(
            variables={
                "MTASTS_BACKEND": local["PULUMI_BACKEND_URL"],
                "MTASTS_ROLE_PREVIEW": "preview-role",
                "MTASTS_ROLE_UP": "up-role",
            },
            secrets={
                name: {"PULUMI_CONFIG_PASSPHRASE": local["PULUMI_CONFIG_PASSPHRASE"]}
                for name in ("preview", "production")
            },
            deployable=lambda _, ref: ref == MAIN,
            trusted=lambda role, subject: ROLES[role] == subject,
            credentials={
                key: value
                for key, value in local.items()
                if key.startswith(("AWS_", "PULUMI_", "MTASTS_", "CLOUDFLARE_"))
            },
        )
        self.git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", str(self.remote))
        self.git(self.remote, "config", "uploadpack.allowAnySHA1InWant", "true")
        self.work.mkdir()
        self.git(self.work, "init", "--quiet", "--initial-branch", "main")
        self.git(self.work, "remote", "add", "origin", str(self.remote))
        for path in self.git(ROOT, "ls-files", "-coz", "--exclude-standard").split("\0")[:-1]:
            if not path.startswith(("tests/", "stacks/", "docs/")) and (ROOT / path).exists():
                (self.work / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, self.work / path, follow_symlinks=False)
        self.plugins = Plugins(folder, local["PATH"])
        (self.work / SUMS).write_text(self.plugins.sums)

    def git(self, where: Path, *words: str) -> str:
        identity = ("-c", "user.name=Engineer", "-c", "user.email=engineer@example.gov")
        done = subprocess.run(
            ["git", *identity, *words], cwd=where, check=True, capture_output=True, text=True
        )
        return done.stdout

    def push(self, branch: str, message: str, more: Mapping[str, str] | None = None) -> None:
        """Push the project's stacks and evidence, and ``more`` files, to a branch."""
        for name in ("stacks", "evidence"):
            if (self.project.folder / name).is_dir():
                shutil.copytree(self.project.folder / name, self.work / name, dirs_exist_ok=True)
        for path, text in (more or {}).items():
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).write_text(text)
        self.git(self.work, "add", "--all", "--force", ".")
        self.git(self.work, "commit", "--quiet", "--message", message)
        self.git(self.work, "push", "--quiet", "origin", f"HEAD:{branch}")

    def commit(self, branch: str) -> str:
        return self.git(self.remote, "rev-parse", branch).strip()

    def play(self, event: Event, file: str = "stacks.yml", only: tuple[str, ...] = ()) -> Played:
        runner = Runner(self.remote, self.folder, self.settings, self.base)
        return Played(runner.play(file, event, only))

    def pull_request(self, branch: str) -> Played:
        """What the default branch's workflow does about the pull request of a branch."""
        main = self.commit("main")
        return self.play(Event("pull_request_target", MAIN, main, main, self.commit(branch)))

    def merge(self, branch: str) -> Played:
        """Fast-forward main, and apply it."""
        self.git(self.remote, "update-ref", MAIN, self.commit(branch))
        main = self.commit("main")
        return self.play(Event("push", MAIN, main, main))


class Plugins:
    """A ``pulumi`` that notes what it is to install, and is the real one in everything else.

    So nothing is downloaded; that the engine compares the sums is the engine's own business.
    """

    def __init__(self, folder: Path, path: str) -> None:
        self.log = folder / "plugins"
        self.log.touch()
        script = folder / "bin" / "pulumi"
        script.write_text(
            '#!/bin/sh\nif [ "$1 $2" = "plugin install" ]; then\n'
            f'  echo "${{AWS_ACCESS_KEY_ID:+with credentials }}$*" >> {self.log}\n  exit 0\nfi\n'
            f'exec {shutil.which("pulumi", path=path)} "$@"\n'
        )
        script.chmod(0o755)

    @property
    def sums(self) -> str:
        """What has to be pinned once: docs/downloads.md."""
        return "".join(f"{'a' * 64}  {plugin_archive(*each)}\n" for each in PROVIDERS.items())

    @property
    def wanted(self) -> list[str]:
        """What one job installs."""
        return [
            f"plugin install resource {name} {version} --checksum {'a' * 64}"
            for name, version in PROVIDERS.items()
        ]

    def installed(self) -> list[str]:
        """What was installed since the last time."""
        found = self.log.read_text().splitlines()
        self.log.write_text("")
        return found


class Played(dict[str, Job]):
    """The jobs of a run."""

    @property
    def results(self) -> dict[str, str]:
        return {name: job.result for name, job in self.items()}

    @property
    def log(self) -> str:
        return "".join(f"{name}: {job.result}\n{job.log}\n" for name, job in self.items())
