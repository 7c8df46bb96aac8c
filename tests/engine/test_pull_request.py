"""Pull requests over a bare remote, played with the workflow's own jobs and steps.

Stand-ins keep the comments (``gh``) and note which plugins are to be installed (``pulumi``); what
GitHub decides is modelled by `workflow_runner`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from forge import MAIN, SUMS, Forge
from pages import ROOT
from workflow_runner import REPOSITORY, Event

from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.downloads import plugin_archive
from mtasts.localcloud.lifecycle import PROVIDERS
from mtasts.localcloud.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab

pytestmark = [
    pytest.mark.engine,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
]
MERGE = "refs/pull/7/merge"


@pytest.fixture
def forge(lab: Lab, tmp_path: Path) -> Forge:
    """One domain in testing, on main and live."""
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    project = lab.stack(f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n")
    project = replace(project, environment=dict(os.environ) | dict(project.environment))
    folder = tmp_path / "forge"
    folder.mkdir()
    made = Forge(project, folder)
    made.push("main", "Publish the domain in testing")
    return made


def domain_of(project: Project) -> str:
    text = project.stack_file.read_text()
    return text.partition("name: ")[2].partition("\n")[0].strip()


def test_a_promotion_is_blocked_given_evidence_merged_and_applied(lab: Lab, forge: Forge) -> None:
    project = forge.project
    domain = domain_of(project)
    project.up().required()
    before = lab.sts(domain)

    project.configure({"mtasts:mode": "enforce"})
    forge.push("promotion", "Enforce")
    played = forge.pull_request("promotion")
    assert played.results == {
        "take": "success",
        "preview": "failure",
        "comment": "success",
        "stacks": "skipped",
        "up": "skipped",
    }, played.log
    (comment,) = forge.gh.bodies
    assert comment.startswith(f"<!-- mtasts preview {project.stack} -->")
    assert "no evidence for enforce" in comment
    assert lab.sts(domain) == before
    assert forge.plugins.installed() == forge.plugins.wanted

    project.collect_evidence(domain).required()
    forge.push("promotion", "Add the evidence")
    played = forge.pull_request("promotion")
    assert played["preview"].result == "success", played.log
    (comment,) = forge.gh.bodies  # the same one, updated in place
    assert "no evidence" not in comment
    assert "+ mode: enforce" in comment
    assert "from then on they deliver only to the listed hosts" in comment
    assert lab.sts(domain) == before
    forge.plugins.installed()

    played = forge.merge("promotion")
    assert played.results == {
        "take": "skipped",
        "preview": "skipped",
        "comment": "skipped",
        "stacks": "success",
        "up": "success",
    }, played.log
    assert lab.sts(domain) != before
    assert forge.plugins.installed() == forge.plugins.wanted
    assert "mode: enforce" in project.outputs()["domains"][domain]["policy"]
    project.unchanged()


def test_an_inbox_is_previewed_like_an_agency(lab: Lab, tmp_path: Path) -> None:
    """Its zone is there because its stack file is: nobody else makes it."""
    name = f"i{uuid.uuid4().hex[:8]}"
    (tmp_path / "forge").mkdir()
    file = tmp_path / f"Pulumi.{name}.yaml"
    file.write_text(
        "config:\n  aws:region: us-east-1\n  mtasts:inbox:\n"
        f"    address: tlsrpt@{name}.example\n    hosting: aws\n"
    )
    lab.control.add_stacks(tmp_path)
    lab.activate_rules()
    project = Project.make(tmp_path / "project", lab.environment(), file)
    project = replace(project, environment=dict(os.environ) | dict(project.environment))
    forge = Forge(project, tmp_path / "forge")
    forge.push("main", "An inbox")
    project.up().required()

    changed = project.stack_file.read_text().replace(
        "    hosting:", "    keepDays: 90\n    hosting:"
    )
    project.stack_file.write_text(changed)
    forge.push("longer", "Keep reports for 90 days")
    played = forge.pull_request("longer")
    assert played["take"].result == "success", played.log
    assert played["preview"].result == "success", played.log
    (comment,) = forge.gh.bodies
    assert comment.startswith(f"<!-- mtasts preview {name} -->")
    assert f"aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration {name}" in comment


INBOX_AT_AWS = "  aws:region: us-east-1\n"
INBOX_AT_CLOUDFLARE = f"  mtasts:cloudflareAccount: {ACCOUNT_ID}\n"


def test_inboxes_are_previewed_without_credentials(tmp_path: Path) -> None:
    """As for the pull request of a stranger: in a local cloud that begins with the stack files."""
    (tmp_path / "stacks").mkdir()
    for hosting, more in (("aws", INBOX_AT_AWS), ("cloudflare", INBOX_AT_CLOUDFLARE)):
        (tmp_path / "stacks" / f"Pulumi.{hosting}.yaml").write_text(
            f"config:\n{more}  mtasts:inbox:\n    address: tlsrpt@reports.{hosting}.example\n"
            f"    hosting: {hosting}\n"
        )
    done = subprocess.run(
        [sys.executable, "-m", "mtasts", "local", "preview"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "create           aws:ses/receiptRule:ReceiptRule aws-inbox-rule" in done.stdout
    rule = "cloudflare:index/emailRoutingRule:EmailRoutingRule cloudflare-inbox-rule"
    assert f"create           {rule}" in done.stdout


class Canary:
    """Code of a pull request: each file says that it ran, and what it could see."""

    PYTHON = (
        "__main__.py",
        "components/agency.py",
        "mtasts/localcloud/__init__.py",
        "mtasts/__init__.py",
        "mtasts/cli/preview.py",
        "mtasts/localcloud/previews.py",
        "mtasts/pull_requests/post.py",
        "mtasts/pull_requests/take.py",
        "mtasts/pull_requests/tree.py",
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def files(self, work: Path) -> dict[str, str]:
        made = {path: self._python(path, (work / path).read_text()) for path in self.PYTHON}
        made |= {path: self._python(path, "") for path in ("sitecustomize.py",)}
        makefile = (work / "Makefile").read_text()
        made["Makefile"] = f"X := $(shell env > {self.folder}/Makefile)\n{makefile}"
        settings = (work / "Pulumi.yaml").read_text()
        made["Pulumi.yaml"] = settings.replace("virtualenv: .venv", "virtualenv: stacks/venv")
        # Where the pull request's files are put, and where tools are looked for.
        for path in ("stacks/venv/bin/python", ".venv/bin/mtasts", "gh", "evidence/Makefile"):
            made[path] = f"#!/bin/sh\nenv > {self.folder}/{path.replace('/', '_')}\n"
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).touch(mode=0o755)
        made[".gitattributes"] = "* filter=evil merge=evil diff=evil\n"
        made["stacks/.gitattributes"] = "* filter=evil merge=evil diff=evil\n"
        for path in ("stacks.yml", "ci.yml"):
            text = (work / ".github/workflows" / path).read_text()
            made[f".github/workflows/{path}"] = text.replace(
                "    steps:\n", f"    steps:\n      - run: env > {self.folder}/{path}\n"
            )
        return made

    def _python(self, path: str, text: str) -> str:
        marker = self.folder / path.replace("/", "_")
        line = f"import os as _o; open({str(marker)!r}, 'w').write(str(dict(_o.environ)))\n"
        future = "from __future__ import annotations\n"
        return text.replace(future, future + line) if future in text else line + text

    def forget(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()

    @property
    def ran(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    @property
    def seen(self) -> str:
        return "".join(path.read_text() for path in self.folder.iterdir())


def test_no_code_of_a_pull_request_runs_where_credentials_are(
    lab: Lab, forge: Forge, tmp_path: Path
) -> None:
    """A branch of the same repository edits the program, the Makefile, tools and the workflow."""
    project = forge.project
    project.up().required()
    before = lab.sts(domain_of(project))
    canary = Canary(tmp_path / "canary")
    project.configure({"mtasts:maxAge": "1209600"})
    forge.push("evil", "A longer max_age, and more", canary.files(forge.work))

    played = forge.pull_request("evil")
    assert played["take"].result == "success", played.log
    assert played["preview"].result == "success", played.log
    assert played["comment"].result == "success", played.log
    assert canary.ran == set()
    whole, comment = forge.gh.bodies
    assert "3 changed files below stacks/ and evidence/ are neither" in whole
    assert "+ max_age: 1209600" in comment
    assert (
        "This pull request changes other files too, and this preview does not use them" in comment
    )
    assert "Makefile" in comment
    assert lab.sts(domain_of(project)) == before

    # The reject twin: with the pull request's commit checked out, its code runs with credentials.
    project.configure({"mtasts:maxAge": "1209601"})
    forge.push("more", "A second more")
    main, sha = forge.commit("main"), forge.commit("evil")
    forge.play(Event("pull_request_target", MAIN, sha, main, forge.commit("more")))
    assert {"mtasts_pull_requests_take.py", "mtasts_pull_requests_post.py"} <= canary.ran
    assert {"mtasts_cli_preview.py", "stacks_venv_bin_python"} <= canary.ran
    assert forge.settings.variables["MTASTS_BACKEND"] in canary.seen

    # And where anybody's code may run it does, and sees nothing of worth.
    canary.forget()
    forge.play(Event("pull_request", MERGE, sha, sha, sha), "ci.yml", only=("preview",))
    assert {
        "Makefile",
        "ci.yml",
        "mtasts___init__.py",
        "mtasts_localcloud_previews.py",
    } <= canary.ran
    for secret in ("token ", forge.settings.variables["MTASTS_BACKEND"]):
        assert secret not in canary.seen


def test_a_change_of_code_is_previewed_without_credentials(forge: Forge) -> None:
    """Every stack, with the pull request's own code, against a local cloud of its own."""
    name = "stacks/Pulumi.example-agency.yaml"
    forge.push("code", "Another stack", {name: (ROOT / name).read_text()})
    sha = forge.commit("code")
    played = forge.play(Event("pull_request", MERGE, sha, sha, sha), "ci.yml", only=("preview",))
    assert played["preview"].result == "success", played.log
    assert "+ mx: mail1.example.gov" in played.log
    assert f"### `{forge.project.stack}`: its stack file has secrets" in played.log


