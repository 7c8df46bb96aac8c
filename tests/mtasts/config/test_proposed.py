"""What a pull request may change in a stack file: each refusal beside what is let through."""

from __future__ import annotations

import pytest

from mtasts.config.proposed import Judgement, judge_file
from mtasts.config.source import SIZE_LIMIT

FILE = "stacks/Pulumi.a.yaml"
ROLE = "arn:aws:iam::123456789012:role/dns"
OTHER = "arn:aws:iam::123456789012:role/other"
BASE = f"""\
secretsprovider: awskms://alias/ours
encryptedkey: AAAA
config:
  aws:region: us-east-1
  aws:allowedAccountIds: ["123456789012"]
  aws:profile: ours
  aws:assumeRoles: [{{roleArn: "{ROLE}"}}]
  mtasts:agency: A
  mtasts:mode: testing
  mtasts:tlsReports: [mailto:a@example.gov]
  mtasts:domains:
    - name: example.gov
      mx: [mx1.example.gov]
      dnsRoleArn: {ROLE}
"""


def judge(after: str, before: str | None = BASE) -> Judgement:
    raw = None if before is None else before.encode()
    return judge_file(raw, after.encode(), file=FILE)


def swapped(old: str, new: str) -> str:
    assert old in BASE
    return BASE.replace(old, new)


def added(line: str) -> str:
    return swapped("  mtasts:agency: A\n", f"  mtasts:agency: A\n  {line}\n")


ENTRY = f"    - name: two.example\n      mx: [mx1.two.example]\n      dnsRoleArn: {ROLE}\n"


@pytest.mark.parametrize(
    "after",
    [
        BASE,
        swapped("mode: testing", "mode: enforce"),
        swapped("mx: [mx1.example.gov]", "mx: [mx1.example.gov, mx2.example.gov]"),
        swapped("mtasts:mode", "mtasts:config:mode"),
        swapped("agency: A", "agency: Another"),
        BASE + ENTRY,
        BASE.replace("config:\n", "# a comment\nconfig:\n"),
        added("mtasts:maxAge: 1209600"),
    ],
)
def test_what_is_published_may_change(after: str) -> None:
    assert judge(after) == Judgement()


