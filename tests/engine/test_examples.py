"""Each example is brought up on the real engine and a local cloud, to a served policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from programs import Example

from mtasts.localcloud.edge_response import EdgeFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Lab

    Make = Callable[..., Example]

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("examples")]

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
LANGUAGES = tuple(BRIEF)
UNKNOWN = {
    "python": ('"hosting"', '"colour": "red", "hosting"'),
    "typescript": ("hosting:", 'colour: "red", hosting:'),
    "yaml": ("hosting:", "colour: red\n      hosting:"),
}
NO_MX = {
    "python": (', "mx": ["mx1.mail.example", "mx2.mail.example"]', ""),
    "typescript": (', mx: ["mx1.mail.example", "mx2.mail.example"]', ""),
    "yaml": ("\n          mx: [mx1.mail.example, mx2.mail.example]", ""),
}
TWO = (("604800", "604800.5"), ("testing", "trial"))


@pytest.fixture
def example(languages: None, lab: Lab, tmp_path: Path) -> Make:  # noqa: ARG001 - installed
    def make(language: str, *, has_zone: bool = True) -> Example:
        return Example.make(lab, tmp_path, language, has_zone=has_zone)

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
    ours = example(language)
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_mistakes_are_told_in_one_message(example: Make, language: str) -> None:
    ours = example(language)
    ours.change(*TWO)
    refused = ours.preview_without_cloud()
    assert not refused.ok
    assert f"Agency '{ours.name}': 2 problems in the config" in refused.text
    assert "maxAge: 604800.5 is no whole number" in refused.text
    assert "mode: 'trial' is not one of testing, enforce, none" in refused.text
    assert "Traceback" not in refused.text


@pytest.mark.parametrize(
    ("language", "edits", "says"),
    [
        pytest.param("python", (UNKNOWN["python"],), ["'colour' is no known key"], id="py-unknown"),
        pytest.param(
            "python", (NO_MX["python"],), ["domains[0].mx: the key is missing"], id="py-mx"
        ),
        pytest.param(
            "python",
            (UNKNOWN["python"], NO_MX["python"], *TWO),
            ["4 problems", "'colour'", "domains[0].mx", "604800.5", "'trial'"],
            id="py-four",
        ),
        # These two compare a program with the schema before anything runs.
        pytest.param(
            "typescript", (UNKNOWN["typescript"],), ["'colour' does not exist"], id="ts-unknown"
        ),
        pytest.param(
            "typescript", (NO_MX["typescript"],), ["Property 'mx' is missing"], id="ts-mx"
        ),
        pytest.param(
            "yaml", (UNKNOWN["yaml"],), ["Property colour does not exist"], id="yaml-unknown"
        ),
        pytest.param(
            "yaml", (NO_MX["yaml"],), ["mx: Missing required property 'mx'"], id="yaml-mx"
        ),
        # Where a program hides a mistake from the compiler, the plugin still finds it.
        pytest.param(
            "typescript",
            (NO_MX["typescript"], *TWO, ("\n});", "\n} as any);")),
            ["3 problems", "domains[0].mx: the key is missing", "604800.5", "'trial'"],
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
    assert [each for each in says if each not in refused.text] == []


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
