"""A bucket as a stack leaves it, what it refuses, and a ledger repaired by the documented steps."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from fake_account import Changed, FakeAccount, refusing
from iam_calls import Call, allows, calls_of
from memory_store import MemoryStore

from mtasts.cli.ledger_repair import Opened, verified
from mtasts.cli.main import main
from mtasts.cloud.aws.account import AwsSettings
from mtasts.cloud.aws.buckets import ensure_bucket
from mtasts.cloud.aws.ledger_store import S3Store
from mtasts.components.aws.policy_bucket import bucket_policy
from mtasts.config import Hosting, load_stack
from mtasts.errors import UndeterminedError
from mtasts.iam.policies import Placeholders, policies
from mtasts.iam.statements import Command
from mtasts.ledger.emergency_notes import render_body
from mtasts.ledger.entries import LedgerError, MxSeen, render_entry
from mtasts.ledger.history import intend
from mtasts.ledger.kept import checkpoint_name
from mtasts.ledger.recorder import Recorder
from mtasts.ledger.verification import Damage, damage
from mtasts.localcloud.moto_host import moto_running, session
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy
from mtasts.recovery.ledger_repair import Mending, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DOMAIN = "example.gov"
STACK = """config:
  aws:region: us-east-1
  aws:endpoints: '[{{"s3": "{url}", "sts": "{url}"}}]'
  mtasts:agency: Department of Tests
  mtasts:profile: rfc
  mtasts:hosting: aws
  mtasts:dns: route53
  mtasts:mode: testing
  mtasts:tlsReports: [mailto:tlsrpt@reports.example]
  mtasts:domains:
    - {{name: example.gov, mx: [mx1.example.gov]}}
"""
TESTING = Policy(Mode.TESTING, 86_400, (MxPattern.parse("mx1.example.gov"),))
ENFORCE = Policy(Mode.ENFORCE, 86_400, (MxPattern.parse("mx1.example.gov"),))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as url:
        yield url


class Kept:
    """A stack's bucket with the ledger of a domain that has enforced, and the stack's file."""

    def __init__(self, url: str, folder: Path) -> None:
        self.stack = f"s{uuid.uuid4().hex[:8]}"
        self.bucket = f"mtasts-123456789012-us-east-1-{self.stack}"
        self.folder = folder
        (folder / f"Pulumi.{self.stack}.yaml").write_text(STACK.format(url=url))
        self.s3: Any = session().client("s3", endpoint_url=url)
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_bucket_versioning(
            Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        at = {"s3": url, "sts": url}
        self.account = FakeAccount(
            AwsSettings("us-east-1", access_key="local", secret_key="local", endpoints=at)
        )
        self.store = S3Store(self.account, self.bucket, self.stack, pause=lambda _: None)
        asyncio.run(self._fill())
        self.before = self.store.read(DOMAIN).entries
        self.policy = bucket_policy(self.bucket, "123456789012", keep=True)
        self.put_policy(self.policy)

    def change(self, **calls: Callable[..., Any]) -> None:
        """Have calls of S3 be a test's own."""
        self.account.clients["s3"] = Changed(self.account.client("s3"), **calls)

    async def _fill(self) -> None:
        recorder = Recorder(self.store, Hosting.AWS, lambda: NOW)
        enforced = intend(await recorder.read(DOMAIN), ENFORCE)
        await recorder.ensure_body(DOMAIN, enforced)
        for _ in range(11):
            await recorder.proven(DOMAIN, enforced.id, (), ())
        await recorder.keep(DOMAIN)

    def put_policy(self, policy: dict[str, object] | None) -> None:
        if policy is None:
            self.s3.delete_bucket_policy(Bucket=self.bucket)
        else:
            self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def key(self, name: str) -> str:
        return f"ledger/{DOMAIN}/{name}"

    def harm(self, *, over: str = "", delete: str = "", gone: str = "") -> None:
        """What somebody does who has put the policy aside: the policy is back afterwards."""
        self.put_policy(None)
        if over:
            self.s3.put_object(Bucket=self.bucket, Key=self.key(over), Body=b"x")
        if delete:
            self.s3.delete_object(Bucket=self.bucket, Key=self.key(delete))
        if gone:
            found = self.s3.list_object_versions(Bucket=self.bucket, Prefix=self.key(gone))
            for each in found["Versions"]:
                self.s3.delete_object(
                    Bucket=self.bucket, Key=each["Key"], VersionId=each["VersionId"]
                )
        self.put_policy(self.policy)

    def ledger(self, verb: str, *words: str) -> int:
        return main(["ledger", verb, self.stack, "--stacks", str(self.folder), *words])

    def has_policy(self) -> bool:
        found = json.loads(self.s3.get_bucket_policy(Bucket=self.bucket)["Policy"])
        return bool(found == self.policy)


