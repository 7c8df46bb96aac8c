"""Plays a workflow file as GitHub would: events, permissions, environments, artifacts, the steps.

What GitHub decides is a model of its documentation (November 2026): which file an event runs, which
environment a job may use, and what the subject of its OIDC token is. The steps are run as written.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPOSITORY = "agency/mail"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(r"'[^']*'|[A-Za-z_][\w.-]*(?:\(\))?|&&|\|\||!=|==|!|[()]|\s+|.", re.DOTALL)
_STATUS = ("cancelled()", "always()")


@dataclass(frozen=True)
class Event:
    """What happened; the workflow file is that of ``file_at``, and runs as ``ref``."""

    name: str
    ref: str
    sha: str
    file_at: str
    head: str = ""


@dataclass
class Settings:
    """How the repository and its cloud are set up; roles are by environment variable's value."""

    variables: dict[str, str]
    secrets: dict[str, dict[str, str]]
    deployable: Callable[[str, str], bool]
    trusted: Callable[[str, str], bool]
    credentials: Mapping[str, str]


@dataclass
class Job:
    """How a job ended: success, failure or skipped."""

    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""


class Runner:
    """One run of one workflow file of a remote."""

    def __init__(
        self, remote: Path, folder: Path, settings: Settings, base: Mapping[str, str]
    ) -> None:
        self.remote, self.folder, self.settings, self.base = remote, folder, settings, base
        self.artifacts = folder / f"artifacts-{uuid.uuid4().hex[:8]}"
        self.jobs: dict[str, Job] = {}

    def play(self, file: str, event: Event, only: tuple[str, ...] = ()) -> dict[str, Job]:
        """Run the file's jobs, all of them or some, in the order of their needs."""
        shown = ["git", "show", f"{event.file_at}:.github/workflows/{file}"]
        raw = subprocess.run(shown, cwd=self.remote, check=True, capture_output=True).stdout
        waiting = dict(yaml.safe_load(raw)["jobs"])
        if only:
            waiting = {name: waiting[name] for name in only}
        while waiting:
            name = next(name for name, job in waiting.items() if self._is_ready(job))
            self._job(name, waiting.pop(name), event)
        return self.jobs

    def _is_ready(self, job: dict[str, Any]) -> bool:
        return all(each in self.jobs for each in _needs(job))

    def _job(self, name: str, job: dict[str, Any], event: Event) -> None:
        context = self._context(job, event)
        wanted = str(job.get("if", "always()"))
        good = all(self.jobs[each].result == "success" for each in _needs(job))
        heeds_needs = "if" not in job or not any(status in wanted for status in _STATUS)
        if (heeds_needs and not good) or not evaluate(wanted, context):
            self.jobs[name] = Job("skipped")
        elif "strategy" not in job:
            self.jobs[name] = self._run(job, context, event)
        else:
            ((key, values),) = job["strategy"]["matrix"].items()
            values = evaluate(values, context) if isinstance(values, str) else values
            runs = [self._run(job, context | {"matrix": {key: each}}, event) for each in values]
            results = {each.result for each in runs}
            result = "success" if results == {"success"} else "failure"
            self.jobs[name] = Job(result, log="".join(each.log for each in runs))

    def _context(self, job: dict[str, Any], event: Event) -> dict[str, Any]:
        permissions = job.get("permissions", {})
        pull = {"number": 7, "head": {"sha": event.head, "repo": {"full_name": REPOSITORY}}}
        return {
            "github": {
                "event_name": event.name,
                "repository": REPOSITORY,
                "sha": event.sha,
                "token": "token " + " ".join(f"{k}={v}" for k, v in sorted(permissions.items())),
                "event": {"pull_request": pull} if event.head else {},
            },
            "vars": self.settings.variables,
            "secrets": self.settings.secrets.get(job.get("environment", ""), {}),
            "needs": {
                each: {"result": self.jobs[each].result, "outputs": self.jobs[each].outputs}
                for each in _needs(job)
            },
            "steps": {},
        }

    def _run(self, job: dict[str, Any], context: dict[str, Any], event: Event) -> Job:
        environment = job.get("environment", "")
        if environment and not self.settings.deployable(environment, event.ref):
            return Job("failure", log=f"{event.ref} is not allowed to deploy to {environment}")
        place = self.folder / f"job-{uuid.uuid4().hex[:8]}"
        place.mkdir()
        subject = f"environment:{environment}" if environment else _subject(event)
        work = _Work(self, place, context, event, f"repo:{REPOSITORY}:{subject}")
        done = Job("success")
        for step in job["steps"]:
            code, said = work.step(step, job)
            done.log += said
            if code:
                done.result = "failure"
                break
        done.outputs = {key: fill(value, context) for key, value in job.get("outputs", {}).items()}
        return done


