"""Each example is brought up on the real engine and a local cloud, to a served policy."""

from __future__ import annotations

import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from programs import Example, copy_plugin

from mtasts.localcloud.edge_response import EdgeFault
from mtasts.localcloud.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Lab

    Make = Callable[..., Example]

pytestmark = [pytest.mark.engine, pytest.mark.languages, pytest.mark.xdist_group("examples")]

BODY = (
    "version: STSv1\r\nmode: testing\r\nmx: mx1.mail.example\r\nmx: mx2.mail.example\r\n"
    "max_age: 604800\r\n"
)
# What the examples leave to their defaults, shortened.
BRIEF = {
    "typescript": ('mode: "testing",', 'mode: "testing", cacheSeconds: 1, proofSeconds: 5,'),
    "yaml": ("mode: testing", "mode: testing\n      cacheSeconds: 1\n      proofSeconds: 5"),
    "python": ('"mode": "testing",', '"mode": "testing", "cache_seconds": 1, "proof_seconds": 5,'),
}
LANGUAGES = ("go", *BRIEF)
# A program's types are checked in each run, which takes longer than the run: other tests see to it.
UNCHECKED = {"PULUMI_NODEJS_TRANSPILE_ONLY": "true"}
UNKNOWN = {
    "python": ('"hosting"', '"colour": "red", "hosting"'),
    "typescript": ("hosting:", 'colour: "red", hosting:'),
    "yaml": ("hosting:", "colour: red\n      hosting:"),
}
# One in a domain reaches the component even where the SDK leaves out what it does not know.
UNKNOWN_INSIDE = {
    "python": ('"mx"', '"flavour": "sweet", "mx"'),
    "typescript": (" mx:", ' flavour: "sweet", mx:'),
    "yaml": ("mx:", "flavour: sweet\n          mx:"),
}
NO_MX = {
    "go": ('Mx:   pulumi.ToStringArray([]string{"mx1.mail.example", "mx2.mail.example"}),', ""),
    "python": (', "mx": ["mx1.mail.example", "mx2.mail.example"]', ""),
    "typescript": (', mx: ["mx1.mail.example", "mx2.mail.example"]', ""),
    "yaml": ("\n          mx: [mx1.mail.example, mx2.mail.example]", ""),
}
NO_NAME = {
    "go": ('Agency:     pulumi.String("Department of Examples"),', ""),
    "python": ('"agency": "Department of Examples",', ""),
    "typescript": ('agency: "Department of Examples",', ""),
    "yaml": ("agency: Department of Examples\n", "\n"),
}
TWO = (("604800", "604800.5"), ("testing", "trial"))
INBOX = """\
name: inbox
runtime: yaml
packages:
  mtasts: ../../plugin
resources:
  {name}:
    type: mtasts:Inbox
    properties: {{{properties}}}
outputs:
  bucket: ${{{name}.bucket}}
  endpoint: ${{{name}.endpoint}}
  reportUris: ${{{name}.reportUris}}
"""


@pytest.fixture
def example(languages: None, lab: Lab, tmp_path: Path) -> Make:  # noqa: ARG001 - installed
    def make(language: str, **options: Any) -> Example:
        return Example.make(lab, tmp_path, language, **options)

    return make


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_program_publishes_the_same_bytes_in_every_language(example: Make, language: str) -> None:
    ours = example(language)
    ours.project.preview()
    ours.project.settle()
    assert ours.served() == {BODY.encode()}
    assert ours.published == BODY
    assert ours.lab.sts(ours.domain) is not None


@pytest.mark.parametrize("language", ["typescript", "yaml"])
def test_a_stale_edge_keeps_the_id_back_until_a_rerun(example: Make, language: str) -> None:
    """The hook runs in the plugin's own process."""
    ours = example(language, more=UNCHECKED)
    ours.change(BRIEF[language])
    ours.project.up().required()
    before = ours.lab.sts(ours.domain)
    ours.lab.control.set_edge_fault(f"mta-sts.{ours.domain}", EdgeFault(stale=True))
    ours.change(("604800", "86400"))
    refused = ours.project.up()
    assert not refused.ok
    assert f"https://mta-sts.{ours.domain} does not serve the intended policy" in refused.text
    assert ours.lab.sts(ours.domain) == before
    ours.lab.control.clear_edge_fault(f"mta-sts.{ours.domain}")
    ours.project.up().required()
    assert ours.lab.sts(ours.domain) != before
    assert ours.served() == {BODY.replace("604800", "86400").encode()}


def test_a_record_that_a_plugins_hook_refused_is_created_by_the_rerun(example: Make) -> None:
    ours = example("yaml")
    ours.change(BRIEF["yaml"])
    host = f"mta-sts.{ours.domain}"
    ours.lab.control.set_edge_fault(host, EdgeFault(status=503))
    refused = ours.project.up()
    assert not refused.ok
    assert "status 503" in refused.text
    assert ours.lab.sts(ours.domain) is None
    ours.lab.control.clear_edge_fault(host)
    ours.project.settle()
    assert ours.lab.sts(ours.domain) is not None


@pytest.mark.parametrize("language", BRIEF)
def test_what_is_wrong_and_what_is_missing_is_told_in_one_message(
    example: Make, language: str
) -> None:
    ours = example(language)
    ours.change(*TWO, NO_MX[language], NO_NAME[language])
    refused = ours.preview_without_cloud()
    assert not refused.ok
    assert f"Agency '{ours.name}': 4 problems in the config" in refused.text
    assert "maxAge: 604800.5 is no whole number" in refused.text
    assert "mode: 'trial' is not one of testing, enforce, none" in refused.text
    assert "domains[0].mx: the key is missing" in refused.text
    assert "agency: the key is missing" in refused.text
    assert "Traceback" not in refused.text


