"""Every command block of the pages is pasted into a shell, on the real engine and a local cloud.

A block that cannot be run carries a marker that says why (`pages.Block.why_not`); each other one is
played here, in an order that makes sense, and a page is done when all of its blocks were.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import ROOT, Block, blocks, command_blocks

from mtasts.localcloud import warm
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.localcloud.reports import write_reports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conftest import Lab

    from mtasts.localcloud.engine import Engine
    from mtasts.localcloud.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.long]
# The blocks of this page are played one by one, while senders ask: `test_moving`.
MOVING = "docs/moving.md"
SECONDS = 180
UNASKED = "--yes --skip-preview --non-interactive"
# The engine asks before it writes, and nobody sits here; nor does anybody wait a minute for caches.
PULUMI = """#!/bin/sh
case "$1 $2" in
up\\ *|destroy\\ *|refresh\\ *) set -- "$@" --yes --skip-preview ;;
"stack rm") set -- "$@" --yes ;;
esac
exec {} "$@" --non-interactive --color never
"""
MTASTS = """#!/bin/sh
{mtasts} "$@" || exit
if [ "$1" = init ]; then
  {python} - "stacks/Pulumi.$2.yaml" <<'END'
import pathlib, sys
path = pathlib.Path(sys.argv[1])
text = path.read_text().replace("config:", "config:\\n  mtasts:cacheSeconds: 1", 1)
path.write_text(text.replace("dkimSelectors: []", "dkimSelectors: [s1]"))
END
fi
"""


@dataclass
class Shell:
    """A shell in a project, in which the names of the pages are those of a domain here."""

    project: Project
    folder: Path
    names: Mapping[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    said: str = ""

    @classmethod
    def of(cls, project: Project, folder: Path, domain: str) -> Shell:
        shims, home = folder / "shims", folder / "home"
        for each in (shims, home):
            each.mkdir()
        path = project.environment["PATH"]
        engine = next(
            f"{part}/pulumi" for part in path.split(":") if os.access(f"{part}/pulumi", os.X_OK)
        )
        mtasts = shlex.join(warm.words(["-m", "mtasts"], project.environment))
        for name, text in (
            ("pulumi", PULUMI.format(shlex.quote(engine))),
            ("mtasts", MTASTS.format(python=shlex.quote(sys.executable), mtasts=mtasts)),
        ):
            (shims / name).write_text(text)
            (shims / name).chmod(0o755)
        names = {
            "example.gov": domain,
            "my-agency": project.stack,
            "0123456789abcdef0123456789abcdef": ACCOUNT_ID,
            "--watch 1h": "--watch 10s --rounds 1",
        }
        own = {"PATH": f"{shims}:{path}", "HOME": str(home), "GIT_EDITOR": "sed -i 1s/^/evidence/"}
        return cls(project, folder, names, {**project.environment, **own})

    def later(self, span: dt.timedelta) -> None:
        """Set the clock ahead for what follows."""
        own = {key: self.environment[key] for key in ("PATH", "HOME", "GIT_EDITOR")}
        self.environment |= {**self.project.later(span).environment, **own}

    def run(
        self,
        block: Block,
        codes: Mapping[int, Iterable[int]] | None = None,
        before: Mapping[int, Callable[[], object]] | None = None,
    ) -> None:
        """Paste each line of a block, as it stands but for the names.

        ``codes`` are the exit codes that the page says of a line, 0 without; ``before`` a line is
        what somebody does meanwhile.
        """
        for number, line in enumerate(block.commands):
            if before and number in before:
                before[number]()
            command = line
            for name, ours in self.names.items():
                command = command.replace(name, ours)
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.project.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            self.said = done.stdout + done.stderr
            expected = (codes or {}).get(number, (0,))
            where = f"{block.page}:{block.line}: {command}"
            assert done.returncode in expected, f"{where}\n{self.said}"


@dataclass
class Page:
    """The blocks of a page that are to be run; each by its place among them, and each once."""

    name: str
    left: dict[int, Block] = field(init=False)

    def __post_init__(self) -> None:
        found = [each for each in command_blocks(ROOT / self.name) if not each.why_not]
        self.left = dict(enumerate(found))

    def __getitem__(self, number: int) -> Block:
        return self.left.pop(number)

    def done(self) -> None:
        lines = [each.line for each in self.left.values()]
        assert lines == [], f"{self.name}: blocks that no test runs, nor say why"


@pytest.fixture
def domain() -> str:
    return f"d{uuid.uuid4().hex[:8]}.example"


def entry(domain: str) -> str:
    return f"- name: {domain}\n  mx: [mx1.{domain}]\n  dkimSelectors: [s1]\n"


def new(lab: Lab, folder: Path, domain: str) -> Shell:
    """A project of an agency that has nothing yet but its zone, its mail and a backend."""
    project = lab.stack(entry(domain))
    project.pulumi("stack", "rm", "--yes").required()
    project.stack_file.unlink(missing_ok=True)
    return Shell.of(project, folder, domain)


def reports(folder: Path, domain: str, *, failing: str = "") -> None:
    """Two weeks of TLS reports; of one of them a host's certificate has expired."""
    write_reports(folder, domain, [f"mx1.{domain}"], dt.datetime.now(dt.UTC))
    if failing:
        path = max(folder.iterdir())
        report = json.loads(gzip.decompress(path.read_bytes()))
        (row,) = report["policies"]
        row["summary"]["total-failure-session-count"] = 1
        row["failure-details"] = [
            {
                "result-type": "certificate-expired",
                "receiving-mx-hostname": failing,
                "failed-session-count": 1,
            }
        ]
        path.write_bytes(gzip.compress(json.dumps(report).encode(), mtime=0))


