"""What a plan would create, and the import file for what is there."""

from __future__ import annotations

from mtasts.recovery.import_file import Creation, creations, import_file

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
URN = "urn:pulumi:agency::mtasts::mtasts:index:Zone$aws:route53/record:Record::example.gov-sts"


def step(op: str, urn: str = URN, *, custom: bool = True, **inputs: object) -> dict[str, object]:
    return {"op": op, "urn": urn, "newState": {"custom": custom, "inputs": inputs}}


def test_creations_are_those_of_the_cloud_with_what_is_known() -> None:
    plan = {
        "steps": [
            step("create", name="a", records=[UNKNOWN], aliases=[{"name": UNKNOWN}]),
            step("create", custom=False),
            step("same"),
            step("create", urn="short"),
            {"op": "create", "urn": URN},
            {"op": "delete", "urn": URN, "oldState": {}},
        ]
    }
    assert list(creations(plan)) == [
        Creation("aws:route53/record:Record", "example.gov-sts", {"name": "a"})
    ]
    assert list(creations({})) == []


SKELETON = {
    "nameTable": {"given": "urn:1"},
    "resources": [
        {"type": "m:Domain", "name": "d", "component": True},
        {"type": "m:Zone", "name": "z", "parent": "d", "component": True},
        {"type": "m:Host", "name": "dHost", "parent": "d", "component": True, "logicalName": "d"},
        {"type": "t", "name": "a", "parent": "z", "id": "<PLACEHOLDER>"},
        {"type": "t", "name": "bT", "logicalName": "b", "parent": "dHost", "id": "<PLACEHOLDER>"},
        {"type": "t", "name": "c", "parent": "given", "provider": "given", "id": "<PLACEHOLDER>"},
        {"type": "t", "name": "e", "provider": "later", "id": "<PLACEHOLDER>"},
    ],
}


def test_the_file_has_what_was_found_and_its_parents_first() -> None:
    found = {("t", name): f"id-{name}" for name in "abce"}
    file = import_file(SKELETON, found)
    assert [row["name"] for row in file["resources"]] == ["d", "z", "dHost", "a", "bT", "c"]
    assert [row.get("id") for row in file["resources"]][3:] == ["id-a", "id-b", "id-c"]
    assert file["nameTable"] == SKELETON["nameTable"]
    assert [row["name"] for row in import_file(SKELETON, {("t", "a"): "1"})["resources"]] == [
        "d",
        "z",
        "a",
    ]


def test_without_anything_found_it_is_empty() -> None:
    assert import_file(SKELETON, {})["resources"] == []
    assert import_file({}, {("t", "a"): "1"}) == {"resources": []}