def test_so_is_all_that_gos_types_let_pass(example: Make) -> None:
    """604800.5 is no constant that Go takes for an `int`."""
    ours = example("go")
    ours.change(("testing", "trial"), NO_MX["go"], NO_NAME["go"])
    refused = ours.preview_without_cloud()
    assert not refused.ok
    assert f"Agency '{ours.name}': 3 problems in the config" in refused.text
    assert [
        each for each in ("'trial'", "mx: the key", "agency: the key") if each not in refused.text
    ] == []


@pytest.mark.parametrize(
    ("language", "edits", "says"),
    [
        pytest.param(
            "python",
            (UNKNOWN["python"], UNKNOWN_INSIDE["python"], NO_MX["python"], *TWO),
            ["5 problems", "'colour'", "'flavour'", "domains[0].mx", "604800.5", "'trial'"],
            id="py-all",
        ),
        # These two know no way to hand on a key that the schema does not have.
        pytest.param(
            "typescript", (UNKNOWN["typescript"],), ["'colour' does not exist"], id="ts-unknown"
        ),
        pytest.param(
            "yaml", (UNKNOWN["yaml"],), ["Property colour does not exist"], id="yaml-unknown"
        ),
        pytest.param(
            "yaml",
            (UNKNOWN_INSIDE["yaml"],),
            ["Property flavour does not exist"],
            id="yaml-unknown-inside",
        ),
        # Where a program hides a mistake from the compiler, the component finds it.
        pytest.param(
            "typescript",
            (UNKNOWN_INSIDE["typescript"], *TWO, ("\n});", "\n} as any);")),
            ["3 problems", "'flavour'", "604800.5", "'trial'"],
            id="ts-any",
        ),
    ],
)
def test_a_mistake_is_named_before_any_cloud_is_asked(
    example: Make, language: str, edits: tuple[tuple[str, str], ...], says: list[str]
) -> None:
    ours = example(language)
    ours.change(*edits)
    refused = ours.preview_without_cloud()
    assert not refused.ok
    assert [each for each in says if each not in refused.text] == [], refused.text


def test_a_yaml_program_has_an_inbox(languages: None, lab: Lab, tmp_path: Path) -> None:  # noqa: ARG001 - installed
    """Arguments of an inbox are judged as those of an agency are, all of them in one message."""
    copy_plugin(tmp_path)
    name = f"i{uuid.uuid4().hex[:8]}"
    domain = f"{name}.example"
    lab.client("route53").create_hosted_zone(Name=domain, CallerReference=domain)
    lab.activate_rules()
    folder = tmp_path / "examples" / "inbox"
    folder.mkdir(parents=True)
    program = folder / "Pulumi.yaml"
    program.write_text(INBOX.format(name=name, properties="dns: bind, keepDays: 30.5"))
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    lab.new_stack(folder / "Pulumi.dev.yaml", "inbox")
    project = Project(folder, lab.environment(), "dev")
    refused = project.pulumi("preview")
    assert f"Inbox '{name}': 3 problems in the config" in refused.text
    for each in ("address: the key is missing", "30.5 is no whole number", "'bind' is not one of"):
        assert each in refused.text
    address = f"tlsrpt@{domain}"
    program.write_text(INBOX.format(name=name, properties=f'address: "{address}", keepDays: 30'))
    project.settle()
    found = project.outputs()
    assert found["reportUris"] == [f"mailto:{address}", found["endpoint"]]
    rules = lab.client("s3").get_bucket_lifecycle_configuration(Bucket=found["bucket"])["Rules"]
    assert 30 in [each.get("Expiration", {}).get("Days") for each in rules]


def test_a_typescript_program_that_is_compiled_ahead_is_checked_as_it_is_compiled(
    example: Make,
) -> None:
    ours = example("typescript")
    folder = ours.project.folder
    settings = folder / "Pulumi.yaml"
    ahead = "runtime: {name: nodejs, options: {typescript: false}}"
    settings.write_text(settings.read_text().replace("runtime: nodejs", ahead))
    package = folder / "package.json"
    package.write_text(package.read_text().replace('"index.ts"', '"bin/index.js"'))

    def build() -> subprocess.CompletedProcess[str]:
        command = ["npm", "run", "build", "--silent"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    ours.change(UNKNOWN["typescript"])
    refused = build()
    assert refused.returncode != 0
    assert "'colour' does not exist" in refused.stdout
    assert not (folder / "bin").exists()
    ours.change(UNKNOWN["typescript"][::-1])
    assert build().returncode == 0
    assert "max_age: 604800\\r\\n" in ours.previewed()


def test_a_program_that_makes_its_zone_publishes_once_the_parent_leads_there(
    example: Make,
) -> None:
    ours = example("python-with-own-zone", has_zone=False)
    ours.lab.control.delegate(ours.domain, "cloudflare")  # to a zone that is not there
    first = ours.project.pulumi("preview").required()
    assert "zone-pending" in first.text
    held = ours.project.up()
    assert not held.ok
    assert "[zone-not-delegated]" in held.text
    assert ours.lab.sts(ours.domain) is None
    ours.lab.control.delegate(ours.domain, "route53")
    ours.project.settle()
    assert ours.served() == {BODY.encode()}