@dataclass
class _Work:
    """A job at work in a folder of its own."""

    runner: Runner
    place: Path
    context: dict[str, Any]
    event: Event
    subject: str
    credentials: dict[str, str] = field(default_factory=dict)

    def step(self, step: dict[str, Any], job: dict[str, Any]) -> tuple[int, str]:
        """Exit code of a step, and what it said."""
        if "run" in step:
            return self._script(step, job)
        action = step["uses"].partition("@")[0]
        given = {key: fill(value, self.context) for key, value in step.get("with", {}).items()}
        if action == "actions/checkout":
            assert given["persist-credentials"] == "False"
            self._checkout()
        elif action == "actions/upload-artifact":
            _copy(self.place / given["path"], self.runner.artifacts / given["name"])
        elif action == "actions/download-artifact":
            self._download(given)
        elif action == "aws-actions/configure-aws-credentials":
            if job.get("permissions", {}).get("id-token") != "write":
                return 1, "no id-token"
            if not self.runner.settings.trusted(given["role-to-assume"], self.subject):
                return 1, f"{self.subject} may not assume {given['role-to-assume']}"
            self.credentials = dict(self.runner.settings.credentials)
        else:
            assert action in ("actions/setup-python", "actions/setup-go"), action
        return 0, ""

    def _checkout(self) -> None:
        """A clone at the event's commit, beside what ``make setup`` has made there."""
        words = [["clone", "--quiet", str(self.runner.remote), "."]]
        words += [["checkout", "--quiet", "--detach", self.event.sha]]
        for each in words:
            subprocess.run(["git", *each], cwd=self.place, check=True, capture_output=True)
        for path in self.place.rglob("*"):
            if not path.is_symlink():
                os.utime(path, (0, 0))  # older than the stamp, so that nothing is set up again
        tools = self.place / ".venv"
        shutil.rmtree(tools, ignore_errors=True)  # as the Makefile clears it first
        tools.mkdir()
        for name in ("bin", "lib", "include", "pyvenv.cfg"):
            (tools / name).symlink_to(Path(sys.prefix) / name)
        (tools / ".mtasts-setup").touch()

    def _download(self, given: dict[str, str]) -> None:
        target = self.place / given["path"]
        if "name" in given:
            _copy(self.runner.artifacts / given["name"], target)
            return
        for artifact in self.runner.artifacts.iterdir():
            _copy(artifact, target / artifact.name)

    def _script(self, step: dict[str, Any], job: dict[str, Any]) -> tuple[int, str]:
        output = self.place.with_suffix(".output")
        output.write_text("")
        named = {**job.get("env", {}), **step.get("env", {})}
        variables = {
            **self.runner.base,
            "PYTHONPATH": str(self.place),  # as an editable install of this checkout would be
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.place.with_suffix(".summary")),
            "GITHUB_REPOSITORY": REPOSITORY,
            **self.credentials,
            **{key: fill(value, self.context) for key, value in named.items()},
        }
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.place,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        rows = [row.partition("=") for row in output.read_text().splitlines()]
        self.context["steps"][step.get("id", "")] = {
            "outputs": {key: value for key, _, value in rows}
        }
        return done.returncode, f"$ {step['run']}\n{done.stdout}{done.stderr}"


def _subject(event: Event) -> str:
    return "pull_request" if event.name == "pull_request" else f"ref:{event.ref}"


def _needs(job: dict[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def fill(text: object, context: dict[str, Any]) -> str:
    """A value of the file with its expressions evaluated."""

    def word(found: re.Match[str]) -> str:
        value = evaluate(found[1], context)
        return "" if value is None else str(value)

    return _EXPRESSION.sub(word, str(text))


def evaluate(expression: str, context: dict[str, Any]) -> Any:
    """What an expression of the workflows here means: names, texts, comparisons, ``fromJSON``."""
    words = {"&&": " and ", "||": " or ", "!": " not ", "cancelled()": " False "}
    words |= {"always()": " True ", "fromJSON": "fromJSON"}

    def translated(token: str) -> str:
        if token in words:
            return words[token]
        if token.isspace():
            return " "
        return f"look({token!r})" if re.match(r"[A-Za-z_]", token) else token

    def look(name: str) -> Any:
        found: Any = context
        for part in name.split("."):
            found = found.get(part, "") if isinstance(found, dict) else ""
        return found

    bare = _EXPRESSION.fullmatch(expression.strip())
    source = (bare[1] if bare else expression).strip()
    code = "".join(map(translated, _TOKEN.findall(source))).strip()
    return eval(code, {"__builtins__": {}, "look": look, "fromJSON": json.loads})  # noqa: S307