@pytest.mark.parametrize(
    ("after", "says"),
    [
        # Where requests go, and whom the run acts as.
        (added("aws:endpoints: [{s3: 'https://127.0.0.1:1'}]"), "aws:endpoints differs"),
        (added("aws:config:endpoints: [{s3: 'https://127.0.0.1:1'}]"), "aws:endpoints differs"),
        (added("AWS:endpoints: [{s3: 'https://127.0.0.1:1'}]"), "AWS:endpoints differs"),
        (
            added("aws:sharedConfigFiles: [evidence/a/b.json]"),
            "aws:sharedConfigFiles: a stack file must not have",
        ),
        (added("aws:httpProxy: http://proxy.example"), "aws:httpProxy: a stack file must not have"),
        (added("aws:defaultTags: {tags: {a: b}}"), "aws:defaultTags differs"),
        (added("aws:insecure: true"), "aws:insecure: a stack file must not have"),
        (added("cloudflare:baseUrl: https://127.0.0.1"), "cloudflare:baseUrl differs"),
        (added("cloudflare:apiToken: {secure: v1:abc}"), "cloudflare:apiToken differs"),
        (swapped("profile: ours", "profile: theirs"), "aws:profile differs"),
        (swapped("  aws:profile: ours\n", ""), "aws:profile differs"),
        (swapped(f'roleArn: "{ROLE}"', f'roleArn: "{OTHER}"'), "aws:assumeRoles differs"),
        (swapped(f"dnsRoleArn: {ROLE}", f"dnsRoleArn: {OTHER}"), f"dnsRoleArn {OTHER}"),
        (BASE + ENTRY.replace(ROLE, OTHER), f"dnsRoleArn {OTHER}"),
        # Other programs.
        (added("pulumi:disable-default-providers: ['*']"), "pulumi:disable-default-providers"),
        (added("other:key: value"), "other:key differs"),
        # How secrets are decrypted, and what else is read.
        (swapped("alias/ours", "alias/theirs"), "secretsprovider differs"),
        (swapped("AAAA", "BBBB"), "encryptedkey differs"),
        (swapped("encryptedkey: AAAA\n", ""), "encryptedkey differs"),
        (BASE + "encryptionsalt: v1:x\n", "encryptionsalt differs"),
        (BASE + "environment: [theirs]\n", "environment differs"),
        # A ciphertext of the stack under a key that is shown.
        (
            swapped("agency: A", "agency: {secure: v1:abc}"),
            "mtasts:agency: the value is encrypted as a secret",
        ),
        (swapped("[mx1.example.gov]", "[{secure: v1:abc}]"), "the value is encrypted as a secret"),
        # What readers of YAML take for different things.
        (added("<<: {aws:profile: theirs}"), f"{FILE}:9: the merge key << is not allowed"),
        (added("mtasts:mode: enforce"), "mtasts:mode: the key appears a second time"),
        (added("aws:config:profile: ours"), "aws:profile: the key appears a second time"),
        (BASE + "aws:profile: theirs\n", "this key stands outside of config:"),
        (BASE + "---\nconfig: {}\n", "a second YAML document begins"),
        (swapped("agency: A", "agency: !!python/name:os.system A"), "the YAML tag"),
        (swapped("agency: A", "agency: &a A"), "anchors and aliases are not allowed"),
        (swapped("agency: A", "agency: " + "[" * 100), "nested more than 32 deep"),
        (swapped("agency: A", "agency: \x07"), "this is no YAML"),
        (swapped("agency: A", "agency: '"), "this is no YAML"),
        ("", f"{FILE}: the file is no mapping"),
        ("#" * (SIZE_LIMIT + 1), "the file is larger than 2048 KiB"),
        # What the program would refuse anyway.
        (swapped("mode: testing", "mode: enfroce"), "is not one of testing, enforce, none"),
    ],
)
def test_what_chooses_whom_credentials_go_to_is_refused(after: str, says: str) -> None:
    (said, *more) = judge(after).refusals
    assert says in said
    assert more == []


def test_a_file_that_the_base_branch_has_is_compared_with_that_one() -> None:
    other = swapped("profile: ours", "profile: theirs")
    assert judge(other, before=other) == Judgement()
    assert judge(BASE, before=other).refusals != ()


NEW = """\
config:
  aws:region: us-east-1
  mtasts:agency: A
  mtasts:tlsReports: [mailto:a@example.gov]
  mtasts:domains:
    - name: example.gov
      mx: [mx1.example.gov]
"""


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (NEW, None),
        (f"encryptionsalt: v1:abc:v1:def\n{NEW}", None),
        (f"secretsprovider: hashivault://theirs\n{NEW}", "secretsprovider differs"),
        (NEW.replace("  mtasts:agency", "  aws:profile: p\n  mtasts:agency"), "aws:profile"),
        (f"{NEW}      dnsRoleArn: {ROLE}\n", f"dnsRoleArn {ROLE}"),
    ],
)
@pytest.mark.parametrize(
    "before", [None, "no: config", "mtasts: *a", "config: {mtasts:domains: x}"]
)
def test_a_new_stack_names_no_role_or_service_that_nobody_has_seen(
    after: str, says: str | None, before: str | None
) -> None:
    refusals = judge(after, before=before).refusals
    if says is None:
        salted = after.startswith("encryptionsalt") and before is not None
        assert [each.partition(" ")[0] for each in refusals] == ["encryptionsalt"] * salted
    else:
        assert says in " ".join(refusals)


def test_domains_as_a_text_of_json_are_read_too() -> None:
    entry = '[{"name": "example.gov", "mx": ["mx1.example.gov"], "dnsRoleArn": "%s"}]'
    flat = NEW.partition("  mtasts:domains")[0]
    before = flat + f"  mtasts:domains: '{entry % ROLE}'\n"
    assert judge(before, before=before) == Judgement()
    (said,) = judge(before.replace(ROLE, OTHER), before=before).refusals
    assert OTHER in said


