"""The whole table: every check by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.check.row import Check, rows_of
from mtasts.check.table import (
    authentication,
    host,
    mx,
    policy,
    stack,
    stack_file,
    sts_record,
    tls,
    tlsrpt,
    zone_file,
)

if TYPE_CHECKING:
    from mtasts.findings import Finding

# In the order in which a mail meets them.
PARTS = (
    sts_record, host, policy, mx, tls, tlsrpt, authentication, stack, stack_file,
    zone_file,
)  # fmt: skip
CHECKS = {id_: row for part in PARTS for id_, row in rows_of(part).items()}


def check_of(finding: Finding) -> Check:
    """The row of a finding; one made from what it says where the table has none."""
    own = Check(finding.id, finding.severity, finding.clause, finding.summary, finding.fix)
    return CHECKS.get(finding.id, own)