@pytest.fixture
def kept(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    return Kept(url, tmp_path)


@pytest.mark.parametrize(
    ("call", "options"),
    [
        ("put_object", {"Key": "ledger/example.gov/1.json", "Body": b"x"}),
        ("put_object", {"Key": "ledger/example.gov/99.json", "Body": b"x"}),
        ("put_object", {"Key": "ledger/other.example/1.json", "Body": b"x"}),
        ("put_object", {"Key": "emergency/example.gov/x.body.json", "Body": b"x"}),
        ("delete_object", {"Key": "emergency/example.gov/x.body.json"}),
        ("delete_object", {"Key": "ledger/example.gov/1.json"}),
        ("delete_object", {"Key": "ledger/example.gov/1.json", "VersionId": "oldest"}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
        (
            "put_bucket_lifecycle_configuration",
            {
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "ID": "all",
                            "Status": "Enabled",
                            "Filter": {"Prefix": ""},
                            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                        }
                    ]
                }
            },
        ),
    ],
    ids=[
        "over",
        "new",
        "elsewhere",
        "note",
        "note-marker",
        "marker",
        "version",
        "suspended",
        "lifecycle",
    ],
)
def test_nobody_changes_the_ledger_or_its_history(
    kept: Kept, call: str, options: dict[str, Any]
) -> None:
    if options.get("VersionId"):
        found = kept.s3.list_object_versions(Bucket=kept.bucket, Prefix=options["Key"])
        options = options | {"VersionId": found["Versions"][0]["VersionId"]}
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(kept.s3, call)(Bucket=kept.bucket, **options)
    kept.s3.put_object(Bucket=kept.bucket, Key="policy/example.gov/x", Body=b"x")
    kept.s3.delete_object(Bucket=kept.bucket, Key="policy/example.gov/x")
    assert kept.store.append(DOMAIN, len(kept.before) + 1, b"later")


def test_a_bucket_of_another_account_is_asked_for_nothing(
    kept: Kept,
) -> None:
    kept.account.id_ = "210987654321"
    with pytest.raises(ClientError, match="AccessDenied"):
        kept.s3.list_object_versions(Bucket=kept.bucket, ExpectedBucketOwner="210987654321")
    for ask in (
        lambda: kept.store.read(DOMAIN),
        lambda: kept.store.append(DOMAIN, 99, b"x"),
        kept.store.domains,
        kept.store.emergencies,
    ):
        with pytest.raises(Exception, match="Access"):
            ask()


