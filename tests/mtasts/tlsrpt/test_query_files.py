"""The queries: SQL files with every column written out."""

from __future__ import annotations

import re

import pytest

from mtasts.errors import UsageError
from mtasts.tlsrpt.query_files import PARAMETERS, queries, query_named


def test_each_query_says_what_it_answers_and_takes_only_known_parameters() -> None:
    assert queries()
    for query in queries().values():
        assert query.answers.endswith(".")
        assert set(query.parameters) <= set(PARAMETERS)


def test_each_query_writes_its_columns_out_and_has_an_order() -> None:
    for query in queries().values():
        assert "ORDER BY" in query.sql
        assert not re.search(r"(?i)GROUP BY ALL|SELECT\s+\*|QUALIFY", query.sql)


def test_a_query_is_found_by_its_name_and_an_unknown_one_names_the_others() -> None:
    assert query_named("trust").parameters == ("since", "until")
    with pytest.raises(UsageError, match="trust"):
        query_named("none")