HOSTILE = """\
on: pull_request
jobs:
  steal:
    environment: {environment}
    permissions: {{id-token: write, contents: read}}
    steps:
      - uses: actions/checkout@v4
        with: {{persist-credentials: false}}
      - uses: aws-actions/configure-aws-credentials@v4
        with: {{role-to-assume: preview-role}}
      - run: env > {marker}
"""


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ("preview", "refs/pull/7/merge is not allowed to deploy to preview"),
        ("production", "refs/pull/7/merge is not allowed to deploy to production"),
        ("", "repo:agency/mail:pull_request may not assume preview-role"),
    ],
)
@pytest.mark.parametrize("is_set_up", [True, False], ids=["set-up", "wide-open"])
def test_a_workflow_of_the_branch_gets_no_credentials_where_it_is_set_up_as_required(
    forge: Forge, tmp_path: Path, environment: str, says: str, *, is_set_up: bool
) -> None:
    """The reject twin: without deployment branches and a narrow trust, it does."""
    marker = tmp_path / "stolen"
    text = HOSTILE.format(environment=environment or '""', marker=marker)
    forge.push("evil", "Steal", {".github/workflows/evil.yml": text})
    if not is_set_up:
        forge.settings = replace(
            forge.settings,
            deployable=lambda *_: True,
            trusted=lambda _, subject: subject.startswith(f"repo:{REPOSITORY}:"),
        )
    sha = forge.commit("evil")
    played = forge.play(Event("pull_request", MERGE, sha, sha, sha), "evil.yml")
    assert marker.exists() is not is_set_up
    assert (says in played["steal"].log) is is_set_up


