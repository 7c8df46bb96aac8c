"""Which levels of trust gates and alerts count."""

from __future__ import annotations

import pytest

from mtasts.tlsrpt.trust import Trust


@pytest.mark.parametrize(
    ("trust", "https", "expect"),
    [
        (Trust.VERIFIED, False, True),
        (Trust.VERIFIED, True, True),
        (Trust.HTTPS, False, False),
        (Trust.HTTPS, True, True),
        (Trust.UNSIGNED, True, False),
        (Trust.FAILED, True, False),
    ],
)
def test_only_verified_reports_count_and_posted_ones_where_the_config_says_so(
    trust: Trust, https: bool, expect: bool
) -> None:
    assert trust.counts(https=https) is expect
