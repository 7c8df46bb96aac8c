"""The checks of a text alone: no lab or look-up is needed to give their findings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mtasts.check.row import rows_of
from mtasts.check.table import policy, sts_record, tlsrpt, zone_file

if TYPE_CHECKING:
    from types import ModuleType

    from mtasts.check.row import Check

# What is around a text in DNS or on the network; `test_lab` has a domain for each.
_AROUND = re.compile(
    r"(?:sts|tlsrpt)-record-(?:apex|cname-\w+|delegated|dnssec|legacy|ttl-long)"
    r"|tlsrpt-(?:endpoint|mailbox)-\w+"
    r"|policy-(?:id-unchanged|mx-nowhere|sender-refuses)"
)


def _texts(*parts: ModuleType) -> dict[str, Check]:
    rows = {id_: row for part in parts for id_, row in rows_of(part).items()}
    return {id_: row for id_, row in rows.items() if not _AROUND.fullmatch(id_)}


OF_POLICIES = _texts(policy)
OF_RECORDS = _texts(sts_record, tlsrpt, zone_file)
