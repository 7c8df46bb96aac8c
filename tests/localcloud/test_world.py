"""The domains that a local cloud starts with."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtasts.localcloud.world import ARRIVAL, NEWCOMER, World

STACKS = Path(__file__).parents[2] / "stacks"


def test_the_example_agencies_have_their_zones_and_mail_hosts() -> None:
    world = World.from_stacks(STACKS)
    names = {domain.name for domain in world.domains}
    assert {"example.gov", "parked.example", "xn--bcher-kva.example", NEWCOMER.name} <= names
    assert "field.department.example" not in world.zones  # it lies inside department.example
    assert {"mail1.example.gov", "in2.provider.example"} <= set(world.mail_hosts)


def test_without_stacks_there_is_the_newcomer() -> None:
    assert World.from_stacks(None).domains == (NEWCOMER, ARRIVAL)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "config: {}",
        "config: {mtasts:domains: 7}",
        "config: {'mtasts:domains': [{name: 'not a name', mx: []}]}",
        "a: &a [*a]",
    ],
)
def test_a_file_with_mistakes_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.bad.yaml").write_text(text)
    assert World.from_stacks(tmp_path).domains == (NEWCOMER, ARRIVAL)


def test_the_number_of_domains_is_bounded(tmp_path: Path) -> None:
    rows = "".join(f"    - {{name: d{n}.example, mx: []}}\n" for n in range(1100))
    (tmp_path / "Pulumi.big.yaml").write_text(f"config:\n  mtasts:domains:\n{rows}")
    assert len(World.from_stacks(tmp_path).domains) == 1000
