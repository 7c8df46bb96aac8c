"""The IAM policies hold every call that real runs make, and nothing that none makes."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from iam_calls import Call, allows, read

from mtasts.iam.inbox_statements import INBOX_UNSEEN
from mtasts.iam.inbox_token import INBOX_PERMISSIONS
from mtasts.iam.statements import STATEMENTS, UNSEEN, Command
from mtasts.localcloud import warm
from mtasts.localcloud.cloud import ACCOUNT
from mtasts.localcloud.cloudflare.api import PERMISSIONS
from mtasts.localcloud.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from conftest import Lab

pytestmark = [pytest.mark.engine, pytest.mark.long]
RECORDER = Path(__file__).with_name("recorder")
TAGS = 'aws:defaultTags: {tags: {owner: "tests"}}'
ROLE = f"arn:aws:iam::{ACCOUNT}:role/dns"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"


class Recorded:
    """A stack each of whose commands is recorded, and what its policies say of them."""

    def __init__(self, project: Project, file: Path, recording: Mapping[str, str]) -> None:
        self.project = project
        self._file = file
        self._recording = recording

    def of(self, command: Command) -> Project:
        """The project, its calls recorded as those of ``command``."""
        more = {
            **self._recording,
            "RECORD_CALLS_IN": str(self._file),
            "RECORD_CALLS_OF": str(command),
        }
        return Project(
            self.project.folder, {**self.project.environment, **more}, self.project.stack
        )

    def statements(self, command: Command) -> list[dict[str, Any]]:
        """What ``mtasts iam`` prints."""
        words = ("iam", str(command), "--stack", self.project.stack, "--format", "json")
        printed = json.loads(self.project.mtasts(*words, "--sns", TOPIC).required().stdout)
        assert printed["warnings"] == [] or len(printed["policies"]) > 1
        return [each for policy in printed["policies"] for each in policy["document"]["Statement"]]

    def judged(
        self, commands: Iterable[Command] = tuple(Command)
    ) -> tuple[set[Call], set[tuple[str, str]], set[tuple[str, str]]]:
        """Calls that nothing allows; rows and actions that were used; those that are granted."""
        calls = read(self._file, ACCOUNT)
        used: set[tuple[str, str]] = set()
        granted: set[tuple[str, str]] = set()
        refused: set[Call] = set()
        for command in commands:
            statements = self.statements(command)
            granted.update((row["Sid"], each) for row in statements for each in row["Action"])
            for call in (each for each in calls if each.command == command):
                by = {(row["Sid"], call.action) for row in statements if allows(row, call)}
                used |= by
                if not by:
                    refused.add(call)
        return refused, used, granted


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables that lead to a warm process whose forks record their calls."""
    own = {"PYTHONPATH": str(RECORDER)}
    with warm.running(tmp_path_factory.mktemp("warm") / "socket", {**os.environ, **own}) as found:
        yield {**found, **own}


@pytest.fixture
def recorded(recording: Mapping[str, str], tmp_path: Path) -> Callable[[Project], Recorded]:
    """Makes a stack each of whose commands is recorded."""
    return lambda project: Recorded(project, tmp_path / f"calls-{project.stack}", recording)


def entry(domain: str, *more: str) -> str:
    rows = [f"- name: {domain}", f"  mx: [mx1.{domain}]", "  dkimSelectors: [s1]"]
    return "\n".join([*rows, *(f"  {each}" for each in more)])


def test_every_call_is_allowed_and_what_is_allowed_is_called(
    lab: Lab, recorded: Callable[[Project], Recorded]
) -> None:
    refused: set[Call] = set()
    used: set[tuple[str, str]] = set()
    granted: set[tuple[str, str]] = set()
    for play in (own_zone, handed_out, in_a_role):
        found = play(lab, recorded, f"d{uuid.uuid4().hex[:8]}.example").judged()
        refused |= found[0]
        used |= found[1]
        granted |= found[2]
    assert refused == set(), "no policy allows these calls: mtasts/iam/statements.py"
    unused = {f"{sid} {action}" for sid, action in granted - used}
    assert unused - set(UNSEEN) == set(), "nothing called these: remove them, or say why in UNSEEN"
    assert set(UNSEEN) - unused == set(), "these were called: UNSEEN says that nothing does"


def own_zone(lab: Lab, recorded: Callable[[Project], Recorded], domain: str) -> Recorded:
    """From nothing to a changed policy, recovered, checked and destroyed."""
    project = lab.stack(entry(domain), f"mtasts:alarmTopic: {TOPIC}", TAGS)
    stack = recorded(project)
    preview, up, check = (stack.of(command) for command in Command)
    preview.preview()
    up.up().required()
    preview.require_settled()
    assert preview.mtasts("status", project.stack).code == 0
    up.pulumi("config", "rm", "aws:defaultTags").required()
    up.configure({"mtasts:maxAge": "86401"})
    up.up("--refresh").required()
    lab.client("sns").create_topic(Name="alerts")
    told = ("--state", "told.json", "--sns", TOPIC)
    check.mtasts("check", "--stack", project.stack, *told)
    check.mtasts("ledger", "show", project.stack).required()
    up.pulumi("stack", "rm", "--yes", "--force", "--preserve-config").required()
    project.select(project.stack)
    up.mtasts("recover", project.stack).required()
    up.up().required()
    up.pulumi("destroy", "--yes", "--skip-preview").required()
    return stack


