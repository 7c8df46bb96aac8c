"""The page of the policy pack says what the code does, and its links and anchors hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from policy_pack_page import DOCUMENT, document

from mtasts.policypack.judging import NOT_JUDGED
from mtasts.policypack.table import RULES, SUBJECTS

ROOT = Path(__file__).parents[2]


def test_the_page_is_the_one_that_the_code_makes() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), "run python tools/policy_pack_page.py"


@pytest.mark.parametrize("id_", [*RULES, NOT_JUDGED])
def test_every_rule_has_the_anchor_that_its_message_points_to(id_: str) -> None:
    assert f"\n### {id_}\n" in document()


def test_no_id_stands_twice_and_each_row_is_whole() -> None:
    assert sum(map(len, SUBJECTS.values())) == len(RULES)
    for id_, rule in RULES.items():
        assert all(part.isalnum() and part.islower() for part in id_.split("-")), id_
        assert rule.means.endswith(".")
        assert rule.to_do.endswith(".")
        assert rule.page == f"mtasts docs policy-pack#{id_}"