def test_the_way_from_no_inbox_to_the_first_alert(lab: Lab, tmp_path: Path, domain: str) -> None:
    page = Page("docs/reports.md")
    project = lab.stack(entry(domain), "mtasts:reportTrust: https")
    lab.activate_rules()
    inbox, _ = lab.inbox(tmp_path)
    (project.folder / "stacks" / inbox.stack_file.name).write_bytes(inbox.stack_file.read_bytes())
    inbox.pulumi("stack", "rm", "--yes").required()
    shell = Shell.of(project, tmp_path, domain)
    shell.names = {**shell.names, "tlsrpt-inbox": inbox.stack}
    known = replace(project, stack=inbox.stack)

    def arrive() -> None:
        """Reports are posted, and what the endpoint stores of them is in the bucket."""
        reports(tmp_path / "sent", domain, failing=f"mx1.{domain}")
        for path in (tmp_path / "sent").iterdir():
            lab.client("s3").put_object(
                Bucket=known.outputs()["bucket"],
                Key=f"https/{path.name}",
                Body=path.read_bytes(),
            )

    shell.run(page[0], codes={8: (1,), 9: (1,)}, before={4: arrive})
    assert "report-failure-new" in shell.said
    assert "certificate-expired" in shell.said
    page.done()


def test_the_way_of_the_readme_and_the_pages_that_look(
    lab: Lab, tmp_path: Path, domain: str
) -> None:
    shell = new(lab, tmp_path, domain)
    folder = shell.project.folder
    readme, check, gates = Page("README.md"), Page("docs/check.md"), Page("docs/gates.md")
    iam, ledger = Page("docs/iam.md"), Page("docs/ledger.md")
    reports(folder / "DIR", domain)
    # The MX hosts listen here, and are no hosts of the outside: that is a finding.
    shell.run(readme[0], codes={5: (0, 1, 3)})
    assert "mode: enforce" in shell.project.outputs()["domains"][domain]["policy"]
    readme.done()

    for number, codes in ((0, (0, 1, 3)), (1, (0, 1, 3)), (2, (0,))):
        shell.run(check[number], codes={0: codes})
    check.done()

    home = tmp_path / "home" / "tls-reports"
    reports(home, domain)
    commit = "git init -q . && git config user.name a && git config user.email a@b.example"
    subprocess.run(["bash", "-c", commit], cwd=folder, check=True)
    shell.run(gates[0])
    reports(home, domain, failing=f"mail2.{domain}")
    shell.run(gates[1])
    gates.done()

    status = Page("docs/status.md")
    shell.run(status[0], codes=dict.fromkeys(range(3), (0, 1)))
    status.done()

    shell.run(iam[0])
    assert json.loads((folder / "policy.json").read_text())["Statement"]
    iam.done()
    shell.run(ledger[0])
    ledger.done()


def test_the_first_real_run_is_one_that_can_be_made(lab: Lab, tmp_path: Path, domain: str) -> None:
    shell, page = new(lab, tmp_path, domain), Page("docs/first-real-run.md")
    shell.names = {**shell.names, "my-worker": f"{shell.project.stack}-worker"}
    shell.run(page[0])
    shell.run(page[1])
    assert "to create" in shell.said
    shell.run(page[2])
    assert "proof passed at" in shell.said
    shell.run(page[3], codes={0: (0, 1, 3)})
    for number in (4, 5, 6, 7):
        shell.run(page[number])
    assert not lab.hosts(domain)
    shell.project.stack_file.unlink()  # as the page says
    shell.run(page[8])
    page.done()


def test_emergencies_are_over_as_the_page_says(lab: Lab, tmp_path: Path, domain: str) -> None:
    project = lab.stack(entry(domain))
    project.configure({"mtasts:proofSeconds": "60", "mtasts:mode": "enforce"})
    project.collect_evidence(domain).required()
    project.up().required()
    shell, page = Shell.of(project, tmp_path, domain), Page("docs/emergencies.md")
    s3, bucket = lab.client("s3"), f"mtasts-123456789012-us-east-1-{project.stack}"

    def stray(key: str) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=b"stray", IfNoneMatch="*")

    shell.run(page[0])
    stray(f"ledger/{domain}/13.json")
    shell.run(page[1], codes={1: (1,), 2: (1,)})  # the run counts as failed
    assert "EMERGENCY" in shell.said
    stray(f"ledger/{domain}/kept/checkpoint-0000000010.json.gz")
    shell.run(page[7], codes={0: (1,)})  # the second object stays amiss until it is dropped, too
    stray(f"emergency/{domain}/4f1d.body.json")
    shell.run(page[8])
    for number in (2, 3, 4, 5, 6):
        shell.run(page[number])
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)  # by whoever could
    key = f"ledger/{domain}/2.json"
    for each in s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    shell.run(page[9])
    page.done()