def handed_out(lab: Lab, recorded: Callable[[Project], Recorded], domain: str) -> Recorded:
    """What an agency is to publish is handed out, looked at, and destroyed again."""
    project = lab.stack(entry(domain), dns="manual")
    stack = recorded(project)
    preview, up, check = (stack.of(command) for command in Command)
    up.up().required()
    preview.preview()
    assert preview.mtasts("status", project.stack).code == 1
    up.up().required()
    check.mtasts("check", "--stack", project.stack)
    up.pulumi("destroy", "--yes", "--skip-preview").required()
    return stack


def in_a_role(lab: Lab, recorded: Callable[[Project], Recorded], domain: str) -> Recorded:
    """The records stand in a zone that a role of another principal writes to."""
    project = lab.stack(entry(domain, f"dnsRoleArn: {ROLE}"))
    stack = recorded(project)
    preview, up, _ = (stack.of(command) for command in Command)
    preview.preview()
    up.up().required()
    up.pulumi("destroy", "--yes", "--skip-preview").required()
    return stack


def test_the_stack_of_an_inbox_calls_what_it_is_allowed(
    lab: Lab, tmp_path: Path, recorded: Callable[[Project], Recorded]
) -> None:
    lab.activate_rules()
    project, _ = lab.inbox(tmp_path)
    stack, commands = recorded(project), (Command.PREVIEW, Command.UP)
    preview, up = (stack.of(command) for command in commands)
    preview.preview()
    up.up().required()
    preview.require_settled()
    up.configure({"mtasts:inbox.atOnce": "3", "mtasts:inbox.keepDays": "30"}, path=True)
    up.up("--refresh").required()
    s3, bucket = lab.client("s3"), project.outputs()["bucket"]
    for each in s3.list_object_versions(Bucket=bucket)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
    up.pulumi("destroy", "--yes", "--skip-preview").required()
    refused, used, granted = stack.judged(commands)
    assert refused == set(), "no policy allows these calls: mtasts/iam/inbox_statements.py"
    # What an agency has as well is compared above, in runs of an agency.
    shared = {each.sid for each in STATEMENTS}
    unused = {f"{sid} {action}" for sid, action in granted - used if sid not in shared}
    assert unused == set(INBOX_UNSEEN), "INBOX_UNSEEN says what no run calls, and nothing else"


@pytest.fixture
def faulty(lab: Lab) -> Iterator[Lab]:
    """The lab, whose token has everything again at the end."""
    yield lab
    lab.control.set_cloudflare_faults()


def with_reading(names: Iterable[str]) -> frozenset[str]:
    """These permissions, and those that they include."""
    return frozenset(part for each in names for part in (each, each.replace(" Write", " Read")))


def groups(project: Project, command: Command) -> set[str]:
    """The permission groups of the token that ``mtasts iam`` prints."""
    words = ("iam", str(command), "--stack", project.stack, "--format", "json")
    token = json.loads(project.mtasts(*words).required().stdout)["token"]
    return {row["name"] for each in token["policies"] for row in each["permission_groups"]}


def test_the_token_of_an_inbox_has_what_its_stack_needs_and_nothing_else(
    faulty: Lab, tmp_path: Path
) -> None:
    project, _ = faulty.inbox(tmp_path, hosting="cloudflare")
    optional = {each.name for each in INBOX_PERMISSIONS if each.optional}
    previewing, changing = groups(project, Command.PREVIEW), groups(project, Command.UP)

    limit(faulty, previewing)
    assert "token-lacks" not in project.pulumi("preview").required().text
    limit(faulty, changing)
    assert "token-lacks" not in project.up().required().text
    limit(faulty, previewing)
    project.require_settled()
    for name in previewing - optional:
        limit(faulty, previewing - {name})
        assert not project.pulumi("preview", "--refresh").ok, name

    limit(faulty, changing)
    project.configure({"mtasts:inbox.perMinute": "3", "mtasts:inbox.keepDays": "30"}, path=True)
    project.settle()
    project.pulumi("destroy", "--yes").required()
    for name in changing - optional:
        limit(faulty, changing - {name})
        refused = project.up()
        assert not refused.ok, name
        assert f"the Cloudflare token lacks {name}" in refused.text


def limit(lab: Lab, names: Iterable[str]) -> None:
    """Have the token be one of these permission groups."""
    lab.control.set_cloudflare_faults(lacking=PERMISSIONS - with_reading(names))
