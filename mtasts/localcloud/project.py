"""A temporary Pulumi project that runs against a local cloud, so that no checkout is changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from mtasts.clock import AHEAD, clock
from mtasts.errors import MtaStsError
from mtasts.files import write_whole
from mtasts.localcloud import warm
from mtasts.localcloud.reports import write_reports
from mtasts.render.project import project_files

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

_SECONDS = 180
_STACKS_AT_ONCE = 4
_REPORTS = "reports"
_STACK = "pulumi:pulumi:Stack"


class ProjectError(MtaStsError):
    """A command of the engine or of mtasts failed, took too long, or could not be started."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished command: its words, exit code and output."""

    words: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.code == 0

    @property
    def text(self) -> str:
        """Standard output, and then standard error."""
        return f"{self.stdout}{self.stderr}"

    def required(self) -> Run:
        """This run, if it succeeded.

        Raises:
            ProjectError: the command failed; the text has its output.
        """
        if not self.ok:
            raise ProjectError(f"{' '.join(self.words)} failed:\n{self.text}")
        return self


@dataclass(frozen=True, slots=True)
class Project:
    """A project as ``mtasts init`` writes it; ``stack`` is the selected stack.

    Every method that runs a command raises `ProjectError` if the command takes longer than
    ``deadline_seconds``.
    """

    folder: Path
    environment: Mapping[str, str]
    stack: str
    deadline_seconds: float = _SECONDS

    @classmethod
    def make(
        cls,
        folder: Path,
        environment: Mapping[str, str],
        stack_file: Path,
        *,
        secrets_provider: str = "default",
    ) -> Project:
        """A new project in ``folder`` with a copy of ``stack_file``, and that stack selected.

        Raises:
            ProjectError: the engine could not make the stack.
        """
        project = cls.empty(folder, environment)
        shutil.copy(stack_file, folder / "stacks" / stack_file.name)
        stack = stack_file.stem.removeprefix("Pulumi.")
        return project.select(stack, secrets_provider=secrets_provider)

    @classmethod
    def empty(cls, folder: Path, environment: Mapping[str, str]) -> Project:
        """A new project without a stack; what ``folder`` had in it is deleted.

        The program of the project runs with this process's Python environment.
        """
        shutil.rmtree(folder, ignore_errors=True)
        for path, raw in project_files(cloudflare=False, virtualenv=sys.prefix).items():
            write_whole(folder / path, raw, replace=False)
        (folder / "stacks").mkdir()
        return cls(folder, environment, "")

    def select(self, stack: str, *, secrets_provider: str = "default") -> Project:
        """This project with another stack selected; it is made in the backend if it is missing.

        ``secrets_provider`` is what encrypts the secrets of a new stack, as for ``pulumi stack
        init``; the default one derives a key from a passphrase in each run.

        Raises:
            ProjectError: the engine could not make or select the stack.
        """
        bare = replace(self, stack="")
        words = ("--create", "--secrets-provider", secrets_provider)
        bare.pulumi("stack", "select", *words, stack).required()
        return replace(self, stack=stack)

    @property
    def stack_file(self) -> Path:
        """The path of the stack file."""
        return self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"

    def pulumi(self, *words: str) -> Run:
        """Run ``pulumi`` with ``words`` in the project, for the selected stack, without prompts.

        Raises:
            ProjectError: the environment has no ``pulumi`` on PATH.
        """
        binary = shutil.which("pulumi", path=self.environment["PATH"])
        if binary is None:
            raise ProjectError("no pulumi on PATH in the environment of this local cloud")
        named = ("--stack", self.stack) if self.stack else ()
        return self._run([binary, *words, *named, "--non-interactive", "--color", "never"], words)

    def mtasts(self, *words: str) -> Run:
        """Run ``mtasts`` with ``words`` in the project."""
        return self._run(warm.words(["-m", "mtasts", *words], self.environment), words)

    def _run(self, argv: Sequence[str], words: tuple[str, ...]) -> Run:
        try:
            done = subprocess.run(  # noqa: S603 - the local cloud's own engine, or ourselves
                argv,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self.deadline_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ProjectError(
                f"{' '.join(words)} took longer than {self.deadline_seconds:g} s"
            ) from error
        return Run(words, done.returncode, done.stdout, done.stderr)

    def preview(self) -> dict[str, Any]:
        """Run ``pulumi preview``, and return the plan that the engine prints as JSON.

        Raises:
            ProjectError: the preview failed.
        """
        plan: dict[str, Any] = json.loads(self.pulumi("preview", "--json").required().stdout)
        return plan

    def up(self, *words: str) -> Run:
        """Run ``pulumi up`` for the stack, without a preview before."""
        return self.pulumi("up", "--yes", "--skip-preview", *words)

    def unchanged(self) -> Run:
        """Apply the stack, and require that this changes nothing.

        Raises:
            ProjectError: the run failed, or changed something.
        """
        return self.up("--expect-no-changes").required()

    def settle(self) -> Run:
        """Apply the stack, then require that a refreshed preview finds nothing left to do.

        Raises:
            ProjectError: the run failed, or the preview found changes.
        """
        applied = self.up().required()
        self.require_settled()
        return applied

    def require_settled(self) -> None:
        """Require that a refreshed preview finds nothing left to do.

        Raises:
            ProjectError: the preview failed, or found changes.
        """
        self.pulumi("preview", "--refresh", "--expect-no-changes").required()

    def configure(self, settings: Mapping[str, str], *, path: bool = False) -> None:
        """Set config values with ``pulumi config set-all``; ``path`` adds its option ``--path``.

        With it, a key such as ``mtasts:domains[0].mode`` names a value inside of another one.

        Raises:
            ProjectError: the engine refused.
        """
        option = ("--path",) if path else ()
        words = [word for pair in settings.items() for word in ("--plaintext", "=".join(pair))]
        self.pulumi("config", "set-all", *option, *words).required()

    def later(self, span: dt.timedelta) -> Project:
        """This project, with the clock of its commands set ahead by ``span``."""
        ahead = {AHEAD: f"{span.total_seconds():.0f}"}
        return replace(self, environment={**self.environment, **ahead})

    def collect_evidence(self, domain: str) -> Run:
        """Write two weeks of TLS reports without failures, and run ``mtasts gate collect``."""
        from mtasts.config import load_file  # late: `mtasts local env` needs no config

        (found,) = (each for each in load_file(self.stack_file).domains if each.name == domain)
        hosts = [str(pattern) for pattern in found.mx]
        write_reports(self.folder / _REPORTS, domain, hosts, clock(self.environment)())
        return self.mtasts("gate", "collect", domain, "--reports", _REPORTS)

    def resources(self) -> list[dict[str, Any]]:
        """The resources of the stack's state, as the engine's backend has them in a file.

        ``pulumi stack export`` gives the same and starts the engine for it.

        Raises:
            OSError: the stack is not in the backend, or the project has no Pulumi.yaml.
        """
        project = yaml.safe_load((self.folder / "Pulumi.yaml").read_bytes())["name"]
        stacks = Path(urlsplit(self.environment["PULUMI_BACKEND_URL"]).path, ".pulumi", "stacks")
        file = stacks / project / f"{self.stack}.json"
        state = json.loads(file.read_bytes())["checkpoint"]["latest"]
        found: list[dict[str, Any]] = (state or {}).get("resources", [])
        return found

    def urn(self, name: str) -> str:
        """The URN of the resource of that name in the stack's state.

        Raises:
            OSError: the stack is not in the backend.
            ValueError: there is no such resource, or more than one.
        """
        (found,) = (row["urn"] for row in self.resources() if row["urn"].endswith(f"::{name}"))
        return str(found)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, as JSON values.

        Raises:
            OSError: the stack is not in the backend.
        """
        stacks = (row for row in self.resources() if row["type"] == _STACK)
        found: dict[str, Any] = next(stacks, {}).get("outputs", {})
        return found


def make_stacks(environment: Mapping[str, str], stacks: Path) -> list[str]:
    """Make a stack in the backend for each stack file in the folder ``stacks``; returns the names.

    The engine writes an ``encryptionsalt`` into the stack file of each stack that it makes. So this
    uses an empty project, and the user's files stay as they are.

    Raises:
        ProjectError: the engine could not make a stack.
    """
    names = sorted(path.stem.removeprefix("Pulumi.") for path in stacks.glob("Pulumi.*.yaml"))
    with tempfile.TemporaryDirectory(prefix="mtasts-") as folder:
        project = Project.empty(Path(folder) / "project", environment)
        present = json.loads(project.pulumi("stack", "ls", "--json").required().stdout)
        missing = sorted(set(names) - {each["name"] for each in present})
        with ThreadPoolExecutor(_STACKS_AT_ONCE) as pool:
            for run in pool.map(lambda name: project.pulumi("stack", "init", name), missing):
                run.required()
    return names
