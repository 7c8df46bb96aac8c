"""Files that only a service or a container engine reads: what can be known of them here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MANIFESTS = {
    "github-actions": ".github/workflows",
    "pip": "pyproject.toml",
    "gomod": "go.mod",
    "npm": "package.json",
    "docker": "Containerfile",
}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit_and_says_its_version(workflow: Path) -> None:
    used = re.findall(r"uses: (.+)", workflow.read_text())
    pinned = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert used
    assert [each for each in used if not pinned.fullmatch(each)] == []


def test_one_version_of_an_action_is_one_commit() -> None:
    text = "".join(path.read_text() for path in WORKFLOWS)
    pins = set(re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40}) # (\S+)", text))
    assert len({(name, version) for name, _, version in pins}) == len(pins)
    assert len({name for name, _, _ in pins}) == len(pins)


def test_the_release_gives_no_job_more_than_it_needs() -> None:
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    assert release["permissions"] == {}
    assert {name: set(job["permissions"]) for name, job in release["jobs"].items()} == {
        "build": {"contents"},
        "attest": {"id-token", "attestations"},
        "publish": {"id-token"},
        "release": {"contents"},
        "container": {"contents", "packages", "id-token", "attestations"},
    }
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()


def test_updates_are_looked_for_where_there_is_something_to_update() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    assert {each["package-ecosystem"] for each in updates} == set(MANIFESTS)
    for each in updates:
        for folder in each.get("directories", [each.get("directory")]):
            assert (ROOT / folder.strip("/") / MANIFESTS[each["package-ecosystem"]]).exists()


@pytest.mark.parametrize(
    "form", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.name
)
def test_a_form_is_one(form: Path) -> None:
    read = yaml.safe_load(form.read_text())
    if form.name == "config.yml":
        assert read["blank_issues_enabled"] is False
        return
    fields = [each for each in read["body"] if each["type"] != "markdown"]
    assert len({each["id"] for each in fields}) == len(fields)
    assert all(each["attributes"]["label"] for each in fields)
    assert {"name", "description"} <= read.keys()


@pytest.mark.parametrize("folder", ["", ".devcontainer"])
def test_what_a_container_file_copies_is_there_and_it_says_that_it_was_not_built(
    folder: str,
) -> None:
    text = (ROOT / folder / "Containerfile").read_text()
    assert "was not built where it was" in text.replace("\n# ", " ")
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / each).exists() for each in sources.split())


def test_the_development_container_is_built_from_its_file() -> None:
    found = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / found["build"]["dockerfile"]).is_file()


def test_code_owners_name_places_that_exist_and_nobody_yet() -> None:
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    assert all(line.startswith("#") for line in lines)
    for place in re.findall(r"^# (/\S+) +@", "\n".join(lines), re.MULTILINE):
        assert place == "/evidence/" or list(ROOT.glob(place.strip("/"))), place
