"""What passes for SPF, DKIM and DMARC, from a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mtasts.mail_authentication import (
    begins_dmarc,
    dkim_name,
    dmarc_names,
    is_dkim,
    is_dmarc,
    is_spf,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("test", "record", "expected"),
    [
        (is_spf, "v=spf1", True),
        (is_spf, "V=SPF1 -all", True),
        (is_spf, "v=spf10 -all", False),
        (is_spf, "spf2.0/pra", False),
        (is_dkim, "v=DKIM1; k=ed25519; p=11qYAYKx", True),
        (is_dkim, "p=AAAA", True),
        (is_dkim, "v=DKIM1; p=", False),
        (is_dkim, "v=DKIM1; sp=AAAA", False),
        (begins_dmarc, "v=DMARC1", True),
        (begins_dmarc, "v = DMARC1; p=none", True),
        (begins_dmarc, "p=none; v=DMARC1", False),
        (is_dmarc, "v=DMARC1;p=reject;", True),
        (is_dmarc, "v=DMARC1; P=Quarantine", True),
        (is_dmarc, "v=DMARC1; sp=reject", False),
        (is_dmarc, "v=DMARC1; p=later", False),
        (is_dmarc, "p=none", False),
    ],
)
def test_a_record_is_one_or_is_not(
    test: Callable[[str], bool], record: str, expected: bool
) -> None:
    assert test(record) is expected


def test_names_are_those_of_the_rfcs() -> None:
    assert dkim_name("s1", "example.gov") == "s1._domainkey.example.gov"
    assert dmarc_names("a.example.gov") == ["_dmarc.a.example.gov", "_dmarc.example.gov"]
    assert dmarc_names("example") == ["_dmarc.example"]
    assert len(dmarc_names("a." * 30 + "gov")) == 8
