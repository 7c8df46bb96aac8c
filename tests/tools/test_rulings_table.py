"""The page of rulings says what the code does, and the code gives no ruling that it lacks."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from syntax_trees import nodes

from mtasts.ruling_catalogue import RULINGS, SUBJECTS, Kind

ROOT = Path(__file__).parents[2]
_MAKERS = {"refusal", "warning", "note", "Ruling"}


def test_the_page_is_the_one_that_the_code_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from rulings_table import DOCUMENT, document

    assert DOCUMENT.read_text("utf-8") == document(), "run python tools/rulings_table.py"
    sys.modules.pop("rulings_table")


def _literals() -> set[str]:
    """Every text that stands in a module which gives rulings."""
    found: set[str] = set()
    for path in (*ROOT.glob("mtasts/**/*.py"), *ROOT.glob("components/**/*.py")):
        if path.name in {"ruling_catalogue.py", "rulings.py"}:
            continue
        inside = nodes(path.read_text("utf-8"))
        names = {
            each.func.id
            for each in inside
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }
        if names & _MAKERS:
            found |= {
                e.value for e in inside if isinstance(e, ast.Constant) and isinstance(e.value, str)
            }
    return found


@pytest.mark.xdist_group("syntax-trees")
def test_every_row_is_given_by_the_code() -> None:
    made = {
        f"{kind}-{what}" for kind in ("spf", "dkim", "dmarc") for what in ("unknown", "unusable")
    }
    assert RULINGS.keys() - _literals() == made


def test_no_id_stands_twice_and_each_names_its_subject_in_kebab_case() -> None:
    assert sum(map(len, SUBJECTS.values())) == len(RULINGS)
    for id_, row in RULINGS.items():
        assert id_ == id_.lower()
        assert all(part.isalnum() for part in id_.split("-"))
        assert row.kinds
        assert row.means.endswith(".")
        assert row.to_do.endswith(".")
        assert row.is_unknown is row.means.startswith("Could not find out ")


def test_a_row_has_kinds_in_one_order() -> None:
    order = list(Kind)
    for row in RULINGS.values():
        assert sorted(row.kinds, key=order.index) == list(row.kinds)