@pytest.mark.parametrize("key", ["mtasts:domains: '{'", "mtasts:domains: [x]", "mtasts:domains: 1"])
def test_entries_that_cannot_be_read_on_the_base_branch_name_no_role(key: str) -> None:
    before = NEW.partition("  mtasts:domains")[0] + f"  {key}\n"
    assert judge(NEW, before=before) == Judgement()


@pytest.mark.parametrize(
    ("after", "keys"),
    [
        (BASE, []),
        (swapped("us-east-1", "eu-west-1"), ["aws:region"]),
        (swapped('["123456789012"]', '["999999999999"]'), ["aws:allowedAccountIds"]),
        (swapped('  aws:allowedAccountIds: ["123456789012"]\n', ""), ["aws:allowedAccountIds"]),
    ],
)
def test_another_account_or_region_is_told(after: str, keys: list[str]) -> None:
    found = judge(after)
    assert [notice.partition(" ")[0] for notice in found.notices] == keys
    assert found.refusals == ()


def test_many_refusals_are_cut_with_a_word_and_nothing_in_them_is_a_control() -> None:
    many = "".join(f'  "other:\\e[31m{number}": {number}\n' for number in range(30))
    found = judge(BASE.replace("config:\n", f"config:\n{many}"))
    assert len(found.refusals) == 21
    assert found.refusals[-1] == "and 10 more"
    assert not any("\x1b" in each for each in found.refusals)


INBOX = """\
config:
  aws:region: us-east-1
  mtasts:inbox:
    address: tlsrpt@reports.example.gov
"""


@pytest.mark.parametrize("before", [None, INBOX, "config: {}", "{"])
@pytest.mark.parametrize(
    "after",
    [
        INBOX,
        INBOX.replace("tlsrpt@", "other@"),
        INBOX + "    keepDays: 90\n",
        INBOX.replace("  mtasts:inbox:\n    address: tlsrpt@reports.example.gov\n", "")
        + '  mtasts:inbox: \'{"address": "tlsrpt@reports.example.gov"}\'\n',
    ],
)
def test_the_file_of_an_inbox_is_previewed(before: str | None, after: str) -> None:
    assert judge(after, before).refusals == ()


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (INBOX + "  aws:profile: theirs\n", "aws:profile differs"),
        (INBOX + "  aws:endpoints: [{s3: 'https://127.0.0.1:1'}]\n", "aws:endpoints differs"),
        (INBOX.replace("tlsrpt@", ""), "address"),
        (INBOX + "  mtasts:mode: enforce\n", "'mtasts:mode' is no key of an inbox"),
        (INBOX.replace("config:", "secretsprovider: awskms://alias/x\nconfig:"), "decrypted"),
        (BASE.partition("config:")[1] + BASE.partition("config:")[2], "a stack keeps its kind"),
    ],
)
def test_what_chooses_of_an_inbox_is_refused(after: str, says: str) -> None:
    found = judge(after, INBOX)
    assert [each for each in found.refusals if says in each], found


def test_an_agency_does_not_become_an_inbox() -> None:
    found = judge("secretsprovider: awskms://alias/ours\nencryptedkey: AAAA\n" + INBOX)
    assert "a stack keeps its kind" in found.refusals[0]


@pytest.mark.parametrize("before", [INBOX, INBOX + "    dns: route53\n"])
def test_the_cloud_and_zone_of_an_inbox_are_told(before: str) -> None:
    found = judge(INBOX + "    dns: manual\n", before)
    assert found.refusals == ()
    (notice,) = found.notices
    assert notice.startswith(
        "mtasts:inbox.dns differs from the base branch's: it chooses the cloud"
    )


def test_an_inbox_that_was_no_mapping_is_no_place() -> None:
    assert judge(INBOX, "config:\n  mtasts:inbox: '{'\n").refusals == ()