def test_what_lies_over_an_entry_is_told_and_taken_away(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept.ledger("verify") == 0
    assert capsys.readouterr().out == f"{DOMAIN}: 12 entries, whole\n"
    kept.harm(over="3.json", delete="4.json")
    assert kept.store.read(DOMAIN).entries == kept.before
    assert kept.ledger("verify") == 1
    assert f"mtasts ledger repair {kept.stack} --domain {DOMAIN}" in capsys.readouterr().out
    assert kept.ledger("repair") == 1
    shown = capsys.readouterr().out
    assert f"{DOMAIN}: would be done, with --apply:\n  delete ledger/{DOMAIN}/3.json, ver" in shown
    assert kept.store.read(DOMAIN).notes
    assert kept.ledger("repair", "--domain", DOMAIN, "--apply") == 0
    assert capsys.readouterr().out.count("a later version that hides the first one") == 2
    found = kept.store.read(DOMAIN)
    assert (found.entries, found.notes) == (kept.before, ())
    assert kept.has_policy()
    assert kept.ledger("repair", "--apply") == 0
    assert capsys.readouterr().out == f"{DOMAIN}: there is nothing to do\n"


def test_what_a_checkpoint_has_is_written_again(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.harm(gone="3.json")
    with pytest.raises(LedgerError, match="entry 3 of the ledger is missing, though"):
        kept.store.read(DOMAIN)
    assert kept.ledger("verify") == 3
    assert "entry 3 of the ledger is missing" in capsys.readouterr().out
    assert kept.ledger("repair", "--apply") == 0
    assert kept.store.read(DOMAIN).entries == kept.before


def test_what_nobody_has_is_lost_only_if_somebody_says_so(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.harm(gone="11.json")
    assert kept.ledger("repair", "--apply") == 1
    assert "stays amiss: entry 11 is lost: no copy has it" in capsys.readouterr().out
    assert kept.ledger("repair", "--lost-approved-by", "the CISO") == 2
    words = ("--domain", DOMAIN, "--lost-approved-by", "the CISO")
    assert kept.ledger("repair", *words) == 1
    assert kept.ledger("repair", *words, "--apply") == 0
    assert kept.ledger("show") == 0
    assert "lost before; what was before may be held until" in capsys.readouterr().out


def test_a_lost_end_can_be_said_to_be_lost(kept: Kept) -> None:
    for name in ("1", "10", "11", "12"):
        kept.harm(gone=f"{name}.json")
    kept.harm(gone=f"kept/{checkpoint_name(10)}")
    for number in range(2, 10):
        kept.harm(gone=f"{number}.json")
    recorder = Recorder(kept.store, Hosting.AWS, lambda: NOW)
    with pytest.raises(LedgerError, match="has lost its last entries: it has 0"):
        asyncio.run(recorder.read(DOMAIN))
    assert kept.ledger("repair", "--apply") == 1
    assert kept.ledger("repair", "--domain", DOMAIN, "--lost-approved-by", "me", "--apply") == 0
    ledger = asyncio.run(Recorder(kept.store, Hosting.AWS).read(DOMAIN))
    assert ledger.adopted is not None
    assert (ledger.adopted.is_lost, ledger.adopted.approved_by) == (True, "me")


def test_an_object_that_is_none_of_the_ledgers_goes_when_it_is_named(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept.store.append(DOMAIN, 13, b"no entry")
    forged = checkpoint_name(99_990)
    kept.store.keep(DOMAIN, forged, b"no checkpoint")
    assert kept.ledger("repair", "--apply") == 1
    assert (
        f"the checkpoint 99990 of the ledger of {DOMAIN} cannot be read" in capsys.readouterr().out
    )
    words = ("--domain", DOMAIN, "--drop", "13.json", "--drop", f"kept/{forged}")
    assert kept.ledger("repair", *words) == 1
    assert kept.ledger("repair", *words, "--apply") == 0
    assert kept.store.read(DOMAIN).entries == kept.before
    assert kept.ledger("repair", *words, "--apply") == 2
    said = capsys.readouterr().err
    assert f"the ledger of {DOMAIN} has no object 13.json: if an earlier repair has" in said
    assert f"mtasts ledger repair {kept.stack} --domain {DOMAIN} --apply" in said
    assert kept.has_policy()


def test_an_entry_that_a_checkpoint_contradicts_is_left_to_a_person(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.harm(gone="3.json")
    assert kept.store.append(DOMAIN, 3, render_entry(MxSeen(3, NOW, (), 0)))
    assert kept.ledger("repair", "--apply") == 1
    assert "the checkpoint 10 and the ledger have different entries 3" in capsys.readouterr().out
    assert kept.ledger("repair", "--domain", DOMAIN, "--drop", "3.json", "--apply") == 0
    assert kept.store.read(DOMAIN).entries == kept.before  # the checkpoint's own


def test_what_stays_amiss_beside_an_object_that_goes_is_told(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.harm(gone="3.json")
    assert kept.store.append(DOMAIN, 3, render_entry(MxSeen(3, NOW, (), 0)))
    assert kept.store.append(DOMAIN, 13, b"no entry")
    assert kept.ledger("repair", "--domain", DOMAIN, "--drop", "13.json", "--apply") == 1
    assert "stays amiss: the checkpoint 10 and the ledger have different" in capsys.readouterr().out


def test_a_note_that_was_written_over_or_cannot_be_read_is_mended_like_an_entry(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    intended = intend(asyncio.run(Recorder(kept.store, Hosting.AWS).read(DOMAIN)), TESTING)
    name, raw = render_body(NOW, intended)
    kept.store.note(DOMAIN, name, raw)
    kept.put_policy(None)
    key = f"emergency/{DOMAIN}/{name}"
    kept.s3.put_object(Bucket=kept.bucket, Key=key, Body=b"x")
    kept.put_policy(kept.policy)
    assert kept.store.emergencies() == {DOMAIN: {name: raw}}
    assert kept.ledger("verify") == 1
    assert f"{key} of the bucket {kept.bucket} was overwritten" in capsys.readouterr().out
    assert kept.ledger("repair", "--apply") == 0
    assert kept.ledger("verify") == 0
    kept.store.note(DOMAIN, "bad.body.json", b"x")
    capsys.readouterr()
    assert kept.ledger("verify") == 3
    drop = f"--drop emergency/{DOMAIN}/bad.body.json"
    way = f"mtasts ledger repair {kept.stack} --domain {DOMAIN} {drop} --apply"
    assert way in capsys.readouterr().out
    assert kept.ledger("repair", "--apply") == 1
    assert f"stays amiss: the note emergency/{DOMAIN}/bad" in capsys.readouterr().out
    assert kept.ledger("repair", "--domain", DOMAIN, *drop.split(), "--apply") == 0
    assert kept.ledger("verify") == 0
    assert kept.has_policy()


def test_without_a_bucket_there_is_no_ledger_and_what_is_refused_is_told(kept: Kept) -> None:
    kept.store.bucket = f"gone-{kept.stack}"
    found = kept.store.audit(DOMAIN)
    assert (found.entries, found.notes) == ({}, ())
    kept.s3.create_bucket(Bucket=kept.store.bucket)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:ListBucketVersions"}
    on = {"Resource": f"arn:aws:s3:::{kept.store.bucket}"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny | on]})
    kept.s3.put_bucket_policy(Bucket=kept.store.bucket, Policy=policy)
    with pytest.raises(UndeterminedError, match="AccessDenied"):
        kept.store.audit(DOMAIN)


def test_a_note_without_any_ledger_says_that_a_ledger_is_lost(kept: Kept) -> None:
    other = "other.example"
    ledger = asyncio.run(Recorder(kept.store, Hosting.AWS).read(other))
    kept.store.note(other, *render_body(NOW, intend(ledger, TESTING)))
    assert kept.ledger("repair", "--apply") == 1
    assert kept.ledger("repair", "--domain", other, "--lost-approved-by", "me", "--apply") == 0
    again = asyncio.run(Recorder(kept.store, Hosting.AWS).read(other))
    assert again.adopted is not None


class KilledError(BaseException):
    """The process has ended: nothing that it was about to call is called."""


def killed(kept: Kept, after: int) -> None:
    """Apply a repair, until so many of its writes are done."""
    left = [after]

    def call(model: Any, **_: object) -> None:
        if not model.name.startswith(("Get", "List", "Head")):
            if not left[0]:
                raise KilledError
            left[0] -= 1

    mending = plan(kept.store, None, DOMAIN, lost_by="me", now=NOW)
    events = kept.account.client("s3").meta.events
    events.register("before-call.s3", call)
    try:
        mending.apply(kept.store)
    except KilledError:
        return
    finally:
        events.unregister("before-call.s3", call)
    assert left[0] == 0, "no later kill is left to try"


@pytest.mark.parametrize(
    ("harm", "writes"),
    [
        ([{"over": "3.json"}, {"delete": "4.json"}], 4),
        ([{"gone": f"{number}.json"} for number in (1, 5, 9)], 3),
        ([{"over": "3.json"}, *({"gone": f"{n}.json"} for n in (2, 11))], 5),
    ],
    ids=["over", "gone", "lost"],
)
def test_wherever_a_repair_is_killed_the_next_one_mends_the_ledger(
    kept: Kept, harm: list[dict[str, str]], writes: int
) -> None:
    before = kept.before
    for after in range(writes + 1):
        for each in harm:
            kept.harm(**each)
        killed(kept, after)
        words = ("--domain", DOMAIN, "--lost-approved-by", "me", "--apply")
        assert kept.ledger("repair", *words) == 0
        assert kept.ledger("repair") == 0
        assert kept.ledger("verify") == 0
        found = {n: raw for n, raw in kept.store.read(DOMAIN).entries.items() if n != 11}
        assert found == {n: raw for n, raw in before.items() if n != 11}
        assert kept.has_policy()


def test_verify_tells_where_a_repair_was_killed_that_had_lifted_the_policy(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.harm(over="3.json")
    killed(kept, 1)
    kept.ledger("repair")
    assert "restore the protection of the ledger against deletion" in capsys.readouterr().out
    killed(kept, 1)  # lifted already, so this one deletes, and ends before it guards
    assert kept.ledger("verify") == 1
    assert (
        "the bucket does not protect the ledger against deletion: mtasts" in capsys.readouterr().out
    )


def test_while_a_domain_moves_verify_says_at_which_cloud_its_ledger_stands(kept: Kept) -> None:
    bucket = f"other-{kept.stack}"
    kept.s3.create_bucket(Bucket=bucket)
    on = {"Status": "Enabled"}
    kept.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=on)
    config, _ = load_stack(kept.folder / f"Pulumi.{kept.stack}.yaml")
    there = S3Store(kept.account, bucket, kept.stack)

    def opened() -> Opened:
        recorder = Recorder(there, Hosting.CLOUDFLARE, lambda: NOW, lambda: kept.store)
        return Opened(config, recorder, there, kept.store)

    way = f"pulumi up -s {kept.stack} hands the ledger over to cloudflare, unless it holds {DOMAIN}"
    line = f"12 entries at aws, whole, which count; {way}"
    assert verified(opened(), DOMAIN) == (line, ())
    before = opened()
    assert verified(before, "new.example")[0] == "no ledger: nothing was published yet"
    asyncio.run(before.recorder.hand_over(DOMAIN))
    line, notes = verified(opened(), DOMAIN)
    assert line == "14 entries at cloudflare, whole, which count; 14 entries at aws, whole"
    assert len(notes) == 1  # this bucket has no policy


def test_an_entry_that_nobody_can_read_is_left_to_a_person() -> None:
    found = damage(DOMAIN, {1: b"junk"}, {}, (), is_latched=False)
    assert (found.restorable, found.lost) == ({}, ())
    assert "entry 1" in found.problems[0]


def test_a_policy_that_cannot_be_read_is_left_as_it_is(
    kept: Kept,
) -> None:
    kept.harm(over="3.json")
    doomed = sorted(kept.store.all_objects(DOMAIN).superfluous)
    kept.change(get_bucket_policy=refusing("AccessDenied", "GetBucketPolicy"))
    with pytest.raises(UndeterminedError, match="AccessDenied"):
        kept.store.remove(doomed)
    assert kept.has_policy()
    assert sorted(kept.store.all_objects(DOMAIN).superfluous) == doomed


def test_a_policy_that_goes_on_refusing_is_told_after_some_tries(
    kept: Kept,
) -> None:
    kept.harm(over="3.json")
    doomed = sorted(kept.store.all_objects(DOMAIN).superfluous)
    kept.change(delete_object=refusing("AccessDenied", "DeleteObject"))
    with pytest.raises(UndeterminedError, match="AccessDenied"):
        kept.store.remove(doomed)
    assert kept.has_policy()


def test_what_is_put_back_begins_at_the_end_so_that_no_part_looks_whole() -> None:
    found = Damage({1: b"x", 2: b"y"}, (3,), ())
    store: Any = MemoryStore()
    Mending(DOMAIN, (), (), found, {3: b"z"}).apply(store)
    assert list(store.entries) == [3, 2, 1]


def test_the_policy_comes_back_whatever_comes_of_it(kept: Kept) -> None:
    kept.harm(over="3.json")
    delete, refusals = kept.account.client("s3").delete_object, []

    def later(**options: Any) -> Any:
        refusals.append(kept.has_policy())
        if len(refusals) < 3:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
        return delete(**options)

    found = kept.store.all_objects(DOMAIN)
    kept.change(delete_object=later)
    kept.store.remove(sorted(found.superfluous))  # a policy counts some seconds later
    assert refusals == [False] * 3
    refusals.clear()
    kept.harm(over="4.json")
    kept.change(delete_object=refusing("SlowDown", "Delete"))
    with pytest.raises(Exception, match="SlowDown"):
        kept.store.remove(sorted(kept.store.all_objects(DOMAIN).superfluous))
    assert kept.has_policy()
    kept.put_policy(None)
    with pytest.raises(Exception, match="SlowDown"):
        kept.store.remove(sorted(kept.store.all_objects(DOMAIN).superfluous))


@pytest.mark.parametrize("fails", [False, True])
def test_a_policy_that_cannot_be_put_back_is_told_with_what_to_do(
    kept: Kept, *, fails: bool
) -> None:
    kept.harm(over="3.json")
    doomed = sorted(kept.store.all_objects(DOMAIN).superfluous)
    put, puts = kept.account.client("s3").put_bucket_policy, []

    def putting(**options: Any) -> Any:
        puts.append(options["Policy"])
        if fails and len(puts) == 2:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutBucketPolicy")
        return put(**options)

    kept.change(put_bucket_policy=putting)
    if not fails:
        kept.store.remove(doomed)
        assert kept.has_policy()
        return
    with pytest.raises(UndeterminedError) as told:
        kept.store.remove(doomed)
    assert "it lacks the statement LedgerIsKept" in str(told.value)
    assert str(told.value).endswith(f"pulumi up --refresh -s {kept.stack} restores it")


class Asked:
    """The calls for the bucket of a stack, and what the policies of the role of ``up`` allow."""

    def __init__(self, kept: Kept) -> None:
        self.calls: set[Call] = set()
        self.kept = kept
        events = kept.account.client("s3").meta.events
        events.register("before-parameter-build.s3.*", self._record)

    def _record(self, params: dict[str, Any], model: Any, **_: object) -> None:
        row = {
            "service": "s3",
            "operation": model.name,
            "command": "up",
            "region": "us-east-1",
            "names": params,
        }
        self.calls.update(calls_of(row, "123456789012"))

    def refused(self, *, without: str = "") -> set[str]:
        """The actions that no statement allows, with one statement left out."""
        placeholders = Placeholders(
            stack=self.kept.stack,
            account="123456789012",
            region="us-east-1",
            bucket=self.kept.bucket,
            zones=(),
            roles={},
            topic="",
            alarm_topic="",
            needs=frozenset(),
        )
        rows = [
            row
            for policy in policies(Command.UP, placeholders)
            for row in policy.document["Statement"]
            if row["Sid"] != without
        ]
        return {call.action for call in self.calls if not any(allows(row, call) for row in rows)}


def test_the_role_of_up_may_mend_a_ledger_note_an_emergency_and_adopt(kept: Kept) -> None:
    """Each twin: without its statement, the same calls are refused."""
    asked = Asked(kept)
    kept.harm(over="3.json", delete="4.json", gone="5.json")
    plan(kept.store, None, DOMAIN, now=NOW).apply(kept.store)
    kept.store.audit(DOMAIN)
    kept.store.note(DOMAIN, "a.json", b"x")
    assert kept.store.emergencies() == {DOMAIN: {"a.json": b"x"}}
    assert not ensure_bucket(kept.account, kept.bucket)
    assert asked.refused() == set()
    assert asked.refused(without="LedgerRead") == {"s3:GetObjectVersion"}
    assert asked.refused(without="LedgerAppended") == {"s3:PutObject"}
    assert asked.refused(without="LedgerRemoved") == {"s3:DeleteObjectVersion"}
    assert asked.refused(without="BucketListed") == {"s3:ListBucket", "s3:ListBucketVersions"}
    assert asked.refused(without="BucketRead") == {"s3:GetBucketPolicy", "s3:GetBucketVersioning"}
    changes = {"s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock"}
    assert asked.refused(without="BucketSet") == changes