def test_what_chooses_whom_credentials_go_to_is_refused_before_there_are_any(
    forge: Forge,
) -> None:
    project = forge.project
    file = project.stack_file
    file.write_text(file.read_text().replace("config:\n", "config:\n  aws:profile: theirs\n"))
    forge.push("evil", "Another way to the cloud")
    played = forge.pull_request("evil")
    assert played.results | {"stacks": "", "up": ""} == {
        "take": "failure",
        "preview": "skipped",
        "comment": "success",
        "stacks": "",
        "up": "",
    }, played.log
    (comment,) = forge.gh.bodies
    assert "aws:profile differs from the base branch's" in comment


def test_without_pinned_sums_no_job_gets_credentials(lab: Lab, forge: Forge) -> None:
    """The file as it is shipped: what is to be pinned is named, and nothing is previewed."""
    project = forge.project
    project.up().required()
    before = lab.sts(domain_of(project))
    forge.push("main", "Pin nothing", {SUMS: "# nothing is pinned\n"})
    project.configure({"mtasts:maxAge": "1209600"})
    forge.push("longer", "A longer max_age")
    archive, file = plugin_archive("aws", PROVIDERS["aws"]), SUMS.rpartition("/")[2]
    says = f"no sha256 sum of {archive} is pinned in {file}"
    for played, job in ((forge.pull_request("longer"), "preview"), (forge.merge("longer"), "up")):
        assert played[job].result == "failure", played.log
        assert says in played[job].log
        assert "$ .venv/bin/mtasts local plugins" in played[job].log.splitlines()
        assert "mtasts preview" not in played[job].log
        assert "pulumi up" not in played[job].log
    assert "There is no preview" in forge.gh.bodies[-1]
    assert forge.plugins.installed() == []
    assert lab.sts(domain_of(project)) == before


def test_a_job_that_gets_credentials_has_installed_what_was_reviewed_before() -> None:
    import yaml  # for these tests alone

    jobs = yaml.safe_load((ROOT / ".github/workflows/stacks.yml").read_text())["jobs"]
    holding = {name: job for name, job in jobs.items() if "id-token" in job["permissions"]}
    assert set(holding) == {"preview", "up"}
    for job in holding.values():
        assert job["env"]["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
        steps = [each.get("run") or each["uses"].partition("@")[0] for each in job["steps"]]
        given = steps.index("aws-actions/configure-aws-credentials")
        assert steps.index("make setup") < steps.index(".venv/bin/mtasts local plugins") < given
        secrets = [each for each in job["steps"][:given] if "secrets." in str(each)]
        assert secrets == []


def test_only_the_job_that_comments_may_and_it_can_do_nothing_else(forge: Forge) -> None:
    """The three jobs keep judging, credentials and commenting apart."""
    import yaml  # for these tests alone

    jobs = yaml.safe_load((ROOT / ".github/workflows/stacks.yml").read_text())["jobs"]
    held = {
        name: (job.get("environment", ""), job["permissions"])
        for name, job in jobs.items()
        if name in ("take", "preview", "comment")
    }
    assert held == {
        "take": ("", {"contents": "read"}),
        "preview": ("preview", {"contents": "read", "id-token": "write"}),
        "comment": ("", {"contents": "read", "pull-requests": "write"}),
    }
    assert forge.gh.bodies == []
