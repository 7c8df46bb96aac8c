"""Each result type of RFC 8460 section 4.3 has a meaning, and leads to checks."""

from __future__ import annotations

import pytest

from mtasts.check.row import ResultType
from mtasts.reports.answers import checks_of
from mtasts.tlsrpt.meaning import MEANINGS, meaning_of
from mtasts.tlsrpt.summary import UNSPECIFIED

# RFC 8460 section 4.3 has these, and the toolkit has no check for them.
UNCHECKED = {"dnssec-invalid", "dane-required", UNSPECIFIED}


@pytest.mark.parametrize("type_", [*map(str, ResultType), *sorted(UNCHECKED)])
def test_each_type_says_what_it_means_and_what_to_do(type_: str) -> None:
    meaning = MEANINGS[type_]
    assert meaning.means.endswith(".")
    assert meaning.to_do.endswith(".")
    assert meaning.clause.startswith("RFC 8460 section 4.")
    assert bool(checks_of(type_)) is (type_ not in UNCHECKED)


def test_a_type_that_nobody_knows_is_said_to_be_one() -> None:
    assert "RFC 8460 does not have" not in meaning_of("certificate-expired").means
    assert "RFC 8460 does not have" in meaning_of("<script>").means
    assert checks_of("<script>") == ()