def state_files(project: Project) -> list[Path]:
    """What the backend has of the stack: its state, and the engine's copy of the one before."""
    backend = Path(project.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    return sorted(backend.glob(f".pulumi/stacks/*/{project.stack}.json*"))


def test_a_state_that_is_lost_comes_back_as_the_page_says(
    lab: Lab, tmp_path: Path, domain: str
) -> None:
    project = lab.stack(entry(domain), secrets="default")
    project.up().required()
    config, before = project.stack_file.read_text(), lab.sts(domain)
    shell, page = Shell.of(project, tmp_path, domain), Page("docs/recovery.md")
    shell.run(page[0])

    state, *copies = state_files(project)
    state.write_text(state.read_text()[:-100])
    for each in copies:
        each.unlink()
    refused = project.mtasts("recover", project.stack)
    assert refused.code == 2
    said = [line.strip() for line in refused.stderr.splitlines() if line.startswith("  ")]
    empty = page[1]
    assert said == [each.replace("my-agency", project.stack) for each in empty.commands[:2]]
    shell.run(empty)
    assert lab.sts(domain) == before

    for each in state_files(project):
        each.unlink()
    shell.run(page[2])
    page.done()
    assert project.stack_file.read_text() == config
    assert lab.sts(domain) == before


def test_a_stack_is_made_anew_with_the_key_of_its_secrets(lab: Lab, domain: str) -> None:
    project = lab.stack(entry(domain))
    project.up().required()
    config = project.stack_file.read_text()
    (provider,) = re.findall("(?m)^secretsprovider: (awskms://.*)$", config)
    for each in state_files(project):
        each.unlink()
    bare = replace(project, stack="")
    bare.pulumi("stack", "init", project.stack, "--secrets-provider", provider).required()
    assert project.stack_file.read_text() == config
    project.mtasts("recover", project.stack).required()
    project.settle()


def test_the_policy_pack_finds_nothing_in_a_stack_of_ours_as_the_page_says(
    lab: Lab, tmp_path: Path, domain: str
) -> None:
    project = lab.stack(entry(domain))
    shell, page = Shell.of(project, tmp_path, domain), Page("docs/policy-pack.md")
    shell.names = {**shell.names, "python -m": f"{shlex.quote(sys.executable)} -m"}
    (config,) = (each for each in blocks(ROOT / page.name) if each.language == "json")
    (project.folder / "policy-pack.json").write_text(config.text)
    for number in (0, 1):
        shell.run(page[number])
        assert "mtasts@" in shell.said
        assert "[advisory]" not in shell.said
    page.done()


def test_completion_is_put_in_place_as_the_page_says(lab: Lab, tmp_path: Path, domain: str) -> None:
    shell, page = Shell.of(lab.stack(entry(domain)), tmp_path, domain), Page("docs/releases.md")
    shell.run(page[0])
    page.done()
    home = tmp_path / "home"
    bash = home / ".local" / "share" / "bash-completion" / "completions" / "mtasts"
    assert "complete -o bashdefault -F _shtab_mtasts mtasts" in bash.read_text()
    assert (home / ".zfunc" / "_mtasts").read_text().startswith("#compdef mtasts")


def test_what_is_handed_out_is_printed_as_the_page_says(
    lab: Lab, tmp_path: Path, domain: str
) -> None:
    zone = f"op-{domain}"
    lab.stack(entry(zone))  # for the operator's zone
    project = lab.stack(entry(domain), f"mtasts:delegationZone: sts.{zone}", dns="delegated")
    project.up().required()
    shell, page = Shell.of(project, tmp_path, domain), Page("docs/delegation.md")
    shell.run(page[0])
    page.done()
    assert f"mta-sts.{domain} CNAME mta-sts.{domain}.sts.{zone}\n" in shell.said


def test_the_local_cloud_is_entered_and_left_as_the_page_says(
    engine: Engine, tmp_path: Path
) -> None:
    del engine  # found, or built, before the clock runs
    page = Page("docs/localcloud.md")
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    settings = (ROOT / "Pulumi.yaml").read_text()
    (folder / "Pulumi.yaml").write_text(settings.replace(".venv", json.dumps(sys.prefix)))
    for name in ("__main__.py", "stacks/Pulumi.example-agency.yaml"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    script = ["set -e", *page[0].commands]
    script = [each.replace("pulumi up", f"pulumi up {UNASKED}") for each in script]
    environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment |= {key: value for key, value in os.environ.items() if key == "MTASTS_ENGINE"}
    environment["PATH"] = f"{sys.prefix}/bin:{environment['PATH']}"

    def bash(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", text],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    try:
        done = bash("\n".join(script))
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        bash("mtasts local down")
    done = bash("\n".join(page[1].commands))
    assert "error host-redirect: " in done.stdout, done.stderr
    page.done()
